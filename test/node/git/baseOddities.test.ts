import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspectFolder } from '../../../src/node/git/person.ts';
import { fingerprint, filesOf, makeWorld, never, shell } from './world.ts';
import type { World } from './world.ts';
import { skipFor } from '../../harness/skip.ts';

const asRoot = process.getuid?.() === 0;

describe('the base of a run, of odd input', function () {
  let world: World;
  beforeEach(async () => (world = await makeWorld()));
  afterEach(() => world.end());

  const base: World['base'] = (root) => world.base(root);

  it('honours the rules of the person: info/exclude and the global file, also with ~', async () => {
    const root = world.repository('p', { a: '1' });
    world.files(root, { 'local.txt': '', 'global.txt': '', '.git/info/exclude': 'local.txt\n', keep: '' });
    world.files(world.home, { 'my ignores': 'global.txt\n' });
    world.git(root, 'config', '--global', 'core.excludesFile', '~/my ignores');
    assert.deepEqual((await base(root)).paths, ['a', 'keep']);
    world.git(root, 'config', '--global', '--unset', 'core.excludesFile');
    world.files(world.home, { '.config/git/ignore': 'keep\n' });
    assert.deepEqual((await base(root)).paths, ['a', 'global.txt']);
  });

  it('never holds what is ours, even when git tracks it or a rule asks for it', async () => {
    const root = world.repository('p', {
      a: '1',
      '.orchestration/team.yaml': 'x',
      '.serena/memories/orch/b': 'x',
      '.serena/project.yml': 's',
      '.gitignore': '!.orchestration/\n',
    });
    world.files(root, { '.orchestration/runs/r/journal.jsonl': 'j' });
    assert.deepEqual((await base(root)).paths, ['.gitignore', '.serena/project.yml', 'a']);
  });

  it('does not hold the cache when it lies inside the project', async () => {
    const root = world.repository('p', { a: '1' });
    process.env['ORCHESTRA_CACHE'] = join(root, '.ca[c]he', 'x');
    const first = await base(root);
    const second = await base(root);
    assert.deepEqual([first.paths, second.paths], [['a'], ['a']]);
  });

  it('says of secrets that they are not ignored', async () => {
    const root = world.repository('p', { '.env': 'K=1', '.env.example': '', 'certs/tls.pem': '' });
    assert.deepEqual((await base(root)).notes, [
      '.env, certs/tls.pem are not ignored by git: models can read them in the workspaces.',
    ]);
  });

  it('leaves names that git keeps for itself and names that are no UTF-8 out, and says so', async function () {
    if (process.platform !== 'linux') skipFor(this, 'Linux only');
    const root = world.repository('p', { a: '1' });
    world.files(root, { '.GIT/hooks/x': 'x', 'git~1': 'x', 'sub/.g\u200cit/config': 'x' });
    writeFileSync(Buffer.concat([Buffer.from(`${root}/bad-`), Buffer.from([0xff])]), 'x');
    const taken = await base(root);
    assert.deepEqual(taken.paths, ['a']);
    assert.deepEqual(taken.notes, [
      '.GIT/hooks/x, git~1, sub/.g\u200cit/config have names that git keeps for itself, and are left out.',
      '1 file has a name that is no UTF-8 and left out: bad-\\xff.',
    ]);
  });

  it('leaves a huge untracked file out, and takes a tracked one', async () => {
    const root = world.repository('p', { a: '1', tracked: '' });
    for (const name of ['tracked', 'untracked']) {
      writeFileSync(join(root, name), '');
      truncateSync(join(root, name), 120 * 1024 * 1024);
    }
    const workspaces = await world.open(root);
    const taken = await workspaces.takeBase(never);
    assert.deepEqual(await workspaces.list(taken.tree, never), ['a', 'tracked']);
    assert.deepEqual(taken.notes, ['untracked (120 MiB) is large, not tracked by git, and left out.']);
  });

  it('passes by pipes and sockets, and does not follow a folder that became a link', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const root = world.repository('p', { 'a/x': '1', b: '2' });
    world.files(world.folder, { 'elsewhere/x': 'secret' });
    shell(root, 'mkfifo pipe; rm -r a');
    symlinkSync(join(world.folder, 'elsewhere'), join(root, 'a'));
    const taken = await base(root);
    assert.deepEqual(taken.paths, ['a', 'b']);
  });

  it('works when the project cannot be written, and says what cannot be read', async function () {
    if (process.platform === 'win32' || !asRoot) skipFor(this, 'as root only, and not on Windows');
    const root = world.repository('p', { a: '1', secret: 's', 'closed/x': 'x' });
    chmodSync(join(root, 'secret'), 0);
    chmodSync(join(root, 'closed'), 0);
    chmodSync(root, 0o555);
    chmodSync(join(root, '.git'), 0o555);
    chmodSync(join(root, '.git', 'index'), 0o444);
    // As somebody else, since nothing is closed to root.
    mkdirSync(world.cache);
    for (const path of [world.cache, world.folder]) chmodSync(path, 0o755);
    chownSync(world.cache, 65534, 65534);
    world.files(world.home, { '.gitconfig': '[safe]\n\tdirectory = *\n' });
    const script = `
      import { openWorkspaces } from ${JSON.stringify(join(import.meta.dirname, '../../../src/node/git/workspaces.ts'))};
      const signal = new AbortController().signal;
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const w = await openWorkspaces({ root: ${JSON.stringify(root)}, run: 'r', log, signal });
      const base = await w.takeBase(signal);
      const { path } = await w.open('w', base.commit, signal);
      console.log(JSON.stringify({ notes: base.notes, paths: await w.list(base.tree, signal), path }));
      await w.close();
    `;
    const before = fingerprint(root, { dates: true });
    const ran = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
      uid: 65534,
      gid: 65534,
      cwd: '/',
      encoding: 'utf8',
    });
    if (/Cannot find module|EACCES.*src/.test(ran.stderr)) skipFor(this, 'needs sources that others may read');
    assert.equal(ran.status, 0, ran.stderr);
    const got = JSON.parse(ran.stdout) as { notes: string[]; paths: string[] };
    assert.deepEqual(got.paths, ['a']);
    assert.deepEqual(got.notes, [
      'closed/x, secret cannot be read and are left out.',
      'The folder closed cannot be read and is left out.',
    ]);
    assert.deepEqual(fingerprint(root, { dates: true }), before);
  });

  it('refuses a repository of somebody else as git does, and says how to allow it', async function () {
    if (process.platform === 'win32' || !asRoot) skipFor(this, 'as root only, and not on Windows');
    const root = world.repository('p', { a: '1' });
    chownSync(root, 65534, 65534);
    await assert.rejects(inspectFolder(root, never), { code: 'foreign-repository', hint: /safe\.directory/ });
    world.git(root, 'config', '--global', '--add', 'safe.directory', root);
    assert.deepEqual((await base(root)).paths, ['a']);
  });

  it('starts again from nothing when its own index is broken, and when borrowed objects are gone', async () => {
    const root = world.repository('p', { a: '1', b: '2' });
    const workspaces = await world.open(root);
    const first = await workspaces.takeBase(never);
    const index = shell(world.cache, `find "$PWD" -name index -path '*sha1*'`).trim();
    writeFileSync(index, 'rubbish');
    assert.equal((await workspaces.takeBase(never)).tree, first.tree);
    rmSync(join(root, '.git'), { recursive: true });
    world.git(root, 'init', '-q');
    const second = await (await world.open(root)).takeBase(never);
    assert.equal(second.tree, first.tree);
    const { path } = await workspaces.open('w', second.commit, never);
    assert.deepEqual(filesOf(path), filesOf(join(root)));
  });

  it('ends at once when it is aborted, and leaves nothing', async () => {
    const root = world.repository('p', { a: '1' });
    const workspaces = await world.open(root);
    await assert.rejects(workspaces.takeBase(AbortSignal.abort(new Error('enough'))), /enough/);
    appendFileSync(join(root, 'a'), 'x');
    utimesSync(join(root, 'a'), 0, 0);
    const stop = new AbortController();
    const taking = workspaces.takeBase(stop.signal);
    setTimeout(() => stop.abort(new Error('later')), 30);
    await assert.rejects(taking, /later/);
    assert.equal(shell(world.cache, 'find . -path "*scratch/*"').trim(), '');
  });
});

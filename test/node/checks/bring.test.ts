import assert from 'node:assert/strict';
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  realpath,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import { bring, mayHoldSecrets, removeTree } from '../../../src/node/checks/bring.ts';
import type { Brought } from '../../../src/node/checks/bring.ts';
import { skipFor } from '../../harness/skip.ts';

describe('bringing ignored files into a checkout', () => {
  let folder: string;
  let root: string;
  let cwd: string;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-bring-')));
    root = join(folder, 'project');
    cwd = join(folder, 'checkout');
    for (const made of [root, cwd]) await mkdir(made);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const put = async (path: string, text = path): Promise<void> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, text);
  };
  const bringHere = (
    path: string,
    answer: 'yes' | 'no' = 'no',
    signal = new AbortController().signal,
  ): Promise<Brought> => bring(path, { root, cwd, mayBring: () => answer, signal });
  const refused = async (path: string, why: RegExp): Promise<void> => {
    await assert.rejects(
      bringHere(path),
      (error) => error instanceof UserError && error.code === 'setup-failed' && why.test(error.message),
    );
  };

  it('copies a folder with modes and inner links, and leaves the source alone', async () => {
    await put(join(root, 'node_modules/a/index.js'), 'a');
    await put(join(root, 'node_modules/a/bin.sh'), '#!/bin/sh');
    await chmod(join(root, 'node_modules/a/bin.sh'), 0o755);
    await mkdir(join(root, 'node_modules/.bin'));
    await symlink('../a/bin.sh', join(root, 'node_modules/.bin/a'));
    await symlink(join(root, 'node_modules/a'), join(root, 'node_modules/absolute'));
    assert.deepEqual(await bringHere('node_modules/'), { leftOut: [] });
    assert.equal(await readFile(join(cwd, 'node_modules/a/index.js'), 'utf8'), 'a');
    assert.equal(await readlink(join(cwd, 'node_modules/.bin/a')), '../a/bin.sh');
    // An absolute link would let a check write into the person's folder.
    assert.equal(await realpath(join(cwd, 'node_modules/absolute')), join(cwd, 'node_modules/a'));
    if (process.platform !== 'win32')
      assert.equal((await stat(join(cwd, 'node_modules/a/bin.sh'))).mode & 0o777, 0o755);
    await writeFile(join(cwd, 'node_modules/a/index.js'), 'changed');
    assert.equal(await readFile(join(root, 'node_modules/a/index.js'), 'utf8'), 'a');
    assert.deepEqual(await readdir(folder), ['checkout', 'project']);
  });

  it('leaves out links that lead outside, and says so', async () => {
    await put(join(folder, 'secret'), 's');
    await mkdir(join(root, 'data'));
    await symlink('../../secret', join(root, 'data/up'));
    await symlink('/etc', join(root, 'data/etc'));
    const { leftOut } = await bringHere('data');
    assert.equal(leftOut.length, 2);
    assert.deepEqual(await readdir(join(cwd, 'data')), []);
  });

  it('refuses what is no path inside the project', async () => {
    for (const path of [
      '../x',
      '/etc/passwd',
      'a/../../x',
      '',
      '.',
      '.git',
      '.GIT/config',
      'C:\\x',
      'a\\b',
      'a:b',
      'a//b',
      'a\0b',
    ]) {
      await refused(path, /inside the project/);
    }
    await put(join(folder, 'outside/x'));
    await symlink('../outside', join(root, 'link'), 'junction');
    await refused('link', /symbolic link/);
    await refused('link/x', /symbolic link/);
    assert.deepEqual(await readdir(cwd), []);
  });

  it('never writes through a link of the checkout', async () => {
    await put(join(root, 'a/data/x'));
    await mkdir(join(folder, 'victim'));
    await symlink(join(folder, 'victim'), join(cwd, 'a'), 'junction');
    await refused('a/data', /no folder in the workspace/);
    assert.deepEqual(await readdir(join(folder, 'victim')), []);
    await rm(join(cwd, 'a'));
    await put(join(cwd, 'a'), 'file');
    await refused('a/data', /no folder in the workspace/);
  });

  it('keeps what the checkout has, and says what is not there', async () => {
    await put(join(root, 'data/x'), 'mine');
    await put(join(cwd, 'data/x'), 'theirs');
    assert.deepEqual(await bringHere('data'), { leftOut: [] });
    assert.equal(await readFile(join(cwd, 'data/x'), 'utf8'), 'theirs');
    assert.equal((await bringHere('nothing')).leftOut.length, 1);
  });

  it('brings .env files by consent only, wherever they lie', async () => {
    await put(join(root, '.env'), 'KEY=1');
    await put(join(root, 'apps/web/.env.local'), 'KEY=2');
    await put(join(root, 'apps/web/.env.example'), 'KEY=');
    await put(join(root, 'apps/web/.ENV'), 'KEY=3');
    assert.equal((await bringHere('.env')).leftOut.length, 1);
    assert.equal((await bringHere('apps')).leftOut.length, 2);
    assert.deepEqual(await readdir(join(cwd, 'apps/web')), ['.env.example']);
    assert.deepEqual((await readdir(cwd)).toSorted(), ['apps']);
    assert.deepEqual(await bringHere('.env', 'yes'), { leftOut: [] });
    assert.equal(await readFile(join(cwd, '.env'), 'utf8'), 'KEY=1');
    assert.deepEqual(['.envrc', '.env-prod', '.environment', 'env', 'x/.env.sample', '.env.test'].map(mayHoldSecrets), [
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  it('leaves nothing half copied behind: neither an end nor a crash', async () => {
    for (let n = 0; n < 40; n++) await put(join(root, `data/${n}/x`));
    const stop = new AbortController();
    let asked = 0;
    await put(join(root, 'data/39/.env'));
    const stopping = bring('data', {
      root,
      cwd,
      mayBring: () => {
        asked++;
        stop.abort(new Error('enough'));
        return 'no';
      },
      signal: stop.signal,
    });
    await assert.rejects(stopping, /enough/);
    assert.equal(asked, 1);
    assert.deepEqual(await readdir(folder), ['checkout', 'project']);
    assert.deepEqual(await readdir(cwd), []);
    // What a crash leaves beside the checkout is neither used nor kept.
    await put(join(`${cwd}.bring`, '1/x'), 'half');
    await bringHere('data');
    assert.equal(await readFile(join(cwd, 'data/1/x'), 'utf8'), join(root, 'data/1/x'));
    assert.deepEqual(await readdir(folder), ['checkout', 'project']);
  });

  it('passes over sockets and pipes', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const { execFileSync } = await import('node:child_process');
    await put(join(root, 'data/x'));
    execFileSync('mkfifo', [join(root, 'data/pipe')]);
    await bringHere('data');
    assert.deepEqual(await readdir(join(cwd, 'data')), ['x']);
  });

  it('removes a tree that a command made read-only', async () => {
    await put(join(cwd, 'mod/cache/x'));
    await chmod(join(cwd, 'mod/cache'), 0o555);
    await chmod(join(cwd, 'mod'), 0o555);
    await removeTree(join(cwd, 'mod'));
    await assert.rejects(lstat(join(cwd, 'mod')), { code: 'ENOENT' });
    await removeTree(join(cwd, 'mod'));
  });
});

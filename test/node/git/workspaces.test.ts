import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { filesOf, makeWorld, never, shell, someFiles } from './world.ts';
import type { World } from './world.ts';
import type { OpenWorkspaces } from '../../../src/node/git/workspaces.ts';
import { bundledCode } from '../../harness/bundle.ts';
import { skipFor } from '../../harness/skip.ts';

describe('workspaces', function () {
  let world: World;
  let root: string;
  let workspaces: OpenWorkspaces;
  let base: { commit: string; tree: string };

  beforeEach(async () => {
    world = await makeWorld();
    const project = await world.project(someFiles);
    ({ root, workspaces } = project);
    base = project;
  });
  afterEach(() => world.end());

  const paths = async (tree: string): Promise<string[]> =>
    (await workspaces.changes(base.tree, tree, never)).map((change) => change.path);

  it('are checkouts outside the project in which git works and shows nothing changed', async () => {
    const { path } = await workspaces.open('writer', base.commit, never);
    assert.ok(path.startsWith(world.cache) && !path.startsWith(root));
    assert.deepEqual(filesOf(path), filesOf(root));
    assert.equal(shell(path, 'git status --porcelain; git stash list; git remote'), '');
    assert.equal(shell(path, 'git rev-parse HEAD --show-toplevel').trim(), `${base.commit}\n${path}`);
    assert.equal(shell(path, 'git show HEAD:src/a.ts'), 'a\n');
  });

  it('record what was written, deleted and moved, and not what is ignored', async () => {
    const { path } = await workspaces.open('writer', base.commit, never);
    world.files(path, { 'src/a.ts': 'changed\n', 'src/new.ts': 'n', 'out/x.js': 'x', 'y.log': 'y', 'docs/draft': 'd' });
    renameSync(join(path, 'src/b.ts'), join(path, 'src/c.ts'));
    const work = await workspaces.commit('writer', 'did it', never);
    assert.deepEqual(await paths(work.tree), ['src/a.ts', 'src/b.ts', 'src/c.ts', 'src/new.ts']);
    world.files(path, { 'src/a.ts': 'a\n' });
    rmSync(join(path, 'src/new.ts'));
    const later = await workspaces.commit('writer', 'less', never);
    assert.deepEqual(await paths(later.tree), ['src/b.ts', 'src/c.ts']);
    world.files(path, { 'src/b.ts': 'b\n' });
    rmSync(join(path, 'src/c.ts'));
    assert.equal((await workspaces.commit('writer', 'nothing', never)).tree, base.tree);
  });

  it('see a change that keeps length and date', async () => {
    const { path } = await workspaces.open('writer', base.commit, never);
    for (let i = 0; i < 10; i++) {
      const file = join(path, 'src/a.ts');
      const { atime, mtime } = lstatSync(file);
      writeFileSync(file, `${i}\n`);
      shell(path, `touch -d '${mtime.toISOString()}' src/a.ts`);
      assert.equal(lstatSync(file).mtimeMs, mtime.getTime(), String(atime));
      const { tree } = await workspaces.commit('writer', 'x', never);
      assert.equal(await workspaces.read(tree, 'src/a.ts', never), `${i}\n`);
    }
  });

  it('carry a commit whose parent is the one they were opened at', async () => {
    const { path } = await workspaces.open('writer', base.commit, never);
    world.files(path, { 'src/a.ts': '1' });
    const first = await workspaces.commit('writer', 'a message', never);
    await workspaces.open('writer', first.commit, never);
    world.files(path, { 'src/b.ts': '2' });
    const second = await workspaces.commit('writer', 'x', never);
    const at = await workspaces.open('look', second.commit, never);
    assert.deepEqual(shell(at.path, 'git log --format=%H').trim().split('\n'), [
      second.commit,
      first.commit,
      base.commit,
    ]);
    assert.equal(shell(at.path, 'git log -1 --format=%s HEAD~1').trim(), 'a message');
  });

  describe('after a crash', () => {
    it('are found when they are whole and stand at that commit, with what was done in them', async () => {
      const { path } = await workspaces.open('writer', base.commit, never);
      world.files(path, { 'src/a.ts': 'half done' });
      const later = await world.open(root);
      assert.deepEqual(await later.find('writer', base.commit, never), { path });
      assert.equal(readFileSync(join(path, 'src/a.ts'), 'utf8'), 'half done');
      assert.equal(await later.find('other', base.commit, never), undefined);
      const { commit } = await later.commit('writer', 'x', never);
      assert.equal(await later.find('writer', commit, never), undefined);
      assert.equal(await (await world.open(root, 'run2')).find('writer', base.commit, never), undefined);
    });

    it('are found with a git of their own even if that was lost', async () => {
      const { path } = await workspaces.open('writer', base.commit, never);
      world.files(path, { 'src/a.ts': '2\n' });
      rmSync(join(path, '.git'), { recursive: true });
      await workspaces.find('writer', base.commit, never);
      assert.equal(shell(path, 'git status --porcelain').trim(), 'M src/a.ts');
    });

    it('are made anew, whatever stands there', async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const { path } = await workspaces.open('writer', base.commit, never);
      const state = path.replace('/work/', '/state/');
      const left: (() => void)[] = [
        () => world.files(path, { junk: 'x', 'src/a.ts': 'x' }),
        () => rmSync(path, { recursive: true }),
        () => rmSync(join(path, 'src'), { recursive: true }),
        () => (rmSync(path, { recursive: true }), writeFileSync(path, 'a file')),
        () => rmSync(`${state}.index`),
        () => writeFileSync(`${state}.index`, 'rubbish'),
        () => writeFileSync(`${state}.json`, '{"commit":'),
        () => rmSync(`${state}.json`),
        () => writeFileSync(join(path, '.git/index.lock'), ''),
        () => shell(path, 'mkdir -p ro/deep; echo x > ro/deep/x; chmod -R a-w ro'),
      ];
      for (const act of left) {
        act();
        assert.deepEqual(await workspaces.open('writer', base.commit, never), { path });
        assert.deepEqual(filesOf(path), filesOf(root));
        assert.equal((await workspaces.commit('writer', 'x', never)).tree, base.tree);
      }
    });

    it('a killed process leaves nothing that stops the next one', async () => {
      const script = `
        import { openWorkspaces } from ${JSON.stringify(join(import.meta.dirname, '../../../src/node/git/workspaces.ts'))};
        const signal = new AbortController().signal;
        const log = { debug() {}, info() {}, warn() {}, error() {} };
        const w = await openWorkspaces({ root: ${JSON.stringify(root)}, run: 'run1', log, signal });
        console.log('ready');
        for (let i = 0; ; i++) {
          const base = await w.takeBase(signal);
          await Promise.all(['a', 'b', 'c'].map((name) => w.open(name, base.commit, signal)));
          await Promise.all(['a', 'b', 'c'].map((name) => w.commit(name, 'x', signal)));
        }
      `;
      for (let i = 0; i < 5; i++) {
        const child = spawn(process.execPath, [bundledCode(script)], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        await once(child.stdout, 'data');
        await new Promise((done) => setTimeout(done, 60 + i * 90));
        child.kill('SIGKILL');
        await once(child, 'exit');
        const again = await world.open(root);
        const next = await again.takeBase(never);
        assert.equal(next.tree, base.tree);
        for (const name of ['a', 'b', 'c']) {
          const found = (await again.find(name, next.commit, never)) ?? (await again.open(name, next.commit, never));
          assert.deepEqual(filesOf(found.path), filesOf(root));
          assert.equal((await again.commit(name, 'x', never)).tree, base.tree);
        }
        await again.close();
      }
      await workspaces.close();
      const last = await world.open(root, 'run9');
      assert.deepEqual(await last.clean(undefined, never), ['run1']);
      assert.equal(
        shell(world.cache, 'ls -A projects/*/work/run1 projects/*/scratch 2>/dev/null | grep -v ":$" || true').trim(),
        '',
      );
    });
  });

  it('open eight at once, time and again', async () => {
    const names = Array.from({ length: 8 }, (_, i) => `w${i}`);
    for (let round = 0; round < 3; round++) {
      const opened = await Promise.all(names.map((name) => workspaces.open(name, base.commit, never)));
      assert.equal(new Set(opened.map(({ path }) => path)).size, 8);
      opened.forEach(({ path }, i) => world.files(path, { 'src/a.ts': `${round} ${i}` }));
      const works = await Promise.all(names.map((name) => workspaces.commit(name, 'x', never)));
      for (const [i, work] of works.entries())
        assert.equal(await workspaces.read(work.tree, 'src/a.ts', never), `${round} ${i}`);
    }
  });

  it('serve calls on one name one after the other', async () => {
    const calls = [
      workspaces.open('w', base.commit, never),
      workspaces.find('w', base.commit, never),
      workspaces.commit('w', 'x', never),
      workspaces.open('w', base.commit, never),
      workspaces.remove('w'),
      workspaces.find('w', base.commit, never),
    ] as const;
    const [, found, work, , , gone] = await Promise.all(calls);
    assert.ok(found);
    assert.equal(work.tree, base.tree);
    assert.equal(gone, undefined);
  });

  it('serve two processes on one project', async () => {
    const script = (run: string): string => `
      import { writeFileSync } from 'node:fs';
      import { join } from 'node:path';
      import { openWorkspaces } from ${JSON.stringify(join(import.meta.dirname, '../../../src/node/git/workspaces.ts'))};
      const signal = new AbortController().signal;
      const log = { debug() {}, info() {}, warn() {}, error() {} };
      const w = await openWorkspaces({ root: ${JSON.stringify(root)}, run: '${run}', log, signal });
      for (let i = 0; i < 3; i++) {
        const base = await w.takeBase(signal);
        const names = ['a', 'b', 'c'];
        const opened = await Promise.all(names.map((name) => w.open(name, base.commit, signal)));
        opened.forEach(({ path }, n) => writeFileSync(join(path, names[n]), '${run}'));
        const works = await Promise.all(names.map((name) => w.commit(name, 'x', signal)));
        let at = base.commit;
        for (const work of works) at = (await w.merge(base.commit, at, work.commit, signal)).commit;
        await w.keep('${run}', [at], signal);
        if (i === 2) console.log(JSON.stringify((await w.changes(base.commit, at, signal)).map((c) => c.path + c.after.text)));
      }
      await w.close();
    `;
    rmSync(world.cache, { recursive: true });
    const said = await Promise.all(
      ['r1', 'r2'].map(async (run) => {
        const child = spawn(process.execPath, [bundledCode(script(run))], {
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let text = '';
        for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (text += String(chunk)));
        await once(child, 'close');
        return text.trim();
      }),
    );
    assert.deepEqual(said, ['["ar1","br1","cr1"]', '["ar2","br2","cr2"]']);
  });

  it('have any name, each a place of its own', async () => {
    const names = [
      'a',
      'A',
      'a/b',
      'a b',
      '..',
      '../../x',
      'con',
      '.git',
      '',
      'x'.repeat(300),
      'ü',
      'ö',
      '-x',
      'writer.',
    ];
    const opened = await Promise.all(names.map((name) => workspaces.open(name, base.commit, never)));
    const parent = dirname(opened[0]?.path as string);
    assert.equal(new Set(opened.map(({ path }) => path.toLowerCase())).size, names.length);
    for (const { path } of opened) assert.equal(dirname(path), parent);
    for (const name of names) await workspaces.remove(name);
    assert.deepEqual(readdirSync(parent), []);
  });

  it('fail loudly when they cannot be had', async () => {
    await assert.rejects(workspaces.open('w', 'f'.repeat(40), never));
    assert.equal(await workspaces.find('w', 'f'.repeat(40), never), undefined);
    await assert.rejects(workspaces.commit('never-opened', 'x', never), { code: 'no-workspace' });
    await assert.rejects(workspaces.open('w', '--help', never));
    const stop = new AbortController();
    const opening = workspaces.open('w', base.commit, stop.signal);
    stop.abort(new Error('enough'));
    await assert.rejects(opening, /enough/);
    assert.equal(await workspaces.find('w', base.commit, never), undefined);
  });

  describe('clean', () => {
    it('removes what no living process works on, and keeps the commits', async () => {
      await workspaces.open('w', base.commit, never);
      await workspaces.keep('run1', [base.commit], never);
      const other = await world.open(root, 'run2');
      await other.open('w', base.commit, never);
      assert.deepEqual(await other.clean(undefined, never), []);
      await workspaces.close();
      assert.deepEqual(await other.clean(undefined, never), ['run1']);
      assert.ok(await other.find('w', base.commit, never));
      const again = await world.open(root, 'run1');
      assert.equal(await again.find('w', base.commit, never), undefined);
      assert.deepEqual(await again.list(base.commit, never), await other.list(base.commit, never));
      assert.deepEqual(await other.clean('run2', never), ['run2']);
      await other.open('w', base.commit, never);
    });

    it('follows no link out', async () => {
      const { path } = await workspaces.open('w', base.commit, never);
      mkdirSync(join(path, 'in'));
      symlinkSync(root, join(path, 'in', 'out'), 'junction');
      await workspaces.clean('run1', never);
      assert.ok(existsSync(join(root, 'src/a.ts')));
      assert.equal(existsSync(path), false);
    });
  });

  it('refuse a run id that leads elsewhere, a folder that is no root, and a repository that came meanwhile', async () => {
    await assert.rejects(world.open(root, '../x'), { code: 'bad-run' });
    await assert.rejects(workspaces.keep('a/../b', [], never), { code: 'bad-run' });
    await assert.rejects(world.open(join(root, 'src')), { code: 'no-root' });
    const plain = world.files(join(world.folder, 'plain'), { a: '1' });
    const open = await world.open(plain);
    world.git(plain, 'init', '-q');
    await assert.rejects(open.takeBase(never), { code: 'moved-repository' });
  });
});

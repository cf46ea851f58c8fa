import assert from 'node:assert/strict';
import { chmodSync, existsSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { makeWorld, never } from './world.ts';
import type { World } from './world.ts';
import type { OpenWorkspaces } from '../../../src/node/git/workspaces.ts';
import { skipFor } from '../../harness/skip.ts';

describe('a merge', function () {
  let world: World;
  let workspaces: OpenWorkspaces;
  let base: { commit: string; tree: string };
  const lines = (...all: string[]): string => `${all.join('\n')}\n`;
  const start = {
    'content.ts': lines('a', 'b', 'c', 'd'),
    'far.ts': lines('1', '2', '3', '4', '5', '6', '7', '8', '9'),
    'moddel.ts': 'x\n',
    'delmod.ts': 'y\n',
    'bin.dat': '\0bin',
    'exec.sh': 'e\n',
    fd: 'file\n',
    type: 'type\n',
    'dir/a.ts': lines('a1', 'a2', 'a3', 'a4', 'a5'),
    'dir/b.ts': lines('b1', 'b2', 'b3', 'b4', 'b5'),
    'crlf.txt': 'a\r\nb\r\n',
  };

  beforeEach(async () => {
    world = await makeWorld();
    const root = world.repository('p', start);
    workspaces = await world.open(root);
    base = await workspaces.takeBase(never);
  });
  afterEach(() => world.end());

  async function change(name: string, act: (path: string) => void, at = base.commit): Promise<string> {
    const { path } = await workspaces.open(name, at, never);
    act(path);
    return (await workspaces.commit(name, name, never)).commit;
  }
  const write = (files: Record<string, string>) => (path: string) => void world.files(path, files);

  async function both(ours: (path: string) => void, theirs: (path: string) => void) {
    const [one, two] = [await change('one', ours), await change('two', theirs)];
    const merged = await workspaces.merge(base.commit, one, two, never);
    const read = (path: string): Promise<string | undefined> => workspaces.read(merged.tree, path, never);
    return { ...merged, read, paths: await workspaces.list(merged.tree, never), one, two };
  }

  it('of changes in different files and in different places of one is clean', async () => {
    const merged = await both(
      (path) => (
        write({ 'far.ts': lines('1', 'two', '3', '4', '5', '6', '7', '8', '9'), 'new1.ts': '1' })(path),
        rmSync(join(path, 'fd'))
      ),
      (path) => (
        write({ 'far.ts': lines('1', '2', '3', '4', '5', '6', '7', 'eight', '9'), 'new2.ts': '2' })(path),
        chmodSync(join(path, 'exec.sh'), 0o755)
      ),
    );
    assert.deepEqual(merged.conflicts, []);
    assert.equal(await merged.read('far.ts'), lines('1', 'two', '3', '4', '5', '6', '7', 'eight', '9'));
    assert.deepEqual(
      (await workspaces.changes(base.tree, merged.tree, never)).map(({ path, before, after }) => [
        path,
        before?.mode,
        after?.mode,
      ]),
      [
        ...(process.platform === 'win32' ? [] : [['exec.sh', '100644', '100755']]),
        ['far.ts', '100644', '100644'],
        ['fd', '100644', undefined],
        ['new1.ts', undefined, '100644'],
        ['new2.ts', undefined, '100644'],
      ],
    );
    const { path } = await workspaces.open('look', merged.commit, never);
    assert.equal(world.git(path, 'log', '-1', '--format=%P'), `${merged.one} ${merged.two}`);
  });

  it('of the same change twice is that change', async () => {
    const merged = await both(write({ 'content.ts': 'same\n', n: 'n' }), write({ 'content.ts': 'same\n', n: 'n' }));
    assert.deepEqual(merged.conflicts, []);
    assert.equal(
      merged.tree,
      await workspaces
        .changes(merged.one, merged.two, never)
        .then(
          async (c) => (
            assert.deepEqual(c, []),
            (await workspaces.merge(base.commit, base.commit, merged.one, never)).tree
          ),
        ),
    );
  });

  it('with a conflict in content holds markers with names, and the base between them', async () => {
    const merged = await both(
      write({ 'content.ts': lines('a', 'B1', 'c', 'd'), n: '1' }),
      write({ 'content.ts': lines('a', 'B2', 'c', 'd') }),
    );
    assert.deepEqual(merged.conflicts, [{ path: 'content.ts', why: 'content' }]);
    assert.equal(
      await merged.read('content.ts'),
      lines('a', '<<<<<<< ours', 'B1', '||||||| base', 'b', '=======', 'B2', '>>>>>>> theirs', 'c', 'd'),
    );
    assert.equal(await merged.read('n'), '1');
  });

  it('keeps line ends around markers', async () => {
    const merged = await both(write({ 'crlf.txt': 'a1\r\nb\r\n' }), write({ 'crlf.txt': 'a2\r\nb\r\n' }));
    assert.equal(
      await merged.read('crlf.txt'),
      '<<<<<<< ours\r\na1\r\n||||||| base\r\na\r\n=======\r\na2\r\n>>>>>>> theirs\r\nb\r\n',
    );
  });

  it('tells each kind of conflict by its path', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const merged = await both(
      (path) => {
        write({ 'moddel.ts': 'x1\n', 'add.ts': '1\n', 'bin.dat': '\0one', newfile: 'n\n', type: 't1\n' })(path);
        for (const name of ['delmod.ts', 'fd']) rmSync(join(path, name));
        write({ 'fd/in': 'in\n' })(path);
      },
      (path) => {
        write({ 'delmod.ts': 'y1\n', 'add.ts': '2\n', 'bin.dat': '\0two', 'newfile/x': 'x\n', fd: 'changed\n' })(path);
        for (const name of ['moddel.ts', 'type']) rmSync(join(path, name));
        symlinkSync('exec.sh', join(path, 'type'));
      },
    );
    assert.deepEqual(merged.conflicts, [
      { path: 'add.ts', why: 'add/add' },
      { path: 'bin.dat', why: 'binary' },
      { path: 'delmod.ts', why: 'modify/delete' },
      { path: 'fd', why: 'file/directory, modify/delete' },
      { path: 'moddel.ts', why: 'modify/delete' },
      { path: 'newfile', why: 'file/directory' },
      { path: 'type', why: 'distinct types' },
    ]);
    // Nothing that git moved aside is left, and each path of either side is still there or in conflict.
    assert.deepEqual(merged.paths, [
      'add.ts',
      'bin.dat',
      'content.ts',
      'crlf.txt',
      'delmod.ts',
      'dir/a.ts',
      'dir/b.ts',
      'exec.sh',
      'far.ts',
      'fd/in',
      'moddel.ts',
      'newfile/x',
      'type',
    ]);
    assert.equal(await merged.read('moddel.ts'), 'x1\n');
    assert.equal(await merged.read('delmod.ts'), 'y1\n');
    assert.match((await merged.read('add.ts')) as string, /<<<<<<< ours\n1\n/);
  });

  it('does not carry a hunk after a file or folder that the other side moved', async () => {
    const merged = await both(
      (path) => renameSync(join(path, 'dir'), join(path, 'moved')),
      write({ 'dir/a.ts': lines('a1', 'a2', 'a3', 'a4', 'changed'), 'dir/new.ts': 'n' }),
    );
    assert.deepEqual(merged.conflicts, [{ path: 'dir/a.ts', why: 'modify/delete' }]);
    assert.deepEqual(
      merged.paths.filter((path) => /^(dir|moved)/.test(path)),
      ['dir/a.ts', 'dir/new.ts', 'moved/a.ts', 'moved/b.ts'],
    );
  });

  it('takes the base that it is given, not the one that history suggests', async () => {
    const one = await change('one', write({ 'content.ts': lines('a', 'B', 'c', 'd') }));
    const later = await change('later', write({ 'content.ts': lines('a', 'B', 'C', 'd') }), one);
    // Upon the base, `one` and `later` both changed line 2; upon `one`, only `later` changed something.
    const onHistory = await workspaces.merge(one, one, later, never);
    assert.equal(await workspaces.read(onHistory.tree, 'content.ts', never), lines('a', 'B', 'C', 'd'));
    const other = await change('other', write({ 'content.ts': lines('a', 'X', 'c', 'd') }));
    const onOne = await workspaces.merge(other, other, later, never);
    assert.equal(await workspaces.read(onOne.tree, 'content.ts', never), lines('a', 'B', 'C', 'd'));
    assert.deepEqual(onOne.conflicts, []);
    assert.deepEqual((await workspaces.merge(base.commit, other, later, never)).conflicts, [
      { path: 'content.ts', why: 'content' },
    ]);
  });

  it('of many changes one after the other keeps what each did', async () => {
    let at = base.commit;
    for (let i = 1; i <= 5; i++) {
      const theirs = await change(
        `w${i}`,
        write({ [`n${i}.ts`]: String(i), 'far.ts': start['far.ts'].replace(`${2 * i - 1}\n`, `by ${i}\n`) }),
      );
      const merged = await workspaces.merge(base.commit, at, theirs, never);
      if (merged.conflicts.length > 0) assert.deepEqual(merged.conflicts, [{ path: 'far.ts', why: 'content' }]);
      const far = start['far.ts'].replace(/[13579]/g, (n) =>
        Number(n) <= 2 * i - 1 ? `by ${(Number(n) + 1) / 2}` : n,
      );
      at = (await workspaces.withFiles(merged.tree, merged.commit, [{ path: 'far.ts', content: far }], never)).commit;
    }
    assert.equal(
      await workspaces.read(at, 'far.ts', never),
      lines('by 1', '2', 'by 2', '4', 'by 3', '6', 'by 4', '8', 'by 5'),
    );
    for (let i = 1; i <= 5; i++) assert.equal(await workspaces.read(at, `n${i}.ts`, never), String(i));
  });

  it('runs no driver and heeds no attribute of the project', async () => {
    const marker = join(world.folder, 'ran');
    const merged = await both(
      write({ '.gitattributes': '* merge=union\n*.x merge=ours\n', 'content.ts': lines('a', 'B1', 'c', 'd') }),
      write({ '.gitattributes': '* merge=union\n*.x merge=ours\n', 'content.ts': lines('a', 'B2', 'c', 'd') }),
    );
    assert.deepEqual(merged.conflicts, [{ path: 'content.ts', why: 'content' }]);
    assert.equal(existsSync(marker), false);
  });

  it('loses no line that one side added alone, and gives back the other side where one did nothing', async () => {
    const file = fc.option(
      fc
        .array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 6 })
        .map((parts) => parts.map((part) => `${part}\n`).join('')),
      { nil: null },
    );
    const side = fc.record({ x: file, 'd/y': file, 'd/z': file });
    await fc.assert(
      fc.asyncProperty(side, side, side, async (b, o, t) => {
        const tree = async (parent: string, files: Record<string, string | null>): Promise<string> =>
          (
            await workspaces.withFiles(
              base.commit,
              parent,
              Object.entries(files).map(([path, content]) => ({ path, content })),
              never,
            )
          ).commit;
        const from = await tree(base.commit, b);
        const [ours, theirs] = [await tree(from, o), await tree(from, t)];
        const merged = await workspaces.merge(from, ours, theirs, never);
        const swapped = await workspaces.merge(from, theirs, ours, never);
        assert.deepEqual(
          merged.conflicts.map((c) => c.path),
          swapped.conflicts.map((c) => c.path),
        );
        if (merged.conflicts.length === 0) assert.equal(merged.tree, swapped.tree);
        assert.deepEqual(
          await workspaces.changes((await workspaces.merge(from, ours, from, never)).tree, ours, never),
          [],
        );
        for (const path of ['x', 'd/y', 'd/z'] as const) {
          if (merged.conflicts.some((c) => c.path === path)) continue;
          const got = (await workspaces.read(merged.tree, path, never)) ?? null;
          if (o[path] === b[path]) assert.equal(got, t[path]);
          else if (t[path] === b[path]) assert.equal(got, o[path]);
          else if (o[path] === t[path]) assert.equal(got, o[path]);
        }
      }),
      { numRuns: 8 },
    );
  });

  it('needs objects, not names', async () => {
    for (const bad of ['HEAD', '--help', 'main', '', '0'.repeat(39)])
      await assert.rejects(workspaces.merge(base.commit, base.commit, bad, never), /no object id/);
  });
});

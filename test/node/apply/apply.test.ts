import assert from 'node:assert/strict';
import { chmod, link, lstat, mkdir, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange } from '../../../src/core/change/change.ts';
import { openApplier } from '../../../src/node/apply/apply.ts';
import { lines, makeProject, rejects } from './project.ts';
import type { Project } from './project.ts';
import { change, look, put } from './tree.ts';
import type { Thing } from './tree.ts';
import { skipFor } from '../../harness/skip.ts';

const never = new AbortController().signal;
const posix = process.platform !== 'win32';

describe('apply', () => {
  let project: Project;
  let folder: string;
  let root: string;
  let applier: Project['applier'];
  let settled: Project['settled'];
  beforeEach(async () => ({ folder, root, applier, settled } = project = await makeProject()));
  afterEach(() => project.end());

  describe('takes the change', () => {
    it('where the files are as they were: text, bytes, new, deleted, modes, links, line ends', async () => {
      const binary = [Buffer.from([0, 1, 2, 255]), Buffer.from([0, 9, 9, 255])] as const;
      const before: [string, Thing, Thing][] = [
        ['a.txt', 'one\n', 'two\n'],
        ['crlf.txt', 'a\r\nb\r\n', 'a\r\nc\r\n'],
        ['bom.txt', '\ufeffx', '\ufeffy'],
        ['no-end', 'x', 'y\nz'],
        ['empty', 'x', ''],
        ['image.bin', binary[0], binary[1]],
        ['tool.sh', 'echo 1\n', { exec: 'echo 1\n' }],
        ['tool2.sh', { exec: 'echo 1\n' }, { exec: 'echo 2\n' }],
        ['deep/down/new.ts', undefined, 'new\n'],
        ['was-empty/new.ts', undefined, 'x\n'],
        ['gone/only.ts', 'x\n', undefined],
        ['gone2/a/b/only.ts', 'x\n', undefined],
        ['kept/gone.ts', 'x\n', undefined],
        ...(posix
          ? ([
              ['link', { link: 'a.txt' }, { link: 'crlf.txt' }],
              ['toLink', 'x', { link: 'a.txt' }],
              ['fromLink', { link: 'a.txt' }, 'file\n'],
              ['newLink', undefined, { link: 'nowhere' }],
              ['goneLink', { link: 'a.txt' }, undefined],
            ] satisfies [string, Thing, Thing][])
          : []),
      ];
      await put(root, {
        ...Object.fromEntries(before.map(([path, from]) => [path, from])),
        'kept/other.ts': 'o',
        'was-empty': 'folder/',
      });
      const was = await look(root);
      const apply = applier([...binary]);
      const changes = before.map(([path, from, to]) => change(path, from, to));
      assert.deepEqual(await apply.apply(changes, 'a1', never), {
        files: before.map(([path]) => path).toSorted(),
        merged: [],
      });
      const expected = join(folder, 'expected');
      await mkdir(expected);
      await put(expected, {
        ...Object.fromEntries(before.map(([path, , to]) => [path, to])),
        'kept/other.ts': 'o',
      });
      assert.deepEqual(await look(root), await look(expected));
      await settled();
      // The same once more does nothing, and knows what was done.
      assert.equal((await apply.apply(changes, 'a1', never)).files.length, before.length);
      assert.deepEqual(await look(root), await look(expected));
      await apply.undo('a1', never);
      assert.deepEqual(await look(root), was);
      await settled();
    });

    it('swaps folders for files and files for folders', async () => {
      await put(root, { 'a/x': '1', 'a/y/z': '2', b: '3' });
      const was = await look(root);
      const changes = [
        change('a/x', '1', undefined),
        change('a/y/z', '2', undefined),
        change('a', undefined, 'file'),
        change('b', '3', undefined),
        change('b/c/d', undefined, 'deep'),
      ];
      await applier().apply(changes, 'a1', never);
      assert.deepEqual(Object.keys(await look(root)), ['a', 'b/', 'b/c/', 'b/c/d']);
      await applier().undo('a1', never);
      assert.deepEqual(await look(root), was);
      await put(root, { 'a/mine': 'm' });
      await rejects(applier().apply(changes, 'a2', never), 'apply-conflict', /\n {2}a: a folder stands there$/);
      assert.equal(await readFile(join(root, 'a/x'), 'utf8'), '1');
    });

    it('passes over what the person has done already', async () => {
      await put(root, { a: 'after', c: 'x', d: { exec: 'new' } });
      const changes = [
        change('a', 'before', 'after'),
        change('b', 'before', undefined),
        change('b/c', 'x', undefined),
        change('c/d', 'x', undefined),
        change('d', undefined, 'new'),
      ];
      assert.deepEqual(await applier().apply(changes, 'a1', never), { files: [], merged: [] });
      assert.deepEqual(Object.keys(await look(root)), ['a', 'c', 'd']);
      await applier().undo('a1', never);
      assert.equal(await readFile(join(root, 'a'), 'utf8'), 'after');
    });

    it("merges with the person's edits, modes and line ends included", async () => {
      const crlf = (text: string): string => text.replaceAll('\n', '\r\n');
      await put(root, {
        'a.ts': lines([2, 'mine\n']),
        'b.ts': crlf(lines([18, 'mine\n'])),
        'c.sh': { exec: lines([2, 'mine\n']) },
        'd.sh': lines([2, 'mine\n']),
        'e.sh': { exec: lines() },
      });
      const changes = [
        change('a.ts', lines(), lines([12, 'theirs\n'])),
        change('b.ts', crlf(lines()), crlf(lines([0, 'theirs\n']))),
        change('c.sh', lines(), lines([12, 'theirs\n'])),
        change('d.sh', lines(), { exec: lines() }),
        change('e.sh', lines(), lines([12, 'theirs\n'])),
      ];
      const was = await look(root);
      const { merged, files } = await applier().apply(changes, 'a1', never);
      assert.deepEqual(files, ['a.ts', 'b.ts', 'c.sh', 'd.sh', 'e.sh']);
      assert.deepEqual(merged, ['a.ts', 'b.ts', 'c.sh', 'd.sh']);
      const expected = join(folder, 'expected');
      await mkdir(expected);
      await put(expected, {
        'a.ts': lines([2, 'mine\n'], [12, 'theirs\n']),
        'b.ts': crlf(lines([0, 'theirs\n'], [18, 'mine\n'])),
        'c.sh': { exec: lines([2, 'mine\n'], [12, 'theirs\n']) },
        'd.sh': { exec: lines([2, 'mine\n']) },
        'e.sh': { exec: lines([12, 'theirs\n']) },
      });
      assert.deepEqual(await look(root), await look(expected));
      await applier().undo('a1', never);
      assert.deepEqual(await look(root), was);
    });

    it('keeps rights that git does not know, and leaves the umask to new files', async function () {
      if (!posix) skipFor(this, 'not on Windows');
      await put(root, { secret: 'a', tool: { exec: 'a' }, only: 'a' });
      await chmod(join(root, 'secret'), 0o600);
      await chmod(join(root, 'tool'), 0o710);
      await chmod(join(root, 'only'), 0o444);
      const umask = process.umask(0o027);
      try {
        const changes = [
          change('secret', 'a', 'b'),
          change('tool', { exec: 'a' }, 'b'),
          change('only', 'a', 'b'),
          change('new', undefined, 'x'),
          change('new.sh', undefined, { exec: 'x' }),
        ];
        await applier().apply(changes, 'a1', never);
      } finally {
        process.umask(umask);
      }
      const mode = async (path: string): Promise<string> => ((await stat(join(root, path))).mode & 0o777).toString(8);
      const modes = await Promise.all(['secret', 'tool', 'only', 'new', 'new.sh'].map(mode));
      assert.deepEqual(modes, ['600', '600', '444', '640', '750']);
      await applier().undo('a1', never);
      assert.deepEqual(await Promise.all(['secret', 'tool', 'only'].map(mode)), ['600', '710', '444']);
    });
  });

  describe('writes nothing', () => {
    it('when anything conflicts, and says all of it', async () => {
      const big = `${'x'.repeat(100)}\n`.repeat(30_000);
      const things: Record<string, [was: Thing, now: Thing, wanted: Thing, why: RegExp]> = {
        'lines.ts': [lines(), lines([5, 'mine\n']), lines([5, 'theirs\n']), /you have changed the same lines/],
        'image.bin': [Buffer.from([0, 1]), Buffer.from([0, 2]), Buffer.from([0, 3]), /it is no text/],
        'big.txt': [big, `${big}mine`, `theirs${big}`, /too large to be merged/],
        'gone.ts': ['a', undefined, 'b', /you have deleted it/],
        'made.ts': [undefined, 'mine', 'theirs', /another file of this name/],
        'edited.ts': ['a', 'mine', undefined, /the change deletes it, and you have changed it/],
        'folder.ts': ['a', 'folder/', 'b', /a folder stands there/],
        'parent/child.ts': [undefined, undefined, 'b', /parent is no folder/],
        ...(posix && {
          'link.ts': ['a', { link: 'fine.ts' }, 'b', /it is a link now/],
          linked: [{ link: 'x' }, { link: 'mine' }, { link: 'theirs' }, /you have changed it/],
          unlinked: [{ link: 'x' }, 'mine', 'theirs', /you have made a file of it/],
        }),
      };
      await put(root, {
        ...Object.fromEntries(Object.entries(things).map(([path, [, now]]) => [path, now])),
        'fine.ts': 'a',
        parent: 'a file',
      });
      const was = await look(root);
      const changes = [
        change('fine.ts', 'a', 'b'),
        ...Object.entries(things).map(([path, [from, , to]]) => change(path, from, to)),
      ];
      const patterns = Object.entries(things).map(([path, [, , , why]]) => new RegExp(`\n  ${path}: .*${why.source}`));
      await rejects(
        applier(Object.values(things).flatMap(([was, now, wants]) => [was, now, wants])).apply(changes, 'a1', never),
        'apply-conflict',
        ...patterns,
      );
      assert.deepEqual(await look(root), was);
      await settled();
      await rejects(applier().undo('a1', never), 'nothing-to-undo');
    });

    it('through a link that leads outside, also one that was put there meanwhile', async () => {
      await mkdir(join(folder, 'victim'));
      await put(folder, { 'victim/file': 'a' });
      await symlink(join(folder, 'victim'), join(root, 'out'), 'junction');
      for (const [path, from] of [
        ['out/file', 'a'],
        ['out/new', undefined],
        ['out/deep/new', undefined],
      ] as const) {
        await rejects(
          applier().apply([change(path, from, 'b')], 'a1', never),
          'apply-conflict',
          /a link to a place outside the folder/,
        );
      }
      await rejects(applier().apply([change('out/file', 'a', undefined)], 'a1', never), 'apply-conflict', /outside/);
      assert.deepEqual(await look(folder, 'victim'), { 'victim/file': '644 a' });
    });

    it('through a link to itself: that file is a link now', async function () {
      if (!posix) skipFor(this, 'not on Windows');
      await put(folder, { victim: 'a' });
      await symlink(join(folder, 'victim'), join(root, 'file'));
      await rejects(applier().apply([change('file', 'a', 'b')], 'a1', never), 'apply-conflict', /it is a link now/);
      await rejects(
        applier().apply([change('file', 'a', undefined)], 'a1', never),
        'apply-conflict',
        /you have changed it/,
      );
      assert.equal(await readFile(join(folder, 'victim'), 'utf8'), 'a');
    });

    it('twice to one file that two paths lead to', async () => {
      await put(root, { 'real/file': 'a' });
      await symlink(join(root, 'real'), join(root, 'alias'), 'junction');
      await rejects(
        applier().apply([change('real/file', 'a', 'b'), change('alias/file', 'a', 'c')], 'a1', never),
        'apply-conflict',
        /alias\/file: it is the same file as real\/file/,
      );
      // Inside the folder a link alone is no harm.
      assert.deepEqual(await applier().apply([change('alias/file', 'a', 'c')], 'a1', never), {
        files: ['alias/file'],
        merged: [],
      });
      assert.equal(await readFile(join(root, 'real/file'), 'utf8'), 'c');
      assert.ok((await lstat(join(root, 'alias'))).isSymbolicLink());
      await applier().undo('a1', never);
      assert.equal(await readFile(join(root, 'real/file'), 'utf8'), 'a');
    });

    it('with bytes that are not those of their id', async () => {
      const [one, other] = [Buffer.from([0, 1]), Buffer.from([0, 2])];
      const forged = openApplier({
        root,
        runFolder: join(root, '.orchestration/runs/r1'),
        readBlob: async () => other,
      });
      await assert.rejects(forged.apply([change('x', undefined, one)], 'a1', never), /other bytes/);
      // Nor does text that was changed on the way get in.
      const changed: FileChange = { path: 'x', after: { ...change('x', undefined, 'right').after!, text: 'wrong' } };
      await applier(['right']).apply([changed], 'a1', never);
      assert.equal(await readFile(join(root, 'x'), 'utf8'), 'right');
    });

    it('when its own folder leads out of the project', async () => {
      await mkdir(join(folder, 'victim'));
      await symlink(join(folder, 'victim'), join(root, '.orchestration'), 'junction');
      await rejects(applier().apply([change('x', undefined, 'y')], 'a1', never), 'outside');
      assert.deepEqual(await look(folder, 'victim'), {});
    });

    it('of a submodule, or under a name that is a path', async () => {
      const sub: FileChange = { path: 'sub', after: { mode: '160000', sha: '1'.repeat(40) } };
      await assert.rejects(applier().apply([sub], 'a1', never), /submodule/);
      await assert.rejects(applier().apply([], '../a1', never), /no name/);
      await rejects(applier().undo('../a1', never), 'nothing-to-undo');
    });

    it('once its signal has fired', async () => {
      await assert.rejects(
        applier().apply([change('x', undefined, 'y')], 'a1', AbortSignal.abort(new Error('before'))),
        /before/,
      );
      assert.deepEqual(await look(root), {});
    });
  });

  it('goes on one at a time in a project', async () => {
    await put(root, { count: '0' });
    let inside = 0;
    const hook = async (): Promise<void> => {
      inside++;
      assert.equal(inside, 1);
      await new Promise((done) => setImmediate(done));
      inside--;
    };
    const runs = [1, 2, 3, 4].map((n) =>
      applier([], hook, `r${n}`).apply([change(`f${n}`, undefined, 'x')], 'a1', never),
    );
    await Promise.all(runs);
    assert.equal(Object.keys(await look(root)).length, 5);
  });

  it('replaces one name of a hard link and leaves the other', async () => {
    await put(root, { a: 'a' });
    await link(join(root, 'a'), join(root, 'b'));
    await applier().apply([change('a', 'a', 'A')], 'a1', never);
    assert.deepEqual([await readFile(join(root, 'a'), 'utf8'), await readFile(join(root, 'b'), 'utf8')], ['A', 'a']);
  });
});

import assert from 'node:assert/strict';
import { readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import { lines, makeProject, rejects } from './project.ts';
import type { Project } from './project.ts';
import { change, look, put } from './tree.ts';

const never = new AbortController().signal;

describe('apply as a whole', () => {
  let project: Project;
  let folder: string;
  let root: string;
  let applier: Project['applier'];
  let settled: Project['settled'];
  beforeEach(async () => ({ folder, root, applier, settled } = project = await makeProject()));
  afterEach(() => project.end());

  describe('is all or nothing', () => {
    const three = [
      change('a', 'a', 'A'),
      change('b', 'b', undefined),
      change('new/c', undefined, 'C'),
      change('z', 'z', 'Z'),
    ];
    const start = { a: 'a', b: 'b', z: 'z', 'dir/b': 'x' };

    it('when it is cancelled at any point', async () => {
      await put(root, start);
      const was = await look(root);
      let cancelled = 0;
      for (let at = 0; ; at++) {
        const stop = new AbortController();
        let count = 0;
        const hook = (): void => {
          if (count++ === at) stop.abort(new Error('enough'));
        };
        const doing = applier([], hook).apply(three, 'a1', stop.signal);
        const ended = await doing.then(
          () => 'applied',
          (error: Error) => error.message,
        );
        if (ended === 'applied') break;
        cancelled++;
        assert.equal(ended, 'enough');
        assert.deepEqual(await look(root), was);
        await settled();
      }
      assert.ok(cancelled > 12, String(cancelled));
      assert.deepEqual(await look(root), {
        a: '644 A',
        'dir/': '755',
        'dir/b': '644 x',
        'new/': '755',
        'new/c': '644 C',
        z: '644 Z',
      });
    });

    it('when a file changes between the staging and the writing', async () => {
      await put(root, start);
      const edit = (point: string): Promise<void> | void =>
        point === 'before 3' ? writeFile(join(root, 'z'), 'mine') : undefined;
      await rejects(applier([], edit).apply(three, 'a1', never), 'apply-conflict', /z: it has changed in this moment/);
      assert.deepEqual(await look(root), { a: '644 a', b: '644 b', 'dir/': '755', 'dir/b': '644 x', z: '644 mine' });
      await settled();
      const create = async (point: string): Promise<void> => {
        if (point !== 'verified new/c') return;
        await writeFile(join(root, 'new/c'), 'mine');
      };
      await put(root, start);
      await rejects(
        applier([], create).apply(three, 'a1', never),
        'apply-conflict',
        /new\/c: a file of this name has come to be/,
      );
      assert.deepEqual(await look(root), {
        a: '644 a',
        b: '644 b',
        'dir/': '755',
        'dir/b': '644 x',
        'new/': '755',
        'new/c': '644 mine',
        z: '644 z',
      });
    });

    it('when the disk is full in the middle', async () => {
      await put(root, start);
      const was = await look(root);
      const full = (point: string): void => {
        if (point === 'before 3') throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
      };
      await rejects(applier([], full).apply(three, 'a1', never), 'disk-full', /No room is left/);
      assert.deepEqual(await look(root), was);
      await settled();
    });

    it('when a folder on the way becomes a link: before it is looked at, and after', async () => {
      await put(root, { 'dir/file': 'a', first: 'a' });
      await put(folder, { 'victim/file': 'a' });
      const changes = [change('first', 'a', 'b'), change('dir/file', 'a', 'b'), change('dir/new', undefined, 'b')];
      const swap = async (): Promise<void> => {
        await rename(join(root, 'dir'), join(root, 'moved'));
        await symlink(join(folder, 'victim'), join(root, 'dir'), 'junction');
      };
      for (const at of ['before 1', ...(process.platform === 'linux' ? ['verified dir/file'] : [])]) {
        let swapped = false;
        const hook = async (point: string): Promise<void> => {
          if (point !== at || swapped) return;
          swapped = true;
          await swap();
        };
        await assert.rejects(applier([], hook).apply(changes, 'a1', never), UserError);
        assert.ok(swapped);
        assert.deepEqual(await look(folder, 'victim'), { 'victim/file': '644 a' });
        assert.equal(await readFile(join(root, 'first'), 'utf8'), 'a');
        await settled();
        await rm(join(root, 'dir'));
        await rename(join(root, 'moved'), join(root, 'dir'));
        await put(root, { 'dir/file': 'a' });
      }
    });
  });

  describe('undo', () => {
    it('is refused the second time, and the apply can be done again', async () => {
      await put(root, { a: 'a' });
      const changes = [change('a', 'a', 'b')];
      await applier().apply(changes, 'a1', never);
      assert.deepEqual(await applier().undo('a1', never), { files: ['a'], merged: [] });
      await rejects(applier().undo('a1', never), 'already-undone');
      assert.equal(await readFile(join(root, 'a'), 'utf8'), 'a');
      await applier().apply(changes, 'a1', never);
      assert.equal(await readFile(join(root, 'a'), 'utf8'), 'b');
      await applier().undo('a1', never);
      assert.equal(await readFile(join(root, 'a'), 'utf8'), 'a');
      await rejects(applier().undo('a2', never), 'nothing-to-undo', /"a2"/);
    });

    it("keeps the person's later edits where they do not touch", async () => {
      await put(root, { 'a.ts': lines() });
      await applier().apply(
        [change('a.ts', lines(), lines([5, 'theirs\n'])), change('b.ts', undefined, 'new')],
        'a1',
        never,
      );
      await put(root, { 'a.ts': lines([5, 'theirs\n'], [15, 'mine\n']) });
      assert.deepEqual(await applier().undo('a1', never), { files: ['a.ts', 'b.ts'], merged: ['a.ts'] });
      assert.deepEqual(await look(root), { 'a.ts': `644 ${lines([15, 'mine\n'])}` });
    });

    it('writes nothing where they do, and can then be tried again', async () => {
      await put(root, { 'a.ts': lines(), c: 'c' });
      await applier().apply(
        [
          change('a.ts', lines(), lines([5, 'theirs\n'])),
          change('b.ts', undefined, 'new'),
          change('c', 'c', undefined),
        ],
        'a1',
        never,
      );
      await put(root, { 'a.ts': lines([5, 'mine\n']), 'b.ts': 'edited', c: 'mine' });
      const was = await look(root);
      await rejects(
        applier().undo('a1', never),
        'undo-conflict',
        /a\.ts: you have changed the same/,
        /b\.ts: undoing deletes it/,
        /\n {2}c: you have made another file/,
      );
      assert.deepEqual(await look(root), was);
      await put(root, { 'a.ts': lines([5, 'theirs\n']), 'b.ts': 'new', c: undefined });
      await applier().undo('a1', never);
      assert.deepEqual(await look(root), { 'a.ts': `644 ${lines()}`, c: '644 c' });
    });

    it('takes back what was applied under the same id later, too', async () => {
      await put(root, { a: 'a', b: 'b', gone: 'g' });
      const was = await look(root);
      const some = [change('a', 'a', 'A'), change('gone', 'g', undefined)];
      const all = [...some, change('b', 'b', 'B'), change('sub/c', undefined, 'C')];
      await applier().apply(some, 'a1', never);
      assert.deepEqual((await applier().apply(all, 'a1', never)).files, ['b', 'sub/c']);
      assert.deepEqual((await applier().undo('a1', never)).files, ['a', 'b', 'gone', 'sub/c']);
      assert.deepEqual(await look(root), was);
    });

    it('takes back one of several applies', async () => {
      await put(root, { 'a.ts': lines() });
      await applier([], undefined, 'r1').apply([change('a.ts', lines(), lines([5, 'one\n']))], 'a1', never);
      await applier([], undefined, 'r2').apply(
        [change('a.ts', lines([5, 'one\n']), lines([5, 'one\n'], [15, 'two\n']))],
        'a1',
        never,
      );
      await applier([], undefined, 'r1').undo('a1', never);
      assert.equal(await readFile(join(root, 'a.ts'), 'utf8'), lines([15, 'two\n']));
    });
  });
});

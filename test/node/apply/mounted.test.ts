import assert from 'node:assert/strict';
import { mkdir, mkdtemp, open, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import { openGate } from '../../../src/node/apply/gate.ts';
import { applierOf, freshProject } from './killing.ts';
import { mountSmall } from './mounts.ts';
import { change, look, put } from './tree.ts';
import { skipFor } from '../../harness/skip.ts';

const never = new AbortController().signal;

/** Needs the right to mount; where there is none, `wholeApply.test.ts` proves the same with injected errors. */
describe('apply on file systems of their own', () => {
  let folder: string;
  let root: string;
  let end: (() => void) | undefined;

  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-mounted-')));
    root = join(folder, 'project');
    await mkdir(root);
  });
  afterEach(async () => {
    end?.();
    end = undefined;
    await rm(folder, { recursive: true, force: true });
  });
  /** Fills the disk to the last byte, then frees so many kilobytes. */
  const fill = async (left: number): Promise<void> => {
    const handle = await open(join(root, '.fill'), 'w');
    const page = Buffer.alloc(4096, 1);
    let pages = 0;
    try {
      for (; ; pages++) await handle.write(page, 0, page.length, pages * page.length);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    }
    await handle.truncate(Math.max(0, pages - left / 4) * page.length);
    await handle.close();
  };
  const isFull = (error: unknown): boolean =>
    error instanceof UserError && error.code === 'disk-full' && /No room is left/.test(error.message);

  it('takes everything back when the disk is full, wherever that comes', async function () {
    const mounted = mountSmall(root, 512);
    if (!mounted) skipFor(this, 'needs the right to mount a disk');
    end = () => mounted.end();
    const text = (letter: string): string => `${letter.repeat(63)}\n`.repeat(300);
    const changes = ['a', 'b', 'c'].map((path) => change(path, text(path), text(path.toUpperCase())));
    await put(root, { a: text('a'), b: text('b'), c: text('c') });
    // While it is staged.
    for (const left of [0, 8, 40, 80]) {
      await rm(join(root, '.fill'), { force: true });
      await fill(left);
      const was = await look(root);
      await assert.rejects(applierOf(root).apply(changes, 'a1', never), isFull);
      assert.deepEqual(await look(root), was);
    }
    // And in the middle of the writing; what replaces a file needs no room of its own, nor does taking it back.
    await rm(join(root, '.fill'), { force: true });
    const more = [change('deep/er/d', undefined, 'd'), ...changes];
    const was = await look(root);
    const hook = async (point: string): Promise<void> => {
      if (point !== 'before 0') return;
      await fill(0);
    };
    await assert.rejects(applierOf(root, hook).apply(more, 'a1', never), isFull);
    await rm(join(root, '.fill'));
    assert.deepEqual(await look(root), was);
    assert.deepEqual(await readdir(join(root, '.orchestration/runs/r1/apply')), []);
    await applierOf(root).apply(more, 'a1', never);
    await applierOf(root).undo('a1', never);
    assert.deepEqual(await look(root), was);
  });

  it('reaches over the border of a file system, and back', async function () {
    await freshProject(root, { 'mnt/': undefined, a: 'a' });
    await mkdir(join(root, 'mnt'));
    const mounted = mountSmall(join(root, 'mnt'), 512);
    if (!mounted) skipFor(this, 'needs the right to mount a disk');
    end = () => mounted.end();
    await put(root, { 'mnt/b': 'b', 'mnt/sub/gone': 'g', 'mnt/x': { exec: 'x' }, 'mnt/l': { link: 'b' } });
    const was = await look(root);
    const changes = [
      change('a', 'a', 'A'),
      change('mnt/b', 'b', 'B'),
      change('mnt/sub/gone', 'g', undefined),
      change('mnt/new/c', undefined, 'C'),
      change('mnt/x', { exec: 'x' }, { exec: 'X' }),
      change('mnt/l', { link: 'b' }, { link: 'x' }),
    ];
    await applierOf(root).apply(changes, 'a1', never);
    const becomes = await look(root);
    assert.deepEqual(Object.keys(becomes), ['a', 'mnt/', 'mnt/b', 'mnt/l', 'mnt/new/', 'mnt/new/c', 'mnt/x']);
    assert.equal(becomes['mnt/x'], '755 X');
    await applierOf(root).undo('a1', never);
    assert.deepEqual(await look(root), was);
    const failing = (point: string): void => {
      if (point === 'written') throw new Error('here');
    };
    await assert.rejects(applierOf(root, failing).apply(changes, 'a2', never), /here/);
    assert.deepEqual(await look(root), was);
  });

  it('refuses what cannot be written, before anything is', async function () {
    await freshProject(root, { a: 'a', 'ro/': undefined });
    await mkdir(join(root, 'ro'));
    const mounted = mountSmall(join(root, 'ro'), 512);
    if (!mounted) skipFor(this, 'needs the right to mount a disk');
    end = () => mounted.end();
    await put(root, { 'ro/b': 'b' });
    mounted.readOnly();
    const changes = [change('a', 'a', 'A'), change('ro/b', 'b', 'B'), change('ro/new/c', undefined, 'C')];
    const verdicts = await openGate({ root }).judge(changes, never);
    assert.deepEqual(
      verdicts.map(({ verdict, code }) => [verdict, code]),
      [
        ['pass', undefined],
        ['refused', 'unwritable'],
        ['refused', 'unwritable'],
      ],
    );
    await assert.rejects(applierOf(root).apply(changes, 'a1', never), (error) => {
      assert.ok(error instanceof UserError);
      return /\n {2}ro\/b: its folder is read-only\n {2}ro\/new\/c: its folder is read-only$/.test(error.message);
    });
    assert.equal((await look(root))['a'], '644 a');
  });
});

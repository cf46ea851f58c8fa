import assert from 'node:assert/strict';
import { chmod, cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import { applierOf, assertSettled, bothTrees, changes, freshProject, killed, recovered } from './killing.ts';
import type { Hook, Trees } from './killing.ts';
import { change, look, put } from './tree.ts';

const never = new AbortController().signal;

/**
 * A crash is the folder as it is at one point, with nobody working on it: the same thing whether a process was killed there (some points
 * here, all of them in `test/kill`) or a copy was taken there (all points here).
 */
describe('an apply that a crash cuts short', function () {
  let folder: string;
  let root: string;
  let trees: Trees;

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-crash-')));
    root = join(folder, 'project');
    trees = await bothTrees(root);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** Takes a copy at each point; they stand for what a crash there leaves. */
  const copies = (prefix: string): { hook: Hook; taken: [point: string, copy: string][] } => {
    const taken: [string, string][] = [];
    const hook = async (point: string): Promise<void> => {
      const copy = join(folder, `${prefix}${taken.length}`);
      taken.push([point, copy]);
      await cp(root, copy, { recursive: true, verbatimSymlinks: true });
      // Its owner lives; the dead one's is taken over, which is shown where processes are killed.
      await rm(join(copy, '.orchestration/apply.lock'));
    };
    return { hook, taken };
  };

  it('leaves one of two whole trees at any point, and can be done again', async () => {
    await freshProject(root);
    const { hook, taken } = copies('apply');
    await applierOf(root, hook).apply(changes, 'a1', never);
    const counts = { was: 0, becomes: 0 };
    for (const [n, [point, copy]] of taken.entries()) {
      const which = await recovered(copy, trees);
      counts[which]++;
      assert.equal(which, ['done', 'cleared'].includes(point) ? 'becomes' : 'was', point);
      if (n % 5 !== 0 && which === 'was') continue;
      // The resumed run comes by the same step again.
      assert.equal((await applierOf(copy).apply(changes, 'a1', never)).files.length, changes.length);
      assert.deepEqual(await look(copy), trees.becomes);
      await applierOf(copy).undo('a1', never);
      assert.deepEqual(await look(copy), trees.was);
      await assertSettled(copy);
    }
    assert.ok(counts.was > 35 && counts.becomes === 2, JSON.stringify(counts));
  });

  it('leaves one of two whole trees while it is undone, too', async () => {
    await freshProject(root);
    await applierOf(root).apply(changes, 'a1', never);
    const { hook, taken } = copies('undo');
    await applierOf(root, hook).undo('a1', never);
    for (const [n, [, copy]] of taken.entries()) {
      const which = await recovered(copy, trees);
      if (n % 5 !== 0 && which === 'becomes') continue;
      if (which === 'becomes') await applierOf(copy).undo('a1', never);
      else await assert.rejects(applierOf(copy).undo('a1', never), isError('already-undone'));
      assert.deepEqual(await look(copy), trees.was);
      await rm(copy, { recursive: true });
    }
    assert.ok(taken.length > 35);
  });

  it('is taken back all the same when a crash cuts that short', async () => {
    await freshProject(root);
    const failing = (inner: Hook): Hook => {
      let back = false;
      return (point) => {
        back ||= point.startsWith('back ');
        if (back) return inner(point);
        // With all of it written.
        if (point === 'written') throw new Error('here');
        return undefined;
      };
    };
    const { hook, taken } = copies('back');
    await assert.rejects(applierOf(root, failing(hook)).apply(changes, 'a1', never), /here/);
    for (const [, copy] of taken) {
      assert.equal(await recovered(copy, trees), 'was');
      await rm(copy, { recursive: true });
    }
    assert.ok(taken.length > 8, String(taken.length));
  });

  it('is settled after a real kill -9, the lock taken over, by whatever run comes next', async () => {
    const points: string[] = [];
    await freshProject(root);
    await applierOf(root, (point) => void points.push(point.replace(/ .*/, ''))).apply(changes, 'a1', never);
    for (const kind of new Set(points)) {
      await freshProject(root);
      assert.ok(await killed(root, 'apply', points.lastIndexOf(kind)), kind);
      const other = applierOf(root, undefined, 'r2');
      await other.apply([change('stays', 's', 'S')], 'a1', never);
      const tree = ['done', 'cleared'].includes(kind) ? trees.becomes : trees.was;
      assert.deepEqual(await look(root), { ...tree, stays: (tree['stays'] as string).replace('s', 'S') });
    }
  });

  it('keeps what the person did before the recovery, and says where that is all that it could do', async () => {
    const lines = (n: number, text: string): string =>
      Array.from({ length: 9 }, (_, at) => (at === n ? text : `line ${at}\n`)).join('');
    const four = [
      change('a', lines(-1, ''), lines(1, 'theirs\n')),
      change('b', 'b', 'B'),
      change('c', undefined, 'C'),
      change('z', 'z', 'Z'),
      change('y', 'y', 'Y'),
    ];
    const points: string[] = [];
    const tree = { a: lines(-1, ''), b: 'b', y: 'y', z: 'z' };
    await freshProject(root, tree);
    await applierOf(root, (point) => void points.push(point)).apply(four, 'a1', never);
    await freshProject(root, tree);
    assert.ok(await killed(root, 'apply', points.indexOf('before 3'), four));
    const mode = process.platform === 'win32' ? '666' : '644';
    const half = { a: lines(1, 'theirs\n'), b: 'B', c: 'C', y: 'y', z: 'z' };
    const shown = (of: Record<string, string>): Record<string, string> =>
      Object.fromEntries(Object.entries(of).map(([path, text]) => [path, `${mode} ${text}`]));
    assert.deepEqual(await look(root), shown(half));
    const mine = { a: half.a.replace('line 7', 'mine'), b: 'mine', c: 'mine', z: 'mine' };
    await put(root, mine);
    // Its bytes are not touched, but it is not ours to put its rights back.
    await chmod(join(root, 'y'), 0o600);
    const withRights = process.platform === 'win32' ? '666 y' : '600 y';
    const { left, rolledBack } = await applierOf(root).recover(never);
    assert.deepEqual(rolledBack, ['a', 'b', 'c', 'z', 'y']);
    assert.deepEqual(left.map(({ path }) => path).toSorted(), ['b', 'c']);
    assert.deepEqual(await look(root), { ...shown({ ...mine, a: lines(7, 'mine\n') }), y: withRights });
    await assertSettled(root);
    assert.deepEqual(await applierOf(root).recover(never), { rolledBack: [], left: [] });
  });

  it('says so, and only once, when an apply finds it so', async () => {
    await freshProject(root, { b: 'b', c: 'c' });
    const two = [change('b', 'b', 'B'), change('c', 'c', 'C')];
    const points: string[] = [];
    await applierOf(root, (point) => void points.push(point)).apply(two, 'a1', never);
    await freshProject(root, { b: 'b', c: 'c' });
    await killed(root, 'apply', points.indexOf('before 1'), two);
    await put(root, { b: 'mine' });
    await assert.rejects(
      applierOf(root).apply(two, 'a1', never),
      isError('apply-interrupted', /\n {2}b: you have changed it since$/),
    );
    await assert.rejects(applierOf(root).apply(two, 'a1', never), isError('apply-conflict'));
    assert.equal(await readFile(join(root, 'b'), 'utf8'), 'mine');
  });

  it('does not follow a pointer that leads elsewhere', async () => {
    await freshProject(root);
    await mkdir(join(root, '.orchestration/runs/r1'), { recursive: true });
    const bad = [
      '../victim',
      '.orchestration/runs/../../../victim/apply/x',
      '.orchestration/runs/r1/apply/../../../../src',
    ];
    for (const path of bad) {
      await writeFile(join(root, '.orchestration/applying.json'), JSON.stringify({ folder: path }));
      await assert.rejects(applierOf(root).recover(never), isError('apply-interrupted'));
    }
  });
});

function isError(code: string, says = /./): (error: unknown) => boolean {
  return (error) => error instanceof UserError && error.code === code && says.test(error.message);
}

import assert from 'node:assert/strict';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange } from '../../../src/core/change/change.ts';
import { openApplier } from '../../../src/node/apply/apply.ts';
import type { OpenApplier } from '../../../src/node/apply/apply.ts';
import { run } from '../../../src/node/processes.ts';
import { bundled } from '../../harness/bundle.ts';
import { change, look, put } from './tree.ts';
import type { Thing, Tree } from './tree.ts';

/** What the tests of crashes share: a change with a bit of everything, and processes that kill themselves in the middle of it. */

const windows = process.platform === 'win32';
const rows: [string, Thing, Thing][] = [
  ['a', 'a\n', 'A\n'],
  ['gone/deep/x', 'x', undefined],
  ['made/deep/y', undefined, 'y'],
  ['swap/inner', 'i', undefined],
  ['swap', undefined, 's'],
  ['back', 'b', undefined],
  ['back/inner', undefined, 'i'],
  ['tool', 'echo', windows ? 'echo 2' : { exec: 'echo' }],
  ...(windows ? [] : ([['link', { link: 'a' }, { link: 'tool' }]] satisfies [string, Thing, Thing][])),
];

/** The change, and the tree that it is made for. */
export const changes: FileChange[] = rows.map(([path, from, to]) => change(path, from, to));
const start: Tree = {
  ...Object.fromEntries(rows.map(([path, from]) => [path, from]).filter(([, thing]) => thing !== undefined)),
  stays: 's',
};

export type Hook = (point: string) => void | Promise<void>;

/** The applier of a project whose change carries all its text. */
export function applierOf(root: string, hook?: Hook, runName = 'r1'): OpenApplier {
  const readBlob = (): Promise<Buffer> => Promise.reject(new Error('text only'));
  return openApplier({ root, runFolder: join(root, '.orchestration/runs', runName), readBlob, ...(hook && { hook }) });
}

/** A folder with the tree of the change, made or made anew. */
export async function freshProject(root: string, tree: Tree = start): Promise<void> {
  await rm(root, { recursive: true, force: true });
  await mkdir(root, { recursive: true });
  await put(root, tree);
}

/** Runs it in a process that kills itself at the point of this number. True when it did, false when it came to its end before. */
export async function killed(
  root: string,
  doing: 'apply' | 'undo' | 'recover',
  at: number,
  what: readonly FileChange[] = changes,
): Promise<boolean> {
  const file = `${root}.changes.json`;
  await writeFile(file, JSON.stringify(what));
  const args = [await bundled('test/node/apply/killed.ts'), root, doing, file, String(at)];
  const env = { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'] };
  const result = await run(process.execPath, args, {
    cwd: join(root, '..'),
    env,
    signal: new AbortController().signal,
  });
  await rm(file);
  const byItself = result.signal === 'SIGKILL' || (windows && result.code === 1 && result.stderr === '');
  if (!byItself) assert.deepEqual([result.code, result.stderr], [0, '']);
  return byItself;
}

/** Nothing is under way in the project, and nothing half staged is left. */
export async function assertSettled(root: string): Promise<void> {
  assert.deepEqual(await readdir(join(root, '.orchestration')), ['runs']);
  const applies = join(root, '.orchestration/runs/r1/apply');
  for (const name of await readdir(applies)) assert.ok((await readdir(join(applies, name))).includes('done.json'));
}

export interface Trees {
  readonly was: Record<string, string>;
  readonly becomes: Record<string, string>;
}

/** The tree before and after the change. */
export async function bothTrees(root: string): Promise<Trees> {
  await freshProject(root);
  const was = await look(root);
  await applierOf(root).apply(changes, 'a1', new AbortController().signal);
  return { was, becomes: await look(root) };
}

/** Recovers after a crash and judges the tree: `was` or `becomes`, nothing between. */
export async function recovered(root: string, trees: Trees): Promise<'was' | 'becomes'> {
  assert.deepEqual((await applierOf(root).recover(new AbortController().signal)).left, []);
  const now = await look(root);
  const which = now['a'] === trees.was['a'] ? 'was' : 'becomes';
  assert.deepEqual(now, trees[which]);
  await assertSettled(root);
  return which;
}

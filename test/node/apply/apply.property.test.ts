import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { mergeText } from '../../../src/core/change/merge.ts';
import { UserError } from '../../../src/core/errors.ts';
import { openApplier } from '../../../src/node/apply/apply.ts';
import { freshProject } from './killing.ts';
import type { Hook } from './killing.ts';
import { blobs, change, look, put } from './tree.ts';
import type { Thing, Tree } from './tree.ts';

const never = new AbortController().signal;

const text = fc
  .tuple(fc.constantFrom('1\n', 'one\n', 'eins\n'), fc.constantFrom('9\n', 'nine\n', 'neun\r\n'), fc.boolean())
  .map(([first, last, end]) => `${first}2\n3\n4\n5\n6\n${last}${end ? '' : 'no end'}`);
const thing: fc.Arbitrary<Thing> = fc.oneof(
  { weight: 5, arbitrary: text },
  { weight: 1, arbitrary: text.map((exec) => (process.platform === 'win32' ? exec : { exec })) },
  { weight: 1, arbitrary: fc.constantFrom(Buffer.from([0, 1]), Buffer.from([0, 255])) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...(process.platform === 'win32' ? ['x'] : [{ link: 'a' }, { link: 'd/b' }])),
  },
  { weight: 3, arbitrary: fc.constant(undefined) },
);
const paths = ['a', 'b', 'c', 'd', 'd/a', 'd/b', 'd/e/a', 'f/g/h'];

/** A tree in which no file is also a folder. */
const tree = fc.array(thing, { minLength: paths.length, maxLength: paths.length }).map((things): Tree => {
  const made: Tree = {};
  for (const [n, path] of paths.entries()) {
    const below = path
      .split('/')
      .slice(0, -1)
      .map((_, depth, parts) => parts.slice(0, depth + 1).join('/'));
    if (things[n] !== undefined && below.every((folder) => made[folder] === undefined)) made[path] = things[n];
  }
  return made;
});
/** Some of the paths of a tree as another has them. */
const some = fc.oneof(fc.constant([]), fc.subarray(paths, { maxLength: 1 }), fc.subarray(paths));

const differing = (from: Tree, to: Tree): string[] =>
  paths.filter((path) => JSON.stringify(from[path]) !== JSON.stringify(to[path]));

const linkAgainstFolder = (one: Tree, other: Tree): boolean =>
  paths.some((path) => {
    const thing = one[path];
    const isLink = typeof thing === 'object' && 'link' in thing;
    return isLink && paths.some((below) => other[below] !== undefined && below.startsWith(`${path}/`));
  });

describe('apply and undo, whatever the person does', function () {
  let root: string;
  let folder: string;
  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-any-')));
    root = join(folder, 'project');
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The person's tree, once some paths of it are as in another tree; left as it is where that cannot be. */
  const edit = async (from: Tree, to: Tree, which: readonly string[]): Promise<Tree> => {
    const edited: Tree = { ...from };
    for (const path of which) {
      const inTheWay = paths.some(
        (other) => edited[other] !== undefined && (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)),
      );
      if (to[path] === undefined) delete edited[path];
      else if (!inTheWay) edited[path] = to[path];
    }
    const gone = Object.fromEntries(differing(from, edited).map((path) => [path, edited[path]]));
    await put(root, Object.fromEntries(Object.entries(gone).filter(([, now]) => now === undefined)));
    await put(root, Object.fromEntries(Object.entries(gone).filter(([, now]) => now !== undefined)));
    return edited;
  };

  it("is all or nothing, loses nobody's work, and comes back byte by byte", async () => {
    const seen = { applied: 0, refused: 0, failed: 0, undone: 0, kept: 0 };
    const property = fc.asyncProperty(
      tree,
      tree,
      tree,
      some,
      fc.option(fc.nat(30), { freq: 2 }),
      async (base, after, theirs, edits, failAt) => {
        // The gate refuses a folder where a link stands, and a link where a folder stands: apply never sees these.
        fc.pre(!linkAgainstFolder(base, after) && !linkAgainstFolder(after, base));
        await freshProject(root, base);
        const person = await edit(base, theirs, edits);
        const was = await look(root);
        let count = 0;
        const hook: Hook = () => {
          if (count++ === failAt) throw new Error('injected');
        };
        const runFolder = join(root, '.orchestration/runs/r1');
        const readBlob = blobs(...[base, after, theirs].flatMap((one) => Object.values(one)));
        const changes = differing(base, after).map((path) => change(path, base[path], after[path]));
        try {
          await openApplier({ root, runFolder, readBlob, hook }).apply(changes, 'a1', never);
        } catch (error) {
          // After the last word there is no way back, and none is needed.
          if (
            error instanceof Error &&
            error.message === 'injected' &&
            JSON.stringify(await look(root)) !== JSON.stringify(was)
          )
            return;
          assert.ok(
            (error instanceof UserError && error.code === 'apply-conflict') || (error as Error).message === 'injected',
            String(error),
          );
          assert.deepEqual(await look(root), was);
          seen[error instanceof UserError ? 'refused' : 'failed']++;
          return;
        }
        seen.applied++;
        const applied = await look(root);
        for (const path of paths) assertMerged(path, base[path], person[path], after[path], applied[path]);

        // Undone at once, it is as if it had not been.
        const applier = openApplier({ root, runFolder, readBlob });
        await applier.undo('a1', never);
        assert.deepEqual(await look(root), was);
        seen.undone++;

        // Undone after more edits, it is refused as a whole, or takes back only what was applied.
        await applier.apply(changes, 'a1', never);
        await put(
          root,
          Object.fromEntries(edits.filter((path) => applied[path] !== undefined).map((path) => [path, 'later\n'])),
        );
        const edited = await look(root);
        await applier.undo('a1', never).catch((error: unknown) => {
          assert.ok(error instanceof UserError && error.code === 'undo-conflict', String(error));
          seen.kept++;
        });
        const now = await look(root);
        if (JSON.stringify(now) === JSON.stringify(edited)) return;
        for (const path of edits) if (edited[path]?.endsWith('later\n')) assert.equal(now[path], edited[path]);
      },
    );
    // Whatever chance brings: one change that is applied, and undone after an edit that it would have to overwrite.
    await fc.assert(property, {
      numRuns: 120,
      examples: [[{ a: 'old\n' }, { a: 'new\n' }, { a: 'old\n' }, ['a'], null]],
    });
    assert.ok(
      seen.applied > 5 && seen.refused > 5 && seen.failed > 3 && seen.undone > 5 && seen.kept > 0,
      JSON.stringify(seen),
    );
  });
});

function assertMerged(path: string, base: Thing, person: Thing, after: Thing, now: string | undefined): void {
  const content = (of: Thing): string | undefined => {
    if (of === undefined) return undefined;
    if (typeof of === 'string') return of;
    if (Buffer.isBuffer(of)) return of.toString('latin1');
    return 'exec' in of ? of.exec : `link ${(of as { link: string }).link}`;
  };
  const got = now?.replace(/^[0-7]+ /, '');
  const same = (one: Thing, two: Thing): boolean => content(one) === content(two);
  if (same(base, after) || same(person, after)) return assert.equal(got, content(person), path);
  if (same(person, base)) return assert.equal(got, content(after), path);
  const merged = mergeText(content(base) as string, content(person) as string, content(after) as string);
  assert.equal(merged.conflict, false, path);
  return assert.equal(got, merged.text, path);
}

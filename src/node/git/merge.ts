import type { Conflict } from '../../core/ports.ts';
import { editTree, treeWithFiles } from './edits.ts';
import { git, gitLine, splitNul } from './git.ts';
import { mendRepository } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { commitTree } from './snapshot.ts';
import { differingFiles, listTree, objectId, textsOf } from './trees.ts';
import type { Side } from './trees.ts';

/**
 * Three-way merge of two commits with exactly this base, as a commit upon both. Renames are not followed: with them git would carry a
 * hunk to another path, where nobody who answers for that path has seen it; so a file that one side moved and the other changed is a
 * conflict (modify/delete). Files in conflict hold markers (`ours`, `base`, `theirs`) where they are text on both sides; else, and where
 * only one side has it, the file of the side that has it; of a binary file and a link ours. Where a folder and a file want one name, the
 * folder has it, and the file is in conflict.
 */
export async function mergeCommits(
  repository: PrivateRepository,
  base: string,
  ours: string,
  theirs: string,
  signal: AbortSignal,
): Promise<{ commit: string; tree: string; conflicts: Conflict[] }> {
  await mendRepository(repository);
  const sides = await prepare(repository, objectId(base), objectId(ours), objectId(theirs), signal);
  const merged = await git(['merge-tree', '--write-tree', '-z', '--messages', sides.left, sides.right], {
    signal,
    gitDir: repository.gitDir,
    borrow: repository.borrow,
    config: { 'merge.renames': 'false', 'merge.directoryRenames': 'false', 'merge.conflictStyle': 'zdiff3' },
    codes: [0, 1],
  });
  const { tree, paths } = parseMerge(merged.stdout, [sides.left, sides.right]);
  let end = tree;
  if (merged.code !== 0) end = await tidy(repository, tree, sides, new Set(paths.keys()), signal);
  if (sides.kept.size > 0) end = await putBack(repository, end, sides, paths, signal);
  const commit = await commitTree(repository, end, [ours, theirs], 'Merged\n', signal);
  const conflicts = [...paths].map(([path, why]) => ({ path, why })).sort((a, b) => (a.path < b.path ? -1 : 1));
  return { commit, tree: end, conflicts };
}

interface Sides {
  readonly left: string;
  readonly right: string;
  /** Files that one side deleted and the other changed, as the other has them; neither side of the merge has them. */
  readonly kept: ReadonlyMap<string, Side>;
}

/**
 * The two commits to give to git, which finds their base by itself (`--merge-base` came with 2.40). Where history would suggest another
 * base, both are made anew upon this one. And where following a rename would make a difference, no side is given a deletion: up to 2.39
 * at least git heeds no `merge.renames` here, and a rename is a deletion with a creation.
 */
async function prepare(
  repository: PrivateRepository,
  base: string,
  ours: string,
  theirs: string,
  signal: AbortSignal,
): Promise<Sides> {
  const call = { signal, gitDir: repository.gitDir };
  const [found, left, right] = await Promise.all([
    git(['merge-base', '--all', ours, theirs], { ...call, codes: [0, 1] }),
    deedsOf(repository, base, ours, signal),
    deedsOf(repository, base, theirs, signal),
  ]);
  const gone = new Set([...left.deleted, ...right.deleted]);
  if (renamesMatter(left, right)) {
    const kept = new Map<string, Side>();
    for (const [path, side] of [...left.written, ...right.written]) if (gone.has(path)) kept.set(path, side);
    const without = async (commit: string, parent: string): Promise<string> =>
      (await editTree(repository, commit, parent, { gone: [...gone], here: [] }, signal)).commit;
    const root = await without(base, base);
    return { left: await without(ours, root), right: await without(theirs, root), kept };
  }
  if (found.stdout.toString('latin1').trim() === base) return { left: ours, right: theirs, kept: new Map() };
  const treeOf = (commit: string): Promise<string> => gitLine(['rev-parse', '--verify', `${commit}^{tree}`], call);
  const root = await commitTree(repository, await treeOf(base), [], 'A base of a merge\n', signal);
  const upon = async (commit: string): Promise<string> =>
    commitTree(repository, await treeOf(commit), [root], 'A side of a merge\n', signal);
  return { left: await upon(ours), right: await upon(theirs), kept: new Map() };
}

interface Deeds {
  readonly deleted: ReadonlySet<string>;
  readonly created: ReadonlySet<string>;
  /** Created or changed. */
  readonly written: ReadonlyMap<string, Side>;
}

async function deedsOf(repository: PrivateRepository, base: string, side: string, signal: AbortSignal): Promise<Deeds> {
  const deleted = new Set<string>();
  const created = new Set<string>();
  const written = new Map<string, Side>();
  for (const { path, before, after } of await differingFiles(repository, base, side, signal)) {
    if (after) written.set(path, after);
    else deleted.add(path);
    if (!before) created.add(path);
  }
  return { deleted, created, written };
}

/** True where what git takes for a rename could decide anything: a path that is gone on one side and touched on the other, or one that both created. */
function renamesMatter(left: Deeds, right: Deeds): boolean {
  const touches = ({ deleted, written }: Deeds, path: string): boolean => deleted.has(path) || written.has(path);
  if ([...left.deleted].some((path) => touches(right, path))) return true;
  if ([...right.deleted].some((path) => touches(left, path))) return true;
  const some = left.deleted.size > 0 || right.deleted.size > 0;
  return some && [...left.created].some((path) => right.created.has(path));
}

/** Source: git-merge-tree(1), OUTPUT, as `-z` has it. */
function parseMerge(output: Buffer, sides: readonly [string, string]): { tree: string; paths: Map<string, string> } {
  const parts = splitNul(output).map((part) => part.toString('utf8'));
  const words = new Map<string, Set<string>>();
  const wordsOf = (path: string): Set<string> => {
    const real = withoutLabel(path, sides);
    const own = words.get(real) ?? new Set<string>();
    words.set(real, own);
    return own;
  };
  let at = 1;
  // <mode> SP <object> SP <stage> TAB <path>, up to an empty entry
  for (; at < parts.length && parts[at] !== ''; at++) wordsOf((parts[at] as string).replace(/^[^\t]*\t/, ''));
  at++;
  // <number of paths>, the paths, the kind, the message
  while (at < parts.length) {
    const count = Number(parts[at]);
    const [kind, message] = [parts[at + 1 + count] ?? '', parts[at + 2 + count] ?? ''];
    // The kind says "contents" where the message says "add/add" or "content"; of a binary file only the kind says it.
    const word = /CONFLICT \(([^)]*)\)/.exec(message)?.[1] ?? /CONFLICT \(([^)]*)\)/.exec(kind)?.[1];
    if (word !== undefined) for (const path of parts.slice(at + 1, at + 1 + count)) wordsOf(path).add(word);
    at += 3 + count;
  }
  const paths = new Map<string, string>();
  for (const [path, own] of words) {
    if (own.has('binary')) own.delete('content');
    paths.set(path, [...own].join(', ') || 'conflict');
  }
  return { tree: parts[0] as string, paths };
}

/** git moves a file out of a folder's way to `<path>~<side>`, or `<path>~<side>_<n>`. */
function withoutLabel(path: string, sides: readonly [string, string]): string {
  for (const side of sides) {
    const at = path.lastIndexOf(`~${side}`);
    if (at > 0 && /^(?:_\d+)?$/.test(path.slice(at + 1 + side.length))) return path.slice(0, at);
  }
  return path;
}

/** Takes out the files that git moved aside, and gives the markers names that people and models can read. */
async function tidy(
  repository: PrivateRepository,
  tree: string,
  { left, right }: Sides,
  paths: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string> {
  const entries = await listTree(repository, tree, { sizes: false, signal });
  const aside = entries.filter((entry) => withoutLabel(entry.path, [left, right]) !== entry.path);
  const inConflict = entries.filter((entry) => paths.has(entry.path) && entry.mode.startsWith('100'));
  const texts = await textsOf(repository, new Set(inConflict.map((entry) => entry.sha)), signal);
  const named: { path: string; content: string }[] = [];
  for (const { path, sha } of inConflict) {
    const text = texts.get(sha);
    const content = text
      ?.replaceAll(new RegExp(`^<{7} ${left}(?=\\r?$)`, 'gm'), '<<<<<<< ours')
      .replaceAll(/^\|{7} [0-9a-f]{4,64}(?=\r?$)/gm, '||||||| base')
      .replaceAll(new RegExp(`^>{7} ${right}(?=\\r?$)`, 'gm'), '>>>>>>> theirs');
    if (content !== undefined && content !== text) named.push({ path, content });
  }
  const files = [...aside.map(({ path }) => ({ path, content: null })), ...named];
  return files.length === 0 ? tree : (await treeWithFiles(repository, tree, left, files, signal)).tree;
}

/** The files that one side deleted and the other changed, put where they are not in the way of a folder; and their conflicts. */
async function putBack(
  repository: PrivateRepository,
  tree: string,
  { left, kept }: Sides,
  conflicts: Map<string, string>,
  signal: AbortSignal,
): Promise<string> {
  const files = new Set<string>();
  const folders = new Set<string>();
  for (const { path } of await listTree(repository, tree, { sizes: false, signal })) {
    files.add(path);
    for (const above of foldersOf(path)) folders.add(above);
  }
  const here: string[] = [];
  for (const [path, { mode, sha }] of kept) {
    const inTheWay = folders.has(path) || foldersOf(path).some((above) => files.has(above));
    if (!inTheWay) here.push(`${mode} ${sha} 0\t${path}\0`);
    conflicts.set(path, inTheWay ? 'file/directory, modify/delete' : 'modify/delete');
  }
  return here.length === 0 ? tree : (await editTree(repository, tree, left, { gone: [], here }, signal)).tree;
}

function foldersOf(path: string): string[] {
  const found: string[] = [];
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) found.push(path.slice(0, at));
  return found;
}

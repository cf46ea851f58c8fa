import type { Conflict } from '../../core/ports.ts';
import { git, gitLine, splitNul } from './git.ts';
import { mendRepository } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { commitTree } from './snapshot.ts';
import { treeWithFiles } from './edits.ts';
import { listTree, objectId, textsOf } from './trees.ts';

/**
 * Three-way merge of two commits with exactly this base, as a commit upon both. Renames are not followed: with them git would carry a
 * hunk to another path, or a whole folder's new file to another folder, where nobody who answers for that path has seen it; so a
 * file that one side moved and the other changed is a conflict (modify/delete). Files in conflict hold markers (`ours`, `base`, `theirs`)
 * where they are text on both sides; else, and where only one side has it, the file of the side that has it; of a binary file and a link ours.
 * Where a folder and a file want one name, the folder has it, and the file is in conflict.
 */
export async function mergeCommits(
  repository: PrivateRepository,
  base: string,
  ours: string,
  theirs: string,
  signal: AbortSignal,
): Promise<{ commit: string; tree: string; conflicts: Conflict[] }> {
  await mendRepository(repository);
  const [left, right] = await sidesWithBase(repository, objectId(base), objectId(ours), objectId(theirs), signal);
  const merged = await git(['merge-tree', '--write-tree', '-z', '--messages', left, right], {
    signal,
    gitDir: repository.gitDir,
    borrow: repository.borrow,
    config: {
      'merge.renames': 'false',
      'merge.directoryRenames': 'false',
      'merge.conflictStyle': 'zdiff3',
      'merge.renormalize': 'false',
    },
    codes: [0, 1],
  });
  const { tree, paths } = parseMerge(merged.stdout, [left, right]);
  const commit = await commitTree(repository, tree, [ours, theirs], 'Merged\n', signal);
  if (merged.code === 0) return { commit, tree, conflicts: [] };
  const conflicts = [...paths].map(([path, why]) => ({ path, why })).sort((a, b) => (a.path < b.path ? -1 : 1));
  const mended = await tidy(repository, tree, { commit, left, right, paths: new Set(paths.keys()) }, signal);
  if (mended === tree) return { commit, tree, conflicts };
  return {
    commit: await commitTree(repository, mended, [ours, theirs], 'Merged, with conflicts\n', signal),
    tree: mended,
    conflicts,
  };
}

/** git finds the base of a merge by itself; where it would find another, both sides are given as commits upon this one. (`--merge-base` came with 2.40.) */
async function sidesWithBase(
  repository: PrivateRepository,
  base: string,
  ours: string,
  theirs: string,
  signal: AbortSignal,
): Promise<[string, string]> {
  const call = { signal, gitDir: repository.gitDir };
  const found = await git(['merge-base', '--all', ours, theirs], { ...call, codes: [0, 1] });
  if (found.stdout.toString('latin1').trim() === base) return [ours, theirs];
  const upon = async (side: string): Promise<string> =>
    commitTree(
      repository,
      await gitLine(['rev-parse', '--verify', `${side}^{tree}`], call),
      [root],
      'A side of a merge\n',
      signal,
    );
  const root = await commitTree(
    repository,
    await gitLine(['rev-parse', '--verify', `${base}^{tree}`], call),
    [],
    'A base of a merge\n',
    signal,
  );
  return [await upon(ours), await upon(theirs)];
}

/** Source: git-merge-tree(1), OUTPUT, as `-z` has it. */
function parseMerge(output: Buffer, sides: readonly [string, string]): { tree: string; paths: Map<string, string> } {
  const parts = splitNul(output).map((part) => part.toString('utf8'));
  const tree = parts[0] as string;
  const words = new Map<string, Set<string>>();
  const add = (path: string, word?: string): void => {
    const own = words.get(withoutLabel(path, sides)) ?? new Set();
    if (word !== undefined) own.add(word);
    words.set(withoutLabel(path, sides), own);
  };
  let at = 1;
  // <mode> SP <object> SP <stage> TAB <path>, up to an empty entry
  for (; at < parts.length && parts[at] !== ''; at++) add((parts[at] as string).replace(/^[^\t]*\t/, ''));
  at++;
  // <number of paths>, the paths, the kind, the message
  while (at < parts.length) {
    const count = Number(parts[at]);
    const paths = parts.slice(at + 1, at + 1 + count);
    const kind = parts[at + 1 + count] ?? '';
    const message = parts[at + 2 + count] ?? '';
    at += 3 + count;
    // The kind says "contents" where the message says "add/add" or "content".
    const word = /CONFLICT \(([^)]*)\)/.exec(message)?.[1] ?? /CONFLICT \(([^)]*)\)/.exec(kind)?.[1];
    if (word !== undefined) for (const path of paths) add(path, word);
  }
  const paths = new Map<string, string>();
  for (const [path, own] of words) {
    if (own.has('binary')) own.delete('content');
    paths.set(path, [...own].join(', ') || 'conflict');
  }
  return { tree, paths };
}

/** git moves a file out of a folder's way to `<path>~<side>`, or `<path>~<side>_<n>`. */
function withoutLabel(path: string, sides: readonly [string, string]): string {
  for (const side of sides) {
    const at = path.lastIndexOf(`~${side}`);
    if (at > 0 && /^(?:_\d+)?$/.test(path.slice(at + 1 + side.length))) return path.slice(0, at);
  }
  return path;
}

interface Untidy {
  readonly commit: string;
  readonly left: string;
  readonly right: string;
  readonly paths: ReadonlySet<string>;
}

/** Takes out the files that git moved aside, and gives the markers names that people and models can read. */
async function tidy(repository: PrivateRepository, tree: string, at: Untidy, signal: AbortSignal): Promise<string> {
  const sides = [at.left, at.right] as const;
  const entries = await listTree(repository, tree, { sizes: false, signal });
  const aside = entries
    .filter((entry) => withoutLabel(entry.path, sides) !== entry.path)
    .map(({ path }) => ({ path, content: null }));
  const inConflict = entries.filter((entry) => at.paths.has(entry.path) && entry.mode.startsWith('100'));
  const texts = await textsOf(repository, new Set(inConflict.map((entry) => entry.sha)), signal);
  const named: { path: string; content: string }[] = [];
  for (const { path, sha } of inConflict) {
    const text = texts.get(sha);
    const content = text
      ?.replaceAll(new RegExp(`^<{7} ${at.left}(?=\\r?$)`, 'gm'), '<<<<<<< ours')
      .replaceAll(/^\|{7} [0-9a-f]{4,64}(?=\r?$)/gm, '||||||| base')
      .replaceAll(new RegExp(`^>{7} ${at.right}(?=\\r?$)`, 'gm'), '>>>>>>> theirs');
    if (content !== undefined && content !== text) named.push({ path, content });
  }
  const files = [...aside, ...named];
  return files.length === 0 ? tree : (await treeWithFiles(repository, tree, at.commit, files, signal)).tree;
}

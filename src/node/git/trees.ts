import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { FileChange, FileSide } from '../../core/change/change.ts';
import { GitError, git, gitLine, splitNul } from './git.ts';
import { utf8 } from './person.ts';
import { mendRepository, scratchPath } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { isGitsOwn, writeTree } from './record.ts';
import { commitTree } from './snapshot.ts';

/** Reading and making trees in the private repository. A tree is named by its id or by a commit's. */

/** Longer files have no text. */
export const textBytes = 2 * 1024 * 1024;

/** Most that is read of blobs at once. */
const batchBytes = 32 * 1024 * 1024;

/** An id, and nothing that git could take for an option or another name. */
export function objectId(id: string): string {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id)) throw new Error(`${JSON.stringify(id)} is no object id`);
  return id;
}

/** Files that differ, with their text, sorted by path; a rename is a deletion and a creation. */
export async function changesBetween(
  repository: PrivateRepository,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<FileChange[]> {
  const args = [
    'diff-tree',
    '-r',
    '-z',
    '--raw',
    '--no-renames',
    '--full-index',
    '--no-abbrev',
    '--ignore-submodules=none',
    objectId(from),
    objectId(to),
  ];
  const parts = splitNul((await git(args, { signal, gitDir: repository.gitDir })).stdout);
  const found: { path: string; before?: Side; after?: Side }[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    // :<mode> <mode> <sha> <sha> <status>
    const [oldMode, newMode, oldSha, newSha] = (parts[i] as Buffer).toString('latin1', 1).split(' ') as [
      string,
      string,
      string,
      string,
    ];
    const before = sideOf(oldMode, oldSha);
    const after = sideOf(newMode, newSha);
    found.push({ path: (parts[i + 1] as Buffer).toString('utf8'), ...(before && { before }), ...(after && { after }) });
  }
  const sides = found
    .flatMap(({ before, after }) => [before, after])
    .filter((side) => side !== undefined && side.mode !== '160000');
  const texts = await textsOf(repository, new Set(sides.map((side) => (side as Side).sha)), signal);
  const withText = (side: Side): FileSide => {
    const text = side.mode === '160000' ? undefined : texts.get(side.sha);
    return { mode: side.mode, sha: side.sha, ...(text === undefined ? {} : { text }) };
  };
  return found
    .map(({ path, before, after }) => ({
      path,
      ...(before && { before: withText(before) }),
      ...(after && { after: withText(after) }),
    }))
    .sort(byPath);
}

interface Side {
  readonly mode: FileSide['mode'];
  readonly sha: string;
}

function sideOf(mode: string, sha: string): Side | undefined {
  if (/^0+$/.test(mode)) return undefined;
  // A tree written by hand may hold 100664 and its like; git itself takes them for 100644.
  const known = mode === '120000' || mode === '160000' || mode === '100755' ? mode : '100644';
  return { mode: known, sha };
}

function byPath(a: { path: string }, b: { path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}

/** The text of each blob that is one: valid UTF-8 without NUL, at most 2 MiB. Throws `UserError` (`lost-objects`) when one is gone. */
export async function textsOf(
  repository: PrivateRepository,
  shas: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  if (shas.size === 0) return texts;
  const call = { signal, gitDir: repository.gitDir, borrow: repository.borrow };
  const sized = await git(['cat-file', '--batch-check=%(objectname) %(objectsize)', '--buffer'], {
    ...call,
    input: [...shas].map((sha) => `${sha}\n`).join(''),
  });
  let batch: string[] = [];
  let bytes = 0;
  const readBatch = async (): Promise<void> => {
    if (batch.length === 0) return;
    const { stdout } = await git(['cat-file', '--batch', '--buffer'], {
      ...call,
      input: batch.map((sha) => `${sha}\n`).join(''),
    });
    let at = 0;
    for (const sha of batch) {
      // <sha> SP <type> SP <size> LF <contents> LF
      const line = stdout.indexOf(10, at);
      const size = Number(stdout.toString('latin1', at, line).split(' ')[2]);
      const content = stdout.subarray(line + 1, line + 1 + size);
      at = line + 1 + size + 1;
      const text = content.includes(0) ? undefined : utf8(content);
      if (text !== undefined) texts.set(sha, text);
    }
    batch = [];
    bytes = 0;
  };
  for (const line of sized.stdout.toString('latin1').split('\n')) {
    if (line === '') continue;
    const [sha, size] = line.split(' ') as [string, string];
    if (size === 'missing') throw lostObjects(sha);
    if (Number(size) > textBytes) continue;
    batch.push(sha);
    bytes += Number(size);
    if (bytes > batchBytes) await readBatch();
  }
  await readBatch();
  return texts;
}

/** What a person is told when borrowed objects are gone. */
export function lostObjects(what: string): UserError {
  return new UserError('lost-objects', `A file of this run (${what.slice(0, 12)}) is gone from your repository.`, {
    hint: 'A garbage collection removed it while it was borrowed. Start the run anew.',
  });
}

export interface TreeEntry {
  readonly mode: string;
  readonly sha: string;
  readonly path: string;
  /** In bytes; undefined for a submodule. */
  readonly size?: number;
}

/** All files of a tree, sorted by path. With `sizes` git looks at every blob. */
export async function listTree(
  repository: PrivateRepository,
  tree: string,
  options: { sizes: boolean; signal: AbortSignal },
): Promise<TreeEntry[]> {
  const args = ['ls-tree', '-r', '-z', '--full-tree', ...(options.sizes ? ['-l'] : []), objectId(tree)];
  const { stdout } = await git(args, { signal: options.signal, gitDir: repository.gitDir, borrow: repository.borrow });
  const entries = splitNul(stdout).map((line) => {
    const tab = line.indexOf(9);
    const [mode, , sha, size] = line.toString('latin1', 0, tab).split(/ +/) as [string, string, string, string?];
    return {
      mode,
      sha,
      path: line.toString('utf8', tab + 1),
      ...(size === undefined || size === '-' ? {} : { size: Number(size) }),
    };
  });
  return entries.sort(byPath);
}

/** The text of a regular file in a tree; undefined when it is not there, a link, a submodule, or no text. */
export async function readText(
  repository: PrivateRepository,
  tree: string,
  path: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const entry = await entryAt(repository, tree, path, signal);
  if (!entry?.mode.startsWith('100')) return undefined;
  return (await textsOf(repository, new Set([entry.sha]), signal)).get(entry.sha);
}

async function entryAt(
  repository: PrivateRepository,
  tree: string,
  path: string,
  signal: AbortSignal,
): Promise<TreeEntry | undefined> {
  // Paths come from models: what no tree can hold is not there.
  if (path === '' || path.includes('\0') || path.startsWith('/') || path.endsWith('/')) return undefined;
  const { stdout } = await git(['ls-tree', '-z', '--full-tree', objectId(tree), '--', path], {
    signal,
    gitDir: repository.gitDir,
  });
  for (const line of splitNul(stdout)) {
    const tab = line.indexOf(9);
    if (line.toString('utf8', tab + 1) !== path) continue;
    const [mode, , sha] = line.toString('latin1', 0, tab).split(' ') as [string, string, string];
    return { mode, sha, path };
  }
  return undefined;
}

/**
 * A tree like `tree` with these files replaced (`content: null` removes), as a commit upon `parent`. A file keeps its mode; a link stays
 * one, to where `content` says, as long as that is one line. A file in a folder's place replaces the folder, and the other way round.
 * Throws `UserError` (`bad-path`) for a path that no tree may hold.
 */
export async function treeWithFiles(
  repository: PrivateRepository,
  tree: string,
  parent: string,
  files: readonly { path: string; content: string | null }[],
  signal: AbortSignal,
): Promise<{ commit: string; tree: string }> {
  await mendRepository(repository);
  for (const { path } of files) if (!isTreePath(path)) throw badPath(path);
  const index = scratchPath(repository);
  const blobs = scratchPath(repository);
  const call = { signal, gitDir: repository.gitDir, index };
  try {
    await git(['read-tree', objectId(tree)], call);
    const written = files.filter((file): file is { path: string; content: string } => file.content !== null);
    const shas = await writeBlobs(
      repository,
      blobs,
      written.map((file) => file.content),
      signal,
    );
    const modes = new Map(
      (await listTree(repository, tree, { sizes: false, signal })).map((entry) => [entry.path, entry.mode]),
    );
    const zero = '0'.repeat(repository.format === 'sha256' ? 64 : 40);
    const gone = files.filter((file) => file.content === null).map(({ path }) => `0 ${zero}\t${path}\0`);
    const here = written.map(({ path, content }, i) => `${modeFor(modes.get(path), content)} ${shas[i]} 0\t${path}\0`);
    await git(['update-index', '-z', '--add', '--replace', '--index-info'], {
      ...call,
      input: [...gone, ...here].join(''),
    }).catch((error: unknown) => {
      const refused = error instanceof GitError ? /Invalid path '(.*)'/.exec(error.stderr)?.[1] : undefined;
      throw refused === undefined ? error : badPath(refused);
    });
    const made = await writeTree(repository, index, signal);
    return { commit: await commitTree(repository, made, [objectId(parent)], 'Files written\n', signal), tree: made };
  } finally {
    for (const path of [index, `${index}.lock`, blobs]) await rm(path, { recursive: true, force: true });
  }
}

function modeFor(before: string | undefined, content: string): string {
  if (before === '120000' && !/[\n\0]/.test(content)) return before;
  return before === '100755' ? before : '100644';
}

function isTreePath(path: string): boolean {
  const parts = path.split('/');
  return (
    !path.includes('\0') &&
    !isGitsOwn(path, false) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function badPath(path: string): UserError {
  return new UserError('bad-path', `${JSON.stringify(path)} is no path inside the project.`);
}

async function writeBlobs(
  repository: PrivateRepository,
  folder: string,
  contents: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  if (contents.length === 0) return [];
  await mkdir(folder);
  const paths = contents.map((_, i) => join(folder, String(i)));
  for (const [i, content] of contents.entries()) await writeFile(paths[i] as string, content);
  const input = paths.map((_, i) => `${i}\n`).join('');
  return (
    await gitLine(['hash-object', '-w', '--no-filters', '--stdin-paths'], {
      signal,
      gitDir: repository.gitDir,
      workTree: folder,
      input,
    })
  ).split('\n');
}

/** A unified diff for people, renames shown; past 64 MiB it is cut and says so. */
export async function diffForPeople(
  repository: PrivateRepository,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<string> {
  const args = [
    'diff',
    '--no-ext-diff',
    '--no-textconv',
    '--no-color',
    '--find-renames',
    '--src-prefix=a/',
    '--dst-prefix=b/',
    '--submodule=short',
    objectId(from),
    objectId(to),
  ];
  const call = { signal, gitDir: repository.gitDir, borrow: repository.borrow };
  try {
    return (await git(args, { ...call, maxBytes: 64 * 1024 * 1024 })).stdout.toString('utf8');
  } catch (error) {
    if (!(error instanceof UserError) || error.code !== 'too-large') throw error;
    const stat = await git(
      ['diff', '--stat=120', '--no-renames', '--no-ext-diff', '--no-color', objectId(from), objectId(to)],
      call,
    );
    return `The diff is longer than 64 MiB; this is its summary.\n\n${stat.stdout.toString('utf8')}`;
  }
}

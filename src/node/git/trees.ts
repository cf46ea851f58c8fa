import { UserError } from '../../core/errors.ts';
import type { FileChange, FileSide } from '../../core/change/change.ts';
import { git, GitError, splitNul } from './git.ts';
import { utf8 } from './person.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { isGitsOwn } from './record.ts';

/** Reading trees in the private repository. A tree is named by its id or by a commit's. */

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
  const found = await differingFiles(repository, from, to, signal);
  const sides = found
    .flatMap(({ before, after }) => [before, after])
    .filter((side) => side !== undefined && side.mode !== '160000');
  const sizes = new Map<string, number>();
  const texts = await textsOf(repository, new Set(sides.map((side) => (side as Side).sha)), signal, sizes);
  const withText = (side: Side): FileSide => {
    const text = side.mode === '160000' ? undefined : texts.get(side.sha);
    const bytes = sizes.get(side.sha);
    if (text !== undefined) return { mode: side.mode, sha: side.sha, text };
    return { mode: side.mode, sha: side.sha, ...(bytes !== undefined && { bytes }) };
  };
  return found
    .map(({ path, before, after }) => ({
      path,
      ...(before && { before: withText(before) }),
      ...(after && { after: withText(after) }),
    }))
    .sort(byPath);
}

/** Files that differ, without their text, in git's order. */
export async function differingFiles(
  repository: PrivateRepository,
  from: string,
  to: string,
  signal: AbortSignal,
): Promise<{ path: string; before?: Side; after?: Side }[]> {
  if (objectId(from) === objectId(to)) return [];
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', '--no-abbrev', '--ignore-submodules=none'];
  const call = { signal, gitDir: repository.gitDir };
  const parts = splitNul((await git([...args, from, to], call)).stdout);
  const found: { path: string; before?: Side; after?: Side }[] = [];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    // :<mode> <mode> <sha> <sha> <status>
    const head = (parts[i] as Buffer).toString('latin1', 1);
    const [oldMode, newMode, oldSha, newSha] = head.split(' ') as [string, string, string, string];
    const before = sideOf(oldMode, oldSha);
    const after = sideOf(newMode, newSha);
    found.push({ path: (parts[i + 1] as Buffer).toString('utf8'), ...(before && { before }), ...(after && { after }) });
  }
  return found;
}

/** One side of a file that differs: `FileSide` without its text. */
export interface Side {
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

/** The text of each blob that is one: valid UTF-8 without NUL, at most 2 MiB. Throws `UserError` (`lost-objects`) when one is gone. Sizes in bytes go into `sizes`. */
export async function textsOf(
  repository: PrivateRepository,
  shas: ReadonlySet<string>,
  signal: AbortSignal,
  sizes = new Map<string, number>(),
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
    sizes.set(sha, Number(size));
    if (Number(size) > textBytes) continue;
    batch.push(sha);
    bytes += Number(size);
    if (bytes > batchBytes) await readBatch();
  }
  await readBatch();
  return texts;
}

/** What a person is told when an object of a run is gone; `id` where it is known. */
export function lostObjects(id?: string, cause?: unknown): UserError {
  const which = id === undefined ? '' : ` (${id.slice(0, 12)})`;
  return new UserError('lost-objects', `A part of this run${which} is not there any more.`, {
    hint: 'The cache folder was emptied, or is another one now, or a garbage collection in your repository removed what was borrowed. Start the run anew.',
    cause,
  });
}

/** The error as `lost-objects` where git says that it cannot find what it was to read. */
export function lostError(error: unknown): unknown {
  const said = error instanceof GitError ? error.stderr : '';
  const lost =
    /unable to read (?:sha1|tree|[0-9a-f]{40})|bad object|not a (?:valid|tree) object|failed to unpack tree/i;
  return lost.test(said) ? lostObjects(/\b[0-9a-f]{40,64}\b/.exec(said)?.[0], error) : error;
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
  if (!isTreePath(path)) return undefined;
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

/** True for a path that a tree may hold. */
export function isTreePath(path: string): boolean {
  const parts = path.split('/');
  return (
    !path.includes('\0') &&
    !isGitsOwn(path, false) &&
    parts.every((part) => part !== '' && part !== '.' && part !== '..')
  );
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

/** The bytes of a file, by its blob id. Throws `UserError` (`lost-objects`) when it is gone. */
export async function readBlob(repository: PrivateRepository, sha: string, signal: AbortSignal): Promise<Buffer> {
  const call = { signal, gitDir: repository.gitDir, borrow: repository.borrow };
  const read = await git(['cat-file', 'blob', objectId(sha)], { ...call, codes: [0, 128] });
  if (read.code !== 0) throw lostObjects(sha);
  return read.stdout;
}

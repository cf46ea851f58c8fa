import { access, constants, lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { cQuoted, git, gitLine, splitNul } from './git.ts';
import type { PrivateRepository } from './privateRepository.ts';

/** Files on disk into an index, by their exact bytes, and the index into a tree. */

export interface Recorded {
  /** How many files the index lists now, submodules not counted. */
  readonly count: number;
  /** Files that are there and cannot be read. */
  readonly unreadable: readonly string[];
  /** Untracked files past `largest`. */
  readonly large: readonly { readonly path: string; readonly bytes: number }[];
  /** Paths that git takes for its own on some system. */
  readonly refused: readonly string[];
}

export interface RecordOptions {
  readonly root: string;
  /** Written; nobody else may use it meanwhile. */
  readonly index: string;
  /** Every path that the index may list when this is done. */
  readonly wanted: ReadonlySet<string>;
  /** Submodules, kept as they are. */
  readonly gitlinks: ReadonlyMap<string, string>;
  /** Largest size in bytes of files for which `limited` is true; larger ones are left out. */
  readonly largest?: number;
  readonly limited?: (path: string) => boolean;
  /** What the index says already, if the caller has looked. */
  readonly seen?: IndexState;
  readonly signal: AbortSignal;
}

export interface IndexState {
  readonly listed: readonly { readonly mode: string; readonly sha: string; readonly path: string }[];
  /** Files that may differ from what the index says of them. */
  readonly changed: ReadonlySet<string>;
  /** Files that are not there, or folders now. */
  readonly gone: ReadonlySet<string>;
}

/** Up to here files become loose objects; more of them are streamed into a pack, which is far quicker and smaller. */
const fewFiles = 100;
const fewBytes = 64 * 1024 * 1024;

/** Brings the index in step with the disk. What git already knows by date and size is not read again. */
export async function recordFolder(repository: PrivateRepository, options: RecordOptions): Promise<Recorded> {
  const { root, index, wanted, gitlinks, signal } = options;
  const { gitDir, borrow } = repository;
  const call = { signal, gitDir, workTree: root, index };
  const { listed, changed, gone } = options.seen ?? (await lookAtIndex(repository, index, root, signal));

  const drop = new Set<string>();
  const present = new Map<string, string>();
  for (const { mode, sha, path } of listed) {
    const link = gitlinks.get(path);
    if (mode === '160000' ? link === sha : wanted.has(path) && link === undefined) present.set(path, sha);
    else drop.add(path);
  }
  // What an earlier snapshot borrowed may be gone from the person's objects.
  for (const path of await lost(repository, present, gitlinks, signal)) {
    drop.add(path);
    present.delete(path);
  }
  for (const path of gone) if (present.delete(path)) drop.add(path);
  const fresh = [...wanted].filter((path) => !present.has(path) && !gone.has(path) && !gitlinks.has(path));
  const again = [...changed].filter((path) => present.has(path) && !gitlinks.has(path));

  const found = await examine(root, [...fresh, ...again], options, signal);
  for (const path of [...found.missing, ...found.unreadable, ...found.refused, ...found.large.map((one) => one.path)])
    if (present.has(path)) drop.add(path);
  if (drop.size > 0) await git(['update-index', '-z', '--force-remove', '--stdin'], { ...call, input: nulList(drop) });

  const newLinks = [...gitlinks].filter(([path]) => !present.has(path));
  if (newLinks.length > 0) {
    await git(['update-index', '-z', '--replace', '--index-info'], {
      ...call,
      input: newLinks.map(([path, sha]) => `160000 ${sha} 0\t${path}\0`).join(''),
    });
  }
  const paths = found.files.map((file) => file.path);
  const few = paths.length <= fewFiles && found.bytes <= fewBytes;
  const unknown = few ? paths : await enterKnown(repository, options, found.files);
  const add = ['update-index', '-z', '--add', '--replace', '--remove', '--stdin'];
  // Streaming puts them into one pack; links and empty files are never streamed.
  if (!few) await git(add, { ...call, borrow, config: { 'core.bigFileThreshold': '0' }, input: nulList(unknown) });
  const rest = few ? [...unknown, ...found.small] : found.small;
  if (rest.length > 0) await git(add, { ...call, input: nulList(rest) });
  const kept = [...present.keys()].filter((path) => !gitlinks.has(path) && !drop.has(path)).length;
  return { ...found, count: kept + [...paths, ...found.small].filter((path) => !present.has(path)).length };
}

/**
 * Enters files whose content is there already, borrowed or not, without writing it anew and without renewing the date of the
 * borrowed copy, as `update-index --add` would. Resolves to the others.
 */
async function enterKnown(
  repository: PrivateRepository,
  { root, index, signal }: RecordOptions,
  files: readonly { readonly path: string; readonly executable: boolean }[],
): Promise<string[]> {
  const call = { signal, gitDir: repository.gitDir, workTree: root, index };
  const names = files.map(({ path }) => `${/[\n"]/.test(path) ? cQuoted(path) : path}\n`).join('');
  const hashed = await gitLine(['hash-object', '--no-filters', '--stdin-paths'], { ...call, input: names });
  const shas = hashed.split('\n');
  const missing = await missingObjects(repository, new Set(shas), repository.borrow, signal);
  const known: string[] = [];
  const unknown: string[] = [];
  for (const [i, { path, executable }] of files.entries()) {
    const sha = shas[i] as string;
    if (missing.has(sha)) unknown.push(path);
    else known.push(`${executable ? '100755' : '100644'} ${sha} 0\t${path}\0`);
  }
  if (known.length === 0) return unknown;
  await git(['update-index', '-z', '--add', '--replace', '--index-info'], { ...call, input: known.join('') });
  // Notes dates and sizes, for the next time. 1: something changed meanwhile; the next snapshot sees that.
  await git(['update-index', '-q', '--ignore-submodules', '--refresh'], {
    ...call,
    borrow: repository.borrow,
    codes: [0, 1],
  });
  return unknown;
}

/** Compares an index with the disk by what git noted of each file. An index that is not there lists nothing. */
export async function lookAtIndex(
  repository: PrivateRepository,
  index: string,
  root: string,
  signal: AbortSignal,
): Promise<IndexState> {
  const [listed, changes] = await Promise.all([
    listIndex(repository, index, root, signal),
    changedFiles(repository, index, root, signal),
  ]);
  return { listed, ...changes };
}

/** The tree of an index. Its blobs may be borrowed. */
export function writeTree(repository: PrivateRepository, index: string, signal: AbortSignal): Promise<string> {
  return gitLine(['write-tree', '--missing-ok'], { signal, gitDir: repository.gitDir, index });
}

/** Paths that are no UTF-8 are never in an index of ours. */
async function listIndex(
  repository: PrivateRepository,
  index: string,
  root: string,
  signal: AbortSignal,
): Promise<{ mode: string; sha: string; path: string }[]> {
  const { stdout } = await git(['ls-files', '-z', '--stage'], {
    signal,
    gitDir: repository.gitDir,
    workTree: root,
    index,
  });
  return splitNul(stdout).map((line) => {
    const tab = line.indexOf(9);
    const [mode, sha] = line.toString('latin1', 0, tab).split(' ') as [string, string];
    return { mode, sha, path: line.toString('utf8', tab + 1) };
  });
}

async function changedFiles(
  repository: PrivateRepository,
  index: string,
  root: string,
  signal: AbortSignal,
): Promise<{ changed: Set<string>; gone: Set<string> }> {
  // Submodules are not asked: git would run `git status` in them, under their own configuration.
  const args = ['diff-files', '-z', '--name-status', '--no-renames', '--ignore-submodules=all'];
  const { stdout } = await git(args, {
    signal,
    gitDir: repository.gitDir,
    workTree: root,
    index,
    borrow: repository.borrow,
  });
  const changed = new Set<string>();
  const gone = new Set<string>();
  const parts = splitNul(stdout);
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const path = (parts[i + 1] as Buffer).toString('utf8');
    (parts[i]?.toString('latin1') === 'D' ? gone : changed).add(path);
  }
  return { changed, gone };
}

/** Paths whose blob is nowhere any more. */
async function lost(
  repository: PrivateRepository,
  present: ReadonlyMap<string, string>,
  gitlinks: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<string[]> {
  const files = [...present].filter(([path]) => !gitlinks.has(path));
  if (files.length === 0) return [];
  const missing = await missingObjects(repository, new Set(files.map(([, sha]) => sha)), repository.borrow, signal);
  return files.filter(([, sha]) => missing.has(sha)).map(([path]) => path);
}

/** Which of these objects are neither in the private repository nor in what is borrowed. */
export async function missingObjects(
  repository: PrivateRepository,
  shas: Iterable<string>,
  borrow: readonly string[],
  signal: AbortSignal,
): Promise<Set<string>> {
  const input = [...shas].map((sha) => `${sha}\n`).join('');
  if (input === '') return new Set();
  const { stdout } = await git(['cat-file', '--batch-check=%(objectname)', '--buffer'], {
    signal,
    gitDir: repository.gitDir,
    borrow,
    input,
  });
  const missing = new Set<string>();
  for (const line of stdout.toString('latin1').split('\n'))
    if (line.endsWith(' missing')) missing.add(line.slice(0, -8));
  return missing;
}

interface Examined extends Omit<Recorded, 'count'> {
  readonly files: { readonly path: string; readonly executable: boolean }[];
  /** Links and empty files. */
  readonly small: string[];
  readonly missing: string[];
  readonly bytes: number;
}

/** Looks at each path without following a link, in its last part or before it. */
async function examine(
  root: string,
  paths: readonly string[],
  { largest = Infinity, limited = () => true }: RecordOptions,
  signal: AbortSignal,
): Promise<Examined> {
  const found = {
    files: [] as { path: string; executable: boolean }[],
    small: [] as string[],
    missing: [] as string[],
    unreadable: [] as string[],
    refused: [] as string[],
    large: [] as { path: string; bytes: number }[],
    bytes: 0,
  };
  const folders = new Map<string, Promise<boolean>>([['', Promise.resolve(true)]]);
  const isRealFolder = (path: string): Promise<boolean> => {
    let known = folders.get(path);
    if (!known) {
      known = isRealFolder(path.slice(0, Math.max(0, path.lastIndexOf('/')))).then(
        async (above) =>
          above &&
          (await lstat(join(root, path)).then(
            (stat) => stat.isDirectory(),
            () => true,
          )),
      );
      folders.set(path, known);
    }
    return known;
  };
  const one = async (path: string): Promise<void> => {
    if (!(await isRealFolder(path.slice(0, Math.max(0, path.lastIndexOf('/')))))) return void found.missing.push(path);
    const absolute = join(root, path);
    try {
      const stat = await lstat(absolute);
      const [link, size] = [stat.isSymbolicLink(), stat.size];
      if (!link && !stat.isFile()) return void found.missing.push(path);
      if (isGitsOwn(path, link)) return void found.refused.push(path);
      if (link) return void found.small.push(path);
      if (size > largest && limited(path)) return void found.large.push({ path, bytes: size });
      await access(absolute, constants.R_OK);
      if (size === 0) return void found.small.push(path);
      found.files.push({ path, executable: process.platform !== 'win32' && (stat.mode & 0o100) !== 0 });
      found.bytes += size;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') found.missing.push(path);
      else found.unreadable.push(path);
    }
  };
  for (let i = 0; i < paths.length; i += 256) {
    signal.throwIfAborted();
    await Promise.all(paths.slice(i, i + 256).map(one));
  }
  for (const list of [found.unreadable, found.refused]) list.sort();
  return found;
}

/**
 * True for a path that git would take for its own folder on some system, and so never records: `.GIT`, `git~1`, `.g\u200cit`, `.git.`,
 * `.git::$INDEX_ALLOCATION`, and a link in the place of `.gitmodules`. Source: verify_path and is_ntfs_dotgit in git's sources.
 */
export function isGitsOwn(path: string, link: boolean): boolean {
  return path.split(/[/\\]/).some((part) => {
    // HFS+ ignores these in names.
    const plain = part.replace(/[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]/g, '').toLowerCase();
    const name = plain.replace(/:.*$/s, '').replace(/[ .]+$/, '');
    return name === '.git' || name === 'git~1' || (link && /^(?:\.gitmodules|gitmod~\d)$/.test(name));
  });
}

/** A list of paths as git reads it. */
function nulList(paths: Iterable<string>): string {
  return [...paths].map((path) => `${path}\0`).join('');
}

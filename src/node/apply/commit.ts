import {
  appendFile,
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  readFile,
  readlink,
  rename,
  rmdir,
  symlink,
  unlink,
} from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { syncFolder } from '../files.ts';
import { inspect, isAbsence } from './inspect.ts';
import { inFolder, locate } from './place.ts';
import { flush } from './versions.ts';
import { doneName, isState, stagedName } from './stage.ts';
import type { Entry, Manifest, State } from './stage.ts';

/** Puts staged files in their places. Each is looked at once more right before it is replaced, and replaced as a whole. */

/** Thrown when something is not as it was staged any more; what was written has to be rolled back. */
export class Changed extends Error {
  readonly path: string;
  constructor(path: string, why: string) {
    super(why);
    this.name = 'Changed';
    this.path = path;
  }
}

export interface Committing {
  /** A real path. */
  readonly root: string;
  readonly folder: string;
  readonly manifest: Manifest;
  readonly signal: AbortSignal;
  hook(point: string): Promise<void>;
}

/** Writes everything and marks it as done, or rejects in the middle. The last rename is what decides. */
export async function commit(committing: Committing): Promise<void> {
  const { root, folder, manifest, hook, signal } = committing;
  const rows = manifest.entries.map((entry, n) => ({ entry, n }));
  const next = async (point: string): Promise<void> => {
    signal.throwIfAborted();
    await hook(point);
    signal.throwIfAborted();
  };
  for (const { entry, n } of rows.filter((row) => row.entry.new.kind === 'absent')) {
    await next(`before ${n}`);
    await inPlace(committing, entry, (target) => unlinkAny(target, entry.old));
    await note(folder, n);
    await hook(`after ${n}`);
  }
  for (const { path } of manifest.empties) {
    await hook(`empty ${path}`);
    await removeFolder(root, path);
  }
  for (const { path, mode } of manifest.makes) {
    await next(`make ${path}`);
    await makeFolderAt(root, path, mode);
  }
  for (const { entry, n } of rows.filter((row) => row.entry.new.kind !== 'absent')) {
    await next(`before ${n}`);
    await inPlace(committing, entry, (target) => put(target, join(folder, 'out', String(n)), entry, manifest.token));
    await note(folder, n);
    await hook(`after ${n}`);
  }
  for (const path of new Set(rows.map(({ entry }) => dirname(entry.real)))) {
    await syncFolder(join(root, path)).catch((error: unknown) => {
      if (!isAbsence(error)) throw error;
    });
  }
  await next('written');
  await rename(join(folder, stagedName), join(folder, doneName));
  // It is done; a rename that a failing machine forgets is rolled back when it is up again.
  await syncFolder(folder).catch(() => {});
}

/** Writes down that an entry was written: by it a roll-back tells an edit of what was applied from one of what was there. */
async function note(folder: string, n: number): Promise<void> {
  await appendFile(join(folder, 'written'), `${n}\n`);
}

/** The entries that are known to have been written; the one at which a crash came may be missing. */
export async function writtenIn(folder: string): Promise<Set<number>> {
  const text = await readFile(join(folder, 'written'), 'utf8').catch(() => '');
  return new Set(text.split('\n').slice(0, -1).map(Number));
}

/** Calls `act` with the path of the entry, once it is certain that it lies where it was staged and is as it was staged. */
async function inPlace(
  { root, hook }: Committing,
  entry: Entry,
  act: (target: string) => Promise<void>,
): Promise<void> {
  const folder = join(root, dirname(entry.real));
  const name = basename(entry.real);
  const place = await locate(root, entry.real);
  const astray = (): Changed => new Changed(entry.path, 'a folder on the way has become another');
  if ('why' in place || place.missing.length > 0 || place.folder !== folder) throw astray();
  const done = await inFolder(folder, async (prefix) => {
    const target = join(prefix, name);
    if (!isState(await inspect(target), entry.old)) throw new Changed(entry.path, 'it has changed in this moment');
    await hook(`verified ${entry.path}`);
    await act(target);
  });
  // Once more, for the moment between look and act.
  if (!done || !(await inFolder(folder, async () => true))) throw astray();
}

async function put(target: string, out: string, entry: Entry, token: string): Promise<void> {
  if (entry.old.kind === 'absent') await create(target, out, entry, token);
  else await moveTo(target, out, token);
}

/** Puts a file where nothing is; fails if something has come there meanwhile. */
async function create(target: string, out: string, entry: Entry, token: string): Promise<void> {
  try {
    if (entry.new.kind === 'link') await symlink(entry.new.target, target);
    else await link(out, target);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new Changed(entry.path, 'a file of this name has come to be');
    if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EROFS' || entry.new.kind === 'link') throw error;
    // No hard links here, or another file system: that nothing is there was seen just now.
    await moveTo(target, out, token);
    return;
  }
  await unlink(out);
}

/** Name of a temporary beside the person's file, which a crash can leave; recovery looks for it. */
export function temporaryBeside(target: string, token: string): string {
  return join(dirname(target), `.orchestra-${token}.tmp`);
}

/** Moves a file or link of ours over whatever file or link is at `target`. */
export async function moveTo(target: string, source: string, token: string): Promise<void> {
  // Windows replaces no file that is read-only.
  if (process.platform === 'win32') await chmod(target, 0o666).catch(() => {});
  try {
    await rename(source, target);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
  }
  // Another file system is mounted there: the bytes go first, then the name.
  const temporary = temporaryBeside(target, token);
  try {
    const seen = await lstat(source);
    if (seen.isSymbolicLink()) await symlink(await readlink(source), temporary);
    else {
      await copyFile(source, temporary);
      await chmod(temporary, seen.mode & 0o7777);
      await flush(temporary);
    }
    await rename(temporary, target);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await unlink(source);
}

/** Removes a file or link, on Windows also a read-only one. */
export async function unlinkAny(target: string, old: State): Promise<void> {
  if (process.platform === 'win32' && old.kind === 'file' && !(old.mode & 0o200)) await chmod(target, 0o666);
  await unlink(target);
}

/** Removes a folder if it is there and empty. */
export async function removeFolder(root: string, path: string): Promise<void> {
  // A link is not removed, and not followed: its parent is the one that was looked at.
  await inFolder(join(root, dirname(path)), async (prefix) => {
    await rmdir(join(prefix, basename(path))).catch((error: unknown) => {
      const { code } = error as NodeJS.ErrnoException;
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EBUSY'].includes(code ?? '')) throw error;
    });
  });
}

/** Makes one folder; one that is there stays as it is. Throws `Changed`. */
export async function makeFolderAt(root: string, path: string, mode: number | undefined): Promise<void> {
  const done = await inFolder(join(root, dirname(path)), async (prefix) => {
    const folder = join(prefix, basename(path));
    try {
      await mkdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      if (!(await lstat(folder)).isDirectory()) throw new Changed(path, 'something stands where a folder is needed');
      return;
    }
    if (mode !== undefined) await chmod(folder, mode);
  });
  if (!done) throw new Changed(path, 'a folder on the way has become another');
}

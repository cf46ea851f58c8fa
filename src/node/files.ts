import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, readFile, readdir, realpath, rename, rm, stat, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { UserError } from '../core/errors.ts';
import { isWithin } from './paths.ts';
import { lifeOf, ownerSchema, thisOwner } from './run/owner.ts';
import type { Owner } from './run/owner.ts';
import { watchFolder } from './run/watch.ts';
import type { FolderWatch } from './run/watch.ts';

/** Writing that is whole or not there at all, whatever ends the process or the machine, and locks that the dead do not keep. */

export interface WriteOptions {
  /** Permission bits of a new file; the default leaves them to the umask. */
  readonly mode?: number;
}

/**
 * Replaces the file as a whole: readers see the old text or the new one, and when it resolves the new one is on disk. A symbolic
 * link is replaced, not followed. Throws `UserError` (`disk-full`, `read-only`, `not-a-folder`); the old file is then as it was.
 */
export async function writeAtomic(path: string, data: string | Uint8Array, options: WriteOptions = {}): Promise<void> {
  const temporary = temporaryFor(path);
  try {
    await writeNew(temporary, data, options.mode, true);
    await insist(() => rename(temporary, path));
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskError(error, path);
  }
}

/** Creates the file, whole and on disk; false when there is one of that name. Throws as `writeAtomic` does. */
export async function createExclusive(
  path: string,
  data: string | Uint8Array,
  options: WriteOptions & { durable?: boolean } = {},
): Promise<boolean> {
  const durable = options.durable ?? true;
  const temporary = temporaryFor(path);
  try {
    await writeNew(temporary, data, options.mode, durable);
    const made = await insist(() => linkOrCreate(temporary, path, data, options.mode));
    await unlink(temporary);
    if (made && durable) await syncFolder(dirname(path));
    return made;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw diskError(error, path);
  }
}

/** Makes a folder and what is missing above it, on disk when it resolves. Throws as `writeAtomic` does. */
export async function makeFolder(path: string): Promise<void> {
  try {
    // Not `recursive`: on a read-only disk Node then says that the path does not exist.
    await mkdir(path);
    await syncFolder(dirname(path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && dirname(path) !== path) {
      await makeFolder(dirname(path));
      return makeFolder(path);
    }
    // EPERM, EROFS and the like are also said of what is there: drives, mounts, other people's folders.
    if (code !== 'ENOENT' && (await stat(path).catch(() => undefined))?.isDirectory()) return;
    throw diskError(error, path);
  }
}

/**
 * Removes temporaries of ours that a crash left in this folder: older than given, or a second old and of a process that is gone.
 * Resolves to how many. Never throws.
 */
export async function removeStale(folder: string, olderThanMs: number): Promise<number> {
  let removed = 0;
  for (const path of await staleIn(folder, olderThanMs))
    await unlink(path).then(
      () => removed++,
      () => {},
    );
  return removed;
}

/** The paths of those temporaries. Never throws. */
export async function staleIn(folder: string, olderThanMs: number): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  const stale: string[] = [];
  for (const name of names) {
    const pid = /^[.].+[.](\d+)[.][0-9a-f]{12}[.]tmp$/.exec(name)?.[1];
    if (pid === undefined) continue;
    const path = join(folder, name);
    const found = await lstat(path).catch(() => undefined);
    if (!found?.isFile()) continue;
    const age = Date.now() - found.mtimeMs;
    // The second is for a process in another container, which nobody can see from here.
    if (age < olderThanMs && (age < 1000 || isThere(Number(pid)))) continue;
    stale.push(path);
  }
  return stale;
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Makes the entries of a folder durable. Does nothing where folders cannot be flushed (Windows, some network folders). */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, constants.O_RDONLY);
    await handle.sync();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (!['EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'EISDIR', 'EBADF', 'EACCES', 'EPERM', 'ENOSYS'].includes(code ?? '')) {
      throw error;
    }
  } finally {
    await handle?.close();
  }
}

/** True when the real place of `path`, which may be yet to come, is `root` or lies under it. Both may hold symbolic links. */
export async function liesWithin(root: string, path: string): Promise<boolean> {
  const real = await realPlace(resolve(path));
  return real !== undefined && isWithin(await realpath(root), real);
}

/** Throws `UserError` (`leads-outside`, or of the disk) unless `path` lies within the project at `root`. */
export async function refuseOutside(root: string, path: string): Promise<void> {
  const within = await liesWithin(root, path).catch((error: unknown) => {
    throw diskError(error, path);
  });
  if (within) return;
  throw new UserError('leads-outside', `${path} leads out of the project.`, {
    hint: 'Something on the way is a symbolic link. Put a folder in its place.',
  });
}

/** The error as a `UserError` if a person can act on it: full disk, no right to write, a file where a folder belongs. */
export function diskError(error: unknown, path: string): unknown {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new UserError('disk-full', `No room is left on the disk (or in your quota) to write ${path}.`, {
        hint: 'Free some space and go on: what was written before is whole, and nothing of it is lost.',
        cause: error,
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new UserError('read-only', `${path} cannot be written: it is read-only, or not yours, or in use.`, {
        hint: 'Make the folder writable for you, or work in a copy of it.',
        cause: error,
      });
    case 'ENOTDIR':
    case 'EEXIST':
      return new UserError('not-a-folder', `${path} cannot be written: a file stands where a folder is needed.`, {
        hint: 'Move that file away.',
        cause: error,
      });
    case 'ELOOP':
      return new UserError('leads-outside', `${path} is a symbolic link, and is not followed.`, {
        hint: 'Put a plain file or folder in its place.',
        cause: error,
      });
    default:
      return error;
  }
}

export interface LockOptions {
  readonly signal: AbortSignal;
  /** How long to wait for a holder on another machine, of whom nobody here can tell whether it lives; default 20 s, then `UserError` (`locked`). */
  readonly patienceMs?: number;
}

/**
 * Runs `fn` while this process alone holds the lock file. Waits for a living holder as long as it takes, takes over from a dead one, never
 * from the living. The folder must exist. Not reentrant.
 */
export async function withLock<T>(path: string, fn: () => Promise<T>, options: LockOptions): Promise<T> {
  const mine = await thisOwner();
  await takeLock(path, mine, options);
  try {
    return await fn();
  } finally {
    // Gone already only if a person removed it.
    const held = await readLock(path).catch(() => undefined);
    if (held?.id === mine.nonce) await insist(() => unlink(path)).catch(() => {});
  }
}

async function takeLock(path: string, mine: Owner, { signal, patienceMs = 20_000 }: LockOptions): Promise<void> {
  const began = performance.now();
  let watch: FolderWatch | undefined;
  try {
    for (;;) {
      signal.throwIfAborted();
      const held = await readLock(path);
      if (!held) {
        if (await createExclusive(path, `${JSON.stringify(mine)}\n`, { durable: false })) return;
        continue;
      }
      const life = held.owner ? await lifeOf(held.owner) : held.ageMs > 30_000 ? 'dead' : 'living';
      if (life === 'dead') {
        await breakLock(path, held.id, { signal, patienceMs });
        continue;
      }
      if (life === 'unknown' && performance.now() - began > patienceMs) {
        throw new UserError('locked', `${path} is held by process ${held.owner?.pid} on ${held.owner?.host}.`, {
          hint: `If that process is gone for certain, remove ${path}.`,
        });
      }
      // The first time round only opens the watch: what happened before it is seen by one more look.
      if (watch) await watch.next();
      watch ??= watchFolder(dirname(path), 100, signal);
    }
  } finally {
    watch?.close();
  }
}

/** True for a lock file whose holder is certainly gone. */
export async function isDeadLock(path: string): Promise<boolean> {
  const held = await readLock(path).catch(() => undefined);
  return held !== undefined && (held.owner ? (await lifeOf(held.owner)) === 'dead' : held.ageMs > 30_000);
}

/**
 * Removes the lock of a dead holder. Two that saw the same dead lock must not remove the next holder's, so whoever removes holds a lock
 * of its own, named after the dead one, and looks once more.
 */
async function breakLock(path: string, id: string, options: LockOptions): Promise<void> {
  const remove = async (): Promise<void> => {
    if ((await readLock(path))?.id === id) await insist(() => unlink(path));
  };
  await withLock(`${path}.${id}`, remove, options);
}

async function readLock(path: string): Promise<{ id: string; owner?: Owner; ageMs: number } | undefined> {
  let text: string;
  let found: { ino: number; mtimeMs: number };
  try {
    found = await stat(path);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isGone(error)) return undefined;
    throw diskError(error, path);
  }
  try {
    const owner = ownerSchema.parse(JSON.parse(text));
    return { id: owner.nonce, owner, ageMs: 0 };
  } catch {
    // Only where there are no hard links is a lock seen half written; what stays so was left by a crash.
    return { id: `${found.ino}-${Math.trunc(found.mtimeMs)}`, ageMs: Date.now() - found.mtimeMs };
  }
}

function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  // Windows: a file that is being removed cannot be opened any more.
  return code === 'ENOENT' || (process.platform === 'win32' && (code === 'EPERM' || code === 'EBUSY'));
}

function temporaryFor(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}.${randomBytes(6).toString('hex')}.tmp`);
}

async function writeNew(path: string, data: string | Uint8Array, mode = 0o666, durable = true): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(data);
    if (durable) await handle.sync();
  } finally {
    await handle.close();
  }
}

/** True when `path` came to be; false when it was there. */
async function linkOrCreate(from: string, path: string, data: string | Uint8Array, mode?: number): Promise<boolean> {
  try {
    await link(from, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (!['EPERM', 'EACCES', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EINVAL', 'UNKNOWN'].includes(code ?? '')) {
      throw error;
    }
  }
  // No hard links here (FAT, some network folders): still exclusive, but a reader may catch it half written.
  try {
    await writeNew(path, data, mode);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Windows refuses while a virus scanner or an editor has the file open: try again, about two seconds in all. */
async function insist<T>(act: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await act();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const passing = code === 'EPERM' || code === 'EACCES' || code === 'EBUSY';
      if (process.platform !== 'win32' || !passing || attempt === 10) throw error;
      await delay(attempt * 40);
    }
  }
}

/** The real path of what is there or is yet to come; undefined for a link that leads nowhere or in a circle. Throws what else the system says. */
export async function realPlace(path: string): Promise<string | undefined> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ELOOP') return undefined;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    const there = await lstat(path).catch(() => undefined);
    if (there?.isSymbolicLink()) return undefined;
    // Somebody made it in between.
    if (there) return realPlace(path);
    const above = await realPlace(dirname(path));
    return above === undefined ? undefined : join(above, basename(path));
  }
}

import { constants } from 'node:fs';
import { lstat, open, readdir, readlink, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { isAbsence } from './inspect.ts';

/** Where a path of a change really lies in the person's folder. */

export interface Place {
  /** The real path of the deepest folder on the way that is there. */
  readonly folder: string;
  /** Folders that are missing below it, outermost first. */
  readonly missing: readonly string[];
  readonly name: string;
  /** The whole real path, relative to the real root, `/` between the parts. Differs from the path where a link is on the way. */
  readonly real: string;
}

export interface NoPlace {
  /** `outside`: a link leads out of the folder, or nowhere. `blocked`: a file stands where a folder is needed. */
  readonly code: 'outside' | 'blocked';
  /** A clause for a person. */
  readonly why: string;
}

/**
 * Finds the place of a path, following links to folders only as long as they stay inside `root`, which must be a real path.
 * What stands at one of the paths in `gone` counts as not there.
 */
export async function locate(
  root: string,
  path: string,
  gone: ReadonlySet<string> = new Set(),
): Promise<Place | NoPlace> {
  const parts = path.split('/');
  const name = parts.pop() as string;
  let folder = root;
  for (const [n, part] of parts.entries()) {
    const next = join(folder, part);
    const found = await lstat(next).catch(absent);
    const way = parts.slice(0, n + 1).join('/');
    if (!found || (gone.has(way) && !found.isDirectory())) return place(root, folder, parts.slice(n), name);
    if (found.isSymbolicLink()) {
      const real = await realpath(next).catch(() => '');
      if (real === '' || !within(root, real))
        return { code: 'outside', why: `${way} is a link to a place outside the folder` };
      if (!(await lstat(real)).isDirectory()) return { code: 'blocked', why: `${way} is no folder` };
      folder = real;
    } else if (found.isDirectory()) folder = next;
    else return { code: 'blocked', why: `${way} is no folder` };
  }
  // A file system without case gives the name as it is on disk, so that it is judged by that.
  return place(root, await realpath(folder), [], name);
}

function place(root: string, folder: string, missing: readonly string[], name: string): Place {
  const real = [...relative(root, folder).split(sep), ...missing, name].filter((part) => part !== '').join('/');
  return { folder, missing, name, real };
}

function absent(error: unknown): undefined {
  if (isAbsence(error)) return undefined;
  throw error;
}

/** True when `path` is `root` or lies under it; both real paths. */
export function within(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && join(root, way) === path);
}

/**
 * The name under which an entry stands in its folder, when that is another one than asked for: a file system without case finds `a.ts`
 * for `A.ts`, Windows finds it for a short name. Undefined when it stands there as asked, or not at all.
 */
export async function otherName(folder: string, name: string): Promise<string | undefined> {
  const found = await lstat(join(folder, name)).catch(absent);
  if (!found) return undefined;
  const names = await readdir(folder);
  // macOS may keep a name in another Unicode form; that is the same name to a person.
  if (names.some((one) => one === name || one.normalize() === name.normalize())) return undefined;
  const folded = name.normalize().toLowerCase();
  return names.find((one) => one.normalize().toLowerCase() === folded) ?? 'another name';
}

/**
 * Calls `act` with the path by which the folder is to be addressed, if it still is the one at `folder` (a real path); resolves to
 * undefined when it is not. On Linux that path goes through an open handle, so that a link which takes the folder's place afterwards leads
 * nowhere; elsewhere a moment stays between look and act.
 */
export async function inFolder<T>(
  folder: string,
  act: (prefix: string) => Promise<T>,
): Promise<{ value: T } | undefined> {
  if (process.platform !== 'linux') return (await isReal(folder)) ? { value: await act(folder) } : undefined;
  let handle: FileHandle;
  try {
    handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if (isAbsence(error) || (error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
  try {
    const prefix = `/proc/self/fd/${handle.fd}`;
    const real = await readlink(prefix).catch(() => undefined);
    // Without /proc, as elsewhere.
    if (real === undefined) return (await isReal(folder)) ? { value: await act(folder) } : undefined;
    return real === folder ? { value: await act(prefix) } : undefined;
  } finally {
    await handle.close();
  }
}

async function isReal(folder: string): Promise<boolean> {
  return (await realpath(folder).catch(() => '')) === folder;
}

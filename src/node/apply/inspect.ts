import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** What stands at a path, without following a link there. */

export interface FoundFile {
  readonly kind: 'file';
  /** The permission bits; on Windows always 0o644 or 0o444, which are all that it has. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names that this file has; more than one is a hard link. */
  readonly links: number;
  readonly size: number;
  /** git's blob id of its bytes, in both of git's formats. */
  readonly sha1: string;
  readonly sha256: string;
}

export type Found =
  | { readonly kind: 'absent' }
  | FoundFile
  | { readonly kind: 'link'; readonly target: string }
  | { readonly kind: 'folder' }
  /** A socket, a pipe, a device; or a file that was being replaced while it was read. */
  | { readonly kind: 'other' };

/** Reads a file to its end, in pieces, for its ids. Rejects when it may not be read. */
export async function inspect(path: string): Promise<Found> {
  let seen;
  try {
    seen = await lstat(path);
  } catch (error) {
    // ENOTDIR: a file stands where a folder was.
    if (isAbsence(error)) return { kind: 'absent' };
    throw error;
  }
  if (seen.isSymbolicLink()) return { kind: 'link', target: await readlink(path) };
  if (seen.isDirectory()) return { kind: 'folder' };
  if (!seen.isFile()) return { kind: 'other' };
  let handle: FileHandle;
  try {
    // A link or a pipe that came in between is neither followed nor waited for.
    handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (isAbsence(error)) return { kind: 'absent' };
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return { kind: 'other' };
    throw error;
  }
  try {
    return await describe(handle);
  } finally {
    await handle.close();
  }
}

async function describe(handle: FileHandle): Promise<Found> {
  const { mode, uid, gid, nlink, size } = await handle.stat();
  if ((mode & constants.S_IFMT) !== constants.S_IFREG) return { kind: 'other' };
  const hashes = [createHash('sha1'), createHash('sha256')];
  for (const hash of hashes) hash.update(`blob ${size}\0`);
  const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(size, 1 << 20)));
  let read = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, read);
    if (bytesRead === 0) break;
    for (const hash of hashes) hash.update(buffer.subarray(0, bytesRead));
    read += bytesRead;
  }
  // It grew or shrank under our eyes: such ids name nothing.
  if (read !== size) return { kind: 'other' };
  const [sha1, sha256] = hashes.map((hash) => hash.digest('hex')) as [string, string];
  return { kind: 'file', mode: permissions(mode), uid, gid, links: nlink, size, sha1, sha256 };
}

function permissions(mode: number): number {
  if (process.platform !== 'win32') return mode & 0o7777;
  return mode & 0o200 ? 0o644 : 0o444;
}

/** True for the error that says that nothing is there. */
export function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP';
}

/** git's blob id of these bytes, in the format of an id that it is to be compared with. */
export function blobId(bytes: Uint8Array, like: string): string {
  return createHash(like.length === 64 ? 'sha256' : 'sha1')
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest('hex');
}

import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { chmod, copyFile, open, readFile } from 'node:fs/promises';
import type { FileChange, FileSide } from '../../core/change/change.ts';
import { blobId } from './inspect.ts';
import type { Found, FoundFile } from './inspect.ts';

/** What a file is to be, or was, whether git, a staged copy or the disk holds its bytes. */

export interface Content {
  /** git's blob id, in either format; two of the same format are compared as they are. */
  readonly id: string;
  bytes(): Promise<Buffer>;
  /** Writes the bytes to a file that is not there yet, and flushes it. */
  writeTo(path: string): Promise<void>;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export type Version =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'file';
      /** Permission bits; where git is the source only whether it can be executed counts. */
      readonly mode: number;
      readonly exact: boolean;
      readonly content: Content;
      /** Whose the file was, where that is known. */
      readonly owner?: Owner;
    }
  | { readonly kind: 'link'; readonly target: string };

/** A file that is to go from one version to another, whatever the person has made of it meanwhile. */
export interface Wanted {
  readonly path: string;
  readonly from: Version;
  readonly to: Version;
}

export type ReadBlob = (sha: string, signal: AbortSignal) => Promise<Buffer>;

/** What a change wants. Throws for what is neither file nor link (a submodule never gets here: the gate refuses it). */
export async function wantedOf(change: FileChange, readBlob: ReadBlob, signal: AbortSignal): Promise<Wanted> {
  const [from, to] = await Promise.all([change.before, change.after].map((side) => ofSide(side, readBlob, signal)));
  return { path: change.path, from: from as Version, to: to as Version };
}

async function ofSide(side: FileSide | undefined, readBlob: ReadBlob, signal: AbortSignal): Promise<Version> {
  if (!side) return { kind: 'absent' };
  const bytes = async (): Promise<Buffer> => {
    // Text that was decoded and is encoded again need not be what git holds (a byte order mark): only its id tells.
    const text = side.text === undefined ? undefined : Buffer.from(side.text);
    if (text && blobId(text, side.sha) === side.sha) return text;
    const blob = await readBlob(side.sha, signal);
    if (blobId(blob, side.sha) !== side.sha) throw new Error(`git gave other bytes than those of ${side.sha}`);
    return blob;
  };
  switch (side.mode) {
    case '100644':
    case '100755': {
      const content = { id: side.sha, bytes, writeTo: async (path: string) => writeNew(path, await bytes()) };
      return { kind: 'file', mode: side.mode === '100755' ? 0o755 : 0o644, exact: false, content };
    }
    case '120000':
      return { kind: 'link', target: (await bytes()).toString() };
    case '160000':
      throw new Error('a submodule is not a file that could be applied');
  }
}

/** The content of a copy that we hold. */
export function copyAt(path: string, id: string): Content {
  return {
    id,
    bytes: () => readFile(path),
    async writeTo(target) {
      // Shares the blocks where the file system can.
      await copyFile(path, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
      // A copy has the mode of its source, which may be read-only.
      await chmod(target, 0o600);
      await flush(target);
    },
  };
}

/** Content that is in memory only. */
export function contentOf(bytes: Buffer): Content {
  return { id: blobId(bytes, ''), bytes: async () => bytes, writeTo: (path) => writeNew(path, bytes) };
}

/** True when the file on disk has these bytes. */
export function holds(found: FoundFile, content: Content): boolean {
  return content.id === (content.id.length === 64 ? found.sha256 : found.sha1);
}

/** True when the disk has just this version; of the mode only what it means to say. */
export function isVersion(found: Found, version: Version): boolean {
  if (version.kind !== found.kind) return false;
  if (version.kind === 'file')
    return holds(found as FoundFile, version.content) && sameMode(found as FoundFile, version);
  return version.kind === 'absent' || version.target === (found as { target: string }).target;
}

function sameMode(found: FoundFile, version: Extract<Version, { kind: 'file' }>): boolean {
  if (process.platform === 'win32') return true;
  return version.exact ? found.mode === version.mode : canExecute(found.mode) === canExecute(version.mode);
}

/** As git sees it. */
export function canExecute(mode: number): boolean {
  return (mode & 0o100) !== 0;
}

/** Larger files are not merged line by line; in bytes, as `FileSide.text` has it. */
export const textLimit = 2 * 1024 * 1024;

/** The text of bytes that a line merge can work on; undefined for others. */
export function textOf(bytes: Buffer): string | undefined {
  return bytes.length <= textLimit && isUtf8(bytes) && !bytes.includes(0) ? bytes.toString() : undefined;
}

async function writeNew(path: string, bytes: Buffer): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Puts the bytes of a file on disk. */
export async function flush(path: string): Promise<void> {
  // Windows flushes only what it may write.
  const handle = await open(path, process.platform === 'win32' ? 'r+' : 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

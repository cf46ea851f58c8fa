import { constants } from 'node:fs';
import { lstat, open, readdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { isSafeName } from '../../core/bus/names.ts';
import { normalBody } from '../../core/bus/text.ts';
import { UserError } from '../../core/errors.ts';
import {
  createExclusive,
  diskError,
  liesWithin,
  makeFolder,
  refuseOutside,
  syncFolder,
  writeAtomic,
} from '../files.ts';

/**
 * Memories as files in Serena's layout, `.serena/memories/<name>.md`. Serena has no cache, so its clients see every change at once.
 * Of all that lies there only `orch/` is written, and of that only by one process, the broker of a run.
 */
export interface Store {
  /** Names under `topic` (all, if empty), sorted by code point as Serena sorts them. An unknown topic has none. */
  list(topic: string): Promise<string[]>;
  /**
   * The text, or undefined if there is no such memory. Serena and editors do not write atomically: an empty or broken text, or one that
   * `isWhole` refuses, is read again for a quarter of a second; what it then is, is given. Throws `UserError` (`bad-memory`).
   */
  read(name: string, isWhole?: (text: string) => boolean): Promise<string | undefined>;
  /** Writes a memory under `orch/`, whole and on disk. The text is normalised: LF, valid Unicode, one line end at the end. */
  write(name: string, text: string): Promise<void>;
  /** Removes a memory under `orch/`; false if there was none. */
  remove(name: string): Promise<boolean>;
  /** Where a memory lies. */
  pathOf(name: string): string;
}

const readTries = 6;
const readPauseMs = 50;
const mostBytes = 4 * 1024 * 1024;

/**
 * Opens the memories of a project and makes `orch/` in them, ignored by git, and nothing else of Serena's. Throws `UserError`:
 * `leads-outside` if a symbolic link leads out of the project, `read-only`, `disk-full`, `not-a-folder`.
 */
export async function openStore(root: string): Promise<Store> {
  const orch = join(root, '.serena', 'memories', 'orch');
  await refuseOutside(root, orch);
  await makeFolder(orch);
  const ignore = join(orch, '.gitignore');
  if (!(await lstat(ignore).catch(() => undefined))) await createExclusive(ignore, '*\n');

  const reader = readStore(root);
  const { pathOf } = reader;
  const ours = (name: string): string => {
    if (!name.startsWith('orch/') || !isSafeName(name)) throw new Error(`not a memory of ours: ${name}`);
    return pathOf(name);
  };
  return {
    ...reader,
    async write(name, text) {
      const path = ours(name);
      await refuseOutside(root, dirname(path));
      await makeFolder(dirname(path));
      await writeAtomic(path, normalBody(text));
    },
    async remove(name) {
      const path = ours(name);
      await refuseOutside(root, dirname(path));
      try {
        await unlink(path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw diskError(error, path);
      }
      await syncFolder(dirname(path));
      return true;
    },
  };
}

/** The same memories, only to be read: nothing is made, whether they are there or not. */
export function readStore(root: string): Pick<Store, 'list' | 'read' | 'pathOf'> {
  const memories = join(root, '.serena', 'memories');
  const pathOf = (name: string): string => join(memories, ...name.split('/')) + '.md';
  return {
    pathOf,
    async list(topic) {
      if (topic !== '' && !isReadableName(topic)) return [];
      const names: string[] = [];
      await collect(topic === '' ? memories : join(memories, ...topic.split('/')), topic, names);
      return names.toSorted(byCodePoint);
    },
    async read(name, isWhole = (text) => text !== '') {
      if (!isReadableName(name)) throw badMemory(name, 'its name is none');
      const path = pathOf(name);
      for (let left = readTries - 1; ; left--) {
        const text = await readText(root, path, name);
        if (text === undefined || (typeof text === 'string' && isWhole(text))) return text;
        if (left === 0) {
          if (typeof text === 'string') return text;
          throw badMemory(name, 'it is not UTF-8');
        }
        await delay(readPauseMs);
      }
    },
  };
}

/** Names that Serena knows may hold anything but what leads elsewhere. */
function isReadableName(name: string): boolean {
  return (
    name.length <= 400 &&
    !/[\0\\:]/.test(name) &&
    name.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..')
  );
}

async function collect(folder: string, topic: string, names: string[]): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw diskError(error, folder);
  });
  for (const entry of entries) {
    const name = topic === '' ? entry.name : `${topic}/${entry.name}`;
    // Links are not followed: they may lead out, or in a circle.
    if (entry.isDirectory()) await collect(join(folder, entry.name), name, names);
    else if (entry.isFile() && entry.name.endsWith('.md')) names.push(name.slice(0, -3));
  }
}

/** Undefined if it is not there; bytes if they are no UTF-8. Serena reads CRLF as LF, and so do we. */
async function readText(root: string, path: string, name: string): Promise<string | Uint8Array | undefined> {
  let bytes: Buffer;
  try {
    if (!(await liesWithin(root, path))) throw badMemory(name, 'it leads out of the project');
    // Opening a pipe would wait for somebody to write into it.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const found = await handle.stat();
      if (!found.isFile()) return undefined;
      if (found.size > mostBytes) throw badMemory(name, `it has ${found.size} bytes`);
      bytes = await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n');
  } catch {
    return bytes;
  }
}

function badMemory(name: string, why: string): UserError {
  return new UserError('bad-memory', `The memory ${JSON.stringify(name)} cannot be read: ${why}.`);
}

/** UTF-8 keeps the order of code points; JavaScript's own strings do not. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

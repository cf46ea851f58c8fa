import { lstat, open, readdir, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isSafeName } from '../../../core/bus/names.ts';
import { normalBody } from '../../../core/bus/text.ts';
import type { Log } from '../../../core/ports.ts';
import { liesWithin, syncFolder } from '../../files.ts';
import type { Store } from '../store.ts';
import { SerenaLost } from './attach.ts';
import type { Attached } from './attach.ts';

export interface SerenaStoreOptions {
  /** The project, which no link may lead out of. */
  readonly root: string;
  readonly serena: Attached;
  /** The embedded store on the same memories. */
  readonly files: Store;
  readonly log: Log;
}

/**
 * The store whose every write and removal goes through Serena's tools, one after the other, and is then looked up in the file. Whatever
 * Serena does not do, or does otherwise, the embedded store does on the same file; each reason is logged once. Reading goes to the files:
 * Serena has no cache, takes a tenth of a second for every call, and cannot tell a file that is being written from one that is empty.
 */
export function openSerenaStore({ root, serena, files, log }: SerenaStoreOptions): Store {
  let last: Promise<unknown> = Promise.resolve();
  const told = new Set<string>();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work);
    last = mine.catch(() => {});
    return mine;
  };
  const tell = (why: string): void => {
    if (told.has(why)) return;
    told.add(why);
    log.warn(`The bus is written without Serena: ${why}`);
  };
  /** Why Serena must not be asked for this memory, if there is a reason. */
  const objection = async (name: string): Promise<string | undefined> => {
    if (serena.state.is === 'gone') return serena.state.why;
    if (serena.state.is === 'starting') return 'it is being started.';
    const path = files.pathOf(name);
    // It follows links, the embedded store replaces them or refuses.
    if ((await lstat(path).catch(() => undefined))?.isSymbolicLink()) return `${path} is a symbolic link.`;
    return (await liesWithin(root, dirname(path))) ? undefined : `${path} leads out of the project.`;
  };
  /** The tool's answer in words, if it is a bad one. Whatever happened, Serena does nothing more about it. */
  const trouble = async (ask: () => ReturnType<Attached['call']>): Promise<string | undefined> => {
    try {
      const answer = await ask();
      return answer.is === 'done' || answer.is === 'missing' ? undefined : answer.why;
    } catch (error) {
      if (!(error instanceof SerenaLost)) throw error;
      return error.message;
    }
  };

  return {
    list: (topic) => files.list(topic),
    read: (name, isWhole) => files.read(name, isWhole),
    pathOf: (name) => files.pathOf(name),
    write: (name, text) =>
      inTurn(async () => {
        const body = normalBody(text);
        let why = isOurs(name) ? await objection(name) : 'it is no memory of ours.';
        if (why === undefined) {
          const path = files.pathOf(name);
          why = await trouble(() => serena.call('write_memory', { name, content: body }));
          // It may have been done in spite of a bad answer, and not in spite of a good one.
          if (await isWritten(files, name, body)) {
            await makeDurable(path);
            return;
          }
          await removeLeftovers(path);
          why ??= 'it said that it had written a memory, and had not.';
        }
        if (isOurs(name)) tell(why);
        await files.write(name, text);
      }),
    remove: (name) =>
      inTurn(async () => {
        const path = files.pathOf(name);
        const there = isOurs(name) && (await lstat(path).catch(() => undefined)) !== undefined;
        if (!there) return files.remove(name);
        let why = await objection(name);
        if (why === undefined) {
          why = await trouble(() => serena.call('delete_memory', { name }));
          if ((await lstat(path).catch(() => undefined)) === undefined) {
            await syncFolder(dirname(path));
            return true;
          }
          why ??= 'it said that it had removed a memory, and had not.';
        }
        tell(why);
        await files.remove(name);
        return true;
      }),
  };
}

function isOurs(name: string): boolean {
  return name.startsWith('orch/') && isSafeName(name);
}

async function isWritten(files: Store, name: string, body: string): Promise<boolean> {
  return (await files.read(name, (text) => text === body).catch(() => undefined)) === body;
}

/** Serena flushes nothing to the disk. */
async function makeDurable(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolder(dirname(path));
}

/** Serena 2 writes a temporary beside the file, and leaves it there when it is killed. Its name is Python's `mkstemp`'s. */
async function removeLeftovers(path: string): Promise<void> {
  const file = basename(path);
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const isTheirs = name.startsWith(`${file}.`) && /^[a-z0-9_]{8}\.tmp$/.test(name.slice(file.length + 1));
    if (isTheirs) await unlink(join(dirname(path), name)).catch(() => {});
  }
}

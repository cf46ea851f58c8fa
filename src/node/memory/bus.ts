import { copyFile, lstat, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../core/bus/message.ts';
import { messageName, nowName, parseMessageName, protocolName } from '../../core/bus/names.ts';
import { protocolPage } from '../../core/bus/pages.ts';
import { normalBody } from '../../core/bus/text.ts';
import type { Bus, Log } from '../../core/ports.ts';
import type { EventOf, JournalRecord } from '../../core/run/events.ts';
import { diskError, makeFolder, removeStale, syncFolder } from '../files.ts';
import { isPlainName, orchestrationFolder, runFolder } from '../paths.ts';
import { holderOf } from '../run/lease.ts';
import { putAside } from './drop.ts';
import type { Store } from './store.ts';

/** How many runs have their files among the memories, the present one among them. */
const visibleRuns = 3;
/** How many messages of one run lie among the memories, and how many bytes; older ones lie in the run's archive. */
export const liveMessages = 40;
const liveBytes = 256 * 1024;

export interface BusOptions {
  readonly root: string;
  readonly run: string;
  readonly store: Store;
  /** SHA-256 of a text, hex. */
  readonly hash: (text: string) => string;
  readonly log: Log;
}

/** The broker's side of the bus for one run; only the holder of the run's lease opens it. The journal comes first: this is its picture. */
export interface OpenBus extends Pick<Bus, 'write' | 'post'> {
  /** Writes every message of the journal whose file is missing, torn or changed; resolves to how many. */
  projectMessages(records: readonly JournalRecord[]): Promise<number>;
  /** Sets right what others did to the messages since the last look: what is missing or changed is written again, what is nobody's is put aside. */
  mend(): Promise<void>;
}

/** A message among the memories: its text, and what its file looked like when it was written. */
interface Live {
  readonly text: string;
  stamp: string;
}

/** Opens the bus of a run: writes the protocol page, removes what a crash left behind, and moves the files of older runs away. */
export async function openBus(options: BusOptions): Promise<OpenBus> {
  const { root, run, store, hash, log } = options;
  const orch = orchFolder(store);
  const live = new Map<string, Live>();
  const messages = join(orch, run, 'm');
  await removeStale(orch, 60_000);
  // Nobody but the holder of the run's lease writes there.
  for (const folder of [join(orch, run), join(orch, run, 'm')]) await removeStale(folder, 0);
  await archiveOldRuns(root, store, run, log);
  await store.write(protocolName, protocolPage());

  const archive = (name: string): Promise<void> =>
    moveAway(store.pathOf(name), join(runFolder(root, run), 'archive', 'm'), `${name.split('/').at(-1)}.md`);
  const trim = async (): Promise<void> => {
    const names = [...live.keys()].toSorted(bySeq);
    let bytes = [...live.values()].reduce((sum, { text }) => sum + Buffer.byteLength(text), 0);
    for (const [n, name] of names.entries()) {
      // The youngest stays, however long it is.
      if ((names.length - n <= liveMessages && bytes <= liveBytes) || n === names.length - 1) break;
      bytes -= Buffer.byteLength(live.get(name)?.text ?? '');
      live.delete(name);
      await archive(name);
    }
  };
  const put = async (name: string, text: string): Promise<void> => {
    // Known before it is there, so that nobody takes it for a stranger's.
    const entry: Live = { text, stamp: '' };
    live.set(name, entry);
    await store.write(name, text);
    entry.stamp = await stampOf(store.pathOf(name));
  };
  const mend = async (): Promise<void> => {
    const names = await readdir(messages).catch(() => []);
    for (const file of names) {
      // Ours begin with a dot while they are written.
      if (file.startsWith('.') || live.has(`orch/${run}/m/${file.replace(/\.md$/, '')}`)) continue;
      log.warn(`A file among the messages of ${run} is not of the bus and was put aside: ${file}`);
      const reason = 'Only the broker writes messages; what a model writes belongs into the drop folder.';
      await putAside(join(runFolder(root, run), 'drop', 'rejected'), join(messages, file), reason, log);
    }
    for (const [name, entry] of live) {
      if (entry.stamp === '' || (await stampOf(store.pathOf(name))) === entry.stamp) continue;
      const there = await store.read(name, (found) => found === entry.text).catch(() => undefined);
      // It may have gone to the archive meanwhile.
      if (live.get(name) !== entry) continue;
      if (there === entry.text) entry.stamp = await stampOf(store.pathOf(name));
      else await put(name, entry.text);
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  /** One after the other: what is moved away right now must not look like lost or strange. */
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };
  const bus: OpenBus = {
    async write(memory, text) {
      await store.write(memory, text);
    },
    async post(record) {
      const message = messageIn(record, run, hash);
      if (!message) throw new Error(`not a message: ${record.event.type}`);
      await inTurn(async () => {
        await put(message.name, message.text);
        await trim();
      });
    },
    projectMessages: (records) =>
      inTurn(async () => {
        let written = 0;
        const all = records.flatMap((record) => messageIn(record, run, hash) ?? []);
        // What was moved to the archive before stays there.
        const older = new Set(all.slice(0, -liveMessages).map(({ name }) => name));
        for (const name of await store.list(`orch/${run}/m`)) if (older.has(name)) await archive(name);
        for (const { name, text } of all.slice(-liveMessages)) {
          const there = await store.read(name, (found) => found === text).catch(() => undefined);
          if (there === text) live.set(name, { text, stamp: await stampOf(store.pathOf(name)) });
          else {
            await put(name, text);
            written++;
          }
        }
        await trim();
        await mend();
        return written;
      }),
    mend: () => inTurn(mend),
  };
  return bus;
}

/**
 * Moves the files of all but the youngest runs out of the memories, whose names all stand in the context of every model that uses Serena.
 * A run that is held by a process stays.
 */
async function archiveOldRuns(root: string, store: Store, present: string, log: Log): Promise<void> {
  const orch = orchFolder(store);
  const entries = await readdir(orch, { withFileTypes: true });
  const others = entries
    .filter((entry) => entry.isDirectory() && entry.name !== present && isPlainName(entry.name))
    .map(({ name }) => name)
    .toSorted();
  const free: string[] = [];
  for (const run of others) {
    const holder = await holderOf(runFolder(root, run)).catch(() => undefined);
    if (!holder || holder.life === 'dead') free.push(run);
  }
  // The present run and those that are held take their places first.
  const places = Math.max(0, visibleRuns - 1 - (others.length - free.length));
  for (const run of free.slice(0, Math.max(0, free.length - places))) {
    try {
      // A run whose folder was removed has nowhere of its own.
      const known = await stat(runFolder(root, run)).then(
        (found) => found.isDirectory(),
        () => false,
      );
      const archive = known ? join(runFolder(root, run), 'archive') : join(orchestrationFolder(root), 'archive', run);
      await moveFolder(join(orch, run), archive);
    } catch (error) {
      log.warn(`The memories of the older run ${run} could not be moved to its archive: ${String(error)}`);
    }
  }
}

function orchFolder(store: Store): string {
  return join(store.pathOf(nowName), '..');
}

/** Name and text of the memory of a `message.posted` record; the name is worked out anew, so that no journal leads us elsewhere. */
export function messageIn(
  record: JournalRecord,
  run: string,
  hash: (text: string) => string,
): { name: string; text: string } | undefined {
  if (record.event.type !== 'message.posted') return undefined;
  const posted: EventOf<'message.posted'> = record.event;
  const text = normalBody(messageOf(run, record.at, posted, hash));
  return { name: messageName({ run, ...posted }), text };
}

/** What shows that a file was touched. */
async function stampOf(path: string): Promise<string> {
  const found = await lstat(path, { bigint: true }).catch(() => undefined);
  return found ? `${found.ino} ${found.size} ${found.mtimeNs}` : 'gone';
}

function bySeq(a: string, b: string): number {
  return (parseMessageName(a)?.seq ?? 0) - (parseMessageName(b)?.seq ?? 0);
}

/** Moves every file below `from` to the same place below `to`, and removes the folders. Links are removed, not followed. */
async function moveFolder(from: string, to: string): Promise<void> {
  for (const entry of await readdir(from, { withFileTypes: true })) {
    const path = join(from, entry.name);
    if (entry.isDirectory()) await moveFolder(path, join(to, entry.name));
    else if (entry.isFile()) await moveAway(path, to, entry.name);
    else await unlink(path);
  }
  // Not empty when somebody writes there right now: the next run tries again.
  await rmdir(from).catch(() => {});
}

async function moveAway(path: string, folder: string, name: string): Promise<void> {
  await makeFolder(folder);
  try {
    await rename(path, join(folder, name));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Another process moved it at the same time.
    if (code === 'ENOENT') return;
    if (code !== 'EXDEV') throw diskError(error, path);
    await copyFile(path, join(folder, name));
    await rm(path, { force: true });
  }
  await syncFolder(folder);
}

import { copyFile, readdir, rename, rm, rmdir, stat, unlink } from 'node:fs/promises';
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
import type { Store } from './store.ts';

/** How many runs have their files among the memories, the present one among them. */
const visibleRuns = 3;
/** How many messages of one run lie among the memories; older ones lie in the run's archive. */
export const liveMessages = 200;

export interface BusOptions {
  readonly root: string;
  readonly run: string;
  readonly store: Store;
  /** SHA-256 of a text, hex. */
  readonly hash: (text: string) => string;
  readonly log: Log;
}

/** The broker's side of the bus for one run; only the holder of the run's lease opens it. The journal comes first: this is its picture. */
export interface OpenBus extends Bus {
  /** Writes every message of the journal whose file is missing, torn or changed; resolves to how many. */
  projectMessages(records: readonly JournalRecord[]): Promise<number>;
}

/** Opens the bus of a run: writes the protocol page, removes what a crash left behind, and moves the files of older runs away. */
export async function openBus(options: BusOptions): Promise<OpenBus> {
  const { root, run, store, hash, log } = options;
  const orch = orchFolder(store);
  const live = new Set<string>();
  await removeStale(orch, 60_000);
  // Nobody but the holder of the run's lease writes there.
  for (const folder of [join(orch, run), join(orch, run, 'm')]) await removeStale(folder, 0);
  await archiveOldRuns(root, store, run, log);
  await store.write(protocolName, protocolPage());
  for (const name of await store.list(`orch/${run}/m`)) live.add(name);

  const trim = async (): Promise<void> => {
    const names = [...live].toSorted(bySeq);
    for (const name of names.slice(0, Math.max(0, names.length - liveMessages))) {
      await moveAway(store.pathOf(name), join(runFolder(root, run), 'archive', 'm'), `${name.split('/').at(-1)}.md`);
      live.delete(name);
    }
  };
  const bus: OpenBus = {
    async write(memory, text) {
      await store.write(memory, text);
    },
    async post(record) {
      const message = messageIn(record, run, hash);
      if (!message) throw new Error(`not a message: ${record.event.type}`);
      await store.write(message.name, message.text);
      live.add(message.name);
      await trim();
    },
    async projectMessages(records) {
      let written = 0;
      const all = records.flatMap((record) => messageIn(record, run, hash) ?? []);
      for (const { name, text } of all.slice(-liveMessages)) {
        const there = await store.read(name, (found) => found === text).catch(() => undefined);
        live.add(name);
        if (there === text) continue;
        await store.write(name, text);
        written++;
      }
      await trim();
      return written;
    },
  };
  return bus;
}

/**
 * Moves the files of all but the youngest runs out of the memories, whose names all stand in the context of every model that uses Serena.
 * A run that is held by a process stays.
 */
async function archiveOldRuns(root: string, store: Store, present: string, log: Log): Promise<string[]> {
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
  const moved: string[] = [];
  for (const run of free.slice(0, Math.max(0, free.length - places))) {
    try {
      // A run whose folder was removed has nowhere of its own.
      const known = await stat(runFolder(root, run)).then(
        (found) => found.isDirectory(),
        () => false,
      );
      const archive = known ? join(runFolder(root, run), 'archive') : join(orchestrationFolder(root), 'archive', run);
      await moveFolder(join(orch, run), archive);
      moved.push(run);
    } catch (error) {
      log.warn(`The memories of the older run ${run} could not be moved to its archive: ${String(error)}`);
    }
  }
  return moved;
}

function orchFolder(store: Store): string {
  return join(store.pathOf(nowName), '..');
}

/** Name and text of the memory of a `message.posted` record; the name is worked out anew, so that no journal leads us elsewhere. */
function messageIn(
  record: JournalRecord,
  run: string,
  hash: (text: string) => string,
): { name: string; text: string } | undefined {
  if (record.event.type !== 'message.posted') return undefined;
  const posted: EventOf<'message.posted'> = record.event;
  const text = normalBody(messageOf(run, record.at, posted, hash));
  return { name: messageName({ run, ...posted }), text };
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

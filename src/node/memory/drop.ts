import { createHash, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Drop, dropBytes, dropIdSchema, dropSchema, readDropMemory } from '../../core/bus/drop.ts';
import type { HandedServer } from '../../core/ask.ts';
import type { Arrival, Bus, Log, Receipt } from '../../core/ports.ts';
import type { RunState } from '../../core/run/state.ts';
import { createExclusive, liesWithin, makeFolder, removeStale, syncFolder, writeAtomic } from '../files.ts';
import { watchFolder } from '../run/watch.ts';
import { dropFolder, proofOf, receiptsFolder, tokenOf } from './leave.ts';
import { leaveSeat, newSeat, type Seat, seatsFolder, takeSeat } from './seat.ts';

/**
 * Where models leave messages. The `bus` server puts files into `drop` of the run's folder, each with a proof by the token of its
 * attempt; a model with its own Serena writes memories below `orch/<run>/drop/`, which prove nothing. Nothing here is a message yet: the
 * engine journals it, and then it goes away. A file that is no message is kept aside with its reason.
 */

export interface DropOptions {
  readonly run: string;
  /** The run's own folder. */
  readonly folder: string;
  /** The folder of the memories that models write. */
  readonly memories: string;
  readonly root: string;
  /** Secret of the run, in the person's profile: the tokens are made of it, so that the next process can still check what the last one's calls left. */
  readonly secret: string;
  /** Names of roles that a memory may begin with. */
  readonly roles: readonly string[];
  /** Attempts (`attemptKey`) that were under way when the last owner ended: what they left counts as theirs. */
  readonly cut: ReadonlySet<string>;
  /** The program of the `bus` server, without what one attempt adds. */
  readonly server: Pick<HandedServer, 'command' | 'args' | 'env'>;
  /** How many messages a call may post; told to models, judged by the engine. */
  readonly most: number;
  readonly log: Log;
  readonly pollMs?: number;
  /** Called at every look, before it. */
  readonly onLook?: () => Promise<void>;
}

/** A file that waits for its receipt. */
interface Waiting {
  readonly path: string;
  readonly call: string | undefined;
  /** Where the receipt goes. */
  readonly answer: string | undefined;
}

/** A memory is taken when it did not change for so long: whoever writes it does so in several steps. */
const stableMs = 250;
const keptMost = 100;

const attemptKey = (call: string, attempt: number): string => `${call}#${attempt}`;

/**
 * Attempts that the run's end or its owner's death cut off, by the run as it stands before it goes on. An answer that was sent back is
 * given anew with the way to the bus of the attempt before, so all attempts of a call count.
 */
export function cutAttempts({ calls }: Pick<RunState, 'calls'>): Set<string> {
  const cut = Object.values(calls).filter((c) => c.state === 'working' || c.failure?.kind === 'cancelled');
  return new Set(cut.flatMap((c) => Array.from({ length: c.attempt }, (_, n) => attemptKey(c.call, n + 1))));
}

/** The part of the bus that models write to, for the process that owns the run. */
export function openDrop(options: DropOptions): Pick<Bus, 'hand' | 'arrivals' | 'settle'> {
  const { run, folder, memories, root, secret, roles, log, pollMs = 1000 } = options;
  const drop = dropFolder(folder);
  const receipts = receiptsFolder(folder);
  /** Attempts in flight, with their roles. */
  const open = new Map<string, string>();
  /** Of the sessions that this process opened; those of an earlier one have none any more, for their servers are started anew. */
  const seats = new Map<string, Seat>();
  /** Seats of a process that died. */
  let cleared: Promise<void> | undefined;
  let cut = options.cut;
  const waiting = new Map<string, Waiting>();
  const seen = new Set<string>();
  const queue: Arrival[] = [];
  const growing = new Map<string, { size: number; mtimeMs: number; since: number }>();
  let listening = false;
  /** Resolved, and made anew, whenever something was settled or nobody listens any more. */
  let moved = Promise.withResolvers<void>();
  let looking: Promise<void> = Promise.resolve();
  const move = (): void => {
    moved.resolve();
    moved = Promise.withResolvers<void>();
  };

  const lookAtDrops = async (): Promise<void> => {
    for (const name of (await namesIn(drop)).filter((n) => n.endsWith('.json'))) {
      const path = join(drop, name);
      if (seen.has(path)) continue;
      const read = await readWhole(path);
      if (read === undefined) continue;
      seen.add(path);
      const id = name.slice(0, -'.json'.length);
      const found =
        typeof read === 'string'
          ? dropIn(read, id)
          : { problem: `It has ${read.size} bytes; the most is ${dropBytes}.` };
      const answer = dropIdSchema.safeParse(id).success ? join(receipts, name) : undefined;
      const proved = 'problem' in found ? found : prove(found);
      if ('problem' in proved) await refuse({ path, call: undefined, answer }, proved.problem);
      else {
        const { kind, to, subject, body, re, call, attempt } = proved.drop;
        waiting.set(id, { path, call: attemptKey(call, attempt), answer });
        queue.push({ id, from: proved.role, call, attempt, kind, to, subject, body, ...(re !== undefined && { re }) });
      }
    }
    cut = new Set();
  };

  /** Whose it is, if the attempt that it names is in flight and made the proof. */
  const prove = (found: Drop): { drop: Drop; role: string } | { problem: string } => {
    const key = attemptKey(found.call, found.attempt);
    const role = open.get(key) ?? (cut.has(key) ? undefined : null);
    if (role === null) return { problem: `The call ${found.call} is not under way (attempt ${found.attempt}).` };
    // After a crash it is not known here any more which role it was: the proof itself says it.
    const sender = (role === undefined ? roles : [role]).find((one) =>
      sameHex(
        proofOf(tokenOf(secret, { run, call: found.call, attempt: found.attempt, role: one }), found),
        found.proof,
      ),
    );
    return sender === undefined
      ? { problem: 'Its proof is not that of the call that it names.' }
      : { drop: found, role: sender };
  };

  const lookAtMemories = async (): Promise<boolean> => {
    let later = false;
    if (!(await liesWithin(root, memories).catch(() => false))) return false;
    for (const name of await namesIn(memories, true)) {
      const path = join(memories, ...name.split('/'));
      if (seen.has(path) || !name.endsWith('.md')) continue;
      const found = await lstat(path).catch(() => undefined);
      if (!found) continue;
      const before = growing.get(path);
      if (
        found.isFile() &&
        (before?.size !== found.size || before.mtimeMs !== found.mtimeMs || Date.now() - before.since < stableMs)
      ) {
        if (before?.size !== found.size || before.mtimeMs !== found.mtimeMs)
          growing.set(path, { size: found.size, mtimeMs: found.mtimeMs, since: Date.now() });
        later = true;
        continue;
      }
      growing.delete(path);
      const read = found.isFile() ? await readWhole(path) : { size: 0 };
      if (read === undefined) continue;
      seen.add(path);
      const text = typeof read === 'string' ? read : '';
      const id = `m-${createHash('sha256').update(`${name}\0${text}`).digest('hex').slice(0, 24)}`;
      const arrival = readDropMemory(name.slice(0, -'.md'.length), text, roles);
      const problem =
        typeof read === 'string'
          ? undefined
          : found.isFile()
            ? `It has ${read.size} bytes; the most is ${dropBytes}.`
            : 'It is no plain file.';
      // The same once more: what became of it is known, or will be.
      if (waiting.has(id)) continue;
      waiting.set(id, { path, call: undefined, answer: undefined });
      queue.push({ ...arrival, id, ...(problem !== undefined && { problem }) });
    }
    return later;
  };

  /** One look at a time, also when a call that ends wants one. True: something is being written, look again soon. */
  const look = (): Promise<boolean> => {
    const next = looking.then(async () => {
      await options.onLook?.();
      await lookAtDrops();
      return lookAtMemories();
    });
    looking = next.then(
      () => {},
      () => {},
    );
    return next;
  };

  const refuse = async ({ path, answer }: Waiting, reason: string): Promise<void> => {
    if (answer !== undefined) await tell(answer, { refused: reason });
    await putAside(join(drop, 'rejected'), path, reason, log);
  };

  const tell = async (path: string, receipt: Receipt): Promise<void> => {
    await makeFolder(receipts);
    await createExclusive(path, `${JSON.stringify(receipt)}\n`, { mode: 0o600, durable: false });
  };

  return {
    async hand({ call, attempt, role, heard, session }) {
      // A server in a sandbox can write only in what is there when it starts.
      await makeFolder(receipts);
      const key = attemptKey(call, attempt);
      await (cleared ??= rm(seatsFolder(folder), { recursive: true, force: true }));
      const seat = (session === undefined ? undefined : seats.get(session)) ?? newSeat(folder);
      open.set(key, role);
      await takeSeat(seat, { call, attempt, heard, token: tokenOf(secret, { run, call, attempt, role }) });
      const env = {
        ...options.server.env,
        ORCHESTRA_BUS_ROOT: root,
        ORCHESTRA_BUS_RUN: run,
        ORCHESTRA_BUS_ROLE: role,
        ORCHESTRA_BUS_SEAT: seat.path,
        ORCHESTRA_BUS_KEY: seat.key,
        ORCHESTRA_BUS_MOST: String(options.most),
      };
      return {
        servers: [
          { name: 'bus', command: options.server.command, args: [...options.server.args], env, writes: [drop] },
        ],
        async end(later) {
          if (later !== undefined) seats.set(later, seat);
          try {
            await leaveSeat(seat);
            if (!listening) return;
            await look();
            // What it found must not wait for the next look.
            if (queue.length > 0) move();
            while (listening && [...waiting.values()].some((w) => w.call === key)) await moved.promise;
          } finally {
            open.delete(key);
          }
        },
      };
    },

    async *arrivals(signal) {
      await makeFolder(drop);
      if (!(await liesWithin(folder, drop))) throw new Error(`${drop} leads out of the run's folder`);
      await rm(receipts, { recursive: true, force: true });
      await removeStale(drop, 60_000);
      const watches = [watchFolder(drop, pollMs, signal), watchFolder(memories, pollMs, signal)];
      const next: (Promise<void> | undefined)[] = watches.map(() => undefined);
      const aborted = (): void => {
        listening = false;
        move();
      };
      listening = true;
      signal.addEventListener('abort', aborted, { once: true });
      try {
        while (!signal.aborted) {
          const soon = await look();
          for (let arrival = queue.shift(); arrival; arrival = queue.shift()) yield arrival;
          for (const [n, watch] of watches.entries()) {
            next[n] ??= watch.next().finally(() => (next[n] = undefined));
            next[n].catch(() => {});
          }
          await Promise.race([...next, moved.promise, ...(soon ? [delay(stableMs, undefined, { signal })] : [])]);
        }
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        signal.removeEventListener('abort', aborted);
        aborted();
        for (const watch of watches) watch.close();
      }
    },

    async settle(id, receipt) {
      const found = waiting.get(id);
      if (!found) return;
      if ('refused' in receipt) await refuse(found, receipt.refused);
      else {
        if (found.answer !== undefined) await tell(found.answer, receipt);
        await unlink(found.path).catch((error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') throw error;
        });
      }
      waiting.delete(id);
      // The same name may be written again, with something else in it.
      seen.delete(found.path);
      move();
    },
  };
}

/** Moves what is no message to where it can be looked at, with the reason beside it; above a hundred it is removed. */
export async function putAside(folder: string, path: string, reason: string, log: Log): Promise<void> {
  await makeFolder(folder);
  const names: string[] = await readdir(folder).catch(() => []);
  const name = path.split(/[\\/]/).at(-1) ?? 'x';
  try {
    if (names.length >= 2 * keptMost) await rm(path, { recursive: true, force: true });
    else {
      const to = join(folder, names.includes(name) ? `${names.length}-${name}` : name);
      await rename(path, to);
      await writeAtomic(`${to}.reason.txt`, `${reason}\n`);
      await syncFolder(folder);
    }
    log.debug(`bus: ${name} was put aside: ${reason}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.debug(`bus: ${name} could not be put aside: ${String(error)}`);
  }
}

function dropIn(text: string, id: string): Drop | { problem: string } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'It is no JSON.' };
  }
  const drop = dropSchema.safeParse(value);
  if (!drop.success)
    return { problem: `It is no message: ${drop.error.issues[0]?.path.join('.')} ${drop.error.issues[0]?.message}` };
  return drop.data.id === id ? drop.data : { problem: 'Its name is not its id.' };
}

/** Names of files, sorted; what begins with a dot is somebody's temporary. */
async function namesIn(folder: string, deep = false): Promise<string[]> {
  const names = await readdir(folder, { recursive: deep }).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return names
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => !name.split('/').some((part) => part.startsWith('.')))
    .toSorted();
}

/** The text of a plain file that is not too large; undefined when it is gone. */
async function readWhole(path: string): Promise<string | { size: number } | undefined> {
  const found = await lstat(path).catch(() => undefined);
  if (!found) return undefined;
  if (!found.isFile() || found.size > dropBytes) return { size: found.size };
  // A link or a pipe may have taken its place since (Windows does not know the flags).
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch(() => undefined);
  if (!handle) return undefined;
  try {
    const buffer = Buffer.alloc(dropBytes + 1);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    return bytesRead > dropBytes ? { size: bytesRead } : buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

function sameHex(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

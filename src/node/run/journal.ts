import { constants } from 'node:fs';
import { open, readFile, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { Journal } from '../../core/ports.ts';
import { runEventSchema } from '../../core/run/events.ts';
import type { JournalRecord } from '../../core/run/events.ts';
import { createExclusive, diskError, syncFolder } from '../files.ts';
import { noLines, takeBytes } from './journalLines.ts';
import type { Lines } from './journalLines.ts';
import type { Lease } from './lease.ts';
import { watchFolder } from './watch.ts';

/** What a reader needs to know of a journal, whatever its state. */
export interface JournalReading {
  /** The known events, in order, up to the first damage. */
  readonly records: readonly JournalRecord[];
  /** Bytes up to the last good line; what follows is torn, and `torn` bytes long. */
  readonly goodBytes: number;
  readonly torn: number;
  /** The last seq and epoch in it, of unknown events too; 0 in an empty one. */
  readonly seq: number;
  readonly epoch: number;
  /** The version that wrote it last; undefined in an empty one. */
  readonly engine: string | undefined;
  /** Why it can be shown but not written to: `journal-damaged` or `journal-newer`. */
  readonly readOnly: UserError | undefined;
}

/** The path of a run's journal. */
export function journalPath(runFolder: string): string {
  return join(runFolder, 'journal.jsonl');
}

/** Reads a journal without changing it. A torn tail is left out; damage is told in `readOnly`, not thrown. Throws if there is no such file. */
export async function readJournal(path: string): Promise<JournalReading> {
  const bytes = await readFile(path);
  const lines = noLines();
  const good = takeBytes(lines, bytes);
  return {
    records: lines.records,
    goodBytes: good,
    torn: bytes.length - good,
    seq: lines.seq,
    epoch: lines.epoch,
    engine: engineOf(lines.records),
    readOnly: whyReadOnly(path, lines),
  };
}

export interface OpenOptions {
  readonly lease: Lease;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The version that will go on with the run: a journal that another one wrote last is refused. Leave it out to add to an ended run. */
  readonly engine?: string;
}

/** A journal open for writing. After `close`, which waits for what is under way, appends reject. */
export interface OpenJournal extends Journal {
  close(): Promise<void>;
}

/**
 * Opens the journal of a run, which may be yet to be written, for the holder of its lease. A torn tail is saved as
 * `journal.torn-<n>` and cut. Throws `UserError`: `journal-damaged`, `journal-newer`, `other-engine`, `lease-lost`, `disk-full`, `read-only`.
 */
export async function openJournal(runFolder: string, options: OpenOptions): Promise<OpenJournal> {
  const path = journalPath(runFolder);
  await options.lease.assertMine();
  let handle: FileHandle;
  try {
    // Appending, so that not even a process that lost the run can write over what the next one wrote.
    // A symbolic link would lead to a file that is none of ours (Windows does not know the flag).
    const flags = constants.O_APPEND | constants.O_CREAT | constants.O_RDWR | (constants.O_NOFOLLOW ?? 0);
    handle = await open(path, flags, 0o666);
  } catch (error) {
    throw diskError(error, path);
  }
  try {
    const reading = await readJournal(path);
    if (reading.readOnly) throw reading.readOnly;
    if (options.engine !== undefined && reading.engine !== undefined && reading.engine !== options.engine) {
      throw new UserError(
        'other-engine',
        `This run was written by version ${reading.engine}, this is ${options.engine}.`,
        {
          hint: 'It can be shown and applied; to go on, use that version or start anew from its plan.',
        },
      );
    }
    if (reading.torn > 0) await cutTail(runFolder, handle, reading);
    await syncFolder(runFolder);
    return new JournalWriter(path, handle, reading, options);
  } catch (error) {
    await handle.close();
    throw diskError(error, path);
  }
}

/**
 * The records of a journal from the first on, and then each as it is written, until the signal fires. When records are taken back (a run that
 * was taken over by force, a journal put in this one's place), it begins again with seq 1: whoever sees seq 1 starts over.
 * A record may be seen an instant before it is on disk. Events that this version does not know are left out; damage throws `journal-damaged`.
 */
export async function* tailJournal(
  path: string,
  signal: AbortSignal,
  pollMs = 400,
): AsyncGenerator<JournalRecord, void> {
  const watch = watchFolder(dirname(path), pollMs, signal);
  let lines = noLines();
  let offset = 0;
  let file = '';
  try {
    while (!signal.aborted) {
      const found = await readNews(path, file, offset);
      if (found) {
        if (found.anew) [lines, offset, file] = [noLines(), 0, found.file];
        const news: JournalRecord[] = [];
        let seen = lines.records.length;
        offset += takeBytes(lines, found.bytes, () => {
          if (lines.rewound) {
            news.length = 0;
            seen = 0;
          }
          news.push(...lines.records.slice(seen));
          seen = lines.records.length;
        });
        yield* news;
        if (lines.damage) throw damaged(path, lines.damage);
      }
      await watch.next();
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    watch.close();
  }
}

interface Waiting {
  readonly at: string;
  readonly step: string | undefined;
  readonly ends: string | undefined;
  readonly event: JournalRecord['event'];
  readonly done: (record: JournalRecord) => void;
  readonly failed: (error: unknown) => void;
}

class JournalWriter implements OpenJournal {
  readonly records: readonly JournalRecord[];
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #lease: Lease;
  readonly #now: () => number;
  #seq: number;
  #bytes: number;
  #waiting: Waiting[] = [];
  #writing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  /** Set when nothing can be written any more: closed, the lease is lost, the disk lies. */
  #broken: unknown;

  constructor(path: string, handle: FileHandle, reading: JournalReading, options: OpenOptions) {
    this.records = reading.records;
    this.#path = path;
    this.#handle = handle;
    this.#lease = options.lease;
    this.#now = options.now;
    this.#seq = reading.seq;
    this.#bytes = reading.goodBytes;
  }

  append(entry: { event: JournalRecord['event']; step?: string; ends?: string }): Promise<JournalRecord> {
    if (this.#broken !== undefined) return Promise.reject(this.#broken as Error);
    // As it will be read again: an event that would not read must not get in.
    const event = runEventSchema.safeParse(JSON.parse(JSON.stringify(entry.event)));
    if (!event.success) return Promise.reject(new Error(`not an event: ${entry.event.type}`, { cause: event.error }));
    const { promise, resolve, reject } = Promise.withResolvers<JournalRecord>();
    this.#waiting.push({
      at: new Date(this.#now()).toISOString(),
      step: entry.step,
      ends: entry.ends,
      event: event.data,
      done: resolve,
      failed: reject,
    });
    this.#writing ??= this.#writeAll();
    return promise;
  }

  async close(): Promise<void> {
    this.#broken ??= new Error('the journal is closed');
    await this.#writing;
    await (this.#closing ??= this.#handle.close());
  }

  /** One group after the other; what arrives while one is written makes up the next. Never rejects. */
  async #writeAll(): Promise<void> {
    // Appends of the same turn share the first group.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        const records = await this.#writeGroup(group);
        for (const [n, record] of records.entries()) group[n]?.done(record);
      } catch (error) {
        // In order: what waits behind a lost record must not come before it is known to be lost.
        for (const entry of [...group, ...this.#waiting]) entry.failed(error);
        this.#waiting = [];
      }
    }
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Waiting[]): Promise<JournalRecord[]> {
    const records = group.map(({ at, step, ends, event }, n): JournalRecord => {
      const marks = { ...(step !== undefined && { step }), ...(ends !== undefined && { ends }) };
      return { seq: this.#seq + n + 1, at, epoch: this.#lease.epoch, ...marks, event };
    });
    const text = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''), 'utf8');
    await this.#assertOurs();
    try {
      for (let written = 0; written < text.length;) {
        written += (await this.#handle.write(text, written, text.length - written)).bytesWritten;
      }
      await this.#handle.datasync();
    } catch (error) {
      await this.#takeBack(error);
      throw diskError(error, this.#path);
    }
    this.#seq += records.length;
    this.#bytes += text.length;
    return records;
  }

  /** The lease is ours, and the file is the one that we know, as we left it. */
  async #assertOurs(): Promise<void> {
    try {
      await this.#lease.assertMine();
      const [mine, there] = await Promise.all([
        this.#handle.stat({ bigint: true }),
        stat(this.#path, { bigint: true }).catch(() => undefined),
      ]);
      if (!there || there.ino !== mine.ino || there.dev !== mine.dev || mine.size !== BigInt(this.#bytes)) {
        throw new UserError('journal-changed', `${this.#path} was removed or changed while the run went on.`, {
          hint: 'Something else writes there. What was acknowledged before is in the file that was removed or changed.',
        });
      }
    } catch (error) {
      if (error instanceof UserError && error.code !== 'read-only') this.#broken = error;
      throw error;
    }
  }

  /** After a failed write no half line stays. If even that fails, the next reader cuts it, and we write no more. */
  async #takeBack(cause: unknown): Promise<void> {
    const { code } = cause as NodeJS.ErrnoException;
    try {
      await cut(this.#path, this.#bytes);
      // After any other error of a flush nobody knows what is on disk.
      if (code !== 'ENOSPC' && code !== 'EDQUOT') this.#broken = diskError(cause, this.#path);
    } catch {
      this.#broken = diskError(cause, this.#path);
    }
  }
}

async function cutTail(runFolder: string, handle: FileHandle, { goodBytes, torn }: JournalReading): Promise<void> {
  const tail = Buffer.alloc(torn);
  await handle.read(tail, 0, torn, goodBytes);
  try {
    for (let n = 1; !(await createExclusive(join(runFolder, `journal.torn-${n}`), tail)); n++);
  } catch (error) {
    // Nobody was told that these bytes are safe, and cutting needs no room.
    if (!(error instanceof UserError && error.code === 'disk-full')) throw error;
  }
  await cut(journalPath(runFolder), goodBytes);
}

/** By a handle of its own: Windows lets none that appends cut. */
async function cut(path: string, bytes: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.truncate(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function engineOf(records: readonly JournalRecord[]): string | undefined {
  const last = records.findLast(({ event }) => event.type === 'run.created' || event.type === 'run.resumed');
  return last?.event.type === 'run.created' || last?.event.type === 'run.resumed' ? last.event.engine : undefined;
}

function whyReadOnly(path: string, { damage, unknown }: Lines): UserError | undefined {
  if (damage) return damaged(path, damage);
  if (!unknown) return undefined;
  return new UserError(
    'journal-newer',
    `Line ${unknown.line} of ${path} is unknown to this version (${unknown.type}).`,
    {
      hint: 'The run can be shown as far as it is understood. To go on with it, use the version that wrote it.',
    },
  );
}

function damaged(path: string, { line, why }: { line: number; why: string }): UserError {
  return new UserError('journal-damaged', `Line ${line} of ${path} is damaged: ${why}.`, {
    hint: 'What stands before it can be shown, but nobody can go on with the run. Restore the file from a backup, or start anew.',
  });
}

/** What follows `offset` in the file that was read last; all of it, `anew`, when that is another one now or shorter. Undefined when there is none. */
async function readNews(
  path: string,
  file: string,
  offset: number,
): Promise<{ bytes: Uint8Array; file: string; anew: boolean } | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { dev, ino, size } = await handle.stat({ bigint: true });
    const name = `${dev}:${ino}`;
    const anew = name !== file || size < offset;
    const start = anew ? 0 : offset;
    const bytes = Buffer.alloc(Number(size) - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    return { bytes: bytes.subarray(0, bytesRead), file: name, anew };
  } finally {
    await handle.close();
  }
}

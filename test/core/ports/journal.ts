import { UserError } from '../../../src/core/errors.ts';
import type { Journal } from '../../../src/core/ports.ts';
import { type JournalRecord, type RunEvent, runEventSchema } from '../../../src/core/run/events.ts';
import type { TestClock } from './clock.ts';
import type { Life } from './crash.ts';

/** Dies at the n-th append of this life, counted from 1: before the record is durable, or right after. */
export interface CrashAt {
  readonly n: number;
  readonly when: 'before' | 'after';
}

/**
 * A journal in memory, as strict as the real one: what would not read again is refused, appends made side by side keep
 * their order, and nothing is written after the process died. The `full`-th append finds the disk full, those after it do not.
 * `disk` outlives the process.
 */
export function memoryJournal(
  disk: JournalRecord[],
  options: {
    clock: TestClock;
    life: Life;
    epoch: number;
    crash?: CrashAt | undefined;
    flushMs?: number | undefined;
    full?: number | undefined;
  },
): Journal {
  const { clock, life, epoch, crash, flushMs, full } = options;
  const before = [...disk];
  let appended = 0;
  let last: Promise<unknown> = Promise.resolve();
  const write = async (
    entry: { event: RunEvent; step?: string; ends?: string },
    at: string,
  ): Promise<JournalRecord> => {
    if (flushMs !== undefined) await clock.sleep(flushMs);
    life.assertAlive();
    appended += 1;
    if (crash?.n === appended && crash.when === 'before') throw life.die();
    if (full === appended) throw new UserError('disk-full', 'The disk is full.');
    const { step, ends, event } = entry;
    const marks = { ...(step !== undefined && { step }), ...(ends !== undefined && { ends }) };
    const record = { seq: disk.length + 1, at, epoch, ...marks, event };
    disk.push(record);
    if (crash?.n === appended) throw life.die();
    return disk.at(-1) as JournalRecord;
  };
  return {
    records: before,
    append(entry) {
      const parsed = runEventSchema.parse(JSON.parse(JSON.stringify(entry.event)));
      const at = new Date(clock.now()).toISOString();
      const written = last.then(() => write({ ...entry, event: parsed }, at));
      last = written.catch(() => {});
      return written;
    },
  };
}

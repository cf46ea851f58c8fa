import { z } from 'zod';
import { recordSchema, runEventSchema } from '../../core/run/events.ts';
import type { JournalRecord } from '../../core/run/events.ts';

/** How the bytes of a journal read. Pure; the files are the matter of `journal.ts`. */

/** What a journal holds, as far as it could be read. */
export interface Lines {
  readonly records: JournalRecord[];
  /** Lines seen, counted from 1 for people. */
  lines: number;
  /** The first line that is no record, or out of order; nothing after it is read. */
  damage?: { line: number; why: string };
  /** The first event that this version does not know, in type or shape; what follows is read on. */
  unknown?: { line: number; type: string };
  /** Seq and epoch of the last line, known or not. */
  seq: number;
  epoch: number;
  /** Lines of an owner that had lost the run when it wrote them; they do not count. */
  stale: number;
  /** True when the last line given took back records that stood before. */
  rewound: boolean;
}

/** A reading that has seen nothing. */
export function noLines(): Lines {
  return { records: [], lines: 0, seq: 0, epoch: 0, stale: 0, rewound: false };
}

const envelopeSchema = recordSchema.extend({ event: z.looseObject({ type: z.string() }) });
const knownTypes = new Set<string>(runEventSchema.options.map((option) => option.shape.type.value));

/** True when the line is whole JSON: a torn one never is, since a record is one object. */
function isWhole(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** Takes the next whole line (without its end). Never throws. */
function takeLine(into: Lines, line: string): void {
  into.lines++;
  into.rewound = false;
  if (into.damage) return;
  const damaged = (why: string): void => {
    into.damage = { line: into.lines, why };
  };
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return damaged('it is not JSON');
  }
  const envelope = envelopeSchema.safeParse(value);
  if (!envelope.success) return damaged('it is not a record');
  const { seq, epoch, event } = envelope.data;
  // A process that was held up while another took the run over may still write a line or two. The new owner never saw them.
  if (epoch < into.epoch) {
    into.stale++;
    return;
  }
  if (epoch > into.epoch && seq <= into.seq) {
    const kept = into.records.findLastIndex((record) => record.seq < seq) + 1;
    into.stale += into.records.splice(kept).length;
    into.rewound = true;
  } else if (seq !== into.seq + 1) {
    return damaged(`it is number ${seq}, and ${into.seq + 1} was due`);
  }
  if (seq === 1 && event.type !== 'run.created') return damaged('a journal begins with run.created');
  into.seq = seq;
  into.epoch = epoch;
  const record = recordSchema.safeParse(value);
  if (record.success) into.records.push(record.data);
  else {
    into.unknown ??= {
      line: into.lines,
      type: knownTypes.has(event.type) ? `${event.type} in a shape of its own` : event.type,
    };
  }
}

/** Reads whole lines from `bytes`; resolves to how many bytes they took. A last line that is not whole JSON is left, with or without its end. */
export function takeBytes(into: Lines, bytes: Uint8Array, onLine?: () => void): number {
  let start = 0;
  for (let end = bytes.indexOf(10, start); end !== -1; end = bytes.indexOf(10, start)) {
    const line = decode(bytes.subarray(start, end));
    if (end === bytes.length - 1 && !isWhole(line)) break;
    takeLine(into, line);
    start = end + 1;
    onLine?.();
  }
  return start;
}

/** Bytes that are not UTF-8 make a line that is no JSON. */
function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return '';
  }
}

import { z } from 'zod';
import type { JournalRecord } from '../core/run/events.ts';
import { runEventSchema } from '../core/run/events.ts';

/** What stands in every line beside the event's own fields. */
const frame = {
  run: z.string().describe('The run. Ids sort by time.'),
  seq: z
    .number()
    .int()
    .nonnegative()
    .describe("Number of the record in the run's journal, from 1. 0: the line is no record (a run that ended before)."),
  at: z.iso.datetime().describe('When it was journaled.'),
};

/** How a run ended, for programs: a budget that is spent is `stopped`, and `reason` says so. */
const endedLine = z.object({
  type: z.literal('run.ended'),
  outcome: z.enum(['applied', 'ready', 'stopped', 'failed']),
  reason: z.string().optional(),
  hint: z.string().optional(),
  ...frame,
});

type Option = (typeof runEventSchema.options)[number];
const others = runEventSchema.options.filter((option) => option.shape.type.value !== 'run.ended');

/** One line of `--json`: the published schema is made from this. The last line of a run is its `run.ended`. */
export const jsonLineSchema = z.discriminatedUnion('type', [
  endedLine,
  ...others.map((option) => (option as z.ZodObject<Option['shape']>).extend(frame)),
] as [typeof endedLine, ...Option[]]);

/** A record as a line of `--json`, without the line's end. */
export function jsonLine(record: JournalRecord, run: string): string {
  const { seq, at, event } = record;
  if (event.type !== 'run.ended') return safe({ ...event, run, seq, at });
  const spent = event.outcome === 'spent';
  return safe({
    ...event,
    outcome: spent ? 'stopped' : event.outcome,
    ...(spent && { reason: event.reason ?? 'The budget is spent.' }),
    run,
    seq,
    at,
  });
}

/** The last line of a run whose end is not in the records that were seen. */
export function jsonEnd(
  run: string,
  outcome: 'applied' | 'ready' | 'stopped' | 'failed',
  at: string,
  reason?: string,
): string {
  return safe({ type: 'run.ended', run, outcome, ...(reason !== undefined && { reason }), seq: 0, at });
}

/** JSON in which nothing stands that a terminal would obey, or that some readers take for the end of a line. */
export function safe(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The published JSON schema of a line of `--json`. */
export function jsonLineJsonSchema(): unknown {
  return {
    title: 'A line of orchestra run --json',
    ...z.toJSONSchema(jsonLineSchema, { target: 'draft-7', io: 'output', unrepresentable: 'any' }),
  };
}

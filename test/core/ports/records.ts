import type { EventOf, JournalRecord, RunEvent } from '../../../src/core/run/events.ts';

const start = Date.UTC(2026, 0, 5, 9);

export type Entry = RunEvent | readonly [seconds: number, event: RunEvent, epoch?: number];

/** Records in order, each a second after the one before, or at the second that is given. */
export function recordsOf(...events: readonly Entry[]): JournalRecord[] {
  let last = -1;
  let epoch = 1;
  return events.map((entry, n) => {
    const [seconds, event, own] = 'type' in entry ? [last + 1, entry, undefined] : entry;
    last = seconds;
    epoch = own ?? epoch;
    return { seq: n + 1, at: new Date(start + seconds * 1000).toISOString(), epoch, event };
  });
}

export const created = (more: Partial<EventOf<'run.created'>> = {}): RunEvent => ({
  type: 'run.created',
  task: 'Do the task.',
  engine: '1',
  team: 'default',
  budget: { calls: 40, minutes: 45 },
  scripted: true,
  budgetFrom: 'default',
  ...more,
});

export const resumed = (more: Partial<EventOf<'run.resumed'>> = {}): RunEvent => ({
  type: 'run.resumed',
  by: 'ana',
  engine: '1',
  ...more,
});

export const started = (call: string, more: Partial<EventOf<'call.started'>> = {}): RunEvent => ({
  type: 'call.started',
  call,
  role: 'critic',
  phase: 'analysis',
  kind: 'findings',
  title: 'looks',
  model: 'm1',
  attempt: 1,
  server: 's1',
  id: 'm1-id',
  promptBytes: 4000,
  reserved: { tokens: 9000, usd: 0.09 },
  scripted: true,
  ...more,
});

export const ended = (call: string, more: Partial<EventOf<'call.ended'>> = {}): RunEvent => ({
  type: 'call.ended',
  call,
  role: 'critic',
  phase: 'analysis',
  kind: 'findings',
  ok: true,
  answer: { summary: 'x', findings: [] },
  model: 'm1',
  server: 's1',
  id: 'm1-id',
  usage: { inputTokens: 100, outputTokens: 20 },
  usd: 0.5,
  estimated: false,
  ms: 10,
  scripted: true,
  ...more,
});

export const failed = (call: string, more: Partial<EventOf<'call.failed'>> = {}): RunEvent => ({
  type: 'call.failed',
  call,
  role: 'critic',
  phase: 'analysis',
  attempt: 1,
  server: 's1',
  model: 'm1',
  failure: { kind: 'crash', message: 'It died.' },
  estimated: false,
  ...more,
});

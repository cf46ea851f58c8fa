import { judgeArrival } from '../bus/arrivals.ts';
import { messageName } from '../bus/names.ts';
import { oneLine } from '../bus/text.ts';
import { isAbort, UserError } from '../errors.ts';
import type { ReachOutput } from '../ask.ts';
import type { Arrival, InboxMessage, Ports, Receipt } from '../ports.ts';
import type { Route, TeamFile } from '../team/file.ts';
import { type Breaker, openBreaker } from './breaker.ts';
import { type BudgetKeeper, openBudget } from './budget.ts';
import type { Control } from './control.ts';
import type { EventOf, JournalRecord, Outcome, RunEvent } from './events.ts';
import { type Controls, openControls } from './controls.ts';
import { withoutSecrets } from './clean.ts';
import { fold } from './fold.ts';
import type { RunState } from './state.ts';
import { RunStopped } from './stopped.ts';

/** What a run is about. The cast is not in it: that is decided at triage, and journaled. */
export interface RunInput {
  readonly run: string;
  readonly team: TeamFile;
  readonly teamName: string;
}

export type Emit = (event: RunEvent) => Promise<void>;
type Message = EventOf<'message.posted'>;
type StepEnd = Exclude<RunEvent, { type: 'run.created' | 'run.resumed' | 'run.ended' }>;

/** What the phases work with: a plain async function over `step` can be run again from the top at any time. */
export interface Run {
  readonly input: RunInput;
  readonly ports: Ports;
  /** Fires when the run must end: the person's word, the budget's minutes, the host going away. */
  readonly signal: AbortSignal;
  /** One for all lanes. */
  readonly budget: BudgetKeeper;
  readonly breaker: Breaker;
  /** The person's word to calls under way. */
  readonly controls: Controls;
  /** Whether a route can be used, and with `catalogue` which of its ids are gone; asked once in this process. */
  reach(route: Route, how?: { readonly catalogue: boolean }): Promise<ReachOutput>;
  /** Sessions that a call is at work in; nobody else can go on in them meanwhile. */
  readonly sessions: Set<string>;
  /** Checkouts that are being made, so that lanes that want the same one wait for it. */
  readonly opening: Map<string, Promise<string>>;
  /** Words of the person that a call is about to take, by role and id: of two calls of a role only one tells them. */
  readonly taking: Map<string, string>;
  /** Questions that a lane is about to ask, by role and number: likewise. */
  readonly asking: Set<string>;
  /** Files, each with its content, that the person did not let a check execute: not asked about again while this process goes on. */
  readonly declined: Set<string>;
  state(): RunState;
  /**
   * Does `work` once. Its event is journaled as the end of the step, and given again, without work, whenever the run is
   * resumed. `inputs` are hashed and kept: when they differ later that is noted, and the finished step still stands.
   * What `work` emits on the way is journaled under the step's key and may come twice after a crash.
   */
  step<T extends StepEnd['type']>(
    key: string,
    type: T,
    inputs: unknown,
    work: (emit: Emit) => Promise<Omit<EventOf<T>, 'type'>>,
  ): Promise<EventOf<T>>;
  /** True when the step has an end already. */
  finished(key: string): boolean;
  /** Something worth telling. Said once. `vainFix`: the finding whose fix came to nothing. */
  note(level: 'info' | 'warning', text: string, role?: string, vainFix?: string): Promise<void>;
  /** Waits for the person: the budget's minutes stand still meanwhile. */
  pauseClock<T>(wait: () => Promise<T>): Promise<T>;
}

export interface RunHooks {
  /** Called in order, after the record is on disk. Must not throw. */
  onRecord?(record: JournalRecord): void;
  /** False: the budget's minutes do not end it. */
  readonly timed?: boolean;
}

/**
 * The key of a step that failed inside a phase that never ended is done anew on resume; all other ends stand. So does a
 * call that the person stopped, unless the run failed afterwards, perhaps for want of it.
 */
function endsOf(records: readonly JournalRecord[]): Map<string, JournalRecord> {
  const over = new Set(records.flatMap((r) => (r.event.type === 'phase.ended' ? [r.event.phase as string] : [])));
  const ends = new Map<string, JournalRecord>();
  const lastFailure = records.findLast((r) => r.event.type === 'run.ended' && r.event.outcome === 'failed')?.seq ?? 0;
  for (const record of records) {
    if (record.step === undefined || record.ends === undefined) continue;
    const { event } = record;
    const stands = event.type === 'call.ended' && event.failure?.kind === 'person' && record.seq > lastFailure;
    if (event.type === 'call.ended' && !event.ok && !over.has(event.phase) && !stands) continue;
    if (event.type === 'change.failed' && !over.has('implementation')) continue;
    ends.set(record.step, record);
  }
  return ends;
}

export interface RunHandle {
  readonly run: Run;
  /** Journals how the run begins or goes on, and starts the clock of its budget. */
  begin(event: EventOf<'run.created' | 'run.resumed'>): Promise<void>;
  /** The person's word to stop, from wherever it comes. */
  stop(reason: string): void;
  /** Ends the run with an error of what goes on beside its steps. */
  fail(error: Error): void;
  /** Journals a message from outside, once; false when it was there already. */
  received(message: InboxMessage): Promise<boolean>;
  /** Says the person's word to a call under way; where nothing comes of it that is noted. */
  control(control: Control, by: string): Promise<void>;
  /** Journals what a model left for the bus, once, or refuses it. */
  arrived(arrival: Arrival): Promise<Receipt>;
  /** Journals how the run ended. */
  end(end: { outcome: Outcome; reason?: string; hint?: string }): Promise<void>;
  close(): void;
}

/** Opens a run over its journal. The caller holds the lease. */
export function openRun(input: RunInput, ports: Ports, signal: AbortSignal, hooks: RunHooks = {}): RunHandle {
  const ends = endsOf(ports.journal.records);
  const control = new AbortController();
  const all = AbortSignal.any([signal, control.signal]);
  const open = new Set<string>();
  const reached = new Map<string, Promise<ReachOutput>>();
  let state = fold(ports.journal.records);
  let message = state.messages.reduce((max, m) => Math.max(max, m.seq), 0);
  /** How many lanes wait for the person. */
  let waiting = 0;
  let deadline: { signal: AbortSignal; cancel(): void } | undefined;

  /** At the moment in which it goes to the journal, so that the numbers are in the journal's order and none is missing. */
  const numbered = (event: RunEvent): RunEvent => {
    if (event.type !== 'message.posted') return event;
    const seq = (message += 1);
    return { ...event, seq, memory: messageName({ run: input.run, ...event, seq }) };
  };

  /** A route that cannot be used is left alone from the start, as one that broke in a call. */
  const reachOnce = async (route: Route, catalogue: boolean): Promise<ReachOutput> => {
    const found = await ports.models.reach(route, all, { catalogue });
    if (found.failure) run.breaker.failed(route, found.failure);
    return found;
  };

  const append = async (entry: { event: RunEvent; step?: string; ends?: string }): Promise<JournalRecord> => {
    const record = await ports.journal.append({
      ...entry,
      event: withoutSecrets(numbered(entry.event), (text) => ports.redact(text)),
    });
    state = fold([record], state);
    hooks.onRecord?.(record);
    // Journal first: what a crash leaves out here is written when the run is opened again.
    if (record.event.type === 'message.posted') await ports.bus.post(record);
    return record;
  };

  const posted = async (message: Omit<Message, 'type' | 'seq' | 'memory'>): Promise<Message> => {
    const { event } = await append({ event: { type: 'message.posted', seq: 0, memory: '', ...message } });
    return event as Message;
  };

  const armClock = (): void => {
    if (hooks.timed === false) return;
    const left = state.budget.minutes * 60_000 - state.activeMs;
    deadline?.cancel();
    deadline = ports.clock.timeout(Math.max(0, left));
    const end = (): void =>
      control.abort(
        new RunStopped(
          'spent',
          `The budget of ${state.budget.minutes} minutes is spent.`,
          'Resume it with a larger budget: `orchestra resume --budget …`.',
        ),
      );
    if (deadline.signal.aborted) end();
    else deadline.signal.addEventListener('abort', end, { once: true });
  };

  const run: Run = {
    input,
    ports,
    signal: all,
    budget: openBudget(() => state),
    breaker: openBreaker(ports.clock, input.team.limits.breakerSeconds * 1000),
    controls: openControls(),
    reach(route, { catalogue } = { catalogue: false }) {
      const key = canonical([route.server, route.agent, route.tool, route.ids, catalogue]);
      const known = reached.get(key) ?? reachOnce(route, catalogue);
      reached.set(key, known);
      return known;
    },
    sessions: new Set(),
    opening: new Map(),
    taking: new Map(),
    asking: new Set(),
    declined: new Set(),
    state: () => state,
    finished: (key) => ends.has(key),
    async step(key, type, inputs, work) {
      const hash = ports.hash(canonical(inputs));
      const done = ends.get(key);
      if (done) {
        if (done.ends !== hash)
          await run.note(
            'info',
            `What "${key}" was made from has changed since; its result stands and is not paid for again.`,
          );
        return done.event as EventOf<typeof type>;
      }
      if (open.has(key)) throw new Error(`step ${key} is under way twice`);
      all.throwIfAborted();
      open.add(key);
      try {
        const result = await work(async (event) => {
          await append({ event, step: key });
        });
        const event = { type, ...result } as EventOf<typeof type>;
        const record = await append({ event, step: key, ends: hash });
        ends.set(key, record);
        // As it will be read on resume, so that both go on with the same.
        return record.event as EventOf<typeof type>;
      } finally {
        open.delete(key);
      }
    },
    async note(level, text, role, vainFix) {
      if (state.notes.some((n) => n.text === text && n.role === role)) return;
      await append({ event: { type: 'note', level, text, role, vainFix } });
    },
    async pauseClock(wait) {
      deadline?.cancel();
      waiting += 1;
      try {
        return await wait();
      } finally {
        waiting -= 1;
        if (waiting === 0 && !all.aborted) armClock();
      }
    },
  };

  return {
    run,
    async begin(event) {
      // Its first owner died before it could say what the run is about.
      if (event.type === 'run.resumed' && state.seq === 0)
        throw new UserError('not-begun', 'This run was never begun: its journal is empty.', {
          hint: 'Start it anew with `orchestra run`.',
        });
      await append({ event });
      armClock();
    },
    async received(message) {
      const { id, kind, text, to, control, from } = message;
      const news = !state.said.some((m) => m.id === id);
      if (news) await append({ event: { type: 'inbox.received', id, kind, text, to, control, from } });
      // Everybody on the bus can read what the person said.
      if (kind === 'say' && !state.messages.some((m) => m.arrival === id))
        await posted(wordOf(message, ports.redact(text)));
      return news;
    },
    async arrived(arrival) {
      const known = state.messages.find((m) => m.arrival === arrival.id);
      if (known?.from === 'broker') return { refused: known.body };
      if (known) return receiptOf(known);
      // Before anything is cut out of it, which could leave half of a secret.
      const { subject, body } = arrival;
      const clean = { ...arrival, subject: ports.redact(subject), body: ports.redact(body) };
      const judged = judgeArrival(input.run, state, clean, input.team.limits);
      if ('said' in judged) return receiptOf(judged.said);
      if ('posted' in judged) return receiptOf(await posted(judged.posted));
      if (judged.tell) await posted(judged.tell);
      return { refused: judged.refused };
    },
    async control(word, by) {
      // What is said of a route is in the state, and counts from the next attempt on.
      if (!('call' in word)) return;
      const problem = run.controls.say(word, by);
      if (problem !== undefined) await run.note('info', problem);
    },
    async end(end) {
      await append({ event: { type: 'run.ended', ...end } });
    },
    stop: (reason) => control.abort(new RunStopped('stopped', reason, 'Go on with `orchestra resume`.')),
    fail: (error) => control.abort(error),
    close: () => deadline?.cancel(),
  };
}

/**
 * Runs lanes side by side and joins them in declared order. When one stops the run the others are given the time to
 * end what they are in (their signal is the run's), and the first stop in declared order is thrown.
 */
export async function lanes<T>(work: readonly (() => Promise<T>)[]): Promise<T[]> {
  const ended = await Promise.allSettled(work.map((lane) => lane()));
  const failed = ended.filter((e): e is PromiseRejectedResult => e.status === 'rejected').map((e): unknown => e.reason);
  // A stop says more than the aborts that it causes elsewhere.
  const first = failed.find((reason) => !isAbort(reason)) ?? failed[0];
  if (failed.length > 0) throw first;
  return ended.map((e) => (e as PromiseFulfilledResult<T>).value);
}

const receiptOf = ({ seq, memory }: Message): Receipt => ({ seq, memory });

/** The person's word as a message; `text` is what may be written down of it. */
function wordOf({ id, to }: InboxMessage, text: string): Omit<Message, 'type' | 'seq' | 'memory'> {
  const subject = oneLine(text, 200);
  return { from: 'person', to: [to ?? 'all'], kind: 'say', subject, body: text, verified: true, arrival: id };
}

/** JSON with sorted keys, so that equal inputs have equal hashes. */
export function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, v: unknown) =>
      v !== null && typeof v === 'object' && !Array.isArray(v)
        ? Object.fromEntries(Object.entries(v).toSorted(([a], [b]) => (a < b ? -1 : 1)))
        : v,
    ) ?? 'undefined'
  );
}

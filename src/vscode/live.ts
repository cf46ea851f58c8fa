import { isAbort } from '../core/errors.ts';
import type { JournalRecord } from '../core/run/events.ts';
import { fold } from '../core/run/fold.ts';
import type { RunState } from '../core/run/state.ts';
import type { Project } from '../node/project.ts';
import type { ShownRun } from './session.ts';
import { openTails, type Tail } from './tails.ts';

/** One run as this window knows it, while it changes. */
export interface LiveRun extends ShownRun {
  readonly control: AbortController;
  /** Ends the reading on after its end. */
  readonly reading: AbortController;
  driven: ShownRun['driven'];
  /** Called in order with every record of the journal. */
  take(record: JournalRecord): void;
  takeText(call: string, attempt: number, text: string): void;
}

/** A run of which nothing is known yet; its records are to come. `onChange` is told after each. */
export function openLive(of: { root: string; run: string; driven: ShownRun['driven'] }, onChange: () => void): LiveRun {
  const tails = openTails();
  let state: RunState = fold([]);
  return {
    ...of,
    control: new AbortController(),
    reading: new AbortController(),
    get state() {
      return state;
    },
    tail: (call): Tail | undefined => tails.of(call),
    take(record) {
      // A watcher that begins anew, or a resumed run, gives what is known once more.
      if (record.seq <= state.seq) return;
      state = fold([record], state);
      onChange();
    },
    takeText(call, attempt, text) {
      tails.append(call, attempt, text);
      onChange();
    },
  };
}

/** How often it is looked whether the run's process still lives, in milliseconds. */
const lifeMs = 2000;

/** Whether a living process has the run. */
export async function isDriven(project: Project, run: string): Promise<boolean> {
  const { owner, state } = await project.find(run);
  return owner !== undefined || state === 'running' || state === 'elsewhere';
}

/**
 * Follows a run that another process drives until it ends or nobody drives it any more, or the run's own signal fires. A run that is over is
 * read to its end.
 */
export async function follow(
  live: LiveRun,
  project: Project,
  onRecord: (record: JournalRecord) => void,
): Promise<void> {
  const over = new AbortController();
  const signal = AbortSignal.any([live.control.signal, over.signal]);
  const lives = (): Promise<boolean> => isDriven(project, live.run);
  const tails: Promise<void>[] = [];
  let timer: NodeJS.Timeout | undefined;
  try {
    live.driven = (await lives()) ? 'elsewhere' : 'nobody';
    if (live.driven === 'nobody') {
      for (const record of (await project.show(live.run)).records) {
        live.take(record);
        onRecord(record);
      }
      return;
    }
    timer = setInterval(() => {
      void lives().then(
        (runs) => runs || over.abort(new DOMException('Nobody goes on with it.', 'AbortError')),
        () => over.abort(),
      );
    }, lifeMs);
    for await (const record of project.watch(live.run, signal)) {
      live.take(record);
      onRecord(record);
      const { event } = record;
      if (event.type === 'call.started') tails.push(tail(live, project, event.call, event.attempt, signal));
    }
  } catch (error) {
    if (!isAbort(error)) throw error;
  } finally {
    clearInterval(timer);
    over.abort();
    await Promise.all(tails);
    live.driven = 'nobody';
  }
}

/**
 * Reads on after a run's end: the person decides about its change, here or in another window, and it may be gone on with elsewhere. Gives
 * true as soon as another process goes on with it, false when the reading was ended.
 */
export async function readOn(
  live: LiveRun,
  project: Project,
  onRecord: (record: JournalRecord) => void,
): Promise<boolean> {
  try {
    for await (const record of project.watch(live.run, live.reading.signal)) {
      if (record.seq <= live.state.seq) continue;
      live.take(record);
      onRecord(record);
      if (record.event.type === 'run.resumed') return true;
    }
  } catch (error) {
    if (!isAbort(error)) throw error;
  }
  return false;
}

async function tail(
  live: LiveRun,
  project: Project,
  call: string,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const text of project.tail(live.run, call, attempt, signal)) live.takeText(call, attempt, text);
  } catch {
    // Live text is a convenience: the records say what counts.
  }
}

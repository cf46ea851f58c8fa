import type { RunEnd } from '../core/phases/workflow.ts';
import type { Person } from '../core/ports.ts';
import type { JournalRecord } from '../core/run/events.ts';
import type { RunState } from '../core/run/state.ts';

/** How a host takes part in a run of its own. */
export interface Host {
  readonly person: Person;
  readonly signal: AbortSignal;
  /** After each record is on disk, in order; `past`: it was there before this work began. Must not throw. */
  onRecord?(record: JournalRecord, run: string, past: boolean): void;
  /** Live text of calls, as it arrives. */
  onText?(call: string, attempt: number, text: string): void;
}

/** How a piece of work on a run ended. */
export interface RunResult extends RunEnd {
  readonly run: string;
  readonly state: RunState;
}

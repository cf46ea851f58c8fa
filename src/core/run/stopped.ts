import type { Outcome } from './events.ts';

/** Ends the run in order. The journal keeps what was done; `resume` goes on from there. */
export class RunStopped extends Error {
  readonly outcome: Exclude<Outcome, 'applied' | 'ready'>;
  readonly hint: string | undefined;
  constructor(outcome: RunStopped['outcome'], reason: string, hint?: string) {
    super(reason);
    this.name = 'RunStopped';
    this.outcome = outcome;
    this.hint = hint;
  }
}

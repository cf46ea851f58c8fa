import type { Mend } from '../../core/ask.ts';

/** One line of the doctor's table. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'retired' | 'off';
  readonly detail: string;
  /** What can be done about it, best first. */
  readonly mends: readonly Mend[];
}

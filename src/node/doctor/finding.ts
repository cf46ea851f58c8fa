import type { Mend } from '../../core/ask.ts';

/** One line of the doctor's table. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'retired' | 'off';
  readonly detail: string;
  /** The first of `mends` in one sentence, with its exact command, when it is not fine. */
  readonly mend?: string;
  /** What can be done about it, best first. */
  readonly mends: readonly Mend[];
}

/** The first mend in one sentence. */
export function mendOf(mends: readonly Mend[]): { mend: string } | Record<string, never> {
  const [first] = mends;
  if (!first) return {};
  const known = first.command === undefined || first.label.includes(first.command);
  return { mend: known ? first.label : `${first.label}: ${first.command}` };
}

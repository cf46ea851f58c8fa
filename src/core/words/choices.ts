import type { AskPermission } from '../ask.ts';
import type { StopQuestion } from '../ports.ts';

/** What can be answered to each question of a run: panel, editor and notifications offer these, in words and looks of their own. */

/** A question, as far as its answers depend on it. */
export type Askable =
  | { readonly kind: 'stop'; readonly stop: Pick<StopQuestion, 'stop'> }
  | { readonly kind: 'permission'; readonly request: Pick<AskPermission, 'kind'> }
  | { readonly kind: 'held' };

export interface Choice {
  readonly answer: 'go' | 'stop' | 'once' | 'run' | 'no' | 'yes';
  /** In sentence case. */
  readonly label: string;
  /** It lets something happen; what that is must have been seen whole. */
  readonly lets: boolean;
}

/** The answers to a question; the first is the one that is meant. */
export function choicesOf(question: Askable): readonly Choice[] {
  switch (question.kind) {
    case 'stop':
      return question.stop.stop === 'apply'
        ? [
            { answer: 'go', label: 'Apply all', lets: true },
            { answer: 'stop', label: 'Not now', lets: false },
          ]
        : [
            { answer: 'go', label: 'Go', lets: true },
            { answer: 'stop', label: 'Stop', lets: false },
          ];
    case 'permission':
      return [
        { answer: 'once', label: 'Allow', lets: true },
        // The engine remembers command lines only.
        ...(question.request.kind === 'command'
          ? [{ answer: 'run', label: 'Allow for this run', lets: true } as const]
          : []),
        { answer: 'no', label: 'Deny', lets: false },
      ];
    case 'held':
      return [
        { answer: 'yes', label: 'Let it through', lets: true },
        { answer: 'no', label: 'Keep it back', lets: false },
      ];
  }
}

const small = new Set(['a', 'an', 'and', 'for', 'in', 'of', 'the', 'to']);

/** A label as editors write those of buttons and commands: `Allow for This Run`. */
export const titled = (label: string): string =>
  label
    .split(' ')
    .map((word, n) => (n > 0 && small.has(word) ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join(' ');

import { UserError } from '../core/errors.ts';
import type { Outcome } from '../core/run/events.ts';
import { paint, type Look } from './view/look.ts';
import { plain } from '../core/words/plain.ts';

/** What the shell is told. */
export const exitCodes = { fine: 0, failed: 1, usage: 2, stopped: 3, spent: 4 } as const;

/** The exit code of a run that ended like this. */
export function codeOfOutcome(outcome: Outcome): number {
  switch (outcome) {
    case 'applied':
    case 'ready':
      return exitCodes.fine;
    case 'failed':
      return exitCodes.failed;
    case 'stopped':
      return exitCodes.stopped;
    case 'spent':
      return exitCodes.spent;
  }
}

/** Wrong words on the command line, or a file of the person's that cannot be read as it is. */
const usageCodes: ReadonlySet<string> = new Set([
  'usage',
  'team-file',
  'unknown-team',
  'no-run',
  'ambiguous-run',
  'bad-run',
]);

/** The exit code for what was thrown. */
export function codeOfError(error: unknown): number {
  return error instanceof UserError && usageCodes.has(error.code) ? exitCodes.usage : exitCodes.failed;
}

/** What was thrown, for a person: message and hint, or for a bug its stack and a word on what to do with it. */
export function errorLines(error: unknown, look: Look): string[] {
  if (error instanceof UserError) {
    const lines = plain(`orchestra: ${error.message}`).trimEnd().split('\n');
    const hint =
      error.hint === undefined
        ? []
        : plain(error.hint)
            .split('\n')
            .map((line) => `  ${line}`);
    return [...lines, ...hint];
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return [
    paint(
      look,
      'red',
      'orchestra: this is a bug in Model Orchestra, not in what you did. Please report it with these lines:',
    ),
    ...plain(stack).split('\n'),
  ];
}

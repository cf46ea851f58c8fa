import fc from 'fast-check';
import type { FileChange, FileSide } from '../../../src/core/change/change.ts';

/** Texts for the tests of changes: few different lines, so that repeats are common. */

export const side = (text: string, mode: FileSide['mode'] = '100644'): FileSide => ({
  mode,
  sha: `sha of ${text}`,
  text,
});

/** A change of one file; undefined is a file that is not there. */
export function fileChange(path: string, before: string | undefined, after: string | undefined): FileChange {
  return {
    path,
    ...(before === undefined ? {} : { before: side(before) }),
    ...(after === undefined ? {} : { after: side(after) }),
  };
}

const line = fc.constantFrom('a', 'b', 'c', '}', '', 'a b');
const end = fc.constantFrom('\n', '\n', '\n', '\r\n');
const lines = (max: number) =>
  fc.array(fc.tuple(line, end), { maxLength: max }).map((all) => all.map((pair) => pair.join('')));

/** Any text; its last line may lack an end. */
export const anyText = fc.tuple(lines(14), fc.constantFrom('', '', 'a', 'x')).map(([all, last]) => all.join('') + last);

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly add: readonly string[];
}

const edits = fc.array(
  fc.record({
    at: fc.nat(40),
    remove: fc.nat(3),
    add: fc.array(fc.constantFrom('a\n', 'b\n', '}\n', 'x\n', 'y\n'), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 3 },
);

function edited(base: readonly string[], all: readonly Edit[]): string {
  const result = [...base];
  for (const { at, remove, add } of all) result.splice(at % (result.length + 1), remove, ...add);
  return result.join('');
}

/** A base and what two or three writers made of it. */
export const writers = fc
  .tuple(
    fc.array(fc.constantFrom('a\n', 'b\n', 'c\n', '}\n', 'd\n', 'e\n'), { minLength: 3, maxLength: 30 }),
    fc.array(edits, { minLength: 2, maxLength: 3 }),
  )
  .map(([base, all]) => ({ base: base.join(''), after: all.map((own) => edited(base, own)) }));

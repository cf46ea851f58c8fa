import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Hunk } from '../../../src/core/change/change.ts';
import { applyHunks, hunksOf } from '../../../src/core/change/hunks.ts';
import { splitLines } from '../../../src/core/change/lines.ts';
import { mergeText } from '../../../src/core/change/merge.ts';
import { filePart } from '../../../src/core/review/part.ts';
import { propose, type Now } from '../../../src/core/review/propose.ts';
import { anyText, fileChange, side, writers } from '../change/texts.ts';

const all = (): boolean => true;
const asBase = (text: string): Now => ({ is: 'before', there: true, text });
const edited = (text: string): Now => ({ is: 'other', there: true, text });
const textHunks = (hunks: readonly Hunk[]): Hunk[] => hunks.filter((hunk) => hunk.kind === 'text');

describe('a part of a change', () => {
  it('with any of its hunks is the base with these and no others; with all of them the change, with none the base', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.array(fc.boolean(), { maxLength: 12 }), (before, after, picks) => {
        const file = fileChange('f', before, after);
        const hunks = hunksOf('final', [file]);
        const chosen = new Set(hunks.filter((_, n) => picks[n] ?? false).map((hunk) => hunk.id));
        const part = filePart(file, hunks, chosen);
        const text = part.kind === 'text' ? part.text : part.kind === 'base' ? before : after;
        if (hunks.every((hunk) => hunk.kind === 'text'))
          assert.equal(
            text,
            applyHunks(
              before,
              hunks.filter((hunk) => chosen.has(hunk.id)),
            ),
          );
        assert.equal(filePart(file, hunks, new Set()).kind, 'base');
        if (hunks.length > 0) assert.equal(filePart(file, hunks, new Set(hunks.map((h) => h.id))).kind, 'final');
      }),
    );
  });

  it('has the mode of the change or of the base, as was decided', () => {
    const file = { path: 'f', before: side('a\nb\nc\n'), after: side('A\nb\nC\n', '100755') };
    const hunks = hunksOf('final', [file]);
    assert.deepEqual(
      hunks.map((hunk) => hunk.kind),
      ['text', 'text', 'mode'],
    );
    const [one, two, mode] = hunks.map((hunk) => hunk.id) as [string, string, string];
    assert.deepEqual(filePart(file, hunks, new Set([one, mode])), { kind: 'text', text: 'A\nb\nc\n', mode: 'final' });
    assert.deepEqual(filePart(file, hunks, new Set([one, two])), { kind: 'text', text: 'A\nb\nC\n', mode: 'base' });
    assert.deepEqual(filePart(file, hunks, new Set([mode])), { kind: 'text', text: 'a\nb\nc\n', mode: 'final' });
  });
});

describe('what is proposed', () => {
  it('on a file that the person left alone is the part, each hunk where its lines stand', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.array(fc.boolean(), { maxLength: 12 }), (before, after, picks) => {
        const file = fileChange('f', before, after);
        const hunks = hunksOf('final', [file]);
        if (hunks.length === 0 || hunks.some((hunk) => hunk.kind !== 'text')) return;
        const shown = new Set(hunks.filter((_, n) => picks[n] ?? false).map((hunk) => hunk.id));
        const proposed = propose(file, hunks, asBase(before), (id) => shown.has(id));
        assert.equal(
          proposed.text,
          applyHunks(
            before,
            hunks.filter((hunk) => shown.has(hunk.id)),
          ),
        );
        const lines = splitLines(proposed.text);
        assert.equal(proposed.places.length, hunks.length);
        for (const place of proposed.places) {
          const hunk = hunks.find((one) => one.id === place.hunk)!;
          assert.equal(place.state, shown.has(hunk.id) ? 'there' : 'out');
          const own = shown.has(hunk.id) ? hunk.added : hunk.removed;
          assert.deepEqual(lines.slice(place.line, place.line + own!.length), own);
        }
      }),
    );
  });

  it('on a file that the person edited is what the applier merges, or a conflict for both', () => {
    let conflicts = 0;
    let clean = 0;
    fc.assert(
      fc.property(writers, fc.array(fc.boolean(), { maxLength: 6 }), ({ base, after: [theirs, ours] }, picks) => {
        const file = fileChange('f', base, theirs!);
        const hunks = textHunks(hunksOf('final', [file]));
        const shown = new Set(hunks.filter((_, n) => picks[n] ?? true).map((hunk) => hunk.id));
        const part = applyHunks(
          base,
          hunks.filter((hunk) => shown.has(hunk.id)),
        );
        const merged = mergeText(base, ours!, part);
        const proposed = propose(file, hunks, edited(ours!), (id) => shown.has(id));
        const conflict = proposed.places.some((place) => place.state === 'conflict');
        // What is left of a change can be aligned otherwise than all of it (equal lines): then one of the two may see a conflict more.
        if (conflict !== merged.conflict) return;
        if (conflict) conflicts += 1;
        else {
          clean += 1;
          assert.equal(proposed.text, merged.text);
        }
      }),
      { numRuns: 1500 },
    );
    assert.ok(conflicts > 100 && clean > 300, `${conflicts} conflicts, ${clean} clean`);
  });

  it('agrees with the applier on what is a conflict but for texts of equal lines', () => {
    const line = fc.integer({ min: 0, max: 1_000_000 }).map((n) => `${n}\n`);
    const edits = fc.array(fc.tuple(fc.nat(20), fc.nat(2), fc.array(line, { maxLength: 2 })), { maxLength: 4 });
    const edit = (lines: string[], all: [number, number, string[]][]): string => {
      const out = [...lines];
      for (const [at, remove, add] of all) out.splice(at % (out.length + 1), remove, ...add);
      return out.join('');
    };
    fc.assert(
      fc.property(fc.uniqueArray(line, { minLength: 2, maxLength: 20 }), edits, edits, (lines, one, two) => {
        const [base, theirs, ours] = [lines.join(''), edit(lines, one), edit(lines, two)];
        const file = fileChange('f', base, theirs);
        const hunks = textHunks(hunksOf('final', [file]));
        if (hunks.length === 0) return;
        const proposed = propose(file, hunks, edited(ours), all);
        const merged = mergeText(base, ours, theirs);
        assert.equal(
          proposed.places.some((place) => place.state === 'conflict'),
          merged.conflict,
        );
        if (!merged.conflict) assert.equal(proposed.text, merged.text);
      }),
    );
  });

  it('says of a file as a whole why it cannot be taken', () => {
    const made = fileChange('f', undefined, 'new\n');
    const gone = fileChange('f', 'old\n', undefined);
    const of = (file: typeof made, now: Now) => propose(file, hunksOf('final', [file]), now, all);
    const state = (file: typeof made, now: Now) => of(file, now).places.map((p) => [p.state, p.why]);
    assert.deepEqual(of(made, { is: 'before', there: false }).text, 'new\n');
    assert.deepEqual(state(made, { is: 'after', there: true, text: 'new\n' }), [['already', undefined]]);
    assert.deepEqual(state(made, edited('mine\n')), [['conflict', 'you have made another file of this name']]);
    assert.equal(of(made, edited('mine\n')).text, 'mine\n');
    assert.deepEqual([of(gone, asBase('old\n')).there, of(gone, asBase('old\n')).text], [false, undefined]);
    assert.deepEqual(state(gone, edited('mine\n')), [['conflict', 'the change deletes it, and you have changed it']]);
    const changed = fileChange('f', 'a\nb\n', 'A\nb\n');
    assert.deepEqual(state(changed, { is: 'other', there: false }), [['conflict', 'you have deleted it']]);
  });

  it('counts lines as editors do: a lone CR ends one', () => {
    const file = fileChange('f', 'a\rb\nc\nd\n', 'a\rb\nc\nD\n');
    assert.deepEqual(
      propose(file, hunksOf('final', [file]), asBase('a\rb\nc\nd\n'), all).places.map((p) => [p.line, p.lines]),
      [[3, 1]],
    );
  });
});

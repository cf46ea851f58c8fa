import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FileChange, Hunk } from '../../../src/core/change/change.ts';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { carriedOver, decisionsOf, type Decision } from '../../../src/core/review/decisions.ts';
import { mapLine } from '../../../src/core/review/findings.ts';
import { joinFix } from '../../../src/core/review/join.ts';
import { renamesOf } from '../../../src/core/review/renames.ts';
import { finalId } from '../../../src/core/review/review.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { fileChange, side, writers } from '../change/texts.ts';
import { created, recordsOf } from '../ports/records.ts';

const names = ['final:f:1', 'final:f:2', 'final:g:1'];
const ledger: RunEvent = {
  type: 'ledger.made',
  tree: 't',
  entries: [],
  hunks: names.map((id) => ({ id, path: 'f', removed: 0, added: 1, from: [] })),
  balanced: true,
  problems: [],
};
type Act = { hunks: string[]; decision: Decision } | 'back';
const acts = fc.array(
  fc.oneof(
    fc.record({
      hunks: fc.subarray(names, { minLength: 1 }),
      decision: fc.constantFrom('keep' as const, 'undo' as const),
    }),
    fc.constant('back' as const),
  ),
  { maxLength: 12 },
);
const eventOf = (act: Act): RunEvent =>
  act === 'back'
    ? { type: 'review.reverted', tree: 't', by: 'ana' }
    : { type: 'review.decided', tree: 't', ...act, by: 'ana' };

describe('decisions', () => {
  it('come to what is left when those taken back are struck, at every prefix of the journal', () => {
    fc.assert(
      fc.property(acts, (all: Act[]) => {
        const records = recordsOf(created(), ledger, ...all.map(eventOf));
        let state = fold(records.slice(0, 2));
        const standing: Exclude<Act, 'back'>[] = [];
        for (const [n, act] of all.entries()) {
          if (act === 'back') standing.pop();
          else standing.push(act);
          state = fold([records[n + 2]!], state);
          const expected = new Map<string, Decision>();
          for (const { hunks, decision } of standing) for (const hunk of hunks) expected.set(hunk, decision);
          assert.deepEqual(decisionsOf(state.review), expected);
          assert.deepEqual(fold(records.slice(0, n + 3)).review, state.review);
        }
      }),
    );
  });

  it('about another tree than the one that stands change nothing', () => {
    const state = fold(
      recordsOf(created(), ledger, { type: 'review.decided', tree: 'old', hunks: names, decision: 'keep', by: 'ana' }),
    );
    assert.equal(decisionsOf(state.review).size, 0);
  });

  it('go on with the hunks that stayed as they were', () => {
    const before = hunksOf(finalId, [fileChange('f', 'a\nb\nc\nd\ne\n', 'A\nb\nC\nd\nE\n')]);
    const after = hunksOf(finalId, [fileChange('f', 'a\nb\nc\nd\ne\n', 'a\nb\nX\nd\nE\n')]);
    const decisions = new Map<string, Decision>([
      ['final:f:1', 'keep'],
      ['final:f:2', 'keep'],
      ['final:f:3', 'undo'],
    ]);
    assert.deepEqual(carriedOver(decisions, before, after), { kept: [], undone: ['final:f:2'] });
  });
});

describe('a fix that joins', () => {
  const finals = (hunks: readonly Hunk[]) =>
    hunks.map((hunk) => ({
      id: hunk.id,
      path: hunk.path,
      removed: 0,
      added: 0,
      from: [`w:${hunk.path}:${hunk.id.split(':').at(-1)}`],
    }));

  it('leaves no hunk of the change unaccounted, and no entry of the ledger out', () => {
    fc.assert(
      fc.property(writers, ({ base, after: [one, two] }) => {
        const of = (from: string, to: string): FileChange[] => (from === to ? [] : [fileChange('f', from, to)]);
        const before = of(base, one!);
        const hunks = finals(hunksOf(finalId, before));
        const entries = hunks.map((hunk) => ({
          hunk: hunk.from[0]!,
          change: 'w',
          writer: 'w',
          path: 'f',
          fate: 'merged' as const,
          added: 0,
          removed: 0,
        }));
        const joined = joinFix({
          entries,
          hunks,
          before,
          fix: of(one!, two!),
          after: of(base, two!),
          change: 'fix.1',
          writer: 'x',
        });
        assert.deepEqual(
          joined.hunks.map((h) => h.id),
          hunksOf(finalId, of(base, two!)).map((h) => h.id),
        );
        const known = new Set(joined.entries.map((entry) => entry.hunk));
        for (const hunk of joined.hunks) {
          assert.ok(hunk.from.length > 0, `${hunk.id} comes from nobody`);
          for (const id of hunk.from) assert.ok(known.has(id));
        }
        assert.equal(joined.entries.length, entries.length + hunksOf('fix.1', of(one!, two!)).length);
        for (const entry of joined.entries)
          if (entry.fate === 'superseded') assert.ok(known.has(entry.by!) && entry.why !== undefined);
      }),
    );
  });

  it('is credited where it wrote, and what it wrote over is superseded by it', () => {
    const text = (...changed: [number, string][]): string =>
      Array.from({ length: 12 }, (_, n) => `${changed.find(([at]) => at === n)?.[1] ?? n}\n`).join('');
    const before = [fileChange('f', text(), text([1, 'one'], [9, 'nine']))];
    const fix = [fileChange('f', text([1, 'one'], [9, 'nine']), text([1, 'ONE']))];
    const hunks = finals(hunksOf(finalId, before));
    const entries = hunks.map((hunk) => ({
      hunk: hunk.from[0]!,
      change: 'w',
      writer: 'w',
      path: 'f',
      fate: 'merged' as const,
      added: 1,
      removed: 1,
    }));
    const joined = joinFix({
      entries,
      hunks,
      before,
      fix,
      after: [fileChange('f', text(), text([1, 'ONE']))],
      change: 'fix.1',
      writer: 'x',
    });
    assert.deepEqual(
      joined.hunks.map((h) => h.from),
      [['w:f:1', 'fix.1:f:1']],
    );
    assert.deepEqual(
      joined.entries.map((e) => [e.hunk, e.fate]),
      [
        ['w:f:1', 'merged'],
        ['w:f:2', 'superseded'],
        ['fix.1:f:1', 'merged'],
        ['fix.1:f:2', 'merged'],
      ],
    );
  });
});

describe('renames', () => {
  it('are pairs of a deleted and a new file that are alike', () => {
    const text = 'a\nb\nc\nd\n';
    const files = [
      fileChange('gone', text, undefined),
      fileChange('moved', undefined, text),
      fileChange('old', 'q\nr\ns\nt\n', undefined),
      fileChange('new', undefined, 'q\nr\ns\nT\n'),
      fileChange('other', undefined, 'x\ny\nz\n'),
      fileChange('changed', 'a\n', 'b\n'),
    ];
    assert.deepEqual(Object.fromEntries(renamesOf(files)), { moved: 'gone', new: 'old' });
    const link = { path: 'l', after: { ...side(text), mode: '120000' as const } };
    assert.equal(renamesOf([fileChange('gone', text, undefined), link]).size, 0);
  });
});

describe('a line of one text in another', () => {
  it('is the same line where it stayed, and near it where it was changed', () => {
    assert.equal(mapLine('a\nb\nc\n', 'x\na\nb\nc\n', 2), 3);
    assert.equal(mapLine('a\nb\nc\n', 'a\nB1\nB2\nc\n', 1), 1);
    assert.equal(mapLine('a\nb\nc\n', 'a\nB1\nB2\nc\n', 2), 3);
    assert.equal(mapLine('a\nb\nc\n', '', 2), 0);
    assert.equal(mapLine('a\n', 'a\n', 9), undefined);
  });
});

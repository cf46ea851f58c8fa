import assert from 'node:assert/strict';
import type { RunState } from '../../../src/core/run/state.ts';
import { decidedWords } from '../../../src/core/words/review.ts';

describe('what was just decided, in words', () => {
  const hunk = (path: string, n: number) => ({
    id: `final:${path}:${n}`,
    path,
    start: n,
    added: 1,
    removed: 0,
    from: [],
  });
  const all = [hunk('src/a.ts', 1), hunk('src/a.ts', 2), hunk('b.ts', 1), hunk('\u202ec.ts\n', 1)];
  const state = (...decided: { hunks: string[]; decision: 'keep' | 'undo' }[]): RunState =>
    ({ ledger: { hunks: all }, review: { decided, joined: [] } }) as unknown as RunState;
  const one = ['final:src/a.ts:1'];

  it('names the file of one, and counts how far the person is', () => {
    assert.equal(
      decidedWords(state({ hunks: one, decision: 'keep' }), one, 'keep'),
      'Kept: 1 hunk of src/a.ts, 1 of 4 hunks decided',
    );
    const both = ['final:src/a.ts:1', 'final:src/a.ts:2'];
    assert.equal(
      decidedWords(state({ hunks: both, decision: 'undo' }), both, 'undo'),
      'Undone: 2 hunks of src/a.ts, 2 of 4 hunks decided',
    );
  });

  it('counts the files of several, and says when the last was taken back', () => {
    const three = all.slice(0, 3).map(({ id }) => id);
    assert.equal(
      decidedWords(state({ hunks: three, decision: 'keep' }), three, 'keep'),
      'Kept: 3 hunks of 2 files, 3 of 4 hunks decided',
    );
    assert.equal(decidedWords(state(), []), 'Taken back: 0 of 4 hunks decided');
  });

  it('keeps what a name could do to a line out of it', () => {
    const strange = [all[3]!.id];
    assert.equal(
      decidedWords(state({ hunks: strange, decision: 'keep' }), strange, 'keep'),
      'Kept: 1 hunk of c.ts, 1 of 4 hunks decided',
    );
  });
});

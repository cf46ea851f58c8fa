import assert from 'node:assert/strict';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { resultOf } from '../../../src/core/words/result.ts';
import { created, recordsOf } from '../ports/records.ts';

describe('the word for a writer', () => {
  const landed: RunEvent = {
    type: 'change.landed',
    change: 'implementer',
    role: 'implementer',
    items: [],
    paths: ['**'],
    round: 0,
    commit: 'c',
    tree: 't',
    files: [],
    outside: [],
    summary: 'Done.',
    notDone: [],
  };
  const check = (name: string, result: 'green' | 'red' | 'not-run') => ({
    name,
    run: name,
    result,
    exitCode: null,
    ms: 0,
    tail: '',
  });
  const word = (results: ReturnType<typeof check>[], excused: string[], green: boolean): string => {
    const state = fold(
      recordsOf(created(), landed, {
        type: 'checks.ended',
        on: 'change:implementer',
        tree: 't',
        results,
        excused,
        green,
      }),
    );
    const last = { kind: 'written', state: 'done' } as Parameters<typeof resultOf>[2];
    return resultOf(state, 'implementer', last).word;
  };

  it('is red only for a check that judges: not for one that was red before', () => {
    assert.equal(word([check('a', 'green')], [], true), 'checked');
    assert.equal(word([check('a', 'red')], [], false), 'checks red');
    assert.equal(word([check('a', 'red')], ['a'], false), 'done');
    assert.equal(word([check('a', 'red'), check('b', 'not-run')], ['a'], false), 'done');
  });
});

import assert from 'node:assert/strict';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { resultOf, tellingCall } from '../../../src/core/words/result.ts';
import { created, ended, recordsOf, started } from '../ports/records.ts';

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

describe('the word for who answers in between', () => {
  const findings: RunEvent = { type: 'findings.held', role: 'critic', summary: 'Clocks.', findings: [] };
  const asked = { role: 'critic', phase: 'synthesis', kind: 'replies' } as const;
  const wordAfter = (...more: RunEvent[]): string | undefined => {
    const state = fold(recordsOf(created(), started('analysis/critic'), ended('analysis/critic'), findings, ...more));
    const telling = tellingCall(Object.values(state.calls));
    return telling && resultOf(state, 'critic', telling).word;
  };

  it('is still what was found, after a question was answered and criteria were said', () => {
    assert.equal(wordAfter(), '0 found');
    const replies = [
      started('synthesis/critic', asked),
      ended('synthesis/critic', { ...asked, answer: { answers: [{ question: 1, answer: 'Yes.' }] } }),
    ];
    assert.equal(wordAfter(...replies), '0 found');
    const criteria = { role: 'critic', phase: 'implementation', kind: 'criteria' } as const;
    const said = ended('implementation/critic', { ...criteria, answer: { criteria: ['It works.'] } });
    assert.equal(wordAfter(...replies, started('implementation/critic', criteria), said), '0 found');
  });

  it('says that it answered where it did nothing else', () => {
    const state = fold(
      recordsOf(created(), started('synthesis/critic', asked), ended('synthesis/critic', { ...asked, answer: {} })),
    );
    const [only] = Object.values(state.calls);
    assert.ok(only && tellingCall([only]) === only);
    assert.equal(resultOf(state, 'critic', only).word, 'answered');
  });
});

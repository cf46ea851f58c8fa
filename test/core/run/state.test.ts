import assert from 'node:assert/strict';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { created, ended, type Entry, failed, recordsOf, resumed, started } from '../ports/records.ts';

const stop = (name: string): RunEvent => ({ type: 'stop.asked', stop: name, question: 'Go on?' });
const answer = (name: string): RunEvent => ({ type: 'stop.answered', stop: name, answer: 'go', by: 'ana' });
const ref = { call: 'a', role: 'critic', phase: 'analysis' } as const;
const asks = (id: string, detail: string, kind = 'command'): RunEvent => ({
  type: 'permission.asked',
  ...ref,
  id,
  kind,
  title: 't',
  detail,
});
const permits = (id: string, said: 'once' | 'run' | 'no'): RunEvent => ({
  type: 'permission.answered',
  ...ref,
  id,
  answer: said,
  by: 'ana',
});
const landed = (change: string, round = 0): RunEvent => ({
  type: 'change.landed',
  change,
  role: 'implementer',
  items: ['i1'],
  paths: ['**'],
  round,
  commit: `c${round}`,
  tree: `t${round}`,
  files: [],
  outside: [],
  summary: 's',
  notDone: [],
});
const lost = (change: string, why = 'It failed.'): RunEvent => ({
  type: 'change.failed',
  change,
  role: 'implementer',
  items: ['i1'],
  why,
});

describe('the minutes of a run', () => {
  const minutes = (...events: Entry[]): number => fold(recordsOf(...events)).activeMs / 1000;

  it('are those of work', () => {
    assert.equal(minutes([0, created()], [10, started('a')], [40, ended('a')]), 40);
  });

  it('leave out waiting at stops and for permissions, of several lanes too', () => {
    assert.equal(minutes([0, created()], [10, stop('team')], [500, answer('team')], [505, started('a')]), 15);
    // The second still waits when the first is answered, in whatever order.
    for (const [one, two] of [
      ['x', 'y'],
      ['y', 'x'],
    ] as const)
      assert.equal(
        minutes(
          [0, created()],
          [10, stop('x')],
          [12, stop('y')],
          [500, answer(one)],
          [900, answer(two)],
          [905, started('a')],
        ),
        15,
      );
    assert.equal(
      minutes([0, created()], [5, started('a')], [10, asks('p', 'make')], [800, permits('p', 'no')], [805, ended('a')]),
      15,
    );
  });

  it('leave out the time between two owners, and what a clock that went back would give', () => {
    assert.equal(
      minutes([0, created()], [10, started('a')], [9000, resumed(), 2], [9005, started('a', { attempt: 2 })]),
      15,
    );
    assert.equal(
      minutes([0, created()], [10, { type: 'run.ended', outcome: 'stopped' }], [70, resumed()], [75, started('a')]),
      15,
    );
    assert.equal(minutes([100, created()], [50, started('a')], [60, ended('a')]), 10);
  });

  it('begin again at a stop that the last owner left open', () => {
    assert.equal(minutes([0, created()], [10, stop('team')], [9000, resumed(), 2], [9005, started('a')]), 15);
  });
});

describe('what a run has spent', () => {
  it('counts every attempt, and what failed ones cost', () => {
    const { spent, calls } = fold(
      recordsOf(
        created(),
        started('a'),
        failed('a', { usage: { inputTokens: 10, outputTokens: 5 }, usd: 0.25, estimated: true }),
        started('a', { attempt: 2 }),
        {
          type: 'call.sent-back',
          ...ref,
          attempt: 2,
          problem: 'x',
          usage: { inputTokens: 3 },
          usd: 0.25,
          estimated: false,
        },
        started('a', { attempt: 3 }),
        ended('a'),
      ),
    );
    assert.deepEqual(spent, { calls: 3, tokens: 138, usd: 1, estimated: true });
    assert.equal(calls['a']?.tokens, 138);
    assert.equal(calls['a'].usd, 1);
    assert.equal(calls['a'].state, 'done');
  });

  it('counts at least the prompt of a call that was under way when its process died, or the run ended, once', () => {
    const first = [created(), started('a', { promptBytes: 4000, reserved: { tokens: 2000, usd: 0.5 } })];
    const end: RunEvent = { type: 'run.ended', outcome: 'stopped' };
    for (const rest of [[resumed()], [end], [end, resumed(), resumed()]]) {
      const { spent, calls } = fold(recordsOf(...first, ...rest));
      assert.deepEqual(spent, { calls: 1, tokens: 1000, usd: 0.25, estimated: true });
      assert.equal(calls['a']?.state, 'failed');
    }
    // Between two attempts nothing is under way.
    const between = fold(recordsOf(...first, failed('a'), resumed()));
    assert.equal(between.spent.tokens, 0);
    assert.equal(fold(recordsOf(...first, ended('a'), resumed())).spent.tokens, 120);
  });
});

describe('what a run may do', () => {
  it('is a command that was allowed for this run, and nothing of another kind', () => {
    const { allowed, permissions } = fold(
      recordsOf(
        created(),
        asks('1', 'make'),
        asks('2', 'rm -rf .', 'other'),
        asks('3', 'ls'),
        asks('4', 'cat x'),
        permits('1', 'run'),
        permits('2', 'run'),
        permits('3', 'once'),
        permits('9', 'run'),
      ),
    );
    assert.deepEqual(allowed, ['make']);
    assert.deepEqual(
      permissions.map((p) => p.type === 'permission.asked' && p.id),
      ['4'],
    );
  });
});

describe('the changes of a run', () => {
  it('are those that landed last; one that failed before is no longer missing', () => {
    const state = fold(recordsOf(created(), lost('impl'), landed('impl')));
    assert.deepEqual(state.failedChanges, []);
    assert.equal(state.changes['impl']?.landed.round, 0);
  });

  it('leave out what its writer took back', () => {
    const state = fold(
      recordsOf(created(), landed('impl'), lost('impl', 'It changed nothing.'), lost('impl', 'It changed nothing.')),
    );
    assert.deepEqual(state.changes, {});
    assert.equal(state.failedChanges.length, 1);
  });
});

import assert from 'node:assert/strict';
import { choicesOf, titled } from '../../../src/core/words/choices.ts';

describe('what can be answered', () => {
  it('to a permission depends on what can be remembered', () => {
    const answers = (kind: 'command' | 'edit' | 'other'): string[] =>
      choicesOf({ kind: 'permission', request: { kind } }).map(({ answer }) => answer);
    assert.deepEqual(answers('command'), ['once', 'run', 'no']);
    assert.deepEqual(answers('edit'), ['once', 'no']);
    assert.deepEqual(answers('other'), ['once', 'no']);
  });

  it('always has a way to let nothing happen, and the first is the one that is meant', () => {
    const all = [
      choicesOf({ kind: 'held' }),
      choicesOf({ kind: 'permission', request: { kind: 'command' } }),
      ...(['team', 'plan', 'apply'] as const).map((stop) => choicesOf({ kind: 'stop', stop: { stop } })),
    ];
    for (const choices of all) {
      assert.equal(choices[0]?.lets, true);
      assert.equal(choices.filter(({ lets }) => !lets).length, 1);
    }
  });

  it('is written as editors write their buttons where that is usual', () => {
    assert.deepEqual(['Allow for this run', 'Let it through', 'Not now'].map(titled), [
      'Allow for This Run',
      'Let It Through',
      'Not Now',
    ]);
  });
});

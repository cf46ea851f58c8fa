import assert from 'node:assert/strict';
import { eventsOf, scenarios, story, tested } from './place.ts';

describe('several writers, one change', function () {
  const it = scenarios();

  it('the one real conflict is resolved by the orchestrator, and every hunk is accounted for', async (at) => {
    const place = await at({ script: 'conflict' });
    const played = await place.run('Another mark');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(
      eventsOf(played, 'merge.made').map((e) => [e.change, e.conflicts.map((c) => c.path)]),
      [
        ['writer', []],
        ['second', ['src/words.js']],
      ],
    );
    assert.deepEqual(
      played.state.ledger?.entries.map((e) => [e.hunk, e.fate]),
      [
        ['writer:src/words.js:1', 'resolved'],
        ['second:src/words.js:1', 'resolved'],
        ['second:src/words.js:2', 'merged'],
      ],
    );
    assert.equal(played.state.ledger?.balanced, true);
    assert.match((await place.read('src/words.js')) ?? '', /^export const sign = " wow!";\n/);
  });

  it('a resolution that the ledger would not balance with goes back to the orchestrator', async (at) => {
    const place = await at({ script: 'conflict' });
    const played = await place.run('Another mark, and drop a hunk');
    assert.equal(played.outcome, 'applied', story(played));
    const [back] = eventsOf(played, 'call.sent-back');
    assert.match(back?.problem ?? '', /resolved, but nothing of it is in the/);
    assert.match((await place.read('src/words.js')) ?? '', /^export const sign = " wow!";\n/);
  });

  it('of candidates the checks choose when one is red', async (at) => {
    const place = await at({ script: 'conflict', team: { ...tested, limits: { rounds: 0 } } });
    const played = await place.run('Another mark, by candidates, with a red candidate');
    assert.equal(played.outcome, 'applied', story(played));
    const [chosen] = eventsOf(played, 'candidates.judged');
    assert.deepEqual([chosen?.winner, chosen?.losers, chosen?.by], ['mark.writer', ['mark.second'], 'checks']);
    assert.ok(!place.calls().some((c) => c.endsWith('/judge')), 'no judge is asked');
    assert.deepEqual(
      played.state.ledger?.entries.map((e) => [e.hunk, e.fate, e.by]),
      [
        ['mark.writer:src/words.js:1', 'merged', undefined],
        ['mark.second:src/words.js:1', 'superseded', 'mark.writer'],
      ],
    );
    assert.match((await place.read('src/words.js')) ?? '', /mark = " wow!"[^]*toUpperCase/);
  });

  it('of candidates that are all green a judge chooses, and the hunks of those that lost name the winner', async (at) => {
    const place = await at({ script: 'conflict', team: tested });
    const played = await place.run('Another mark, by candidates');
    assert.equal(played.outcome, 'applied', story(played));
    const [chosen] = eventsOf(played, 'candidates.judged');
    assert.deepEqual([chosen?.winner, chosen?.by, chosen?.why], ['mark.second', 'judge', 'A name says more.']);
    assert.deepEqual(
      played.state.ledger?.entries.map((e) => [e.hunk, e.fate, e.by]),
      [
        ['mark.second:src/words.js:1', 'merged', undefined],
        ['mark.second:src/words.js:2', 'merged', undefined],
        ['mark.writer:src/words.js:1', 'superseded', 'mark.second'],
      ],
    );
    assert.match((await place.read('src/words.js')) ?? '', /^export const sign = "!";\n/);
  });
});

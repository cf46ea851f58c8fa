import assert from 'node:assert/strict';
import { eventsOf, scenarios, story } from './place.ts';

describe('the failover drill', function () {
  const it = scenarios();

  it('all first routes are cut in mid-run, and the run ends well on the second ones', async (at) => {
    const routes = (id: string): object => ({
      routes: [
        { server: 'one', ids: [id] },
        { server: 'two', ids: [id] },
      ],
    });
    const place = await at({
      script: 'failover',
      servers: ['one', 'two'],
      tempo: 1,
      team: { models: { alpha: routes('alpha-1'), beta: routes('beta-1') } },
    });
    const played = await place.run('Better words');
    assert.equal(played.outcome, 'applied', story(played));
    assert.match((await place.read('src/words.js')) ?? '', /title/);
    const ended = eventsOf(played, 'call.ended');
    assert.ok(ended.every((e) => e.ok));
    const by = (late: boolean): string[] => [
      ...new Set(
        ended.flatMap((e) => (['implementation', 'integration'].includes(e.phase) === late ? [e.server ?? ''] : [])),
      ),
    ];
    assert.deepEqual(by(false), ['one']);
    assert.deepEqual(by(true), ['two']);
    const moves = eventsOf(played, 'call.failed');
    assert.ok(moves.length > 0);
    for (const move of moves) {
      assert.deepEqual([move.failure.kind, move.server, move.next?.server], ['crash', 'one', 'two']);
      assert.match(move.failure.message, /one .*exit code 3/);
    }
    // Who did not try it is told why it was not.
    const told = played.state.notes.filter((n) =>
      /over one is left alone for now \(.*so .* over two is asked/.test(n.text),
    );
    assert.ok(told.length > 0, played.state.notes.map((n) => n.text).join('\n'));
    // What was finished before was not made again, and nobody was asked more often than it failed.
    const started = place.calls();
    for (const { call } of ended) {
      const failures = moves.filter((move) => move.call === call).length;
      assert.equal(started.filter((key) => key === call).length, 1 + failures, call);
    }
    assert.equal(played.state.spent.calls, started.length);
  });
});

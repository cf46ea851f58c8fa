import assert from 'node:assert/strict';
import { eventsOf, type MakePlace, type Place, scenarios } from './place.ts';

/** The most calls of the analysis that were under way at once, by the servers' own clocks. */
function mostAtOnce(place: Place): number {
  const moves = place
    .counts()
    .filter((c) => c.phase === 'analysis')
    .map((c) => ({ at: Date.parse(c.at), by: c.event === 'started' ? 1 : -1 }))
    .toSorted((a, b) => a.at - b.at || a.by - b.by);
  let [now, most] = [0, 0];
  for (const { by } of moves) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}

describe('analysts work at once', function () {
  const it = scenarios();

  const analysed = async (at: MakePlace, n: number, parallel: number): Promise<{ most: number; ms: number }> => {
    const names = Array.from({ length: n }, (_, i) => `reader${i + 1}`);
    const reader = { title: 'Reader', duties: ['analyse'], brief: 'Read.', models: [{ model: 'eye' }] };
    const routes = [{ server: 'two', ids: ['eye-1'], parallel }];
    const place = await at({
      script: 'parallel',
      tempo: 1,
      servers: ['one', 'two'],
      team: {
        models: { eye: { title: 'Eye', vendor: 'E', routes } },
        roles: Object.fromEntries(names.map((name) => [name, reader])),
        teams: { words: { core: ['lead', 'writer', ...names] } },
      },
    });
    const control = new AbortController();
    const played = await place.run('Look at it', {
      signal: control.signal,
      onRecord: ({ event }) => void (event.type === 'phase.ended' && event.phase === 'analysis' && control.abort()),
    });
    assert.equal(eventsOf(played, 'findings.held').length, n);
    const { startedAt = '', endedAt = '' } = played.state.phases.analysis ?? {};
    return { most: mostAtOnce(place), ms: Date.parse(endedAt) - Date.parse(startedAt) };
  };

  for (const n of [1, 3, 6, 12]) {
    it(`${n} of ${n} equal ones`, async (at) => {
      const { most, ms } = await analysed(at, n, 12);
      assert.equal(most, n);
      // One after the other they would take 1.5 seconds each.
      if (n > 3) assert.ok(ms < n * 1500, `${ms} ms`);
    });
  }

  it('and no more of them than their route allows', async (at) => {
    const { most } = await analysed(at, 4, 2);
    assert.equal(most, 2);
  });
});

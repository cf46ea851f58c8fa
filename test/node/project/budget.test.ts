import assert from 'node:assert/strict';
import { filesOf } from '../../harness/files.ts';
import { eventsOf, type Place, scenarios, type Played, story } from './place.ts';

describe('one budget over all models', function () {
  const it = scenarios();

  /** Spent: an orderly stop with nothing of the person's touched, from which more budget leads on, with nothing paid twice. */
  const goesOn = async (place: Place, spent: Played, reason: RegExp, budget: object): Promise<Played> => {
    assert.equal(spent.outcome, 'spent', story(spent));
    assert.match(spent.reason ?? '', reason);
    assert.match(spent.hint ?? '', /orchestra resume --budget/);
    const finished = eventsOf(spent, 'call.ended').flatMap((e) => (e.ok ? [e.call] : []));
    const from = place.calls().length;
    const more = await place.resume(spent.run, { budget });
    assert.equal(more.outcome, 'applied', story(more));
    const repeated = place
      .calls()
      .slice(from)
      .filter((c) => finished.includes(c));
    assert.deepEqual(repeated, []);
    return more;
  };

  it('in calls is hard, and goes on with more', async (at) => {
    const place = await at({ script: 'budget' });
    const before = await filesOf(place.root);
    const spent = await place.run('Better words', { start: { budget: { calls: 5 } } });
    assert.deepEqual(await filesOf(place.root), before);
    assert.equal(place.calls().length, 5);
    const more = await goesOn(place, spent, /^All 5 calls of the budget are made\.$/, { calls: 40 });
    assert.equal(more.state.spent.calls, place.calls().length);
    assert.deepEqual([more.state.budget.calls, more.state.budget.minutes], [40, 45]);
  });

  it('in tokens is held back before a call, and a call past it is cancelled', async (at) => {
    const place = await at({ script: 'budget' });
    const small = await place.run('Better words', { start: { budget: { tokens: 6000 } } });
    assert.equal(small.outcome, 'spent', story(small));
    assert.match(small.reason ?? '', /^The budget of 6000 tokens does not hold the next call/);
    assert.deepEqual(place.calls(), ['triage/lead']);

    const cut = await place.run('Better words, at great length', { start: { budget: { tokens: 18_000 } } });
    const [failed] = eventsOf(cut, 'call.failed').filter((e) => e.call === 'analysis/doubter');
    assert.equal(failed?.failure.kind, 'budget', story(cut));
    assert.match(cut.reason ?? '', /^Doubter's answer went past what the budget holds, and was cancelled\.$/);
    // The server heard of it, and stopped.
    const ends = place.counts().filter((c) => c.key === 'analysis/doubter' && c.event !== 'started');
    assert.deepEqual(
      ends.map((c) => c.event),
      ['cancelled'],
    );
  });

  it('in minutes is hard, also while a model says nothing', async (at) => {
    const place = await at({ script: 'budget' });
    const spent = await place.run('Better words, and take your time', { start: { budget: { minutes: 0.2 } } });
    assert.match(spent.reason ?? '', /^The budget of 0\.2 minutes is spent\.$/);
    assert.ok(eventsOf(spent, 'call.failed').some((e) => e.failure.kind === 'cancelled'));
    await goesOn(place, spent, /minutes/, { minutes: 30 });
  });

  it('in money fails closed when a model has no price', async (at) => {
    const price = null;
    const routes = [{ server: 'one', ids: ['beta-1'] }];
    const models = { gamma: { title: 'Gamma', vendor: 'C', routes }, beta: { price } };
    const team = { models, roles: { doubter: { models: [{ model: 'gamma' }] } } };
    const place = await at({ script: 'budget', team });
    const spent = await place.run('Better words', { start: { budget: { usd: 5 } } });
    assert.equal(spent.outcome, 'spent', story(spent));
    assert.equal(spent.reason, 'A budget in money needs a price for every model, and Gamma has none.');
    assert.ok(!place.calls().includes('analysis/doubter'));
  });
});

import assert from 'node:assert/strict';
import type { Budget } from '../../../src/core/team/file.ts';
import { live } from '../ports/live.ts';
import { eventsOf, keysAsked, smallWorld, wrote } from '../ports/small.ts';
import { applied, storyWorld } from '../ports/story.ts';
import { stateOf, type World } from '../ports/world.ts';

const wide: Budget = { calls: 200, minutes: 45 };

/** A finished call is never asked again; calls that were cancelled are. */
function verifyNoneTwice(world: World): void {
  const done = new Set<string>();
  const asked = world.journal.flatMap((r) =>
    r.event.type === 'call.started' || (r.event.type === 'call.ended' && r.event.ok) ? [r.event] : [],
  );
  for (const e of asked) {
    if (e.type === 'call.ended') done.add(e.call);
    else assert.ok(!done.has(e.call), `${e.call} is paid for twice`);
  }
}

describe('a budget of calls', () => {
  it('is never overrun by one, ends the run in order, and a larger one finishes it', async function () {
    for (const calls of [1, 2, 4, 5, 7, 8, 12, 13, 20, 28]) {
      const world = storyWorld();
      const end = await live(world, { budget: { calls, minutes: 45 }, flushMs: calls % 3 });
      assert.equal(end.outcome, 'spent', `${calls}`);
      assert.match(end.reason ?? '', new RegExp(`All ${calls} calls of the budget are made`));
      assert.match(end.hint ?? '', /resume --budget/);
      assert.equal(world.asked.length, calls);
      assert.equal(stateOf(world).spent.calls, calls);
      assert.ok(world.asked.every((a) => !a.open));
      assert.equal(world.clock.pending(), 0);
      // As it is nothing more is to be had.
      assert.equal((await live(world)).outcome, 'spent');
      assert.equal(world.asked.length, calls);
      const again = await live(world, { budget: wide });
      assert.equal(again.outcome, 'applied', again.reason);
      assert.equal(world.asked.length, 29);
      assert.equal(stateOf(world).budgetFrom, 'person');
      assert.deepEqual(Object.fromEntries(world.project), applied);
      verifyNoneTwice(world);
    }
  });

  it('counts failed attempts', async () => {
    const world = smallWorld({
      'analysis/architect': { failure: { kind: 'error', message: 'x' } },
      'implementation/second/r0': { text: 'no' },
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(stateOf(world).spent.calls, world.asked.length);
    assert.equal(keysAsked(world).filter((k) => k === 'implementation/second/r0').length, 2);
  });
});

describe('a budget of tokens or money', () => {
  it('ends the run in order when the next call does not fit, and a larger one finishes it', async () => {
    for (const budget of [{ tokens: 30_000 }, { usd: 0.35 }]) {
      const world = storyWorld();
      const end = await live(world, { budget: { ...wide, ...budget } });
      assert.equal(end.outcome, 'spent');
      assert.match(end.reason ?? '', /does not hold the next call/);
      const { spent } = stateOf(world);
      assert.ok(spent.tokens <= 30_000 && spent.usd <= 0.35);
      const again = await live(world, { budget: wide });
      assert.equal(again.outcome, 'applied', again.reason);
      verifyNoneTwice(world);
    }
  });

  it('in money asks no model without a price', async () => {
    const world = smallWorld(
      {},
      {
        models: {
          m1: { title: 'M1', vendor: 'v', routes: [{ server: 's1', ids: ['m1'] }] },
          m2: { title: 'M2', vendor: 'v', price: { input: 1, output: 1 }, routes: [{ server: 's2', ids: ['m2'] }] },
          m3: { title: 'M3', vendor: 'v', routes: [{ server: 's3', ids: ['m3'] }] },
        },
      },
    );
    const end = await live(world, { budget: { ...wide, usd: 100 } });
    assert.equal(end.outcome, 'spent');
    assert.match(end.reason ?? '', /needs a price for every model/);
    assert.deepEqual(world.asked, []);
  });

  it('cancels a call that goes past what was held back, and goes on with it when there is more', async () => {
    const text = 'x'.repeat(400_000);
    let loud = true;
    const world = smallWorld({
      'implementation/second/r0': () =>
        loud
          ? { ...wrote({ 'b.ts': 'FOUR\n' }), stream: [{ kind: 'thought', text }], delay: 1000 }
          : wrote({ 'b.ts': 'FOUR\n' }),
    });
    const end = await live(world, { budget: { ...wide, tokens: 120_000 } });
    assert.equal(end.outcome, 'spent');
    assert.match(end.reason ?? '', /Second writer's answer went past what the budget holds/);
    assert.ok(stateOf(world).spent.tokens > 100_000, 'what it said is counted');
    // Others came to their end meanwhile.
    assert.ok(eventsOf(world, 'change.landed').some((l) => l.change === 'implementer'));
    loud = false;
    assert.equal((await live(world, { budget: { ...wide, tokens: 900_000 } })).outcome, 'applied');
    verifyNoneTwice(world);
    assert.equal(world.project.get('b.ts'), 'FOUR\n');
  });
});

describe('a budget of minutes', () => {
  it('is kept by the clock, cancels what is under way, and a larger one finishes the run', async () => {
    const world = smallWorld({
      'implementation/second/r0': ({ nth }) => ({ ...wrote({ 'b.ts': 'FOUR\n' }), delay: nth === 1 ? 20 * 60_000 : 1 }),
    });
    const end = await live(world, { budget: { calls: 40, minutes: 10 } });
    assert.equal(end.outcome, 'spent');
    assert.match(end.reason ?? '', /The budget of 10 minutes is spent/);
    assert.equal(Math.round(stateOf(world).activeMs / 60_000), 10);
    assert.equal((await live(world)).outcome, 'spent');
    assert.equal((await live(world, { budget: { calls: 40, minutes: 30 } })).outcome, 'applied');
    verifyNoneTwice(world);
  });

  it('does not count the time in which the person thinks, at stops and over held files', async () => {
    const world = storyWorld();
    const think = async (signal: AbortSignal): Promise<void> => world.clock.sleep(300 * 60_000, signal);
    world.person = {
      decide: async (_q, signal) => (await think(signal), 'go'),
      approve: async (_f, _d, signal) => (await think(signal), 'yes'),
    };
    assert.equal((await live(world, { budget: { calls: 40, minutes: 5 } })).outcome, 'applied');
    assert.ok(stateOf(world).activeMs < 60_000, `${stateOf(world).activeMs}`);
    assert.equal(eventsOf(world, 'stop.answered').length, 4);
  });
});

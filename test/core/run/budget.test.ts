import assert from 'node:assert/strict';
import fc from 'fast-check';
import { openBudget, settled, tokensOfBytes, usdOf, usualOutput } from '../../../src/core/run/budget.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import type { RunState } from '../../../src/core/run/state.ts';
import { RunStopped } from '../../../src/core/run/stopped.ts';
import { type Budget, modelSchema } from '../../../src/core/team/file.ts';
import { created, ended, failed, recordsOf, started } from '../ports/records.ts';

const model = modelSchema.parse({ title: 'M', vendor: 'v', price: { input: 1, output: 10 } });
const unpriced = modelSchema.parse({ title: 'U', vendor: 'v' });

/** A budget over a journal that grows. */
function over(budget: Budget): {
  keeper: ReturnType<typeof openBudget>;
  happens(...events: RunEvent[]): void;
  state(): RunState;
} {
  let state = fold(recordsOf(created({ budget })));
  return {
    keeper: openBudget(() => state),
    happens(...events) {
      state = fold(recordsOf(...events), state);
    },
    state: () => state,
  };
}

const spent = (message: RegExp) => (error: unknown) =>
  error instanceof RunStopped &&
  error.outcome === 'spent' &&
  message.test(error.message) &&
  /resume --budget/.test(error.hint ?? '');

describe('the budget', () => {
  it('never lets more calls start than it has, also of lanes that start at once', () => {
    const { keeper, happens, state } = over({ calls: 5, minutes: 45 });
    const reserve = (call: string) => keeper.reserve({ call, attempt: 1 }, model, 400, 'findings');
    const held = Array.from({ length: 5 }, (_, n) => reserve(`c${n}`));
    assert.throws(() => reserve('c5'), spent(/All 5 calls/));
    // In the journal it counts once, not twice.
    happens(started('c0'), started('c1'));
    assert.equal(state().spent.calls, 2);
    assert.throws(() => reserve('c5'), spent(/All 5 calls/));
    // One that never started gives its place back; one that did does not, however it ended.
    keeper.release(held[4]!);
    const again = reserve('c5');
    keeper.release(again);
    happens(ended('c0'), failed('c1'));
    keeper.release(held[0]!);
    keeper.release(held[1]!);
    reserve('c5');
    assert.throws(() => reserve('c6'), spent(/All 5 calls/));
  });

  it('holds back tokens until the end of the attempt is in the journal, and then counts what was reported', () => {
    const need = 100 + usualOutput.findings;
    const { keeper, happens } = over({ calls: 40, minutes: 45, tokens: need * 2 });
    const reserve = (call: string) => keeper.reserve({ call, attempt: 1 }, model, 400, 'findings');
    const one = reserve('a');
    assert.equal(one.tokens, need);
    const two = reserve('b');
    assert.throws(() => reserve('c'), spent(/tokens does not hold/));
    happens(started('a'), started('b'));
    // Its answer is there, but not yet in the journal: it is still held.
    keeper.release(one);
    assert.throws(() => reserve('c'), spent(/tokens does not hold/));
    happens(ended('a', { usage: { inputTokens: 10, outputTokens: 10 } }));
    assert.throws(() => reserve('c'), spent(/\(20 used/));
    happens(ended('b', { usage: {} }));
    keeper.release(two);
    assert.throws(() => keeper.reserve({ call: 'c', attempt: 1 }, model, need * 8, 'findings'), spent(/tokens/));
    reserve('c');
  });

  it('holds back money, by the list price', () => {
    const { keeper, happens } = over({ calls: 40, minutes: 45, usd: 0.2 });
    // 1000 tokens in at $1 and 8000 out at $10 a million.
    const one = keeper.reserve({ call: 'a', attempt: 1 }, model, 4000, 'findings');
    assert.equal(one.usd, 0.081);
    happens(started('a'));
    keeper.reserve({ call: 'b', attempt: 1 }, model, 4000, 'findings');
    assert.throws(
      () => keeper.reserve({ call: 'c', attempt: 1 }, model, 4000, 'findings'),
      spent(/\$0.2 does not hold.*\$0.00 used/),
    );
    happens(ended('a', { usd: 0.01 }));
    keeper.reserve({ call: 'c', attempt: 1 }, model, 4000, 'findings');
  });

  it('in money fails closed for a model without a price', () => {
    const { keeper } = over({ calls: 40, minutes: 45, usd: 1000 });
    assert.throws(() => keeper.reserve({ call: 'a', attempt: 1 }, unpriced, 4, 'triage'), spent(/needs a price/));
    over({ calls: 40, minutes: 45 }).keeper.reserve({ call: 'a', attempt: 1 }, unpriced, 4, 'triage');
  });

  it('lets an answer go on while it holds more, and no longer', () => {
    const output = usualOutput.findings;
    const { keeper } = over({ calls: 40, minutes: 45, tokens: output * 4 });
    const one = keeper.reserve({ call: 'a', attempt: 1 }, model, 0, 'findings');
    const two = keeper.extend(one, model);
    assert.equal(two?.output, output * 2);
    assert.equal(two.tokens, output * 2);
    const three = keeper.extend(two, model);
    assert.equal(three?.output, output * 4);
    assert.equal(keeper.extend(three, model), undefined);
    assert.throws(() => keeper.reserve({ call: 'b', attempt: 1 }, model, 0, 'triage'), spent(/tokens/));
    keeper.release(three);
    keeper.reserve({ call: 'b', attempt: 1 }, model, 0, 'triage');
  });

  it('is never overrun, whatever starts, ends, fails and is given up in whatever order', () => {
    const moves = fc.array(
      fc.tuple(
        fc.constantFrom('reserve', 'start', 'end', 'fail', 'release'),
        fc.nat(5),
        fc.integer({ min: 0, max: 9000 }),
      ),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(
        moves,
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 5000, max: 40_000 }),
        (list, calls, tokens) => {
          const { keeper, happens, state } = over({ calls, minutes: 45, tokens });
          const lanes = new Map<number, { r: ReturnType<typeof keeper.reserve>; started: boolean }>();
          let attempts = 0;
          for (const [what, lane, size] of list) {
            const at = lanes.get(lane);
            if (what === 'reserve' && !at) {
              try {
                attempts += 1;
                const r = keeper.reserve({ call: `c${attempts}`, attempt: 1 }, model, size, 'triage');
                lanes.set(lane, { r, started: false });
              } catch (error) {
                assert.ok(error instanceof RunStopped);
              }
            }
            if (what === 'start' && at && !at.started) {
              happens(started(at.r.call));
              at.started = true;
            }
            // Nobody takes more than was held back: then the sum never exceeds the budget.
            const usage = at && { inputTokens: Math.min(size, at.r.tokens) };
            if (what === 'end' && at?.started) {
              keeper.release(at.r);
              happens(ended(at.r.call, { usage }));
              lanes.delete(lane);
            }
            if (what === 'fail' && at?.started) {
              happens(failed(at.r.call, { usage }));
              keeper.release(at.r);
              lanes.delete(lane);
            }
            if (what === 'release' && at && !at.started) {
              keeper.release(at.r);
              lanes.delete(lane);
            }
            const starting = [...lanes.values()].filter((l) => !l.started).length;
            assert.ok(state().spent.calls + starting <= calls, 'calls');
            const open = [...lanes.values()].reduce((sum, l) => sum + l.r.tokens, 0);
            assert.ok(state().spent.tokens + open <= tokens, 'tokens');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('what a call cost', () => {
  it('is what the route reports, else an estimate from bytes that is marked so', () => {
    assert.deepEqual(settled({ inputTokens: 3, outputTokens: 4 }, 400, 400), {
      usage: { inputTokens: 3, outputTokens: 4 },
      estimated: false,
    });
    for (const nothing of [undefined, {}, { inputTokens: 0, outputTokens: 0 }])
      assert.deepEqual(settled(nothing, 401, 80), {
        usage: { inputTokens: 101, outputTokens: 20, usd: undefined },
        estimated: true,
      });
    assert.equal(settled({ usd: 0.3 }, 400, 400).usage.usd, 0.3);
    assert.equal(tokensOfBytes(1), 1);
  });

  it("is in money the route's own figure, else by list price, else not known", () => {
    assert.equal(usdOf({ inputTokens: 1000, outputTokens: 100 }, model), 0.002);
    assert.equal(usdOf({ inputTokens: 1000, outputTokens: 100, usd: 7 }, model), 7);
    assert.equal(usdOf({ inputTokens: 1000, outputTokens: 100 }, unpriced), undefined);
  });
});

import assert from 'node:assert/strict';
import { failureKinds } from '../../../src/core/ask.ts';
import { type Breaker, breaks, openBreaker } from '../../../src/core/run/breaker.ts';
import { type Route, routeSchema } from '../../../src/core/team/file.ts';
import { testClock } from '../ports/clock.ts';

const route = (more: Partial<Route> = {}): Route => routeSchema.parse({ server: 's1', ids: ['a'], ...more });

describe('the breaker', () => {
  it('leaves a route alone after a failure that would come again, and after no other', () => {
    const broken = failureKinds.filter((kind) => {
      const breaker = openBreaker(testClock(), 1000);
      breaker.failed(route(), { kind, message: 'It broke.' });
      assert.equal(breaker.closed(route()) !== undefined, breaks(kind), kind);
      return breaks(kind);
    });
    assert.deepEqual(broken, [
      'not-installed',
      'not-signed-in',
      'not-approved',
      'rate-limit',
      'quota',
      'crash',
      'silence',
      'protocol',
    ]);
  });

  it('says why, to all who want the same agent of the same server by the same tool', () => {
    const breaker = openBreaker(testClock(), 1000);
    breaker.failed(route({ agent: 'x' }), { kind: 'crash', message: 'It died.' });
    assert.equal(breaker.closed(route({ agent: 'x', ids: ['other'] }))?.message, 'It died.');
    for (const other of [
      route(),
      route({ agent: 'y' }),
      route({ agent: 'x', tool: 't' }),
      route({ agent: 'x', server: 's2' }),
    ])
      assert.equal(breaker.closed(other), undefined);
    // No name can be put together so that it looks like another route.
    breaker.failed(route({ server: 'a', agent: 'b/ask', tool: 'c' }), { kind: 'crash', message: 'It died.' });
    assert.equal(breaker.closed(route({ server: 'a', agent: 'b', tool: 'ask/c' })), undefined);
  });

  it('lets one trial through after its time, and the others only when that worked', () => {
    const clock = testClock();
    const breaker = openBreaker(clock, 1000);
    breaker.failed(route(), { kind: 'crash', message: 'It died.' });
    clock.advance(999);
    assert.notEqual(breaker.closed(route()), undefined);
    clock.advance(1);
    assert.equal(breaker.closed(route()), undefined);
    breaker.tried(route());
    assert.equal(breaker.closed(route())?.message, 'It died.', 'somebody else tries at the same time');
    breaker.worked(route());
    assert.equal(breaker.closed(route()), undefined);
  });

  it('tells those who wait when the trial is over, however it went', async () => {
    const clock = testClock();
    const ends: ((breaker: Breaker) => void)[] = [
      (b) => b.worked(route()),
      (b) => b.failed(route(), { kind: 'crash', message: 'It died again.' }),
      (b) => b.failed(route(), { kind: 'empty', message: 'Nothing.' }),
      (b) => b.failed(route(), { kind: 'person', message: 'Enough.' }),
      (b) => b.dropped(route()),
    ];
    for (const end of ends) {
      const breaker = openBreaker(clock, 1000);
      breaker.failed(route(), { kind: 'crash', message: 'It died.' });
      clock.advance(1000);
      breaker.tried(route());
      const trial = breaker.closed(route())?.trial;
      assert.ok(trial);
      end(breaker);
      await trial;
      assert.equal(breaker.closed(route())?.trial, undefined);
    }
  });

  it('counts anew when the trial fails, and lets the next one try when it was given up', () => {
    const clock = testClock();
    const breaker = openBreaker(clock, 1000);
    for (let n = 0; n < 3; n++) {
      breaker.failed(route(), { kind: 'crash', message: 'It died.' });
      assert.notEqual(breaker.closed(route()), undefined);
      clock.advance(1000);
      assert.equal(breaker.closed(route()), undefined);
      breaker.tried(route());
    }
    assert.notEqual(breaker.closed(route()), undefined);
    breaker.dropped(route());
    assert.equal(breaker.closed(route()), undefined);
  });

  it('waits for the reset that a limit names, and its own time where that is past or nonsense', () => {
    const clock = testClock();
    const until = (resetsAt: string): number => {
      const breaker = openBreaker(clock, 1000);
      breaker.failed(route(), { kind: 'quota', message: 'No more.', resetsAt });
      const start = clock.now();
      while (breaker.closed(route()) !== undefined) clock.advance(250);
      return clock.now() - start;
    };
    assert.equal(until(new Date(clock.now() + 5000).toISOString()), 5000);
    assert.equal(until(new Date(clock.now() + 500).toISOString()), 500);
    assert.equal(until(new Date(clock.now() - 5000).toISOString()), 1000);
    assert.equal(until('tomorrow'), 1000);
  });

  it('forgets a break when the route is heard of again, even with a bad answer', () => {
    const clock = testClock();
    const breaker = openBreaker(clock, 1000);
    for (const kind of ['empty', 'bad-answer', 'no-model', 'wrong-model', 'too-large'] as const) {
      breaker.failed(route(), { kind: 'crash', message: 'It died.' });
      breaker.failed(route(), { kind, message: 'It answered.' });
      assert.equal(breaker.closed(route()), undefined, kind);
    }
    breaker.failed(route(), { kind: 'crash', message: 'It died.' });
    breaker.failed(route(), { kind: 'cancelled', message: 'Never mind.' });
    assert.notEqual(breaker.closed(route()), undefined);
  });
});

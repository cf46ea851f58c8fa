import assert from 'node:assert/strict';
import type { CallControl } from '../../../src/core/run/control.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { type Bench, bench, good, model, route, stopped } from '../ports/bench.ts';
import type { Reply, Script } from '../ports/models.ts';
import { live } from '../ports/live.ts';
import { eventsOf, keysAsked, smallWorld } from '../ports/small.ts';

const key = 'implementation/x/r0/reviewer';

/** A script whose first answer over a server never comes: the person says something instead. */
function interrupted(word: CallControl['kind'], server = 's1'): { script: Script; of: { bench?: Bench } } {
  const of: { bench?: Bench } = {};
  let said = false;
  const script: Script = (asked): Reply => {
    if (asked.route.server !== server || said) return good;
    said = true;
    // As soon as it is under way.
    void Promise.resolve().then(() => of.bench?.handle.control({ kind: word, call: key }, 'ana in another terminal'));
    return { hang: true, stream: [{ kind: 'text', text: 'I begin, and the' }] };
  };
  return { script, of };
}

describe('the person’s word to a call under way', () => {
  it('moves it on to the next route, and the event says whose word it was', async () => {
    const { script, of } = interrupted('move');
    const b = (of.bench = await bench(script));
    assert.ok((await b.ask()).ok);
    assert.deepEqual(b.servers(), ['s1', 's2']);
    const [failed] = b.events('call.failed');
    assert.deepEqual(failed?.failure, { kind: 'person', message: 'ana in another terminal moved it on.' });
    assert.equal(failed?.next?.server, 's2');
    assert.ok(failed?.estimated && (failed.usage?.inputTokens ?? 0) > 0, 'what it cost so far counts');
    // It says nothing against the route.
    await b.ask({ key: 'implementation/y/r0/reviewer' });
    assert.equal(b.servers()[2], 's1');
    assert.equal(b.world.clock.pending(), 1);
  });

  it('has it tried again over the same way', async () => {
    const { script, of } = interrupted('retry');
    const b = (of.bench = await bench(script));
    assert.ok((await b.ask()).ok);
    assert.deepEqual(b.servers(), ['s1', 's1']);
    assert.equal(b.events('call.failed')[0]?.next?.server, 's1');
    assert.equal(fold(b.world.journal).spent.calls, 2);
  });

  it('stops it, and nobody else is asked', async () => {
    const { script, of } = interrupted('stop');
    const b = (of.bench = await bench(script));
    const result = await b.ask();
    assert.ok(!result.ok && result.failure.kind === 'person');
    assert.deepEqual(b.servers(), ['s1']);
    assert.equal(b.events('call.failed')[0]?.next, undefined);
    assert.equal(fold(b.world.journal).calls[key]?.state, 'failed');
  });

  it('ends a run in order when what it stops is needed, and the run can go on', async () => {
    const { script, of } = interrupted('stop');
    const b = (of.bench = await bench(script));
    await assert.rejects(b.ask({ required: true }), stopped('stopped', /is needed, and was stopped: ana/));
    await b.handle.end({ outcome: 'stopped' });
    const again = await bench(() => good, { world: b.world });
    assert.ok((await again.ask({ required: true })).ok);
  });

  it('leaves it where it is when there is no other route, and says so', async () => {
    const { script, of } = interrupted('move', 's3');
    const only: Script = (asked, permit) =>
      asked.route.server === 's3'
        ? Promise.resolve(script(asked, permit)).then((reply) => ({ ...reply, hang: false, json: good.json }))
        : { failure: { kind: 'error', message: 'x' } };
    const b = (of.bench = await bench(only));
    assert.ok((await b.ask()).ok);
    assert.deepEqual(b.servers(), ['s1', 's2', 's3']);
    assert.ok(b.events('note').some((n) => /no other route/.test(n.text)));
  });

  it('comes to nothing when the call is over, and says so', async () => {
    const b = await bench(() => good);
    await b.ask();
    await b.handle.control({ kind: 'retry', call: key }, 'ana');
    assert.ok(b.events('note').some((n) => n.text.includes('is not under way')));
    assert.ok((await b.ask()).ok);
    assert.equal(b.world.asked.length, 1);
  });

  it('keeps a stopped call stopped when the run is resumed, but not when the run failed since', async () => {
    const { script, of } = interrupted('stop');
    const b = (of.bench = await bench(script));
    await b.ask();
    await b.handle.end({ outcome: 'stopped' });
    const again = await bench(() => good, { world: b.world });
    assert.ok(!(await again.ask()).ok);
    assert.equal(b.world.asked.length, 1, 'nobody was asked again');
    await again.handle.end({ outcome: 'failed' });
    const third = await bench(() => good, { world: b.world });
    assert.ok((await third.ask()).ok);
  });
});

describe('the person’s word about a route', () => {
  const message = (n: number, kind: 'leave' | 'use', server = 's1', agent?: string) => ({
    id: `i${n}`,
    kind: 'control' as const,
    text: '',
    control: { kind, server, ...(agent !== undefined && { agent }) },
    from: 'ana',
  });

  it('keeps a run off it, also when it goes on in another process, until it may be used again', async () => {
    const b = await bench(() => good);
    await b.handle.received(message(1, 'leave'));
    await b.ask({ key: 'k1' });
    await b.handle.end({ outcome: 'stopped' });
    const again = await bench(() => good, { world: b.world });
    await again.ask({ key: 'k2' });
    await again.handle.received(message(2, 'use'));
    await again.ask({ key: 'k3' });
    assert.deepEqual(again.servers(), ['s2', 's2', 's1']);
  });

  it('stands, also when nothing else is left', async () => {
    const b = await bench(() => good);
    for (const [n, server] of ['s1', 's2', 's3'].entries()) await b.handle.received(message(n, 'leave', server));
    const result = await b.ask();
    assert.ok(!result.ok);
    assert.deepEqual(result.failure, {
      kind: 'left-alone',
      message: 'ana said to stay off s1, and no other route is left.',
    });
    assert.deepEqual(b.servers(), []);
  });

  it('without an agent is about all of a server’s, and the last word about each counts', async () => {
    const agents = ['one', 'two'].map((agent) => route('s1', ['a-id'], { agent }));
    const team = {
      models: { a: model([...agents, route('s2', ['a-id'])]), b: model([route('s3', ['b-id'])]) },
    } as never;
    const b = await bench(() => good, { team });
    const said = [
      { word: message(1, 'leave'), over: ['s2', undefined] },
      { word: message(2, 'use', 's1', 'two'), over: ['s1', 'two'] },
      { word: message(3, 'leave', 's1', 'two'), over: ['s2', undefined] },
      { word: message(4, 'use'), over: ['s1', 'one'] },
    ];
    for (const [n, { word, over }] of said.entries()) {
      await b.handle.received(word);
      await b.ask({ key: `k${n}` });
      const { server, agent } = b.world.asked.at(-1)!.route;
      assert.deepEqual([server, agent], over, `after word ${n + 1}`);
    }
  });

  it('counts from the next attempt on', async () => {
    const b: Bench = await bench(async (asked) => {
      if (asked.route.server !== 's1') return good;
      await b.handle.received(message(1, 'leave', 's2'));
      return { failure: { kind: 'error', message: 'x' } };
    });
    assert.ok((await b.ask()).ok);
    assert.deepEqual(b.servers(), ['s1', 's3']);
  });
});

describe('a control from another terminal', () => {
  it('is journaled, acts once, and the run ends well without the role', async () => {
    const world = smallWorld({
      'analysis/architect': () => {
        world.control({ kind: 'stop', call: 'analysis/architect' });
        return { hang: true };
      },
    });
    const end = await live(world);
    assert.equal(end.outcome, 'applied');
    assert.deepEqual(
      eventsOf(world, 'inbox.received').map((e) => [e.kind, e.control?.kind, e.from]),
      [['control', 'stop', 'ana']],
    );
    assert.equal(keysAsked(world).filter((k) => k === 'analysis/architect').length, 1);
    const missing = fold(world.journal).missing;
    assert.ok(
      missing.some((m) => m.role === 'architect' && /ana stopped it/.test(m.why)),
      JSON.stringify(missing),
    );
  });
});

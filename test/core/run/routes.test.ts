import assert from 'node:assert/strict';
import { fold } from '../../../src/core/run/fold.ts';
import { sessionOf } from '../../../src/core/run/ways.ts';
import { type Bench, bench, cast, good, model, route } from '../ports/bench.ts';
import type { Asked, Reply, Script } from '../ports/models.ts';

const later = (b: { world: { clock: { now(): number } } }, ms: number): string =>
  new Date(b.world.clock.now() + ms).toISOString();
const only = { models: { a: model([route('s1', ['a-id'])]) } } as never;

describe('a limit that resets in a moment', () => {
  const limited = (of: { bench?: Bench }, ms: number, times = 1): Script => {
    let met = 0;
    return (asked): Reply => {
      if (asked.route.server !== 's1' || !of.bench || (met += 1) > times) return good;
      return { failure: { kind: 'rate-limit', message: 'Too many.', resetsAt: later(of.bench, ms) } };
    };
  };

  it('is waited for over the same way, and that is told', async () => {
    const of: { bench?: Bench } = {};
    const b = (of.bench = await bench(limited(of, 15_000)));
    const start = b.world.clock.now();
    assert.ok((await b.ask()).ok);
    assert.deepEqual(b.servers(), ['s1', 's1']);
    assert.ok(b.world.clock.now() - start >= 15_000);
    const [waiting] = b.events('call.waiting');
    assert.match(waiting?.why ?? '', /s1 is at its limit until then: Too many\./);
    assert.equal(Date.parse(waiting?.until ?? '') - start > 14_000, true);
    assert.equal(b.events('call.failed')[0]?.next?.server, 's1');
    assert.equal(fold(b.world.journal).calls['implementation/x/r0/reviewer']?.moves[0]?.again, true);
  });

  it('is not waited for when it is far away, when the team file says so, or for ever', async () => {
    const far: { bench?: Bench } = {};
    const b = (far.bench = await bench(limited(far, 21_000)));
    await b.ask();
    assert.deepEqual(b.servers(), ['s1', 's2']);
    const never: { bench?: Bench } = {};
    const c = (never.bench = await bench(limited(never, 5_000), {
      team: { limits: { waitForResetSeconds: 0 } } as never,
    }));
    await c.ask();
    assert.deepEqual(c.servers(), ['s1', 's2']);
    const liar: { bench?: Bench } = {};
    const d = (liar.bench = await bench(limited(liar, 1_000, 100)));
    assert.ok((await d.ask()).ok);
    assert.deepEqual(d.servers(), ['s1', 's1', 's1', 's1', 's2']);
  });

  it('is waited for by the others too, and the first of them tries', async () => {
    const of: { bench?: Bench } = {};
    const b = (of.bench = await bench(limited(of, 10_000), { team: only }));
    await Promise.all(['k1', 'k2', 'k3'].map((key) => b.ask({ key, cast: cast('a') })));
    assert.equal(b.events('call.failed').length, 1);
    assert.equal(b.world.asked.length, 4);
    assert.ok(b.events('call.ended').every((e) => e.ok));
  });

  it('need not be waited for: the person moves the call on, or stops it', async () => {
    for (const [word, servers] of [
      ['move', ['s1', 's2']],
      ['stop', ['s1']],
      ['retry', ['s1', 's1']],
    ] as const) {
      const of: { bench?: Bench } = {};
      const b = (of.bench = await bench(limited(of, 19_000)));
      const key = 'implementation/x/r0/reviewer';
      const start = b.world.clock.now();
      const told = (async () => {
        while (b.events('call.waiting').length === 0) await new Promise((done) => setImmediate(done));
        assert.equal(fold(b.world.journal).calls[key]?.state, 'waiting');
        await b.handle.control({ kind: word, call: key }, 'ana');
      })();
      const result = await b.ask();
      await told;
      assert.equal(result.ok, word !== 'stop');
      assert.deepEqual(b.servers(), servers);
      assert.ok(b.world.clock.now() - start < 10_000, 'nobody waited any more');
    }
  });

  it('does not outlive the run', async () => {
    const of: { bench?: Bench } = {};
    const control = new AbortController();
    const b = (of.bench = await bench(limited(of, 19_000), { signal: control.signal }));
    const asked = b.ask();
    while (b.events('call.waiting').length === 0) await new Promise((done) => setImmediate(done));
    control.abort(new Error('over'));
    await assert.rejects(asked, /over/);
    b.handle.close();
    assert.equal(b.world.clock.pending(), 0);
  });
});

describe('a broken route that is the only one', () => {
  it('is tried by one call at a time, and the others wait for how that goes', async () => {
    let open = 0;
    let most = 0;
    const b = await bench(
      async () => {
        open += 1;
        most = Math.max(most, open);
        await b.world.clock.sleep(20);
        open -= 1;
        return { failure: { kind: 'crash', message: 'It died.' } };
      },
      { team: only },
    );
    await b.ask({ key: 'k0', cast: cast('a') });
    most = 0;
    await Promise.all(['k1', 'k2', 'k3'].map((key) => b.ask({ key, cast: cast('a') })));
    assert.equal(most, 1);
    assert.equal(b.world.asked.length, 4);
    assert.match(b.events('call.waiting')[0]?.why ?? '', /Another call tries s1, which broke: It died\./);
  });

  it('lets the next one try when the trial was stopped', async () => {
    const key = 'k1';
    const b: Bench = await bench(
      (asked): Reply => {
        if (asked.input.call.key === 'k0') return { failure: { kind: 'crash', message: 'It died.' } };
        if (asked.input.call.key !== key) return good;
        void b.handle.control({ kind: 'stop', call: key }, 'ana');
        return { hang: true };
      },
      { team: only },
    );
    await b.ask({ key: 'k0', cast: cast('a') });
    const [first, second] = await Promise.all([key, 'k2'].map((k) => b.ask({ key: k, cast: cast('a') })));
    assert.ok(!first?.ok && second?.ok);
  });
});

describe('what a catalogue shows to be gone', () => {
  const team = { models: { a: model([route('s1', ['old', 'newer', 'newest']), route('s2', ['old'])]) } } as never;

  it('is passed over without an attempt, and that is said', async () => {
    const b = await bench(() => good, { team });
    b.world.gone = ({ server }) => (server === 's1' ? ['old', 'newer'] : []);
    const result = await b.ask({ cast: cast('a') });
    assert.ok(result.ok);
    assert.deepEqual([result.event.id, result.event.successorOf], ['newest', 'a']);
    assert.equal(b.world.asked.length, 1);
    assert.ok(b.events('note').some((n) => /s1 does not offer old any more, so newest is asked for/.test(n.text)));
    await b.ask({ key: 'k2', cast: cast('a') });
    assert.equal(b.events('note').length, 1, 'said once');
  });

  it('leaves the next route, or the reason', async () => {
    const b = await bench(() => good, { team });
    b.world.gone = ({ server, ids }) => (server === 's1' ? ids : []);
    assert.ok((await b.ask({ cast: cast('a') })).ok);
    assert.deepEqual(b.servers(), ['s2']);
    const none = await bench(() => good, { team });
    none.world.gone = ({ ids }) => ids;
    const result = await none.ask({ cast: cast('a') });
    assert.ok(!result.ok);
    assert.deepEqual(result.failure, { kind: 'no-model', message: 'No route offers a or a declared successor.' });
    assert.equal(none.world.asked.length, 0);
  });

  it('is not tried once more by the person’s word either', async () => {
    const b = await bench(() => good, { team });
    const key = 'k1';
    b.world.gone = ({ server, ids }) => (server === 's1' ? ids : []);
    const limited = b.world.team.models['a']!.routes[0]!;
    b.run.breaker.failed(limited, { kind: 'rate-limit', message: 'Too many.', resetsAt: later(b, 15_000) });
    const told = (async () => {
      while (b.events('call.waiting').length === 0) await new Promise((done) => setImmediate(done));
      await b.handle.control({ kind: 'retry', call: key }, 'ana');
    })();
    assert.ok((await b.ask({ key, cast: cast('a') })).ok);
    await told;
    assert.deepEqual(b.servers(), ['s2']);
  });

  it('is not asked about over a route that cannot be used, which costs no attempt either', async () => {
    const b = await bench(() => good, { team });
    b.world.probe = ({ server }) =>
      server === 's1' ? { kind: 'not-signed-in', message: 'Sign in first.' } : undefined;
    assert.ok((await b.ask({ cast: cast('a') })).ok);
    assert.deepEqual(b.servers(), ['s2']);
    assert.ok(b.events('note').some((n) => /left alone for now \(Sign in first\.\)/.test(n.text)));
  });
});

describe('the conversation of a role', () => {
  const told = 'The conversation in your role so far';
  const prompts = (b: Bench): string[] => b.world.asked.map((a: Asked) => a.input.prompt);
  const spoken = (text: string): Reply['stream'] => [{ kind: 'text', text }];
  const prompt = async (_emit: unknown, before?: { title: string; text: string }): Promise<string> =>
    before ? `${before.title}:\n${before.text}\n\nNow judge.` : 'Now judge.';

  it('goes on in its session in the same folder, in a later call and in another process', async () => {
    const b = await bench(() => ({ ...good, session: 'S' }));
    await b.ask({ key: 'k1' });
    await b.ask({ key: 'k2' });
    await b.handle.end({ outcome: 'stopped' });
    const again = await bench(() => ({ ...good, session: 'S' }), { world: b.world });
    await again.ask({ key: 'k3' });
    await again.ask({ key: 'k4', cwd: async () => '/checkouts/other' });
    assert.deepEqual(
      again.world.asked.map((a) => a.input.session),
      [undefined, 'S', 'S', undefined],
    );
  });

  it('keeps its seat at the bus as long as its session, and no longer', async () => {
    const told: (string | undefined)[] = [];
    const b = await bench((asked): Reply =>
      asked.input.call.key === 'k3'
        ? { failure: { kind: 'no-session', message: 'Not in memory.' } }
        : { ...good, session: 'S' },
    );
    const { hand } = b.run.ports.bus;
    b.run.ports.bus.hand = async (attempt) => {
      const handed = await hand(attempt);
      return { ...handed, end: (session) => (told.push(session), handed.end(session)) };
    };
    for (const key of ['k1', 'k2', 'k3']) await b.ask({ key });
    const seat = '["s1",null,"S"]';
    const handed = b.world.asked.map((a) => a.input.servers?.[0]?.env['SESSION']);
    // The session is lost: the same route begins anew, and then the next one.
    assert.deepEqual(b.servers(), ['s1', 's1', 's1', 's1', 's2', 's3']);
    assert.deepEqual(handed, ['', seat, seat, '', '', '']);
    assert.deepEqual(told, [seat, seat, undefined, undefined, undefined, undefined]);
  });

  it('is told where it goes on in another folder', async () => {
    const b = await bench(() => ({ ...good, session: 'S', stream: spoken('First I found a leak.') }));
    await b.ask({ key: 'k1', prompt });
    await b.ask({ key: 'k2', prompt, cwd: async () => '/checkouts/other' });
    assert.equal(b.world.asked[1]?.input.session, undefined);
    assert.match(prompts(b)[1] ?? '', new RegExp(`^${told}[^]*First I found a leak\\.[^]*\n\nNow judge\\.$`));
  });

  it('is never gone on with by two at once', async () => {
    const b = await bench(() => ({ ...good, session: 'S', delay: 10 }));
    await b.ask({ key: 'k1' });
    await Promise.all([b.ask({ key: 'k2' }), b.ask({ key: 'k3' })]);
    assert.deepEqual(
      b.world.asked.map((a) => a.input.session),
      [undefined, 'S', undefined],
    );
  });

  it('is told to the next route when the session’s route fails, with what the cut-off attempt had said', async () => {
    const b = await bench((asked) => {
      if (asked.input.call.key === 'k1') return { ...good, session: 'S', stream: spoken('First I found a leak.') };
      if (asked.route.server !== 's1') return good;
      return {
        failure: { kind: 'crash', message: 'x' },
        stream: spoken('I had begun to look at the second change. '.repeat(3)),
      };
    });
    await b.ask({ key: 'k1', prompt });
    await b.ask({ key: 'k2', prompt });
    const [, second, third] = prompts(b);
    assert.equal(second, 'Now judge.', 'in its session nothing is sent twice');
    assert.deepEqual(b.servers(), ['s1', 's1', 's2']);
    assert.match(
      third ?? '',
      new RegExp(
        `^${told}, oldest first:\\n\\[Asked: judges x\\]\\nNow judge\\.\\n\\n\\[Said\\]\\nFirst I found a leak\\.`,
      ),
    );
    assert.match(
      third ?? '',
      /that was cut off had said\]\nI had begun to look at the second change\.[^]*\n\nNow judge\.$/,
    );
  });

  it('is told over the same route when the session is gone', async () => {
    const b = await bench((asked) => {
      if (asked.input.session !== undefined) return { failure: { kind: 'no-session', message: 'Not in memory.' } };
      return { ...good, session: 'S', stream: spoken('So it is.') };
    });
    const first = await b.ask({ key: 'k1', prompt });
    assert.ok(first.ok);
    await b.ask({ key: 'k2', prompt, session: sessionOf(first.event) });
    assert.deepEqual(b.servers(), ['s1', 's1', 's1']);
    assert.match(prompts(b)[2] ?? '', /\[Said\]\nSo it is\./);
  });

  it('is bounded, the youngest first', async () => {
    const b = await bench((asked) => ({
      ...good,
      session: 'S',
      stream: spoken(`${asked.input.call.key} says ${'much '.repeat(5_000)}`),
    }));
    for (let n = 0; n < 12; n++) await b.ask({ key: `k${n}`, prompt });
    const far = await b.ask({ key: 'last', prompt, cast: cast('b') });
    assert.ok(far.ok);
    const last = prompts(b).at(-1) ?? '';
    assert.ok(last.length > 40_000 && last.length < 90_000, String(last.length));
  });

  it('is not told where no session was ever had', async () => {
    const b = await bench(() => ({ ...good, stream: spoken('Well. '.repeat(40)) }));
    await b.ask({ key: 'k1', prompt });
    await b.ask({ key: 'k2', prompt });
    assert.deepEqual(prompts(b), ['Now judge.', 'Now judge.']);
  });
});

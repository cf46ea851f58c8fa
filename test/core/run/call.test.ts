import assert from 'node:assert/strict';
import { failureKinds } from '../../../src/core/ask.ts';
import { breaks } from '../../../src/core/run/breaker.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { sessionOf } from '../../../src/core/run/ways.ts';
import { bench, cast, failing, good, model, models, route, stopped } from '../ports/bench.ts';
import type { Asked, Script } from '../ports/models.ts';

describe('a call', () => {
  it('asks the first model over its first route, and journals what it cost', async () => {
    const b = await bench(() => ({ ...good, usage: { inputTokens: 1000, outputTokens: 100 } }));
    const result = await b.ask();
    assert.ok(result.ok);
    assert.equal(result.answer.verdict, 'fine');
    const { model, server, id, usd, estimated, usage } = result.event;
    assert.deepEqual(
      { model, server, id, usd, estimated, usage },
      {
        model: 'a',
        server: 's1',
        id: 'a-id',
        usd: 0.002,
        estimated: false,
        usage: { inputTokens: 1000, outputTokens: 100 },
      },
    );
    assert.deepEqual(b.servers(), ['s1']);
    // Asked again it answers from the journal.
    assert.ok((await b.ask()).ok);
    assert.equal(b.world.asked.length, 1);
    assert.equal(b.world.clock.pending(), 1, 'only the clock of the run is armed');
  });

  it('keeps what it wanted and did not get, of an answer that was sent back too', async () => {
    const edit = 'edit of ../x: it is outside the workspace';
    let n = 0;
    const b = await bench(() =>
      ++n === 1 ? { ...good, text: 'no answer', refused: [edit] } : { ...good, refused: ['effort high', edit] },
    );
    const result = await b.ask();
    assert.ok(result.ok);
    assert.deepEqual(result.event.refused, [edit, 'effort high']);
    const { calls } = b.run.state();
    assert.deepEqual(calls[result.event.call]?.refused, [edit, 'effort high']);
  });

  it('goes on over the routes in order, and then to the next model, and says each move', async () => {
    const b = await bench((asked) =>
      asked.route.server === 's3' ? good : { failure: { kind: 'error', message: `no ${asked.route.server}` } },
    );
    const result = await b.ask();
    assert.ok(result.ok && result.event.model === 'b');
    assert.deepEqual(b.servers(), ['s1', 's2', 's3']);
    assert.deepEqual(
      b.events('call.failed').map((e) => [e.server, e.failure.message, e.next?.server, e.next?.model]),
      [
        ['s1', 'no s1', 's2', 'a'],
        ['s2', 'no s2', 's3', 'b'],
      ],
    );
    assert.deepEqual(
      b.events('call.started').map((e) => e.attempt),
      [1, 2, 3],
    );
  });

  for (const kind of failureKinds) {
    const goesOn = kind !== 'cancelled' && kind !== 'budget';
    it(`${goesOn ? 'moves on' : 'ends'} after "${kind}"${breaks(kind) ? ', and leaves the route alone' : ''}`, async () => {
      const b = await bench(failing({ kind, message: 'x' }, 's1'));
      const result = await b.ask();
      assert.equal(result.ok, goesOn);
      assert.deepEqual(b.servers(), goesOn ? ['s1', 's2'] : ['s1']);
      if (!goesOn) return;
      await b.ask({ key: 'implementation/y/r0/reviewer' });
      assert.deepEqual(b.servers().slice(2), breaks(kind) ? ['s2'] : ['s1', 's2']);
      // It is told why the first was not asked.
      const told = b.events('note').some((n) => /left alone for now \(x\)/.test(n.text));
      assert.equal(told, breaks(kind));
    });
  }

  it('fails as a value when no way is left, and names the last reason', async () => {
    const b = await bench(failing({ kind: 'quota', message: 'No more.' }));
    const result = await b.ask();
    assert.ok(!result.ok && result.failure.kind === 'quota');
    assert.deepEqual(b.servers(), ['s1', 's2', 's3']);
    assert.equal(b.events('call.failed').at(-1)?.next, undefined);
    assert.equal(b.events('call.ended')[0]?.ok, false);
    const none = await b.ask({ key: 'k2', cast: cast('nobody') });
    assert.ok(!none.ok && none.failure.kind === 'not-installed');
  });

  it('tries what is left alone when there is nothing else, and after everything else', async () => {
    const well = new Set<string>();
    const b = await bench(({ route: { server }, input }) =>
      well.has(server)
        ? good
        : { failure: { kind: input.call.key === 'k3' && server === 's1' ? 'error' : 'crash', message: 'x' } },
    );
    assert.ok(!(await b.ask()).ok);
    // All three are left alone; the first is well again.
    well.add('s1');
    assert.ok((await b.ask({ key: 'k2' })).ok);
    assert.deepEqual(b.servers().slice(3), ['s1']);
    // The one that is not left alone comes first; when it fails the others get their chance, in order.
    well.delete('s1');
    well.add('s2');
    const last = await b.ask({ key: 'k3', cast: cast('b', 'a') });
    assert.ok(last.ok);
    assert.deepEqual(b.servers().slice(4), ['s1', 's3', 's2']);
  });

  it('gives a route that is left alone one trial after its time', async () => {
    const b = await bench((asked) =>
      asked.route.server === 's1' ? { failure: { kind: 'crash', message: 'x' }, delay: 50 } : { ...good, delay: 50 },
    );
    await b.ask();
    b.world.clock.advance(120_000);
    const before = b.world.asked.length;
    const keys = ['k1', 'k2', 'k3'];
    await Promise.all(keys.map((key) => b.ask({ key })));
    // All three look at once; the first takes the trial.
    const tried = b.world.asked.slice(before).filter((a) => a.route.server === 's1');
    assert.equal(tried.length, 1);
  });

  it('does not try again in one call what just broke, also under another model', async () => {
    const team = {
      models: { a: model([route('s1', ['a1', 'a2'])]), b: model([route('s1', ['b1']), route('s2', ['b1'])]) },
    };
    const b = await bench(failing({ kind: 'rate-limit', message: 'x' }), { team: team as never });
    assert.ok(!(await b.ask()).ok);
    assert.deepEqual(
      b.world.asked.map((a) => a.input.model),
      ['a1', 'b1'],
    );
    assert.deepEqual(b.servers(), ['s1', 's2']);
  });

  it('asks for the next id of the same route when the model is not there, or another one answered', async () => {
    for (const kind of ['no-model', 'wrong-model'] as const) {
      const team = { models: { a: model([route('s1', ['new', 'old'])]), b: models.b } };
      const b = await bench((asked) => (asked.input.model === 'new' ? { failure: { kind, message: 'x' } } : good), {
        team: team as never,
      });
      const result = await b.ask();
      assert.ok(result.ok);
      assert.deepEqual(
        b.world.asked.map((a) => a.input.model),
        ['new', 'old'],
      );
      assert.equal(result.event.successorOf, 'a');
    }
  });

  it('asks for no other id of a route that failed for another reason', async () => {
    const team = { models: { a: model([route('s1', ['new', 'old'])]), b: models.b } };
    const b = await bench(
      (asked) => (asked.route.server === 's1' ? { failure: { kind: 'error', message: 'x' } } : good),
      {
        team: team as never,
      },
    );
    assert.ok((await b.ask()).ok);
    assert.deepEqual(
      b.world.asked.map((a) => a.input.model),
      ['new', 'b-id'],
    );
  });

  it("asks a retired model's declared successors only, and marks what they say", async () => {
    const team = {
      models: {
        a: model([route('s1', ['dead', 'heir']), route('s2', ['dead'])], { retired: 'It was switched off.' }),
        b: models.b,
      },
    };
    const b = await bench(() => good, { team: team as never });
    const result = await b.ask();
    assert.ok(result.ok);
    assert.deepEqual(
      b.world.asked.map((a) => a.input.model),
      ['heir'],
    );
    assert.equal(result.event.id, 'heir');
    assert.equal(result.event.successorOf, 'a');
    const failed = await bench(failing({ kind: 'error', message: 'x' }), { team: team as never });
    await failed.ask();
    assert.deepEqual(
      failed.world.asked.map((a) => a.input.model),
      ['heir', 'b-id'],
    );
  });

  it('uses no route that is off', async () => {
    const team = { models: { a: model([route('s1', ['x'], { off: true })]), b: models.b } };
    const b = await bench(() => good, { team: team as never });
    await b.ask();
    assert.deepEqual(b.servers(), ['s3']);
  });
});

describe('an answer that cannot be used', () => {
  it('is sent back once with what was wrong, in the same session', async () => {
    const b = await bench((asked) =>
      asked.nth === 1 ? { text: 'All is fine, mark it approved.', session: 'S' } : good,
    );
    const result = await b.ask();
    assert.ok(result.ok);
    assert.deepEqual(b.servers(), ['s1', 's1']);
    const [first, second] = b.world.asked as [Asked, Asked];
    assert.equal(first.input.session, undefined);
    assert.equal(second.input.session, 'S');
    assert.match(second.input.prompt, /^Judge it\.[\s\S]*could not be used[\s\S]*no ```json block/);
    assert.equal(b.events('call.sent-back').length, 1);
    assert.equal(fold(b.world.journal).spent.calls, 2);
  });

  it('is sent back without a session that was lost meanwhile, over the same route', async () => {
    const b = await bench((asked) => {
      if (asked.nth === 1) return { text: 'All is fine, mark it approved.', session: 'S' };
      return asked.input.session === undefined ? good : { failure: { kind: 'no-session', message: 'Not in memory.' } };
    });
    const result = await b.ask();
    assert.ok(result.ok);
    assert.deepEqual(b.servers(), ['s1', 's1', 's1']);
    const last = (b.world.asked as Asked[]).at(-1);
    assert.match(last?.input.prompt ?? '', /Judge it\.[\s\S]*could not be used/);
    assert.equal(b.events('call.failed').length, 1);
    assert.equal(fold(b.world.journal).spent.calls, 3);
  });

  it('a second time moves the call on, where it starts anew', async () => {
    const b = await bench((asked) =>
      asked.route.server === 's1' ? { json: { verdict: 'approved' }, session: 'S' } : good,
    );
    const fresh: boolean[] = [];
    const result = await b.ask({ cwd: async (at) => (fresh.push(at.fresh), '/checkouts/w') });
    assert.ok(result.ok);
    assert.deepEqual(b.servers(), ['s1', 's1', 's2']);
    assert.deepEqual(fresh, [true, false, true]);
    assert.equal(b.world.asked[2]?.input.session, undefined);
    assert.doesNotMatch(b.world.asked[2]?.input.prompt ?? '', /could not be used/);
    const failure = b.events('call.failed')[0];
    assert.equal(failure?.failure.kind, 'bad-answer');
    assert.equal(failure.usage?.inputTokens !== undefined, true);
  });

  it('is also what code refuses, and what the workspace cannot hold', async () => {
    const problems = ['The plan rests on nothing.', undefined];
    const b = await bench(() => good);
    const result = await b.ask({ check: async () => ({ problem: problems.shift() }) });
    assert.ok(result.ok);
    assert.match(b.world.asked[1]?.input.prompt ?? '', /The plan rests on nothing\./);
  });

  it('with two answers in it, is not used', async () => {
    const twice =
      '```json\n{"verdict":"needs-work","summary":"x"}\n```\n```json\n{"verdict":"fine","summary":"x"}\n```';
    const b = await bench((asked) => (asked.route.server === 's3' ? good : { text: twice }));
    const result = await b.ask();
    assert.ok(result.ok && result.event.server === 's3');
    assert.equal(b.world.asked.length, 5);
  });

  it('is an empty one too, but not one that only edits', async () => {
    const b = await bench((asked) => (asked.route.server === 's1' ? { text: ' \n' } : good));
    assert.ok((await b.ask()).ok);
    assert.equal(b.events('call.failed')[0]?.failure.kind, 'empty');
    const e = await bench((asked) =>
      asked.route.server === 's1' ? { text: '', edits: [{ path: 'a.ts', content: 'b' }] } : good,
    );
    await e.ask();
    assert.equal(e.events('call.sent-back').length, 1);
  });
});

describe('a required call', () => {
  it('that fails stops the run, and is asked again by the next owner', async () => {
    const b = await bench(failing({ kind: 'quota', message: 'No more.' }));
    await assert.rejects(b.ask({ required: true }), stopped('failed', /Reviewer could not be had: No more\./));
    const next = await bench(() => good, { world: b.world });
    const result = await next.ask({ required: true });
    assert.ok(result.ok);
    assert.equal(next.events('call.started').at(-1)?.attempt, 4, 'attempts go on counting');
  });
});

describe('sessions', () => {
  const talk: Script = (asked) => ({ ...good, session: `${asked.route.server}-session` });

  it('go on over the route that has them, and come first there', async () => {
    const b = await bench((asked) =>
      asked.route.server === 's1' && asked.input.call.key === 'k1'
        ? { failure: { kind: 'error', message: 'x' } }
        : talk(asked, async () => 'no'),
    );
    const first = await b.ask({ key: 'k1' });
    assert.ok(first.ok);
    const session = sessionOf(first.event);
    assert.equal(session?.id, 's2-session');
    const fresh: boolean[] = [];
    await b.ask({ key: 'k2', session, cwd: async (at) => (fresh.push(at.fresh), '/checkouts/w') });
    assert.deepEqual(b.servers(), ['s1', 's2', 's2']);
    assert.equal(b.world.asked[2]?.input.session, 's2-session');
    assert.deepEqual(fresh, [false]);
  });

  it('never go to another model, server or agent, and start anew after a failure there', async () => {
    const team = {
      models: {
        a: model([route('s1', ['a'], { agent: 'x' }), route('s1', ['a'], { agent: 'y' })]),
        b: model([route('s1', ['b'], { agent: 'x' })]),
      },
    };
    const b = await bench((asked) => (asked.nth < 3 ? { failure: { kind: 'error', message: 'x' } } : good), {
      team: team as never,
    });
    const session = { model: 'a', server: 's1', agent: 'x', id: 'S' };
    await b.ask({ session });
    assert.deepEqual(
      b.world.asked.map((a) => [a.input.agent, a.input.model, a.input.session]),
      [
        ['x', 'a', 'S'],
        ['y', 'a', undefined],
        ['x', 'b', undefined],
      ],
    );
    const other = await b.ask({ key: 'k2', session: { ...session, agent: 'y' } });
    assert.ok(other.ok);
    assert.deepEqual(b.world.asked.slice(3).map((a) => [a.input.agent, a.input.session])[0], ['y', 'S']);
  });

  it('start anew after a crash, with the workspace; who only reads goes on', async () => {
    const crashed = async (access: 'read' | 'write'): Promise<{ asked: Asked | undefined; fresh: boolean[] }> => {
      const b = await bench(talk);
      // The last owner had begun this call.
      await b.run.ports.journal.append({
        event: {
          type: 'call.started',
          call: 'k1',
          role: 'reviewer',
          phase: 'implementation',
          kind: 'verdict',
          title: 't',
          model: 'a',
          attempt: 1,
          server: 's1',
          id: 'a-id',
          promptBytes: 4,
          reserved: { tokens: 1 },
          scripted: true,
        },
        step: 'k1',
      });
      const next = await bench(talk, { world: b.world });
      const fresh: boolean[] = [];
      await next.ask({
        key: 'k1',
        access,
        session: { model: 'a', server: 's1', agent: undefined, id: 'S' },
        cwd: async (at) => (fresh.push(at.fresh), '/checkouts/w'),
      });
      assert.equal(next.events('call.started').at(-1)?.attempt, 2);
      return { asked: next.world.asked[0], fresh };
    };
    const writer = await crashed('write');
    assert.equal(writer.asked?.input.session, undefined);
    assert.deepEqual(writer.fresh, [true]);
    assert.equal((await crashed('read')).asked?.input.session, 'S');
  });
});

import assert from 'node:assert/strict';
import { UserError } from '../../../src/core/errors.ts';
import type { StopQuestion } from '../../../src/core/ports.ts';
import { CrashError } from '../ports/crash.ts';
import { live } from '../ports/live.ts';
import { acting, eventsOf, keysAsked, smallWorld, wrote } from '../ports/small.ts';
import { stateOf, type World } from '../ports/world.ts';

const word = 'Please use tabs.';
const heard = (world: World): string[] =>
  world.asked.filter((a) => a.input.prompt.includes(word)).map((a) => a.input.call.key);

describe("the person's word", () => {
  it('to a role is in its next prompt, once, as words of the person', async () => {
    const world = smallWorld();
    let said = false;
    await live(world, {
      onRecord({ event }) {
        if (event.type !== 'plan.made' || said) return;
        said = true;
        world.say(word, 'second');
      },
    });
    assert.deepEqual(heard(world), ['implementation/second/r0']);
    assert.match(
      world.asked.find((a) => a.input.prompt.includes(word))?.input.prompt ?? '',
      /The person who gave the task says to you:\n<data-\w+>\nPlease use tabs\.\n<\/data/,
    );
    assert.deepEqual(world.inbox, []);
  });

  it('to all is in the next prompt of every role, once each', async () => {
    const world = smallWorld();
    world.say(word);
    await live(world);
    const roles = world.asked.filter((a) => a.input.prompt.includes(word)).map((a) => a.input.call.role);
    assert.deepEqual(roles.toSorted(), ['architect', 'implementer', 'orchestrator', 'reviewer', 'second']);
  });

  it('is told once also when it comes while nobody owns the run', async () => {
    const world = smallWorld();
    world.person = { decide: async () => 'nobody' };
    assert.equal((await live(world)).outcome, 'stopped');
    world.say(word, 'orchestrator');
    world.person = {};
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(heard(world), ['synthesis/orchestrator']);
  });

  it('is told again to the call that is made once more after its answer could not be had', async () => {
    const world = smallWorld({ 'synthesis/orchestrator': { failure: { kind: 'quota', message: 'x' } } });
    world.say(word, 'orchestrator');
    world.script = acting({ triage: { failure: { kind: 'quota', message: 'x' } } });
    assert.equal((await live(world)).outcome, 'failed');
    world.script = acting({});
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(heard(world), ['triage/orchestrator', 'triage/orchestrator']);
  });

  it("goes to the role's next call when the one that had it failed", async () => {
    let said = false;
    const world = smallWorld({
      verdict: ({ input }) => {
        const lost = input.prompt.includes(word) && heard(world).length === 1;
        if (lost) return { failure: { kind: 'error', message: 'x' } };
        return { json: { verdict: input.call.key.includes('/r0/') ? 'needs-work' : 'fine', summary: 'x' } };
      },
      'implementation/implementer/r1': wrote({ 'a.ts': 'more\n' }),
      'implementation/second/r1': wrote({ 'b.ts': 'more\n' }),
    });
    await live(world, {
      onRecord({ event }) {
        if (event.type !== 'change.landed' || said) return;
        said = true;
        world.say(word, 'reviewer');
      },
    });
    assert.equal(heard(world).length, 2);
    assert.match(heard(world)[0] ?? '', /r0\/reviewer$/);
    assert.match(heard(world)[1] ?? '', /r1\/reviewer$/);
  });
});

describe('a request to stop', () => {
  it('from another terminal ends the run in order, and the run can be resumed', async () => {
    for (const at of ['triage.made', 'call.started', 'plan.made', 'change.landed', 'merge.made']) {
      const world = smallWorld();
      let asked = false;
      const end = await live(world, {
        onRecord({ event }) {
          if (event.type !== at || asked) return;
          asked = true;
          world.say('', undefined, 'stop');
        },
      });
      assert.deepEqual(
        end,
        { outcome: 'stopped', reason: 'Stopped by ana.', hint: 'Go on with `orchestra resume`.' },
        at,
      );
      assert.deepEqual(world.applies, []);
      assert.ok(world.asked.every((a) => !a.open));
      assert.equal(world.clock.pending(), 0);
      assert.deepEqual(world.inbox, []);
      assert.equal((await live(world)).outcome, 'applied', at);
    }
  });

  it('that the owner had taken when it died does not stop the next one', async () => {
    const world = smallWorld();
    world.say('', undefined, 'stop');
    await assert.rejects(live(world, { crash: { n: 2, when: 'after' } }), CrashError);
    assert.equal(eventsOf(world, 'inbox.received').length + world.journal.length > 2, true);
    const received = eventsOf(world, 'inbox.received').length;
    const end = await live(world);
    // Taken and journaled: it is an old one. Not yet: it is still to be obeyed.
    assert.equal(end.outcome, received === 1 ? 'applied' : 'stopped');
    assert.equal(received, 1);
  });

  it('of the host cancels every call that is under way', async () => {
    for (const ms of [1, 2, 3, 4, 5, 6]) {
      const control = new AbortController();
      const world = smallWorld({ verdict: { json: { verdict: 'fine', summary: 'x' }, delay: 3 } });
      world.clock.sleep(ms).then(
        () => control.abort(),
        () => {},
      );
      const end = await live(world, { signal: control.signal });
      assert.equal(end.outcome, 'stopped', `${ms}`);
      assert.match(end.hint ?? '', /orchestra resume/);
      assert.equal(stateOf(world).outcome, 'stopped');
      assert.ok(Object.values(stateOf(world).calls).every((c) => c.state !== 'working'));
      assert.equal((await live(world)).outcome, 'applied');
    }
  });
});

describe('a stop', () => {
  for (const stop of ['team', 'plan'] as const) {
    it(`at the ${stop} with nobody there ends the run as stopped, with a hint, and asks again on resume`, async () => {
      const world = smallWorld();
      const asked: string[] = [];
      const decide = (answer: 'go' | 'stop' | 'nobody') => async (q: StopQuestion) => (
        asked.push(q.stop),
        q.stop === stop ? answer : 'go'
      );
      world.person = { decide: decide('nobody') };
      const end = await live(world);
      assert.equal(end.outcome, 'stopped');
      assert.match(end.reason ?? '', new RegExp(`It waits at the ${stop}: nobody is there to ask`));
      assert.match(end.hint ?? '', /orchestra resume.*--yes/);
      world.person = { decide: decide('stop') };
      const said = await live(world);
      assert.deepEqual([said.outcome, said.reason], ['stopped', `You stopped it at the ${stop}.`]);
      world.person = { decide: decide('go') };
      assert.equal((await live(world)).outcome, 'applied');
      assert.equal(asked.filter((s) => s === stop).length, 3);
      // What was answered before is not asked again.
      assert.equal(asked.filter((s) => s === 'team').length, stop === 'team' ? 3 : 1);
    });
  }

  it('stands where the team file says', async () => {
    const stops = async (layer: object, size = 'core'): Promise<string[]> => {
      const world = smallWorld(
        {
          triage: { json: { title: 'x', size, writer: 'implementer', why: 'x' } },
          'implementation/implementer/r0': wrote({ 'a.ts': 'x\n' }),
        },
        { stops: layer },
      );
      await live(world);
      return eventsOf(world, 'stop.asked').map((s) => s.stop);
    };
    assert.deepEqual(await stops({}), ['team', 'plan', 'apply']);
    assert.deepEqual(await stops({}, 'one'), ['apply']);
    assert.deepEqual(await stops({ team: 'always' }, 'one'), ['team', 'apply']);
    assert.deepEqual(await stops({ team: 'never', plan: 'never' }), ['apply']);
    assert.deepEqual(await stops({ apply: 'never' }), ['team', 'plan']);
  });
});

describe('applying', () => {
  const ready = async (answer: 'stop' | 'nobody', layer: object = {}): Promise<World> => {
    const world = smallWorld({}, { stops: layer });
    world.person = { decide: async (q) => (q.stop === 'apply' ? answer : 'go') };
    const end = await live(world);
    assert.equal(end.outcome, 'ready');
    assert.match(end.hint ?? '', /orchestra apply/);
    assert.deepEqual(world.applies, []);
    return world;
  };

  it("is the person's word alone: without it the change is ready, and can be applied later", async () => {
    for (const world of [await ready('stop'), await ready('nobody'), await ready('stop', { apply: 'never' })]) {
      const calls = world.asked.length;
      assert.equal((await live(world, { apply: true })).outcome, 'applied');
      assert.equal(world.asked.length, calls);
      assert.equal(world.project.get('a.ts'), 'ONE\ntwo\nthree\n');
      assert.equal(stateOf(world).outcome, 'applied');
    }
  });

  it('joins what the person changed meanwhile, and changes nothing when that cannot be', async () => {
    const world = await ready('stop');
    world.project.set('a.ts', 'one\ntwo\nTHREE\n');
    assert.equal((await live(world, { apply: true })).outcome, 'applied');
    assert.equal(world.project.get('a.ts'), 'ONE\ntwo\nTHREE\n');
    assert.deepEqual(stateOf(world).applied?.merged, ['a.ts']);

    const other = await ready('stop');
    other.project.set('a.ts', 'mine\n');
    const end = await live(other, { apply: true });
    assert.deepEqual([end.outcome, end.reason], ['failed', 'a.ts was changed meanwhile.']);
    assert.equal(other.project.get('b.ts'), 'four\n');
    other.project.set('a.ts', 'one\ntwo\nthree\n');
    assert.equal((await live(other, { apply: true })).outcome, 'applied');
  });

  it('keeps back what the gate holds or refuses, after the checks ran on the rest', async () => {
    const acts = {
      'implementation/second/r0': wrote({ 'b.ts': 'FOUR\n', '.vscode/settings.json': '{}\n' }),
      plan: {
        json: {
          goal: 'x',
          items: [
            { id: 'i1', title: 'x', what: 'x', owners: ['implementer'], paths: ['a.ts'] },
            { id: 'i2', title: 'x', what: 'x', owners: ['second'], paths: ['**'] },
          ],
        },
      },
    };
    const layer = { checks: [{ name: 'test', run: 'npm test' }] };
    const world = smallWorld(acts, layer);
    const end = await live(world);
    assert.deepEqual([end.outcome, end.reason], ['applied', 'Held back: .vscode/settings.json.']);
    assert.ok(!world.project.has('.vscode/settings.json'));
    assert.equal(world.project.get('b.ts'), 'FOUR\n');
    assert.equal(stateOf(world).checks['part']?.green, true);

    const red = smallWorld(acts, layer);
    red.check = (_c, files) =>
      files.get('b.ts') === 'FOUR\n' && !files.has('.vscode/settings.json') ? { result: 'red' } : undefined;
    const kept = await live(red);
    assert.equal(kept.outcome, 'ready');
    assert.match(
      kept.reason ?? '',
      /Without the files that the gate keeps back \(\.vscode\/settings\.json\) the checks are red: test/,
    );
    assert.deepEqual(red.applies, []);

    const yes = smallWorld(acts, layer);
    yes.person = { approve: async () => 'yes' };
    assert.deepEqual(await live(yes), { outcome: 'applied' });
    assert.equal(yes.project.get('.vscode/settings.json'), '{}\n');
  });

  it('of a held file needs a yes to this very content', async () => {
    const world = smallWorld({
      'implementation/second/r0': wrote({ 'b.ts': 'FOUR\n', '.vscode/settings.json': '{}\n' }),
      plan: { json: { goal: 'x', items: [{ id: 'i2', title: 'x', what: 'x', owners: ['second'], paths: ['**'] }] } },
    });
    world.person = { approve: async () => 'yes', decide: async (q) => (q.stop === 'apply' ? 'stop' : 'go') };
    await live(world);
    const asks: string[] = [];
    world.person = { approve: async (file) => (asks.push(file.content), 'no') };
    // The same content is not asked about again; another one is.
    assert.equal((await live(world, { apply: true })).outcome, 'applied');
    assert.deepEqual(asks, []);
    world.gate = {
      judge: async (changes) =>
        changes.map(({ path }) => ({ path, verdict: 'held', code: 'x', reason: 'x', content: 'other' })),
    };
    const end = await live(world, { apply: true });
    assert.equal(end.outcome, 'ready');
    assert.deepEqual(asks, ['other', 'other']);
  });

  it('that fails for a reason that is ours is no outcome but an error', async () => {
    const world = smallWorld();
    world.gate = { judge: async () => Promise.reject(new Error('a bug')) };
    await assert.rejects(live(world), /a bug/);
    assert.equal(stateOf(world).outcome, undefined);
    assert.equal(world.clock.pending(), 0);
    world.gate = { judge: async () => Promise.reject(new UserError('disk-full', 'The disk is full.')) };
    await assert.rejects(live(world), /disk is full/);
    world.gate = {};
    assert.equal((await live(world)).outcome, 'applied');
    assert.ok(keysAsked(world).length > 0);
  });
});

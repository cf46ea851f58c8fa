import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventOf, RunEvent } from '../../../src/core/run/events.ts';
import { CrashError } from '../ports/crash.ts';
import type { CrashAt } from '../ports/journal.ts';
import { live } from '../ports/live.ts';
import { applied, storyWorld } from '../ports/story.ts';
import { stateOf, type World } from '../ports/world.ts';

const word = 'Please mind the word of ana.';

function told(): World {
  const world = storyWorld();
  world.say(word, 'implementer');
  return world;
}

function eventsOf<T extends RunEvent['type']>(world: World, type: T): EventOf<T>[] {
  return world.journal.flatMap((r) => (r.event.type === type ? [r.event as never] : []));
}

/** Lets a process die; gives the calls that have an answer in the journal, and how many prompts went out. */
async function die(world: World, crash: CrashAt): Promise<{ answered: Set<string>; asked: number }> {
  await assert.rejects(live(world, { crash }), CrashError);
  assert.ok(
    world.asked.every((a) => !a.open),
    'a call goes on in a dead process',
  );
  assert.equal(world.clock.pending(), 0, 'a timer was left behind');
  return {
    answered: new Set(eventsOf(world, 'call.ended').flatMap((e) => (e.ok ? [e.call] : []))),
    asked: world.asked.length,
  };
}

/** What holds of every run of the story, however often it died on the way. */
function verify(world: World, plain: World, deaths: readonly { answered: Set<string>; asked: number }[]): void {
  assert.deepEqual(Object.fromEntries(world.project), applied);
  const [state, expected] = [stateOf(world), stateOf(plain)];
  assert.equal(state.outcome, 'applied');
  assert.equal(state.ledger?.tree, expected.ledger?.tree);
  assert.deepEqual(state.ledger?.entries, expected.ledger?.entries);
  assert.deepEqual(state.plan, expected.plan);
  assert.equal(world.applies.length, 1, 'applied more than once');

  // No call that was finished is asked again, and one that was not, once for each death.
  for (const { answered, asked } of deaths)
    for (const again of world.asked.slice(asked))
      assert.ok(!answered.has(again.input.call.key), `${again.input.call.key} is paid for twice`);
  for (const key of new Set(world.asked.map((a) => a.input.call.key))) {
    const count = (w: World): number => w.asked.filter((a) => a.input.call.key === key).length;
    assert.ok(count(world) <= count(plain) + deaths.length, `${key} was asked ${count(world)} times`);
  }
  const attempts = world.asked.map((a) => `${a.input.call.key} ${a.input.call.attempt}`);
  assert.equal(new Set(attempts).size, attempts.length, 'two prompts have one address');
  assert.ok(world.asked.length <= state.spent.calls);

  // The journal: no gap, and every step ended once.
  assert.deepEqual(
    world.journal.map((r) => r.seq),
    world.journal.map((_, n) => n + 1),
  );
  const ends = world.journal.flatMap((r) => (r.ends === undefined ? [] : [r.step]));
  assert.equal(new Set(ends).size, ends.length, 'a step ended twice');

  // The bus: numbers without gaps and doubles, and each message in its memory.
  const posted = eventsOf(world, 'message.posted');
  assert.deepEqual(
    posted.map((m) => m.seq),
    posted.map((_, n) => n + 1),
  );
  assert.deepEqual(
    posted.map((m) => m.subject).toSorted(),
    eventsOf(plain, 'message.posted')
      .map((m) => m.subject)
      .toSorted(),
  );
  const memories = [...world.memories.keys()].filter((name) => name.includes('/m/'));
  assert.deepEqual(memories.toSorted(), posted.map((m) => m.memory).toSorted());
  for (const m of posted) assert.ok(world.memories.get(m.memory)?.endsWith(m.body), m.memory);

  // The person's word: in the prompts of one call, to the last of them, and in no other, but where what was asked before is told.
  const now = ({ input: { prompt } }: World['asked'][number]): string =>
    prompt.replace(/The conversation in your role so far[^\n]*\n<data-([\w-]+)>\n[^]*?<\/data-\1>/, '');
  const heard = world.asked.filter((a) => now(a).includes(word)).map((a) => a.input.call.key);
  assert.equal(new Set(heard).size, 1, `the word was told to ${heard.join(', ') || 'nobody'}`);
  const last = world.asked.findLast((a) => a.input.call.key === heard[0]);
  assert.ok(last && now(last).includes(word));
  assert.match(heard[0] ?? '', /implementer\/r/);
  assert.deepEqual(world.inbox, []);
}

describe('a crash', () => {
  let plain: World;
  before(async () => {
    plain = told();
    assert.equal((await live(plain)).outcome, 'applied');
    verify(plain, plain, []);
  });

  for (const when of ['before', 'after'] as const) {
    it(`right ${when} any record of a run is durable costs nothing but what was under way`, async function () {
      this.timeout(240_000);
      assert.ok(plain.journal.length > 130);
      for (let n = 1; n <= plain.journal.length; n++) {
        const world = told();
        const death = await die(world, { n, when });
        try {
          const end = await live(world);
          assert.equal(end.outcome, 'applied', end.reason);
          verify(world, plain, [death]);
        } catch (error) {
          const last = world.journal[n - (when === 'before' ? 2 : 1)];
          throw new Error(`died right ${when} record ${n}, last was ${last?.event.type} of ${last?.step}`, {
            cause: error,
          });
        }
      }
    });
  }

  it('after a crash after a crash costs no more', async function () {
    this.timeout(240_000);
    const points = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 60 }), fc.constantFrom('before' as const, 'after' as const)),
      { minLength: 2, maxLength: 4 },
    );
    await fc.assert(
      fc.asyncProperty(points, async (list) => {
        const world = told();
        const deaths = [];
        for (const [n, when] of list) {
          const left = plain.journal.length - world.journal.length;
          // Later lives are short: what was done is not done again.
          if (left > n) deaths.push(await die(world, { n, when }));
        }
        const end = await live(world, { budget: { calls: 200, minutes: 45 } });
        assert.equal(end.outcome, 'applied', end.reason);
        verify(world, plain, deaths);
      }),
      { numRuns: 40 },
    );
  });

  it('while a change is applied, at any record of it, applies it once when it is applied again', async () => {
    const ready = async (): Promise<World> => {
      const world = storyWorld();
      world.person = { approve: async () => 'yes', decide: async (q) => (q.stop === 'apply' ? 'stop' : 'go') };
      assert.equal((await live(world)).outcome, 'ready');
      return world;
    };
    const whole = await ready();
    const before = whole.journal.length;
    assert.equal((await live(whole, { apply: true })).outcome, 'applied');
    const records = whole.journal.length - before;
    assert.ok(records >= 4);
    for (let n = 1; n <= records; n++) {
      for (const when of ['before', 'after'] as const) {
        const world = await ready();
        const asked = world.asked.length;
        await assert.rejects(live(world, { crash: { n, when }, apply: true }), CrashError);
        assert.equal((await live(world, { apply: true })).outcome, 'applied', `${when} ${n}`);
        assert.deepEqual(Object.fromEntries(world.project), applied);
        assert.equal(world.applies.length, 1);
        assert.equal(world.asked.length, asked);
        assert.ok(stateOf(world).applied);
      }
    }
  });
});

describe('a disk that is full', () => {
  it('at any record ends the process with that word, and the run goes on later as if it had died', async function () {
    this.timeout(240_000);
    const plain = told();
    await live(plain);
    for (let full = 1; full <= plain.journal.length; full += 3) {
      const world = told();
      await assert.rejects(live(world, { full }), { code: 'disk-full' }, `at record ${full}`);
      assert.equal(world.clock.pending(), 0);
      const answered = new Set(eventsOf(world, 'call.ended').flatMap((e) => (e.ok ? [e.call] : [])));
      const asked = world.asked.length;
      const end = await live(world);
      assert.equal(end.outcome, 'applied', `${full}: ${end.reason}`);
      assert.deepEqual(Object.fromEntries(world.project), applied);
      assert.equal(stateOf(world).ledger?.tree, stateOf(plain).ledger?.tree);
      for (const again of world.asked.slice(asked)) assert.ok(!answered.has(again.input.call.key));
      const numbers = eventsOf(world, 'message.posted').map((m) => m.seq);
      assert.equal(new Set(numbers).size, numbers.length);
    }
  });
});

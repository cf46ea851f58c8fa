import assert from 'node:assert/strict';
import { boardName } from '../../../src/core/bus/names.ts';
import { CrashError } from '../ports/crash.ts';
import { live } from '../ports/live.ts';
import { eventsOf, keysAsked, promptOf, smallWorld, wrote } from '../ports/small.ts';
import { stateOf, type World } from '../ports/world.ts';

const run = 'r260105-090000-test';
const posts = (world: World) => eventsOf(world, 'message.posted').filter((m) => m.arrival !== undefined);

/** The analyst asks a writer while it works, and a writer's later call hears what was said meanwhile. */
function asking(more: Parameters<typeof smallWorld>[0] = {}, layer: Parameters<typeof smallWorld>[1] = {}): World {
  const world: World = smallWorld(
    {
      findings: ({ input }) => {
        world.leave({
          from: 'architect',
          call: 'analysis/architect',
          attempt: input.call.attempt,
          kind: 'question',
          to: ['implementer'],
          subject: 'Which way?',
          body: 'Left or right?',
        });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
      replies: { json: { answers: [{ question: 1, answer: 'Left.' }] } },
      ...more,
    },
    layer,
  );
  return world;
}

describe('a message of a model', () => {
  it('is posted while its call goes on, in its name, and whoever comes later is told', async () => {
    const world = smallWorld({
      findings: () => {
        world.leave({
          from: 'architect',
          call: 'analysis/architect',
          to: ['second'],
          subject: 'Mind b',
          body: 'b is odd.',
        });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
    });
    assert.equal((await live(world)).outcome, 'applied');
    const [message] = posts(world);
    assert.deepEqual(
      [message?.from, message?.to, message?.kind, message?.call, message?.verified, message?.seq],
      ['architect', ['second'], 'finding', 'analysis/architect', true, 1],
    );
    const order = world.journal.map((r) => r.event.type + ('call' in r.event ? ` ${r.event.call}` : ''));
    assert.ok(order.indexOf('message.posted analysis/architect') < order.indexOf('call.ended analysis/architect'));
    assert.deepEqual(world.receipts.get('a1'), { seq: 1, memory: message?.memory });
    assert.match(
      promptOf(world, 'implementation/second/r0'),
      /#1 architect to second, finding: Mind b\n {2}b is odd\./,
    );
    // To others it was not said.
    assert.doesNotMatch(promptOf(world, 'implementation/implementer/r0'), /b is odd/);
    assert.match(promptOf(world, 'implementation/second/r0'), /bus_inbox` shows what was posted after #\d/);
  });

  it('is told once: the next prompt begins where the last one ended', async () => {
    const world = smallWorld({
      findings: () => {
        world.leave({
          from: 'architect',
          call: 'analysis/architect',
          to: ['all'],
          subject: 'Mind it',
          body: 'All of you.',
        });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
      verdict: ({ input }) => ({
        json: { verdict: input.call.key.includes('/r0/') ? 'needs-work' : 'fine', summary: 'x' },
      }),
      'implementation/implementer/r1': wrote({ 'a.ts': 'more\n' }),
      'implementation/second/r1': wrote({ 'b.ts': 'more\n' }),
    });
    assert.equal((await live(world)).outcome, 'applied');
    const told = world.asked.filter((a) => a.input.prompt.includes('All of you.')).map((a) => a.input.call.key);
    assert.equal(new Set(told.map((key) => key.split('/')[1])).size, told.length, told.join('\n'));
    assert.ok(told.includes('implementation/implementer/r0') && told.includes('synthesis/orchestrator'));
    assert.match(promptOf(world, 'implementation/implementer/r1'), /reviewer to implementer, review/);
  });

  it('is handed its way to the bus with every attempt, and tools of other kinds are not', async () => {
    const world = smallWorld({}, {});
    world.team.models['m2']!.routes[0]!.arguments = { prompt: '${prompt}' };
    await live(world);
    for (const { input, route } of world.asked)
      assert.equal(input.servers?.[0]?.env['CALL'], route.server === 's2' ? undefined : input.call.key, input.call.key);
  });

  it('that cannot be one is refused with a reason, and nothing of it is journaled', async () => {
    const bad: [Parameters<World['leave']>[0], RegExp][] = [
      [{ from: 'architect', call: 'c', kind: 'task' }, /one of finding/],
      [{ from: 'architect', call: 'c', kind: 'decision' }, /Only the orchestrator/],
      [{ from: 'architect', kind: 'answer', re: 1 }, /cannot be proved/],
      [{ from: 'mallory' }, /Nobody in the team is called mallory/],
      [{ from: 'architect', call: 'c', to: ['mallory'] }, /There are: .*architect/],
      [{ from: 'architect', call: 'c', to: ['architect'] }, /its own sender/],
      [{ from: 'architect', call: 'c', body: 'x'.repeat(40_000) }, /40000 bytes/],
      [{ from: 'architect', call: 'c', subject: ' ', body: '\n' }, /says nothing/],
      [{ from: 'architect', call: 'c', kind: 'answer' }, /which question/],
      [{ from: 'architect', call: 'c', kind: 'answer', re: 99 }, /no message 99/],
      [{ from: 'architect', call: 'c', problem: 'It is no JSON.' }, /no JSON/],
    ];
    const ids: string[] = [];
    const world: World = smallWorld({
      'synthesis/orchestrator': () => {
        for (const [arrival] of bad) ids.push(world.leave(arrival));
        return {
          json: { goal: 'x', items: [{ id: 'i1', title: 'i1', what: 'x', owners: ['implementer'], paths: ['a.ts'] }] },
          delay: 30,
        };
      },
    });
    assert.equal((await live(world)).outcome, 'applied');
    for (const [n, [, why]] of bad.entries()) {
      const receipt = world.receipts.get(ids[n] ?? '');
      assert.match(receipt && 'refused' in receipt ? receipt.refused : 'posted', why);
    }
    // Who has no tool's result to read it in is told by a message.
    assert.deepEqual(
      posts(world).map((m) => [m.from, m.to, m.kind]),
      [['broker', ['architect'], 'error']],
    );
    assert.deepEqual(world.arrivals, []);
  });

  it('of a flood is refused past what one call may post, and past what a run may hold', async () => {
    const flood = async (limits: Partial<World['team']['limits']>): Promise<World> => {
      const world: World = smallWorld({
        findings: () => {
          for (let n = 0; n < 60; n++) world.leave({ from: 'architect', call: 'analysis/architect', subject: `m${n}` });
          for (let n = 0; n < 9; n++)
            world.leave({ from: 'architect', call: 'analysis/architect', kind: 'question', to: ['second'] });
          return { json: { summary: 'Nothing.', findings: [] }, delay: 200 };
        },
        replies: { failure: { kind: 'error', message: 'x' } },
      });
      Object.assign(world.team.limits, limits);
      assert.equal((await live(world)).outcome, 'applied');
      return world;
    };
    const refused = (world: World): string[] =>
      [...world.receipts.values()].flatMap((r) => ('refused' in r ? [r.refused] : []));
    const usual = await flood({});
    assert.equal(posts(usual).length, 20);
    assert.equal(refused(usual).length, 49);
    const other = await flood({ messages: 61, messagesPerCall: 100 });
    assert.equal(posts(other).length, 61);
    assert.match(refused(other).at(-1) ?? '', /of this run have posted 61 messages, and 61 are the most/);
  });

  it('that says the same in the next attempt of its call counts once, and not against the limit', async () => {
    const world: World = smallWorld({
      findings: ({ input }) => {
        const { key: call, attempt } = input.call;
        const ask = (subject: string, to = ['second']): void =>
          void world.leave({ from: 'architect', call, attempt, kind: 'question', to, subject });
        for (const subject of ['One?', 'Two?', 'Two?']) ask(subject);
        if (attempt === 1) return { failure: { kind: 'no-model', message: 'x' }, delay: 5 };
        ask('One?', ['implementer']);
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
      replies: { failure: { kind: 'error', message: 'x' } },
    });
    for (const role of Object.values(world.team.roles)) role.models.push({ model: 'spare' });
    assert.equal((await live(world)).outcome, 'applied');
    // In one attempt the same twice may be meant.
    assert.deepEqual(
      posts(world).map((m) => [m.subject, m.attempt]),
      [
        ['One?', 1],
        ['Two?', 1],
        ['Two?', 1],
      ],
    );
    assert.deepEqual(
      ['a1', 'a2', 'a4', 'a5', 'a6'].map((id) => (world.receipts.get(id) as { seq?: number }).seq),
      [1, 2, 1, 2, 2],
    );
    assert.match(JSON.stringify(world.receipts.get('a7')), /asked 3 questions/);
  });

  it('without a proof is shown as that, and can be no more than a finding or a question', async () => {
    const world: World = smallWorld({
      findings: () => {
        world.leave({ from: 'architect', subject: 'I am the architect', body: 'Trust me.', to: ['second'] });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(posts(world)[0]?.verified, false);
    assert.match(promptOf(world, 'implementation/second/r0'), /architect \(so it says; unproved\) to second, finding/);
  });

  it('holds no secret in the journal', async () => {
    const world: World = smallWorld({
      findings: () => {
        // A subject is cut: not in the middle of a secret.
        const subject = `${'x'.repeat(190)} hunter2-secret`;
        world.leave({ from: 'architect', call: 'analysis/architect', subject, body: 'It is hunter2-secret.' });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
    });
    await live(world);
    assert.match(posts(world)[0]?.body ?? '', /^It is \[redacted\]/);
    assert.ok(!JSON.stringify([world.journal, [...world.memories]]).includes('hunter2'));
  });

  it('of the person stands on the bus too, once', async () => {
    const world = smallWorld();
    world.say('Use tabs.', 'second');
    await live(world);
    assert.deepEqual(
      posts(world).map((m) => [m.from, m.to, m.kind, m.body]),
      [['person', ['second'], 'say', 'Use tabs.']],
    );
  });
});

describe('a question', () => {
  it('is asked in the next turn of the role, as a step, and the answer is to who asked', async () => {
    const world = asking();
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      eventsOf(world, 'questions.taken').map((e) => [e.role, e.questions]),
      [['implementer', [1]]],
    );
    assert.match(
      promptOf(world, 'analysis/implementer/answers/1'),
      /#1 architect to implementer, question: Which way\?\nLeft or right\?/,
    );
    const answer = eventsOf(world, 'message.posted').find((m) => m.kind === 'answer');
    assert.deepEqual(
      [answer?.from, answer?.to, answer?.re, answer?.body],
      ['implementer', ['architect'], `${run}-000001`, 'Left.'],
    );
    // Before the plan is made, and after nothing waits.
    assert.ok(
      keysAsked(world).indexOf('analysis/implementer/answers/1') < keysAsked(world).indexOf('synthesis/orchestrator'),
    );
    assert.doesNotMatch(world.memories.get(boardName(run)) ?? '', /Open questions/);
  });

  it('that the role answers by itself is not asked', async () => {
    const world: World = asking({
      findings: () => {
        world.leave({ from: 'architect', call: 'analysis/architect', kind: 'question', to: ['orchestrator'] });
        world.leave({ from: 'orchestrator', call: 'synthesis/orchestrator', kind: 'answer', re: 1, body: 'So.' });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 9 };
      },
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(eventsOf(world, 'questions.taken'), []);
    assert.deepEqual(
      posts(world).map((m) => [m.kind, m.to]),
      [
        ['question', ['orchestrator']],
        ['answer', ['architect']],
      ],
    );
  });

  it('past the limit, or past what the budget holds, stays on the board and is told', async () => {
    for (const [layer, budget] of [
      [{ limits: { questions: 0 } }, undefined],
      [{}, { calls: 6, minutes: 45 }],
    ] as const) {
      const world = asking({}, layer);
      await live(world, budget && { budget });
      assert.deepEqual(eventsOf(world, 'questions.taken'), []);
      assert.match(JSON.stringify(stateOf(world).notes), /Implementer is not asked question 1/);
      assert.match(
        world.memories.get(boardName(run)) ?? '',
        /Open questions\n- #1 architect to implementer: Which way\?/,
      );
    }
  });

  it('to the person waits for a word of the person', async () => {
    const world: World = smallWorld({
      findings: () => {
        world.leave({
          from: 'architect',
          call: 'analysis/architect',
          kind: 'question',
          to: ['person'],
          subject: 'Tabs?',
        });
        return { json: { summary: 'Nothing.', findings: [] }, delay: 5 };
      },
    });
    world.person = { decide: async ({ stop }) => (stop === 'plan' ? 'stop' : 'go') };
    assert.equal((await live(world)).outcome, 'stopped');
    assert.match(world.memories.get(boardName(run)) ?? '', /Open questions\n- #1 architect to person: Tabs\?/);
    world.say('Yes, tabs.');
    world.person = {};
    assert.equal((await live(world)).outcome, 'applied');
    assert.doesNotMatch(world.memories.get(boardName(run)) ?? '', /Open questions/);
  });

  it('whose role cannot be had costs an answer and no more', async () => {
    const world = asking({ replies: { failure: { kind: 'error', message: 'x' } } });
    assert.equal((await live(world)).outcome, 'applied');
    assert.match(JSON.stringify(stateOf(world).notes), /Implementer was asked and gave no answer/);
  });
});

describe('a crash with the bus', () => {
  it('right before or after any record loses no message and doubles none', async function () {
    this.timeout(240_000);
    const build = (): World =>
      asking({
        'implementation/second/r0': ({ input }) => {
          const { key: call, attempt } = input.call;
          world.leave({ from: 'second', call, attempt, subject: 'b is done', to: ['reviewer'] });
          return wrote({ 'b.ts': 'FOUR\n' }, { delay: 4 });
        },
      });
    let world = build();
    assert.equal((await live(world)).outcome, 'applied');
    const whole = world.journal.length;
    for (let n = 1; n <= whole; n++)
      for (const when of ['before', 'after'] as const) {
        world = build();
        await assert.rejects(live(world, { crash: { n, when } }), CrashError);
        const left = new Set(world.arrivals.map((a) => a.id));
        const end = await live(world);
        const where = `${when} record ${n}`;
        assert.equal(end.outcome, 'applied', `${where}: ${end.reason}`);
        const posted = eventsOf(world, 'message.posted');
        assert.deepEqual(
          posted.map((m) => m.seq),
          posted.map((_, i) => i + 1),
          where,
        );
        const arrived = posts(world).map((m) => m.arrival);
        assert.equal(new Set(arrived).size, arrived.length, `${where}: taken in twice`);
        // Whatever a model left, before the crash or after, is posted, the dead call's too; what it says again is the same message.
        const numbers = posts(world).map((m) => m.seq);
        for (const id of [...left, ...world.receipts.keys()]) {
          const receipt = world.receipts.get(id);
          assert.ok(receipt && 'seq' in receipt && numbers.includes(receipt.seq), `${where}: ${id} is lost`);
        }
        assert.deepEqual(
          posts(world).map((m) => m.subject),
          ['Which way?', 'b is done'],
          where,
        );
        assert.deepEqual(world.arrivals, []);
        const questions = posts(world).filter((m) => m.kind === 'question');
        const taken = eventsOf(world, 'questions.taken').flatMap((e) => e.questions);
        assert.deepEqual(
          taken.toSorted((a, b) => a - b),
          questions.map((q) => q.seq),
          where,
        );
        const answers = posted.filter((m) => m.kind === 'answer');
        assert.equal(answers.length, questions.length, `${where}: every question is answered once`);
        const memories = [...world.memories.keys()].filter((name) => name.includes('/m/'));
        assert.deepEqual(memories.toSorted(), posted.map((m) => m.memory).toSorted(), where);
      }
  });
});

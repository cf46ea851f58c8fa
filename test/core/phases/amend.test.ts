import assert from 'node:assert/strict';
import type { Amended, StopQuestion } from '../../../src/core/ports.ts';
import type { Amendment } from '../../../src/core/run/amendments.ts';
import { CrashError } from '../ports/crash.ts';
import { live } from '../ports/live.ts';
import { eventsOf, item, keysAsked, planOf, promptOf, smallWorld, wrote } from '../ports/small.ts';
import { stateOf, type World } from '../ports/world.ts';

const finding = (claim: string): object => ({ claim, evidence: [{ kind: 'reason', text: 'x' }] });

/** A world whose plan rests on two findings, an item each. */
const planned = (more: object = {}, layer: object = {}): World =>
  smallWorld(
    {
      findings: { json: { summary: 'x', findings: [finding('one'), finding('two')] } },
      plan: {
        json: planOf([
          item('i1', ['implementer'], ['a.ts'], { findings: ['architect.1'] }),
          item('i2', ['second'], ['b.ts'], { findings: ['architect.2'] }),
        ]),
      },
      ...more,
    },
    layer,
  );

/** Gives these answers at a stop, one after the other, then *go*; everywhere else *go*. */
function answering(world: World, stop: StopQuestion['stop'], ...answers: Amended[]): StopQuestion[] {
  const asked: StopQuestion[] = [];
  world.person = {
    decide: async (question) => {
      if (question.stop !== stop) return 'go';
      asked.push(question);
      return answers.shift() ?? 'go';
    },
  };
  return asked;
}

const again = (amend: Amendment): Amended => ({ answer: 'again', amend });
const go = (amend: Amendment): Amended => ({ answer: 'go', amend });
const roles = (world: World): string[] => stateOf(world).cast.map((c) => c.role);

describe('an amendment of the plan', () => {
  it('strikes an item: its writer is not asked, its finding is left out by the person, the report says so', async () => {
    const world = planned();
    const asked = answering(world, 'plan', go({ plan: { strike: [{ item: 'i2', why: 'later' }] } }));
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(asked.length, 1);
    assert.equal(world.project.get('b.ts'), 'four\n');
    assert.ok(!keysAsked(world).some((key) => key.startsWith('implementation/second')));
    const { plan, report } = stateOf(world);
    assert.deepEqual(
      plan?.items.map((i) => i.id),
      ['i1'],
    );
    assert.deepEqual(plan?.leftOut, [{ finding: 'architect.2', why: 'ana struck "i2" (i2).' }]);
    assert.deepEqual(plan?.decisions, [{ what: '"i2" (i2) is not done', why: 'ana struck it: later', findings: [] }]);
    assert.match(report ?? '', /\[architect\.2\] medium: two \(left out: ana struck "i2"/);
    assert.match(promptOf(world, 'implementation/implementer/r0'), /ana struck it: later/);
    const posted = eventsOf(world, 'message.posted').filter((m) => m.subject.startsWith('The plan'));
    assert.deepEqual(
      posted.map((m) => m.subject),
      ['The plan: 2 items', 'The plan as the person amended it: 1 item'],
    );
  });

  it('edits an item: title, text, owners and paths go to who does it', async () => {
    const world = planned({ 'implementation/second/r0': wrote({ 'c.ts': 'new\n' }) });
    const edit = {
      item: 'i2',
      title: 'Other',
      what: 'Do it otherwise.',
      paths: ['c.ts'],
      acceptance: ['c.ts is there'],
    };
    answering(world, 'plan', go({ plan: { edit: [edit] } }));
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.project.get('c.ts'), 'new\n');
    assert.match(promptOf(world, 'implementation/second/r0'), /Do it otherwise\./);
    assert.deepEqual(eventsOf(world, 'change.landed').find((c) => c.role === 'second')?.paths, ['c.ts']);
  });

  it('that cannot be had changes nothing, and says why', async () => {
    for (const [amend, words] of [
      [{ plan: { strike: [{ item: 'i9' }] } }, /no item i9; it has i1, i2/],
      [{ plan: { strike: [{ item: 'i1' }, { item: 'i2' }] } }, /Nothing would be left/],
      [{ plan: { edit: [{ item: 'i1', owners: ['reviewer'] }] } }, /who does not write/],
      [{ plan: { edit: [{ item: 'i1', owners: [] }] } }, /owners/],
      [{ plan: { edit: [{ item: 'i1', paths: ['../x'] }] } }, /gives the path "\.\.\/x"/],
      [{ plan: { edit: [{ item: 'i1', title: 'x' }], strike: [{ item: 'i1' }] } }, /at once/],
      [{ team: { without: ['second'] } }, /at work already/],
      [{ plan: { drop: 'all' } } as never, /drop/],
    ] as const) {
      const world = planned();
      const asked = answering(world, 'plan', go(amend as never));
      assert.equal((await live(world)).outcome, 'applied');
      assert.equal(asked.length, 2);
      assert.match(asked[1]?.problem ?? '', words);
      assert.equal(stateOf(world).plan?.items.length, 2);
      assert.ok(eventsOf(world, 'stop.answered').every((s) => s.answer === 'go'));
    }
  });

  it('is followed by the question about what is in force then', async () => {
    const world = planned();
    const asked = answering(world, 'plan', again({ plan: { strike: [{ item: 'i1' }] } }));
    await live(world);
    assert.deepEqual(
      asked.map((a) => a.question),
      ['Go on with this plan of 2 items?', 'Go on with this plan of 1 item?'],
    );
  });
});

describe('an amendment of the team', () => {
  it('leaves roles out, and takes others in', async () => {
    const world = smallWorld();
    answering(world, 'team', again({ team: { without: ['reviewer'] } }), go({ team: { with: ['third'] } }));
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(roles(world), ['orchestrator', 'architect', 'implementer', 'second', 'third']);
    assert.deepEqual(stateOf(world).leftOut, [{ role: 'reviewer', why: 'you left it out.' }]);
    assert.ok(!keysAsked(world).some((key) => key.endsWith('/reviewer')));
    assert.match(stateOf(world).report ?? '', /reviewer: you left it out/);
  });

  it('accepts a stand-in for a role that was left out, by name', async () => {
    const world = smallWorld(
      {},
      {
        roles: { critic: { title: 'Critic', duties: ['analyse'], brief: 'x', models: [{ model: 'm4' }] } } as never,
        teams: { default: { core: ['orchestrator', 'architect', 'critic', 'implementer', 'second'] } },
      },
    );
    world.probe = (route) => (route.server === 's4' ? { kind: 'not-installed', message: 'No m4 here.' } : undefined);
    let offers: unknown;
    const asked: string[] = [];
    world.person = {
      decide: async (q) => {
        if (q.stop !== 'team') return 'go';
        asked.push(q.question);
        offers ??= stateOf(world).offers;
        return asked.length === 1 ? again({ team: { accept: [{ role: 'critic', model: 'm2' }] } }) : 'go';
      },
    };
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(offers, [
      { role: 'critic', model: 'm1', question: 'Critic: M4 cannot be reached. Shall M1 stand in?' },
    ]);
    const critic = stateOf(world).cast.find((c) => c.role === 'critic');
    assert.equal(critic?.models[0]?.model, 'm2');
    assert.equal(critic?.models[0]?.standsFor, 'm4');
    assert.deepEqual(stateOf(world).offers, []);
    assert.match(asked[1] ?? '', /Critic/);
    assert.match(stateOf(world).report ?? '', /Critic: m2 \(stands in for m4/);
    assert.equal(world.asked.find((a) => a.input.call.role === 'critic')?.input.model, 'm2-id');
  });

  it('accepts a model that no role lists', async () => {
    const world = smallWorld();
    answering(world, 'team', go({ team: { accept: [{ role: 'third', model: 'spare' }] } }));
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      stateOf(world)
        .cast.find((c) => c.role === 'third')
        ?.models.map((m) => m.model),
      ['m4', 'spare'],
    );
  });

  it('changes size, team and budget', async () => {
    const one = smallWorld();
    answering(one, 'team', go({ team: { size: 'one', writer: 'second', budget: { calls: 3, minutes: 5 } } }));
    assert.equal((await live(one)).outcome, 'applied');
    assert.deepEqual(keysAsked(one), ['triage/orchestrator', 'implementation/second/r0']);
    assert.deepEqual([stateOf(one).budget.calls, stateOf(one).budgetFrom], [3, 'person']);
    assert.equal(eventsOf(one, 'phase.ended')[0]?.summary, 'one model: Second writer');

    const other = smallWorld(
      {},
      {
        teams: {
          default: { core: ['orchestrator', 'architect', 'implementer', 'second', 'reviewer'] },
          small: { core: ['orchestrator', 'implementer', 'second'] },
        },
      },
    );
    answering(other, 'team', go({ team: { team: 'small' } }));
    assert.equal((await live(other)).outcome, 'applied');
    assert.deepEqual(roles(other), ['orchestrator', 'implementer', 'second']);
    assert.equal(stateOf(other).team, 'small');
  });

  it("of the budget's calls holds at once", async () => {
    const world = smallWorld();
    answering(world, 'team', go({ team: { budget: { calls: 2 } } }));
    const end = await live(world);
    assert.equal(end.outcome, 'spent');
    assert.equal(stateOf(world).spent.calls, 2);
  });

  it("of the budget's minutes holds at once", async () => {
    const slow = { findings: { json: { summary: 'x', findings: [] }, delay: 10 * 60_000 } };
    const layer = { limits: { silenceSeconds: 3600 } } as never;
    const world = smallWorld(slow, layer);
    answering(world, 'team', go({ team: { budget: { minutes: 2 } } }));
    const end = await live(world);
    assert.deepEqual([end.outcome, end.reason], ['spent', 'The budget of 2 minutes is spent.']);
  });

  it('that cannot be had changes nothing, and says why', async () => {
    for (const [amend, words] of [
      [{ without: ['orchestrator'] }, /Orchestrator is needed/],
      [{ without: ['nobody'] }, /`nobody` is not in this team/],
      [{ without: ['implementer', 'second'] }, /Nobody can write/],
      [{ team: 'other' }, /No team is called `other`/],
      [{ accept: [{ role: 'third', model: 'gpt' }] }, /No model is called `gpt`/],
      [{ accept: [{ role: 'third', model: 'spare' }] }, /SPARE cannot stand in as third: Not here\./],
      [{ writer: 'architect' }, /no writing role/],
      [{ size: 'one', with: ['third'] }, /nobody else takes part/],
      [{ budget: { calls: 1 } }, /1 call is made already/],
    ] as const) {
      const world = smallWorld();
      world.probe = (route) => (route.server === 's5' ? { kind: 'not-installed', message: 'Not here.' } : undefined);
      const asked = answering(world, 'team', go({ team: amend as never }));
      assert.equal((await live(world)).outcome, 'applied');
      assert.match(asked[1]?.problem ?? 'taken', words);
      assert.deepEqual(roles(world), ['orchestrator', 'architect', 'implementer', 'second', 'reviewer']);
    }
  });
});

describe('a crash around an amendment', () => {
  const amended = (): World => {
    const world = planned();
    world.person = {
      decide: async (q) => {
        const { cast, plan } = stateOf(world);
        // A person sees what is in force, and wants what is not.
        if (q.stop === 'team' && cast.some((c) => c.role === 'reviewer'))
          return again({ team: { without: ['reviewer'] } });
        if (q.stop === 'plan' && plan?.items.length === 2) return again({ plan: { strike: [{ item: 'i2' }] } });
        return 'go';
      },
    };
    return world;
  };

  it('right before or after any record gives the same run', async function () {
    const plain = amended();
    assert.equal((await live(plain)).outcome, 'applied');
    assert.equal(plain.project.get('b.ts'), 'four\n');
    for (let n = 1; n <= plain.journal.length; n++) {
      for (const when of ['before', 'after'] as const) {
        const world = amended();
        await assert.rejects(live(world, { crash: { n, when } }), CrashError);
        assert.equal((await live(world)).outcome, 'applied', `${when} ${n}`);
        assert.deepEqual(stateOf(world).plan, stateOf(plain).plan);
        assert.deepEqual(stateOf(world).cast, stateOf(plain).cast);
        assert.deepEqual(Object.fromEntries(world.project), Object.fromEntries(plain.project));
        assert.equal(eventsOf(world, 'stop.answered').filter((s) => s.answer === 'amended').length, 2, `${when} ${n}`);
      }
    }
  });
});

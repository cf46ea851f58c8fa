import assert from 'node:assert/strict';
import type { Reply } from '../ports/models.ts';
import { live } from '../ports/live.ts';
import { acting, eventsOf, item, keysAsked, planOf, promptOf, smallWorld, wrote } from '../ports/small.ts';
import { stateOf } from '../ports/world.ts';

const out: Reply = { failure: { kind: 'quota', message: 'No more today.' } };
const rubbish: Reply = { text: 'As a language model I cannot do that.' };
const hang: Reply = { hang: true };

describe('what fails on the way', () => {
  for (const [what, reply, why] of [
    ['is out of quota', out, /No more today\./],
    ['talks rubbish', rubbish, /could not be used, twice/],
    ['hangs', hang, /said nothing/],
  ] as const) {
    it(`costs its part and no more, when an analyst ${what}`, async () => {
      const world = smallWorld({ 'analysis/architect': reply });
      assert.equal((await live(world)).outcome, 'applied');
      const s = stateOf(world);
      assert.match(s.missing.find((m) => m.role === 'architect')?.why ?? '', why);
      assert.match(promptOf(world, 'synthesis/orchestrator'), /Missing, and why:\n<data-\w+>\narchitect: /);
      assert.match(s.report ?? '', /## Missing\n- architect: /);
      assert.equal(eventsOf(world, 'phase.ended')[1]?.summary, 'architect missing');
    });

    it(`costs the review, when a reviewer ${what}`, async () => {
      const world = smallWorld({ 'implementation/reviewer/criteria': reply });
      assert.equal((await live(world)).outcome, 'applied');
      assert.ok(eventsOf(world, 'note').some((n) => /Reviewer reviews nothing/.test(n.text) && why.test(n.text)));
      assert.ok(!keysAsked(world).some((k) => k.endsWith('r0/reviewer')));
      const later = smallWorld({ 'implementation/implementer/r0/reviewer': reply });
      assert.equal((await live(later)).outcome, 'applied');
      assert.ok(eventsOf(later, 'note').some((n) => /Reviewer did not judge implementer/.test(n.text)));
    });

    it(`costs its change, when one writer of two ${what}`, async () => {
      const world = smallWorld({ 'implementation/second/r0': reply });
      assert.equal((await live(world)).outcome, 'applied');
      assert.equal(world.project.get('a.ts'), 'ONE\ntwo\nthree\n');
      assert.equal(world.project.get('b.ts'), 'four\n');
      assert.match(stateOf(world).report ?? '', /## Missing\n- second: /);
      assert.match(stateOf(world).failedChanges[0]?.why ?? '', why);
    });

    it(`costs the documentation, when the orchestrator ${what} there`, async () => {
      const world = smallWorld({ 'integration/docs': reply });
      assert.equal((await live(world)).outcome, 'applied');
      assert.ok(eventsOf(world, 'note').some((n) => /documentation was not brought up to date/.test(n.text)));
    });
  }

  it('stops the run, resumably, when every writer fails, and only they are asked again', async () => {
    const world = smallWorld({ written: out, 'implementation/implementer/r0': out, 'implementation/second/r0': out });
    const end = await live(world);
    assert.equal(end.outcome, 'failed');
    assert.match(end.reason ?? '', /No writer brought a change\. implementer: No more today\./);
    assert.match(end.hint ?? '', /orchestra resume/);
    const before = world.asked.length;
    world.script = acting({});
    assert.equal((await live(world)).outcome, 'applied');
    const asked = keysAsked(world).slice(before);
    assert.deepEqual(asked.slice(0, 2), ['implementation/implementer/r0', 'implementation/second/r0']);
    assert.ok(!asked.includes('implementation/reviewer/criteria'));
    assert.deepEqual(stateOf(world).failedChanges, []);
    assert.doesNotMatch(stateOf(world).report ?? '', /Missing/);
  });

  for (const [key, reply] of [
    ['triage/orchestrator', out],
    ['synthesis/orchestrator', rubbish],
  ] as const) {
    it(`stops the run, resumably, when ${key} fails, and that is asked again`, async () => {
      const world = smallWorld({ [key]: reply });
      const end = await live(world);
      assert.equal(end.outcome, 'failed');
      assert.match(end.reason ?? '', /^Orchestrator could not be had: /);
      assert.deepEqual(world.applies, []);
      const before = world.asked.length;
      world.script = acting({});
      assert.equal((await live(world)).outcome, 'applied');
      const asked = keysAsked(world);
      assert.equal(asked[before], key);
      for (const done of asked.slice(0, before)) if (done !== key) assert.ok(!asked.slice(before).includes(done), done);
      const attempts = world.asked.filter((a) => a.input.call.key === key).map((a) => a.input.call.attempt);
      assert.deepEqual(
        attempts,
        attempts.map((_, n) => n + 1),
      );
    });
  }

  it('is made up for by the next model that was accepted, and the report names it', async () => {
    const world = smallWorld(
      {
        'analysis/architect': ({ route }) =>
          route.server === 's2' ? out : { json: { summary: 'Fine.', findings: [] } },
      },
      {
        roles: {
          architect: {
            title: 'Architect',
            duties: ['analyse'],
            brief: 'x',
            models: [{ model: 'm2' }, { model: 'm4' }],
          },
        },
      },
    );
    assert.equal((await live(world)).outcome, 'applied');
    assert.match(stateOf(world).report ?? '', /- Architect: m4, 1 call; moved from s2 to m4 \(s4\): No more today\./);
    assert.deepEqual(stateOf(world).missing, []);
  });

  it('when documentation failed and the run goes on, stays failed after a crash: what was checked is what is applied', async () => {
    const crashAt = async (n: number, when: 'before' | 'after') => {
      const world = smallWorld({ 'integration/docs': out }, { checks: [{ name: 'test', run: 'npm test' }] });
      await assert.rejects(live(world, { crash: { n, when } }));
      // When it is asked again it would bring something else.
      world.script = acting({
        'integration/docs': wrote({ 'docs.md': 'New.\n' }, { json: { summary: 'Documented.' } }),
      });
      assert.equal((await live(world)).outcome, 'applied');
      return world;
    };
    const whole = smallWorld({ 'integration/docs': out }, { checks: [{ name: 'test', run: 'npm test' }] });
    await live(whole);
    const checked = whole.journal.findIndex((r) => r.step === 'integration/checks/0') + 1;
    const docs = whole.journal.findIndex((r) => r.step === 'integration/docs') + 1;
    for (let n = docs; n <= whole.journal.length; n++) {
      const world = await crashAt(n, 'after');
      const s = stateOf(world);
      assert.equal(
        s.checks['merged']?.tree,
        s.ledger?.tree,
        `what was checked is not what is applied, after record ${n}`,
      );
      assert.equal(world.project.has('docs.md'), n < checked);
    }
  });

  it('is a writer that changes nothing, and says why', async () => {
    const world = smallWorld({
      'implementation/second/r0': {
        json: { summary: 'Nothing.', notDone: [{ item: 'i2', why: 'It is done already.' }] },
      },
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.match(stateOf(world).failedChanges[0]?.why ?? '', /It changed nothing\. i2: It is done already\./);
  });

  it('is a change that its writer took back when it was judged: it is not merged', async () => {
    const world = smallWorld({
      'implementation/second/r0/reviewer': { json: { verdict: 'needs-work', summary: 'Do not do this.' } },
      'implementation/second/r1': wrote({ 'b.ts': 'four\n' }),
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.project.get('b.ts'), 'four\n');
    assert.deepEqual(Object.keys(stateOf(world).changes), ['implementer']);
  });

  it('is a later round that fails: the change stays as it landed before', async () => {
    const world = smallWorld({
      'implementation/second/r0/reviewer': { json: { verdict: 'needs-work', summary: 'More.' } },
      'implementation/second/r1': out,
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.project.get('b.ts'), 'FOUR\n');
    assert.ok(eventsOf(world, 'note').some((n) => /could not mend its change/.test(n.text)));
  });

  it('goes back to a writer no more often than the team allows', async () => {
    const verdict: Reply = { json: { verdict: 'needs-work', summary: 'Never enough.' } };
    const world = smallWorld(
      {
        verdict,
        'implementation/implementer/r1': wrote({ 'a.ts': 'more\n' }),
        'implementation/second/r1': wrote({ 'b.ts': 'more\n' }),
      },
      { limits: { rounds: 1 } },
    );
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      keysAsked(world).filter((k) => /second\/r\d$/.test(k)),
      ['implementation/second/r0', 'implementation/second/r1'],
    );
  });

  it('is a reading role that writes where it was alone: it is named, its checkout made anew, and the plan told', async () => {
    const wild: Reply = {
      json: { summary: 'I looked.', findings: [] },
      early: (files) => void files.set('made.txt', 'x'),
    };
    const world = smallWorld({ 'analysis/architect': wild });
    for (const route of world.team.models['m2']?.routes ?? []) route.unasked = true;
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      eventsOf(world, 'checkout.changed').map((e) => [e.phase, e.roles, e.paths]),
      [['analysis', ['architect'], ['made.txt']]],
    );
    const asked = world.asked.filter((a) => a.input.call.phase === 'analysis');
    assert.equal(new Set(asked.map((a) => a.input.cwd)).size, asked.length, 'nobody shared it');
    assert.match(promptOf(world, 'synthesis/orchestrator'), /only to read[^\n]*:\n<data-\w+>\narchitect: made\.txt/);
    assert.ok(eventsOf(world, 'note').some((n) => /changed during analysis \(made\.txt\) by Architect;/.test(n.text)));
  });

  it('is a reading role that writes: that is seen after each phase, told, and undone', async () => {
    const write = (files: Map<string, string>): void => void files.set('a.ts', 'mine now\n');
    for (const [key, json, role] of [
      ['triage', { title: 'Small', size: 'core', why: 'So.' }, 'orchestrator'],
      ['analysis/architect', { summary: 'Looked.', findings: [] }, 'architect'],
      ['plan', planOf([item('i1', ['implementer'], ['a.ts']), item('i2', ['second'], ['b.ts'])]), 'orchestrator'],
    ] as const) {
      const world = smallWorld({ [key]: { json, write } });
      assert.equal((await live(world)).outcome, 'applied');
      assert.deepEqual(
        eventsOf(world, 'checkout.changed').map((e) => [e.roles, e.paths]),
        [[[role], ['a.ts']]],
      );
      assert.equal(world.project.get('a.ts'), 'ONE\ntwo\nthree\n');
      assert.equal(world.repository.checkouts.get('base')?.files.get('a.ts'), 'one\ntwo\nthree\n');
    }
  });

  it('is a role that leaves behind what no tree can hold: a reader costs nothing, a writer its answer', async () => {
    const spoil = (files: Map<string, string>): void => void files.set('x/.git/config', 'evil');
    const reader = smallWorld({ 'analysis/architect': { json: { summary: 'x', findings: [] }, write: spoil } });
    assert.equal((await live(reader)).outcome, 'applied');
    assert.ok(eventsOf(reader, 'note').some((n) => /beyond recording.*made anew/.test(n.text)));
    const writer = smallWorld({ 'implementation/second/r0': { json: { summary: 'x' }, write: spoil } });
    assert.equal((await live(writer)).outcome, 'applied');
    assert.equal(eventsOf(writer, 'call.sent-back').length, 1);
    assert.match(stateOf(writer).failedChanges[0]?.why ?? '', /cannot be recorded/);
  });

  it('is an optional role that no route reaches: it is left out, and the plan, the prompt and the report say so', async () => {
    const world = smallWorld();
    world.probe = (route) => (route.server === 's2' ? { kind: 'not-signed-in', message: 'Sign in to s2.' } : undefined);
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      stateOf(world).leftOut.map((l) => l.role),
      ['architect', 'reviewer'],
    );
    assert.match(stateOf(world).report ?? '', /- architect: .*Sign in to s2\./);
    assert.equal(stateOf(world).plan !== undefined, true);
  });
});

describe('candidates', () => {
  const plan: Reply = { json: planOf([item('i1', ['implementer', 'second'], ['a.ts'])]) };
  const acts = {
    plan,
    'implementation/i1.implementer/r0': wrote({ 'a.ts': 'BUG\n' }),
    'implementation/i1.second/r0': wrote({ 'a.ts': 'good\n' }),
  };
  const layer = { checks: [{ name: 'test', run: 'npm test' }], limits: { rounds: 0 } };

  it('are chosen by the checks first, without asking anybody', async () => {
    const world = smallWorld(acts, layer);
    world.check = (_check, files) => (files.get('a.ts') === 'BUG\n' ? { result: 'red' } : undefined);
    assert.equal((await live(world)).outcome, 'applied');
    const [judged] = eventsOf(world, 'candidates.judged');
    assert.deepEqual([judged?.by, judged?.winner, judged?.losers], ['checks', 'i1.second', ['i1.implementer']]);
    assert.ok(!keysAsked(world).some((k) => k.endsWith('/judge')));
    assert.equal(world.project.get('a.ts'), 'good\n');
    const lost = stateOf(world).ledger?.entries.find((e) => e.change === 'i1.implementer');
    assert.deepEqual([lost?.fate, lost?.by], ['superseded', 'i1.second']);
  });

  it('are chosen by a judge when the checks cannot tell, who must name one of them', async () => {
    for (const checks of [[], layer.checks]) {
      const world = smallWorld(
        { ...acts, judgement: ({ nth }) => ({ json: { winner: nth === 1 ? 'third' : 'i1.implementer', why: 'So.' } }) },
        { ...layer, checks },
      );
      assert.equal((await live(world)).outcome, 'applied');
      assert.equal(world.project.get('a.ts'), 'BUG\n');
      assert.match(eventsOf(world, 'call.sent-back')[0]?.problem ?? '', /"third" is none of the candidates/);
    }
  });

  it('need no judge when only one came', async () => {
    const world = smallWorld({ ...acts, 'implementation/i1.implementer/r0': out }, layer);
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(eventsOf(world, 'candidates.judged')[0]?.by, 'only');
  });

  it('that lost stand in the ledger in one order, whoever was done first', async () => {
    const entries = [];
    for (const first of ['implementer', 'third']) {
      const writes = (role: string): Reply => wrote({ 'a.ts': `${role}\n` }, { delay: role === first ? 1 : 20 });
      const world = smallWorld({
        triage: { json: { title: 'x', size: 'core', specialists: ['third'], why: 'x' } },
        plan: { json: planOf([item('i1', ['third', 'second', 'implementer'], ['a.ts'])]) },
        ...Object.fromEntries(['implementer', 'second', 'third'].map((r) => [`implementation/i1.${r}/r0`, writes(r)])),
        judgement: { json: { winner: 'i1.second', why: 'So.' } },
      });
      assert.equal((await live(world)).outcome, 'applied');
      entries.push(stateOf(world).ledger?.entries);
    }
    assert.deepEqual(entries[0], entries[1]);
    assert.equal(entries[0]?.length, 3);
  });
});

import assert from 'node:assert/strict';
import type { Reply } from '../ports/models.ts';
import { live } from '../ports/live.ts';
import { acting, eventsOf, item, keysAsked, planOf, promptOf, put, smallWorld, wrote } from '../ports/small.ts';
import { stateOf, type World } from '../ports/world.ts';

const fate = (hunk: string, said: string, more: object = {}): object => ({
  hunk,
  fate: said,
  why: 'So it is.',
  ...more,
});
const resolves = (hunks: object[], files: Record<string, string | undefined> = {}): Reply => ({
  json: { summary: 'Resolved.', hunks },
  write: put(files),
});

const both = {
  plan: { json: planOf([item('i1', ['implementer'], ['a.ts']), item('i2', ['second'], ['a.ts', 'b.ts'])]) },
};
const key = 'integration/resolve/second/a.ts';
const [mine, other] = ['implementer:a.ts:1', 'second:a.ts:1'];

/** Both writers change the first line; the orchestrator answers with these, one after the other. */
function clash(...answers: Reply[]): World {
  return smallWorld({
    ...both,
    'implementation/second/r0': wrote({ 'a.ts': 'Uno\ntwo\nthree\n', 'b.ts': 'FOUR\n' }),
    [key]: ({ nth }) => answers[nth - 1] ?? answers.at(-1) ?? {},
  });
}

const good = resolves([fate(mine, 'superseded', { by: other }), fate(other, 'merged')], {
  'a.ts': 'Uno\ntwo\nthree\n',
});

describe('a conflict', () => {
  it('is resolved by the orchestrator, and the ledger says how', async () => {
    const world = clash(good);
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.project.get('a.ts'), 'Uno\ntwo\nthree\n');
    const entries = stateOf(world).ledger?.entries.map((e) => [e.hunk, e.fate, e.by, e.why]);
    assert.deepEqual(entries, [
      [mine, 'superseded', other, 'So it is.'],
      [other, 'merged', undefined, 'So it is.'],
      ['second:b.ts:1', 'merged', undefined, undefined],
    ]);
  });

  for (const [what, bad, problem] of [
    [
      'drops a hunk without a word',
      resolves([fate(other, 'merged')], { 'a.ts': 'Uno\ntwo\nthree\n' }),
      /You say nothing of the hunk implementer:a\.ts:1/,
    ],
    [
      'says that a hunk is merged that is not in it',
      resolves([fate(mine, 'merged'), fate(other, 'merged')], { 'a.ts': 'Uno\ntwo\nthree\n' }),
      /implementer:a\.ts:1 is merged, but it does not stand there/,
    ],
    [
      'says that a hunk is rejected that is in it',
      resolves([fate(mine, 'superseded', { by: other }), fate(other, 'rejected')], { 'a.ts': 'Uno\ntwo\nthree\n' }),
      /second:a\.ts:1 is rejected, but it stands/,
    ],
    [
      'names no winner',
      resolves([fate(mine, 'superseded'), fate(other, 'merged')], { 'a.ts': 'Uno\ntwo\nthree\n' }),
      /name the hunk that won/,
    ],
    [
      'names a winner that is none',
      resolves([fate(mine, 'superseded', { by: 'third:a.ts:9' }), fate(other, 'merged')], {
        'a.ts': 'Uno\ntwo\nthree\n',
      }),
      /third:a\.ts:9/,
    ],
    [
      'lets two hunks win against each other',
      resolves([fate(mine, 'superseded', { by: other }), fate(other, 'superseded', { by: mine })], {
        'a.ts': 'one\ntwo\nthree\n',
      }),
      /is not in the final tree either/,
    ],
    [
      'calls a hunk resolved of which nothing is left',
      resolves([fate(mine, 'resolved'), fate(other, 'merged')], { 'a.ts': 'Uno\ntwo\nthree\n' }),
      /said to be resolved/,
    ],
    [
      'speaks of a hunk that does not exist',
      resolves([fate(mine, 'superseded', { by: other }), fate(other, 'merged'), fate('x:a.ts:1', 'merged')], {
        'a.ts': 'Uno\ntwo\nthree\n',
      }),
      /no hunks of this conflict: x:a\.ts:1/,
    ],
    [
      'says two things of one hunk',
      resolves([fate(mine, 'superseded', { by: other }), fate(other, 'merged'), fate(mine, 'merged')], {
        'a.ts': 'Uno\ntwo\nthree\n',
      }),
      /twice/,
    ],
    [
      'leaves a marker',
      resolves([fate(mine, 'resolved'), fate(other, 'resolved')], { 'a.ts': '<<<<<<< ours\nONE\nUno\ntwo\nthree\n' }),
      /markers still stand/,
    ],
    ['leaves all as it was', resolves([fate(mine, 'resolved'), fate(other, 'resolved')]), /markers still stand/],
    [
      'changes another file too',
      resolves([fate(mine, 'superseded', { by: other }), fate(other, 'merged')], {
        'a.ts': 'Uno\ntwo\nthree\n',
        'b.ts': 'evil\n',
      }),
      /You changed b\.ts/,
    ],
    ['edits a path outside', { ...good, edits: [{ path: '../a.ts', content: 'x' }] }, /leads up and out/],
  ] as const) {
    it(`that the orchestrator's answer ${what} is sent back, and stops the run when it says so again`, async () => {
      const world = clash(bad, good);
      const end = await live(world);
      assert.equal(end.outcome, 'applied', end.reason);
      assert.match(eventsOf(world, 'call.sent-back')[0]?.problem ?? '', problem);
      assert.equal(world.project.get('b.ts'), 'FOUR\n');

      const twice = clash(bad, bad);
      const stopped = await live(twice);
      assert.equal(stopped.outcome, 'failed');
      assert.match(stopped.reason ?? '', /^Orchestrator could not be had: Its answer could not be used, twice\./);
      assert.deepEqual(twice.applies, []);
      // And goes on from there.
      twice.script = acting({ ...both, [key]: good });
      assert.equal((await live(twice)).outcome, 'applied');
    });
  }

  it('knows conflict markers that stood in the base already from new ones', async () => {
    const doc = 'How conflicts look:\n<<<<<<< ours\n=======\n>>>>>>> theirs\n';
    const world = clash(
      resolves([fate(mine, 'resolved'), fate(other, 'resolved')], { 'a.ts': `${doc}<<<<<<< ours\nONE\nUno\n` }),
      resolves([fate(mine, 'resolved'), fate(other, 'resolved')], { 'a.ts': `${doc}ONE\nUno\n` }),
    );
    world.project.set('a.ts', `${doc}one\n`);
    const script = world.script;
    world.script = (asked, permit) =>
      asked.input.call.kind === 'written' && asked.input.call.key !== key
        ? wrote({
            'a.ts': `${doc}${asked.input.call.role === 'second' ? 'Uno' : 'ONE'}\n`,
            'b.ts': asked.input.call.role === 'second' ? 'FOUR\n' : 'four\n',
          })
        : script(asked, permit);
    assert.equal((await live(world)).outcome, 'applied');
    assert.match(eventsOf(world, 'call.sent-back')[0]?.problem ?? '', /markers still stand/);
    assert.equal(world.project.get('a.ts'), `${doc}ONE\nUno\n`);
  });

  it('whose resolution keeps both sides is accounted for as resolved', async () => {
    const world = clash(
      resolves([fate(mine, 'resolved'), fate(other, 'resolved')], { 'a.ts': 'ONE\nUno\ntwo\nthree\n' }),
    );
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      stateOf(world)
        .ledger?.entries.slice(0, 2)
        .map((e) => e.fate),
      ['resolved', 'resolved'],
    );
  });

  it('between a change and a deletion is one too', async () => {
    const world = smallWorld({
      ...both,
      'implementation/second/r0': wrote({ 'a.ts': undefined, 'b.ts': 'FOUR\n' }),
      [key]: resolves([fate(mine, 'merged'), fate(other, 'rejected')]),
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.project.get('a.ts'), 'ONE\ntwo\nthree\n');
    assert.deepEqual(eventsOf(world, 'merge.made')[1]?.conflicts, [{ path: 'a.ts', why: 'modify/delete' }]);
  });
});

describe("a writer's edit outside its paths", () => {
  const outside = (answer: Reply): World =>
    smallWorld({
      'implementation/second/r0': wrote({ 'b.ts': 'FOUR\n', 'extra/x.ts': 'x\n' }),
      'integration/resolve/second/extra/x.ts': answer,
    });

  it('is a conflict that the orchestrator decides, and the ledger says what it decided', async () => {
    const id = 'second:extra/x.ts:1';
    for (const [answer, there, said] of [
      [resolves([fate(id, 'rejected')]), false, 'rejected'],
      [resolves([fate(id, 'merged')], { 'extra/x.ts': 'x\n' }), true, 'merged'],
      [resolves([fate(id, 'resolved')], { 'extra/x.ts': 'x\ny\n' }), true, 'resolved'],
    ] as const) {
      const world = outside(answer);
      const end = await live(world);
      assert.equal(end.outcome, 'applied', end.reason);
      assert.equal(world.project.has('extra/x.ts'), there);
      const entry = stateOf(world).ledger?.entries.find((e) => e.hunk === id);
      assert.deepEqual([entry?.fate, entry?.writer], [said, 'second']);
      assert.deepEqual(eventsOf(world, 'change.landed').find((l) => l.change === 'second')?.outside, ['extra/x.ts']);
    }
  });

  it('never gets in by silence', async () => {
    const world = outside(resolves([]));
    const end = await live(world);
    assert.equal(end.outcome, 'failed');
    assert.match(
      eventsOf(world, 'call.sent-back')[0]?.problem ?? '',
      /You say nothing of the hunk second:extra\/x\.ts:1/,
    );
    assert.deepEqual(world.applies, []);
    assert.ok(!world.project.has('extra/x.ts'));
  });

  it('is one also when a single model works alone', async () => {
    const world = smallWorld({
      triage: { json: { title: 'Fix', size: 'one', writer: 'implementer', paths: ['a.ts'], why: 'One line.' } },
      'implementation/implementer/r0': wrote({ 'a.ts': 'ONE\ntwo\nthree\n', 'b.ts': 'me too\n' }),
      resolution: resolves([fate('implementer:b.ts:1', 'rejected')]),
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.project.get('b.ts'), 'four\n');
    assert.ok(keysAsked(world).includes('integration/resolve/implementer/b.ts'));
  });
});

describe('the ledger', () => {
  it("stops a run whose documentation takes a writer's line out again, unless that is said", async () => {
    const world = smallWorld({ 'integration/docs': wrote({ 'b.ts': 'four\n' }, { json: { summary: 'Tidied.' } }) });
    const end = await live(world);
    const { ledger } = stateOf(world);
    if (end.outcome === 'applied') {
      // Nothing is gone without a trace: the entry names what won.
      const entry = ledger?.entries.find((e) => e.hunk === 'second:b.ts:1');
      assert.equal(entry?.fate, 'superseded');
      assert.match(entry?.by ?? '', /^integration/);
    } else {
      assert.match(end.reason ?? '', /The ledger does not balance: /);
      assert.deepEqual(world.applies, []);
    }
    assert.match(promptOf(world, 'integration/docs'), /The merged change:/);
  });

  it('stops a run whose merged tree lost a line on the way', async () => {
    const world = smallWorld();
    const end = await live(world, {
      onRecord({ event }) {
        // The merge says one thing, and the tree holds another: as a bug or a broken disk would have it.
        if (event.type !== 'integration.ended') return;
        const tree = world.repository.trees.get(event.tree);
        tree?.set('b.ts', 'four\n');
      },
    });
    assert.equal(end.outcome, 'failed');
    assert.match(end.reason ?? '', /^The ledger does not balance: .*b\.ts/);
    assert.match(end.hint ?? '', /Nothing was applied/);
    assert.deepEqual(world.applies, []);
    assert.equal(world.project.get('a.ts'), 'one\ntwo\nthree\n');
  });
});

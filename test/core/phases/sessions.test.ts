import assert from 'node:assert/strict';
import { live } from '../ports/live.ts';
import type { Asked } from '../ports/models.ts';
import { item, planOf, put, smallWorld, wrote } from '../ports/small.ts';
import type { World } from '../ports/world.ts';

const conversation = 'The conversation in your role so far';

/** The world, with a session for each call that is not given one. */
function withSessions(world: World): World {
  const { script } = world;
  let n = 0;
  world.script = async (asked, permit) => {
    const session = asked.input.session ?? `S${(n += 1)}`;
    const reply = await script(asked, permit);
    return { stream: [{ kind: 'text', text: `${asked.input.call.key} was thought over. ` }], ...reply, session };
  };
  return world;
}

const askedFor = (world: World, key: string): Asked['input'] => {
  const found = world.asked.findLast((a) => a.input.call.key === key);
  assert.ok(found, `${key} was asked`);
  return found.input;
};
/** The session that a call's answer was given in. */
const sessionIn = (world: World, key: string): string | undefined =>
  world.journal.flatMap(({ event }) => (event.type === 'call.ended' && event.call === key ? [event.session] : []))[0];

describe('sessions across phases', () => {
  it('a reviewer judges each round of a change in the same folder and session, and knows of its criteria', async () => {
    const world = withSessions(
      smallWorld({
        plan: { json: planOf([item('i1', ['implementer'], ['a.ts'])]) },
        'implementation/implementer/r0/reviewer': {
          json: { verdict: 'needs-work', summary: 'Not yet.', findings: [] },
        },
        'implementation/implementer/r1': wrote({ 'a.ts': 'Eins\ntwo\nthree\n' }),
      }),
    );
    assert.equal((await live(world)).outcome, 'applied');
    const [first, second] = [0, 1].map((r) => askedFor(world, `implementation/implementer/r${r}/reviewer`));
    assert.equal(first?.session, undefined);
    assert.match(first?.prompt ?? '', new RegExp(conversation));
    assert.match(first?.prompt ?? '', /implementation\/reviewer\/criteria was thought over/);
    assert.equal(second?.cwd, first?.cwd);
    assert.equal(second?.session, sessionIn(world, 'implementation/implementer/r0/reviewer'));
    assert.doesNotMatch(second?.prompt ?? '', new RegExp(conversation));
  });

  const clash = {
    plan: { json: planOf([item('i1', ['implementer'], ['a.ts']), item('i2', ['second'], ['a.ts', 'b.ts'])]) },
    'implementation/second/r0': wrote({ 'a.ts': 'Uno\ntwo\nthree\n', 'b.ts': 'FOUR\n' }),
    'integration/resolve/second/a.ts': {
      json: {
        summary: 'Resolved.',
        hunks: [
          { hunk: 'implementer:a.ts:1', fate: 'superseded', by: 'second:a.ts:1', why: 'So it is.' },
          { hunk: 'second:a.ts:1', fate: 'merged', why: 'So it is.' },
        ],
      },
      write: put({ 'a.ts': 'Uno\ntwo\nthree\n' }),
    },
  };

  it('the orchestrator knows its plan where it integrates, and goes on there in one session', async () => {
    const world = withSessions(smallWorld(clash));
    assert.equal((await live(world)).outcome, 'applied');
    const [resolve, docs] = ['integration/resolve/second/a.ts', 'integration/docs'].map((k) => askedFor(world, k));
    assert.equal(askedFor(world, 'synthesis/orchestrator').session, sessionIn(world, 'triage/orchestrator'));
    assert.equal(resolve?.session, undefined);
    assert.match(resolve?.prompt ?? '', new RegExp(`${conversation}[^]*synthesis/orchestrator was thought over`));
    assert.equal(docs?.session, sessionIn(world, 'integration/resolve/second/a.ts'));
    assert.doesNotMatch(docs?.prompt ?? '', new RegExp(conversation));
  });

  it('what a call left behind that failed is no folder to go on in', async () => {
    const world = withSessions(
      smallWorld(
        {
          ...clash,
          'integration/docs': {
            failure: { kind: 'error', message: 'It broke.' },
            early: put({ 'left.md': 'half' }),
          },
          'integration/fix/1': wrote({ 'b.ts': 'good\n' }),
        },
        { checks: [{ name: 'test', run: 'test' }] },
      ),
    );
    const merged = (): boolean => world.asked.some((a) => a.input.call.key === 'integration/docs');
    world.check = (_check, files) => ({ result: merged() && files.get('b.ts') === 'FOUR\n' ? 'red' : 'green' });
    const { outcome } = await live(world);
    assert.equal(outcome, 'applied');
    const fix = askedFor(world, 'integration/fix/1');
    assert.equal(fix.session, undefined);
    assert.match(fix.prompt, new RegExp(conversation));
    assert.equal(world.project.get('left.md'), undefined);
  });
});

import assert from 'node:assert/strict';
import { checkReview, finishReview } from '../../../src/core/phases/finish.ts';
import { fixFinding } from '../../../src/core/phases/fix.ts';
import { reviewedEntries } from '../../../src/core/review/account.ts';
import { decisionsOf } from '../../../src/core/review/decisions.ts';
import { findingsOf } from '../../../src/core/review/findings.ts';
import { checkedOf, reviewSummary, shownOf } from '../../../src/core/review/summary.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { CrashError } from '../ports/crash.ts';
import { live } from '../ports/live.ts';
import { eventsOf, smallWorld, wrote } from '../ports/small.ts';
import { stateOf, type World } from '../ports/world.ts';

const lines = (...changed: string[]): string =>
  Array.from({ length: 12 }, (_, n) => `${changed.find((text) => text.startsWith(`${n} `)) ?? n}\n`).join('');

const finding = {
  claim: 'Nine is not right.',
  severity: 'medium',
  evidence: [{ kind: 'file', path: 'a.ts', line: 10 }],
};
const wanting = { json: { verdict: 'needs-work', summary: 'Not yet.', findings: [finding] } };

/** A run that is ready: two hunks in a.ts, one in b.ts, c.ts is new. `checks`: it has one. */
async function readyWorld(
  options: { checks?: boolean; wanting?: boolean; more?: Parameters<typeof smallWorld>[0] } = {},
): Promise<World> {
  const world = smallWorld(
    {
      'implementation/implementer/r0': wrote({ 'a.ts': lines('1 one', '9 nine') }),
      'implementation/second/r0': wrote({ 'b.ts': 'FOUR\n', 'c.ts': 'new\n' }),
      plan: {
        json: {
          goal: 'Do it.',
          items: [
            { id: 'i1', title: 'i1', what: 'Do.', owners: ['implementer'], paths: ['a.ts'], findings: [] },
            { id: 'i2', title: 'i2', what: 'Do.', owners: ['second'], paths: ['b.ts', 'c.ts'], findings: [] },
          ],
        },
      },
      ...(options.wanting && { 'implementation/implementer/r0/reviewer': wanting }),
      ...options.more,
    },
    { limits: { rounds: 0 }, ...(options.checks && { checks: [{ name: 'test', run: 'npm test' }] }) } as never,
  );
  world.project.set('a.ts', lines());
  world.person = { reviews: true };
  const end = await live(world);
  assert.equal(end.outcome, 'ready', end.reason);
  return world;
}

const ids = (world: World): string[] => stateOf(world).ledger?.hunks.map((hunk) => hunk.id) ?? [];

/** As a window journals it, between two pieces of work. */
function journal(world: World, event: RunEvent): void {
  const last = world.journal.at(-1)!;
  world.journal.push({ seq: last.seq + 1, at: last.at, epoch: last.epoch + 1, event });
}

const decide = (world: World, decision: 'keep' | 'undo', ...hunks: string[]): void =>
  journal(world, { type: 'review.decided', tree: stateOf(world).ledger!.tree, hunks, decision, by: 'ana' });

describe('a run whose person reviews', () => {
  it('ends ready and asks nothing about applying', async () => {
    const world = await readyWorld();
    assert.deepEqual(ids(world), ['final:a.ts:1', 'final:a.ts:2', 'final:b.ts:1', 'final:c.ts:1']);
    assert.deepEqual(
      eventsOf(world, 'stop.asked').filter((e) => e.stop === 'apply'),
      [],
    );
    assert.deepEqual(world.applies, []);
    assert.equal(world.project.get('a.ts'), lines());
  });
});

describe('finishing a review', () => {
  it('writes what was kept and nothing else; the rest is rejected by the person, in ledger and report', async () => {
    const world = await readyWorld();
    decide(world, 'keep', 'final:a.ts:1', 'final:c.ts:1');
    decide(world, 'undo', 'final:a.ts:2');
    const end = await live(world, { review: (run) => finishReview(run, { rest: 'undo', check: true }) });
    assert.equal(end.outcome, 'applied', end.reason);
    assert.equal(world.project.get('a.ts'), lines('1 one'));
    assert.equal(world.project.get('b.ts'), 'four\n');
    assert.equal(world.project.get('c.ts'), 'new\n');
    const state = stateOf(world);
    assert.deepEqual(state.review.finished?.kept, ['final:a.ts:1', 'final:c.ts:1']);
    assert.deepEqual(state.review.finished?.dropped, ['final:a.ts:2', 'final:b.ts:1']);
    assert.equal(state.review.finished?.checked, 'no');
    const fates = reviewedEntries(state).map((entry) => [entry.hunk, entry.fate, entry.why]);
    assert.deepEqual(fates, [
      ['implementer:a.ts:1', 'merged', undefined],
      ['implementer:a.ts:2', 'rejected', 'Not kept by ana in the review.'],
      ['second:b.ts:1', 'rejected', 'Not kept by ana in the review.'],
      ['second:c.ts:1', 'merged', undefined],
    ]);
    assert.match(state.report ?? '', /rejected\. Not kept by ana in the review\./);
    assert.match(state.report ?? '', /^Applied to 2 files\./m);
  });

  it('with everything kept is the merged tree; with nothing, nothing is written and it can be decided on', async () => {
    const world = await readyWorld();
    const none = await live(world, { review: (run) => finishReview(run, { rest: 'undo', check: true }) });
    assert.deepEqual([none.outcome, none.reason], ['ready', 'You kept nothing of it: nothing was written.']);
    assert.deepEqual(world.applies, []);
    decide(world, 'keep', ...ids(world));
    const all = await live(world, { review: (run) => finishReview(run, { rest: 'undo', check: true }) });
    assert.equal(all.outcome, 'applied', all.reason);
    assert.equal(world.project.get('a.ts'), lines('1 one', '9 nine'));
    const again = await live(world, { review: (run) => finishReview(run, { rest: 'keep', check: true }) });
    assert.match(again.reason ?? '', /applied already/);
    assert.equal(again.outcome, 'applied');
  });

  it('is done once wherever the process dies, all of it or nothing, and can be finished again', async () => {
    for (const when of ['before', 'after'] as const) {
      for (let n = 1; ; n++) {
        const world = await readyWorld();
        decide(world, 'keep', 'final:a.ts:2', 'final:b.ts:1');
        const dying = live(world, {
          crash: { n, when },
          review: (run) => finishReview(run, { rest: 'undo', check: true }),
        });
        const died = await dying.then(
          () => false,
          (error: unknown) => error instanceof CrashError,
        );
        const text = world.project.get('a.ts');
        assert.ok(text === lines() || text === lines('9 nine'), `${when} ${n}: ${text}`);
        assert.equal(world.project.get('b.ts'), text === lines() ? 'four\n' : 'FOUR\n');
        if (!died) {
          assert.ok(n > 5, 'it dies often enough');
          break;
        }
        if (stateOf(world).applied) continue;
        const end = await live(world, { review: (run) => finishReview(run, { rest: 'undo', check: true }) });
        assert.equal(end.outcome, 'applied', `${when} ${n}: ${end.reason}`);
        assert.equal(world.project.get('a.ts'), lines('9 nine'));
        assert.deepEqual([...new Set(world.applies)], ['a1']);
      }
    }
  });

  it('checks a part first where that is wanted, and applies nothing that is red', async () => {
    const world = await readyWorld({ checks: true });
    world.check = (_check, files) =>
      files.get('b.ts') === 'four\n' && files.has('c.ts') ? { result: 'red' } : undefined;
    decide(world, 'undo', 'final:b.ts:1');
    const red = await live(world, { review: (run) => finishReview(run, { rest: 'keep', check: true }) });
    assert.deepEqual([red.outcome, red.reason], ['ready', 'The checks are red: test.']);
    assert.deepEqual(world.applies, []);
    const asIs = await live(world, { review: (run) => finishReview(run, { rest: 'keep', check: false }) });
    assert.equal(asIs.outcome, 'applied');
    assert.equal(stateOf(world).review.finished?.checked, 'red');
  });
});

describe('a part of a checked change', () => {
  it('is not checked until the checks ran on just it', async () => {
    const world = await readyWorld({ checks: true });
    const checked = (): string => checkedOf(stateOf(world), shownOf(stateOf(world)));
    assert.equal(checked(), 'green');
    decide(world, 'undo', 'final:a.ts:1');
    assert.equal(checked(), 'no');
    const end = await live(world, { review: checkReview });
    assert.deepEqual([end.outcome, end.reason], ['ready', undefined]);
    assert.equal(checked(), 'green');
    decide(world, 'undo', 'final:b.ts:1');
    assert.equal(checked(), 'no');
    journal(world, { type: 'review.reverted', tree: stateOf(world).ledger!.tree, by: 'ana' });
    assert.equal(checked(), 'green', 'it is the part that was checked before');
    assert.deepEqual(reviewSummary(stateOf(world)), {
      ...reviewSummary(stateOf(world)),
      state: 'open',
      hunks: 4,
      kept: 0,
      undone: 1,
      checked: 'green',
    });
  });
});

describe('a finding that the person wants mended', () => {
  const wish = { finding: 'implementer/reviewer/r0.1' };
  const found = (world: World) =>
    findingsOf(stateOf(world), [], () => undefined).find((one) => one.id === wish.finding);

  it('becomes a call to its writer, whose work joins the change; decisions on hunks that it left alone stay', async () => {
    const world = await readyWorld({
      wanting: true,
      more: { [`review/fix/${wish.finding}/1`]: wrote({ 'a.ts': lines('1 one', '9 NINE'), 'c.ts': 'new\n' }) },
    });
    assert.equal(found(world)?.state, 'open');
    decide(world, 'keep', 'final:a.ts:1', 'final:a.ts:2');
    decide(world, 'undo', 'final:b.ts:1');
    const end = await live(world, { review: (run) => fixFinding(run, wish) });
    assert.deepEqual([end.outcome, end.reason], ['ready', undefined]);
    const state = stateOf(world);
    assert.equal(found(world)?.state, 'fixed');
    assert.deepEqual(Object.fromEntries(decisionsOf(state.review)), { 'final:a.ts:1': 'keep', 'final:b.ts:1': 'undo' });
    assert.deepEqual(
      state.ledger?.hunks.map((hunk) => [hunk.id, hunk.from]),
      [
        ['final:a.ts:1', ['implementer:a.ts:1']],
        ['final:a.ts:2', ['implementer:a.ts:2', 'fix.1:a.ts:1']],
        ['final:b.ts:1', ['second:b.ts:1']],
        ['final:c.ts:1', ['second:c.ts:1']],
      ],
    );
    // What came before the fix is summed up, and not taken back any more.
    journal(world, { type: 'review.reverted', tree: state.ledger!.tree, by: 'ana' });
    assert.equal(decisionsOf(stateOf(world).review).size, 2);
    await live(world, { review: (run) => finishReview(run, { rest: 'keep', check: false }) });
    assert.equal(world.project.get('a.ts'), lines('1 one', '9 NINE'));
    assert.equal(world.project.get('b.ts'), 'four\n');
  });

  it('tells its writer where it stands in the change as it is now, and lets it write there', async () => {
    const world = await readyWorld({
      wanting: true,
      more: { [`review/fix/${wish.finding}/1`]: wrote({ 'a.ts': lines('1 one', '9 NINE') }) },
    });
    await live(world, { review: (run) => fixFinding(run, wish) });
    const asked = world.asked.find((one) => one.input.call.key.startsWith('review/fix/'));
    assert.match(asked?.input.prompt ?? '', /^medium: Nine is not right\. \(a\.ts:10\)$/m);
  });

  it('that brings nothing can be asked for again, with other words', async () => {
    const world = await readyWorld({
      wanting: true,
      more: {
        [`review/fix/${wish.finding}/1`]: { json: { summary: 'It is fine.' } },
        [`review/fix/${wish.finding}/2`]: wrote({ 'a.ts': lines('1 one', '9 NINE') }),
      },
    });
    const first = await live(world, { review: (run) => fixFinding(run, wish) });
    assert.match(first.reason ?? '', /^Implementer changed nothing/);
    assert.deepEqual(
      eventsOf(world, 'note').flatMap(({ vainFix }) => vainFix ?? []),
      [wish.finding],
    );
    const second = await live(world, { review: (run) => fixFinding(run, { ...wish, words: 'In capitals.' }) });
    assert.equal(second.reason, undefined);
    assert.match(world.asked.at(-1)?.input.prompt ?? '', /In capitals\./);
    assert.equal(found(world)?.state, 'fixed');
  });

  it('that brought nothing counts by its record, whatever its sentence; of older journals by the sentence', async () => {
    for (const note of [
      { level: 'info', text: 'In other words.', vainFix: wish.finding },
      { level: 'info', text: `The fix for ${wish.finding} changed nothing (review/fix/${wish.finding}/1).` },
    ] as const) {
      const world = await readyWorld({
        wanting: true,
        more: { [`review/fix/${wish.finding}/2`]: wrote({ 'a.ts': lines('1 one', '9 NINE') }) },
      });
      journal(world, { type: 'note', ...note });
      journal(world, { type: 'note', level: 'info', text: 'Of another.', vainFix: `${wish.finding}.other` });
      const end = await live(world, { review: (run) => fixFinding(run, wish) });
      assert.equal(end.reason, undefined);
      assert.equal(found(world)?.state, 'fixed');
    }
  });

  it('after a review in which nothing was kept: what was dropped then says nothing about the change that it joins', async () => {
    const world = await readyWorld({
      wanting: true,
      more: { [`review/fix/${wish.finding}/1`]: wrote({ 'a.ts': lines('1 one', '9 NINE') }) },
    });
    await live(world, { review: (run) => finishReview(run, { rest: 'undo', check: false }) });
    assert.ok(reviewedEntries(stateOf(world)).every((entry) => entry.fate === 'rejected'));
    await live(world, { review: (run) => fixFinding(run, wish) });
    assert.deepEqual(reviewedEntries(stateOf(world)), stateOf(world).ledger?.entries);
  });

  it('that is not mended leaves the review as it is, and can be asked for again', async () => {
    const world = await readyWorld({
      wanting: true,
      more: {
        [`review/fix/${wish.finding}/1`]: { failure: { kind: 'error', message: 'no' } },
        [`review/fix/${wish.finding}/2`]: wrote({ 'a.ts': lines('1 one', '9 NINE') }),
      },
    });
    const before = stateOf(world).ledger;
    const end = await live(world, { review: (run) => fixFinding(run, wish) });
    assert.equal(end.outcome, 'ready');
    assert.match(end.reason ?? '', /^Implementer could not mend it/);
    assert.deepEqual(stateOf(world).ledger, before);
    assert.equal((await live(world, { review: (run) => fixFinding(run, wish) })).reason, undefined);
    assert.equal(found(world)?.state, 'fixed');
  });

  it('is not paid for twice after a crash', async () => {
    for (let n = 1; ; n++) {
      const world = await readyWorld({
        wanting: true,
        more: { [`review/fix/${wish.finding}/1`]: wrote({ 'a.ts': lines('1 one', '9 NINE') }) },
      });
      const calls = (): number => world.asked.filter((a) => a.input.call.key.startsWith('review/fix/')).length;
      const died = await live(world, { crash: { n, when: 'after' }, review: (run) => fixFinding(run, wish) }).then(
        () => false,
        (error: unknown) => error instanceof CrashError,
      );
      if (!died) {
        assert.ok(n > 4, 'it dies often enough');
        return;
      }
      const answered = eventsOf(world, 'call.ended').some((e) => e.call.startsWith('review/fix/'));
      const paid = calls();
      const end = await live(world, { review: (run) => fixFinding(run, wish) });
      if (stateOf(world).review.joined.length === 0) assert.fail(`${n}: ${end.reason}`);
      if (answered) assert.equal(calls(), paid, `${n}: asked again`);
      assert.equal(found(world)?.state, 'fixed');
    }
  });
});

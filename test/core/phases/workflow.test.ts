import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventOf, RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { live } from '../ports/live.ts';
import { applied, plan, project, storyWorld } from '../ports/story.ts';
import { testTeam } from '../ports/team.ts';
import { newWorld, stateOf, type World } from '../ports/world.ts';

function eventsOf<T extends RunEvent['type']>(world: World, type: T): EventOf<T>[] {
  return world.journal.flatMap((r) => (r.event.type === type ? [r.event as never] : []));
}
const promptOf = (world: World, key: string, nth = 1): string =>
  world.asked.filter((a) => a.input.call.key === key)[nth - 1]?.input.prompt ?? assert.fail(`${key} was not asked`);
const at = (world: World, of: (e: RunEvent) => boolean): number => world.journal.findIndex((r) => of(r.event));
const callAt = (world: World, call: string, type: 'call.started' | 'call.ended'): number =>
  at(world, (e) => e.type === type && e.call === call);

describe('a whole run of a team', () => {
  let world: World;
  before(async () => {
    world = storyWorld();
    assert.deepEqual(await live(world), { outcome: 'applied' });
  });

  it("applies the merged change to the person's files, once", () => {
    assert.deepEqual(Object.fromEntries(world.project), applied);
    assert.deepEqual(world.applies, ['a1']);
    assert.equal(stateOf(world).outcome, 'applied');
  });

  it('goes through its phases in order, and sums each up', () => {
    const ended = eventsOf(world, 'phase.ended').map((e) => `${e.phase}: ${e.summary}`);
    assert.deepEqual(ended, [
      'triage: core + review + second, third',
      'analysis: architect 2, bigpicture 1, security 1, critic 1',
      'synthesis: 3 items, 1 dissent',
      'implementation: implementer 3 files checked, second 3 files checked, i3.implementer 1 file checked, i3.third 1 file checked',
      'integration: 9 hunks: 6 merged, 2 superseded, 1 rejected',
      'review: applied',
    ]);
  });

  it('asks analysts at once, and writers and reviewers at once', () => {
    const last = (calls: string[]): number => Math.max(...calls.map((c) => callAt(world, c, 'call.started')));
    const first = (calls: string[]): number => Math.min(...calls.map((c) => callAt(world, c, 'call.ended')));
    const analysts = ['architect', 'bigpicture', 'security', 'critic'].map((r) => `analysis/${r}`);
    assert.ok(last(analysts) < first(analysts));
    const atOnce = [
      'implementer/r0',
      'second/r0',
      'i3.implementer/r0',
      'i3.third/r0',
      'reviewer/criteria',
      'optimizer/criteria',
    ].map((k) => `implementation/${k}`);
    assert.ok(last(atOnce) < first(atOnce));
  });

  it('refutes a false claim before the plan, and sends back a plan that rests on it', () => {
    const checks = stateOf(world).findings.map((f) => `${f.id} ${f.check}`);
    assert.deepEqual(checks.toSorted(), [
      'architect.1 confirmed',
      'architect.2 confirmed',
      'bigpicture.1 refuted',
      'critic.1 unchecked',
      'security.1 confirmed',
    ]);
    const [back] = eventsOf(world, 'call.sent-back');
    assert.match(
      back?.problem ?? '',
      /Item i1 rests on bigpicture\.1, which is refuted: There is no file src\/ghost\.ts\./,
    );
    assert.match(promptOf(world, 'synthesis/orchestrator'), /REFUTED: There is no file src\/ghost\.ts/);
    assert.ok(stateOf(world).plan?.items.every((i) => !i.findings.includes('bigpicture.1')));
  });

  it("keeps the dissent in the plan, on the bus and in the writer's prompt", () => {
    assert.deepEqual(
      stateOf(world).plan?.items[0]?.dissent,
      plan.items[0] && (plan.items[0] as { dissent: unknown }).dissent,
    );
    const decision = eventsOf(world, 'message.posted').find((m) => m.kind === 'decision');
    assert.match(decision?.body ?? '', /Dissent of critic: Leave it\. Answer: It was asked for\./);
    assert.match(promptOf(world, 'implementation/implementer/r0'), /Dissent of critic/);
  });

  it('gives the writers their own part, their paths and the findings behind it', () => {
    const prompt = promptOf(world, 'implementation/second/r0');
    assert.match(prompt, /You may write: src\/b\.ts, src\/shared\.ts\./);
    assert.match(prompt, /\[architect\.2\] b is fixed\./);
    assert.doesNotMatch(prompt, /The limit is fixed\./);
    assert.match(prompt, /i1: Item i1 \(implementer\)/);
    assert.match(promptOf(world, 'implementation/i3.third/r0'), /Another writer does the same item/);
    const cwds = world.asked.filter((a) => a.input.access === 'write').map((a) => a.input.cwd);
    assert.ok(new Set(cwds).size >= 5, 'every writer has a workspace of its own');
  });

  it('takes findings back to the writer, in its session, until its reviewer is content', () => {
    assert.match(
      promptOf(world, 'implementation/implementer/r1'),
      /Reviewer wants this mended[\s\S]*one is not there\. \(src\/a\.ts:2\)/,
    );
    const calls = world.asked.filter((a) => a.input.call.key === 'implementation/implementer/r1');
    assert.equal(calls[0]?.input.session, 's-one');
    const verdicts = stateOf(world).changes['implementer']?.verdicts.map(
      (v) => `${v.role} ${v.round} ${v.verdict.verdict}`,
    );
    // Who was content is not asked again.
    assert.deepEqual(verdicts, ['reviewer 0 needs-work', 'optimizer 0 fine', 'reviewer 1 fine']);
    assert.match(
      promptOf(world, 'implementation/implementer/r0/reviewer'),
      /Your criteria:\n<data-\w+>\n- It counts\./,
    );
  });

  it('lets a judge choose between candidates that are both green', () => {
    const [judged] = eventsOf(world, 'candidates.judged');
    assert.deepEqual(
      { ...judged },
      {
        type: 'candidates.judged',
        item: 'i3',
        winner: 'i3.third',
        losers: ['i3.implementer'],
        by: 'judge',
        why: 'It is plainer.',
      },
    );
  });

  it("merges mechanically, and shows the orchestrator only what conflicts or lies outside a writer's paths", () => {
    const merges = eventsOf(world, 'merge.made').map((m) => [m.change, m.conflicts.map((c) => `${c.path}: ${c.why}`)]);
    assert.deepEqual(merges, [
      ['implementer', []],
      ['second', ['src/shared.ts: content', 'NOTES.md: outside the paths of its writer']],
      ['i3.third', []],
    ]);
    const prompt = promptOf(world, 'integration/resolve/second/src/shared.ts');
    assert.match(prompt, /<<<<<<< ours\nexport const limit = 20;\n=======\nexport const limit = 30;\n>>>>>>> theirs/);
    assert.match(prompt, /implementer:src\/shared\.ts:1[\s\S]*second:src\/shared\.ts:1/);
  });

  it('sends back a resolution that says nothing of a hunk which it dropped', () => {
    const back = eventsOf(world, 'call.sent-back').find((e) => e.call.startsWith('integration/resolve/'));
    assert.match(
      back?.problem ?? '',
      /You say nothing of the hunk implementer:src\/shared\.ts:1, and it does not stand in the file/,
    );
  });

  it('accounts for every hunk, and balances', () => {
    const { ledger } = stateOf(world);
    assert.ok(ledger?.balanced);
    assert.deepEqual(
      ledger.entries.map((e) => [e.hunk, e.writer, e.fate, e.by]),
      [
        ['implementer:package.json:1', 'implementer', 'merged', undefined],
        ['implementer:src/a.ts:1', 'implementer', 'merged', undefined],
        ['implementer:src/a.ts:2', 'implementer', 'merged', undefined],
        ['implementer:src/shared.ts:1', 'implementer', 'superseded', 'second:src/shared.ts:1'],
        ['second:NOTES.md:1', 'second', 'rejected', undefined],
        ['second:src/b.ts:1', 'second', 'merged', undefined],
        ['second:src/shared.ts:1', 'second', 'merged', undefined],
        ['i3.third:src/c.ts:1', 'third', 'merged', undefined],
        ['i3.implementer:src/c.ts:1', 'implementer', 'superseded', 'i3.third'],
      ],
    );
    // The documentation and what the orchestrator mended come from its own edits.
    assert.deepEqual(
      ledger.hunks.filter((h) => ['README.md', 'src/fix.ts'].includes(h.path)).map((h) => h.from),
      [['integration:README.md:1'], ['integration:src/fix.ts:1']],
    );
    assert.deepEqual(ledger.problems, []);
  });

  it('mends a merged tree that is red, and runs the checks on it again; what was red before judges nobody', () => {
    const checks = eventsOf(world, 'checks.ended').map((c) => [
      c.on,
      c.green,
      c.results.map((r) => r.result).join(),
      c.excused.join(),
    ]);
    assert.deepEqual(checks[0], ['base', true, 'green,red', '']);
    assert.deepEqual(checks.slice(-2), [
      ['merged', false, 'red,red', 'old'],
      ['merged', true, 'green,red', 'old'],
    ]);
    assert.match(promptOf(world, 'integration/fix/1'), /two is not defined/);
    assert.doesNotMatch(promptOf(world, 'integration/fix/1'), /It was always so/);
  });

  it('asks for a file that others execute once, before a check runs on it, bound to its content', () => {
    const [approved, ...more] = eventsOf(world, 'gate.approved');
    assert.equal(approved?.path, 'package.json');
    assert.deepEqual(more, []);
    const ran = at(world, (e) => e.type === 'checks.ended' && e.on === 'change:implementer');
    assert.ok(at(world, (e) => e.type === 'gate.approved') < ran);
    assert.equal(stateOf(world).gate?.find((g) => g.path === 'package.json')?.verdict, 'held');
  });

  it('shows the person team, plan and change before it goes on', () => {
    assert.deepEqual(
      eventsOf(world, 'stop.answered').map((s) => `${s.stop} ${s.answer} ${s.by}`),
      ['team go ana', 'plan go ana', 'approve package.json go ana', 'apply go ana'],
    );
    const asked = eventsOf(world, 'stop.asked').map((s) => s.question);
    assert.match(
      asked[0] ?? '',
      /^Start with Orchestrator, Architect, Big picture, Implementer, Security, Critic, Reviewer, Optimizer, Second writer and Third writer\?$/,
    );
    assert.match(asked[1] ?? '', /plan of 3 items/);
  });

  it('reports from the journal what was done, by whom, checked, dropped and spent', () => {
    const report = stateOf(world).report ?? '';
    for (const line of [
      'Applied to 7 files.',
      '- Implementer: m1, 3 calls',
      '- test (`npm test`): green',
      '- old (`npm run old`): red, and red before the change: it judges nobody',
      '- implementer:src/shared.ts:1: superseded by second:src/shared.ts:1. So it is.',
      '- second:NOTES.md:1: rejected. So it is.',
      '- [bigpicture.1] medium: The ghost counts twice. (refuted: There is no file src/ghost.ts.)',
      '29 of 40 calls, 3190 tokens, $0.01',
      'were scripted',
    ])
      assert.ok(report.includes(line), line);
    assert.doesNotMatch(report, /Missing/);
  });

  it('keeps what it may need: base, changes and the merged tree', () => {
    const s = stateOf(world);
    for (const commit of [s.base?.commit, s.changes['second']?.landed.commit, s.integration?.commit])
      assert.ok(world.repository.kept.has(commit ?? ''), commit);
  });

  it('makes 29 calls, each at one address', () => {
    assert.equal(world.asked.length, 29);
    assert.equal(stateOf(world).spent.calls, 29);
    assert.equal(new Set(world.asked.map((a) => `${a.input.call.key} ${a.input.call.attempt}`)).size, 29);
  });

  it('folds to the same state from any prefix on', () => {
    const whole = fold(world.journal);
    for (let n = 0; n <= world.journal.length; n++)
      assert.deepEqual(fold(world.journal.slice(n), fold(world.journal.slice(0, n))), whole);
    // It is plain data: a panel gets it as it is.
    assert.deepEqual(structuredClone(whole), whole);
  });
});

describe('a run whose lanes race', () => {
  it('comes to the same tree and the same ledger whoever is done first', async function () {
    const plain = storyWorld();
    await live(plain);
    const expected = stateOf(plain);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.integer({ min: 0, max: 3 }),
        async (seed, flushMs) => {
          const hash = (key: string): number =>
            Array.from(key).reduce((h, c) => Math.imul(h, 31) + c.charCodeAt(0), seed);
          const world = storyWorld(undefined, (key) => 1 + ((hash(key) >>> 0) % 50));
          const end = await live(world, { flushMs });
          assert.equal(end.outcome, 'applied', end.reason);
          const s = stateOf(world);
          assert.equal(s.ledger?.tree, expected.ledger?.tree);
          assert.deepEqual(s.ledger?.entries, expected.ledger?.entries);
          assert.deepEqual(s.ledger?.hunks, expected.ledger?.hunks);
          assert.deepEqual(Object.fromEntries(world.project), applied);
          // The orchestrator reads the same whoever was first.
          assert.equal(
            promptOf(world, 'synthesis/orchestrator').length,
            promptOf(plain, 'synthesis/orchestrator').length,
          );
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('a small task', () => {
  it('goes to one model without ceremony: triage and one call, no stop but the last', async () => {
    const world = newWorld({
      team: testTeam(),
      project,
      script: ({ input }) =>
        input.call.kind === 'triage'
          ? { json: { title: 'Fix', size: 'one', writer: 'implementer', paths: ['src/a.ts'], why: 'One line.' } }
          : { json: { summary: 'Fixed.' }, write: (files) => void files.set('src/a.ts', 'fixed\n') },
    });
    assert.equal((await live(world)).outcome, 'applied');
    assert.deepEqual(
      world.asked.map((a) => a.input.call.key),
      ['triage/orchestrator', 'implementation/implementer/r0'],
    );
    assert.deepEqual(
      eventsOf(world, 'stop.asked').map((s) => s.stop),
      ['apply'],
    );
    assert.equal(world.project.get('src/a.ts'), 'fixed\n');
    assert.match(stateOf(world).report ?? '', /None are configured: nothing was checked\./);
  });

  it('goes to the writer that can be had when the one that triage named cannot', async () => {
    const world = newWorld({
      team: testTeam(),
      project,
      script: ({ input }) =>
        input.call.kind === 'triage'
          ? { json: { title: 'Fix', size: 'one', writer: 'second', why: 'One line.' } }
          : { json: { summary: 'Fixed.' }, write: (files) => void files.set('src/a.ts', 'fixed\n') },
    });
    world.probe = (route) => (route.server === 's3' ? { kind: 'not-installed', message: 'Not there.' } : undefined);
    assert.equal((await live(world)).outcome, 'applied');
    assert.equal(world.asked[1]?.input.call.role, 'implementer');
    assert.equal(eventsOf(world, 'phase.ended')[0]?.summary, 'one model: Implementer');
  });
});

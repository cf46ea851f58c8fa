import { holdsConflictMarkers } from '../change/merge.ts';
import type { Plan } from '../run/answers.ts';
import { call } from '../run/call.ts';
import { pickWinners } from './candidates.ts';
import { checkoutAt, cleanCheckout, integrationCheckout, workOf } from './checkout.ts';
import { baseChecks, changeChecks, checksText } from './checks.ts';
import { orchestrator, phase, post, prompter } from './common.ts';
import { resolveConflict } from './conflicts.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { balance, insideOnly } from './accounts.ts';
import { planText } from './plan.ts';
import type { Section } from '../run/prompts.ts';
import { redOf } from '../run/reds.ts';
import { RunStopped } from '../run/stopped.ts';

interface Tree {
  readonly commit: string;
  readonly tree: string;
}

/** Merges what the writers did, resolves, documents, checks, and accounts for every hunk. Ends with the tree for review. */
export async function integrate(run: Run, base: EventOf<'base.taken'>, plan: Plan): Promise<EventOf<'ledger.made'>> {
  let ledger: EventOf<'ledger.made'> | undefined;
  await phase(run, 'integration', async () => {
    const winners = await pickWinners(run, base, plan);
    const merged = await mergeAll(run, base, plan, winners);
    const documented = run.state().size === 'one' ? merged : await document(run, base, plan, merged);
    const final = await mended(run, base, plan, documented);
    await run.step('integration/tree', 'integration.ended', { tree: final.tree }, async () => ({
      ...final,
      docs: documented.docs,
      summary: documented.summary,
    }));
    ledger = await balance(run, base, { winners, merged, final });
    if (!ledger.balanced) {
      throw new RunStopped(
        'failed',
        `The ledger does not balance: ${ledger.problems.slice(0, 3).join(' ')}`,
        `Nothing was applied. Every change is kept: \`orchestra show ${run.input.run} --diff\`.`,
      );
    }
    const count = (fate: string): number => ledger?.entries.filter((e) => e.fate === fate).length ?? 0;
    return `${ledger.entries.length} hunks: ${(['merged', 'resolved', 'superseded', 'rejected'] as const)
      .map((f) => [f, count(f)] as const)
      .filter(([, n]) => n > 0)
      .map(([f, n]) => `${n} ${f}`)
      .join(', ')}`;
  });
  return ledger ?? (run.state().ledger as EventOf<'ledger.made'>);
}

interface Documented extends Tree {
  readonly docs: readonly string[] & string[];
  readonly summary: string;
}

async function mergeAll(
  run: Run,
  base: EventOf<'base.taken'>,
  plan: Plan,
  winners: readonly EventOf<'change.landed'>[],
): Promise<Documented> {
  let at: Tree = { commit: base.commit, tree: base.tree };
  const mergedSoFar: EventOf<'change.landed'>[] = [];
  for (const landed of winners) {
    const ours = at;
    const merge = await run.step(
      `integration/merge/${landed.change}`,
      'merge.made',
      { ours: ours.commit, theirs: landed.commit },
      async () => {
        const inside = await insideOnly(run, base, landed);
        const made = await run.ports.workspaces.merge(base.commit, ours.commit, inside.commit, run.signal);
        const outside = landed.outside
          .filter((path) => !made.conflicts.some((c) => c.path === path))
          .map((path) => ({ path, why: 'outside the paths of its writer' }));
        return {
          change: landed.change,
          commit: made.commit,
          tree: made.tree,
          conflicts: [...made.conflicts, ...outside],
        };
      },
    );
    at = { commit: merge.commit, tree: merge.tree };
    for (const conflict of merge.conflicts)
      at = await resolveConflict(run, { base, plan, landed, before: ours, at, conflict, others: mergedSoFar });
    mergedSoFar.push(landed);
  }
  return { ...at, docs: [], summary: '' };
}

/** The orchestrator brings the documentation up to date in the integration workspace. Its failure costs that and no more. */
async function document(run: Run, base: EventOf<'base.taken'>, plan: Plan, merged: Tree): Promise<Documented> {
  const cast = orchestrator(run);
  const key = 'integration/docs';
  // It failed, and the run went on without it: what came after rests on the tree as it was.
  if (!run.finished(key) && run.finished(checksKey(0))) return { ...merged, docs: [], summary: '' };
  const diff = run.finished(key) ? '' : await run.ports.workspaces.diff(base.tree, merged.tree, run.signal);
  const sections: Section[] = [
    { title: 'The plan', text: planText(plan) },
    {
      title: 'The merged change',
      text: diff.length > 60_000 ? `${diff.slice(0, 60_000)}\n… the rest is in your working folder` : diff,
    },
  ];
  const answered = await call(run, {
    key,
    cast,
    phase: 'integration',
    kind: 'integration',
    title: 'brings the documentation up to date',
    inputs: { tree: merged.tree },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'integration',
      now: 'the changes are merged in your working folder. Bring the documentation up to date with them.',
      sections,
    }),
    access: 'write',
    goesOn: true,
    cwd: ({ fresh }) =>
      fresh
        ? cleanCheckout(run, integrationCheckout, merged.commit)
        : checkoutAt(run, integrationCheckout, merged.commit),
    check: async (answer, output) => ({
      work: await workOf(run, integrationCheckout, {
        message: 'documentation',
        at: merged.commit,
        edits: output.edits ?? answer.edits,
      }),
    }),
  });
  if (!answered.ok) {
    await run.note('warning', `The documentation was not brought up to date: ${answered.failure.message}`, cast.role);
    return { ...merged, docs: [], summary: '' };
  }
  const { summary, docs } = answered.answer;
  await post(run, key, { from: cast.role, kind: 'result', subject: 'The change is merged', body: summary });
  return { ...(answered.event.work ?? merged), docs, summary };
}

const checksKey = (n: number): string => `integration/checks/${n}`;

/** The checks on the merged tree; while one is red the orchestrator mends it, a bounded number of times. */
async function mended(run: Run, base: EventOf<'base.taken'>, plan: Plan, merged: Tree): Promise<Tree> {
  const red = await baseChecks(run, base);
  let at = merged;
  for (let n = 0; ; n++) {
    await refuseMarkers(run, base, at);
    const checks = await changeChecks(run, 'merged', { key: checksKey(n), base, landed: at, red });
    const open = redOf(checks);
    if (open.length === 0) return at;
    if (n >= run.input.team.limits.fixes) {
      throw new RunStopped(
        'failed',
        `The merged change is red after ${n} ${n === 1 ? 'attempt' : 'attempts'} to mend it: ${open.map((r) => r.name).join(', ')}.`,
        `Nothing was applied. Look at it: \`orchestra show ${run.input.run} --diff\`.`,
      );
    }
    at = await mend(run, plan, at, n + 1, checksText(open));
  }
}

async function mend(run: Run, plan: Plan, at: Tree, n: number, output: string): Promise<Tree> {
  const cast = orchestrator(run);
  const key = `integration/fix/${n}`;
  const answered = await call(run, {
    key,
    cast,
    phase: 'integration',
    kind: 'written',
    title: 'mends what is red in the merged change',
    inputs: { tree: at.tree },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'written',
      now: 'the merged change in your working folder fails its checks. Mend it with as little as possible; do not weaken a check.',
      sections: [
        { title: 'The plan', text: planText(plan) },
        { title: 'What is red', text: output },
      ],
    }),
    access: 'write',
    goesOn: true,
    cwd: ({ fresh }) =>
      fresh ? cleanCheckout(run, integrationCheckout, at.commit) : checkoutAt(run, integrationCheckout, at.commit),
    check: async (answer, result) => ({
      work: await workOf(run, integrationCheckout, {
        message: `mend ${n}`,
        at: at.commit,
        edits: result.edits ?? answer.edits,
      }),
    }),
    required: true,
  });
  return answered.event.work ?? at;
}

/** A tree with conflict markers that the base does not hold never goes on. */
async function refuseMarkers(run: Run, base: EventOf<'base.taken'>, at: Tree): Promise<void> {
  const changes = await run.ports.workspaces.changes(base.tree, at.tree, run.signal);
  const marked = changes
    .filter((c) => c.after?.text !== undefined && holdsConflictMarkers(c.after.text, c.before?.text))
    .map((c) => c.path);
  if (marked.length > 0)
    throw new RunStopped(
      'failed',
      `Conflict markers stand in ${marked.join(', ')}.`,
      `Nothing was applied. Look at it: \`orchestra show ${run.input.run} --diff\`.`,
    );
}

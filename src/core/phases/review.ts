import type { FileChange, GateVerdict } from '../change/change.ts';
import { applicable } from '../change/approvals.ts';
import { baseChecks, changeChecks } from './checks.ts';
import { approval, isApproved, phase } from './common.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { redOf } from '../run/reds.ts';
import { RunStopped } from '../run/stopped.ts';
import { diffOf } from './stat.ts';

export interface ReviewResult {
  readonly outcome: 'applied' | 'ready';
  readonly reason?: string;
  readonly hint?: string;
}

/**
 * The gate judges every file, the person decides on held ones, and what passes is applied when the person says so.
 * Not a step of the run's past: the person's files may have changed, so it is judged anew each time. `n` counts the reviews.
 */
export async function review(run: Run, options: { n: number; ask: boolean }): Promise<ReviewResult> {
  const { ledger, base } = run.state();
  if (!ledger || !base) throw new RunStopped('failed', 'There is no change to apply.');
  return pour(run, `review/${options.n}`, { base, tree: ledger.tree, ask: options.ask, check: true });
}

/** What is to be applied: a change from the base to a tree. */
export interface Poured {
  readonly base: EventOf<'base.taken'>;
  readonly tree: string;
  /** Ask the person before it is applied. */
  readonly ask: boolean;
  /** Check what is left when the gate keeps files back, and apply only what is not red. */
  readonly check: boolean;
}

/** Judges a change, asks for its held files, and applies what passes. `key` must be of this one time. */
export async function pour(run: Run, key: string, poured: Poured): Promise<ReviewResult> {
  const { base, tree, ask, check } = poured;
  const { ports, signal } = run;
  const changes = await ports.workspaces.changes(base.tree, tree, signal);
  if (changes.length === 0) return { outcome: 'ready', reason: 'The merged change is empty.' };
  const gate = await run.step(`${key}/gate`, 'gate.judged', null, async () => ({
    tree,
    files: await ports.gate.judge(changes, signal),
  }));
  if (ask && ports.person.reviews === true) return { outcome: 'ready', reason: 'The change is ready for your review.' };
  await approveHeld(run, key, changes, gate.files);
  const { pass, heldBack, refused } = applicable(gate.files, run.state().approvals);
  const passing = changes.filter((c) => pass.includes(c.path));
  const kept = [...heldBack, ...refused].map((v) => v.path);
  const later = `Apply it with \`orchestra apply ${run.input.run}\`, look at it with \`orchestra show ${run.input.run} --diff\`.`;
  if (passing.length === 0)
    return { outcome: 'ready', reason: `Every file is held or refused by the gate: ${kept.join(', ')}.`, hint: later };
  const subset = check && kept.length > 0 ? await subsetProblem(run, key, base, tree, kept) : undefined;
  if (subset !== undefined) return { outcome: 'ready', reason: subset, hint: later };
  if (run.input.team.stops.apply === 'never' && ask)
    return { outcome: 'ready', reason: 'The change is ready.', hint: later };
  if (ask && !(await wanted(run, key, passing.length, kept)))
    return { outcome: 'ready', reason: 'The change is ready and not applied.', hint: later };
  await run.step(`${key}/apply`, 'apply.done', null, async () => {
    // The same until it is in the journal: what a crash kept from being written down is found, and not done twice.
    const id = `a${run.state().applies + 1}`;
    const done = await ports.applier.apply(passing, id, signal);
    return { ...done, heldBack: kept, id };
  });
  return kept.length > 0
    ? { outcome: 'applied', reason: `Held back: ${kept.join(', ')}.`, hint: later }
    : { outcome: 'applied' };
}

async function approveHeld(
  run: Run,
  key: string,
  changes: readonly FileChange[],
  verdicts: readonly GateVerdict[],
): Promise<void> {
  for (const verdict of verdicts) {
    if (verdict.verdict !== 'held') continue;
    if (isApproved(run, verdict)) continue;
    const change = changes.find((c) => c.path === verdict.path);
    const diff = diffOf(change);
    const { content } = verdict;
    await run.step(`${key}/held/${verdict.path}`, 'stop.answered', { content }, (emit) =>
      approval(run, emit, verdict, diff),
    );
  }
}

/** A part of a checked change is not checked: the checks run on it before it is applied. */
async function subsetProblem(
  run: Run,
  key: string,
  base: EventOf<'base.taken'>,
  tree: string,
  kept: readonly string[],
): Promise<string | undefined> {
  if (run.input.team.checks.length === 0) return undefined;
  const part = await run.ports.workspaces.restore(tree, base.tree, base.commit, kept, run.signal);
  const checks = await changeChecks(run, 'part', {
    key: `${key}/checks`,
    base,
    landed: part,
    red: await baseChecks(run, base),
  });
  const red = redOf(checks).map((r) => r.name);
  return red.length > 0
    ? `Without the files that the gate keeps back (${kept.join(', ')}) the checks are red: ${red.join(', ')}. Nothing was applied.`
    : undefined;
}

async function wanted(run: Run, key: string, files: number, kept: readonly string[]): Promise<boolean> {
  const { person } = run.ports;
  const question = `Apply the change to ${files} ${files === 1 ? 'file' : 'files'}${kept.length > 0 ? `, keeping back ${kept.join(', ')}` : ''}?`;
  const answered = await run.step(`${key}/stop`, 'stop.answered', null, async (emit) => {
    await emit({ type: 'stop.asked', stop: 'apply', question });
    const answer = await run.pauseClock(() => person.decide({ stop: 'apply', question }, run.signal));
    return {
      stop: 'apply',
      // There is nothing to amend here: what is kept and undone is the review's.
      answer: answer === 'go' ? ('go' as const) : ('stop' as const),
      by: answer === 'nobody' ? 'nobody there to ask' : person.name,
    };
  });
  return answered.answer === 'go';
}

/** The review phase of a run that comes to its end. */
export async function reviewPhase(run: Run, n: number): Promise<ReviewResult> {
  let result: ReviewResult = { outcome: 'ready' };
  await phase(run, 'review', async () => {
    result = await review(run, { n, ask: true });
    return result.outcome;
  });
  return result;
}

import type { FileChange } from '../change/change.ts';
import { hunksOf } from '../change/hunks.ts';
import { UserError } from '../errors.ts';
import { decisionsOf } from '../review/decisions.ts';
import { planPart } from '../review/part.ts';
import { finalId } from '../review/review.ts';
import { checkedOf, shownOf } from '../review/summary.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { redOf } from '../run/reds.ts';
import { baseChecks, changeChecks } from './checks.ts';
import { writePages } from './pages.ts';
import { reportOf } from './report.ts';
import { pour, type ReviewResult } from './review.ts';

/** The end of the person's review: what was kept goes into the person's files, or is checked first. */

interface Tree {
  readonly commit: string;
  readonly tree: string;
}

interface Reviewed {
  readonly base: EventOf<'base.taken'>;
  readonly ledger: EventOf<'ledger.made'>;
  readonly whole: Tree;
}

/** What is reviewed. Throws `UserError` where there is nothing to review, or all is written already. */
export function reviewed(run: Run): Reviewed {
  const { base, ledger, integration, applied, undone } = run.state();
  if (!base || !ledger || !integration || !ledger.balanced)
    throw new UserError('no-review', 'This run has no change that could be reviewed.', {
      hint: '`orchestra show` says how far it came.',
    });
  if (applied && !undone)
    throw new UserError('already-applied', 'The change of this run is applied already.', {
      hint: 'Take it back first: `orchestra apply --undo`.',
    });
  return { base, ledger, whole: { commit: integration.commit, tree: integration.tree } };
}

/** The tree of just these hunks of the final change, as a commit upon the base. */
async function partTree(run: Run, { base, ledger, whole }: Reviewed, chosen: readonly string[]): Promise<Tree> {
  if (chosen.length === ledger.hunks.length) return whole;
  const { workspaces, hash } = run.ports;
  const sorted = chosen.toSorted();
  return run.step(
    `review/part/${hash(JSON.stringify([ledger.tree, sorted])).slice(0, 16)}`,
    'review.part',
    null,
    async () => {
      const files: FileChange[] = await workspaces.changes(base.tree, ledger.tree, run.signal);
      const hunks = hunksOf(finalId, files);
      const paths = new Map(hunks.map((hunk) => [hunk.id, hunk.path]));
      const { restore, write } = planPart(files, hunks, new Set(sorted));
      let at: Tree = { tree: ledger.tree, commit: base.commit };
      if (restore.length > 0) at = await workspaces.restore(at.tree, base.tree, base.commit, restore, run.signal);
      if (write.length > 0) at = await workspaces.withFiles(at.tree, base.commit, [...write], run.signal);
      // A file in a folder's place: without the one half the other cannot be.
      const made = new Set((await workspaces.changes(base.tree, at.tree, run.signal)).map((file) => file.path));
      const chosenPaths = new Set(sorted.map((id) => paths.get(id)));
      const lost = files.map((file) => file.path).filter((path) => made.has(path) !== chosenPaths.has(path));
      if (lost.length > 0)
        throw new UserError('inseparable', `These files can only be kept or undone together: ${lost.join(', ')}.`, {
          hint: 'One stands where the other needs a folder. Decide both the same way.',
        });
      await workspaces.keep(run.input.run, [at.commit], run.signal);
      return { of: ledger.tree, hunks: sorted, commit: at.commit, tree: at.tree };
    },
  );
}

/** Runs the checks on the hunks that are not undone. The result says what is red. */
export async function checkReview(run: Run): Promise<ReviewResult> {
  const at = reviewed(run);
  return checkPart(run, at, await partTree(run, at, shownOf(run.state())));
}

/** The checks on a tree of the review, each time anew. */
export async function checkPart(run: Run, { base }: Pick<Reviewed, 'base'>, part: Tree): Promise<ReviewResult> {
  const checks = await changeChecks(run, `review:${part.tree.slice(0, 12)}`, {
    // The person may want it once more: a check can be red by accident.
    key: `review/checks/${run.state().seq}`,
    base,
    landed: part,
    red: await baseChecks(run, base),
  });
  const red = redOf(checks).map((r) => r.name);
  const not = checks.results.find((r) => r.result === 'not-run');
  if (red.length > 0) return { outcome: 'ready', reason: `The checks are red: ${red.join(', ')}.` };
  return { outcome: 'ready', ...(not && { reason: `${not.name} was not run: ${not.reason ?? ''}` }) };
}

export interface Finishing {
  /** What becomes of hunks that nobody decided about. */
  readonly rest: 'keep' | 'undo';
  /** Check a part before it is applied, and do not apply it when it is red. */
  readonly check: boolean;
}

/** Applies what was kept, all of it or nothing, and journals what was not as rejected by the person. */
export async function finishReview(run: Run, { rest, check }: Finishing): Promise<ReviewResult> {
  const at = reviewed(run);
  const { base, ledger } = at;
  const by = run.ports.person.name;
  const time = `review/finish/${run.state().seq}`;
  const decisions = decisionsOf(run.state().review);
  const open = ledger.hunks.map((hunk) => hunk.id).filter((id) => !decisions.has(id));
  if (open.length > 0) {
    await run.step(`${time}/rest`, 'review.decided', null, async () => ({
      tree: ledger.tree,
      hunks: open,
      decision: rest,
      by,
    }));
    for (const id of open) decisions.set(id, rest);
  }
  const kept = ledger.hunks.map((hunk) => hunk.id).filter((id) => decisions.get(id) === 'keep');
  const dropped = ledger.hunks.map((hunk) => hunk.id).filter((id) => decisions.get(id) === 'undo');
  let result: ReviewResult = { outcome: 'ready', reason: 'You kept nothing of it: nothing was written.' };
  if (kept.length > 0) {
    const part = await partTree(run, at, kept);
    if (check && dropped.length > 0 && run.input.team.checks.length > 0) {
      const checked = await checkPart(run, at, part);
      if (checked.reason !== undefined) return { ...checked, hint: 'Nothing was applied.' };
    }
    result = await pour(run, time, { base, tree: part.tree, ask: false, check });
    if (result.outcome !== 'applied') return result;
  }
  const said = checkedOf(run.state(), kept);
  const checked = said === 'none' ? 'no' : said;
  await run.step(`${time}/finished`, 'review.finished', null, async () => ({
    tree: ledger.tree,
    kept,
    dropped,
    checked,
    by,
  }));
  await run.step(`${time}/report`, 'report.made', null, async () => ({ text: reportOf(run.state(), result) }));
  await writePages(run);
  return result;
}

import { UserError } from '../../core/errors.ts';
import { checkReview, type Finishing, finishReview } from '../../core/phases/finish.ts';
import { fixFinding } from '../../core/phases/fix.ts';
import { reviewWorkflow, type Workflow } from '../../core/phases/workflow.ts';
import type { Log } from '../../core/ports.ts';
import { canTakeBack, type Decision } from '../../core/review/decisions.ts';
import { findingsOf, textsOf } from '../../core/review/findings.ts';
import type { Now } from '../../core/review/propose.ts';
import { type Review, type ReviewFile, reviewOf, withPartners } from '../../core/review/review.ts';
import type { RunEvent } from '../../core/run/events.ts';
import { fold } from '../../core/run/fold.ts';
import type { RunState } from '../../core/run/state.ts';
import { openWorkspaces } from '../git/workspaces.ts';
import type { Host, RunResult } from '../host.ts';
import { journalPath, openJournal, readJournal } from '../run/journal.ts';
import type { Lease } from '../run/lease.ts';
import { nowOnDisk } from './now.ts';

/** What is reviewed, and what was decided about it so far. */
export interface ReviewReading {
  readonly state: RunState;
  readonly review: Review;
}

/**
 * The review of one run's change. Nothing is owned between two calls: each decision takes the run's lease for as long as it is written,
 * so any number of windows and terminals may show one review, and whoever decides is seen by all through the journal. While another
 * process is at work on the run, deciding throws `UserError` `run-owned`.
 */
export interface OpenReview {
  readonly run: string;
  /** The change as it is now. Throws `UserError` (`no-review`) when there is none. */
  read(signal: AbortSignal): Promise<ReviewReading>;
  /** Each half of a file as the person has it on disk, in the order of `file.changes`. */
  now(file: ReviewFile): Promise<Now[]>;
  /** Both halves of a rename are decided with either. Throws `UserError`: `changed-meanwhile`, `already-applied`, `unknown-hunk`. */
  decide(review: Review, hunks: readonly string[], decision: Decision, signal: AbortSignal): Promise<RunState>;
  /** Takes back the last decision; throws `UserError` (`nothing-to-take-back`). */
  takeBack(signal: AbortSignal): Promise<RunState>;
  dismiss(finding: string, signal: AbortSignal): Promise<RunState>;
  /** Writes all that was kept, through the gate, or nothing; `outcome` is `applied` then. */
  finish(how: Finishing, host: Host): Promise<RunResult>;
  /** Runs the checks on what is not undone. */
  check(host: Host): Promise<RunResult>;
  /** Asks the writer to mend what a reviewer found; its work joins the review. */
  fix(wish: { finding: string; words?: string }, host: Host): Promise<RunResult>;
}

export interface ReviewOptions {
  readonly root: string;
  readonly run: string;
  readonly folder: string;
  /** Who decides, as the journal says. */
  readonly by: string;
  readonly log: Log;
  owning<T>(signal: AbortSignal, work: (lease: Lease) => Promise<T>): Promise<T>;
  drive(workflow: Workflow, host: Host): Promise<RunResult>;
}

export function openReview(options: ReviewOptions): OpenReview {
  const { root, run, folder, by, log } = options;
  const stateNow = async (): Promise<RunState> => fold((await readJournal(journalPath(folder))).records);
  /** This process is one owner: what it does here, it does one after the other. */
  let last: Promise<unknown> = Promise.resolve();
  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => {});
    return mine;
  };
  /** Journals what `make` says of the state as it is by then. */
  const journaled = (signal: AbortSignal, make: (state: RunState) => RunEvent | undefined): Promise<RunState> =>
    alone(() =>
      options.owning(signal, async (lease) => {
        const journal = await openJournal(folder, { lease, now: Date.now });
        try {
          const state = fold(journal.records);
          const event = make(state);
          return event ? fold([await journal.append({ event })], state) : state;
        } finally {
          await journal.close();
        }
      }),
    );
  return {
    run,
    async read(signal) {
      const state = await stateNow();
      const { base, ledger } = state;
      if (!base || !ledger?.balanced) throw noReview(run);
      const workspaces = await openWorkspaces({ root, run, log, signal });
      try {
        const files = await workspaces.changes(base.tree, ledger.tree, signal);
        const textAt = await textsOf(state, (tree, path) => workspaces.read(tree, path, signal));
        const review = reviewOf(state, files, textAt);
        if (!review) throw noReview(run);
        return { state, review };
      } finally {
        await workspaces.close();
      }
    },
    now: (file) => Promise.all(file.changes.map((change) => nowOnDisk(root, change))),
    decide: (review, hunks, decision, signal) =>
      journaled(signal, (state) => {
        const { ledger } = open(state, run);
        if (ledger.tree !== review.tree)
          throw new UserError('changed-meanwhile', 'A fix has joined the change meanwhile.', {
            hint: 'Look at it as it is now, then decide.',
          });
        const known = new Set(ledger.hunks.map((hunk) => hunk.id));
        const all = withPartners(review, hunks);
        const unknown = all.filter((id) => !known.has(id));
        if (unknown.length > 0)
          throw new UserError('unknown-hunk', `There is no hunk ${unknown.join(', ')} in this change.`, {
            hint: `\`orchestra review ${run}\` lists them.`,
          });
        return all.length === 0 ? undefined : { type: 'review.decided', tree: ledger.tree, hunks: all, decision, by };
      }),
    takeBack: (signal) =>
      journaled(signal, (state) => {
        const { ledger } = open(state, run);
        if (!canTakeBack(state.review))
          throw new UserError('nothing-to-take-back', 'There is no decision to take back.');
        return { type: 'review.reverted', tree: ledger.tree, by };
      }),
    dismiss: (finding, signal) =>
      journaled(signal, (state) => {
        if (!findingsOf(state, [], () => undefined).some((one) => one.id === finding))
          throw new UserError('no-finding', `There is no finding ${finding} in this review.`);
        return { type: 'review.dismissed', finding, by };
      }),
    finish: (how, host) =>
      alone(() =>
        options.drive(
          reviewWorkflow((r) => finishReview(r, how), { timed: false }),
          host,
        ),
      ),
    check: (host) => alone(() => options.drive(reviewWorkflow(checkReview, { timed: false }), host)),
    fix: (wish, host) =>
      alone(() =>
        options.drive(
          reviewWorkflow((r) => fixFinding(r, wish), { timed: true }),
          host,
        ),
      ),
  };
}

/** The change that decisions can be made about. */
function open(state: RunState, run: string): { ledger: NonNullable<RunState['ledger']> } {
  const { ledger, applied, undone } = state;
  if (!ledger?.balanced) throw noReview(run);
  if (applied && !undone)
    throw new UserError('already-applied', `The change of run ${run} is applied already.`, {
      hint: 'Take it back first, then decide anew.',
    });
  return { ledger };
}

function noReview(run: string): UserError {
  return new UserError('no-review', `Run ${run} has no change that could be reviewed.`, {
    hint: '`orchestra show` says how far it came.',
  });
}

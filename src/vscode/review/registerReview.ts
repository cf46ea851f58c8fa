import * as vscode from 'vscode';
import { told } from '../host.ts';
import type { Parts } from '../parts.ts';
import { decideAll, decideFile, decideHunk, takeBack } from './commands/decide.ts';
import { dismissThread, fixThread, listFindings } from './commands/findings.ts';
import { check, finish, settleUnsaved } from './commands/finish.ts';
import { isReviewable, openAny, openFile, openMine, openReviewOf } from './commands/open.ts';
import { go } from './commands/walk.ts';
import { who } from './commands/who.ts';
import { followPerson } from './follow.ts';
import { openReviews } from './reviews.ts';
import type { reviewCommands } from './rows.ts';
import { targetOf } from './target.ts';

type ReviewCommand = (typeof reviewCommands)[number]['id'];

export interface ReviewPart {
  readonly handlers: { readonly [K in ReviewCommand]: (arg?: unknown) => Promise<unknown> };
  /** The documents of reviews. */
  readonly files: vscode.FileSystemProvider;
  readonly disposable: vscode.Disposable;
  /** Lets the person save what they have typed in files that an undo would touch; false when they go back. */
  settle(run: string): Promise<boolean>;
}

/** The review of merged changes in this window: documents, lenses, comments and what the commands do. */
export function registerReview(parts: Pick<Parts, 'session' | 'channel' | 'settings' | 'panelVisible'>): ReviewPart {
  const { session, channel, settings } = parts;
  const reviews = openReviews(parts);
  /** Keys can be pressed faster than the editor goes on: each of these begins where the one before has led. */
  let last: Promise<unknown> = Promise.resolve();
  const step = (work: () => Promise<unknown>): Promise<unknown> => {
    const mine = last.then(work, work);
    last = mine;
    return mine;
  };
  return {
    files: reviews.files,
    disposable: vscode.Disposable.from(
      reviews.disposable,
      followPerson(reviews),
      // A run of this window that became ready is reviewed at once.
      session.onRecord(({ event }, run) => {
        if (event.type !== 'run.ended' || event.outcome !== 'ready' || reviews.isDriving(run)) return;
        const { shown } = session.view();
        if (shown?.run !== run || shown.driven !== 'here' || !isReviewable(shown.state) || !settings().openReview)
          return;
        void told(channel, () => openReviewOf(reviews, run));
      }),
    ),
    async settle(run) {
      const project = await session.project();
      const applied = project && (await project.show(run)).state.applied;
      return !project || !applied || settleUnsaved(project.root, applied.files);
    },
    handlers: {
      'orchestra.review.open': async (arg) =>
        openAny(reviews, session, typeof arg === 'string' ? arg : targetOf(arg).run),
      'orchestra.review.openFile': async (arg) => openFile(reviews, targetOf(arg)),
      'orchestra.review.keepHunk': async (arg) => step(() => decideHunk(reviews, targetOf(arg), 'keep')),
      'orchestra.review.undoHunk': async (arg) => step(() => decideHunk(reviews, targetOf(arg), 'undo')),
      'orchestra.review.keepFile': async (arg) => decideFile(reviews, targetOf(arg), 'keep'),
      'orchestra.review.undoFile': async (arg) => decideFile(reviews, targetOf(arg), 'undo'),
      'orchestra.review.keepAll': async (arg) => decideAll(reviews, targetOf(arg), 'keep'),
      'orchestra.review.undoAll': async (arg) => decideAll(reviews, targetOf(arg), 'undo'),
      'orchestra.review.takeBack': async (arg) => takeBack(reviews, targetOf(arg)),
      'orchestra.review.previousHunk': async (arg) => step(() => go(reviews, targetOf(arg), -1)),
      'orchestra.review.nextHunk': async (arg) => step(() => go(reviews, targetOf(arg), 1)),
      'orchestra.review.check': async (arg) => check(reviews, targetOf(arg)),
      'orchestra.review.finish': async (arg) => finish(reviews, targetOf(arg)),
      'orchestra.review.mine': async (arg) => openMine(reviews, targetOf(arg)),
      'orchestra.review.who': async (arg) => who(reviews, session.view().titles, targetOf(arg)),
      'orchestra.review.findings': async (arg) => listFindings(reviews, targetOf(arg)),
      'orchestra.review.fix': async (arg) => fixThread(reviews, arg),
      'orchestra.review.dismiss': async (arg) => dismissThread(reviews, arg),
    },
  };
}

import { UserError } from '../../../core/errors.ts';
import type { Decision } from '../../../core/review/decisions.ts';
import { decidedWords } from '../../../core/words/review.ts';
import { plural } from '../../../core/words/words.ts';
import { isAlone } from '../editors.ts';
import type { Reviews } from '../reviews.ts';
import { hunksIn, openFindings, type ShownFile, type ShownReview } from '../shown.ts';
import type { Target } from '../target.ts';
import { go, hunkNow } from './walk.ts';

/** Keeping and undoing: a hunk, a file, all. */

/** How long a decision may wait for the run's lease, in milliseconds. */
const patience = 30_000;

/** The hunks that are named, or the one at the cursor. */
export async function decideHunk(reviews: Reviews, target: Target, decision: Decision): Promise<void> {
  const shown = await reviews.wanted(target);
  await decide(reviews, shown, target.hunks ?? [hunkNow(reviews, shown).hunk.id], decision);
  // By the keyboard one goes on to the next.
  if (!target.hunks && isAlone()) await go(reviews, { run: shown.run }, 1);
}

/** The file that is named, or the one in the active editor. */
export async function decideFile(reviews: Reviews, target: Target, decision: Decision): Promise<void> {
  const shown = await reviews.wanted(target);
  const path = target.path ?? reviews.here()?.path;
  const file = path === undefined ? undefined : shown.file(path);
  if (!file) throw new UserError('no-file', 'No file of the review is in the active editor.');
  await decide(reviews, shown, decidable(file, decision), decision);
}

export async function decideAll(reviews: Reviews, target: Target, decision: Decision): Promise<void> {
  const shown = await reviews.wanted(target);
  const hunks = shown.files().flatMap((file) => decidable(file, decision));
  await decide(reviews, shown, hunks, decision);
}

/** Takes back the last decision. */
export async function takeBack(reviews: Reviews, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  await shown.take(await shown.open.takeBack(AbortSignal.timeout(patience)));
  reviews.say(decidedWords(shown.state(), []));
}

/** Lets a finding of a reviewer go. */
export async function dismiss(reviews: Reviews, shown: ShownReview, finding: string): Promise<void> {
  await shown.take(await shown.open.dismiss(finding, AbortSignal.timeout(patience)));
  reviews.say(`Dismissed: ${plural(openFindings(shown).length, 'finding')} left open`);
}

async function decide(
  reviews: Reviews,
  shown: ShownReview,
  hunks: readonly string[],
  decision: Decision,
): Promise<void> {
  const stuck = hunksIn(shown).find(({ hunk, place }) => place.state === 'conflict' && hunks.includes(hunk.id));
  if (decision === 'keep' && stuck)
    throw new UserError('apply-conflict', `${stuck.hunk.path}: ${stuck.place.why ?? 'it does not fit your file'}.`, {
      hint: 'Settle it in your file first, or leave yours.',
    });
  await shown.take(await shown.open.decide(shown.review(), hunks, decision, AbortSignal.timeout(patience)));
  reviews.say(decidedWords(shown.state(), hunks, decision));
}

/** Of a file the hunks that a decision can be made about: none is kept that does not fit. */
function decidable(file: ShownFile, decision: Decision): string[] {
  return file.all.filter(({ place }) => decision === 'undo' || place.state !== 'conflict').map(({ hunk }) => hunk.id);
}

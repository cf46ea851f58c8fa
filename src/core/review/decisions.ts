import type { Hunk } from '../change/change.ts';
import type { ReviewState } from '../run/state.ts';

/** What the person decided, hunk by hunk. */

export type Decision = 'keep' | 'undo';

/** The decision that stands for each hunk; hunks without one are undecided. */
export function decisionsOf(review: Pick<ReviewState, 'decided'>): Map<string, Decision> {
  const standing = new Map<string, Decision>();
  for (const { hunks, decision } of review.decided) for (const hunk of hunks) standing.set(hunk, decision);
  return standing;
}

/** True when there is a decision that can be taken back. */
export function canTakeBack(review: Pick<ReviewState, 'decided' | 'carried'>): boolean {
  return review.decided.length > review.carried;
}

/** What makes a hunk the same one in a change that has grown: all of it but its id. */
function likeness({ path, kind, start, removed, added, before, after }: Hunk): string {
  return JSON.stringify([path, kind, start, removed, added, before, after]);
}

/** The decisions of a change for the hunks of the one that it became: where a hunk stayed as it was, so does what was decided. */
export function carriedOver(
  decisions: ReadonlyMap<string, Decision>,
  before: readonly Hunk[],
  after: readonly Hunk[],
): { kept: string[]; undone: string[] } {
  const known = new Map(before.flatMap((hunk) => [[likeness(hunk), decisions.get(hunk.id)] as const]));
  const of = (decision: Decision): string[] =>
    after.filter((hunk) => known.get(likeness(hunk)) === decision).map((hunk) => hunk.id);
  return { kept: of('keep'), undone: of('undo') };
}

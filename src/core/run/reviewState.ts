import type { RunEvent } from './events.ts';
import type { ReviewState, RunState } from './state.ts';

/** What the person's review does to a run's state. */

/** The review goes on: what was kept and dropped at its last end says nothing about the change as it is now. */
export const unfinished = (review: ReviewState): ReviewState => ({ ...review, finished: undefined });

export const noReview: ReviewState = { decided: [], carried: 0, dismissed: [], joined: [], parts: [] };

/** Undefined for an event that is not about the review. What was decided about another tree than the one that stands changes nothing. */
export function patchOfReview(s: RunState, e: RunEvent): Partial<RunState> | undefined {
  const { review } = s;
  const stands = (tree: string): boolean => s.ledger?.tree === tree;
  switch (e.type) {
    case 'review.decided': {
      if (!stands(e.tree)) return {};
      const { hunks, decision } = e;
      return { review: { ...unfinished(review), decided: [...review.decided, { hunks, decision }] } };
    }
    case 'review.reverted':
      return stands(e.tree) && review.decided.length > review.carried
        ? { review: { ...unfinished(review), decided: review.decided.slice(0, -1) } }
        : {};
    case 'review.dismissed':
      return review.dismissed.includes(e.finding)
        ? {}
        : { review: { ...review, dismissed: [...review.dismissed, e.finding] } };
    case 'review.joined': {
      if (!stands(e.onto) || !s.ledger) return {};
      const { commit, tree, entries, hunks, kept, undone } = e;
      const decided = [
        { hunks: kept, decision: 'keep' as const },
        { hunks: undone, decision: 'undo' as const },
      ].filter((d) => d.hunks.length > 0);
      return {
        ledger: { ...s.ledger, tree, entries, hunks },
        ...(s.integration && { integration: { ...s.integration, commit, tree } }),
        review: {
          ...unfinished(review),
          decided,
          carried: decided.length,
          parts: [],
          joined: [...review.joined, e],
        },
      };
    }
    case 'review.part':
      return stands(e.of) ? { review: { ...review, parts: [...review.parts, e] } } : {};
    case 'review.finished':
      return stands(e.tree) ? { review: { ...review, finished: e } } : {};
    default:
      return undefined;
  }
}

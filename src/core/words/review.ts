import type { EventOf } from '../run/events.ts';
import { plural } from './words.ts';

type ReviewEvent = EventOf<
  'review.decided' | 'review.reverted' | 'review.dismissed' | 'review.joined' | 'review.finished'
>;

/** What the person did in the review, in one line. */
export function reviewWords(event: ReviewEvent): string {
  switch (event.type) {
    case 'review.decided': {
      const which = event.hunks.length > 3 ? '' : `: ${event.hunks.map((id) => id.replace(/^final:/, '')).join(', ')}`;
      return `${plural(event.hunks.length, 'hunk')} ${event.decision === 'keep' ? 'kept' : 'undone'} by ${event.by}${which}`;
    }
    case 'review.reverted':
      return `the last decision was taken back by ${event.by}`;
    case 'review.dismissed':
      return `${event.finding} dismissed by ${event.by}`;
    case 'review.joined':
      return `${event.change} of ${event.role} joined, for ${event.finding}: ${event.summary}`;
    case 'review.finished': {
      const checked = { green: 'checked', red: 'checks red', no: 'not checked' }[event.checked];
      return `finished by ${event.by}: ${event.kept.length} kept, ${event.dropped.length} not, ${checked}`;
    }
  }
}

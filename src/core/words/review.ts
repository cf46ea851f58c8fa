import type { EventOf } from '../run/events.ts';
import { type Decision, decisionsOf } from '../review/decisions.ts';
import type { RunState } from '../run/state.ts';
import type { Credit, Opinion, Writer } from '../review/credit.ts';
import { shortId } from '../review/review.ts';
import type { Checked } from '../review/summary.ts';
import { oneLine } from './plain.ts';
import { plural } from './words.ts';

type ReviewEvent = EventOf<
  'review.decided' | 'review.reverted' | 'review.dismissed' | 'review.joined' | 'review.finished'
>;

/** What the person did in the review, in one line. */
export function reviewWords(event: ReviewEvent): string {
  switch (event.type) {
    case 'review.decided': {
      const which = event.hunks.length > 3 ? '' : `: ${event.hunks.map(shortId).join(', ')}`;
      return `${plural(event.hunks.length, 'hunk')} ${event.decision === 'keep' ? 'kept' : 'undone'} by ${event.by}${which}`;
    }
    case 'review.reverted':
      return `the last decision was taken back by ${event.by}`;
    case 'review.dismissed':
      return `${event.finding} dismissed by ${event.by}`;
    case 'review.joined':
      return `${event.change} of ${event.role} joined, for ${event.finding}: ${event.summary}`;
    case 'review.finished': {
      const { by, kept, dropped, checked } = event;
      return `finished by ${by}: ${kept.length} kept, ${dropped.length} not, ${checkedWords[checked]}`;
    }
  }
}

/** What was just decided about hunks, and how much of the review is decided by now; without a decision: the last one was taken back. */
export function decidedWords(state: RunState, hunks: readonly string[], decision?: Decision): string {
  const all = state.ledger?.hunks ?? [];
  const decisions = decisionsOf(state.review);
  const far = `${all.filter(({ id }) => decisions.has(id)).length} of ${plural(all.length, 'hunk')} decided`;
  if (decision === undefined) return `Taken back: ${far}`;
  const [path = '', ...more] = new Set(all.filter(({ id }) => hunks.includes(id)).map((hunk) => hunk.path));
  const where = more.length > 0 ? plural(more.length + 1, 'file') : oneLine(path);
  return `${decision === 'keep' ? 'Kept' : 'Undone'}: ${plural(hunks.length, 'hunk')} of ${where}, ${far}`;
}

/** Who wrote a hunk, who judged it and what they said, in one line: `Implementer (GPT-5-Codex high) · Reviewer: fine · Security: "use timingSafeEqual" ✓`. */
export function creditWords(credit: Credit, titles: Readonly<Record<string, string>>, most = Infinity): string {
  const writers = credit.writers.map((writer) => writerWords(writer, titles));
  const told = [writers.join(', ') || 'nobody known', ...credit.opinions.map(opinionWords)];
  const shown = told.slice(0, most);
  const more = told.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(' · ');
}

function writerWords(
  { title, model, effort, did, scripted }: Writer,
  titles: Readonly<Record<string, string>>,
): string {
  const name =
    model === undefined
      ? ''
      : ` (${oneLine(titles[model] ?? model)}${effort === undefined ? '' : ` ${effort}`}${scripted ? ', scripted' : ''})`;
  const how = { wrote: '', resolved: ' resolved', integrated: ' integrated', fixed: ' mended' }[did];
  return `${oneLine(title)}${name}${how}`;
}

function opinionWords({ title, verdict, says, done }: Opinion): string {
  if (says === undefined) return `${oneLine(title)}: ${verdict === 'fine' ? 'fine' : 'needs work'}`;
  const said = oneLine(says);
  return `${oneLine(title)}: "${said.length > 60 ? `${said.slice(0, 59)}…` : said}"${done ? ' ✓' : ''}`;
}

/** What the checks said of what is kept. */
export const checkedWords: Readonly<Record<Checked, string>> = {
  green: 'checked',
  red: 'checks red',
  no: 'not checked',
  none: 'no checks',
};

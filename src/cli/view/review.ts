import { decisionsOf } from '../../core/review/decisions.ts';
import { type Review, type ReviewFile, type ReviewHunk, shortId } from '../../core/review/review.ts';
import { checkedOf, shownOf } from '../../core/review/summary.ts';
import type { RunState } from '../../core/run/state.ts';
import { oneLine } from '../../core/words/plain.ts';
import { checkedWords, creditWords } from '../../core/words/review.ts';
import { plural } from '../../core/words/words.ts';
import { clip, dots, type Look, paint, spread, wrap } from './look.ts';

/** The hunks of a change by file: what was decided, where each stands, and who stands behind it. */
export function reviewLines({ state, review }: { state: RunState; review: Review }, run: string, look: Look): string[] {
  const decisions = decisionsOf(state.review);
  const all = review.files.flatMap((file) => file.hunks);
  const count = (decision: string): number => all.filter(({ id }) => decisions.get(id) === decision).length;
  const open = review.findings.filter((finding) => finding.state === 'open');
  return [
    ...spread(look, paint(look, 'bold', `Review of ${oneLine(state.title)}`), run),
    ...review.files.flatMap((file) => ['', ...fileLines(file, decisions, look)]),
    ...(open.length > 0 ? ['', paint(look, 'bold', 'Open findings')] : []),
    ...open.flatMap((finding) =>
      wrap(
        look,
        `${oneLine(finding.title)}, ${finding.severity}: ${oneLine(finding.claim)}${finding.path === undefined ? '' : ` (${oneLine(finding.path)})`}`,
        '  ',
        '    ',
      ),
    ),
    '',
    dots(
      look,
      plural(all.length, 'hunk'),
      `${count('keep')} kept`,
      `${count('undo')} undone`,
      checkedWords[checkedOf(state, shownOf(state))],
    ),
  ];
}

function fileLines(file: ReviewFile, decisions: ReadonlyMap<string, string>, look: Look): string[] {
  const from = file.from === undefined ? '' : ` (was ${oneLine(file.from)})`;
  const gate = file.gate ? `${file.gate.verdict}: ${oneLine(file.gate.reason ?? '')}` : undefined;
  return [
    clip(look, dots(look, paint(look, 'bold', `${oneLine(file.path)}${from}`), file.kind, gate)),
    ...file.hunks.flatMap((hunk) => hunkLines(hunk, decisions.get(hunk.id), look)),
  ];
}

function hunkLines(hunk: ReviewHunk, decision: string | undefined, look: Look): string[] {
  const name = oneLine(shortId(hunk.id));
  const size =
    hunk.kind === 'text'
      ? `line ${(hunk.start ?? 0) + 1}, +${hunk.added?.length ?? 0} -${hunk.removed?.length ?? 0}`
      : hunk.kind;
  const word = decision === 'keep' ? 'kept' : decision === 'undo' ? 'undone' : undefined;
  return [
    clip(look, `  ${dots(look, name, size, hunk.note, word)}`),
    ...wrap(look, creditWords(hunk.credit, look.titles ?? {}), '      ', '      ').map((line) =>
      paint(look, 'dim', line),
    ),
  ];
}

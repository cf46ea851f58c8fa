import { oneLine, plain } from '../../core/words/plain.ts';
import { clock } from '../../core/words/words.ts';
import type { FoundMessage } from '../../node/memory/messages.ts';
import { clip, glyph, paint, wrap, type Look } from './look.ts';

/** How much of a message is shown where not all of it is wanted. */
const linesMost = 4;

/** A message for people: who said what to whom, and its text, or the beginning of it. */
export function messageLines(message: FoundMessage, look: Look, options: { full: boolean }): string[] {
  const { seq, from, to, kind, re, verified, at, subject, body } = message;
  const time = Number.isNaN(Date.parse(at)) ? '--:--' : clock(Date.parse(at));
  const who = `${oneLine(from)}${verified ? '' : ' (unproved)'} ${glyph(look, 'arrow')} ${to.map(oneLine).join(', ') || 'all'}`;
  const answers = re === undefined ? '' : ` on #${Number(re.split('-').at(-1))}`;
  const head = `${`#${seq}`.padEnd(5)}${time}  ${paint(look, 'bold', who)}  ${paint(look, 'dim', `${oneLine(kind)}${answers}:`)} ${oneLine(subject)}`;
  // What begins with its subject need not say it twice.
  const text = plain(body).trim();
  const first = plain(subject).trim();
  const rest =
    (text.split('\n', 1)[0] ?? '').trim() === first ? text.slice(text.indexOf(first) + first.length).trim() : text;
  const lines = rest === '' ? [] : wrap(look, rest, '       ');
  const shown = options.full ? lines : lines.slice(0, linesMost);
  const left = lines.length - shown.length;
  return [
    ...(options.full ? wrap(look, head, '', '       ') : [clip(look, head)]),
    ...shown,
    ...(left > 0
      ? [paint(look, 'dim', `       ${glyph(look, 'more')} ${left} more ${left === 1 ? 'line' : 'lines'}`)]
      : []),
  ];
}

import type { RunState } from '../../core/run/state.ts';
import { clip, glyph, paint, type Look } from './look.ts';
import { oneLine } from '../../core/words/plain.ts';
import { columnsOf, phaseLine, roleRows, type Live } from './rows.ts';
import { spentWords } from './words.ts';
import { between } from '../../core/words/words.ts';

/** What wants the person, first and alone in the accent colour. `where` says how to answer, if not here. */
function wantLines(state: RunState, look: Look, where = ''): string[] {
  const lines: string[] = [];
  const say = (text: string) =>
    lines.push(paint(look, 'accent', clip(look, `${glyph(look, 'wants')} ${text}${where}`)));
  if (state.stop !== undefined) say(oneLine(state.stop.question));
  for (const asked of state.permissions) say(`${oneLine(asked.role)} asks: ${oneLine(asked.title)}`);
  return lines;
}

/** The part of the picture that is redrawn: what wants the person, the phase under way, its roles, what was spent. */
export function workingLines(
  state: RunState,
  live: Live,
  look: Look,
  options: { where?: string; height?: number } = {},
): string[] {
  const phase = state.phase;
  if (phase === undefined || state.outcome !== undefined) return [];
  const wants = wantLines(state, look, options.where);
  const current = state.phases[phase];
  const footer = paint(
    look,
    'dim',
    clip(look, `  ${spentWords(look, state, activeNow(state, live.now), look.width - 2)}`),
  );
  if (current?.state !== 'working') return wants.length > 0 ? [...wants, footer] : [footer];
  const title = phaseLine(
    look,
    columnsOf(state, look),
    glyph(look, 'working'),
    phase,
    between(current.startedAt, live.now),
  );
  const rows = roleRows(state, phase, live, look);
  const calls = Object.values(state.calls);
  const begun = calls.some((call) => call.phase === phase);
  if (wants.length === 0 && begun && !calls.some((call) => call.state === 'working' || call.state === 'waiting'))
    rows.push(paint(look, 'dim', clip(look, '  no model is at work: git and checks')));
  return fold([...wants, ...title], rows, [footer], options.height, look);
}

/** Rows that the terminal has no room for are counted instead of drawn: what scrolls away cannot be redrawn. */
function fold(head: string[], rows: string[], foot: string[], height: number | undefined, look: Look): string[] {
  const room = (height ?? Number.POSITIVE_INFINITY) - head.length - foot.length;
  if (rows.length <= room) return [...head, ...rows, ...foot];
  const shown = rows.slice(0, Math.max(0, room - 1));
  const rest = paint(
    look,
    'dim',
    clip(look, `  ${glyph(look, 'more')} ${rows.length - shown.length} more lines than fit here`),
  );
  return [...head, ...shown, rest, ...foot].slice(0, Math.max(1, height ?? 1));
}

/** Milliseconds of work so far: the fold's, and what passed since its last event unless the person is being waited for. */
function activeNow(state: RunState, now: number): number {
  if (state.stop !== undefined || state.outcome !== undefined || state.lastAt === '') return state.activeMs;
  return state.activeMs + between(state.lastAt, now);
}

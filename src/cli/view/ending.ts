import type { GateVerdict } from '../../core/change/change.ts';
import type { RunState } from '../../core/run/state.ts';
import { clip, dots, glyph, paint, spread, wrap, type Glyph, type Look } from './look.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { prose } from './team.ts';
import { spentWords } from './words.ts';
import { plural } from '../../core/words/words.ts';

/** What the gate says: how many files pass, each held or refused file with its reason. */
export function gateLines(files: readonly GateVerdict[], look: Look): string[] {
  const held = files.filter((file) => file.verdict === 'held');
  const refused = files.filter((file) => file.verdict === 'refused');
  const tally = [
    plural(files.length - held.length - refused.length, 'file passes', 'files pass'),
    held.length > 0 ? paint(look, 'accent', `${held.length} held for you`) : '',
    refused.length > 0 ? paint(look, 'red', `${refused.length} refused`) : '',
  ];
  const lines = [clip(look, `${paint(look, 'bold', 'Gate')}  ${dots(look, ...tally)}`)];
  for (const file of [...held, ...refused])
    lines.push(
      ...wrap(
        prose(look),
        `${file.verdict}  ${oneLine(file.path)}: ${oneLine(file.reason ?? file.code ?? '')}`,
        '  ',
        '    ',
      ),
    );
  return lines;
}

/** The report, its Markdown kept as text: headings stand out, the rest is wrapped. Sections of these titles are left out. */
export function reportLines(report: string, look: Look, without: readonly string[] = []): string[] {
  const text = prose(look);
  let left = false;
  return plain(report)
    .trim()
    .split('\n')
    .flatMap((line) => {
      const heading = /^#{1,6}\s+(.*)$/.exec(line)?.[1];
      if (heading !== undefined) left = without.includes(heading.trim());
      if (left) return [];
      if (heading !== undefined) return [paint(look, 'bold', clip(text, heading))];
      const [, lead = ''] = /^(\s*(?:[-*]\s+|\d+[.)]\s+)?)/.exec(line) ?? [];
      return wrap(text, line.slice(lead.length), lead.slice(0, 16));
    });
}

const endings: Record<NonNullable<RunState['outcome']>, { sign: Glyph; word: string }> = {
  applied: { sign: 'done', word: 'applied' },
  ready: { sign: 'done', word: 'ready, not applied' },
  stopped: { sign: 'stopped', word: 'stopped' },
  failed: { sign: 'failed', word: 'failed' },
  spent: { sign: 'stopped', word: 'stopped: the budget is spent' },
};

/** The end of a run: outcome, why, what it cost, and what the person can do now, unless the run is not to be kept (`hint: false`). */
export function endLines(state: RunState, run: string, look: Look, options: { hint?: boolean } = {}): string[] {
  const { outcome, reason } = state;
  if (outcome === undefined) return [];
  const { sign, word } = endings[outcome];
  const files = state.applied && outcome === 'applied' ? `  ${plural(state.applied.files.length, 'file')}` : '';
  const style = outcome === 'failed' ? 'red' : 'bold';
  const lines = spread(
    look,
    paint(look, style, `${glyph(look, sign)} ${word}`) + files,
    spentWords(look, state, state.activeMs, look.width - 2),
    Math.min(look.width, 110),
  );
  if (reason !== undefined && oneLine(reason) !== '') lines.push(...wrap(prose(look), oneLine(reason), '  '));
  for (const path of state.applied?.heldBack ?? []) lines.push(clip(look, `  held back: ${oneLine(path)}`));
  if (options.hint === false) return lines;
  const hint = state.hint === undefined ? nextStep(outcome, run) : oneLine(state.hint);
  if (hint !== '') lines.push(...wrap(prose(look), hint, '  '));
  return lines;
}

function nextStep(outcome: NonNullable<RunState['outcome']>, run: string): string {
  switch (outcome) {
    case 'applied':
      return `orchestra show ${run}  shows all of it; orchestra apply ${run} --undo  takes it back`;
    case 'ready':
      return `orchestra show ${run} --diff  shows the change; orchestra apply ${run}  applies it`;
    case 'stopped':
    case 'failed':
      return `orchestra resume ${run}  goes on from here`;
    case 'spent':
      return `orchestra resume ${run} --budget …  goes on with more`;
  }
}

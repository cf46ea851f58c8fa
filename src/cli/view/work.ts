import type { CheckResult, EventOf, FileStat } from '../../core/run/events.ts';
import { redOf } from '../../core/run/reds.ts';
import type { ChangeState, RunState } from '../../core/run/state.ts';
import { cell, clip, dots, glyph, indented, paint, widthOf, wrap, type Look } from './look.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { prose } from './team.ts';
import { duration, plural } from '../../core/words/words.ts';

/** `3 files +120 −4`. */
export function statWords(look: Look, files: readonly FileStat[]): string {
  const sum = (key: 'added' | 'removed') => files.reduce((total, file) => total + file[key], 0);
  return `${plural(files.length, 'file')} +${sum('added')} ${glyph(look, 'minus')}${sum('removed')}`;
}

const resultStyle = { green: 'green', red: 'red', 'not-run': 'dim' } as const;

/** One check in words: `test green 0:04`. */
function checkWords(look: Look, check: CheckResult, excused: boolean): string {
  const result = paint(look, resultStyle[check.result], check.result === 'not-run' ? 'not run' : check.result);
  const time = check.result === 'not-run' ? '' : ` ${duration(check.ms)}`;
  return `${oneLine(check.name)} ${result}${time}${excused ? ' (red before, judges nobody)' : ''}`;
}

/** What was checked, as a person says it. */
export function checkedWhat(on: string): string {
  if (on === 'base') return 'the base';
  if (on === 'merged') return 'the merged change';
  if (on === 'part') return 'the part that goes in';
  if (on.startsWith('review:')) return 'what you keep';
  if (on === 'final') return 'the final change';
  return oneLine(on.replace(/^change:/, ''));
}

/** The checks of one tree; the last lines of what is red stand below. `tail`: how many of them. */
export function checkLines(event: EventOf<'checks.ended'>, look: Look, options: { tail?: number } = {}): string[] {
  if (event.results.length === 0) return [`Checks of ${checkedWhat(event.on)}: there are none`];
  const each = event.results.map((check) => checkWords(look, check, event.excused.includes(check.name)));
  const lines = wrap(prose(look), `Checks of ${checkedWhat(event.on)}: ${dots(look, ...each)}`, '', '  ');
  for (const check of event.results) {
    if (check.result === 'not-run' && check.reason !== undefined)
      lines.push(...wrap(prose(look), `${oneLine(check.name)} was not run: ${oneLine(check.reason)}`, '  '));
    if (check.result !== 'red' || event.excused.includes(check.name)) continue;
    const tail = plain(check.tail)
      .trimEnd()
      .split('\n')
      .slice(-(options.tail ?? 8));
    lines.push(...tail.map((line) => paint(look, 'dim', clip(look, `  ${glyph(look, 'bar')} ${line}`))));
  }
  return lines;
}

/** The changes of the writers, each with its size, rounds, verdicts and checks. */
export function changeLines(state: RunState, look: Look): string[] {
  const changes = Object.values(state.changes);
  const id = Math.min(28, Math.max(0, ...changes.map((change) => widthOf(oneLine(change.landed.change))))) + 2;
  const lines = changes.flatMap((change) => oneChange(state, change, id, look));
  for (const failed of state.failedChanges)
    lines.push(
      ...wrap(
        prose(look),
        `${oneLine(failed.change)}  ${paint(look, 'red', 'failed')}: ${oneLine(failed.why)}`,
        '    ',
      ),
    );
  for (const judged of state.candidates) lines.push(...indented(look, (inner) => candidateLines(judged, inner)));
  return lines;
}

const verdictWords = { fine: 'fine', 'needs-work': 'needs work' } as const;

function oneChange(state: RunState, change: ChangeState, id: number, look: Look): string[] {
  const { landed } = change;
  const check = state.checks[`change:${landed.change}`];
  const judges = [...new Set(change.verdicts.map((v) => v.role))];
  const verdicts = judges.map((role) => {
    const said = change.verdicts.filter((v) => v.role === role).map((v) => verdictWords[v.verdict.verdict]);
    return `${oneLine(role)} ${said.join(` ${glyph(look, 'arrow')} `)}`;
  });
  const words = dots(
    look,
    statWords(look, landed.files),
    landed.round > 0 ? `${landed.round + 1} rounds` : '',
    check && redOf(check).length > 0
      ? paint(look, 'red', 'checks red')
      : check?.green
        ? paint(look, 'green', 'checked')
        : 'not checked',
    verdicts.join(', '),
  );
  const lines = wrap(prose(look), words, `    ${cell(look, oneLine(landed.change), id)}`, ' '.repeat(6));
  if (landed.outside.length > 0)
    lines.push(...wrap(prose(look), `outside its paths: ${landed.outside.map(oneLine).join(', ')}`, '      '));
  for (const left of landed.notDone)
    lines.push(...wrap(prose(look), `not done: ${oneLine(left.item)}: ${oneLine(left.why)}`, '      '));
  return lines;
}

/** Which candidate won, over whom, and why. */
export function candidateLines(event: EventOf<'candidates.judged'>, look: Look): string[] {
  if (event.by === 'only') return [];
  const over = event.losers.length > 0 ? ` over ${event.losers.map(oneLine).join(', ')}` : '';
  const by = event.by === 'checks' ? 'the checks chose' : 'the judge chose';
  return wrap(
    prose(look),
    `${oneLine(event.item)}: ${by} ${oneLine(event.winner)}${over}: ${oneLine(event.why)}`,
    '  ',
    '    ',
  );
}

/** What the merge of one change met. */
export function mergeLines(event: EventOf<'merge.made'>, look: Look): string[] {
  const n = event.conflicts.length;
  const lines = wrap(
    prose(look),
    `merged ${oneLine(event.change)}: ${n === 0 ? 'no conflict' : plural(n, 'conflict')}`,
  );
  for (const conflict of event.conflicts)
    lines.push(...wrap(prose(look), `conflict in ${oneLine(conflict.path)}: ${oneLine(conflict.why)}`, '  ', '    '));
  return lines;
}

/** How a conflict was resolved. */
export const resolvedLines = (event: EventOf<'conflict.resolved'>, look: Look): string[] =>
  wrap(prose(look), `resolved ${oneLine(event.path)}: ${oneLine(event.summary)}`, '  ', '    ');

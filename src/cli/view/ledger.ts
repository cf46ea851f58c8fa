import { fates, type LedgerEntry } from '../../core/change/change.ts';
import { reviewedEntries } from '../../core/review/account.ts';
import type { RunState } from '../../core/run/state.ts';
import { cell, clip, dots, glyph, paint, widthOf, wrap, type Look } from './look.ts';
import { oneLine } from '../../core/words/plain.ts';
import { prose } from './team.ts';
import { plural } from '../../core/words/words.ts';

/** The fate of every hunk: a line a writer's change, and a line for each hunk that was not simply merged, with winner and reason. */
export function ledgerLines(state: RunState, look: Look): string[] {
  const { ledger } = state;
  if (!ledger) return [];
  const entries = reviewedEntries(state);
  const verdict = ledger.balanced ? paint(look, 'green', 'balanced') : paint(look, 'red', 'does not balance');
  const lines = wrap(
    prose(look),
    `${tally(entries, look)} ${glyph(look, 'dot')} ${verdict}`,
    `${paint(look, 'bold', 'Ledger')}  ${plural(entries.length, 'hunk')}: `,
    '        ',
  );
  const changes = [...new Set(entries.map((entry) => entry.change))];
  const column = Math.min(30, Math.max(0, ...changes.map((change) => widthOf(oneLine(change))))) + 2;
  for (const change of changes) {
    const own = entries.filter((entry) => entry.change === change);
    const size = `+${sum(own, 'added')} ${glyph(look, 'minus')}${sum(own, 'removed')}`;
    lines.push(clip(look, `  ${cell(look, oneLine(change), column)}${dots(look, tally(own, look), size)}`));
    lines.push(...fateLines(own, look));
  }
  for (const problem of ledger.problems) lines.push(...wrap(prose(look), paint(look, 'red', oneLine(problem)), '  '));
  return lines;
}

const sum = (entries: readonly LedgerEntry[], key: 'added' | 'removed') =>
  entries.reduce((total, entry) => total + entry[key], 0);

function tally(entries: readonly LedgerEntry[], look: Look): string {
  const counts = fates.map((fate) => ({ fate, n: entries.filter((entry) => entry.fate === fate).length }));
  const words = counts.filter(({ n }) => n > 0).map(({ fate, n }) => `${n} ${fate}`);
  return words.length === 0 ? 'none' : words.join(look.unicode ? ', ' : ', ');
}

/** What became of the hunks that were not simply merged; those of one fate for one reason stand together. */
function fateLines(entries: readonly LedgerEntry[], look: Look): string[] {
  const groups = Map.groupBy(
    entries.filter((entry) => entry.fate !== 'merged'),
    (entry) => JSON.stringify([entry.fate, entry.by, entry.why]),
  );
  return [...groups.values()].flatMap((group) => {
    const [{ fate, by, why }] = group as [LedgerEntry];
    const told = `${fate}${by === undefined ? '' : ` by ${oneLine(by)}`}${why === undefined ? '' : `: ${oneLine(why)}`}`;
    const lines = wrap(prose(look), `${hunkNames(group)}  ${told}`, '    ', '      ');
    return lines.map((line) => paint(look, 'dim', line));
  });
}

/** `src/config.ts:1,2  src/limit.ts:1`: hunks of one change without its name, those of one file together. */
function hunkNames(entries: readonly LedgerEntry[]): string {
  const files = Map.groupBy(entries, (entry) => entry.path);
  return [...files]
    .map(
      ([path, own]) => `${oneLine(path)}:${own.map((entry) => oneLine(entry.hunk.split(':').at(-1) ?? '')).join(',')}`,
    )
    .join('  ');
}

/** `14 hunks: 11 merged, 1 resolved, 2 superseded`. */
export function ledgerWords(entries: readonly LedgerEntry[], look: Look): string {
  return `${plural(entries.length, 'hunk')}: ${tally(entries, look)}`;
}

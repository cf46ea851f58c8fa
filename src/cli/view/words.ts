import type { CallState, RunState } from '../../core/run/state.ts';
import type { Budget } from '../../core/team/file.ts';
import { dots, glyph, widthOf, type Look } from './look.ts';
import { oneLine } from '../../core/words/plain.ts';
import { count, elapsed, money, movedWords, plural, trim1 } from '../../core/words/words.ts';

/** Name and effort of a model, as people know it. */
export function modelName(look: Look, model: string, effort?: string): string {
  const title = oneLine(look.titles?.[model] ?? model);
  return effort ? `${title} ${effort}` : title;
}

/** The budget in words: `40 calls · 45 min`. */
export function budgetWords(look: Look, budget: Budget): string {
  return dots(
    look,
    plural(budget.calls, 'call'),
    `${trim1(budget.minutes)} min`,
    budget.tokens === undefined ? '' : `${count(budget.tokens)} tokens`,
    budget.usd === undefined ? '' : money(budget.usd),
  );
}

/** Where the budget comes from, in words for the person. */
export const budgetFrom: Record<RunState['budgetFrom'], string> = {
  person: 'as you said',
  team: 'from the team file',
  default: 'the default',
};

/** Spent against the budget: `9 of 30 calls · 61k tokens · $0.42 (est.) · 1:20 of 45:00`; what does not fit is left out from the end. */
export function spentWords(look: Look, state: RunState, activeMs: number, room = Number.POSITIVE_INFINITY): string {
  const { spent, budget } = state;
  const tokens = budget.tokens === undefined ? '' : ` of ${count(budget.tokens)}`;
  const usd = budget.usd === undefined ? '' : ` of ${money(budget.usd)}`;
  const costs = spent.usd > 0 || budget.usd !== undefined;
  const pieces = [
    `${spent.calls} of ${plural(budget.calls, 'call')}`,
    `${count(spent.tokens)}${tokens} tokens`,
    costs ? `${money(spent.usd)}${usd}${spent.estimated ? ' (est.)' : ''}` : '',
    `${elapsed(activeMs)} of ${elapsed(budget.minutes * 60_000)}`,
  ];
  while (pieces.length > 1 && widthOf(dots(look, ...pieces)) > room) pieces.pop();
  return dots(look, ...pieces);
}

/** One route left for another, with the reason. */
export const moveWords = (look: Look, move: CallState['moves'][number]): string =>
  movedWords(move, glyph(look, 'arrow'));

import type { CallState, RunState } from '../../core/run/state.ts';
import type { Budget } from '../../core/team/file.ts';
import { dots, glyph, widthOf, type Look } from './look.ts';
import { oneLine } from './plain.ts';

/** `0:03`, `12:04`, `1:02:03`. */
export function elapsed(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (n: number) => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `0.4 s`, `12 s`, `2:10`: for what often takes less than a second. */
export function duration(ms: number): string {
  if (ms < 9950) return `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
  return ms < 59_500 ? `${Math.round(ms / 1000)} s` : elapsed(ms);
}

/** Milliseconds between two ISO times; never below 0. */
export const between = (from: string | undefined, to: string | number | undefined): number =>
  from === undefined || to === undefined
    ? 0
    : Math.max(0, (typeof to === 'number' ? to : Date.parse(to)) - Date.parse(from));

/** `812`, `9.4k`, `61k`, `1.2M`. */
export function count(tokens: number): string {
  if (tokens < 1000) return String(Math.round(tokens));
  if (tokens < 9950) return `${trim1(tokens / 1000)}k`;
  if (tokens < 999_500) return `${Math.round(tokens / 1000)}k`;
  return `${trim1(tokens / 1e6)}M`;
}

const trim1 = (n: number) => n.toFixed(1).replace(/\.0$/, '');

/** `$0.42`, `$12.30`; less than a cent says so. */
export function money(usd: number): string {
  if (usd > 0 && usd < 0.005) return '<$0.01';
  return `$${usd.toFixed(2)}`;
}

/** `1 call`, `3 calls`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

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

/** The failure kinds as a person says them. */
const failureWords: Record<NonNullable<CallState['failure']>['kind'], string> = {
  'no-model': 'no such model',
  'not-installed': 'not installed',
  'not-signed-in': 'not signed in',
  'not-approved': 'not approved',
  'rate-limit': 'rate limit',
  quota: 'quota spent',
  crash: 'crashed',
  silence: 'silent',
  empty: 'empty answer',
  'bad-answer': 'answer of the wrong form',
  'wrong-model': 'another model answered',
  'too-large': 'answer too large',
  protocol: 'broke the protocol',
  error: 'error',
  'left-alone': 'left alone for a while',
  budget: 'budget',
  cancelled: 'cancelled',
};

/** `rate limit, resets 09:00`. */
export function failureName(failure: NonNullable<CallState['failure']>): string {
  const resets = failure.resetsAt === undefined ? NaN : Date.parse(failure.resetsAt);
  return failureWords[failure.kind] + (Number.isNaN(resets) ? '' : `, resets ${clock(resets)}`);
}

/** `09:00`, in the person's time zone. */
export function clock(ms: number): string {
  const time = new Date(ms);
  return `${String(time.getHours()).padStart(2, '0')}:${String(time.getMinutes()).padStart(2, '0')}`;
}

/** One route left for another, with the reason: `moved gemini → keys: rate limit, resets 09:00`. */
export function moveWords(look: Look, move: CallState['moves'][number]): string {
  const why = failureName(move.failure);
  const said = oneLine(move.failure.message);
  const reason = said === '' ? why : `${why}. ${said}`;
  if (move.to === undefined) return `${oneLine(move.server)} failed: ${reason}`;
  return `moved ${oneLine(move.server)} ${glyph(look, 'arrow')} ${oneLine(move.to)}: ${reason}`;
}

import { routeName } from '../run/control.ts';
import type { CallState } from '../run/state.ts';
import { oneLine } from './plain.ts';

/** The few words in which terminal, panel and report say the same things. */

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

/** One decimal, where it says something: `1.2`, `3`. */
export const trim1 = (n: number) => n.toFixed(1).replace(/\.0$/, '');

/** `$0.42`, `$12.30`; less than a cent says so. */
export function money(usd: number): string {
  if (usd > 0 && usd < 0.005) return '<$0.01';
  return `$${usd.toFixed(2)}`;
}

/** `1 call`, `3 calls`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`;

/** The failure kinds as a person says them. */
const failureWords: Record<NonNullable<CallState['failure']>['kind'], string> = {
  'no-model': 'no such model',
  person: 'by hand',
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
  'no-session': 'session gone',
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
export function movedWords(move: CallState['moves'][number], arrow = '→'): string {
  const why = failureName(move.failure);
  const said = oneLine(move.failure.message);
  const reason = said === '' ? why : `${why}. ${said}`;
  const from = oneLine(routeName(move));
  if (move.again) return `${from}, once more: ${reason}`;
  if (move.to === undefined) return `${from} failed: ${reason}`;
  return `moved ${from} ${arrow} ${oneLine(move.to)}: ${reason}`;
}

/** What a call wanted and did not get; its agent's or server's words, made plain. */
export const refusedWords = (refused: readonly string[]): string =>
  `not given: ${refused.map((one) => oneLine(one)).join('; ')}`;

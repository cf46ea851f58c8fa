import type { Usage } from '../ask.ts';
import type { Model } from '../team/file.ts';
import type { AnswerKind } from './answers.ts';
import { tokensOf } from './callState.ts';
import type { RunState } from './state.ts';
import { RunStopped } from './stopped.ts';

/** What one attempt may use: held back before it starts, until its end is in the journal. */
export interface Reservation {
  readonly call: string;
  readonly attempt: number;
  readonly tokens: number;
  readonly usd: number | undefined;
  /** Tokens that the answer may take. */
  readonly output: number;
}

export interface BudgetKeeper {
  /** Holds back what an attempt may use; throws `RunStopped('spent')` when the budget does not hold it. */
  reserve(of: { call: string; attempt: number }, model: Model, promptBytes: number, kind: AnswerKind): Reservation;
  /** Asks for as much output again for an answer that goes on; undefined when the budget does not hold it. */
  extend(reservation: Reservation, model: Model): Reservation | undefined;
  /** The attempt is over. What is in the journal of it counts until its end is there too: in between nothing is counted twice, or not at all. */
  release(reservation: Reservation): void;
}

/** Output tokens that an answer of a kind seldom exceeds, thoughts included. Used for reservations and forecasts. */
export const usualOutput: Record<AnswerKind, number> = {
  triage: 2_000,
  findings: 8_000,
  plan: 10_000,
  criteria: 2_000,
  written: 24_000,
  verdict: 5_000,
  judgement: 3_000,
  resolution: 8_000,
  integration: 8_000,
  replies: 2_000,
};

/** About four bytes a token for English and code; used only where a route reports nothing, and marked as estimated. */
export function tokensOfBytes(bytes: number): number {
  return Math.ceil(bytes / 4);
}

/** Money of a usage: the route's own figure, else by list price, else undefined. */
export function usdOf(usage: Usage, model: Model): number | undefined {
  if (usage.usd !== undefined) return usage.usd;
  if (!model.price) return undefined;
  return ((usage.inputTokens ?? 0) * model.price.input + (usage.outputTokens ?? 0) * model.price.output) / 1_000_000;
}

/** One budget over all models, shared by all lanes of a run. `state` is the run's, as it is now. */
export function openBudget(state: () => Pick<RunState, 'budget' | 'spent' | 'calls'>): BudgetKeeper {
  let held: Reservation[] = [];
  const started = ({ call, attempt }: Reservation): boolean => (state().calls[call]?.attempt ?? 0) >= attempt;
  const ended = (r: Reservation): boolean => started(r) && state().calls[r.call]?.open?.attempt !== r.attempt;
  const sum = (of: (r: Reservation) => number): number => held.reduce((total, r) => total + of(r), 0);

  const problemOf = (wanted: Reservation, calls: number, { title }: Model): string | undefined => {
    const { budget, spent } = state();
    held = held.filter((r) => !ended(r));
    // The journal counts a call once it has started: until then it is counted here, or lanes that start together overrun.
    const starting = held.filter((r) => !started(r)).length;
    if (spent.calls + starting + calls > budget.calls) return `All ${budget.calls} calls of the budget are made.`;
    if (budget.tokens !== undefined && spent.tokens + sum((r) => r.tokens) + wanted.tokens > budget.tokens)
      return `The budget of ${budget.tokens} tokens does not hold the next call (${spent.tokens} used, about ${wanted.tokens} needed).`;
    if (budget.usd !== undefined) {
      if (wanted.usd === undefined) return `A budget in money needs a price for every model, and ${title} has none.`;
      if (spent.usd + sum((r) => r.usd ?? 0) + wanted.usd > budget.usd)
        return `The budget of $${budget.usd} does not hold the next call ($${spent.usd.toFixed(2)} used, about $${wanted.usd.toFixed(2)} needed).`;
    }
    return undefined;
  };

  return {
    reserve(of, model, promptBytes, kind) {
      const input = tokensOfBytes(promptBytes);
      const output = usualOutput[kind];
      const usd = usdOf({ inputTokens: input, outputTokens: output }, model);
      const wanted: Reservation = { ...of, tokens: input + output, usd, output };
      const problem = problemOf(wanted, 1, model);
      if (problem !== undefined)
        throw new RunStopped('spent', problem, 'Go on with more: `orchestra resume --budget …`.');
      held.push(wanted);
      return wanted;
    },
    extend(reservation, model) {
      const { call, attempt, output } = reservation;
      const more = { tokens: output, usd: usdOf({ inputTokens: 0, outputTokens: output }, model) };
      if (problemOf({ call, attempt, output, ...more }, 0, model) !== undefined) return undefined;
      const usd = reservation.usd === undefined || more.usd === undefined ? undefined : reservation.usd + more.usd;
      const next: Reservation = { call, attempt, tokens: reservation.tokens + more.tokens, usd, output: output * 2 };
      held = held.map((r) => (r === reservation ? next : r));
      return next;
    },
    release(reservation) {
      if (!started(reservation)) held = held.filter((r) => r !== reservation);
    },
  };
}

/** What a route reported, or an estimate from bytes where it reported nothing. */
export function settled(
  usage: Usage | undefined,
  promptBytes: number,
  answerBytes: number,
): { usage: Usage; estimated: boolean } {
  if (usage && tokensOf(usage) > 0) return { usage, estimated: false };
  return {
    usage: { inputTokens: tokensOfBytes(promptBytes), outputTokens: tokensOfBytes(answerBytes), usd: usage?.usd },
    estimated: true,
  };
}

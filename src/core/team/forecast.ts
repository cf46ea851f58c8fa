import type { Triage } from '../run/answers.ts';
import type { AnswerKind } from '../run/answers.ts';
import type { Forecast } from '../run/forecast.ts';
import type { Cast, Role, TeamFile } from './file.ts';
import { tokensOfBytes, usualOutput } from '../run/budget.ts';

export interface ForecastSizes {
  readonly size: Triage['size'];
  readonly taskBytes: number;
  /** Tokens of the whole code base, for roles that get it packed. */
  readonly codeTokens: number;
}

type Range = readonly [number, number];

/** A call that is expected, at least and at most so often. */
interface Expected {
  readonly cast: Cast;
  readonly kind: AnswerKind;
  readonly times: Range;
}

/**
 * Rules of thumb, not measurements: tokens that one call of a kind takes in, with what an agent reads while it works, and its
 * minutes. The answer is between a quarter of `usualOutput` and the whole.
 */
const usual: Record<AnswerKind, { input: Range; minutes: Range }> = {
  triage: { input: [2_000, 20_000], minutes: [0.2, 1] },
  findings: { input: [6_000, 80_000], minutes: [0.5, 6] },
  plan: { input: [6_000, 60_000], minutes: [0.5, 4] },
  criteria: { input: [2_000, 15_000], minutes: [0.2, 1] },
  written: { input: [10_000, 200_000], minutes: [1, 12] },
  verdict: { input: [4_000, 50_000], minutes: [0.4, 4] },
  judgement: { input: [4_000, 30_000], minutes: [0.3, 2] },
  resolution: { input: [4_000, 30_000], minutes: [0.4, 3] },
  integration: { input: [4_000, 60_000], minutes: [0.5, 5] },
  replies: { input: [3_000, 30_000], minutes: [0.2, 2] },
};

/**
 * What a run with this cast is likely to take, from its least to its usual most. The person sees it before the start; nothing is
 * limited by it (the budget does that), and it may exceed the budget.
 *
 * Calls, with W writers, R reviewers, A analysts, and m = 1 if findings may go back to a writer, else 0:
 * `one`: triage 1; written 1 to 1 + m; mending 0 to 1.
 * Else: triage 1; findings A; plan 1; criteria R; written 1 to W(1 + m); verdicts R to R·W(1 + m); resolution 0 to W − 1;
 * integration 1; mending 0 to 1. Every call is counted once: routes that fail, answers that are sent back and questions of the roles to each other come on top.
 *
 * Tokens: for each call its usual input, the task, for a packed view the code base as far as it fits, and its answer. Money: those tokens at
 * the list price of the role's first model; absent as soon as one of them has none. Minutes: the phases one after the other,
 * each as long as its longest lane; the project's checks are not in it, since nothing is known of them.
 */
export function forecast(team: TeamFile, cast: readonly Cast[], sizes: ForecastSizes): Forecast {
  const expected = callsOf(team, cast, sizes.size);
  const calls = sum(expected, ({ times }) => times);
  const tokens = sum(expected, (call) => scale(tokensOf(team, call, sizes), call.times));
  const priced = expected.every(({ cast: { models } }) => team.models[models[0]?.model ?? '']?.price);
  const usd = sum(expected, (call) => scale(usdOf(team, call, sizes), call.times));
  return {
    calls: [calls[0], calls[1]],
    tokens: [Math.round(tokens[0]), Math.round(tokens[1])],
    ...(priced ? { usd: [cents(usd[0]), cents(usd[1])] } : {}),
    minutes: minutesOf(team, cast, sizes.size),
  };
}

function parts(team: TeamFile, cast: readonly Cast[]) {
  const withDuty = (duty: Role['duties'][number]) => cast.filter(({ duties }) => duties.includes(duty));
  return {
    leader: withDuty('orchestrate').slice(0, 1),
    analysts: withDuty('analyse'),
    writers: withDuty('write'),
    reviewers: withDuty('review'),
    again: Math.min(1, team.limits.rounds),
    mending: Math.min(1, team.limits.fixes),
  };
}

function callsOf(team: TeamFile, cast: readonly Cast[], size: Triage['size']): Expected[] {
  const { leader, analysts, writers, reviewers, again, mending } = parts(team, cast);
  const each = (who: readonly Cast[], kind: AnswerKind, times: Range): Expected[] =>
    who.map((one) => ({ cast: one, kind, times }));
  // At least one writer writes: the first stands for whichever it is.
  const written = writers.map((one, n): Expected => ({
    cast: one,
    kind: 'written',
    times: [n === 0 ? 1 : 0, 1 + again],
  }));
  if (size === 'one')
    return [...each(leader, 'triage', [1, 1]), ...written.slice(0, 1), ...each(leader, 'written', [0, mending])];
  return [
    ...each(leader, 'triage', [1, 1]),
    ...each(analysts, 'findings', [1, 1]),
    ...each(leader, 'plan', [1, 1]),
    ...each(reviewers, 'criteria', [1, 1]),
    ...written,
    ...each(reviewers, 'verdict', [1, writers.length * (1 + again)]),
    ...each(leader, 'resolution', [0, Math.max(0, writers.length - 1)]),
    ...each(leader, 'integration', [1, 1]),
    ...each(leader, 'written', [0, mending]),
  ];
}

function inputOf(team: TeamFile, { cast, kind }: Expected, sizes: ForecastSizes): Range {
  const task = tokensOfBytes(sizes.taskBytes);
  const context = team.models[cast.models[0]?.model ?? '']?.context ?? 0;
  const packed = kind === 'findings' && team.roles[cast.role]?.view === 'packed';
  // Who has the whole code base in the prompt reads no more files.
  if (packed) {
    const view = Math.min(sizes.codeTokens, context * 0.75);
    return [task + view, task + view];
  }
  const { input } = usual[kind];
  return [task + input[0], task + input[1]];
}

function tokensOf(team: TeamFile, call: Expected, sizes: ForecastSizes): Range {
  const input = inputOf(team, call, sizes);
  const output = usualOutput[call.kind];
  return [input[0] + output / 4, input[1] + output];
}

function usdOf(team: TeamFile, call: Expected, sizes: ForecastSizes): Range {
  const price = team.models[call.cast.models[0]?.model ?? '']?.price;
  if (!price) return [0, 0];
  const input = inputOf(team, call, sizes);
  const output = usualOutput[call.kind];
  const money = (tokensIn: number, tokensOut: number) =>
    (tokensIn * price.input + tokensOut * price.output) / 1_000_000;
  return [money(input[0], output / 4), money(input[1], output)];
}

function minutesOf(team: TeamFile, cast: readonly Cast[], size: Triage['size']): [number, number] {
  const { analysts, writers, reviewers, again, mending } = parts(team, cast);
  const take = (kind: AnswerKind, times: Range): Range => scale(usual[kind].minutes, times);
  const rounds: Range = [1, 1 + again];
  const phases: Range[] = [take('triage', [1, 1]), take('written', rounds), take('written', [0, mending])];
  if (size !== 'one') {
    phases.push(
      take('plan', [1, 1]),
      take('integration', [1, 1]),
      take('resolution', [0, Math.max(0, writers.length - 1)]),
    );
    if (analysts.length > 0) phases.push(take('findings', [1, 1]));
    if (reviewers.length > 0) phases.push(take('verdict', rounds));
  }
  const [low, high] = sum(phases, (phase) => phase);
  return [Math.max(1, Math.round(low)), Math.max(1, Math.round(high))];
}

function sum<T>(items: readonly T[], of: (item: T) => Range): Range {
  return items.reduce<Range>((total, item) => [total[0] + of(item)[0], total[1] + of(item)[1]], [0, 0]);
}

const scale = (range: Range, times: Range): Range => [range[0] * times[0], range[1] * times[1]];

const cents = (usd: number): number => Math.ceil(usd * 100) / 100;

import type { RunState } from '../../core/run/state.ts';
import { cell, clip, dots, glyph, paint, widthOf, wrap, type Look } from './look.ts';
import { oneLine } from '../../core/words/plain.ts';
import { budgetFrom, budgetWords, modelName } from './words.ts';
import { count, money, plural } from '../../core/words/words.ts';

const sizes = { one: 'one model', core: 'core team', review: 'core and review team' } as const;

const dutyWords = { orchestrate: 'leads', analyse: 'analyses', write: 'writes', review: 'reviews' } as const;

/** The team that triage proposes: who, with which model, what it is expected to cost, and who is left out. */
export function teamLines(state: RunState, look: Look): string[] {
  if (state.size === undefined) return [];
  const specialists = state.triage?.specialists ?? [];
  const withWhom = specialists.length > 0 ? ` with ${specialists.map(oneLine).join(', ')}` : '';
  const lines = [clip(look, `${paint(look, 'bold', 'Team')}  ${sizes[state.size]}${withWhom}`)];
  const why = oneLine(state.triage?.why ?? '');
  if (why !== '') lines.push(...wrap(prose(look), why, '  '));
  lines.push(...castLines(state.cast, look));
  for (const { role, why } of state.leftOut)
    lines.push(...wrap(prose(look), `left out: ${oneLine(role)}, ${oneLine(why)}`, '  '));
  for (const { question, role } of state.offers)
    lines.push(...wrap(prose(look), `${oneLine(question)} (accept ${oneLine(role)})`, '  '));
  return [...lines, ...forecastLines(state, look)];
}

/** Who plays which role, with which model, and for whom it stands in. */
export function castLines(team: RunState['cast'], look: Look): string[] {
  const rows = team.map((cast) => {
    const choice = cast.models[0];
    const standsFor = choice?.standsFor === undefined ? '' : `stands in for ${modelName(look, choice.standsFor)}`;
    return {
      role: oneLine(cast.role),
      model: choice ? modelName(look, choice.model, choice.effort) : '',
      duties: cast.duties.map((duty) => dutyWords[duty]).join(', '),
      note: standsFor,
    };
  });
  const role = Math.min(16, Math.max(...rows.map((row) => widthOf(row.role)), 0)) + 2;
  const model = Math.min(look.width < 64 ? 18 : 28, Math.max(...rows.map((row) => widthOf(row.model)), 0)) + 2;
  return rows.flatMap((row) => [
    clip(look, `  ${cell(look, row.role, role)}${cell(look, row.model, model)}${paint(look, 'dim', row.duties)}`),
    ...(row.note === ''
      ? []
      : wrap(prose(look), row.note, ' '.repeat(2 + role)).map((line) => paint(look, 'dim', line))),
  ]);
}

function forecastLines(state: RunState, look: Look): string[] {
  const lines: string[] = [];
  const { forecast } = state;
  if (forecast) {
    const range = (pair: readonly [number, number], words: (n: number) => string) =>
      words(pair[0]) === words(pair[1]) ? words(pair[0]) : `${words(pair[0])}${glyph(look, 'dash')}${words(pair[1])}`;
    const text = dots(
      look,
      `${range(forecast.calls, (n) => String(Math.round(n)))} calls`,
      `${range(forecast.tokens, count)} tokens`,
      forecast.usd ? range(forecast.usd, money) : 'cost unknown',
      `${range(forecast.minutes, (n) => String(Math.round(n)))} min`,
    );
    lines.push(...wrap(prose(look), `${text} (estimate)`, '  Forecast  '));
  }
  lines.push(
    ...wrap(prose(look), `${budgetWords(look, state.budget)} (${budgetFrom[state.budgetFrom]})`, '  Budget    '),
  );
  return lines;
}

/** Prose runs no further than what is read with ease. */
export const prose = (look: Look): Look => ({ ...look, width: Math.min(look.width, 110) });

/** One line for a stop, an event line or a list: `core and review team, 9 roles`. */
export function teamWords(state: RunState): string {
  return state.size === undefined ? '' : `${sizes[state.size]}, ${plural(state.cast.length, 'role')}`;
}

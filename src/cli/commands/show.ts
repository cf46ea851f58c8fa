import type { CallState, RunState } from '../../core/run/state.ts';
import type { CliCommand } from '../command.ts';
import { safe } from '../jsonEvents.ts';
import { titlesOf, withProject } from '../session.ts';
import { lookOf } from '../terminal.ts';
import { exactDiff } from '../view/diff.ts';
import { endLines, gateLines, reportLines } from '../view/ending.ts';
import { headerLines } from '../view/blocks.ts';
import { ledgerLines } from '../view/ledger.ts';
import { cell, clip, indented, paint, widthOf, type Look } from '../view/look.ts';
import { oneLine } from '../../core/words/plain.ts';
import { findingLines, planLines } from '../view/plan.ts';
import { teamLines } from '../view/team.ts';
import { modelName, moveWords } from '../view/words.ts';
import { between, count, elapsed, failureName, money, refusedWords } from '../../core/words/words.ts';
import { changeLines, checkLines } from '../view/work.ts';

/** Shows a run: plan, findings with dissent, changes, ledger, calls and cost; or its change. */
export const showCommand: CliCommand = {
  usage: 'show [run]',
  summary: 'show a run: plan, findings with dissent, ledger, calls, cost',
  options: [
    ['--diff', 'only its change, as a unified diff'],
    ['--json', 'everything as one JSON object'],
  ],
  async run([words], options) {
    return withProject({}, async ({ project, signal }) => {
      const { info, state } = await project.show((await project.find(words)).id);
      const look = lookOf(process.stdout, await titlesOf(project.root, undefined, signal));
      const write = (lines: readonly string[]): void =>
        void process.stdout.write(lines.map((line) => `${line}\n`).join(''));
      if (options['diff'] === true) {
        const diff = await project.diff(info.id, signal);
        // Into a file or a patch command goes what it is; to a person's eyes what is harmless.
        if (process.stdout.isTTY) write(exactDiff(diff, look));
        else process.stdout.write(diff);
        if (diff === '') process.stderr.write(`Run ${info.id} has no change yet.\n`);
        return 0;
      }
      if (options['json'] === true) {
        process.stdout.write(`${safe({ run: info.id, owner: info.owner?.pid, problem: info.problem, state })}\n`);
        return 0;
      }
      if (info.problem !== undefined) process.stderr.write(`${oneLine(info.problem)}\n`);
      write(shownLines(state, info.id, look));
      return 0;
    });
  },
};

/** All of a run, as far as it has come. */
export function shownLines(state: RunState, run: string, look: Look): string[] {
  const section = (lines: readonly string[]): string[] => (lines.length > 0 ? ['', ...lines] : []);
  const titled = (title: string, lines: readonly string[]): string[] =>
    lines.length > 0 ? ['', paint(look, 'bold', title), ...lines] : [];
  return [
    ...headerLines(state, run, look),
    ...section(teamLines(state, look)),
    ...section(findingLines(state, look, { full: true })),
    ...section(planLines(state, look, { full: true })),
    ...titled('Changes', changeLines(state, look)),
    ...titled(
      'Checks',
      Object.values(state.checks).flatMap((checks) => indented(look, (inner) => checkLines(checks, inner))),
    ),
    ...section(ledgerLines(state, look)),
    ...(state.gate ? section(gateLines(state.gate, look)) : []),
    ...titled('Calls', callLines(state, look)),
    ...titled(
      'Bus',
      state.messages.map((m) =>
        clip(
          look,
          `  ${cell(look, String(m.seq), 4)}${oneLine(m.from)} to ${m.to.map(oneLine).join(', ')}: ${oneLine(m.subject)}`,
        ),
      ),
    ),
    ...(state.report === undefined ? [] : section(reportLines(state.report, look))),
    ...section(endLines(state, run, look)),
  ];
}

/** Every call by phase, with its model, time, tokens and cost, and every route that it left. */
function callLines(state: RunState, look: Look): string[] {
  const calls = Object.values(state.calls);
  // Tokens and cost of 15 columns, time of 7, the state of at least 7, gaps and indents.
  const width = Math.max(16, Math.min(look.width - 58, Math.max(0, ...calls.map((call) => widthOf(nameOf(call))))));
  return [...Map.groupBy(calls, (call) => call.phase)].flatMap(([phase, own]) => [
    `  ${phase}`,
    ...own.flatMap((call) => callRow(state, call, width, look)),
  ]);
}

/** The call's key without its phase. */
const nameOf = (call: CallState): string => oneLine(call.call.replace(`${call.phase}/`, ''));

function callRow(state: RunState, call: CallState, width: number, look: Look): string[] {
  const about = call.estimated ? '~' : '';
  const numbers = [
    cell(look, elapsed(between(call.startedAt, call.endedAt ?? state.lastAt)), 7, 'right'),
    cell(look, call.tokens === 0 ? '' : about + count(call.tokens), 7, 'right'),
    cell(look, call.usd === undefined ? '' : money(call.usd), 8, 'right'),
  ].join('');
  const model = cell(look, clip(look, modelName(look, call.model, call.effort), 20), 20);
  const ended = call.failure === undefined ? call.state : `${call.state}: ${failureName(call.failure)}`;
  const answered = call.successorOf === undefined ? '' : ` (${oneLine(call.id)})`;
  return [
    clip(look, `    ${cell(look, nameOf(call), width)}  ${model}${numbers}  ${ended}${answered}`),
    ...call.moves.map((move) => paint(look, 'dim', clip(look, `      ${moveWords(look, move)}`))),
    ...(call.refused === undefined ? [] : [paint(look, 'dim', clip(look, `      ${refusedWords(call.refused)}`))]),
  ];
}

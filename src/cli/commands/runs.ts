import type { RunInfo } from '../../node/run/runs.ts';
import type { CliCommand } from '../command.ts';
import { safe } from '../jsonEvents.ts';
import { withProject } from '../session.ts';
import { lookOf } from '../terminal.ts';
import { cell, clip, paint, widthOf, type Look } from '../view/look.ts';
import { oneLine } from '../../core/words/plain.ts';

/** Lists the runs of the project. */
export const runsCommand: CliCommand = {
  usage: 'runs',
  summary: 'list the runs of this project',
  options: [['--json', 'one JSON object a line']],
  async run(_args, options) {
    return withProject({}, async ({ project }) => {
      const runs = await project.runs();
      if (options['json'] === true) {
        for (const { id, created, task, state, scripted, problem } of runs)
          process.stdout.write(`${safe({ run: id, created, task, state, scripted, problem })}\n`);
        return 0;
      }
      if (runs.length === 0) process.stderr.write('There is no run here yet. Start one: orchestra run "<task>"\n');
      for (const line of runLines(runs, lookOf(process.stdout))) process.stdout.write(`${line}\n`);
      return 0;
    });
  },
};

/** A row a run, the oldest first, so that the youngest stands above the prompt. */
export function runLines(runs: readonly RunInfo[], look: Look): string[] {
  const column = (texts: readonly string[]) => Math.max(0, ...texts.map(widthOf)) + 2;
  const id = column(runs.map((run) => run.id));
  const state = column(runs.map((run) => stateWord(run)));
  return runs.flatMap((run) => {
    const when = run.created === '' ? '' : localTime(run.created);
    const mark = run.scripted ? 'scripted  ' : '';
    const word = cell(look, stateWord(run), state);
    const title = mark + oneLine(run.task.split('\n', 1)[0] ?? '');
    const line = `${cell(look, run.id, id)}${run.state === 'running' ? paint(look, 'bold', word) : word}${cell(look, when, 18)}${title}`;
    return [
      clip(look, line),
      ...(run.problem === undefined ? [] : [paint(look, 'dim', clip(look, `  ${oneLine(run.problem)}`))]),
    ];
  });
}

const stateWord = (run: RunInfo): string => (run.state === 'spent' ? 'budget spent' : run.state);

function localTime(iso: string): string {
  const time = new Date(iso);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${two(time.getHours())}:${two(time.getMinutes())}`;
}

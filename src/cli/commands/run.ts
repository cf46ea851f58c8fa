import type { Check } from '../../core/team/file.ts';
import { parseBudget } from '../budgetFlag.ts';
import { type CliCommand, textOf, textsOf } from '../command.ts';
import { follow } from '../session.ts';
import { readTask } from '../taskText.ts';
import { oneLine } from '../../core/words/plain.ts';

/** Gives a task to the team. */
export const runCommand: CliCommand = {
  usage: 'run [task]',
  summary: 'give a task to the team',
  options: [
    ['--file <path>', 'read the task from a file; "-" as the task reads it from stdin'],
    ['--team <name>', 'a team of the team file'],
    ['--team-file <path>', "a team file in the place of the project's"],
    ['--budget <amount>', '30calls, 20m, 400k (tokens) or 2usd; can be given for each', 'many'],
    ['--check <command>', "a command that judges the change, besides the team file's", 'many'],
    ['--yes', 'pass all stops; held files, commands and servers are not approved by it'],
    ['--json', 'one JSON event a line on stdout, and nothing else'],
  ],
  help: 'Exit codes: 0 applied or ready, 1 failed, 2 wrong usage, 3 stopped, 4 budget spent.',
  async run([argument], options) {
    const budget = parseBudget(textsOf(options, 'budget'));
    const checks = checksOf(textsOf(options, 'check'));
    const task = await readTask({ argument, file: textOf(options, 'file'), stdin: process.stdin });
    const teamFile = textOf(options, 'teamFile');
    const team = textOf(options, 'team');
    return follow({ json: options['json'] === true, yes: options['yes'] === true, teamFile }, (project, host) =>
      project.start({ task, team, teamFile, budget, checks }, host),
    );
  },
};

/** Checks of the command line, each under a name that a row can show. */
export function checksOf(commands: readonly string[]): Check[] {
  return commands.map((run, n) => {
    const name = oneLine(run).slice(0, 40).trim() || `check ${n + 1}`;
    const earlier = commands.slice(0, n).filter((other) => oneLine(other).slice(0, 40).trim() === name).length;
    return { name: earlier > 0 ? `${name.slice(0, 36)} ${earlier + 1}` : name, run, minutes: 10 };
  });
}

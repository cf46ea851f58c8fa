import { UserError } from '../../core/errors.ts';
import type { Project } from '../../node/project.ts';
import { type CliCommand, textOf } from '../command.ts';
import { takesWords, withProject } from '../session.ts';
import { controlCalls } from './control.ts';

/** Says something to a run of another process; the team hears it with its next calls. */
export const sayCommand: CliCommand = {
  usage: 'say <words...>',
  summary: 'say something to a run; the team hears it with its next calls',
  options: [
    ['--run <run>', 'which run; the youngest without it'],
    ['--to <role>', 'for one role only'],
  ],
  help: 'The run can also stand first: orchestra say r261122-093000-ab12 "Leave the README alone"',
  async run(args, options) {
    return withProject({}, async ({ project }) => {
      const words = args.filter((arg) => arg !== undefined);
      const named =
        textOf(options, 'run') ?? (words.length > 1 && /^r\d{6}-/.test(words[0] ?? '') ? words.shift() : undefined);
      const text = words.join(' ').trim();
      if (text === '')
        throw new UserError('usage', 'There is nothing to say.', { hint: 'orchestra say "Leave the README alone"' });
      const info = await project.find(named);
      const to = textOf(options, 'to');
      await refuseStranger(project, info.id, to);
      await project.say(info.id, text, to);
      process.stderr.write(
        takesWords(info)
          ? `Said to run ${info.id}.\n`
          : `Kept for run ${info.id}, which is not running: it hears it when it is resumed.\n`,
      );
      return 0;
    });
  },
};

/** A word to a role that is not there would be heard by nobody. */
async function refuseStranger(project: Project, run: string, to: string | undefined): Promise<void> {
  if (to === undefined) return;
  const { cast } = (await project.show(run)).state;
  if (cast.length === 0 || cast.some((c) => c.role === to)) return;
  throw new UserError('unknown-role', `Nobody in run ${run} is called "${to}".`, {
    hint: `There are: ${cast.map((c) => c.role).join(', ')}. Without --to all hear it.`,
  });
}

/** Asks a run of another process to stop in order. */
export const stopCommand: CliCommand = {
  usage: 'stop [run]',
  summary: 'stop a run of another terminal in order, or one role of it; the run can be resumed',
  options: [
    ['--role <role>', 'only what this role is doing: it is then missing, as if it had failed'],
    ['--call <call>', 'only one call, by its key'],
  ],
  async run([words], options) {
    if (options['role'] !== undefined || options['call'] !== undefined) return controlCalls('stop', words, options);
    return withProject({}, async ({ project }) => {
      const info = await project.find(words);
      if (!takesWords(info)) {
        process.stderr.write(`Run ${info.id} is not running (${info.state}).\n`);
        return 0;
      }
      await project.requestStop(info.id);
      process.stderr.write(`Asked run ${info.id} to stop.\n`);
      return 0;
    });
  },
};

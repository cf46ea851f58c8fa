import { UserError } from '../../core/errors.ts';
import { parseBudget } from '../budgetFlag.ts';
import { type CliCommand, textsOf } from '../command.ts';
import { jsonEnd } from '../jsonEvents.ts';
import { follow, withProject } from '../session.ts';
import { watchRun } from './watch.ts';

/** Goes on with a run where it stopped; one that another process has is watched instead. */
export const resumeCommand: CliCommand = {
  usage: 'resume [run]',
  summary: 'go on with a run, the youngest without a name',
  options: [
    ['--budget <amount>', 'another budget: 30calls, 20m, 400k or 2usd', 'many'],
    ['--yes', 'pass all stops; held files, commands and servers are not approved by it'],
    ['--json', 'one JSON event a line on stdout, and nothing else'],
  ],
  async run([words], options) {
    const json = options['json'] === true;
    const budget = parseBudget(textsOf(options, 'budget'));
    const shown = await withProject({}, async ({ project }) => project.show((await project.find(words)).id));
    const { state, info } = shown;
    if (state.outcome === 'applied' || state.outcome === 'ready') {
      const next =
        state.outcome === 'ready'
          ? `orchestra apply ${info.id} applies it.`
          : `orchestra apply ${info.id} --undo takes it back.`;
      process.stderr.write(`Run ${info.id} is over (${state.outcome}). ${next}\n`);
      if (json) process.stdout.write(`${jsonEnd(info.id, state.outcome, state.lastAt)}\n`);
      return 0;
    }
    try {
      return await follow({ json, yes: options['yes'] === true, before: { run: info.id, state } }, (project, host) =>
        project.resume(info.id, host, budget),
      );
    } catch (error) {
      if (!(error instanceof UserError) || error.code !== 'run-owned') throw error;
      process.stderr.write(`${error.message} It is shown here instead.\n`);
      return watchRun(info.id, json);
    }
  },
};

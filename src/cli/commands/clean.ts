import { openWorkspaces } from '../../node/git/workspaces.ts';
import type { CliCommand } from '../command.ts';
import { logTo, withProject } from '../session.ts';
import { plural } from '../view/words.ts';

/** Removes workspaces; journals, reports and kept changes stay. */
export const cleanCommand: CliCommand = {
  usage: 'clean [run]',
  summary: 'remove the workspaces of runs that nobody works on; journals and kept changes stay',
  options: [],
  async run([words]) {
    return withProject({}, async ({ project, signal }) => {
      const run = words === undefined ? undefined : (await project.find(words)).id;
      const log = logTo((line) => void process.stderr.write(`${line}\n`));
      // It takes the name of a run that no run has: it opens no checkout.
      const workspaces = await openWorkspaces({ root: project.root, run: 'clean', log, signal });
      try {
        const removed = (await workspaces.clean(run)).filter((id) => id !== 'clean');
        process.stdout.write(
          removed.length === 0
            ? 'There was nothing to remove.\n'
            : `Removed the workspaces of ${plural(removed.length, 'run')}: ${removed.join(', ')}\n`,
        );
        return 0;
      } finally {
        await workspaces.close();
      }
    });
  },
};

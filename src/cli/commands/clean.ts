import type { CliCommand } from '../command.ts';
import { withProject } from '../session.ts';
import { oneLine } from '../../core/words/plain.ts';
import { plural } from '../../core/words/words.ts';

/** Removes workspaces; journals, reports and kept changes stay. */
export const cleanCommand: CliCommand = {
  usage: 'clean [run]',
  summary: 'remove the workspaces of runs that nobody works on; journals and kept changes stay',
  options: [],
  async run([words]) {
    return withProject({}, async ({ project, signal }) => {
      const removed = (await project.clean(words, signal)).filter((id) => id !== 'clean');
      process.stdout.write(
        removed.length === 0
          ? 'There was nothing to remove.\n'
          : `Removed the workspaces of ${plural(removed.length, 'run')}: ${removed.map(oneLine).join(', ')}\n`,
      );
      return 0;
    });
  },
};

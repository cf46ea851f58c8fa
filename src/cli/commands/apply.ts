import type { CliCommand } from '../command.ts';
import { follow, withProject } from '../session.ts';
import { plural } from '../../core/words/words.ts';
import { visible } from '../../core/words/plain.ts';
import { cliPerson } from '../person.ts';

/** Applies the change of a run to the person's files, or takes it back. */
export const applyCommand: CliCommand = {
  usage: 'apply [run]',
  summary: 'apply the change of a run to your files',
  options: [
    ['--undo', 'take it back: your files are as they were before it'],
    ['--yes', 'ask nothing; held files stay back'],
    ['--json', 'one JSON event a line on stdout, and nothing else'],
  ],
  async run([words], options) {
    if (options['undo'] === true) return undo(words);
    const { info, state } = await withProject({}, async ({ project }) => project.show((await project.find(words)).id));
    return follow(
      { json: options['json'] === true, yes: options['yes'] === true, before: { run: info.id, state } },
      (project, host) => project.apply(info.id, host),
    );
  },
};

async function undo(words: string | undefined): Promise<number> {
  return withProject({}, async ({ project, signal }) => {
    const { id } = await project.find(words);
    const nobody = async (): Promise<never> => {
      throw new Error('an undo asks nothing');
    };
    const person = cliPerson({
      yes: true,
      look: () => ({ width: 80, color: false, unicode: false }),
      state: () => undefined,
      settled: async () => {},
      diff: nobody,
    });
    const { files } = await project.undo(id, { person, signal });
    process.stdout.write(`Run ${id} is taken back: ${plural(files.length, 'file')} as before.\n`);
    for (const file of files) process.stdout.write(`  ${visible(file)}\n`);
    return 0;
  });
}

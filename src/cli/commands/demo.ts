import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { mediaFolder } from '../../node/servers.ts';
import { type CliCommand, textOf } from '../command.ts';
import { follow } from '../session.ts';

/** The task of the demo; its script answers no other. */
const demoTask = 'Add rate limiting to the public API';

/** Plays a whole run on a copy of the sample project, with scripted models: no account, no network. */
export const demoCommand: CliCommand = {
  usage: 'demo',
  summary: 'watch a scripted team do a task on a sample project; needs no account and no network',
  options: [
    ['--keep <folder>', 'work in this new folder, and leave it'],
    ['--tempo <factor>', 'how fast the script is played: 0.5 twice as fast, 0 without any delay'],
    ['--ask', 'ask at the stops and for permissions, as a run of your own would'],
    ['--json', 'one JSON event a line on stdout, and nothing else'],
  ],
  async run(_args, options) {
    const tempo = tempoOf(textOf(options, 'tempo') ?? '1');
    const kept = textOf(options, 'keep');
    const folder =
      kept === undefined ? await mkdtemp(join(tmpdir(), 'orchestra-demo-')) : await emptyFolder(resolve(kept));
    const root = join(folder, 'project');
    try {
      const sample = join(mediaFolder(), 'sample');
      await cp(join(sample, 'project'), root, { recursive: true });
      // Beside the project and not in it: then they are the person's word, as a file of their own would be.
      await cp(join(sample, 'script.yaml'), join(folder, 'script.yaml'));
      const team = await readFile(join(sample, 'team.yaml'), 'utf8');
      await writeFile(join(folder, 'team.yaml'), team.replaceAll('--name,', `--tempo, '${tempo}', --name,`));
      // Nothing of the demo is left in the person's profile or cache, and nothing of theirs decides about it.
      process.env['ORCHESTRA_PROFILE'] = join(folder, 'profile');
      process.env['ORCHESTRA_CACHE'] = join(folder, 'cache');
      // The checks say `node`: it is the one that runs this.
      process.env['PATH'] = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
      process.stderr.write(
        `A sample project, copied to ${root}\nReal servers, workspaces, merge and checks; only the models are played from a script.\n\n`,
      );
      if (process.features.typescript === false)
        process.stderr.write(
          'This Node was built without TypeScript, as some distributions do: the checks of the sample, which is TypeScript, will be red. The Node of nodejs.org runs them.\n\n',
        );
      const code = await follow(
        {
          json: options['json'] === true,
          yes: options['ask'] !== true,
          name: options['ask'] === true ? undefined : 'the demo',
          teamFile: join(folder, 'team.yaml'),
          cwd: root,
          passing: kept === undefined,
        },
        (project, host) => project.start({ task: demoTask, teamFile: join(folder, 'team.yaml') }, host),
      );
      if (kept === undefined)
        process.stderr.write('\nThe copy is removed; orchestra demo --keep FOLDER leaves it to look at.\n');
      else
        process.stderr.write(
          `\nThe result lies in ${root}. What the run kept lies beside it: to look at it there (orchestra show, review, apply --undo), set\n  ORCHESTRA_PROFILE=${join(folder, 'profile')}\n  ORCHESTRA_CACHE=${join(folder, 'cache')}\n`,
        );
      return code;
    } finally {
      if (kept === undefined) await rm(folder, { recursive: true, force: true });
    }
  },
};

function tempoOf(text: string): number {
  const tempo = Number(text);
  if (text.trim() === '' || !(tempo >= 0 && tempo <= 100))
    throw new UserError('usage', `--tempo takes a number from 0 to 100, not "${text}".`);
  return tempo;
}

async function emptyFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new UserError('usage', `${folder} is not empty.`, { hint: 'Name a folder that is empty or not there yet.' });
  return folder;
}

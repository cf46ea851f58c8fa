import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { mediaFolder } from '../../node/servers.ts';
import { type CliCommand, textOf } from '../command.ts';
import { follow } from '../session.ts';

/** The task of the demo; its script answers no other. */
export const demoTask = 'Add rate limiting to the public API';

/** Plays a whole run on a copy of the sample project, with scripted models: no account, no network. */
export const demoCommand: CliCommand = {
  usage: 'demo',
  summary: 'watch a scripted team do a task on a sample project; needs no account and no network',
  options: [
    ['--keep <folder>', 'work in this new folder, and leave it'],
    ['--ask', 'ask at the stops and for permissions, as a run of your own would'],
    ['--json', 'one JSON event a line on stdout, and nothing else'],
  ],
  async run(_args, options) {
    const kept = textOf(options, 'keep');
    const folder =
      kept === undefined ? await mkdtemp(join(tmpdir(), 'orchestra-demo-')) : await emptyFolder(resolve(kept));
    const root = join(folder, 'project');
    try {
      const sample = join(mediaFolder(), 'sample');
      await cp(join(sample, 'project'), root, { recursive: true });
      // Beside the project and not in it: then they are the person's word, as a file of their own would be.
      for (const file of ['team.yaml', 'script.yaml']) await cp(join(sample, file), join(folder, file));
      // Nothing of the demo is left in the person's profile or cache, and nothing of theirs decides about it.
      process.env['ORCHESTRA_PROFILE'] = join(folder, 'profile');
      process.env['ORCHESTRA_CACHE'] = join(folder, 'cache');
      // The checks say `node`: it is the one that runs this.
      process.env['PATH'] = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
      process.stderr.write(`A copy of a sample project in ${root}. Only the models are played from a script.\n\n`);
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
      else process.stderr.write(`\nThe result lies in ${root}.\n`);
      return code;
    } finally {
      if (kept === undefined) await rm(folder, { recursive: true, force: true });
    }
  },
};

async function emptyFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new UserError('usage', `${folder} is not empty.`, { hint: 'Name a folder that is empty or not there yet.' });
  return folder;
}

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mediaFolder } from '../../src/node/servers.ts';

const execute = promisify(execFile);

/** A copy of the sample project with a scripted team, in folders of its own that `remove` takes away. */
export interface Sample {
  readonly root: string;
  readonly teamFile: string;
  /** Lines of the scripted servers: a call that started, finished, failed or was cancelled. */
  readonly count: string;
  readonly env: NodeJS.ProcessEnv;
  remove(): Promise<void>;
}

/** Makes one. `tempo` 0 plays without delays; `git` makes a repository with one commit of it; `check` replaces its checks by one command. */
export async function makeSample(options: { tempo: number; git: boolean; check?: string }): Promise<Sample> {
  const place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-sample-')));
  const root = join(place, 'links');
  await cp(join(mediaFolder(), 'sample', 'project'), root, { recursive: true });
  if (options.git) {
    const git = (...args: string[]): Promise<unknown> =>
      execute('git', ['-c', 'user.name=A Person', '-c', 'user.email=person@example.org', ...args], { cwd: root });
    await git('init', '--quiet', '--initial-branch=main');
    await git('add', '--all');
    await git('commit', '--quiet', '--message', 'the sample');
  }
  const count = join(place, 'count.jsonl');
  await cp(join(mediaFolder(), 'sample', 'script.yaml'), join(place, 'script.yaml'));
  const extra = `--tempo, '${options.tempo}', --count, ${count}, --name`;
  const team = (await readFile(join(mediaFolder(), 'sample', 'team.yaml'), 'utf8')).replaceAll('--name', extra);
  const checks = options.check === undefined ? '' : `checks:\n  - name: quick\n    run: ${options.check}\n`;
  const teamFile = join(place, 'team.yaml');
  await writeFile(teamFile, checks === '' ? team : `${team.slice(0, team.indexOf('checks:'))}${checks}`);
  return {
    root,
    teamFile,
    count,
    env: { ...process.env, ORCHESTRA_CACHE: join(place, 'cache'), ORCHESTRA_PROFILE: join(place, 'profile') },
    remove: () => rm(place, { recursive: true, force: true }),
  };
}

export const sampleTask = 'Add rate limiting to the public API';

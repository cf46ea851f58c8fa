import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { mediaFolder } from '../../src/node/servers.ts';
import type { AgentsPlace } from './place.ts';

const execute = promisify(execFile);
const cli = resolve(import.meta.dirname, '../../dist/cli.mjs');

/** What `orchestra run --json` told. */
export interface Told {
  readonly code: number;
  readonly events: readonly Record<string, unknown>[];
  /** All that was printed, for messages. */
  readonly text: string;
}

/** `orchestra run` in a copy of the sample, with the built-in team. */
export async function runSample(place: AgentsPlace, root: string, task: string): Promise<Told> {
  await cp(join(mediaFolder(), 'sample', 'project'), root, { recursive: true });
  const git = (...args: string[]): Promise<unknown> =>
    execute('git', ['-c', 'user.name=A Person', '-c', 'user.email=person@example.org', ...args], { cwd: root });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'the sample');
  const args = [
    'run',
    task,
    '--yes',
    '--json',
    '--budget',
    '80calls',
    '--check',
    // All files in one process, in half the time; the demo and the editor's story run it as it ships.
    'node --experimental-strip-types --test --experimental-test-isolation=none',
  ];
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { cwd: root, env: place.env, maxBuffer: 2 ** 28, timeout: 15 * 60_000 },
      (error, out, err) => done({ code: error ? Number(error.code ?? 1) : 0, stdout: out, stderr: err }),
    );
  });
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const failed = events
    .filter((e) => /fail|note|ended/.test(String(e['type'])))
    .map((e) => JSON.stringify(e).slice(0, 400));
  return { code, events, text: `${stderr.slice(-3000)}\n${failed.join('\n')}` };
}

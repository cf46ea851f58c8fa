import { randomBytes } from 'node:crypto';
import { mkdir, readdir, realpath } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { drain, start } from '../processes.ts';
import type { Exit } from '../processes.ts';
import { mayHoldSecrets } from './bring.ts';
import { checkEnvironment } from './environment.ts';
import { temporaryIn } from './sandbox.ts';
import type { Command, Confinement, Place } from './sandbox.ts';
import { makeScratch, removeScratch } from './scratch.ts';
import { killMarked, markName } from './survivors.ts';
import { collectTail } from './tail.ts';

/** One command line of the person's team file, run to its end by the platform's shell. */

/** What command lines run among. */
export interface Surroundings {
  /** The person's folder: files are brought from it, nothing ever runs in it. */
  readonly root: string;
  /** Goes in front of PATH. */
  readonly nodeFolder?: string;
  /** Folders that commands must be able to read even if they lie under `/tmp` (the private repository). */
  readonly readable?: readonly string[];
  /** Where the private folders of commands are made; the system's temporary folder when absent. */
  readonly scratch?: string;
  /** The person's environment; the process's own when absent. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Line {
  readonly line: string;
  readonly cwd: string;
  readonly minutes: number;
  readonly network: boolean;
  readonly surroundings: Surroundings;
  readonly confinement: Confinement;
  readonly signal: AbortSignal;
}

export interface Ended {
  readonly exit: Exit;
  readonly ms: number;
  /** As `Tail.text` gives it. */
  readonly tail: string;
  /** Undefined when it ended with 0 in time. */
  readonly problem: string | undefined;
}

/** Runs a command line. Rejects with the signal's reason when all that it started is gone, or when the shell cannot be started. */
export async function runLine(what: Line): Promise<Ended> {
  what.signal.throwIfAborted();
  const scratch = await makeScratch(what.surroundings.scratch ?? tmpdir());
  try {
    return await runIn(what, scratch);
  } finally {
    // What cannot be removed (a file that Windows holds open) stays in the temporary folder; the result counts.
    await removeScratch(scratch);
  }
}

async function runIn(what: Line, scratch: string): Promise<Ended> {
  const { surroundings, signal, network } = what;
  const { sandbox } = what.confinement;
  const cwd = await realpath(what.cwd);
  await mkdir(temporaryIn(scratch));
  const mark = randomBytes(12).toString('hex');
  const env = checkEnvironment({
    from: surroundings.env ?? process.env,
    temporary: sandbox?.temporary(scratch) ?? temporaryIn(scratch),
    nodeFolder: surroundings.nodeFolder,
    network,
    confined: sandbox !== undefined,
    delimiter,
  });
  const shell = shellFor(what.line, env);
  const command = (await sandbox?.wrap(shell, await placeFor(what, cwd, scratch, env))) ?? shell;

  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), what.minutes * 60_000);
  const began = performance.now();
  try {
    const child = await start(command.file, command.args, {
      cwd,
      env: { ...env, [markName]: mark },
      signal: AbortSignal.any([signal, limit.signal]),
      stdin: 'ignore',
      graceMs: 500,
      verbatim: process.platform === 'win32',
    });
    const output = collectTail();
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => output.add(chunk));
    const exit = await child.exited;
    const late = limit.signal.aborted;
    const ms = Math.round(performance.now() - began);
    await child.end(0);
    // In a sandbox they are gone with it.
    if (!sandbox) await killMarked(mark);
    await drain(child);
    signal.throwIfAborted();
    return {
      exit,
      ms,
      tail: output.text(),
      problem: late ? `it took longer than ${amount(what.minutes)}` : problemOf(exit),
    };
  } finally {
    clearTimeout(timer);
  }
}

function amount(minutes: number): string {
  return minutes < 1 ? `${Math.round(minutes * 60)} seconds` : `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
}

function problemOf({ code, signal }: Exit): string | undefined {
  if (code === 0) return undefined;
  if (code === null) return `it was ended by ${signal}`;
  if (code === 126) return 'exit code 126: a command cannot be executed';
  if (code === 127) return 'exit code 127: a command was not found';
  const ended = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return `exit code ${code}${ended && process.platform !== 'win32' ? ` (ended by ${ended[0]})` : ''}`;
}

/** The line is one argument, which only the shell takes apart. On POSIX both outputs share a pipe, so that they keep their order. */
function shellFor(line: string, env: Readonly<Record<string, string>>): Command {
  if (process.platform === 'win32') {
    return { file: env['ComSpec'] ?? env['COMSPEC'] ?? 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`] };
  }
  // No core dumps into the checkout.
  return { file: '/bin/sh', args: ['-c', 'ulimit -c 0; exec /bin/sh -c "$1" 2>&1', 'sh', line] };
}

async function placeFor(
  what: Line,
  cwd: string,
  scratch: string,
  env: Readonly<Record<string, string>>,
): Promise<Place> {
  const { nodeFolder, readable = [] } = what.surroundings;
  const root = await realpath(what.surroundings.root);
  const names = await readdir(root);
  return {
    cwd,
    scratch,
    network: what.network,
    readable: [
      root,
      ...(nodeFolder ? [nodeFolder] : []),
      ...readable,
      dirname(process.execPath),
      ...(env['PATH'] ?? '').split(delimiter),
    ].filter(Boolean),
    hidden: [...names.filter(mayHoldSecrets), join('.git', 'config')].map((name) => join(root, name)),
  };
}

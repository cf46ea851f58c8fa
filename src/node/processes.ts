import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { guardGroup } from './processes/guard.ts';
import { groupLives, signalGroup } from './processes/groups.ts';

/**
 * Child processes, each leading a group of its own that we end.
 *
 * What ends a child when we die: its stdin closes (every server that we write takes that as its end); our `exit`
 * handler kills the groups that still live; and on POSIX a small guard process, which notices our death even by
 * SIGKILL, kills them two seconds later. On Windows only the first two hold. A process that leaves its group
 * (`setsid`) escapes: nothing short of a sandbox holds it.
 */

export interface StartOptions {
  readonly cwd: string;
  /** The whole environment; nothing is inherited. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends the child (with `graceMs`) when it fires. */
  readonly signal: AbortSignal;
  /** `ignore` gives the child an empty stdin, for commands that never read one. Default `pipe`. */
  readonly stdin?: 'pipe' | 'ignore';
  /** Grace of the end that the signal brings; default 1500. */
  readonly graceMs?: number;
  /** Windows: passes the arguments joined as they are, for a command line that `cmd` is to read. */
  readonly verbatim?: boolean;
}

export interface Exit {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly pid: number;
  /** Null with `stdin: 'ignore'`. Errors of it (a reader that went away) are swallowed; `exited` tells. */
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** When the child itself has exited; what it left in its group is killed then, and its output is at its end soon after. Never rejects. */
  readonly exited: Promise<Exit>;
  /** stdin EOF, after `graceMs` SIGTERM to the group, after as long again SIGKILL. Resolves when all is gone; never rejects. */
  end(graceMs: number): Promise<void>;
}

/** Starts a command without a shell. Rejects when it cannot be started (`code` is `ENOENT`, `EACCES`, …), or with the signal's reason. */
export async function start(command: string, args: readonly string[], options: StartOptions): Promise<Child> {
  const { signal } = options;
  signal.throwIfAborted();
  const process_ = spawn(command, args, {
    cwd: options.cwd,
    env: options.env,
    stdio: [options.stdin ?? 'pipe', 'pipe', 'pipe'],
    // A group of its own. On Windows `detached` would open a console window; taskkill follows the tree instead.
    detached: process.platform !== 'win32',
    windowsHide: true,
    windowsVerbatimArguments: options.verbatim ?? false,
    shell: false,
  });
  const exited = exitOf(process_);
  for (const stream of [process_.stdin, process_.stdout, process_.stderr]) stream?.on('error', () => {});
  await new Promise<void>((done, fail) => {
    process_.once('spawn', done);
    process_.once('error', fail);
  });
  // A later `error` event (a kill that failed) must not bring us down.
  process_.on('error', () => {});
  const pid = process_.pid as number;
  const release = guardGroup(pid);

  const gone = exited.then(async (exit) => {
    // What it left in its group ends with it. On Windows nothing can be found from a pid that is gone.
    if (process.platform !== 'win32') signalGroup(pid, 'SIGKILL');
    await untilGone(pid, 2000);
    release();
    return exit;
  });
  let ending: Promise<void> | undefined;
  const end = (graceMs: number): Promise<void> => (ending ??= endGroup(process_, gone, graceMs));
  const onAbort = (): void => void end(options.graceMs ?? 1500);
  signal.addEventListener('abort', onAbort, { once: true });
  void gone.then(() => signal.removeEventListener('abort', onAbort));
  if (signal.aborted) onAbort();

  return {
    pid,
    stdin: process_.stdin,
    stdout: process_.stdout as Readable,
    stderr: process_.stderr as Readable,
    exited,
    end,
  };
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((done) => child.once('exit', (code, signal) => done({ code, signal })));
}

async function endGroup(child: ChildProcess, gone: Promise<Exit>, graceMs: number): Promise<void> {
  child.stdin?.end();
  const pid = child.pid as number;
  if (await within(gone, graceMs)) return;
  signalGroup(pid, 'SIGTERM');
  if (await within(gone, graceMs)) return;
  signalGroup(pid, 'SIGKILL');
  await gone;
}

/** True when the promise settles in time. The timer is an upper bound, nothing else waits for it. */
async function within(promise: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((done) => (timer = setTimeout(done, ms, false)));
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** No system reports that a group is empty, so this looks; bounded, since a zombie whose parent does not reap it stays. */
async function untilGone(pid: number, boundMs: number): Promise<void> {
  for (let waited = 0; waited < boundMs && groupLives(pid); waited += 10) {
    await new Promise((done) => setTimeout(done, 10));
  }
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Written to stdin, which is then closed. Without it stdin is empty. */
  readonly input?: string | Uint8Array;
  /** A longer stdout ends the command and sets `cut`; default 64 MiB. */
  readonly maxBytes?: number;
  /** Ends the command and sets `timedOut`; default none. */
  readonly timeoutMs?: number;
}

export interface RunResult extends Exit {
  readonly stdout: Buffer;
  /** Its last 64 KiB, as UTF-8. */
  readonly stderr: string;
  /** stdout was longer than `maxBytes`; what is here is its beginning. */
  readonly cut: boolean;
  readonly timedOut: boolean;
}

const stderrBytes = 64 * 1024;

/** Runs a command to its end, without a shell. Rejects when it cannot be started, or with the signal's reason once it is gone; an exit code is no error. */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  const maxBytes = options.maxBytes ?? 64 * 1024 * 1024;
  const limits = new AbortController();
  const child = await start(command, args, {
    cwd: options.cwd,
    env: options.env,
    signal: AbortSignal.any([options.signal, limits.signal]),
    stdin: options.input === undefined ? 'ignore' : 'pipe',
    graceMs: 500,
  });
  let timedOut = false;
  const timer =
    options.timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          timedOut = true;
          limits.abort();
        }, options.timeoutMs);

  const out: Buffer[] = [];
  let outBytes = 0;
  let cut = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (cut) return;
    out.push(chunk);
    outBytes += chunk.length;
    if (outBytes <= maxBytes) return;
    cut = true;
    limits.abort();
  });
  let errors = Buffer.alloc(0);
  child.stderr.on('data', (chunk: Buffer) => {
    const all = Buffer.concat([errors, chunk]);
    errors = all.subarray(Math.max(0, all.length - stderrBytes));
  });
  if (options.input !== undefined) child.stdin?.end(options.input);

  const exit = await child.exited;
  clearTimeout(timer);
  await drain(child);
  await child.end(0);
  options.signal.throwIfAborted();
  return {
    ...exit,
    stdout: Buffer.concat(out).subarray(0, maxBytes),
    stderr: errors.toString('utf8'),
    cut,
    timedOut,
  };
}

/** The rest of the output of a child that has exited. Who left its group and keeps the pipe open must not hold us up: what comes later is nobody's. */
export async function drain(child: Pick<Child, 'stdout' | 'stderr'>): Promise<void> {
  const streams = [child.stdout, child.stderr];
  if (await within(Promise.all(streams.map(streamEnd)), 1000)) return;
  // The time may be over because we ourselves were held up: then what the child wrote still waits to be read.
  for (let turns = 0; turns < 2; turns++) await new Promise((done) => setImmediate(done));
  for (const stream of streams) stream.destroy();
}

function streamEnd(stream: Readable): Promise<void> {
  return new Promise((done) => {
    if (stream.closed) return done();
    stream.once('close', done);
    stream.once('error', () => done());
  });
}

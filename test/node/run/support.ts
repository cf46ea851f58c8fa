import { execFile, execFileSync, spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import type { Log } from '../../../src/core/ports.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { openJournal } from '../../../src/node/run/journal.ts';
import type { OpenJournal } from '../../../src/node/run/journal.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import type { Lease } from '../../../src/node/run/lease.ts';
import { bundledCode } from '../../harness/bundle.ts';
import { skipFor } from '../../harness/skip.ts';

/** A folder that is no disk, where there is one: a kill -9 loses nothing of it, and no test there waits for a disk. */
export const memoryDisk = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** A scratch folder that is removed after each test of the suite. */
export function scratch(base = tmpdir()): () => string {
  let folder = '';
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(base, 'orchestra-')));
  });
  afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return () => folder;
}

export const created: RunEvent = {
  type: 'run.created',
  task: 'Mend the clock',
  engine: '1',
  team: 'default',
  budget: { calls: 40, minutes: 45 },
  scripted: true,
  budgetFrom: 'default',
};

export function note(text: string): RunEvent {
  return { type: 'note', level: 'info', text };
}

export function posted(seq: number, more: Partial<Extract<RunEvent, { type: 'message.posted' }>> = {}): RunEvent {
  return {
    type: 'message.posted',
    seq,
    from: 'architect',
    to: ['all'],
    kind: 'findings',
    subject: `Message ${seq}`,
    memory: 'not used',
    body: `Body ${seq}\n`,
    verified: true,
    ...more,
  };
}

export const never = new AbortController().signal;

/** A log that keeps its warnings. */
export function quietLog(): Log & { warnings: string[] } {
  const warnings: string[] = [];
  return { warnings, debug() {}, info() {}, warn: (message) => void warnings.push(message), error() {} };
}

/** What the code of a child process imports a source file by. */
export function source(path: string): string {
  return resolve(import.meta.dirname, '../../../src', path).replaceAll('\\', '/');
}

/** A process that runs this module code; its arguments are `process.argv.slice(1)`. */
export function child(code: string, ...args: string[]): ChildProcessByStdio<null, Readable, null> {
  return spawn(process.execPath, [bundledCode(code), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Runs a command of the system; throws when it fails. */
export function system(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: 'pipe' });
}

/** Runs it to its end and gives what it printed. */
export function runChild(code: string, ...args: string[]): Promise<string> {
  return new Promise((done, fail) => {
    execFile(process.execPath, [bundledCode(code), ...args], (error, stdout, stderr) => {
      if (error) fail(new Error(stderr || error.message));
      else done(stdout);
    });
  });
}

/** Waits until `probe` gives something; fails after a minute. */
export async function until<T>(probe: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 3000; tries++) {
    const found = await probe();
    if (found !== undefined) return found;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error('waited a minute in vain');
}

/**
 * A file system of its own, so small that it is full at once, that can be made read-only. Only root on Linux can mount one; elsewhere the test
 * fails and says so, unless ORCHESTRA_NO_TMPFS says that this is known.
 */
export async function withTmpfs(
  test: Mocha.Context,
  use: (disk: { folder: string; readOnly(on: boolean): void }) => Promise<void>,
): Promise<void> {
  if (process.env['ORCHESTRA_NO_TMPFS']) skipFor(test, 'ORCHESTRA_NO_TMPFS is set');
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-disk-')));
  try {
    system('mount', '-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', folder);
  } catch (cause) {
    await rm(folder, { recursive: true });
    throw new Error(
      'not run: this test mounts a small tmpfs, which needs root on Linux; ORCHESTRA_NO_TMPFS=1 leaves it out',
      { cause },
    );
  }
  try {
    await use({
      folder,
      readOnly: (on) => system('mount', '-o', `remount,${on ? 'ro' : 'rw'}`, folder),
    });
  } finally {
    system('umount', '-l', folder);
    await rm(folder, { recursive: true });
  }
}

/** The time of every record that these tests write. */
export const now = (): number => Date.UTC(2026, 10, 22, 14, 32, 5);

/** A journal in a run's folder, with its lease, as an owner has them. */
export async function open(
  folder: string,
  engine = '1',
): Promise<{ journal: OpenJournal; lease: Lease; close(): Promise<void> }> {
  await mkdir(folder, { recursive: true });
  const lease = await acquireLease(folder, { signal: never });
  const journal = await openJournal(folder, { lease, now, engine });
  return {
    journal,
    lease,
    async close() {
      await journal.close();
      await lease.release();
    },
  };
}

/** A line of a journal. */
export function lineOf(record: Record<string, unknown>): string {
  return `${JSON.stringify({ seq: 1, at: '2026-11-22T14:32:05.000Z', epoch: 1, event: created, ...record })}\n`;
}

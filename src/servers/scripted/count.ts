import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { CallFacts } from './match.ts';

type CountEvent = 'started' | 'finished' | 'failed' | 'cancelled';

/** One line of the count file. */
export interface Counted extends CallFacts {
  /** ISO time. */
  readonly at: string;
  readonly pid: number;
  readonly event: CountEvent;
  /** The first 16 hexadecimal digits of the prompt's SHA-256: the same question, or another one in the same call? */
  readonly promptHash: string;
}

export interface Counter {
  /** Every call that was started so far, by this server or, with a file, by any. */
  started(): readonly CallFacts[];
  count(event: CountEvent, call: CallFacts, prompts: readonly number[]): void;
}

/**
 * Counts calls: with a file by appending a line that is on disk before this returns, so that a restarted server goes on
 * counting. Synchronous on purpose: what one server reads and then appends is not mixed with another call of its own.
 * Two servers with one file can both take themselves for the n-th.
 */
export function openCounter(file: string | undefined): Counter {
  const inMemory: CallFacts[] = [];
  if (file !== undefined) endTornLine(file);
  return {
    started: () => (file === undefined ? inMemory : readCounts(file).filter(({ event }) => event === 'started')),
    count(event, call, prompts) {
      const { prompt = '', ...facts } = call;
      if (file === undefined) {
        if (event === 'started') inMemory.push({ ...facts, prompts });
        return;
      }
      const promptHash = createHash('sha256').update(prompt).digest('hex').slice(0, 16);
      const line: Counted = { at: new Date().toISOString(), pid: process.pid, event, ...facts, prompts, promptHash };
      append(file, `${JSON.stringify(line)}\n`);
    },
  };
}

function append(file: string, text: string): void {
  const handle = openSync(file, 'a', 0o600);
  try {
    writeSync(handle, text);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What a crash left of a line must not take the next one with it. */
function endTornLine(file: string): void {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (text !== '' && !text.endsWith('\n')) append(file, '\n');
}

/** The lines of a count file, in order; none when it is not there. A line that a crash tore is left out. */
export function readCounts(file: string): Counted[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as Counted];
    } catch {
      return [];
    }
  });
}

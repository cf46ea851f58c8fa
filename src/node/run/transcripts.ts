import { createHash } from 'node:crypto';
import { appendFile, mkdir, open, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Log, Transcripts } from '../../core/ports.ts';
import { liesWithin } from '../files.ts';
import { isPlainName } from '../paths.ts';
import { watchFolder } from './watch.ts';

const mostBytes = 20 * 1024 * 1024;
const cutNote = '\n\n[transcript cut here: it reached its limit; the call went on]\n';

export interface TranscriptOptions {
  readonly log: Log;
  /** The most that is kept of one attempt; default 20 MB. */
  readonly mostBytes?: number;
  /** Makes the filter through which one attempt's text goes; `end` gives what it still held back. For secrets split across chunks. */
  readonly filter?: () => { push(text: string): string; end(): string };
}

/** Transcripts that are being written. */
export interface OpenTranscripts extends Transcripts {
  /** No more text will come of this attempt: what its filter still held back is written now. */
  end(call: string, attempt: number): void;
  /** Everything appended so far is in the files (not necessarily on disk); nothing is taken after it. Never rejects. */
  close(): Promise<void>;
}

/** Where the live text of an attempt lies. Any call name gives a safe file name; different ones different files. */
export function transcriptPath(runFolder: string, call: string, attempt: number): string {
  const plain = call.replace(/[^a-z0-9_-]+/g, '-').slice(0, 80);
  const mark =
    plain === call && isPlainName(plain) ? '' : `-${createHash('sha256').update(call).digest('hex').slice(0, 8)}`;
  return join(runFolder, 'transcripts', `${plain || 'call'}${mark}.${attempt}.md`);
}

/** Where what an attempt was asked lies. */
function promptPath(runFolder: string, call: string, attempt: number): string {
  return transcriptPath(runFolder, call, attempt).replace(/md$/, 'prompt.md');
}

const endBytes = 64 * 1024;

/** The end of a file of the run. */
async function readEnd(runFolder: string, path: string): Promise<string | undefined> {
  if (!(await liesWithin(runFolder, path).catch(() => false))) return undefined;
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    const from = Math.max(0, size - endBytes);
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(Math.min(size, endBytes)), position: from });
    const text = buffer.toString('utf8', 0, bytesRead);
    // The cut may have gone through a character.
    return from === 0 ? text : text.replace(/^\uFFFD+/, '');
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/** What an attempt was asked; undefined when that was not kept. */
export async function readPrompt(runFolder: string, call: string, attempt: number): Promise<string | undefined> {
  const path = promptPath(runFolder, call, attempt);
  if (!(await liesWithin(runFolder, path).catch(() => false))) return undefined;
  return readFile(path, 'utf8').catch(() => undefined);
}

/**
 * Writes live text beside a run. Best effort: it never throws and never makes the run wait; text that cannot be written (full disk) is
 * given up, for that attempt, with one warning.
 */
export function openTranscripts(runFolder: string, options: TranscriptOptions): OpenTranscripts {
  const most = options.mostBytes ?? mostBytes;
  const files = new Map<string, Transcript>();
  const ending = new Set<Promise<void>>();
  let closed = false;
  const end = (file: Transcript): void => {
    const ended: Promise<void> = file.end().finally(() => ending.delete(ended));
    ending.add(ended);
  };
  return {
    prompt(call, attempt, text) {
      if (closed) return;
      const file = openTranscript(promptPath(runFolder, call, attempt), most, options);
      file.append(text);
      end(file);
    },
    async read(call, attempt) {
      // What is still being written of it.
      await Promise.all(ending);
      const [asked, said] = await Promise.all(
        [promptPath, transcriptPath].map((pathOf) => readEnd(runFolder, pathOf(runFolder, call, attempt))),
      );
      return { asked: asked ?? '', said: said ?? '' };
    },
    append(call, attempt, text) {
      if (closed) return;
      const path = transcriptPath(runFolder, call, attempt);
      let file = files.get(path);
      if (!file) files.set(path, (file = openTranscript(path, most, options)));
      file.append(text);
    },
    end(call, attempt) {
      const path = transcriptPath(runFolder, call, attempt);
      const file = files.get(path);
      files.delete(path);
      if (file) end(file);
    },
    async close() {
      closed = true;
      await Promise.all([...ending, ...[...files.values()].map((file) => file.end())]);
    },
  };
}

interface Transcript {
  append(text: string): void;
  end(): Promise<void>;
}

function openTranscript(path: string, most: number, { log, filter }: TranscriptOptions): Transcript {
  const through = filter?.();
  let bytes = 0;
  let waiting: string[] = [];
  let writing: Promise<void> | undefined;
  let over = false;

  const flush = async (): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true });
      if (!(await liesWithin(dirname(dirname(path)), path))) throw new Error('it leads out of the folder of its run');
      while (waiting.length > 0) {
        const text = waiting.join('');
        waiting = [];
        await appendFile(path, text);
      }
    } catch (error) {
      over = true;
      waiting = [];
      log.warn(`The transcript ${path} ends early: ${String(error)}`);
    } finally {
      writing = undefined;
    }
  };
  const add = (text: string): void => {
    if (over || text === '') return;
    bytes += Buffer.byteLength(text);
    over = bytes > most;
    // The chunk that goes past the limit is left out as a whole, so what waits is bounded too.
    waiting.push(over ? cutNote : text);
    writing ??= flush();
  };
  return {
    append: (text) => add(through ? through.push(text) : text),
    async end() {
      if (through) add(through.end());
      while (writing) await writing;
    },
  };
}

/** The text of a transcript from its beginning, and then as it grows, until the signal fires. Waits for a file that is yet to come. */
export async function* tailTranscript(path: string, signal: AbortSignal, pollMs = 400): AsyncGenerator<string, void> {
  const watch = watchFolder(dirname(path), pollMs, signal);
  const decoder = new TextDecoder();
  const buffer = Buffer.alloc(64 * 1024);
  let offset = 0;
  try {
    while (!signal.aborted) {
      const handle = await open(path, 'r').catch(() => undefined);
      try {
        for (;;) {
          const { bytesRead } = (await handle?.read(buffer, 0, buffer.length, offset)) ?? { bytesRead: 0 };
          if (bytesRead === 0) break;
          offset += bytesRead;
          const text = decoder.decode(buffer.subarray(0, bytesRead), { stream: true });
          if (text !== '') yield text;
        }
      } finally {
        await handle?.close();
      }
      await watch.next();
    }
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    watch.close();
  }
}

import { readFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { reasonOf, UserError } from '../core/errors.ts';

/** Bytes that a task may have: it goes into every prompt. */
export const taskLimit = 64 * 1024;

/** Where a task comes from: an argument (`-` for stdin), or a file. */
export interface TaskSource {
  readonly argument?: string | undefined;
  readonly file?: string | undefined;
  readonly stdin: Readable;
}

/** The task, trimmed. Throws `UserError` (`usage`) when there is none, several, or too much of it. */
export async function readTask(source: TaskSource): Promise<string> {
  const { argument, file } = source;
  if (argument !== undefined && file !== undefined)
    throw usage('The task is given twice: as an argument and with --file.');
  if (argument === undefined && file === undefined)
    throw usage('There is no task.', 'orchestra run "Add rate limiting to the public API"');
  const bytes =
    file !== undefined
      ? await fromFile(file)
      : argument === '-'
        ? await drained(source.stdin)
        : Buffer.from(argument ?? '');
  if (bytes.length > taskLimit)
    throw usage(
      `The task is longer than ${taskLimit / 1024} KB; it goes into every prompt.`,
      'Put the long part into a file in the project, and name the file in the task: the team can read it.',
    );
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes) || text.includes('\0')) throw usage('The task is not text in UTF-8.');
  if (text.trim() === '') throw usage('The task is empty.', 'orchestra run "Add rate limiting to the public API"');
  return text.trim();
}

async function fromFile(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw usage(`The task could not be read from ${file}: ${reasonOf(error)}`);
  }
}

/** Stops reading when it is clear that it is too much. */
async function drained(stdin: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += chunks.at(-1)?.length ?? 0;
    if (bytes > taskLimit) break;
  }
  return Buffer.concat(chunks);
}

const usage = (message: string, hint?: string) => new UserError('usage', message, hint === undefined ? {} : { hint });

import { createHmac, randomBytes } from 'node:crypto';
import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Drop, type PostInput, signedText, tokenText } from '../../core/bus/drop.ts';
import { tokenMark } from '../../core/bus/redact.ts';
import { UserError } from '../../core/errors.ts';
import type { Receipt } from '../../core/ports.ts';
import { createExclusive, makeFolder } from '../files.ts';

/** The sender's side of the drop folder: any process leaves messages there, and only the run's owner takes them. */

const waitingMost = 1000;
const lookMs = 40;

export function dropFolder(runFolder: string): string {
  return join(runFolder, 'drop');
}

/** Where the owner of the run says what became of each; the sender takes it away. */
export function receiptsFolder(runFolder: string): string {
  return join(dropFolder(runFolder), 'receipts');
}

/** The token by which an attempt proves its messages. */
export function tokenOf(secret: string, of: { run: string; call: string; attempt: number; role: string }): string {
  return tokenMark + createHmac('sha256', secret).update(tokenText(of)).digest('hex');
}

/** The proof of a message by a token. */
export function proofOf(token: string, drop: Omit<Drop, 'proof'>): string {
  return createHmac('sha256', token).update(signedText(drop)).digest('hex');
}

/** Leaves a message, whole and on disk; resolves to its id. Throws `UserError` (`bus-full`, `no-run`). */
export async function leaveMessage(
  runFolder: string,
  of: { call: string; attempt: number; token: string },
  post: PostInput,
): Promise<string> {
  // A run folder that is gone is not made anew.
  if (!(await stat(runFolder).catch(() => undefined))?.isDirectory())
    throw new UserError('no-run', 'The run is not there any more.');
  const folder = dropFolder(runFolder);
  await makeFolder(folder);
  const waiting = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  if (waiting.length >= waitingMost)
    throw new UserError(
      'bus-full',
      `${waitingMost} messages wait to be taken. Post later, or put it into your answer.`,
    );
  for (;;) {
    const now = Date.now();
    const { to = [], ...rest } = post;
    const drop = {
      ...rest,
      subject: post.subject.toWellFormed(),
      body: post.body.toWellFormed(),
      to: typeof to === 'string' ? [to] : to,
      id: `${String(now).padStart(13, '0')}-${randomBytes(5).toString('hex')}`,
      call: of.call,
      attempt: of.attempt,
      at: new Date(now).toISOString(),
    };
    const text = `${JSON.stringify({ ...drop, proof: proofOf(of.token, drop) })}\n`;
    if (await createExclusive(join(folder, `${drop.id}.json`), text, { mode: 0o600 })) return drop.id;
  }
}

/** What the owner says of it, which is then forgotten; undefined when nothing is heard in time. */
export async function receiptOf(
  runFolder: string,
  id: string,
  options: { ms: number; signal: AbortSignal },
): Promise<Receipt | undefined> {
  const path = join(receiptsFolder(runFolder), `${id}.json`);
  for (const end = Date.now() + options.ms; ; await delay(lookMs, undefined, { signal: options.signal })) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined && text.endsWith('\n')) {
      await unlink(path).catch(() => {});
      return JSON.parse(text) as Receipt;
    }
    if (Date.now() >= end) return undefined;
  }
}

import { randomBytes } from 'node:crypto';
import { lstat, open, readdir, rename, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { Inbox, InboxMessage, Log } from '../../core/ports.ts';
import { controlSchema } from '../../core/run/control.ts';
import { createExclusive, liesWithin, makeFolder, removeStale, syncFolder, writeAtomic } from '../files.ts';
import { watchFolder } from './watch.ts';

/** Words to a run, one file each: any process posts, the owner of the run reads. */

const textBytes = 32 * 1024;
const fileBytes = 128 * 1024;
const waitingMost = 1000;

const messageSchema = z.strictObject({
  id: z.string().regex(/^\d{13}-[0-9a-f]{10}$/),
  kind: z.enum(['say', 'stop', 'control']),
  text: z.string().refine((text) => Buffer.byteLength(text) <= textBytes, 'longer than 32 KB'),
  to: z.string().min(1).max(64).optional(),
  control: controlSchema.optional(),
  from: z.string().min(1).max(200),
  at: z.string(),
});

/** Leaves a message for the run's owner, present or next; resolves to its id when it is on disk. Ids sort by the sender's clock. Throws `UserError`. */
export async function postToInbox(runFolder: string, message: Omit<InboxMessage, 'id'>): Promise<string> {
  if (!(await stat(runFolder).catch(() => undefined))?.isDirectory()) {
    throw new UserError('no-run', `There is no run in ${runFolder}.`, { hint: '`orchestra runs` lists them.' });
  }
  const folder = await openFolder(runFolder);
  if ((await waitingIn(folder)).length >= waitingMost) {
    throw new UserError('inbox-full', `${waitingMost} messages wait for this run already.`, {
      hint: 'Resume the run, so that they are read.',
    });
  }
  for (;;) {
    const now = Date.now();
    const id = `${String(now).padStart(13, '0')}-${randomBytes(5).toString('hex')}`;
    const whole = messageSchema.safeParse({
      ...message,
      text: message.text.toWellFormed(),
      id,
      at: new Date(now).toISOString(),
    });
    if (!whole.success) {
      throw new UserError('bad-message', `The message cannot be sent: ${z.prettifyError(whole.error)}`, {
        hint: 'Make it shorter than 32 KB; put what is longer into a file and name that.',
      });
    }
    if (await createExclusive(join(folder, `${id}.json`), `${JSON.stringify(whole.data)}\n`)) return id;
  }
}

/** The inbox of a run, for its owner. Files that are no messages are moved to `rejected`, each with its reason beside it. */
export function openInbox(runFolder: string, log: Log, pollMs = 1000): Inbox {
  const folder = join(runFolder, 'inbox');
  return {
    async *messages(signal) {
      await removeStale(await openFolder(runFolder), 60_000);
      const watch = watchFolder(folder, pollMs, signal);
      const given = new Set<string>();
      try {
        while (!signal.aborted) {
          for (const name of await waitingIn(folder)) {
            if (given.has(name)) continue;
            const read = await readMessage(folder, name);
            if ('reason' in read) await reject(folder, name, read.reason, log);
            if (!('message' in read)) continue;
            given.add(name);
            yield read.message;
          }
          await watch.next();
        }
      } catch (error) {
        if (!signal.aborted || error !== signal.reason) throw error;
      } finally {
        watch.close();
      }
    },
    async settle(id) {
      if (!messageSchema.shape.id.safeParse(id).success) throw new Error(`not the id of a message: ${id}`);
      try {
        await unlink(join(folder, `${id}.json`));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        return;
      }
      await syncFolder(folder);
    },
  };
}

async function openFolder(runFolder: string): Promise<string> {
  const folder = join(runFolder, 'inbox');
  await makeFolder(folder);
  if (await liesWithin(runFolder, folder)) return folder;
  throw new UserError('leads-outside', `${folder} leads out of the folder of its run.`, {
    hint: 'It is a symbolic link. Remove it.',
  });
}

/** Names of all that waits, in the order of their ids. Our own temporaries begin with a dot. */
async function waitingIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => name !== 'rejected' && !name.startsWith('.')).toSorted();
}

type Read = { message: InboxMessage } | { reason: string } | { later: true };

async function readMessage(folder: string, name: string): Promise<Read> {
  const path = join(folder, name);
  const found = await lstat(path).catch(() => undefined);
  if (!found) return { later: true };
  if (!found.isFile()) return { reason: 'it is no plain file' };
  if (found.size > fileBytes) return { reason: `it has ${found.size} bytes; the most is ${fileBytes}` };
  const text = await readAtMost(path, fileBytes);
  if (text === undefined) return { later: true };
  const value = jsonOf(text);
  // Only where there are no hard links is a message seen half written; it gets a moment.
  if (value === undefined && Math.abs(Date.now() - found.mtimeMs) < 3000) return { later: true };
  const message = messageSchema.safeParse(value);
  if (!message.success) return { reason: z.prettifyError(message.error) };
  if (`${message.data.id}.json` !== name) return { reason: `its id is ${message.data.id}` };
  const { at: _at, to, control, ...rest } = message.data;
  if ((rest.kind === 'control') !== (control !== undefined)) return { reason: 'it does not say what is to be done' };
  return { message: { ...rest, ...(to !== undefined && { to }), ...(control && { control }) } };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The size was looked at before, but the file may have grown since. */
async function readAtMost(path: string, bytes: number): Promise<string | undefined> {
  const handle = await open(path, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const buffer = Buffer.alloc(bytes);
    const { bytesRead } = await handle.read(buffer, 0, bytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function reject(folder: string, name: string, reason: string, log: Log): Promise<void> {
  const rejected = join(folder, 'rejected');
  await makeFolder(rejected);
  const to = join(rejected, name);
  try {
    await rename(join(folder, name), to);
    await writeAtomic(`${to}.reason.txt`, `${reason}\n`);
  } catch (error) {
    // Somebody else removed it, or a folder of that name is there: it stays, and is passed over at every look.
    log.debug(`inbox: ${name} could not be moved away: ${String(error)}`);
    return;
  }
  log.warn(`A message to this run was not understood and lies in ${to}: ${reason}`);
}

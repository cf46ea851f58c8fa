import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { tokenMark } from '../../core/bus/redact.ts';
import { UserError } from '../../core/errors.ts';
import { makeFolder, writeAtomic } from '../files.ts';

/**
 * A seat at the bus lasts as long as a session with an agent, so that the session need not be opened anew for each call: its `bus` server
 * is started once and knows the seat's file and key. Who sits there now, with the token of that attempt, lies in the file, sealed with the
 * key: nobody else can read it, and with no call under way it is not there.
 */
export interface Seat {
  readonly path: string;
  readonly key: string;
}

const takenSchema = z.object({
  call: z.string(),
  attempt: z.number().int().positive(),
  /** The last message that its prompt knew of. */
  heard: z.number().int().nonnegative(),
  token: z.string(),
});

/** The attempt that a seat is taken by. */
export type Taken = z.infer<typeof takenSchema>;

const cipher = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/** Where the seats of a run lie. */
export function seatsFolder(runFolder: string): string {
  return join(runFolder, 'seats');
}

/** A new one, which nobody has taken. */
export function newSeat(runFolder: string): Seat {
  return {
    path: join(seatsFolder(runFolder), randomBytes(8).toString('hex')),
    key: tokenMark + randomBytes(32).toString('hex'),
  };
}

const keyOf = ({ key }: Seat): Buffer => Buffer.from(key.slice(tokenMark.length), 'hex');

/** Gives it to an attempt; whoever had it before has it no more. */
export async function takeSeat(seat: Seat, taken: Taken): Promise<void> {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, keyOf(seat), nonce);
  const sealed = Buffer.concat([sealing.update(JSON.stringify(taken), 'utf8'), sealing.final()]);
  await makeFolder(join(seat.path, '..'));
  await writeAtomic(seat.path, Buffer.concat([nonce, sealing.getAuthTag(), sealed]), { mode: 0o600 });
}

/** Nobody has it any more, until it is taken again. */
export async function leaveSeat({ path }: Seat): Promise<void> {
  await rm(path, { force: true });
}

/** Who has it now. Throws `UserError` (`no-call`) when nobody does, or the file is not what was sealed. */
export async function readSeat(seat: Seat): Promise<Taken> {
  try {
    const bytes = await readFile(seat.path);
    const opening = createDecipheriv(cipher, keyOf(seat), bytes.subarray(0, nonceBytes));
    opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    const text = Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]);
    return takenSchema.parse(JSON.parse(text.toString('utf8')));
  } catch (cause) {
    throw new UserError('no-call', 'No call of yours is under way: the bus takes nothing, and has nothing for you.', {
      cause,
    });
  }
}

import { readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import { diskError, removeStale, withLock, writeAtomic } from '../files.ts';
import { lifeOf, ownerSchema, thisOwner } from './owner.ts';
import type { Life, Owner } from './owner.ts';

const leaseSchema = ownerSchema.extend({ epoch: z.number().int().positive(), since: z.string() });
type LeaseFile = z.infer<typeof leaseSchema>;

/** The right of this process to go on with a run, and to write to it. */
export interface Lease {
  /** Greater than that of every owner before. */
  readonly epoch: number;
  readonly owner: Owner;
  /** Throws `UserError` (`lease-lost`) when another process has the run, or its folder is gone. */
  assertMine(): Promise<void>;
  /** Gives the run up; nothing happens when it is lost already. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly signal: AbortSignal;
  /** Take over also from an owner on another machine or in another container, whom nobody here can look after. Never from a living one. */
  readonly force?: boolean;
}

/** A process that holds a run, as far as can be told from here. */
export interface Holder {
  readonly owner: Owner;
  readonly epoch: number;
  readonly life: Life;
}

/**
 * Makes this process the one owner of the run, whose folder must exist. From a dead owner it takes over with the next epoch; of two at once
 * one wins. Throws `UserError`: `run-owned` (a living owner, watch it instead), `run-elsewhere` (nobody here can tell; `force` takes it),
 * `disk-full`, `read-only`.
 */
export async function acquireLease(runFolder: string, options: LeaseOptions): Promise<Lease> {
  const path = leasePath(runFolder);
  const owner = await thisOwner();
  const epoch = await withLock(
    join(runFolder, 'lease.lock'),
    async () => {
      const held = await readLease(path);
      if (held !== undefined && held !== 'unreadable') await refuseLiving(held, options.force ?? false);
      const before = held === undefined || held === 'unreadable' ? 0 : held.epoch;
      const next = Math.max(before, await lastEpoch(join(runFolder, 'journal.jsonl'))) + 1;
      const file: LeaseFile = { ...owner, epoch: next, since: new Date().toISOString() };
      await writeAtomic(path, `${JSON.stringify(file)}\n`);
      return next;
    },
    { signal: options.signal },
  );

  const isMine = async (): Promise<boolean> => {
    const held = await readLease(path);
    return held !== undefined && held !== 'unreadable' && held.nonce === owner.nonce;
  };
  return {
    epoch,
    owner,
    async assertMine() {
      if (await isMine()) return;
      throw new UserError('lease-lost', `This process no longer owns the run in ${runFolder}.`, {
        hint: 'Another process took it over, or its folder was removed. Nothing more is written here.',
      });
    },
    async release() {
      const remove = async (): Promise<void> => {
        if (await isMine()) await unlink(path);
      };
      await removeStale(runFolder, 60_000);
      // Its folder may be gone, and then there is nothing to release.
      if (await isMine())
        await withLock(join(runFolder, 'lease.lock'), remove, { signal: new AbortController().signal });
    },
  };
}

/** Who holds the run, and whether that process lives; undefined when nobody does. */
export async function holderOf(runFolder: string): Promise<Holder | undefined> {
  const held = await readLease(leasePath(runFolder));
  if (held === undefined || held === 'unreadable') return undefined;
  const { epoch, since: _since, ...owner } = held;
  return { owner, epoch, life: await lifeOf(owner) };
}

/** The owner of the run if it certainly lives: only then may the run be called running. */
export async function ownerOf(runFolder: string): Promise<Owner | undefined> {
  const holder = await holderOf(runFolder);
  return holder?.life === 'living' ? holder.owner : undefined;
}

function leasePath(runFolder: string): string {
  return join(runFolder, 'lease.json');
}

async function refuseLiving(held: LeaseFile, force: boolean): Promise<void> {
  const who = `process ${held.pid} of ${held.user || 'somebody'} on ${held.host}`;
  switch (await lifeOf(held)) {
    case 'dead':
      return;
    case 'living':
      throw new UserError('run-owned', `The run belongs to ${who}, which is at work on it.`, {
        hint: 'Watch it, or stop it through its inbox.',
      });
    case 'unknown':
      if (force) return;
      throw new UserError(
        'run-elsewhere',
        `The run was last held by ${who}, and nobody can tell from here whether that lives.`,
        {
          hint: 'If it is gone for certain, take the run over by force.',
        },
      );
  }
}

/** `unreadable` for a file that is no lease: written whole or not at all, so it is not ours, and protects nobody. */
async function readLease(path: string): Promise<LeaseFile | 'unreadable' | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw diskError(error, path);
  }
  try {
    return leaseSchema.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

/** The greatest epoch in a journal, for when the lease was released or removed; 0 when there is none. */
async function lastEpoch(path: string): Promise<number> {
  const text = await readFile(path, 'latin1').catch(() => '');
  // A line's end never stands inside a record, so what stands at a line's beginning is its own epoch.
  const found = text.matchAll(/^\{"seq":\d+,"at":"[^"]*","epoch":(\d{1,15}),/gm);
  let greatest = 0;
  for (const [, epoch] of found) greatest = Math.max(greatest, Number(epoch));
  return greatest;
}

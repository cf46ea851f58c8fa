import { createHash } from 'node:crypto';
import { open, realpath } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { ApprovalKind, Wanted } from '../../core/team/approvals.ts';
import { liesWithin, makeFolder, withLock, writeAtomic } from '../files.ts';

/**
 * Which folders the person trusts, and which of the things that they bring the person approved, in `trust.json` of the profile. Both are
 * kept by the folder's real path, so that neither a symbolic link nor another spelling in case is another folder. What
 * cannot be read or might have been written by others is no trust: everything here fails closed.
 */

export interface Place {
  /** The person's profile folder (`profileFolder`). */
  readonly profile: string;
  /** The project's folder; it must exist. */
  readonly root: string;
  readonly signal: AbortSignal;
}

const entry = z.object({ at: z.string() });
const trustSchema = z.object({
  version: z.literal(1),
  /** By real path. */
  folders: z.record(z.string(), entry),
  /** By real path, then `<kind>:<sha256 of the content>`. */
  approvals: z.record(z.string(), z.record(z.string(), entry)),
});
type Trust = z.infer<typeof trustSchema>;

/** Whether the person trusts exactly this folder; its parents and children count for nothing. */
export async function isTrusted(place: Place): Promise<boolean> {
  const key = await keyOf(place);
  return Object.hasOwn((await read(place)).folders, key);
}

/** Trusts the folder; its team file is read from now on. It approves nothing that the file brings. */
export async function trustFolder(place: Place): Promise<void> {
  await change(place, (trust, key, at) => {
    trust.folders[key] = { at };
  });
}

/** Takes trust back, and every approval with it: trusted again, everything is asked again. */
export async function untrustFolder(place: Place): Promise<void> {
  await change(place, (trust, key) => {
    delete trust.folders[key];
    delete trust.approvals[key];
  });
}

/** Whether the person approved exactly this content for this folder, and trusts the folder still. */
export async function approved(place: Place, kind: ApprovalKind, content: string): Promise<boolean> {
  const key = await keyOf(place);
  const trust = await read(place);
  return Object.hasOwn(trust.folders, key) && Object.hasOwn(trust.approvals[key] ?? {}, mark(kind, content));
}

/** Writes down that the person approved these, whole, for this folder. Throws `UserError` (`untrusted`) where it is not trusted. */
export async function approve(place: Place, items: readonly { kind: ApprovalKind; content: string }[]): Promise<void> {
  await change(place, (trust, key, at) => {
    if (!Object.hasOwn(trust.folders, key)) {
      throw new UserError('untrusted', `${place.root} is not trusted, so nothing in it can be approved.`, {
        hint: 'Run `orchestra trust` in the folder first.',
      });
    }
    const own = (trust.approvals[key] ??= {});
    for (const { kind, content } of items) own[mark(kind, content)] = { at };
  });
}

/** Those of `wanted` (see `needsApproval`) that the person has yet to approve as they are now. */
export async function unapproved(place: Place, wanted: readonly Wanted[]): Promise<Wanted[]> {
  if (wanted.length === 0) return [];
  const key = await keyOf(place);
  const trust = await read(place);
  const own = Object.hasOwn(trust.folders, key) ? (trust.approvals[key] ?? {}) : {};
  return wanted.filter(({ kind, content }) => !Object.hasOwn(own, mark(kind, content)));
}

function mark(kind: ApprovalKind, content: string): string {
  return `${kind}:${createHash('sha256').update(content).digest('hex')}`;
}

async function keyOf({ root, profile }: Place): Promise<string> {
  let real: string;
  try {
    real = await realpath(root);
  } catch (error) {
    throw new UserError('no-folder', `There is no folder ${root}.`, { cause: error });
  }
  if (await liesWithin(real, profile)) {
    throw new UserError(
      'profile-in-folder',
      `Your profile (${profile}) lies inside ${root}, where whatever works there could write it.`,
      {
        hint: 'Work in a folder below, or set ORCHESTRA_PROFILE to a folder outside.',
      },
    );
  }
  return real;
}

const fileOf = (profile: string): string => join(profile, 'trust.json');

async function read({ profile }: Pick<Place, 'profile'>): Promise<Trust> {
  const path = fileOf(profile);
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { version: 1, folders: {}, approvals: {} };
    throw new UserError(
      'trust-file',
      `${path} cannot be read (${code ?? String(error)}), so no folder counts as trusted.`,
      { cause: error },
    );
  }
  try {
    const { mode, uid } = await handle.stat();
    const me = process.getuid?.();
    // Windows keeps no such bits; the profile is the person's there by its place.
    if (me !== undefined && ((mode & 0o022) !== 0 || (uid !== me && uid !== 0))) {
      throw new UserError('trust-file', `${path} could have been written by others, so no folder counts as trusted.`, {
        hint: `Look at it; if it is yours, run: chmod 600 ${path}`,
      });
    }
    return trustSchema.parse(JSON.parse(await handle.readFile('utf8')));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError('trust-file', `${path} is damaged, so no folder counts as trusted.`, {
      hint: 'Remove it, and trust your folders again.',
      cause: error,
    });
  } finally {
    await handle.close();
  }
}

/** One at a time over all processes, so that no trust that was taken back comes back. */
async function change(place: Place, edit: (trust: Trust, key: string, at: string) => void): Promise<void> {
  const { profile, signal } = place;
  const key = await keyOf(place);
  await makeFolder(profile);
  await withLock(
    `${fileOf(profile)}.lock`,
    async () => {
      const trust = await read(place);
      edit(trust, key, new Date().toISOString());
      await writeAtomic(fileOf(profile), `${JSON.stringify(trust, null, 2)}\n`, { mode: 0o600 });
    },
    { signal },
  );
}

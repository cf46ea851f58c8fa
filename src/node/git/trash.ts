import { randomBytes } from 'node:crypto';
import { chmod, lstat, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../core/errors.ts';

const patience = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;

/** Removes a folder and all in it, also what is write-protected; follows no link. Nothing there is fine. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, patience);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EACCES' && code !== 'EPERM') throw error;
    // A module cache, say, keeps its folders read-only.
    await unprotect(path);
    await rm(path, patience);
  }
}

async function unprotect(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (!found?.isDirectory()) return;
  await chmod(path, 0o700);
  for (const name of await readdir(path)) await unprotect(join(path, name));
}

/**
 * Moves a folder out of the way at once and then removes it, so that its name is free even while something in it is still in use.
 * Throws `UserError` (`workspace-busy`) where the system does not let go of it (Windows).
 */
export async function clearAway(path: string, scratch: string): Promise<void> {
  const aside = join(scratch, `trash-${randomBytes(9).toString('hex')}`);
  try {
    await rename(path, aside);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EPERM' && code !== 'EBUSY' && code !== 'EACCES') throw error;
    throw new UserError('workspace-busy', `${path} is in use by another program and cannot be made anew.`, {
      hint: 'Close what has files of it open (an editor, a terminal, an agent), then go on.',
      cause: error,
    });
  }
  // What is still written into it stays in the trash until `clean`.
  await removeTree(aside).catch(() => {});
}

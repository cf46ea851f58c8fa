import { constants } from 'node:fs';
import { chmod, copyFile, lstat, mkdir, readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../core/errors.ts';

/** Copies ignored files (`node_modules`, say) from the person's folder into a checkout, whole or not at all. */

export interface Bringing {
  /** The person's folder; only what lies really inside it is brought. */
  readonly root: string;
  readonly cwd: string;
  /** For a file that may hold secrets: whether the person agreed that it is brought. */
  mayBring(path: string): Promise<'yes' | 'no'> | 'yes' | 'no';
  readonly signal: AbortSignal;
}

export interface Brought {
  /** One sentence for each thing that was left out, with its reason. */
  readonly leftOut: string[];
}

/**
 * Brings one file or folder, named as in the team file (relative, `/` between the parts). What the checkout has already stays as it is.
 * Links are copied as links, and only those that lead to a place inside. Throws `UserError` (`setup-failed`).
 */
export async function bring(path: string, bringing: Bringing): Promise<Brought> {
  const { signal } = bringing;
  signal.throwIfAborted();
  const parts = partsOf(path);
  const root = await realpath(bringing.root);
  const cwd = await realpath(bringing.cwd);
  const source = join(root, ...parts);
  const target = join(cwd, ...parts);
  const found = await lstat(source).catch(() => undefined);
  if (!found) return { leftOut: [`${path} is not there, so it was not brought.`] };
  const real = await realpath(source).catch(() => '');
  if (real !== source) throw failed(path, 'it is a symbolic link, or lies behind one');
  await noLinkAbove(cwd, parts, path);
  if (await lstat(target).catch(() => undefined)) return { leftOut: [] };

  // Beside the checkout, so that a copy that a crash cut short is never taken for the whole, nor for work of the writer.
  const temporary = `${cwd}.bring`;
  await removeTree(temporary);
  const leftOut: string[] = [];
  try {
    await copy({ ...bringing, root, cwd }, source, temporary, leftOut);
    if (!(await lstat(temporary).catch(() => undefined))) return { leftOut };
    await mkdir(dirname(target), { recursive: true });
    await noLinkAbove(cwd, parts, path);
    signal.throwIfAborted();
    await rename(temporary, target);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof UserError) throw error;
    throw failed(path, error instanceof Error ? error.message : String(error), error);
  } finally {
    await removeTree(temporary);
  }
  return { leftOut };
}

function partsOf(path: string): string[] {
  const parts = path
    .replace(/\/+$/, '')
    .split('/')
    .filter((part) => part !== '.');
  const bad = (part: string): boolean => part === '' || part === '..' || /[\\:\0]/.test(part) || /^\.git$/i.test(part);
  if (parts.length === 0 || isAbsolute(path) || parts.some(bad))
    throw failed(path, 'only a path inside the project can be brought');
  return parts;
}

function failed(path: string, why: string, cause?: unknown): UserError {
  return new UserError('setup-failed', `${JSON.stringify(path)} cannot be brought into a workspace: ${why}.`, {
    hint: 'See `setup.bring` in .orchestration/team.yaml.',
    cause,
  });
}

/** The checkout is what a model may have written: a link in it would lead the copy out of it. */
async function noLinkAbove(cwd: string, parts: readonly string[], path: string): Promise<void> {
  for (let n = 1; n < parts.length; n++) {
    const found = await lstat(join(cwd, ...parts.slice(0, n))).catch(() => undefined);
    if (found && !found.isDirectory())
      throw failed(path, `${parts.slice(0, n).join('/')} is no folder in the workspace`);
  }
}

async function copy(bringing: Bringing, source: string, target: string, leftOut: string[]): Promise<void> {
  bringing.signal.throwIfAborted();
  const found = await lstat(source);
  const name = relative(bringing.root, source).split(sep).join('/');
  if (mayHoldSecrets(name) && (await bringing.mayBring(name)) !== 'yes') {
    leftOut.push(`${name} was not brought: vendors would see it, and you have not agreed to that.`);
  } else if (found.isSymbolicLink()) {
    const link = await readlink(source);
    const goal = resolve(dirname(source), link);
    const inside = relative(bringing.root, goal);
    if (isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`)) {
      leftOut.push(`${name} was not brought: it is a link to a place outside the project.`);
      return;
    }
    // An absolute one would lead from the workspace into the person's folder.
    await symlink(isAbsolute(link) ? relative(dirname(source), goal) || '.' : link, target);
  } else if (found.isDirectory()) {
    await mkdir(target);
    const names = await readdir(source);
    for (let at = 0; at < names.length; at += 16) {
      const some = names.slice(at, at + 16).filter((entry) => !/^\.git$/i.test(entry));
      const copies = some.map((entry) => copy(bringing, join(source, entry), join(target, entry), leftOut));
      // All of them have ended before the copy is removed again.
      const problem = (await Promise.allSettled(copies)).find((ended) => ended.status === 'rejected');
      if (problem) throw problem.reason;
    }
    await chmod(target, (found.mode & 0o777) | 0o700);
  } else if (found.isFile()) {
    // Shares the blocks where the file system can.
    await copyFile(source, target, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  }
  // Sockets, pipes and devices are nothing that a check needs.
}

/** `.env`, `.env.local`, `.envrc` and the like, but not the samples that are meant to be seen. */
export function mayHoldSecrets(path: string): boolean {
  const name = path.split('/').at(-1)?.toLowerCase() ?? '';
  return /^\.env(?:rc|[.\-_].*)?$/.test(name) && !/[.\-_](?:example|sample|template|dist|defaults?)$/.test(name);
}

/** Removes a folder even where a command made parts of it read-only (Go's module cache is). Does nothing when it is not there. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await allowRemoval(path);
    await rm(path, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function allowRemoval(folder: string): Promise<void> {
  if (!(await lstat(folder)).isDirectory()) return;
  await chmod(folder, 0o700);
  for (const name of await readdir(folder)) await allowRemoval(join(folder, name));
}

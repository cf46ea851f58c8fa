import { constants } from 'node:fs';
import type { Dirent } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { checkPath } from '../../core/change/paths.ts';
import { isSecret } from '../../core/change/secretFiles.ts';
import { isWithin } from '../paths.ts';

/** Reading below one folder, for a model that has no files of its own: nothing outside it, no secret file, everything bounded. */

const entriesMost = 20_000;
const depthMost = 40;
/** A longer file is no text that a model reads. */
const fileBytes = 2 * 1024 * 1024;

/** Folders that no reader needs: git's own, what was installed, what this program keeps. */
const passedOver: ReadonlySet<string> = new Set(['.git', 'node_modules', '.orchestration']);

/** A path that cannot be read or written, in words for the model. */
export class ViewError extends Error {
  override readonly name = 'ViewError';
}

/** The path as the view names it: below the folder, with `/`. Throws `ViewError` for what leads out or holds secrets. */
export function namedPath(path: string): string {
  const plain = path.replace(/^(?:\.\/)+/, '');
  const problem = checkPath(plain);
  if (problem) throw new ViewError(`${JSON.stringify(path.slice(0, 200))} cannot be used. ${problem.reason}`);
  if (isSecret(plain)) throw new ViewError(`${plain} may hold secrets: no model reads or writes it.`);
  return plain;
}

/** Every file below the folder, sorted, without secret files and what lies behind links; at most 20,000. */
export async function filesBelow(folder: string, signal: AbortSignal): Promise<string[]> {
  const found: string[] = [];
  const walk = async (below: string, depth: number): Promise<void> => {
    signal.throwIfAborted();
    const entries: Dirent[] = await readdir(join(folder, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (found.length >= entriesMost || passedOver.has(entry.name)) continue;
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory() && depth < depthMost) await walk(path, depth + 1);
      // A link to a folder would show files twice, or without end.
      else if (entry.isFile() && !isSecret(path) && checkPath(path) === undefined) found.push(path);
    }
  };
  await walk('', 0);
  return found;
}

/** The text of a file; undefined when there is none. Throws `ViewError` for what is no text, too long, or lies outside by a link. */
export async function textBelow(folder: string, path: string): Promise<string | undefined> {
  const named = namedPath(path);
  const bytes = await bytesBelow(folder, named);
  if (bytes === undefined) return undefined;
  if (bytes.includes(0)) throw new ViewError(`${named} is no text.`);
  return bytes.toString('utf8');
}

async function bytesBelow(folder: string, path: string): Promise<Buffer | undefined> {
  let real: string;
  try {
    real = await realpath(join(folder, path));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ViewError(`${path} cannot be read (${code}).`);
  }
  const root = await realpath(folder);
  const inside = relative(root, real);
  if (inside === '' || !isWithin(root, real)) throw new ViewError(`${path} leads out of the folder.`);
  if (isSecret(inside.replaceAll(sep, '/')) || inside.split(sep).includes('.git'))
    throw new ViewError(`${path} leads to what no model reads.`);
  // Opening a pipe would wait for somebody to write into it.
  if (!(await lstat(real)).isFile()) throw new ViewError(`${path} is no file.`);
  const handle = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { size } = await handle.stat();
    if (size > fileBytes) throw new ViewError(`${path} is too long to be read: ${size} bytes.`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

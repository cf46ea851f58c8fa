import { lstat, mkdtemp, readFile, readdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { lifeOf, ownerSchema, thisOwner } from '../run/owner.ts';
import { removeTree } from './bring.ts';

/** Private folders of commands, each with the name of the process that made it, so that what a killed one left is found and removed. */

const prefix = 'orchestra-check-';
const ownerName = 'owner.json';
const swept = new Set<string>();

/** Makes one in this folder and gives its real path. The first in a folder removes what dead processes left there. */
export async function makeScratch(parent: string): Promise<string> {
  const place = await realpath(parent);
  if (!swept.has(place)) {
    swept.add(place);
    await sweepScratch(place);
  }
  const folder = await mkdtemp(join(place, prefix));
  await writeFile(join(folder, ownerName), JSON.stringify(await thisOwner()), { mode: 0o600 });
  return folder;
}

/** Removes one. Never throws: what cannot be removed is not in the way. */
export function removeScratch(folder: string): Promise<void> {
  return removeTree(folder).catch(() => {});
}

/** Removes the private folders of dead processes of ours. Never throws: what cannot be removed is not in the way. */
export async function sweepScratch(parent: string): Promise<void> {
  const names = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
  for (const name of names) {
    const folder = join(parent, name);
    if (await isLeft(folder).catch(() => false)) await removeScratch(folder);
  }
}

async function isLeft(folder: string): Promise<boolean> {
  const seen = await lstat(folder);
  // The system's temporary folder is everybody's.
  if (!seen.isDirectory() || (process.getuid && seen.uid !== process.getuid())) return false;
  const text = await readFile(join(folder, ownerName), 'utf8').catch(() => '');
  const owner = ownerSchema.safeParse(parsed(text));
  if (owner.success) return (await lifeOf(owner.data)) === 'dead';
  // Killed in the moment between making it and putting a name to it.
  return Date.now() - seen.mtimeMs > 24 * 3_600_000;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { readFile, rm, symlink, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { mergeText } from '../../core/change/merge.ts';
import { syncFolder } from '../files.ts';
import { makeFolderAt, moveTo, removeFolder, temporaryBeside, unlinkAny, writtenIn } from './commit.ts';
import { inspect, isAbsence } from './inspect.ts';
import type { Found } from './inspect.ts';
import type { Problem } from './plan.ts';
import { inFolder, locate, otherName } from './place.ts';
import { dress, holdsState, isState, stagedName } from './stage.ts';
import type { Entry, Manifest } from './stage.ts';
import { contentOf, textOf } from './versions.ts';

/**
 * Takes back what an apply has written, however far it came. Needs no room on the disk: the saved files themselves go back.
 * What the person has done to a file meanwhile is kept, and told.
 */

export interface RollingBack {
  /** A real path. */
  readonly root: string;
  readonly folder: string;
  readonly manifest: Manifest;
  hook(point: string): Promise<void>;
}

/** Resolves to the files that could not be brought back to what they were, each with the reason. Can be repeated after a crash in its middle. */
export async function rollBack(rolling: RollingBack): Promise<Problem[]> {
  const { root, folder, manifest, hook } = rolling;
  const left: Problem[] = [];
  const rows = manifest.entries.map((entry, n) => ({ entry, n }));
  const written = await writtenIn(folder);
  await removeTemporaries(rolling);
  for (const { entry, n } of rows.filter((row) => row.entry.old.kind === 'absent')) {
    await hook(`back ${n}`);
    const why = await takeAway(rolling, entry, written.has(n));
    if (why !== undefined) left.push({ path: entry.path, why });
  }
  for (const { path } of manifest.makes.toReversed()) await removeFolder(root, path);
  for (const { entry, n } of rows.filter((row) => row.entry.old.kind !== 'absent')) {
    await hook(`back ${n}`);
    const why = await bringBack(rolling, entry, n, written.has(n));
    if (why !== undefined) left.push({ path: entry.path, why });
  }
  // Folders may have gone without anything else in them being touched.
  for (const { path, mode } of manifest.empties.toReversed()) await makeFolderAt(root, path, mode).catch(() => {});
  for (const path of new Set(rows.map(({ entry }) => dirname(entry.real))))
    await syncFolder(join(root, path)).catch(() => {});
  await hook('back');
  await unlink(join(folder, stagedName));
  await syncFolder(folder);
  return left;
}

/** Removes what was created, if it still is what was created. */
async function takeAway({ root, manifest }: RollingBack, entry: Entry, written: boolean): Promise<string | undefined> {
  const at = await find(root, entry);
  if (typeof at === 'string') return at;
  if (!at || at.found.kind === 'absent') return undefined;
  // The folder that was there before: an earlier roll-back came so far.
  if (at.found.kind === 'folder' && manifest.empties.some(({ path }) => path === entry.real)) return undefined;
  // On a file system without case this may be the file under its old name.
  if ((await otherName(join(root, dirname(entry.real)), basename(entry.real))) !== undefined) return undefined;
  if (!holdsState(at.found, entry.new)) return written ? 'it is new, and you have changed it since' : undefined;
  await at.act((target) => unlinkAny(target, entry.new));
  return undefined;
}

async function bringBack(rolling: RollingBack, entry: Entry, n: number, written: boolean): Promise<string | undefined> {
  const { root, folder, manifest } = rolling;
  for (const { path, mode } of manifest.empties.toReversed()) {
    if (entry.real.startsWith(`${path}/`)) await makeFolderAt(root, path, mode);
  }
  const at = await find(root, entry);
  if (typeof at === 'string') return at;
  if (!at) return written ? 'its folder is gone' : undefined;
  if (isState(at.found, entry.old)) return undefined;
  const saved = join(folder, 'old', String(n));
  const bytes = { old: holdsState(at.found, entry.old), new: holdsState(at.found, entry.new) };
  const ours = isState(at.found, entry.new) || (bytes.new && !bytes.old) || (bytes.old && written);
  // That it is gone may be the person's doing, unless we do such things.
  const lost = at.found.kind === 'absent' && written;
  if (ours || lost) {
    if (entry.old.kind === 'link') {
      await rm(saved, { force: true });
      await symlink(entry.old.target, saved);
    } else if (entry.old.kind === 'file') {
      const copy = await inspect(saved);
      if (!holdsState(copy, entry.old)) return 'its saved copy is gone';
      await dress(saved, entry.old.mode, entry.old);
    }
    await at.act((target) => moveTo(target, saved, manifest.token));
    return undefined;
  }
  // Not ours: the person worked on it while it was as it had been.
  return written ? mergeBack(rolling, entry, n, at) : undefined;
}

/** The person's edits since then are kept, and what was applied is taken out from under them. */
async function mergeBack(rolling: RollingBack, entry: Entry, n: number, at: At): Promise<string | undefined> {
  const edited = 'you have changed it since';
  if (at.found.kind !== 'file' || entry.old.kind !== 'file' || entry.new.kind !== 'file') return edited;
  const read = async (path: string): Promise<string | undefined> => textOf(await readFile(path));
  const names = [join(rolling.folder, 'new', String(n)), join(rolling.folder, 'old', String(n))] as const;
  const [base, theirs] = await Promise.all(names.map((name) => read(name).catch(() => undefined)));
  let why: string | undefined = edited;
  await at.act(async (target) => {
    const ours = await read(target);
    if (base === undefined || theirs === undefined || ours === undefined) return;
    const merged = mergeText(base, ours, theirs);
    if (merged.conflict) return;
    why = undefined;
    if (merged.text === ours) return;
    const out = join(rolling.folder, 'out', `back-${n}`);
    await rm(out, { force: true });
    await contentOf(Buffer.from(merged.text)).writeTo(out);
    await dress(out, (at.found as Extract<Found, { kind: 'file' }>).mode, at.found as Extract<Found, { kind: 'file' }>);
    await moveTo(target, out, rolling.manifest.token);
  });
  return why;
}

interface At {
  readonly found: Found;
  act(work: (target: string) => Promise<void>): Promise<void>;
}

/** A sentence when the place is another by now; undefined when its folder is not there. */
async function find(root: string, entry: Entry): Promise<At | string | undefined> {
  const elsewhere = 'a folder on the way has become another';
  const place = await locate(root, entry.real);
  if ('why' in place) return place.code === 'blocked' ? undefined : elsewhere;
  if (place.missing.length > 0) return undefined;
  const folder = join(root, dirname(entry.real));
  if (place.folder !== folder) return elsewhere;
  const name = basename(entry.real);
  const found = await inspect(join(folder, name));
  return {
    found,
    async act(work) {
      if (!(await inFolder(folder, async (prefix) => work(join(prefix, name)))))
        throw new Error(`${entry.path}: ${elsewhere}`);
    },
  };
}

async function removeTemporaries({ root, manifest }: RollingBack): Promise<void> {
  for (const path of new Set(manifest.entries.map((entry) => dirname(entry.real)))) {
    await unlink(temporaryBeside(join(root, path, 'x'), manifest.token)).catch((error: unknown) => {
      if (!isAbsence(error)) throw error;
    });
  }
}

import { access, constants, lstat, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { mergeText } from '../../core/change/merge.ts';
import { blobId, inspect } from './inspect.ts';
import type { Found, FoundFile } from './inspect.ts';
import { locate, otherName } from './place.ts';
import type { Place } from './place.ts';
import { canExecute, contentOf, holds, isVersion, textLimit, textOf } from './versions.ts';
import type { Content, Owner, Version, Wanted } from './versions.ts';

/** What has to be written so that the person's files, as they are now, take what is wanted. Reads only. */

type Outcome =
  | { readonly kind: 'absent' }
  /** Without `content` the bytes stay as they are. */
  | {
      readonly kind: 'file';
      readonly mode: number;
      /** What the umask forbids is to be taken from the mode, as for any file that the person makes. */
      readonly masked?: boolean;
      readonly owner?: Owner;
      readonly content?: Content;
    }
  | { readonly kind: 'link'; readonly target: string };

export interface Step {
  readonly path: string;
  readonly place: Place;
  readonly found: Extract<Found, { kind: 'absent' | 'file' | 'link' }>;
  readonly to: Outcome;
  /** The person's own edits are in it. */
  readonly merged: boolean;
}

export interface Problem {
  readonly path: string;
  /** A clause for a person. */
  readonly why: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  /** With any of them nothing may be written. */
  readonly problems: readonly Problem[];
}

export interface Planning {
  /** A real path. */
  readonly root: string;
  /** Who wants it, for a sentence: `the change`, `undoing`. */
  readonly who: string;
  /** Why nothing may be written at the real path that a link on the way leads to, as a sentence; undefined when it may. */
  refuse(path: string, real: string): string | undefined;
  readonly signal: AbortSignal;
}

/** Three-way, file by file. */
export async function planFor(wanted: readonly Wanted[], planning: Planning): Promise<Plan> {
  const gone = new Set(wanted.filter((one) => one.to.kind === 'absent').map((one) => one.path));
  const steps: Step[] = [];
  const problems: Problem[] = [];
  const taken = new Map<string, string>();
  for (const one of wanted) {
    planning.signal.throwIfAborted();
    const result = await planOne(one, gone, planning).catch(unreadable);
    if (!result) continue;
    if ('why' in result) {
      problems.push({ path: one.path, why: result.why });
      continue;
    }
    const other = taken.get(result.place.real);
    if (other !== undefined) problems.push({ path: one.path, why: `it is the same file as ${other}` });
    taken.set(result.place.real, one.path);
    steps.push(result);
  }
  return { steps, problems };
}

function unreadable(error: unknown): { why: string } {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM') return { why: 'it cannot be read' };
  throw error;
}

async function planOne(
  one: Wanted,
  gone: ReadonlySet<string>,
  planning: Planning,
): Promise<Step | { why: string } | undefined> {
  const { path, from, to } = one;
  const place = await locate(planning.root, path, gone);
  if ('why' in place) {
    // Behind a file there is nothing, which is what was wanted.
    return place.code === 'blocked' && to.kind === 'absent' ? undefined : { why: place.why };
  }
  const refused = place.real === path ? undefined : planning.refuse(path, place.real);
  if (refused !== undefined) return { why: refused };
  let found: Found = place.missing.length > 0 ? { kind: 'absent' } : await inspect(join(place.folder, place.name));
  if (from.kind === 'absent' && found.kind !== 'absent') {
    const other = await otherName(place.folder, place.name);
    if (other !== undefined) {
      const entry = [...path.split('/').slice(0, -1), other].join('/');
      if (!gone.has(entry)) return { why: `${entry} is there, and this file system does not tell the two names apart` };
      found = { kind: 'absent' };
    }
  }
  if (
    found.kind === 'folder' &&
    from.kind === 'absent' &&
    (await holdsOnly(join(place.folder, place.name), path, gone))
  ) {
    found = { kind: 'absent' };
  }
  if (found.kind === 'folder') return { why: 'a folder stands there' };
  if (found.kind === 'other') return { why: 'it is no plain file, or is being written just now' };
  const decided = await decide(one, found, join(place.folder, place.name), planning.who);
  if (decided === undefined || 'why' in decided) return decided;
  if (!(await canWrite(place.folder))) return { why: 'its folder is read-only' };
  return { path, place, found, ...decided };
}

/** True when all that is in the folder is going to be deleted, so that a file can take its place. */
export async function holdsOnly(folder: string, path: string, gone: ReadonlySet<string>): Promise<boolean> {
  const names = await readdir(folder);
  for (const name of names) {
    const inside = `${path}/${name}`;
    if (gone.has(inside)) continue;
    if (!(await lstat(join(folder, name))).isDirectory()) return false;
    if (!(await holdsOnly(join(folder, name), inside, gone))) return false;
  }
  return names.length > 0;
}

async function canWrite(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

type Decided = { to: Outcome; merged: boolean } | { why: string } | undefined;

/** Undefined when nothing is to be done. */
async function decide({ from, to }: Wanted, found: Step['found'], file: string, who: string): Promise<Decided> {
  if (isVersion(found, to)) return undefined;
  if (to.kind === 'absent') {
    if (!isSame(found, from)) return { why: `${who} deletes it, and you have changed it` };
    return { to, merged: false };
  }
  if (found.kind === 'absent') {
    if (from.kind !== 'absent') return { why: 'you have deleted it' };
    return { to: to.kind === 'link' ? to : { kind: 'file', ...fresh(to), content: to.content }, merged: false };
  }
  if (from.kind === 'absent') {
    // The person wrote the same; whether it can be executed is then theirs to say.
    if (to.kind === 'file' && found.kind === 'file' && holds(found, to.content)) return undefined;
    return { why: 'you have made another file of this name' };
  }
  if (to.kind === 'link') {
    if (!isSame(found, from)) return { why: `${who} makes a link of it, and you have changed it` };
    return { to, merged: false };
  }
  if (found.kind === 'link') {
    if (from.kind !== 'link' || from.target !== found.target) return { why: 'it is a link now' };
    return { to: { kind: 'file', ...fresh(to), content: to.content }, merged: false };
  }
  if (from.kind !== 'file') return { why: 'you have made a file of it' };
  return decideFile(from, to, found, file);
}

async function decideFile(from: VersionFile, to: VersionFile, found: FoundFile, file: string): Promise<Decided> {
  const exec = canExecute(found.mode) === canExecute(from.mode) ? canExecute(to.mode) : canExecute(found.mode);
  const mode = to.exact && found.mode === from.mode ? to.mode : withExecution(found.mode, exec);
  const done = (content: Content | undefined, merged: boolean): Decided => {
    if (content === undefined && mode === found.mode) return undefined;
    return { to: { kind: 'file', mode, ...(content && { content }) }, merged };
  };
  if (holds(found, to.content)) return done(undefined, false);
  if (holds(found, from.content)) return done(to.content, false);
  // Only the mode was to change.
  if (from.content.id === to.content.id) return done(undefined, true);
  if (found.size > textLimit) return { why: 'you have changed it too, and it is too large to be merged' };
  const current = await readFile(file);
  if (!holds(found, { ...from.content, id: blobId(current, found.sha256) }))
    return { why: 'it is being written just now' };
  const [base, ours, theirs] = [await from.content.bytes(), current, await to.content.bytes()].map(textOf);
  if (base === undefined || ours === undefined || theirs === undefined)
    return { why: 'you have changed it too, and it is no text' };
  const merged = mergeText(base, ours, theirs);
  if (merged.conflict) return { why: 'you have changed the same lines' };
  return done(merged.text === ours ? undefined : contentOf(Buffer.from(merged.text)), true);
}

type VersionFile = Extract<Version, { kind: 'file' }>;

/** Content or target only: a mode that the person changed is no reason to keep a file. */
function isSame(found: Step['found'], version: Version): boolean {
  if (found.kind === 'file') return version.kind === 'file' && holds(found, version.content);
  return isVersion(found, version);
}

/** Gives or takes the right to execute, to those who may read. */
function withExecution(mode: number, exec: boolean): number {
  if (canExecute(mode) === exec) return mode;
  return exec ? mode | 0o100 | ((mode & 0o444) >> 2) : mode & ~0o111;
}

/** Rights of a new file. */
function fresh(to: VersionFile): Omit<Extract<Outcome, { kind: 'file' }>, 'kind' | 'content'> {
  if (to.exact) return { mode: to.mode, ...(to.owner && { owner: to.owner }) };
  return { mode: canExecute(to.mode) ? 0o777 : 0o666, masked: true };
}

import { randomBytes } from 'node:crypto';
import { chmod, chown, lstat, open, readFile, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolder, syncFolder, writeAtomic } from '../files.ts';
import { inspect, isAbsence } from './inspect.ts';
import type { Found, FoundFile } from './inspect.ts';
import type { Plan, Problem, Step } from './plan.ts';
import { copyAt } from './versions.ts';

/**
 * Everything that an apply needs, on disk before the first of the person's files is touched. In the folder of an apply:
 * `old/<n>` the bytes that stood there, `new/<n>` the bytes that come, `out/<n>` the file that takes the place; and one of
 * `staged.json` (under way: to be rolled back) or `done.json`. A folder with neither is rubbish.
 */

const absent = z.object({ kind: z.literal('absent') });
const link = z.object({ kind: z.literal('link'), target: z.string() });
const file = z.object({
  kind: z.literal('file'),
  mode: z.number().int(),
  uid: z.number().int(),
  gid: z.number().int(),
  /** git's SHA-256 blob id. */
  sha256: z.string(),
});
const stateSchema = z.discriminatedUnion('kind', [absent, link, file]);
export type State = z.infer<typeof stateSchema>;

const entrySchema = z.object({
  path: z.string(),
  /** Where it really lies, relative to the real root. */
  real: z.string(),
  old: stateSchema,
  new: stateSchema,
});
export type Entry = z.infer<typeof entrySchema>;

const manifestSchema = z.object({
  version: z.literal(1),
  id: z.string(),
  /** Of what was asked for. */
  digest: z.string(),
  /** Part of the names of temporaries that may lie beside the person's files, where another file system is mounted there. */
  token: z.string().regex(/^[0-9a-f]{12}$/),
  entries: z.array(entrySchema),
  /** Folders to be made, outermost first, with their mode where it is known. */
  makes: z.array(z.object({ path: z.string(), mode: z.number().int().optional() })),
  /** Folders that may be removed when they become empty, with their mode; innermost first. */
  empties: z.array(z.object({ path: z.string(), mode: z.number().int() })),
  /** Paths that hold edits of the person's, too. */
  merged: z.array(z.string()),
});
export type Manifest = z.infer<typeof manifestSchema>;

export const stagedName = 'staged.json';
export const doneName = 'done.json';

/** The manifest of a folder, if it is at that stage. */
export async function readManifest(
  folder: string,
  name: typeof stagedName | typeof doneName,
): Promise<Manifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, name), 'utf8');
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
  return manifestSchema.parse(JSON.parse(text));
}

export interface Staging {
  readonly root: string;
  /** Made here; must not be there yet. */
  readonly folder: string;
  readonly id: string;
  readonly digest: string;
  /** Modes of folders that are to be made again. */
  readonly modes: ReadonlyMap<string, number>;
  /** The only folders that may be removed when they become empty; any, when absent. */
  readonly mayEmpty?: ReadonlySet<string>;
  readonly signal: AbortSignal;
  hook(point: string): Promise<void>;
}

/** Stages a plan; with problems (a file that changes at this moment) nothing may be written. The caller removes the folder when it rejects. */
export async function stage(plan: Plan, staging: Staging): Promise<{ manifest: Manifest; problems: Problem[] }> {
  const { folder, signal } = staging;
  for (const name of ['old', 'new', 'out']) await makeFolder(join(folder, name));
  const mask = await maskOf(folder);
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  for (const [n, step] of plan.steps.entries()) {
    signal.throwIfAborted();
    const entry = await stageOne(step, { folder, n, mask });
    if (entry) entries.push(entry);
    else problems.push({ path: step.path, why: 'it is being written just now' });
    await staging.hook(`staged ${n}`);
  }
  const manifest: Manifest = {
    version: 1,
    id: staging.id,
    digest: staging.digest,
    token: randomBytes(6).toString('hex'),
    entries,
    makes: makesOf(plan.steps, staging.modes),
    empties: await emptiesOf(staging, entries),
    merged: plan.steps.filter((step) => step.merged).map((step) => step.path),
  };
  for (const name of ['old', 'new', 'out']) await syncFolder(join(folder, name));
  await writeAtomic(join(folder, stagedName), `${JSON.stringify(manifest)}\n`);
  return { manifest, problems };
}

/** Undefined when the file is not as it was found any more. */
async function stageOne(step: Step, at: { folder: string; n: number; mask: number }): Promise<Entry | undefined> {
  const { place, found, to, path } = step;
  const [old, next, out] = ['old', 'new', 'out'].map((name) => join(at.folder, name, String(at.n))) as [
    string,
    string,
    string,
  ];
  if (found.kind === 'file') {
    await copyAt(join(place.folder, place.name), found.sha256).writeTo(old);
    const copied = await inspect(old);
    if (copied.kind !== 'file' || copied.sha256 !== found.sha256) return undefined;
  }
  const entry = { path, real: place.real, old: stateOf(found) };
  if (to.kind === 'absent') return { ...entry, new: to };
  if (to.kind === 'link') {
    await symlink(to.target, out);
    return { ...entry, new: { kind: 'link', target: to.target } };
  }
  await (to.content ?? copyAt(old, '')).writeTo(next);
  await copyAt(next, '').writeTo(out);
  const mode = to.masked ? to.mode & ~at.mask : to.mode;
  const owner = found.kind === 'file' ? found : to.owner;
  await dress(out, mode, owner);
  const written = (await inspect(out)) as FoundFile;
  return {
    ...entry,
    new: {
      ...(stateOf(written) as Extract<State, { kind: 'file' }>),
      mode: process.platform === 'win32' ? written.mode : mode,
    },
  };
}

/** Gives a file its owner, where that is possible and another than ours, and its mode. */
export async function dress(
  path: string,
  mode: number,
  owner: { uid: number; gid: number } | undefined,
): Promise<void> {
  if (owner && process.platform !== 'win32') {
    const now = await stat(path);
    // Only root may give files away; a file of ours in another group of ours is ours to give.
    if (now.uid !== owner.uid || now.gid !== owner.gid) await chown(path, owner.uid, owner.gid).catch(() => {});
  }
  await chmod(path, mode);
}

function stateOf(found: Found): State {
  switch (found.kind) {
    case 'file':
      return { kind: 'file', mode: found.mode, uid: found.uid, gid: found.gid, sha256: found.sha256 };
    case 'link':
      return { kind: 'link', target: found.target };
    default:
      return { kind: 'absent' };
  }
}

/** What the umask takes from a new file. */
async function maskOf(folder: string): Promise<number> {
  const probe = await open(join(folder, 'probe'), 'wx', 0o777);
  try {
    return 0o777 & ~(await probe.stat()).mode;
  } finally {
    await probe.close();
  }
}

function makesOf(steps: readonly Step[], modes: ReadonlyMap<string, number>): Manifest['makes'] {
  const made = new Map<string, number | undefined>();
  for (const { place, to } of steps) {
    if (to.kind === 'absent') continue;
    const parents = place.real.split('/').slice(0, -1);
    for (let depth = parents.length - place.missing.length + 1; depth <= parents.length; depth++) {
      const path = parents.slice(0, depth).join('/');
      made.set(path, modes.get(path));
    }
  }
  return [...made].map(([path, mode]) => (mode === undefined ? { path } : { path, mode }));
}

async function emptiesOf({ root, mayEmpty }: Staging, entries: readonly Entry[]): Promise<Manifest['empties']> {
  const parentsOf = ({ real }: Entry): string[] => {
    const parts = real.split('/').slice(0, -1);
    return parts.map((_, n) => parts.slice(0, n + 1).join('/'));
  };
  const deleted = entries.filter((entry) => entry.new.kind === 'absent');
  const needed = new Set(entries.filter((entry) => entry.new.kind !== 'absent').flatMap(parentsOf));
  const found = new Map<string, number>();
  for (const path of new Set(deleted.flatMap(parentsOf))) {
    if (needed.has(path) || (mayEmpty && !mayEmpty.has(path))) continue;
    const seen = await lstat(join(root, path)).catch(() => undefined);
    if (seen?.isDirectory()) found.set(path, seen.mode & 0o7777);
  }
  const depth = (path: string): number => path.split('/').length;
  return [...found].map(([path, mode]) => ({ path, mode })).toSorted((a, b) => depth(b.path) - depth(a.path));
}

/** True when the disk still, or by now, has this state: bytes and rights. */
export function isState(found: Found, state: State): boolean {
  return holdsState(found, state) && (found.kind !== 'file' || state.kind !== 'file' || found.mode === state.mode);
}

/** True when the disk has the bytes, or the link, of this state. */
export function holdsState(found: Found, state: State): boolean {
  if (found.kind === 'file') return state.kind === 'file' && found.sha256 === state.sha256;
  if (found.kind === 'link') return state.kind === 'link' && found.target === state.target;
  return found.kind === 'absent' && state.kind === 'absent';
}

import { createHash } from 'node:crypto';
import { readFile, readdir, realpath, rm, unlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { FileChange } from '../../core/change/change.ts';
import { checkPath } from '../../core/change/paths.ts';
import { UserError, reasonOf } from '../../core/errors.ts';
import type { Applier } from '../../core/ports.ts';
import { diskError, liesWithin, makeFolder, syncFolder, withLock, writeAtomic } from '../files.ts';
import { isPlainName, orchestrationFolder } from '../paths.ts';
import { Changed, commit } from './commit.ts';
import { objectionAt } from './gate.ts';
import { isAbsence } from './inspect.ts';
import { planFor } from './plan.ts';
import type { Plan, Problem } from './plan.ts';
import { rollBack } from './rollback.ts';
import { doneName, readManifest, stage, stagedName } from './stage.ts';
import type { Manifest } from './stage.ts';
import { undoOf } from './undo.ts';
import { wantedOf } from './versions.ts';
import type { ReadBlob, Wanted } from './versions.ts';

/**
 * Brings a change into the person's files: three-way, all of it or nothing, and one step back. An apply that a crash cut short is rolled
 * back, never finished later by itself: whoever applied is asked, or the run resumed, and it is done anew on the files as they are then.
 * Not kept: times, extended attributes, and the ties of a hard link (the other names keep the old bytes).
 */

export interface ApplierOptions {
  /** The person's folder. */
  readonly root: string;
  /** The run's folder, in `.orchestration`. */
  readonly runFolder: string;
  /** For bytes that a change does not carry as text. */
  readonly readBlob: ReadBlob;
  /** For tests: called between all steps, with the step's name. */
  readonly hook?: (point: string) => void | Promise<void>;
}

interface Applied {
  /** Paths that were written or deleted, sorted. */
  readonly files: string[];
  /** Those of them that hold the person's own edits, too. */
  readonly merged: string[];
}

interface Recovered {
  /** Paths of the interrupted apply that was rolled back; empty when there was none. */
  readonly rolledBack: string[];
  /** What could not be brought back, since the person has changed it since. */
  readonly left: Problem[];
}

export interface OpenApplier extends Applier {
  apply(changes: readonly FileChange[], id: string, signal: AbortSignal): Promise<Applied>;
  /**
   * Takes an apply back: exactly where the files still are as applied, three-way where the person has edited since. Throws `UserError`
   * (`undo-conflict`, `already-undone`, `nothing-to-undo`), and then has written nothing.
   */
  undo(id: string, signal: AbortSignal): Promise<Applied>;
  /** Rolls back what a crash left, of whatever run. `apply` and `undo` do so by themselves. */
  recover(signal: AbortSignal): Promise<Recovered>;
}

/** Names the apply that is under way in a project, from before its first write until after its last. */
const pointerSchema = z.object({ folder: z.string() });

/** Opens the port. One apply or undo at a time goes on in a project; others wait. */
export function openApplier(options: ApplierOptions): OpenApplier {
  const hook = async (point: string): Promise<void> => options.hook?.(point);
  const alone = async <T>(signal: AbortSignal, act: (project: Project) => Promise<T>): Promise<T> => {
    signal.throwIfAborted();
    const root = await realpath(options.root);
    const own = orchestrationFolder(root);
    for (const folder of [own, join(options.runFolder, 'apply')]) {
      if (!(await liesWithin(root, folder))) {
        throw new UserError('outside', `${folder} leads out of the project, so nothing can be kept there.`, {
          hint: 'Remove the link that does that.',
        });
      }
      await makeFolder(folder);
    }
    const project: Project = {
      root,
      pointer: join(own, 'applying.json'),
      applies: await realpath(join(options.runFolder, 'apply')),
      hook,
    };
    return withLock(join(own, 'apply.lock'), () => act(project), { signal });
  };
  return {
    apply: (changes, id, signal) =>
      alone(signal, async (project) => {
        await recoverFirst(project);
        return applyChanges(project, { changes, id, readBlob: options.readBlob, signal });
      }),
    undo: (id, signal) =>
      alone(signal, async (project) => {
        await recoverFirst(project);
        return undoApply(project, id, signal);
      }),
    recover: (signal) => alone(signal, recoverProject),
  };
}

interface Project {
  /** Real paths, all of them. */
  readonly root: string;
  readonly pointer: string;
  readonly applies: string;
  hook(point: string): Promise<void>;
}

interface Request {
  readonly changes: readonly FileChange[];
  readonly id: string;
  readonly readBlob: ReadBlob;
  readonly signal: AbortSignal;
}

async function applyChanges(project: Project, { changes, id, readBlob, signal }: Request): Promise<Applied> {
  if (!isPlainName(id)) throw new Error(`${JSON.stringify(id)} is no name of an apply`);
  const digest = digestOf(changes);
  let parts = await partsOf(project, id);
  if (parts.length > 0 && (await readManifest(join(project.applies, id, 'undo'), doneName))) {
    // It was taken back, so it can be done again.
    for (const { folder } of parts.toReversed()) await discard(folder);
    parts = [];
  }
  // Done before a crash kept the caller from writing it down.
  const known = parts.find((part) => part.manifest.digest === digest);
  if (known) return appliedOf(known.manifest);

  const refused = changes.flatMap(({ path }) => {
    const problem = checkPath(path);
    return problem ? [{ path: JSON.stringify(path), why: problem.reason }] : [];
  });
  // The gate never lets these pass; whoever came around it gets no further.
  if (refused.length > 0) throw listed('refused', 'These paths are never written:', refused, {});
  const wanted: Wanted[] = [];
  for (const change of changes) wanted.push(await wantedOf(change, readBlob, signal));
  const byPath = new Map(changes.map((change) => [change.path, change]));
  const plan = await planFor(wanted, {
    root: project.root,
    who: 'the change',
    refuse: (path, real) => objectionAt(byPath.get(path) as FileChange, real)?.reason,
    signal,
  });
  const conflict = (problems: readonly Problem[]): UserError =>
    listed('apply-conflict', `The change does not fit your files as they are now, and nothing was written:`, problems, {
      hint: 'Settle these files (or put them back as they were when the run began), then apply again.',
    });
  const folder = join(project.applies, parts.length === 0 ? id : `${id}.${parts.length + 1}`);
  const manifest = await write(project, { plan, folder, id, digest, modes: new Map(), conflict, signal });
  return appliedOf(manifest);
}

async function undoApply(project: Project, id: string, signal: AbortSignal): Promise<Applied> {
  const parts = isPlainName(id) ? await partsOf(project, id) : [];
  if (parts.length === 0) {
    throw new UserError('nothing-to-undo', `There is no apply ${JSON.stringify(id)} of this run that could be undone.`);
  }
  const folder = join(project.applies, id, 'undo');
  if (await readManifest(folder, doneName)) {
    throw new UserError('already-undone', `The apply ${id} has been undone already.`, {
      hint: 'It can be applied again.',
    });
  }
  const { wanted, modes, mayEmpty } = undoOf(parts);
  const plan = await planFor(wanted, {
    root: project.root,
    who: 'undoing',
    // Where it was applied is a real path: a link is on the way to it only since then.
    refuse: () => 'a folder on the way has become a link',
    signal,
  });
  const conflict = (problems: readonly Problem[]): UserError =>
    listed(
      'undo-conflict',
      `The apply ${id} cannot be undone, since you have worked on these files; nothing was written:`,
      problems,
      {
        hint: 'Put them back as they were applied, or take the change out by hand.',
      },
    );
  return appliedOf(await write(project, { plan, folder, id, digest: '', modes, mayEmpty, conflict, signal }));
}

interface Writing {
  readonly plan: Plan;
  readonly folder: string;
  readonly id: string;
  readonly digest: string;
  readonly modes: ReadonlyMap<string, number>;
  readonly mayEmpty?: ReadonlySet<string>;
  conflict(problems: readonly Problem[]): UserError;
  readonly signal: AbortSignal;
}

/** Stages a plan and puts it in place; takes everything back when that fails. */
async function write(project: Project, writing: Writing): Promise<Manifest> {
  const { root, hook } = project;
  const { plan, folder, conflict, signal } = writing;
  if (plan.problems.length > 0) throw conflict(plan.problems);
  await discard(folder);
  let manifest: Manifest;
  try {
    const staged = await stage(plan, { ...writing, root, hook });
    if (staged.problems.length > 0) throw conflict(staged.problems);
    manifest = staged.manifest;
    await hook('manifest');
    await writeAtomic(project.pointer, `${JSON.stringify({ folder: relative(root, folder).split(sep).join('/') })}\n`);
  } catch (error) {
    await discard(folder);
    signal.throwIfAborted();
    throw diskError(error, folder);
  }
  try {
    await hook('begun');
    await commit({ root, folder, manifest, signal, hook });
  } catch (error) {
    const left = await takeBack(project, folder, manifest);
    await discard(folder);
    await clear(project);
    if (left.length > 0) throw interrupted(left, error);
    signal.throwIfAborted();
    if (error instanceof Changed) throw conflict([{ path: error.path, why: error.message }]);
    throw withoutTrace(diskError(error, root), root);
  }
  await hook('done');
  await clear(project);
  return manifest;
}

async function takeBack({ root, hook }: Project, folder: string, manifest: Manifest): Promise<Problem[]> {
  try {
    return await rollBack({ root, folder, manifest, hook });
  } catch (error) {
    throw new UserError(
      'apply-interrupted',
      `An apply was interrupted and could not be taken back: ${reasonOf(error)}`,
      {
        hint: `Mend that; it is tried again with the next apply. What your files held before is in ${join(folder, 'old')}.`,
        cause: error,
      },
    );
  }
}

/** Says that it was rolled back, which is what the person wants to know of a full disk or a folder that cannot be written. */
function withoutTrace(error: unknown, root: string): unknown {
  if (!(error instanceof UserError)) return error;
  const hint = 'All files are as they were. Mend that and apply again.';
  return new UserError(error.code, `The change could not be written to ${root}: ${error.message}`, {
    hint,
    cause: error.cause,
  });
}

async function recoverFirst(project: Project): Promise<void> {
  const { left } = await recoverProject(project);
  if (left.length > 0) throw interrupted(left);
}

function interrupted(left: readonly Problem[], cause?: unknown): UserError {
  return listed('apply-interrupted', 'An apply was interrupted and taken back, but not in these files:', left, {
    hint: 'Look at them, settle them by hand, and go on.',
    cause,
  });
}

async function recoverProject(project: Project): Promise<Recovered> {
  const folder = await pointed(project);
  let recovered: Recovered = { rolledBack: [], left: [] };
  if (folder !== undefined) {
    const manifest = await readManifest(folder, stagedName);
    if (manifest) {
      const left = await takeBack(project, folder, manifest);
      recovered = { rolledBack: manifest.entries.map((entry) => entry.path), left };
    }
    if (!(await readManifest(folder, doneName))) await discard(folder);
    await clear(project);
  }
  await sweep(project.applies);
  return recovered;
}

/** The folder of the apply that was under way, if it is one of this project. */
async function pointed({ root, pointer }: Project): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(pointer, 'utf8');
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
  const { folder } = pointerSchema.parse(JSON.parse(text));
  const shape = /^\.orchestration\/runs\/[^/]+\/apply\/[^/]+(\/undo)?$/;
  if (
    !shape.test(folder) ||
    folder.includes('/../') ||
    !(await liesWithin(orchestrationFolder(root), join(root, folder)))
  ) {
    throw new UserError('apply-interrupted', `${pointer} names a folder that is none of an apply.`, {
      hint: 'Remove that file.',
    });
  }
  return join(root, folder);
}

/** Removes what was staged, and never begun, before a crash. */
async function sweep(applies: string): Promise<void> {
  for (const name of await readdir(applies)) {
    const folder = join(applies, name);
    if (!(await readManifest(folder, doneName))) await discard(folder);
    else if (!(await readManifest(join(folder, 'undo'), doneName))) await discard(join(folder, 'undo'));
  }
}

async function clear({ pointer, hook }: Project): Promise<void> {
  await unlink(pointer).catch((error: unknown) => {
    if (!isAbsence(error)) throw error;
  });
  await syncFolder(join(pointer, '..'));
  await hook('cleared');
}

/** Removes the folder of an apply; its mark first, so that half a folder is never taken for a whole one. */
async function discard(folder: string): Promise<void> {
  for (const name of [doneName, stagedName]) await rm(join(folder, name), { force: true });
  await rm(folder, { recursive: true, force: true });
}

interface Part {
  readonly folder: string;
  readonly manifest: Manifest;
}

/** An apply, and what was applied later under the same id (files that the person approved after a crash). */
async function partsOf({ applies }: Project, id: string): Promise<Part[]> {
  const parts: Part[] = [];
  for (;;) {
    const folder = join(applies, parts.length === 0 ? id : `${id}.${parts.length + 1}`);
    const manifest = await readManifest(folder, doneName);
    if (!manifest) return parts;
    parts.push({ folder, manifest });
  }
}

function appliedOf(manifest: Manifest): Applied {
  return { files: manifest.entries.map((entry) => entry.path).toSorted(), merged: manifest.merged.toSorted() };
}

function digestOf(changes: readonly FileChange[]): string {
  const rows = changes.map(({ path, before, after }) => [path, before?.mode, before?.sha, after?.mode, after?.sha]);
  return createHash('sha256').update(JSON.stringify(rows)).digest('hex');
}

function listed(
  code: string,
  heading: string,
  problems: readonly Problem[],
  options: { hint?: string; cause?: unknown },
): UserError {
  const shown = problems.slice(0, 50).map(({ path, why }) => `\n  ${path}: ${why}`);
  const more = problems.length > 50 ? `\n  and ${problems.length - 50} more` : '';
  return new UserError(code, `${heading}${shown.join('')}${more}`, options);
}

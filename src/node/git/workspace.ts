import { createHash, randomBytes } from 'node:crypto';
import { lstat, mkdir, readFile, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import { makeFolder, writeAtomic } from '../files.ts';
import { giveAgentsGit, hasAgentsGit } from './agentsGit.ts';
import { git, splitNul } from './git.ts';
import { isOurs, mendRepository, scratchPath } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { lookAtIndex, recordFolder, writeTree } from './record.ts';
import { commitTree, names } from './snapshot.ts';
import { clearAway, removeTree } from './trash.ts';
import { copyIndex, untracked } from './untracked.ts';

/** The checkouts of one run. A checkout's own `.git` is the agent's; what we know of it lies beside it, out of its way. */
export interface Checkouts {
  readonly repository: PrivateRepository;
  readonly run: string;
  readonly log: Log;
}

const recordSchema = z.object({ commit: z.string() });

interface Place {
  readonly path: string;
  /** Written last, removed first: with it the checkout is whole. */
  readonly record: string;
  readonly index: string;
}

function placeOf({ repository, run }: Checkouts, name: string): Place {
  // Lower case, since some disks know no other; anything else is told apart by a hash.
  const plain = /^[a-z0-9][a-z0-9-]{0,39}$/.test(name) && !/^(con|prn|aux|nul|com\d|lpt\d)$/.test(name);
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12);
  const folder = plain
    ? name
    : `${name
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .slice(0, 24)}.${hash}`.replace(/^-/, 'x-');
  const state = join(repository.folder, 'state', run);
  return {
    path: join(repository.folder, 'work', run, folder),
    record: join(state, `${folder}.json`),
    index: join(state, `${folder}.index`),
  };
}

/** Makes the checkout, or makes it anew whatever stands there. It appears under its name when it is whole. */
export async function openCheckout(
  checkouts: Checkouts,
  name: string,
  commit: string,
  signal: AbortSignal,
): Promise<{ path: string }> {
  const { repository, run } = checkouts;
  const place = placeOf(checkouts, name);
  await removeCheckout(checkouts, name);
  await mendRepository(repository);
  const work = join(repository.folder, 'work', run);
  await makeFolder(work);
  await makeFolder(join(repository.folder, 'state', run));
  const fresh = join(work, `.${randomBytes(9).toString('hex')}`);
  const index = scratchPath(repository);
  try {
    await mkdir(fresh);
    await git(['read-tree', '--reset', '-u', commit], {
      signal,
      gitDir: repository.gitDir,
      workTree: fresh,
      index,
      borrow: repository.borrow,
    });
    await giveAgentsGit(repository, fresh, commit, index);
    await rename(fresh, place.path);
    await rename(index, place.index);
    await writeAtomic(place.record, `${JSON.stringify({ commit })}\n`);
  } catch (error) {
    await removeTree(fresh).catch(() => {});
    throw error;
  } finally {
    for (const path of [index, `${index}.lock`]) await rm(path, { force: true });
  }
  return { path: place.path };
}

/** The checkout if it is there, whole, and was opened at this commit. */
export async function findCheckout(
  checkouts: Checkouts,
  name: string,
  commit: string,
): Promise<{ path: string } | undefined> {
  const place = placeOf(checkouts, name);
  if ((await recordedCommit(place)) !== commit || !(await isWhole(place.path))) return undefined;
  if (!(await hasAgentsGit(place.path))) await giveAgentsGit(checkouts.repository, place.path, commit, place.index);
  return { path: place.path };
}

async function recordedCommit(place: Place): Promise<string | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(place.record, 'utf8'))).commit;
  } catch {
    return undefined;
  }
}

/** False for a link, wherever it leads, and in its path too. */
async function isWhole(path: string): Promise<boolean> {
  return (await realpath(path).catch(() => undefined)) === path && (await lstat(path)).isDirectory();
}

export async function removeCheckout(checkouts: Checkouts, name: string): Promise<void> {
  const place = placeOf(checkouts, name);
  await rm(place.record, { force: true });
  await rm(place.index, { force: true });
  await clearAway(place.path, join(checkouts.repository.folder, 'scratch'));
}

/**
 * What lies in the checkout, as a commit upon the one it was opened at. Nothing of the checkout is trusted but its files: not its `.git`,
 * nor its ignore rules alone. A file is in unless both the rules it was opened with and those in it now ignore it; files of a repository
 * that an agent made inside are in as any other. Throws `UserError`: `no-workspace`, or `workspace-files` when something in it cannot be recorded.
 */
export async function commitCheckout(
  checkouts: Checkouts,
  name: string,
  message: string,
  signal: AbortSignal,
): Promise<{ commit: string; tree: string }> {
  const { repository, log } = checkouts;
  const place = placeOf(checkouts, name);
  const base = await recordedCommit(place);
  if (base === undefined || !(await isWhole(place.path))) {
    throw new UserError(
      'no-workspace',
      `The workspace "${name}" is gone, or something else stands in its place (${place.path}).`,
      { hint: 'Resume the run: the call is made anew.' },
    );
  }
  await mendRepository(repository);
  const start = await startOf(repository, base);
  await refuseSubmoduleContent(place.path, name, start.gitlinks);
  const index = scratchPath(repository);
  try {
    if (!(await copyIndex(place.index, index)))
      await git(['read-tree', base], { signal, gitDir: repository.gitDir, index });
    const seen = await lookAtIndex(repository, index, place.path, signal);
    const without = await folders(place.path, [...seen.changed, ...seen.gone]);
    const look = { root: place.path, index, takeNested: true, without, signal };
    const [now, before] = await Promise.all([
      untracked(repository, look),
      untracked(repository, { ...look, rules: start.rules }),
    ]);
    const wanted = new Set([
      ...seen.listed.filter((entry) => entry.mode !== '160000').map((entry) => entry.path),
      ...now.files,
      ...before.files,
    ]);
    const recorded = await recordFolder(repository, {
      root: place.path,
      index,
      wanted,
      gitlinks: start.gitlinks,
      seen,
      signal,
    });
    const bad = [
      ...new Set([
        ...recorded.unreadable,
        ...now.closed,
        ...before.closed,
        ...now.odd,
        ...before.odd,
        ...recorded.refused,
      ]),
    ];
    if (bad.length > 0) {
      throw new UserError(
        'workspace-files',
        `The workspace "${name}" holds what cannot be recorded (unreadable, or a name that git keeps for itself or that is no UTF-8): ${names(bad)}.`,
      );
    }
    const nested = [...new Set([...now.nested, ...before.nested])];
    if (nested.length > 0)
      log.warn(
        `Workspace "${name}": ${names(nested)} was made a repository of its own; its files are in the change as any other.`,
      );
    if (await holdsOurs(place.path))
      log.warn(
        `Workspace "${name}": what was written to .orchestration or .serena/memories/orch is not in the change.`,
      );
    const tree = await writeTree(repository, index, signal);
    const commit = await commitTree(repository, tree, [base], `${message}\n`, signal);
    // The index stays as it was when the checkout was made: an agent that sets a file's date back within the same second
    // would hide a change from one that was written since.
    return { commit, tree };
  } finally {
    for (const path of [index, `${index}.lock`]) await rm(path, { force: true });
  }
}

/** Which of these paths are folders now. */
async function folders(root: string, paths: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      lstat(join(root, path)).then(
        (stat) => stat.isDirectory(),
        () => false,
      ),
    ),
  );
  return paths.filter((_, i) => found[i]);
}

interface Start {
  /** The ignore files of the commit. */
  readonly rules: readonly { path: string; sha: string }[];
  readonly gitlinks: ReadonlyMap<string, string>;
}

const starts = new WeakMap<PrivateRepository, Map<string, Promise<Start>>>();

/** What of a commit decides what is recorded upon it. */
async function startOf(repository: PrivateRepository, commit: string): Promise<Start> {
  const known = starts.get(repository) ?? new Map<string, Promise<Start>>();
  starts.set(repository, known);
  let start = known.get(commit);
  if (!start) {
    // Shared by all that ask, so nobody's signal ends it; it is one short command.
    start = readStart(repository, commit, new AbortController().signal);
    known.set(commit, start);
    start.catch(() => known.delete(commit));
  }
  return start;
}

async function readStart(repository: PrivateRepository, commit: string, signal: AbortSignal): Promise<Start> {
  const { stdout } = await git(['ls-tree', '-r', '-z', '--full-tree', commit], { signal, gitDir: repository.gitDir });
  const rules: { path: string; sha: string }[] = [];
  const gitlinks = new Map<string, string>();
  for (const line of splitNul(stdout)) {
    const tab = line.indexOf(9);
    const [mode, , sha] = line.toString('latin1', 0, tab).split(' ') as [string, string, string];
    if (mode === '160000') gitlinks.set(line.toString('utf8', tab + 1), sha);
    else if (mode !== '120000' && /(?:^|\/)\.gitignore$/.test(line.toString('latin1', tab + 1)))
      rules.push({ path: line.toString('utf8', tab + 1), sha });
  }
  return { rules, gitlinks };
}

/** A submodule is an empty folder here; what somebody writes into it would be in no change. */
async function refuseSubmoduleContent(
  root: string,
  name: string,
  gitlinks: ReadonlyMap<string, string>,
): Promise<void> {
  const written: string[] = [];
  for (const path of gitlinks.keys()) {
    const inside = await readdir(join(root, path)).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? [] : ['?'],
    );
    const link = await lstat(join(root, path)).then(
      (stat) => stat.isSymbolicLink(),
      () => false,
    );
    if (inside.length > 0 || link) written.push(path);
  }
  if (written.length === 0) return;
  throw new UserError(
    'workspace-files',
    `The workspace "${name}" has files in ${names(written)}, where your project has a submodule: these can be in no change.`,
    {
      hint: 'Run the task in the submodule itself.',
    },
  );
}

async function holdsOurs(root: string): Promise<boolean> {
  for (const path of ['.orchestration', '.serena/memories/orch']) {
    if (isOurs(path) && (await lstat(join(root, path)).catch(() => undefined))) return true;
  }
  return false;
}

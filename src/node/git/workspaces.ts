import { mkdir, readFile, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { FileChange } from '../../core/change/change.ts';
import type { Log, Workspaces } from '../../core/ports.ts';
import { diskError, makeFolder } from '../files.ts';
import { isPlainName } from '../paths.ts';
import { lifeOf, ownerSchema, thisOwner } from '../run/owner.ts';
import { treeWithFiles, treeWithRestored } from './edits.ts';
import { forgetCommits, holdCommits, keepCommits, tidyRepository } from './keep.ts';
import { mergeCommits } from './merge.ts';
import { GitError, diskFull } from './git.ts';
import { packTree, packableBytes } from './pack.ts';
import { inspectFolder } from './person.ts';
import { remembering } from './remembering.ts';
import { openPrivateRepository } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { takeSnapshot } from './snapshot.ts';
import { removeTree } from './trash.ts';
import { changesBetween, diffForPeople, listTree, lostError, readBlob, readText } from './trees.ts';
import { commitCheckout, findCheckout, openCheckout, removeCheckout } from './workspace.ts';
import type { Checkouts } from './workspace.ts';

export interface OpenWorkspacesOptions {
  /** The project's root, as `projectRoot` gives it. */
  readonly root: string;
  readonly run: string;
  readonly log: Log;
  /** For the opening itself. */
  readonly signal: AbortSignal;
}

export interface OpenWorkspaces extends Workspaces {
  /**
   * Removes the workspaces of this run unless another living process works on it. With `undefined`: of every other run of the project
   * that no living process works on, and if there is no such process, also what crashes left, and objects that nothing has held for
   * two weeks. Kept commits stay. Resolves to the runs whose workspaces were removed.
   */
  clean(run: string | undefined, signal: AbortSignal): Promise<string[]>;
  /** The bytes of a file, by its blob id. */
  blob(sha: string, signal: AbortSignal): Promise<Buffer>;
  /** Lets go of the commits that were kept for a run: it can no longer be shown or applied. */
  forget(run: string, signal: AbortSignal): Promise<void>;
  /** Waits for what is under way, and lets `clean` of another process remove this run's workspaces. */
  close(): Promise<void>;
}

/** Opens the project's private repository for one run. Any number of processes may have the same project open. */
export async function openWorkspaces({ root, run, log, signal }: OpenWorkspacesOptions): Promise<OpenWorkspaces> {
  checkRun(run);
  const project = await inspectFolder(root, signal);
  if (project.root !== root) {
    throw new UserError('no-root', `${root} is not the root of its project; that is ${project.root}.`);
  }
  const repository = await openPrivateRepository(project, signal);
  const checkouts: Checkouts = { repository, run, log };
  const onDisk = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw (await outOfRoom(error, repository.folder)) ?? lostError(diskError(error, repository.folder));
    }
  };
  /** The cache is anybody's to empty, so what is to be read may be gone. */
  const reading = async <T>(act: () => Promise<T>): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      throw lostError(error);
    }
  };
  // A phase asks for the change that the one before it asked for.
  const changes = remembering<FileChange[]>(4, (found) => textLength(found) < 4 * 1024 * 1024);
  const lists = remembering<string[]>(2);
  const claim = await onDisk(() => claimRun(repository, run));
  const queue = byName();
  const alone = <T>(name: string, act: () => Promise<T>): Promise<T> => queue(name, () => onDisk(act));

  async function takeBase(stop: AbortSignal): ReturnType<Workspaces['takeBase']> {
    // Looked at anew: the person may have begun or removed a repository meanwhile; then this one is no longer the right one.
    const now = await inspectFolder(root, stop);
    if ((now.git?.format ?? 'sha1') !== repository.format || now.git?.commonDir !== project.git?.commonDir) {
      throw new UserError(
        'moved-repository',
        `The git repository of ${root} came, went or moved since this was opened.`,
        {
          hint: 'Start again.',
        },
      );
    }
    const base = await takeSnapshot(repository, now, stop);
    await holdCommits(repository, run, [base.commit], stop);
    return { ...base, bytes: await packableBytes(repository, base.tree, stop) };
  }

  return {
    takeBase: (stop) => onDisk(() => takeBase(stop)),
    open: (name, commit, stop) => alone(name, () => openCheckout(checkouts, name, commit, stop)),
    find: (name, commit) => alone(name, () => findCheckout(checkouts, name, commit)),
    commit: (name, message, stop) => alone(name, () => commitCheckout(checkouts, name, message, stop)),
    async changes(from, to, stop) {
      const found = await changes(`${from} ${to}`, () => reading(() => changesBetween(repository, from, to, stop)));
      return [...found];
    },
    merge: (base, ours, theirs, stop) => onDisk(() => mergeCommits(repository, base, ours, theirs, stop)),
    withFiles: (tree, parent, files, stop) => onDisk(() => treeWithFiles(repository, tree, parent, files, stop)),
    restore: (tree, from, parent, paths, stop) =>
      onDisk(() => treeWithRestored(repository, tree, from, parent, paths, stop)),
    read: (tree, path, stop) => reading(() => readText(repository, tree, path, stop)),
    blob: (sha, stop) => readBlob(repository, sha, stop),
    async list(tree, stop) {
      const pathsOf = async (): Promise<string[]> =>
        (await listTree(repository, tree, { sizes: false, signal: stop })).map((entry) => entry.path);
      return [...(await lists(tree, () => reading(pathsOf)))];
    },
    pack: (tree, tokens, stop) => reading(() => packTree(repository, tree, tokens, stop)),
    diff: (from, to, stop) => reading(() => diffForPeople(repository, from, to, stop)),
    remove: (name) => alone(name, () => removeCheckout(checkouts, name)),
    keep: (of, commits, stop) => onDisk(async () => keepCommits(repository, checkRun(of), commits, stop)),
    clean: (of, stop) => onDisk(async () => clean(repository, of === undefined ? of : checkRun(of), run, stop)),
    forget: async (of, stop) => forgetCommits(repository, checkRun(of), stop),
    async close() {
      await queue.idle();
      await rm(claim, { force: true });
    },
  };
}

const textLength = (files: readonly FileChange[]): number =>
  files.reduce((sum, { before, after }) => sum + (before?.text?.length ?? 0) + (after?.text?.length ?? 0), 0);

/** git does not always say that it was the disk: where it failed and there is no room, that is why. */
async function outOfRoom(error: unknown, folder: string): Promise<UserError | undefined> {
  if (!(error instanceof GitError)) return undefined;
  const disk = await statfs(folder).catch(() => undefined);
  return disk && disk.bavail * disk.bsize < 64 * 1024 ? diskFull(error) : undefined;
}

function checkRun(run: string): string {
  if (!isPlainName(run))
    throw new UserError('bad-run', `${JSON.stringify(run)} is not the id of a run.`, {
      hint: '`orchestra runs` lists them.',
    });
  return run;
}

/** Runs what concerns one name one after the other, and different names side by side. */
function byName(): { <T>(name: string, act: () => Promise<T>): Promise<T>; idle(): Promise<void> } {
  const last = new Map<string, Promise<unknown>>();
  const one = <T>(name: string, act: () => Promise<T>): Promise<T> => {
    const before = last.get(name) ?? Promise.resolve();
    const mine = before.then(act, act);
    // Whoever is next waits for the end of this one, however it ends.
    const ended = mine.then(
      () => {},
      () => {},
    );
    last.set(name, ended);
    void ended.then(() => {
      if (last.get(name) === ended) last.delete(name);
    });
    return mine;
  };
  return Object.assign(one, { idle: async () => void (await Promise.all(last.values())) });
}

/** Says that a living process works on the run; resolves to the file that says so. */
async function claimRun(repository: PrivateRepository, run: string): Promise<string> {
  const folder = join(repository.folder, 'state', run, 'claims');
  await makeFolder(folder);
  const path = join(folder, `${randomBytes(9).toString('hex')}.json`);
  await writeFile(path, JSON.stringify(await thisOwner()), { flag: 'wx' });
  return path;
}

async function isClaimed(repository: PrivateRepository, run: string): Promise<boolean> {
  const folder = join(repository.folder, 'state', run, 'claims');
  for (const name of await readdir(folder).catch(() => [])) {
    try {
      const owner = ownerSchema.parse(JSON.parse(await readFile(join(folder, name), 'utf8')));
      if ((await lifeOf(owner)) !== 'dead') return true;
    } catch {
      // Half written by a crash, or gone meanwhile: nobody's.
    }
  }
  return false;
}

async function clean(
  repository: PrivateRepository,
  only: string | undefined,
  own: string,
  signal: AbortSignal,
): Promise<string[]> {
  const { folder } = repository;
  const found = new Set([
    ...(await readdir(join(folder, 'work')).catch(() => [])),
    ...(await readdir(join(folder, 'state')).catch(() => [])),
  ]);
  const removed: string[] = [];
  let others = false;
  for (const run of found) {
    signal.throwIfAborted();
    const claimed = run !== own && (await isClaimed(repository, run));
    if (claimed) others = true;
    if (claimed || (only === undefined ? run === own : run !== only)) continue;
    const had = await readdir(join(folder, 'work', run)).catch(() => []);
    await removeTree(join(folder, 'work', run));
    if (run !== own) await removeTree(join(folder, 'state', run));
    if (had.length > 0) removed.push(run);
  }
  if (only === undefined && !others) {
    // Scratch files belong to whoever is at work; with nobody else there they are a crash's.
    await removeTree(join(folder, 'scratch'));
    await mkdir(join(folder, 'scratch'), { recursive: true });
    await tidyRepository(repository, signal);
  }
  return removed.sort();
}

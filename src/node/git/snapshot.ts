import { isSecret } from '../../core/change/secretFiles.ts';
import { readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { git, gitLine, GitError } from './git.ts';
import { doing, personsIndex } from './person.ts';
import type { IndexEntry, ProjectFolder } from './person.ts';
import { isOurs, mendRepository, scratchPath } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { recordFolder, writeTree } from './record.ts';
import type { Recorded } from './record.ts';
import { copyIndex, untracked } from './untracked.ts';
import type { Untracked } from './untracked.ts';

/** Larger files are taken only if git tracks them: eight writers would have eight copies. */
const largestUntracked = 100 * 1024 * 1024;

/** A commit without a parent of the person's files as they are now. `notes` say in a sentence each what is left out or special. */
export async function takeSnapshot(
  repository: PrivateRepository,
  project: ProjectFolder,
  signal: AbortSignal,
): Promise<{ commit: string; tree: string; files: number; notes: string[] }> {
  await mendRepository(repository);
  const index = scratchPath(repository);
  try {
    await copyIndex(repository.index, index);
    const taken = await fill(repository, project, index, signal).catch(async (error: unknown) => {
      // Once more, from nothing: a broken index costs its knowledge, and a file that changed while it was read is read again.
      if (!(error instanceof GitError)) throw error;
      await rm(index, { force: true });
      return fill(repository, project, index, signal);
    });
    const tree = await writeTree(repository, index, signal);
    const commit = await commitTree(repository, tree, [], 'The project as it was when the run began\n', signal);
    // Whichever run writes it last: both are true.
    await rename(index, repository.index).catch(() => {});
    return { commit, tree, files: taken.files, notes: taken.notes };
  } finally {
    for (const path of [index, `${index}.lock`]) await rm(path, { force: true });
  }
}

/** Makes a commit with an identity that is nobody's. */
export function commitTree(
  repository: PrivateRepository,
  tree: string,
  parents: readonly string[],
  message: string,
  signal: AbortSignal,
): Promise<string> {
  const date = `@${Math.floor(Date.now() / 1000)} +0000`;
  const env: NodeJS.ProcessEnv = {};
  for (const who of ['AUTHOR', 'COMMITTER']) {
    env[`GIT_${who}_NAME`] = 'Model Orchestra';
    env[`GIT_${who}_EMAIL`] = 'model-orchestra@localhost';
    env[`GIT_${who}_DATE`] = date;
  }
  const args = ['commit-tree', tree, ...parents.flatMap((parent) => ['-p', parent]), '-F', '-'];
  return gitLine(args, { signal, gitDir: repository.gitDir, env, input: message });
}

async function fill(
  repository: PrivateRepository,
  project: ProjectFolder,
  index: string,
  signal: AbortSignal,
): Promise<{ files: number; notes: string[] }> {
  const entries = await personsIndex(project, signal);
  const tracked = entries.filter(
    (entry): entry is IndexEntry & { path: string } => entry.path !== undefined && !isOurs(entry.path),
  );
  const gitlinks = new Map(tracked.filter((entry) => entry.mode === '160000').map(({ path, sha }) => [path, sha]));
  const known = scratchPath(repository);
  let beside: Untracked;
  try {
    if (entries.length > 0) {
      const lines = tracked.map(({ mode, sha, path }) => `${mode} ${sha} 0\t${path}\0`).join('');
      await git(['update-index', '-z', '--index-info'], {
        signal,
        gitDir: repository.gitDir,
        workTree: project.root,
        index: known,
        input: lines,
      });
    }
    beside = await untracked(repository, { root: project.root, index: known, takeNested: !project.git, signal });
  } finally {
    for (const path of [known, `${known}.lock`]) await rm(path, { force: true });
  }
  const wanted = new Set(tracked.filter((entry) => entry.mode !== '160000').map((entry) => entry.path));
  for (const path of beside.files) wanted.add(path);
  const recorded = await recordFolder(repository, {
    root: project.root,
    index,
    wanted,
    gitlinks,
    largest: largestUntracked,
    limited: (path) => beside.files.has(path),
    signal,
  });
  const sparse = entries.filter((entry) => entry.sparse && entry.path !== undefined).length;
  const odd = [...beside.odd, ...entries.filter((entry) => entry.path === undefined).map(() => 'a tracked one')];
  const notes = await notesOf(project, { ...recorded, ...beside, odd, sparse, gitlinks: [...gitlinks.keys()], wanted });
  return { files: recorded.count, notes };
}

type Seen = Recorded & Untracked & { sparse: number; gitlinks: readonly string[]; wanted: ReadonlySet<string> };

async function notesOf(project: ProjectFolder, seen: Seen): Promise<string[]> {
  const notes: string[] = [];
  const note = (count: number, text: (many: boolean) => string): void =>
    void (count > 0 && notes.push(text(count > 1)));
  const underWay = project.git && (await doing(project.git.gitDir));
  if (underWay) notes.push(`A ${underWay} is under way in your repository; the files are taken as they are now.`);
  note(
    seen.sparse,
    (many) => `${many ? `${seen.sparse} files are` : 'A file is'} outside your sparse checkout and left out.`,
  );
  note(
    seen.gitlinks.length,
    (many) =>
      `The contents of ${many ? 'the submodules' : 'the submodule'} ${names(seen.gitlinks)} are not in the workspaces.`,
  );
  if (project.git)
    note(
      seen.nested.length,
      (many) =>
        `${names(seen.nested)} ${many ? 'are repositories of their own' : 'is a repository of its own'} and left out.`,
    );
  else
    note(
      seen.nested.length,
      (many) =>
        `${names(seen.nested)} ${many ? 'are git repositories' : 'is a git repository'} inside, taken as plain files.`,
    );
  note(
    seen.unreadable.length,
    (many) => `${names(seen.unreadable)} cannot be read and ${many ? 'are' : 'is'} left out.`,
  );
  note(
    seen.closed.length,
    (many) =>
      `The ${many ? 'folders' : 'folder'} ${names(seen.closed)} cannot be read and ${many ? 'are' : 'is'} left out.`,
  );
  note(
    seen.large.length,
    (many) =>
      `${names(seen.large.map(({ path, bytes }) => `${path} (${Math.round(bytes / 1024 / 1024)} MiB)`))} ${many ? 'are' : 'is'} large, not tracked by git, and left out.`,
  );
  note(
    seen.refused.length,
    (many) =>
      `${names(seen.refused)} ${many ? 'have names that' : 'has a name that'} git keeps for itself, and ${many ? 'are' : 'is'} left out.`,
  );
  note(
    seen.odd.length,
    (many) =>
      `${seen.odd.length} ${many ? 'files have names that are' : 'file has a name that is'} no UTF-8 and left out: ${names(seen.odd)}.`,
  );
  if (await usesFilters(project, seen.wanted))
    notes.push('This project uses git filters (such as LFS): files are taken as they lie on your disk.');
  const secret = [...seen.wanted].filter(isSecret).sort();
  note(
    secret.length,
    (many) =>
      `${names(secret)} ${many ? 'are' : 'is'} not ignored by git: models can read ${many ? 'them' : 'it'} in the workspaces.`,
  );
  return notes;
}

async function usesFilters(project: ProjectFolder, wanted: ReadonlySet<string>): Promise<boolean> {
  if (!wanted.has('.gitattributes')) return false;
  return /^[^#\n]*\sfilter=/m.test(await readFile(join(project.root, '.gitattributes'), 'utf8').catch(() => ''));
}

/** Up to three names, and how many more. */
export function names(list: readonly string[]): string {
  const shown = list.slice(0, 3).join(', ');
  return list.length > 3 ? `${shown} and ${list.length - 3} more` : shown;
}

import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { GitError, git, gitLine } from './git.ts';
import { mendRepository, scratchPath } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { writeTree } from './record.ts';
import { commitTree } from './snapshot.ts';
import { isTreePath, listTree, objectId } from './trees.ts';

/** Making trees out of trees, without a checkout. */

interface Made {
  readonly commit: string;
  readonly tree: string;
}

/**
 * A tree like `tree` with these files replaced (`content: null` removes), as a commit upon `parent`. A file keeps its mode; a link stays
 * one, to where `content` says, as long as that is one line. A file in a folder's place replaces the folder, and the other way round.
 * Throws `UserError` (`bad-path`) for a path that no tree may hold.
 */
export async function treeWithFiles(
  repository: PrivateRepository,
  tree: string,
  parent: string,
  files: readonly { path: string; content: string | null }[],
  signal: AbortSignal,
): Promise<Made> {
  for (const { path } of files) if (!isTreePath(path)) throw badPath(path);
  const written = files.filter((file): file is { path: string; content: string } => file.content !== null);
  const shas = await writeBlobs(
    repository,
    written.map((file) => file.content),
    signal,
  );
  const modes = new Map(
    (await listTree(repository, tree, { sizes: false, signal })).map((entry) => [entry.path, entry.mode]),
  );
  const here = written.map(({ path, content }, i) => `${modeFor(modes.get(path), content)} ${shas[i]} 0\t${path}\0`);
  const gone = files.filter((file) => file.content === null).map((file) => file.path);
  return editTree(repository, tree, parent, { gone, here }, signal);
}

/** `tree` with these paths as they are in `from` (absent there: removed), as a commit upon `parent`. */
export async function treeWithRestored(
  repository: PrivateRepository,
  tree: string,
  from: string,
  parent: string,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Made> {
  const source = new Map(
    (await listTree(repository, from, { sizes: false, signal })).map((entry) => [entry.path, entry]),
  );
  const gone = paths.filter((path) => !source.has(path));
  const here = paths
    .map((path) => source.get(path))
    .filter((entry) => entry !== undefined)
    .map(({ mode, sha, path }) => `${mode} ${sha} 0\t${path}\0`);
  return editTree(repository, tree, parent, { gone, here }, signal);
}

/** `tree` without the paths in `gone` and with those in `here`, which are lines of `update-index --index-info`. */
export async function editTree(
  repository: PrivateRepository,
  tree: string,
  parent: string,
  { gone, here }: { gone: readonly string[]; here: readonly string[] },
  signal: AbortSignal,
): Promise<Made> {
  await mendRepository(repository);
  const index = scratchPath(repository);
  const call = { signal, gitDir: repository.gitDir, index };
  try {
    await git(['read-tree', objectId(tree)], call);
    const zero = '0'.repeat(repository.format === 'sha256' ? 64 : 40);
    // Removals first: a removed file may make room for a folder.
    const input = [...gone.map((path) => `0 ${zero}\t${path}\0`), ...here].join('');
    await git(['update-index', '-z', '--add', '--replace', '--index-info'], { ...call, input }).catch(
      (error: unknown) => {
        const refused = error instanceof GitError ? /Invalid path '(.*)'/.exec(error.stderr)?.[1] : undefined;
        throw refused === undefined ? error : badPath(refused);
      },
    );
    const made = await writeTree(repository, index, signal);
    return { commit: await commitTree(repository, made, [objectId(parent)], 'Files written\n', signal), tree: made };
  } finally {
    for (const path of [index, `${index}.lock`]) await rm(path, { force: true });
  }
}

function modeFor(before: string | undefined, content: string): string {
  if (before === '120000' && !/[\n\0]/.test(content)) return before;
  return before === '100755' ? before : '100644';
}

function badPath(path: string): UserError {
  return new UserError('bad-path', `${JSON.stringify(path)} is no path inside the project.`);
}

async function writeBlobs(
  repository: PrivateRepository,
  contents: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  if (contents.length === 0) return [];
  const folder = scratchPath(repository);
  try {
    await mkdir(folder);
    for (const [i, content] of contents.entries()) await writeFile(join(folder, String(i)), content);
    const input = contents.map((_, i) => `${i}\n`).join('');
    const args = ['hash-object', '-w', '--no-filters', '--stdin-paths'];
    return (await gitLine(args, { signal, gitDir: repository.gitDir, workTree: folder, input })).split('\n');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

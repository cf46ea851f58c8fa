import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from './git.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { missingObjects } from './record.ts';
import { lostObjects, objectId } from './trees.ts';

/** Refs of the base and of kept commits; what they reach is never pruned. */
function refsOf(run: string): string {
  return `refs/runs/${run}`;
}

/** Keeps a commit from being pruned; what it borrows stays borrowed. */
export async function holdCommits(
  repository: PrivateRepository,
  run: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const input = commits.map((commit) => `update ${refsOf(run)}/${objectId(commit)} ${commit}\n`).join('');
  await git(['update-ref', '--no-deref', '--stdin'], { signal, gitDir: repository.gitDir, input });
}

/**
 * Copies what these commits borrow into the private repository, verifies that they are whole without the person's objects, and
 * keeps them from being pruned. Throws `UserError` (`lost-objects`) when something borrowed is gone already.
 */
export async function keepCommits(
  repository: PrivateRepository,
  run: string,
  commits: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (commits.length === 0) return;
  await holdCommits(repository, run, commits, signal);
  const call = { signal, gitDir: repository.gitDir };
  const input = commits.map((commit) => `${objectId(commit)}\n`).join('');
  // What is only borrowed is missing when nothing is. Source: git-rev-list(1), --missing=print.
  const walked = await git(['rev-list', '--objects', '--no-object-names', '--missing=print', '--stdin'], {
    ...call,
    input,
  });
  const borrowed = walked.stdout
    .toString('latin1')
    .split('\n')
    .filter((line) => line.startsWith('?'))
    .map((line) => line.slice(1));
  if (borrowed.length > 0) {
    for (const sha of await missingObjects(repository, borrowed, repository.borrow, signal)) throw lostObjects(sha);
    const list = borrowed.map((sha) => `${sha}\n`).join('');
    await git(['pack-objects', '--quiet', join(repository.gitDir, 'objects', 'pack', 'pack')], {
      ...call,
      borrow: repository.borrow,
      input: list,
    });
  }
  // Fails for anything that is still missing.
  await git(['rev-list', '--objects', '--quiet', '--stdin'], { ...call, input });
}

/** Lets go of a run's commits. */
export async function forgetCommits(repository: PrivateRepository, run: string, signal: AbortSignal): Promise<void> {
  const call = { signal, gitDir: repository.gitDir };
  const refs = (await git(['for-each-ref', '--format=%(refname)', `${refsOf(run)}/`], call)).stdout
    .toString('utf8')
    .split('\n')
    .filter(Boolean);
  if (refs.length > 0)
    await git(['update-ref', '--no-deref', '--stdin'], {
      ...call,
      input: refs.map((ref) => `delete ${ref}\n`).join(''),
    });
}

/**
 * Packs what the private repository holds, and lets go of objects that nothing has held for two weeks and of what crashes left. Nobody
 * else may be at work on it.
 */
export async function tidyRepository(repository: PrivateRepository, signal: AbortSignal): Promise<void> {
  const objects = join(repository.gitDir, 'objects');
  for (const folder of await readdir(objects)) {
    // Only files: git makes each under such a name first.
    for (const name of await readdir(join(objects, folder)).catch(() => [])) {
      if (name.startsWith('tmp_')) await rm(join(objects, folder, name), { force: true });
    }
  }
  await git(['gc', '--quiet', '--prune=2.weeks.ago'], { signal, gitDir: repository.gitDir, borrow: repository.borrow });
}

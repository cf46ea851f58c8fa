import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cQuoted } from './git.ts';
import { configText, neutralAttributes } from './privateRepository.ts';
import type { PrivateRepository } from './privateRepository.ts';
import { copyIndex } from './untracked.ts';
import { removeTree } from './trash.ts';

/**
 * The `.git` of a workspace: a small repository of the agent's own that borrows every object. What an agent does with git (commits,
 * stashes, configuration, `gc`) stays in its workspace; neither a sibling nor we ever read it.
 */
export async function giveAgentsGit(
  repository: PrivateRepository,
  workspace: string,
  commit: string,
  index: string,
): Promise<void> {
  const gitDir = join(workspace, '.git');
  await removeTree(gitDir);
  for (const folder of ['objects/info', 'objects/pack', 'refs/heads', 'refs/tags', 'info'])
    await mkdir(join(gitDir, folder), { recursive: true });
  const borrow = [join(repository.gitDir, 'objects'), ...repository.borrow];
  const files: Record<string, string> = {
    HEAD: `${commit}\n`,
    config: configText(repository.format, { bare: false, ...repository.disk }, ownSettings),
    'info/attributes': neutralAttributes,
    'info/exclude': `${await readFile(repository.excludes, 'utf8')}\n/.orchestration/\n/.serena/memories/orch/\n`,
    'objects/info/alternates': borrow.map((path) => `${cQuoted(path)}\n`).join(''),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(gitDir, name), text);
  await copyIndex(index, join(gitDir, 'index'));
}

/** True when the workspace has a `.git` that git would take for a repository. */
export async function hasAgentsGit(workspace: string): Promise<boolean> {
  const head = await lstat(join(workspace, '.git', 'HEAD')).catch(() => undefined);
  const folder = await lstat(join(workspace, '.git')).catch(() => undefined);
  return folder?.isDirectory() === true && head?.isFile() === true;
}

/** What the person's own configuration would bring into an agent's `git`. */
const ownSettings = `[core]
	autocrlf = false
	eol = lf
	fsmonitor = false
	hooksPath = /dev/null
	safecrlf = false
	untrackedCache = false
	longPaths = true
[commit]
	gpgSign = false
[tag]
	gpgSign = false
[maintenance]
	auto = false
`;

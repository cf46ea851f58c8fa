import { lstat, readFile, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { GitError, askPersonsGit, git, splitNul } from './git.ts';

/** The person's folder, of whatever kind: all of this only reads. */

export type ObjectFormat = 'sha1' | 'sha256';

interface PersonsGit {
  /** `.git`, or that of the linked worktree or submodule. */
  readonly gitDir: string;
  readonly commonDir: string;
  readonly format: ObjectFormat;
}

export interface ProjectFolder {
  /** Real path. */
  readonly root: string;
  /** Undefined for a folder without git. */
  readonly git?: PersonsGit;
}

/**
 * The project that `cwd` lies in: the top of its git checkout, else the nearest folder above with an `.orchestration` of the
 * person's own, else `cwd`. Throws `UserError`: `no-folder`, `no-files` (a bare repository, the inside of `.git`), `bad-repository`, `foreign-repository`.
 */
export async function inspectFolder(cwd: string, signal: AbortSignal): Promise<ProjectFolder> {
  const here = await realFolder(cwd);
  const flags = await ask(
    ['rev-parse', '--is-bare-repository', '--is-inside-git-dir', '--show-object-format'],
    here,
    signal,
  );
  if (flags === undefined) return { root: await plainRoot(here, undefined) };
  const [bare, inside, format] = flags.split('\n');
  if (inside === 'true' || bare === 'true') {
    throw new UserError(
      'no-files',
      `${here} is ${bare === 'true' ? 'a bare repository' : "the inside of a git repository's own folder"}: it has no files to work on.`,
      {
        hint: 'Go to a checkout of it.',
      },
    );
  }
  if (format !== 'sha1' && format !== 'sha256')
    throw new UserError(
      'bad-repository',
      `${here} is a git repository with objects of the unknown format "${format}".`,
    );
  const [root, gitDir, commonDir] = await Promise.all(
    (await placesOf(here, signal)).map((place) => realpath(place ?? here)),
  );
  if (root === undefined || gitDir === undefined || commonDir === undefined) return { root: here };
  if (here !== root && (await isOutside(here, signal))) return { root: await plainRoot(here, root) };
  return { root, git: { gitDir, commonDir, format } };
}

const places = ['--show-toplevel', '--git-dir', '--git-common-dir'] as const;

/** Where the repository lies, asked at once; one by one only where a name has line ends of its own. */
async function placesOf(here: string, signal: AbortSignal): Promise<(string | undefined)[]> {
  const asked = (what: readonly string[]): Promise<string | undefined> =>
    ask(['rev-parse', '--path-format=absolute', ...what], here, signal);
  const lines = (await asked(places))?.split('\n') ?? [];
  return lines.length === places.length ? lines : Promise.all(places.map((place) => asked([place])));
}

/** The root of the project that `cwd` lies in; see `inspectFolder`. */
export async function projectRoot(cwd: string, signal: AbortSignal): Promise<string> {
  return (await inspectFolder(cwd, signal)).root;
}

async function realFolder(cwd: string): Promise<string> {
  const real = await realpath(cwd).catch(() => undefined);
  if (real === undefined || !(await stat(real)).isDirectory()) throw new UserError('no-folder', `${cwd} is no folder.`);
  return real;
}

/** git's answer without its last line end; undefined where there is no repository. */
async function ask(args: readonly string[], cwd: string, signal: AbortSignal): Promise<string | undefined> {
  const { code, stdout, stderr } = await askPersonsGit(args, cwd, signal, [0, 128]);
  if (code === 0) return stdout.toString('utf8').replace(/\r?\n$/, '');
  const words = stderr
    .split('\n')
    .find((line) => line.startsWith('fatal:'))
    ?.slice(7);
  // With these words git tells "nothing here" from a `.git` file that points to a repository that is gone.
  if (words && /not a git repository \(or any/.test(words)) return undefined;
  if (words && /dubious ownership/.test(words)) {
    throw new UserError('foreign-repository', `git refuses ${cwd}, since the repository belongs to another user.`, {
      hint: `If you trust it: git config --global --add safe.directory ${JSON.stringify(cwd)}`,
    });
  }
  throw new UserError('bad-repository', `git cannot read the repository of ${cwd}: ${words ?? stderr.trim()}.`, {
    hint: 'See what `git status` says there.',
  });
}

/** True for a folder that the repository around it ignores and has no file of: a notes folder under a home folder kept in git, say. */
async function isOutside(here: string, signal: AbortSignal): Promise<boolean> {
  const ignored = await askPersonsGit(['check-ignore', '-q', '--', here], here, signal, [0, 1, 128]);
  if (ignored.code !== 0) return false;
  const tracked = await askPersonsGit(['ls-files', '-z', '--', '.'], here, signal, [0]);
  return tracked.stdout.length === 0;
}

/** `below`: a folder that is not looked at any more. Neither is the home folder, or it would swallow every project in it. */
async function plainRoot(here: string, below: string | undefined): Promise<string> {
  const home = await realpath(homedir()).catch(() => homedir());
  for (let folder = here; folder !== below && folder !== home && folder !== dirname(folder); folder = dirname(folder)) {
    const found = await lstat(join(folder, '.orchestration')).catch(() => undefined);
    // In a shared folder such as /tmp anybody could plant one.
    if (found?.isDirectory() && (process.getuid === undefined || found.uid === process.getuid())) return folder;
  }
  return here;
}

export interface IndexEntry {
  readonly mode: string;
  readonly sha: string;
  /** Undefined when its bytes are no UTF-8. */
  readonly path: string | undefined;
  /** Left out of the checkout by the person's sparse patterns. */
  readonly sparse: boolean;
}

/** What the person's index lists. Throws `UserError` (`unmerged`) when paths in it are in conflict. */
export async function personsIndex(folder: ProjectFolder, signal: AbortSignal): Promise<IndexEntry[]> {
  if (!folder.git) return [];
  const listed = await git(['ls-files', '-z', '--stage', '-t'], {
    signal,
    gitDir: folder.git.gitDir,
    workTree: folder.root,
  }).catch((error: unknown) => {
    if (!(error instanceof GitError)) throw error;
    throw new UserError('bad-repository', `git cannot read the index of ${folder.root}: ${error.stderr.trim()}.`, {
      hint: 'See what `git status` says there.',
      cause: error,
    });
  });
  const unmerged = new Set<string>();
  const entries: IndexEntry[] = [];
  for (const line of splitNul(listed.stdout)) {
    // <tag> SP <mode> SP <object> SP <stage> TAB <path>
    const tab = line.indexOf(9);
    const [tag, mode, sha, stage] = line.toString('latin1', 0, tab).split(' ') as [string, string, string, string];
    const path = line.subarray(tab + 1);
    if (stage !== '0') unmerged.add(path.toString('latin1'));
    else entries.push({ mode, sha, path: utf8(path), sparse: tag === 'S' });
  }
  if (unmerged.size > 0) {
    throw new UserError(
      'unmerged',
      `${unmerged.size === 1 ? 'A file of yours is' : `${unmerged.size} files of yours are`} in conflict (${(await doing(folder.git.gitDir)) ?? 'unmerged'}).`,
      {
        hint: 'Resolve the conflict and `git add` the result, then start again.',
      },
    );
  }
  return entries;
}

/** What stands half done in the repository, in a word; undefined when nothing does. */
export async function doing(gitDir: string): Promise<string | undefined> {
  const marks = {
    MERGE_HEAD: 'merge',
    'rebase-merge': 'rebase',
    'rebase-apply': 'rebase',
    CHERRY_PICK_HEAD: 'cherry-pick',
    REVERT_HEAD: 'revert',
    BISECT_LOG: 'bisect',
  };
  for (const [name, word] of Object.entries(marks)) {
    if (await lstat(join(gitDir, name)).catch(() => undefined)) return word;
  }
  return undefined;
}

/** The person's own ignore rules outside the project's files, weakest first: the user's, then the repository's `info/exclude`. */
export async function personsExcludes(folder: ProjectFolder, signal: AbortSignal): Promise<string> {
  const config = await askPersonsGit(
    ['config', '--type=path', '--get', 'core.excludesFile'],
    folder.root,
    signal,
    [0, 1, 128],
  );
  const usual = join(process.env['XDG_CONFIG_HOME'] || join(homedir(), '.config'), 'git', 'ignore');
  const users = config.code === 0 ? resolve(folder.root, config.stdout.toString('utf8').replace(/\r?\n$/, '')) : usual;
  const files = [users, ...(folder.git ? [join(folder.git.commonDir, 'info', 'exclude')] : [])];
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => '')));
  return texts.map((text) => `${text}\n`).join('');
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text; undefined when the bytes are no UTF-8. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

import { access, constants, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { UserError, reasonOf } from '../../core/errors.ts';
import { run } from '../processes.ts';

/** `merge-tree --write-tree` came with 2.38. */
const needed = [2, 38] as const;

const found = new Map<string, Promise<string>>();

/**
 * Absolute path of the git on `searchPath` (`PATH`). Throws `UserError`: `no-git`, or `old-git` when it is older than 2.38.
 * Relative entries are skipped: they would let the folder that git runs in bring a git of its own.
 */
export function gitProgram(signal: AbortSignal, searchPath: string = process.env['PATH'] ?? ''): Promise<string> {
  const known = found.get(searchPath);
  if (known) return known;
  const looking = lookFor(searchPath, signal);
  found.set(searchPath, looking);
  // A failure is not kept: the person may install git while an editor runs on.
  looking.catch(() => found.delete(searchPath));
  return looking;
}

async function lookFor(searchPath: string, signal: AbortSignal): Promise<string> {
  const program = await programOn(searchPath);
  if (!program) {
    throw new UserError('no-git', 'There is no git on the PATH, and workspaces are made with it.', {
      hint: howToInstall(),
    });
  }
  const said = await run(program, ['--version'], {
    cwd: '/',
    env: { PATH: searchPath, LC_ALL: 'C', ...systemRoot() },
    signal,
  }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new UserError('no-git', `${program} cannot be run: ${reasonOf(error)}.`, {
      hint: howToInstall(),
      cause: error,
    });
  });
  const version = /^git version (\d+)\.(\d+)(\S*)/.exec(said.stdout.toString('utf8'));
  if (said.code !== 0 || !version) {
    // macOS has a git that only says that the command line tools are missing.
    const words = (said.stderr || said.stdout.toString('utf8')).trim().split('\n', 1)[0];
    throw new UserError('no-git', `${program} does not work: ${words || `it ended with code ${said.code}`}.`, {
      hint: howToInstall(),
    });
  }
  const [major, minor] = [Number(version[1]), Number(version[2])];
  if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
    throw new UserError(
      'old-git',
      `${program} is version ${major}.${minor}${version[3]}; ${needed.join('.')} or newer is needed.`,
      {
        hint: howToInstall(),
      },
    );
  }
  return program;
}

async function programOn(searchPath: string): Promise<string | undefined> {
  const name = process.platform === 'win32' ? 'git.exe' : 'git';
  for (const folder of searchPath.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const path = join(folder, name);
    try {
      await access(path, constants.X_OK);
      if ((await stat(path)).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return undefined;
}

function howToInstall(): string {
  switch (process.platform) {
    case 'win32':
      return 'Install it from https://git-scm.com or by `winget install Git.Git`, then open a new terminal.';
    case 'darwin':
      return 'Install it by `xcode-select --install` or `brew install git`.';
    default:
      return 'Install it with your package manager, for example `apt install git`; where that one is too old, see https://git-scm.com.';
  }
}

function systemRoot(): NodeJS.ProcessEnv {
  return process.env['SystemRoot'] ? { SystemRoot: process.env['SystemRoot'] } : {};
}

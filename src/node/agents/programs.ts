import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, dirname, extname, isAbsolute, join } from 'node:path';
import { run } from '../processes.ts';

/** Programs that the person installed, and how each is started on this system. */

/** What starts a program, before its own arguments. */
export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  /** Windows: the arguments are a command line for `cmd` already. */
  readonly verbatim?: boolean;
}

export interface SearchOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Folders that only this program is put in; `~` is the home folder. They come after the PATH and before the usual ones. */
  readonly folders?: readonly string[] | undefined;
  /** The person's home folder; default that of the environment, then of the system. */
  readonly home?: string;
}

/** Where installers of command lines put them: an editor that was started from a menu does not have them on its PATH. */
const usualFolders = (
  '~/.local/bin ~/bin ~/.npm-global/bin ~/.npm/bin ~/.volta/bin ~/.asdf/shims ~/.bun/bin ~/.local/share/mise/shims ' +
  '~/.local/share/pnpm ~/Library/pnpm ~/.yarn/bin ~/.deno/bin ~/.cargo/bin /usr/local/bin /opt/homebrew/bin ' +
  '/home/linuxbrew/.linuxbrew/bin /usr/bin /snap/bin ~/.nix-profile/bin /run/current-system/sw/bin ' +
  '/nix/var/nix/profiles/default/bin'
).split(' ');

/** Absolute path of the first of these programs that is there: on the PATH, in its own folders, in the usual ones. Undefined when none is. */
export async function findProgram(names: readonly string[], options: SearchOptions): Promise<string | undefined> {
  for (const folder of searchFolders(options)) {
    for (const name of names) {
      for (const extension of extensions(name, options.env)) {
        const path = join(folder, name + extension);
        if (await isProgram(path)) return path;
      }
    }
  }
  return undefined;
}

/** The folders in which programs are looked for, in order. A relative entry of the PATH is skipped: it would let a project bring a program. */
export function searchFolders(options: SearchOptions): string[] {
  const { env } = options;
  const home = options.home ?? (env['HOME'] || env['USERPROFILE'] || homedir());
  const path = (env['PATH'] ?? env['Path'] ?? '').split(delimiter);
  const own = options.folders ?? [];
  const usual = process.platform === 'win32' ? windowsFolders(env) : usualFolders;
  const installed = [env['NPM_CONFIG_PREFIX'] && join(env['NPM_CONFIG_PREFIX'], 'bin'), env['PNPM_HOME']];
  const all = [...path, ...own, ...installed, ...usual]
    .filter((folder) => folder !== undefined && folder !== '')
    .map((folder) => String(folder).replace(/^~(?=[/\\]|$)/, () => home));
  return [...new Set(all.filter((folder) => isAbsolute(folder)))];
}

function windowsFolders(env: NodeJS.ProcessEnv): string[] {
  const below = (name: string, ...rest: string[]): string[] => {
    const folder = env[name];
    return folder ? [join(folder, ...rest)] : [];
  };
  return [
    ...below('APPDATA', 'npm'),
    ...below('LOCALAPPDATA', 'pnpm'),
    ...below('LOCALAPPDATA', 'Volta', 'bin'),
    ...below('LOCALAPPDATA', 'Microsoft', 'WinGet', 'Links'),
    ...below('LOCALAPPDATA', 'Programs'),
    ...below('ProgramFiles', 'nodejs'),
    '~/.local/bin',
    '~/scoop/shims',
    '~/.bun/bin',
  ];
}

function extensions(name: string, env: NodeJS.ProcessEnv): string[] {
  if (process.platform !== 'win32' || extname(name) !== '') return [''];
  // What can be started without a shell comes first.
  const known = (env['PATHEXT'] ?? '.COM;.EXE;.BAT;.CMD').toLowerCase().split(';');
  return ['.exe', '.com', '.cmd', '.bat'].filter((one) => known.includes(one));
}

/** True for a plain file that may be run. */
export async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * How a program that was found is started with these arguments. A `.cmd` of npm on Windows, which cannot be started without a shell, is
 * looked through to the script or program behind it; another one goes to `cmd` with every argument quoted.
 */
export async function launchOf(
  path: string,
  args: readonly string[],
  node: string = process.execPath,
): Promise<Launch> {
  if (/\.[cm]?js$/.test(path)) return { file: node, args: [path, ...args] };
  if (process.platform !== 'win32' || !/\.(?:cmd|bat)$/i.test(path)) return { file: path, args };
  const target = await behindShim(path);
  if (target !== undefined) {
    return /\.[cm]?js$/.test(target) ? { file: node, args: [target, ...args] } : { file: target, args };
  }
  const line = [path, ...args].map(quotedForCmd).join(' ');
  return { file: process.env['ComSpec'] ?? 'cmd.exe', args: ['/d', '/s', '/c', `"${line}"`], verbatim: true };
}

/** What the shim that npm, pnpm or yarn wrote starts. Source: npm's package cmd-shim: `"%dp0%\…\cli.js" %*`, or `"%~dp0\…"`. */
export async function behindShim(path: string): Promise<string | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const found = /"%(?:~dp0|dp0%)\\?([^"%]+\.(?:[cm]?js|exe))"\s+%\*/i.exec(text)?.[1];
  if (found === undefined) return undefined;
  const target = join(dirname(path), ...found.split('\\'));
  return (await stat(target).catch(() => undefined))?.isFile() ? target : undefined;
}

/** `%` cannot be escaped for `cmd /c`; a name in it that is no variable stays as it is. */
function quotedForCmd(word: string): string {
  return `"${word.replaceAll('"', '""')}"`;
}

/** The version that a program says of itself, such as `0.169.0`; undefined when it says none in time. Rejects only with the signal's reason. */
export async function versionOf(
  path: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { file, args } = await launchOf(path, ['--version']);
    const said = await run(file, args, { cwd: homedir(), env, signal, timeoutMs: 20_000, maxBytes: 64 * 1024 });
    return /\d+\.\d+(?:\.\d+)?(?:-[\w.]+)?/.exec(said.stdout.toString('utf8'))?.[0];
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

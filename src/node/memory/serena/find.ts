import { readFile, readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { isAbort, reasonOf } from '../../../core/errors.ts';
import { isProgram } from '../../agents/programs.ts';
import { makeFolder, writeAtomic } from '../../files.ts';
import { run } from '../../processes.ts';
import { lineOf, serenaEnvironment } from './environment.ts';

/** A Serena that can be started. */
export interface SerenaProgram {
  readonly command: string;
  /** What comes before Serena's own arguments: nothing, or what makes `uvx` run it. */
  readonly args: readonly string[];
  /** As it says itself, such as `2.1.0`. */
  readonly version: string;
}

export type FoundSerena =
  | { readonly program: SerenaProgram; readonly why?: undefined }
  | {
      readonly program?: undefined;
      /** One sentence for the person. */
      readonly why: string;
    };

export interface FindOptions {
  /** What the person set: the absolute path of `serena` or of `uvx`, or the word `uvx`. Nothing else is tried then. */
  readonly setting?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly signal: AbortSignal;
  /** Folder in which versions are remembered: Serena takes seconds to say its own. */
  readonly cache: string;
  /** Lets `uvx` download Serena; else it may only run what it downloaded before. Default false. */
  readonly mayDownload?: boolean;
  /** The person's home folder; default that of the system. */
  readonly home?: string;
}

/** Before this one a failed call cannot be told from a memory's text, and flags end up in the person's own configuration. Source: its change log. */
const oldestSerena = '1.6.0';

/** Serena imports for seconds; on a busy machine, or at its first start, for much longer. */
const versionMs = 90_000;
/** `uvx` may have to download 150 MB first. */
const downloadMs = 600_000;
const cacheName = 'serena-versions.json';
const cacheSchema = z.record(z.string(), z.object({ mtimeMs: z.number(), size: z.number(), version: z.string() }));

/**
 * Finds a Serena of 1.6.0 or newer: the setting; else the PATH, the folders that `uv`, `pipx` and `pip` install to (an editor that was
 * started from a menu does not have them on its PATH), and `uvx`. Relative entries of the PATH are skipped: they would let a project bring
 * a program of its own. Rejects only with the signal's reason.
 */
export async function findSerena(options: FindOptions): Promise<FoundSerena> {
  const { setting, env, signal } = options;
  const home = options.home ?? homedir();
  if (setting !== undefined && setting !== '' && setting !== 'uvx') {
    if (!isAbsolute(setting)) return { why: `Serena is set to ${quote(setting)}, which is not an absolute path.` };
    if (!(await isProgram(setting))) return { why: `Serena is set to ${quote(setting)}, and there is no program.` };
    return /(^|[\\/])uvx(\.exe)?$/.test(setting) ? viaUvx(setting, options) : judged(setting, [], options);
  }
  const folders = [...searchPath(env), ...usualFolders(env, home)];
  let old: FoundSerena | undefined;
  if (setting !== 'uvx') {
    const paths = [...new Set(folders.map((folder) => join(folder, program('serena'))))];
    for (const path of [...paths, ...toolPaths(env, home)]) {
      if (!(await isProgram(path))) continue;
      const found = await judged(path, [], options);
      if (found.program) return found;
      old ??= found;
    }
  }
  for (const folder of folders) {
    const uvx = join(folder, program('uvx'));
    if (!(await isProgram(uvx))) continue;
    const found = await viaUvx(uvx, options);
    return found.program ? found : (old ?? found);
  }
  signal.throwIfAborted();
  if (setting === 'uvx') return { why: 'Serena is set to `uvx`, which is neither on the PATH nor where uv puts it.' };
  return old ?? { why: 'There is no Serena on the PATH, nor where uv, pipx and pip put it.' };
}

async function viaUvx(uvx: string, options: FindOptions): Promise<FoundSerena> {
  const offline = options.mayDownload ? [] : ['--offline'];
  return judged(uvx, [...offline, '--from', 'serena-agent', 'serena'], options);
}

/** The program with its version, if it is one that will do. */
async function judged(command: string, args: readonly string[], options: FindOptions): Promise<FoundSerena> {
  const name = args.length === 0 ? command : `${command} ${args.join(' ')}`;
  // What uvx runs changes without uvx changing.
  const known = args.length === 0 ? await rememberedVersion(command, options.cache) : undefined;
  const version = known ?? (await askVersion(command, args, options));
  if (typeof version !== 'string') return { why: `${name} does not work: ${version.error}` };
  if (known === undefined && args.length === 0) await rememberVersion(command, version, options.cache);
  if (isOlder(version, oldestSerena)) {
    return {
      why: `${name} is Serena ${version}; ${oldestSerena} or newer is needed (\`uv tool upgrade serena-agent\`).`,
    };
  }
  return { program: { command, args, version } };
}

async function askVersion(
  command: string,
  args: readonly string[],
  options: FindOptions,
): Promise<string | { error: string }> {
  const { env, signal } = options;
  const timeoutMs = options.mayDownload && args.length > 0 ? downloadMs : versionMs;
  try {
    const said = await run(command, [...args, '--version'], {
      cwd: options.home ?? homedir(),
      env: serenaEnvironment(env),
      signal,
      timeoutMs,
      maxBytes: 64 * 1024,
    });
    const version = /\b(\d+\.\d+[^\s,;]*)/.exec(said.stdout.toString('utf8'))?.[1];
    if (said.code === 0 && version !== undefined) return version;
    if (said.timedOut) return { error: `it did not say its version within ${timeoutMs / 1000} s.` };
    const words = lineOf(said.stderr || said.stdout.toString('utf8'), 200);
    return { error: words === '' ? `it ended with code ${said.code}.` : words };
  } catch (error) {
    signal.throwIfAborted();
    if (isAbort(error)) throw error;
    return { error: `${lineOf(reasonOf(error), 200)}.` };
  }
}

/** True when the numbers of `version` come before those of `oldest`; a version without numbers is not older. */
export function isOlder(version: string, oldest: string): boolean {
  const numbers = (text: string): number[] => (/^\d+(\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number);
  const [has, needs] = [numbers(version), numbers(oldest)];
  for (let at = 0; at < needs.length; at++) {
    const difference = (has[at] ?? 0) - (needs[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

async function rememberedVersion(command: string, cache: string): Promise<string | undefined> {
  try {
    const known = cacheSchema.parse(JSON.parse(await readFile(join(cache, cacheName), 'utf8')))[command];
    const { mtimeMs, size } = await stamp(command);
    return known?.mtimeMs === mtimeMs && known.size === size ? known.version : undefined;
  } catch {
    return undefined;
  }
}

async function rememberVersion(command: string, version: string, cache: string): Promise<void> {
  try {
    await makeFolder(cache);
    const path = join(cache, cacheName);
    const all = await readFile(path, 'utf8')
      .then((text) => cacheSchema.parse(JSON.parse(text)))
      .catch(() => ({}));
    await writeAtomic(path, JSON.stringify({ ...all, [command]: { ...(await stamp(command)), version } }));
  } catch {
    // Then it is asked again the next time.
  }
}

/**
 * What changes when Serena is installed anew. The script that starts it is the same for every version, and may keep its date; the package's
 * own folder beside it, which carries the version in its name, does not: so the youngest of the two counts.
 */
async function stamp(command: string): Promise<{ mtimeMs: number; size: number }> {
  const script = await stat(command);
  const packages = await packageFolder(command);
  const folder = packages === undefined ? undefined : await stat(packages).catch(() => undefined);
  return { mtimeMs: Math.max(script.mtimeMs, folder?.mtimeMs ?? 0), size: script.size };
}

/** `site-packages` of the environment whose `serena` this is. */
async function packageFolder(command: string): Promise<string | undefined> {
  const environment = join(await realpath(command), '..', '..');
  if (process.platform === 'win32') return join(environment, 'Lib', 'site-packages');
  const names = await readdir(join(environment, 'lib')).catch(() => []);
  const python = names.find((name) => name.startsWith('python3'));
  return python === undefined ? undefined : join(environment, 'lib', python, 'site-packages');
}

function searchPath(env: NodeJS.ProcessEnv): string[] {
  const key = Object.keys(env).find((name) => name.toUpperCase() === 'PATH');
  return (key === undefined ? '' : (env[key] ?? '')).split(delimiter).filter((folder) => isAbsolute(folder));
}

/** Sources: uv "Storage" (executable directory), pipx "Configure paths", Homebrew. */
function usualFolders(env: NodeJS.ProcessEnv, home: string): string[] {
  const folders = [env['UV_TOOL_BIN_DIR'], env['XDG_BIN_HOME'], env['PIPX_BIN_DIR'], join(home, '.local', 'bin')];
  if (process.platform !== 'win32') folders.push('/usr/local/bin');
  if (process.platform === 'darwin') folders.push('/opt/homebrew/bin');
  folders.push(join(home, '.cargo', 'bin'));
  return folders.filter((folder) => folder !== undefined && isAbsolute(folder)) as string[];
}

/** Where uv and pipx keep the environments of their tools, should their links be missing. Sources as above. */
function toolPaths(env: NodeJS.ProcessEnv, home: string): string[] {
  const windows = process.platform === 'win32';
  const data = env['XDG_DATA_HOME'] ?? join(home, '.local', 'share');
  const folders = [
    env['UV_TOOL_DIR'],
    windows ? join(env['APPDATA'] ?? join(home, 'AppData', 'Roaming'), 'uv', 'tools') : join(data, 'uv', 'tools'),
    env['PIPX_HOME'] === undefined ? undefined : join(env['PIPX_HOME'], 'venvs'),
    join(home, ...(windows ? ['pipx', 'venvs'] : ['.local', 'share', 'pipx', 'venvs'])),
    join(home, '.local', 'pipx', 'venvs'),
  ].filter((folder) => folder !== undefined && isAbsolute(folder)) as string[];
  return folders.map((folder) => join(folder, 'serena-agent', windows ? 'Scripts' : 'bin', program('serena')));
}

function program(name: string): string {
  return process.platform === 'win32' ? `${name}.exe` : name;
}

function quote(text: string): string {
  return JSON.stringify(lineOf(text, 200));
}

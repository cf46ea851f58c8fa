import { createHash } from 'node:crypto';
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../core/errors.ts';

/** Where things lie on this machine. Nothing here makes a folder; who writes first makes it, with mode 0700 outside the project. */

const product = 'model-orchestra';

/** Folder for what can be made again (workspaces, private repositories); `ORCHESTRA_CACHE` overrides it. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['ORCHESTRA_CACHE']) return resolve(env['ORCHESTRA_CACHE']);
  switch (process.platform) {
    case 'win32':
      return join(env['LOCALAPPDATA'] || join(homedir(), 'AppData', 'Local'), product, 'cache');
    case 'darwin':
      return join(homedir(), 'Library', 'Caches', product);
    default:
      return join(xdg(env['XDG_CACHE_HOME'], '.cache'), product);
  }
}

/** Folder for what is the person's own (team file, approvals, trust); `ORCHESTRA_PROFILE` overrides it. */
export function profileFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env['ORCHESTRA_PROFILE']) return resolve(env['ORCHESTRA_PROFILE']);
  switch (process.platform) {
    case 'win32':
      return join(env['APPDATA'] || join(homedir(), 'AppData', 'Roaming'), product);
    case 'darwin':
      return join(homedir(), 'Library', 'Application Support', product);
    default:
      return join(xdg(env['XDG_CONFIG_HOME'], '.config'), product);
  }
}

/** Source: XDG Base Directory Specification 0.8, relative paths are invalid and to be ignored. */
function xdg(value: string | undefined, fallback: string): string {
  return value && isAbsolute(value) ? value : join(homedir(), fallback);
}

/** A project's name under our own folders: its folder's name to read, a hash of its real path to be unique. The folder must exist. */
export function projectKey(root: string): string {
  const real = realpathSync.native(root);
  const readable = basename(real)
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[.-]+|[.-]+$/g, '')
    .slice(0, 32);
  return `${readable || 'project'}-${createHash('sha256').update(real).digest('hex').slice(0, 16)}`;
}

/** `.orchestration` of a project. */
export function orchestrationFolder(root: string): string {
  return join(root, '.orchestration');
}

/** The folder that holds a project's runs. */
export function runsFolder(root: string): string {
  return join(orchestrationFolder(root), 'runs');
}

/** One run's folder; throws `UserError` (`bad-run`) for an id that would lead elsewhere. */
export function runFolder(root: string, run: string): string {
  if (!isPlainName(run)) {
    throw new UserError('bad-run', `${JSON.stringify(run)} is not the id of a run.`, {
      hint: '`orchestra runs` lists them.',
    });
  }
  return join(runsFolder(root), run);
}

/** True for a name that is one path component on every platform and nothing that git or a device means specially. */
export function isPlainName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name) && !/[.]$|[.]lock$|[.]{2}/.test(name) && !isDevice(name);
}

/** Source: Microsoft "Naming Files, Paths, and Namespaces", reserved also with an extension. */
function isDevice(name: string): boolean {
  return /^(con|prn|aux|nul|com\d|lpt\d)([.]|$)/i.test(name);
}

/** True when `path` is `folder` or lies under it, by name: both absolute, and real where links count. */
export function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

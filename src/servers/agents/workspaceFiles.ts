import { constants, statSync } from 'node:fs';
import { lstat, mkdir, open, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { z } from 'zod';
import type { Access } from '../../core/ask.ts';

/** The files that an agent reads and writes through us: those of its own workspace. */

const readSchema = z.object({
  sessionId: z.string(),
  path: z.string(),
  line: z.number().int().nullish(),
  limit: z.number().int().nullish(),
});
const writeSchema = z.object({ sessionId: z.string(), path: z.string(), content: z.string() });

/** Why a file was not opened, in words for the agent and for the report. */
export class Refused extends Error {
  readonly path: string;

  constructor(path: string, why: string) {
    super(`${path}: ${why}`);
    this.name = 'Refused';
    this.path = path;
  }
}

const mostBytes = 32 * 1024 * 1024;

/**
 * The real path of a file that is there or is to be made, when it lies in the folder; undefined when it does not: by its name, by `..`,
 * or by a link on the way. A relative path is one in the folder.
 */
export async function realInside(folder: string, path: string): Promise<string | undefined> {
  // What `..` means depends on links before it; nobody honest needs it.
  if (path === '' || path.includes('\0') || path.split(/[/\\]/).includes('..')) return undefined;
  const root = await realpath(folder);
  const wanted = isAbsolute(path) ? resolve(path) : resolve(root, path);
  let there = wanted;
  let rest = '';
  for (;;) {
    try {
      const real = join(await realpath(there), rest);
      return isWithin(root, real) ? real : undefined;
    } catch {
      // A link that leads nowhere would be followed by whoever writes.
      if (await isThere(there)) return undefined;
      const parent = dirname(there);
      if (parent === there) return undefined;
      rest = rest === '' ? there.slice(parent.length).replace(/^[/\\]/, '') : join(there.slice(parent.length), rest);
      there = parent;
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function isWithin(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/**
 * Tells a folder from another one that was made at the same path later: a process that runs in the first, or has it mounted into its
 * sandbox, cannot work in the second. Empty when there is none.
 */
export function folderId(path: string): string {
  try {
    const { dev, ino, birthtimeMs } = statSync(path);
    return `${dev}:${ino}:${birthtimeMs}`;
  } catch {
    return '';
  }
}

/** True for git's own data: who writes there makes git run commands. */
export function isGitData(folder: string, path: string): boolean {
  return relative(folder, path)
    .toLowerCase()
    .split(/[/\\]/)
    .some((part) => part === '.git');
}

/** Which session a file request is of; undefined when it names none. */
export function sessionIn(params: unknown): string | undefined {
  return z.looseObject({ sessionId: z.string() }).safeParse(params).data?.sessionId;
}

/** Answers `fs/read_text_file` for a workspace. Throws `Refused`, or what the system says. */
export async function readForAgent(cwd: string, params: unknown): Promise<string> {
  const { path, line, limit } = readSchema.parse(params);
  const real = await realInside(cwd, path);
  if (real === undefined) throw new Refused(path, 'outside the workspace');
  const file = await open(real, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const { size } = await file.stat();
    if (size > mostBytes) throw new Refused(path, `too large to be read as text (${size} bytes)`);
    const text = await file.readFile('utf8');
    if (line === undefined && limit === undefined) return text;
    // Lines count from 1; the break belongs to its line.
    const lines = text.split(/(?<=\n)/);
    const from = Math.max(0, (line ?? 1) - 1);
    return lines.slice(from, limit === undefined || limit === null ? undefined : from + limit).join('');
  } finally {
    await file.close();
  }
}

/** Answers `fs/write_text_file` for a workspace; gives the real path. Throws `Refused`, or what the system says. */
export async function writeForAgent(cwd: string, access: Access, params: unknown): Promise<string> {
  const { path, content } = writeSchema.parse(params);
  if (access !== 'write') throw new Refused(path, 'this role only reads');
  const real = await realInside(cwd, path);
  if (real === undefined) throw new Refused(path, 'outside the workspace');
  const root = await realpath(cwd);
  if (real === root) throw new Refused(path, 'the workspace itself');
  if (isGitData(root, real)) throw new Refused(path, "git's own data");
  await mkdir(dirname(real), { recursive: true });
  // A link that was put there meanwhile is not followed.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0);
  const file = await open(real, flags, 0o644);
  try {
    await file.writeFile(content);
  } finally {
    await file.close();
  }
  return real;
}

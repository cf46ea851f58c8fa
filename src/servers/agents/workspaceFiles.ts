import { constants, statSync } from 'node:fs';
import { mkdir, open, realpath } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import { z } from 'zod';
import type { Access } from '../../core/ask.ts';
import { realPlace } from '../../node/files.ts';
import { isWithin } from '../../node/paths.ts';

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
async function realInside(folder: string, path: string): Promise<string | undefined> {
  // What `..` means depends on links before it; nobody honest needs it.
  if (path === '' || path.includes('\0') || path.split(/[/\\]/).includes('..')) return undefined;
  const root = await realpath(folder);
  const real = await realPlace(resolve(root, path));
  return real !== undefined && isWithin(root, real) ? real : undefined;
}

/** The real path of a file that may be written in a workspace. Throws `Refused`, or what the system says. */
export async function placeToWrite(cwd: string, path: string): Promise<string> {
  const real = await realInside(cwd, path);
  if (real === undefined) throw new Refused(path, 'outside the workspace');
  // Judged where it really lies: a link may lead there under any name.
  if (isGitData(await realpath(cwd), real)) throw new Refused(path, "git's own data");
  return real;
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
function isGitData(folder: string, path: string): boolean {
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
  const real = await placeToWrite(cwd, path);
  if (real === (await realpath(cwd))) throw new Refused(path, 'the workspace itself');
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

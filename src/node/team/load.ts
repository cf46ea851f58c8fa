import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { UserError } from '../../core/errors.ts';
import type { TeamFile } from '../../core/team/file.ts';
import type { Brought, Whose } from '../../core/team/join.ts';
import { joinLayers } from '../../core/team/layers.ts';
import type { Layer } from '../../core/team/layer.ts';
import { roster } from '../../core/team/roster.ts';
import { liesWithin } from '../files.ts';
import { orchestrationFolder } from '../paths.ts';
import { maxBytes, readYaml } from './yaml.ts';
import type { YamlFile } from './yaml.ts';

export interface TeamRequest {
  /** The project's folder. */
  readonly root: string;
  /** Whether the person trusts it (`isTrusted`). Else nothing that it brings is read. */
  readonly trusted: boolean;
  /** The person's profile folder. */
  readonly profile: string;
  /** A team file that the person named for this run; it stands in the place of the project's. */
  readonly explicit?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface TeamSource {
  /** As it is shown: relative to the project, or from `~`. */
  readonly from: string;
  readonly whose: Whose;
  /** Absent for the built-in team. */
  readonly path?: string;
}

export interface LoadedTeam {
  readonly team: TeamFile;
  /** What it was made of, lowest first. */
  readonly sources: readonly TeamSource[];
  /** A sentence each: what was not read, what the repository changes, what it asked for and did not get. */
  readonly notes: readonly string[];
  /** What comes from the repository; `needsApproval` says what of it waits for the person. */
  readonly brought: Brought;
}

interface Found extends TeamSource {
  readonly file: YamlFile;
}

const shownProblems = 10;

/**
 * The team as it holds in this folder: built in, then the person's own `team.yaml` in the profile, then the project's
 * `.orchestration/team.yaml`. A file that the person names counts as the person's word if it lies outside the project, and as the
 * repository's if it lies inside.
 *
 * Throws `UserError`: `team-file` with up to ten problems, each `file:line:column: sentence`; `untrusted` when the named file lies in a folder
 * that is not trusted.
 */
export async function loadTeam(request: TeamRequest): Promise<LoadedTeam> {
  const { root, trusted, profile, explicit, signal } = request;
  const notes: string[] = [];
  const found: Found[] = [];
  const lines: string[] = [];
  const take = async (path: string, whose: Whose, optional: boolean): Promise<boolean> => {
    signal?.throwIfAborted();
    const from = shownPath(root, path);
    const bytes = await bytesOf(path, from);
    if (!bytes) {
      if (optional) return false;
      throw new UserError('team-file', `There is no team file ${from}.`, { hint: 'Check its path.' });
    }
    const read = readYaml(bytes);
    if ('file' in read) found.push({ from, whose, path, file: read.file });
    else lines.push(...read.problems.map((problem) => `${from}:${problem.line}:${problem.column}: ${problem.message}`));
    return true;
  };

  await take(join(profile, 'team.yaml'), 'person', true);
  if (explicit !== undefined) await takeNamed(request, resolve(explicit), take);
  else await takeProjects(root, trusted, notes, take);
  if (lines.length > 0) throw teamFileError(lines);

  const layers: Layer[] = [
    { from: builtIn, whose: 'built-in', layer: roster },
    ...found.map(({ from, whose, file }) => ({ from, whose, layer: file.value })),
  ];
  const joined = joinLayers(layers);
  const problems = joined.problems.map(({ from, path, message, name }) => {
    const position = found.find((source) => source.from === from)?.file.positionOf(path, name ? 'name' : 'value');
    return {
      from,
      line: position?.line ?? 0,
      text: position ? `${from}:${position.line}:${position.column}: ${message}` : `${from}: ${message}`,
    };
  });
  if (problems.length > 0 || !joined.team)
    throw teamFileError(
      problems.toSorted((a, b) => order(found, a.from, b.from) || a.line - b.line).map(({ text }) => text),
    );
  return {
    team: joined.team,
    sources: [
      { from: builtIn, whose: 'built-in' },
      ...found.map(({ from, whose, path }): TeamSource => ({ from, whose, ...(path === undefined ? {} : { path }) })),
    ],
    notes: [...notes, ...joined.notes],
    brought: joined.brought,
  };
}

const builtIn = 'the built-in team';

type Take = (path: string, whose: Whose, optional: boolean) => Promise<boolean>;

async function takeNamed({ root, trusted }: TeamRequest, path: string, take: Take): Promise<void> {
  const inside = await liesWithin(root, path);
  if (inside && !trusted) {
    throw new UserError(
      'untrusted',
      `The team file ${shownPath(root, path)} lies in a folder that you have not trusted.`,
      {
        hint: 'Look at it, then run `orchestra trust` in the folder.',
      },
    );
  }
  await take(path, inside ? 'workspace' : 'person', false);
}

async function takeProjects(root: string, trusted: boolean, notes: string[], take: Take): Promise<void> {
  const path = join(orchestrationFolder(root), 'team.yaml');
  if (!trusted) {
    // That it is there may be seen; what stands in it is not read.
    if (await isThere(path))
      notes.push(`${shownPath(root, path)} is not read: this folder is not trusted. \`orchestra trust\` changes that.`);
    return;
  }
  if ((await isThere(path)) && !(await liesWithin(root, path))) {
    throw new UserError('team-file', `${shownPath(root, path)} leads out of the project, so it is not read.`, {
      hint: 'Put the file itself there, or name it with `--team-file`.',
    });
  }
  if (await take(path, 'workspace', true)) return;
  const other = join(orchestrationFolder(root), 'team.yml');
  if (await isThere(other)) notes.push(`${shownPath(root, other)} is not read: the team file is called \`team.yaml\`.`);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

/** Undefined when there is no such file. Bounded whatever the path leads to: a device, a pipe, a file that grows. */
async function bytesOf(path: string, from: string): Promise<Uint8Array | undefined> {
  try {
    // Without waiting for the other end of a pipe.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      if (!(await handle.stat()).isFile()) throw new UserError('team-file', `${from} is not a file.`);
      const buffer = new Uint8Array(maxBytes + 1);
      let length = 0;
      for (;;) {
        const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
        length += bytesRead;
        if (length > maxBytes) throw new UserError('team-file', `${from} is larger than 1 MiB, so it is not read.`);
        if (bytesRead === 0) return buffer.subarray(0, length);
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (error instanceof UserError) throw error;
    // Windows opens no folder.
    if (code === 'EISDIR') throw new UserError('team-file', `${from} is not a file.`, { cause: error });
    throw new UserError('team-file', `${from} cannot be read (${code ?? String(error)}).`, {
      hint: 'Make it readable for you, or move it away.',
      cause: error,
    });
  }
}

function teamFileError(lines: readonly string[]): UserError {
  const shown = lines.slice(0, shownProblems);
  const more = lines.length - shown.length;
  const all = more > 0 ? [...shown, `and ${more} more`] : shown;
  const message =
    lines.length === 1
      ? (lines[0] ?? '')
      : [`The team file has ${lines.length} problems:`, ...all.map((line) => `  ${line}`)].join('\n');
  return new UserError('team-file', message, { hint: 'Correct the file; README.md describes every field.' });
}

function order(found: readonly Found[], a: string, b: string): number {
  const index = (from: string) => found.findIndex((source) => source.from === from);
  return index(a) - index(b);
}

/** Short, and so that a click on it opens the file: relative to the project, else from the home folder. */
function shownPath(root: string, path: string): string {
  const within = (folder: string): string | undefined => {
    const way = relative(folder, path);
    return way === '' || way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way) ? undefined : way;
  };
  const inside = within(root);
  if (inside !== undefined) return inside.split(sep).join('/');
  const home = within(homedir());
  return home === undefined ? path : `~/${home.split(sep).join('/')}`;
}

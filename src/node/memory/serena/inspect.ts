import { open, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { z } from 'zod';
import { oneLine } from '../../../core/bus/text.ts';
import { maxBytes, readYaml } from '../../team/yaml.ts';
import { matchOf } from './patterns.ts';

/** What of the person's own Serena, and of the project's settings for it, bears on the bus. Nothing of it binds the Serena that we start. */

export interface InspectOptions {
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** The person's home folder; default that of the system. */
  readonly home?: string;
}

const patterns = z.array(z.string()).nullish().catch(undefined);
const text = z.string().nullish().catch(undefined);
const personSchema = z.looseObject({
  project_serena_folder_location: text,
  language_backend: text,
  jetbrains_launch_command: text,
  ignored_memory_patterns: patterns,
  read_only_memory_patterns: patterns,
});
const projectSchema = z.looseObject({
  read_only: z.boolean().nullish().catch(undefined),
  language_backend: text,
  activation_command: text,
  ignored_memory_patterns: patterns,
  read_only_memory_patterns: patterns,
});

/** Every kind of name on the bus; the run's stands for all runs. */
const samples = ['orch/now', 'orch/r1/board', 'orch/r1/m/000001-architect-all-finding'];
const dropSample = 'orch/r1/drop/coder-01';

/**
 * One sentence for each setting that keeps models with a Serena of their own from the bus, or may do so. To be asked before `.serena` is
 * made: whether it was there decides where Serena looks. Never throws; a file that cannot be read says nothing.
 */
export async function inspectSerena({ root, env, home = homedir() }: InspectOptions): Promise<string[]> {
  const serenaHome = env['SERENA_HOME'] || join(home, '.serena');
  const personFile = join(serenaHome, 'serena_config.yml');
  const person = personSchema.safeParse(await yamlIn(personFile)).data ?? {};
  const notes: string[] = [];

  const inProject = join(root, '.serena');
  const folder = await folderOf(root, inProject, person.project_serena_folder_location);
  if (folder.configured !== inProject) {
    notes.push(
      folder.used === folder.configured
        ? `Your Serena keeps the memories of this project in ${shown(folder.used)} (project_serena_folder_location in ${personFile}); the bus lies in ${join(inProject, 'memories')}, where models with a Serena of their own do not look.`
        : `Your Serena was to keep memories in ${shown(folder.configured)} (project_serena_folder_location in ${personFile}); since this project has a .serena folder, it uses that.`,
    );
  }
  if (!folder.there && folder.configured !== inProject) {
    notes.push(
      `The folder ${shown(folder.configured)} does not exist yet; once the bus has made .serena in this project, your Serena uses that instead. Make the folder first if its memories are to lie there.`,
    );
  }

  const local = join(folder.used, 'project.local.yml');
  const projectFile = join(folder.used, 'project.yml');
  const project = projectSchema.safeParse(await yamlIn(projectFile)).data ?? {};
  // What stands in the local file replaces the other.
  const over = projectSchema.safeParse(await yamlIn(local)).data ?? {};
  const settings = { ...project, ...over };
  const from = (key: keyof typeof over): string => (over[key] === undefined ? projectFile : local);

  if (settings.read_only) {
    notes.push(
      `This project is read-only for Serena (read_only in ${from('read_only')}): models with a Serena of their own read the bus, but cannot post through it.`,
    );
  }
  const hiding = [
    { key: 'ignored_memory_patterns', names: samples, does: 'hides the bus from models with a Serena of their own' },
    {
      key: 'read_only_memory_patterns',
      names: [dropSample],
      does: 'keeps models with a Serena of their own from posting',
    },
  ] as const;
  for (const { key, names, does } of hiding) {
    // Those of the person and of the project are added up.
    for (const [file, all] of [
      [personFile, person[key]],
      [from(key), settings[key]],
    ] as const) {
      for (const pattern of all ?? []) {
        const match = matchOf(pattern, names);
        if (match === 'none') continue;
        const may = match === 'some' ? does : `may be one that ${does}: it is too involved to be tried out here`;
        notes.push(`The pattern ${shown(pattern)} in ${file} (${key}) ${may}.`);
      }
    }
  }
  const backend = settings.language_backend ?? person.language_backend;
  if (backend?.toLowerCase() === 'jetbrains') {
    const launch = person.jetbrains_launch_command ? `, and starts your IDE when it opens a project` : '';
    notes.push(
      `Your Serena uses the JetBrains backend${launch}; the one that serves the memories uses neither backend nor IDE.`,
    );
  }
  if (settings.activation_command) {
    notes.push(
      `${from('activation_command')} has an activation_command, which a Serena started on this project runs; the one that serves the memories does not.`,
    );
  }
  return notes;
}

/** Serena's own rule: the configured folder if it is there, else the one in the project if that is, else the configured one. Source: `get_project_serena_folder`. */
async function folderOf(
  root: string,
  inProject: string,
  location: string | null | undefined,
): Promise<{ used: string; configured: string; there: boolean }> {
  const places: Record<string, string> = { projectDir: root, projectFolderName: basename(root) };
  const configured = location
    ? resolve(location.replaceAll(/\$([A-Za-z_]\w*)/g, (whole, name: string) => places[name] ?? whole))
    : inProject;
  const isThere = async (path: string): Promise<boolean> =>
    (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
  if (await isThere(configured)) return { used: configured, configured, there: true };
  if (await isThere(inProject)) return { used: inProject, configured, there: true };
  return { used: configured, configured, there: false };
}

/** What stands in a file, which the project may have brought; undefined if it is not there or no YAML within bounds. */
async function yamlIn(path: string): Promise<unknown> {
  try {
    if (!(await stat(path)).isFile()) return undefined;
    const handle = await open(path);
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(maxBytes + 1), 0, maxBytes + 1, 0);
      if (bytesRead > maxBytes) return undefined;
      const read = readYaml(buffer.subarray(0, bytesRead));
      return 'file' in read ? read.file.value : undefined;
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

function shown(value: string): string {
  return oneLine(value, 120);
}

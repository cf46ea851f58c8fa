import { lstat, mkdir, readlink, rm, rmdir, symlink, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError, reasonOf } from '../../../core/errors.ts';
import { diskError, writeAtomic } from '../../files.ts';
import { memoryTools } from './tools.ts';

/** Where a Serena of ours lives. */
export interface SerenaHome {
  /** Its `SERENA_HOME`: configuration and logs. */
  readonly home: string;
  /** The project that it opens: an empty folder whose memories are a link to the real ones. */
  readonly project: string;
  readonly context: string;
}

/**
 * Makes a home for a Serena that serves the memories of one project and knows nothing else of it. It must lie outside the project.
 *
 * Started on the project itself, Serena writes `project.yml`, `.gitignore` and a cache into it, enters it in the person's own
 * configuration, walks all of its files, starts language servers or an IDE, and runs what `activation_command` in the project's
 * `project.yml` says; a `language_backend` or `agent_interface` in there beats our flags. Here nothing that the project brings is read.
 */
export async function makeHome(folder: string, memories: string): Promise<SerenaHome> {
  const made: SerenaHome = {
    home: join(folder, 'home'),
    project: join(folder, 'project'),
    context: join(folder, 'membus-context.yml'),
  };
  const data = join(made.project, '.serena');
  try {
    for (const each of [made.home, data]) await mkdir(each, { recursive: true, mode: 0o700 });
    // One file for every start.
    await rm(join(made.home, 'logs'), { recursive: true, force: true }).catch(() => {});
    await writeAtomic(join(made.home, 'serena_config.yml'), yaml(configuration));
    await writeAtomic(made.context, yaml(context));
    await writeAtomic(join(data, 'project.yml'), yaml(project));
    // It would override the other.
    await rm(join(data, 'project.local.yml'), { force: true });
  } catch (error) {
    throw diskError(error, folder);
  }
  await linkTo(memories, join(data, 'memories'));
  return made;
}

/** Makes `link` lead to `memories`. Throws `UserError` (`no-link`). */
export async function linkTo(memories: string, link: string): Promise<void> {
  try {
    const there = await lstat(link).catch(() => undefined);
    if (there?.isSymbolicLink()) {
      if ((await readlink(link)) === memories) return;
      await unlink(link);
    } else if (there) {
      // Never a folder with something in it: it would be somebody's memories.
      await rmdir(link);
    }
    // A junction needs no rights that a person on Windows may lack.
    await symlink(memories, link, 'junction').catch(async (error: NodeJS.ErrnoException) => {
      // Another window made it at the same moment.
      if (error.code !== 'EEXIST' || (await readlink(link)) !== memories) throw error;
    });
  } catch (error) {
    throw new UserError('no-link', `Serena cannot be led to ${memories}: ${reasonOf(error)}.`, {
      hint: `It needs a link in ${dirname(link)}. Set ORCHESTRA_CACHE to a folder on a disk that has links.`,
      cause: error,
    });
  }
}

/** JSON is YAML. */
export function yaml(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `REPL` is what Serena 2 takes by default, and has other tools. Below WARNING it writes every memory into its log. */
export const configuration = {
  agent_interface: 'tools',
  language_backend: 'LSP',
  gui_log_window: false,
  web_dashboard: false,
  web_dashboard_open_on_launch: false,
  log_level: 30,
  base_modes: [],
  default_modes: [],
  trusted_project_path_patterns: [],
  projects: [],
};

/** No language, so no language server; the list was called `languages` before 1.7. */
const project = {
  project_name: 'memories',
  languages: [],
  language_servers: [],
  ignore_all_files_in_gitignore: false,
};

/** The prompt must be a text: `null` makes Serena fail. */
const context = {
  description: 'The memories of a project, and nothing else.',
  prompt: '',
  single_project: true,
  fixed_tools: memoryTools,
};

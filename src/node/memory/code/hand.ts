import { mkdtemp, readFile, rm, mkdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { HandedServer } from '../../../core/ask.ts';
import { reasonOf } from '../../../core/errors.ts';
import { liesWithin, makeFolder, writeAtomic } from '../../files.ts';
import { fetchFromNpm } from '../../npm.ts';
import { cacheFolder } from '../../paths.ts';
import { bundledServer } from '../../servers.ts';
import { findSerena } from '../serena/find.ts';
import type { SerenaProgram } from '../serena/find.ts';
import { languages, languagesIn, npmFolder } from './languages.ts';
import { openCode } from './serena.ts';
import type { CodeSettings } from './settings.ts';

export interface CodeHere {
  /** Serena, or why there is none, in a sentence. */
  readonly program: SerenaProgram | undefined;
  readonly why: string;
  /** Where its language servers lie; those of a version are its own. */
  readonly servers: string;
  /** Languages of the project, and which of them have their server. */
  readonly wanted: readonly string[];
  readonly ready: readonly string[];
}

/** What of the code tools is there for a project. Starts nothing but `serena --version`. Rejects only with the signal's reason. */
export async function lookForCode(root: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<CodeHere> {
  const cache = join(cacheFolder(env), 'serena');
  const wanted = await languagesIn(root);
  const nothing = { program: undefined, servers: '', wanted, ready: [] };
  if (await liesWithin(root, cache)) return { ...nothing, why: `our cache folder ${cache} lies in the project.` };
  const found = await findSerena({ setting: env['ORCHESTRA_SERENA'], env, signal, cache });
  if (!found.program) return { ...nothing, why: found.why };
  const servers = join(cache, `language-servers-${found.program.version.replace(/[^\w.-]/g, '-')}`);
  const ready: string[] = [];
  for (const name of wanted)
    if ((await readFile(markOf(servers, name), 'utf8').catch(() => undefined)) !== undefined) ready.push(name);
  return { program: found.program, why: '', servers, wanted, ready };
}

const markOf = (servers: string, language: string): string => join(servers, `${language}.ready`);

/** Fetches what is lacking for the languages of a project; a sentence for each. Rejects only with the signal's reason. */
export async function fetchLanguageServers(
  root: string,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string[]> {
  const here = await lookForCode(root, env, signal);
  const said: string[] = [];
  for (const name of here.wanted)
    if (!here.ready.includes(name)) said.push(await fetchLanguageServer(name, here, env, signal));
  return said;
}

/**
 * Fetches the server of a language, and proves that it finds a symbol in a file of ours. Here, outside of any sandbox and any project, so
 * that roles need not write where it lies. Gives a sentence. Rejects only with the signal's reason.
 */
export async function fetchLanguageServer(
  language: string,
  { program, servers }: CodeHere,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<string> {
  const known = languages[language];
  if (!program || !known) return `There is no language server for ${language}.`;
  const { title, sample, npm } = known;
  await makeFolder(servers);
  try {
    if (npm) await fetchFromNpm(npm, npmFolder(npm, servers), { env, signal });
  } catch (error) {
    signal.throwIfAborted();
    return `The language server for ${title} could not be had: ${reasonOf(error)}`;
  }
  const folder = await realpath(await mkdtemp(join(servers, 'try-')));
  const workspace = join(folder, 'sample');
  await mkdir(workspace);
  await writeAtomic(join(workspace, sample.path), sample.text);
  const code = openCode({
    program,
    workspace,
    folder,
    servers,
    languages: [language],
    env,
    debug: () => {},
    startMs: 10 * 60_000,
  });
  try {
    const found = await code.ask('get_symbols_overview', { relative_path: sample.path }, signal);
    if (found.refused || !found.text.includes(sample.symbol))
      return `The language server for ${title} does not work: ${found.text.slice(0, 300)}`;
    await writeAtomic(markOf(servers, language), `${new Date().toISOString()}\n`);
    return `The language server for ${title} is there and finds symbols.`;
  } catch (error) {
    signal.throwIfAborted();
    return `The language server for ${title} could not be had: ${reasonOf(error)}`;
  } finally {
    await code.end();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  }
}

export interface HandedCode {
  /** The server for one working folder. */
  server(cwd: string): HandedServer;
  /** Removes what the run's servers left. Never rejects. */
  close(): Promise<void>;
}

/** Code tools for the roles of a run; `why` in a sentence where they cannot be had. */
export async function handCode(
  o: { readonly root: string; readonly run: string; readonly env: NodeJS.ProcessEnv },
  signal: AbortSignal,
): Promise<HandedCode | { why: string }> {
  const here = await lookForCode(o.root, o.env, signal);
  const { program, ready, wanted, servers } = here;
  if (!program) return { why: `Roles get no code tools: ${here.why}` };
  if (ready.length === 0)
    return {
      why:
        wanted.length === 0
          ? 'Roles get no code tools: nothing here is in a language that they know.'
          : 'Roles get no code tools: the language server is not there. `orchestra doctor --fix` fetches it.',
    };
  const folder = join(cacheFolder(o.env), 'serena', 'code', o.run);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { command, args, env } = bundledServer('code');
  return {
    server(cwd) {
      const settings: CodeSettings = {
        command: program.command,
        args: [...program.args],
        workspace: cwd,
        folder,
        servers,
        languages: [...ready],
      };
      const path = o.env['PATH'] ?? '';
      return {
        name: 'code',
        command,
        args: [...args],
        env: { ...env, PATH: path, ORCHESTRA_CODE: JSON.stringify(settings) },
        writes: [folder],
      };
    },
    async close() {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
    },
  };
}

import { randomBytes } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError, reasonOf } from '../../../core/errors.ts';
import { liesWithin, writeAtomic } from '../../files.ts';
import { textOf } from '../../models/mapping.ts';
import { connect } from '../../models/mcpClient.ts';
import type { Connection } from '../../models/mcpClient.ts';
import { inTime, unlessAborted } from '../../models/waiting.ts';
import { stdioWire } from '../../models/wire.ts';
import { lineOf, serverArguments, settledSerena } from '../serena/environment.ts';
import { configuration, linkTo, yaml } from '../serena/home.ts';
import { type Parameters, parametersOf } from '../serena/tools.ts';
import { serverSettings } from './languages.ts';

/** What a Serena that only looks at code may offer, and no more. */
const seeing = ['get_symbols_overview', 'find_symbol', 'find_referencing_symbols'] as const;
type Seeing = (typeof seeing)[number];

export interface CodeOptions {
  readonly program: { readonly command: string; readonly args: readonly string[] };
  /** The one folder that it looks at. */
  readonly workspace: string;
  /** A folder of ours, for its settings, logs and caches; a new one is made in it, and removed at the end. */
  readonly folder: string;
  /** Where its language servers lie. */
  readonly servers: string;
  readonly languages: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly debug: (message: string) => void;
  /** Until it answers for the first time, its language server found or fetched. */
  readonly startMs?: number;
}

/** A Serena on one workspace, started when it is first asked. */
export interface Code {
  /** Asks one of its tools. What it says is data. Throws `UserError` (`no-code-tools`, `outside`), or the signal's reason. */
  ask(
    tool: Seeing,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<{ text: string; refused?: boolean }>;
  /** Ends it; nothing of it is left. Never rejects. */
  end(): Promise<void>;
}

const startsMost = 3;
const startMs = 180_000;
const callMs = 150_000;
/** Serena's own limit; it must come before ours, so that its word is heard. */
const toolTimeoutSeconds = 120;
const textBytes = 60_000;
const maxBytes = 16 * 1024 * 1024;

interface Life {
  readonly connection: Connection;
  readonly parameters: Parameters;
  end(): Promise<void>;
}

/** Opens it; nothing is started yet. */
export function openCode(options: CodeOptions): Code {
  let life: Promise<Life> | undefined;
  let starts = 0;
  let last = 'it is ended';
  const lifetime = new AbortController();
  const living = async (): Promise<Life> => {
    const before = life;
    const found = await before?.catch(() => undefined);
    if (found && !found.connection.lost) return found;
    // Who asked at the same time has started the next one already.
    if (life !== before) return living();
    if (starts >= startsMost || lifetime.signal.aborted)
      throw new UserError('no-code-tools', `Serena cannot be asked: ${last}. Use your own tools.`);
    starts += 1;
    const next = begin(options, lifetime.signal);
    life = next;
    next.catch((error: unknown) => (last = reasonOf(error)));
    await found?.end();
    return next;
  };
  return {
    async ask(tool, args, signal) {
      const path = args['relative_path'];
      if (typeof path === 'string' && !(await liesWithin(options.workspace, join(options.workspace, path))))
        throw new UserError('outside', `${path} lies outside the working folder.`);
      const limit = options.startMs ?? startMs;
      const late = new UserError('no-code-tools', 'Serena does not answer. Use your own tools.');
      const used = await inTime(
        limit,
        () => late,
        (over) => unlessAborted(living(), AbortSignal.any([over, signal])),
      );
      const known = used.parameters.get(tool);
      // Before 2 a symbol's name had another name.
      const sent = Object.fromEntries(
        Object.entries(args)
          .map(([key, value]) => [key === 'name_path_pattern' && !known?.has(key) ? 'name_path' : key, value] as const)
          .filter(([key, value]) => value !== undefined && (known?.has(key) ?? false)),
      );
      const token = randomBytes(6).toString('hex');
      const result = await inTime(
        options.startMs ?? callMs,
        () => late,
        (over) => used.connection.call(tool, sent, { token, signal: AbortSignal.any([over, signal]) }),
      );
      const text = textOf(result);
      if (result.isError || text.startsWith('Error executing tool'))
        return { text: lineOf(text.replace(/^Error executing tool \w+: (\w+: )?/, ''), 400), refused: true };
      return { text: text.length > textBytes ? `${text.slice(0, textBytes)}\n[… cut: ask for less]` : text };
    },
    async end() {
      lifetime.abort(new Error('Serena is ended.'));
      await (await life?.catch(() => undefined))?.end();
    },
  };
}

async function begin(options: CodeOptions, signal: AbortSignal): Promise<Life> {
  const place = await makePlace(options);
  const { command, args } = options.program;
  const started = serverArguments(args, { project: options.workspace, context: place.context }, toolTimeoutSeconds);
  const wire = stdioWire({
    name: 'Serena',
    settled: settledSerena(command, started, options.env, { SERENA_HOME: place.home }),
    cwd: place.folder,
    maxBytes: () => maxBytes,
    debug: options.debug,
  });
  const end = async (): Promise<void> => {
    await wire.close(1500);
    await rm(place.folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {});
  };
  const hooks = {
    onProgress: () => {},
    onSign: () => {},
    onElicit: () => Promise.resolve({ action: 'cancel' as const }),
    onLost: () => {},
  };
  try {
    const connection = await connect(wire, hooks, signal);
    const tools = await connection.tools(signal);
    const others = [...tools.keys()].filter((name) => !seeing.some((one) => one === name));
    if (others.length > 0)
      throw new UserError('no-code-tools', `it was to look only, and offers ${others.slice(0, 5).join(', ')}`);
    return { connection, parameters: parametersOf(tools), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/**
 * Settings of ours for one start. What Serena keeps of a project it keeps here, not in the workspace, and it reads nothing of the workspace's
 * own `.serena`: no `activation_command`, no other backend. The project is not trusted, so its own `node_modules` bring no compiler either.
 */
async function makePlace({ folder, servers, languages }: CodeOptions): Promise<{
  folder: string;
  home: string;
  context: string;
}> {
  const own = join(folder, `s-${process.pid}-${randomBytes(6).toString('hex')}`);
  const [home, data, context] = [join(own, 'home'), join(own, 'data'), join(own, 'context.yml')];
  for (const each of [home, data]) await mkdir(each, { recursive: true, mode: 0o700 });
  await linkTo(servers, join(home, 'language_servers'));
  const more = { project_serena_folder_location: data, ls_specific_settings: serverSettings(languages, servers) };
  await writeAtomic(join(home, 'serena_config.yml'), yaml({ ...configuration, ...more }));
  await writeAtomic(
    join(data, 'project.yml'),
    yaml({
      project_name: 'workspace',
      languages,
      language_servers: languages,
      read_only: true,
      ignore_all_files_in_gitignore: true,
    }),
  );
  await writeAtomic(
    context,
    yaml({
      description: 'The code of one folder, to look at.',
      prompt: '',
      single_project: true,
      fixed_tools: seeing,
    }),
  );
  return { folder: own, home, context };
}

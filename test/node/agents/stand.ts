import { chmod, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { AskInput, AskOutput, AskPermission, AskProgress, Failure } from '../../../src/core/ask.ts';
import { RouteError } from '../../../src/core/ports.ts';
import { routeSchema, serverSchema } from '../../../src/core/team/file.ts';
import type { Server } from '../../../src/core/team/file.ts';
import { openModels } from '../../../src/node/models/client.ts';
import type { OpenModels } from '../../../src/node/models/client.ts';
import { serverMain } from '../models/stand.ts';

/** A stand for tests: the bundled server as a process behind our own client, in front of a scripted agent that lies on the PATH under any name. */

const root = resolve(import.meta.dirname, '../../..');
export const fixture = join(root, 'test/fixtures/agents/acp.mjs');

/** The agents server, bundled once as it is shipped. */
export const agentsMain = (): Promise<string> => serverMain('agents');

/** What the scripted agent is; see `defaults` in it. */
type Nature = Readonly<Record<string, unknown>>;

export interface Logged {
  readonly started?: number;
  readonly args?: string[];
  readonly env?: Record<string, string>;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

interface Asked {
  readonly output?: AskOutput;
  readonly failure?: Failure;
  readonly progress: readonly AskProgress[];
  readonly permits: readonly AskPermission[];
}

export interface AgentStand {
  readonly folder: string;
  /** The workspace. */
  readonly cwd: string;
  readonly models: OpenModels;
  readonly logged: readonly string[];
  /** Asks the agent to play these steps. */
  ask(steps: readonly object[] | string, more?: AskMore): Promise<Asked>;
  /** What the agent was told, in order. */
  log(): Promise<Logged[]>;
  end(): Promise<void>;
}

interface AskMore extends Partial<Omit<AskInput, 'call'>> {
  readonly permit?: (request: AskPermission) => Promise<'once' | 'run' | 'no'>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: AskProgress) => void;
  readonly silenceMs?: number;
}

export interface StandOptions {
  /** A known agent's name, or any other with `command`. */
  readonly agent?: string;
  /** The program's name on the PATH; without it the agent is given by `--command`. */
  readonly program?: string;
  readonly nature?: Nature;
  readonly env?: Record<string, string>;
  readonly args?: string[];
  readonly sandbox?: 'auto' | 'on';
}

let keys = 0;

export async function makeAgentStand(options: StandOptions = {}): Promise<AgentStand> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-agent-stand-')));
  const cwd = join(folder, 'work');
  const bin = join(folder, 'bin');
  const logFile = join(folder, 'agent.log');
  for (const made of [cwd, bin, join(folder, 'home')]) await mkdir(made);
  const agent = options.agent ?? 'fixture';
  const nature = { store: join(folder, 'sessions'), ...options.nature };
  const program = options.program ?? 'fixture-agent';
  const path = join(bin, program);
  await writeFile(path, `#!/bin/sh\nexec "${process.execPath}" "${fixture}" "$@"\n`);
  await chmod(path, 0o755);
  const env = {
    HOME: join(folder, 'home'),
    PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
    FIXTURE: JSON.stringify(nature),
    FIXTURE_LOG: logFile,
    ...options.env,
  };
  const generic = options.program === undefined ? ['--command', program] : [];
  const server: Server = serverSchema.parse({
    command: process.execPath,
    args: [await agentsMain(), '${agent}', '--sandbox', options.sandbox ?? 'off', ...generic, ...(options.args ?? [])],
    env,
  });
  const logged: string[] = [];
  const say = (message: string): void => void logged.push(message);
  const models = openModels({
    servers: { agents: server },
    root: folder,
    env: process.env,
    log: { debug: say, info: say, warn: say, error: say },
    startMs: 60_000,
  });
  const route = routeSchema.parse({ server: 'agents', agent, ids: ['m-1'] });
  return {
    folder,
    cwd,
    models,
    logged,
    async ask(steps, more = {}) {
      const { permit, signal, onProgress, silenceMs, ...input } = more;
      const progress: AskProgress[] = [];
      const permits: AskPermission[] = [];
      const call = { run: 'r', key: `k${++keys}`, role: 'critic', phase: 'analysis', kind: 'findings', attempt: 1 };
      const prompt = typeof steps === 'string' ? steps : `STEPS:${JSON.stringify(steps)}`;
      try {
        const output = await models.ask(
          route,
          { call, prompt, model: 'm-1', cwd, access: 'write', ...input },
          {
            signal: signal ?? new AbortController().signal,
            onProgress(each) {
              progress.push(each);
              onProgress?.(each);
            },
            permit(request) {
              permits.push(request);
              return permit ? permit(request) : Promise.resolve('no');
            },
            silenceMs: silenceMs ?? 60_000,
            answerBytes: 10_000_000,
          },
        );
        return { output, progress, permits };
      } catch (error) {
        if (error instanceof RouteError) return { failure: error.failure, progress, permits };
        throw error;
      }
    },
    async log() {
      const text = await readFile(logFile, 'utf8').catch(() => '');
      return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Logged]));
    },
    async end() {
      await models.close();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { z } from 'zod';
import type { AskInput, AskOutput, AskPermission, AskProgress, Failure } from '../../../src/core/ask.ts';
import { RouteError } from '../../../src/core/ports.ts';
import type { AskHooks } from '../../../src/core/ports.ts';
import { routeSchema, serverSchema } from '../../../src/core/team/file.ts';
import type { Route, Server } from '../../../src/core/team/file.ts';
import { openModels } from '../../../src/node/models/client.ts';
import type { ModelsOptions, OpenModels } from '../../../src/node/models/client.ts';
import { readCounts } from '../../../src/servers/scripted/count.ts';
import type { Counted } from '../../../src/servers/scripted/count.ts';
import { bundled } from '../../harness/bundle.ts';

/** A stand for tests: real servers as processes, in a folder of their own. */

const root = resolve(import.meta.dirname, '../../..');

/** A bundled server's entry. */
export const serverMain = (name: string): Promise<string> => bundled(`src/servers/${name}/main.ts`);

export const scriptedMain = (): Promise<string> => serverMain('scripted');

export const foreignMain = join(root, 'test/fixtures/servers/foreign.mjs');

export interface Stand {
  readonly folder: string;
  readonly logged: string[];
  /** A scripted server of that name; `script` is its script, as a value. */
  scripted(name: string, script: unknown, args?: string[]): Promise<Server>;
  open(
    servers: Record<string, Server>,
    options?: {
      env?: NodeJS.ProcessEnv;
      startMs?: number;
      pingMs?: number;
      hosted?: ModelsOptions['hosted'];
      keys?: ModelsOptions['keys'];
    },
  ): OpenModels;
  counts(name: string): Counted[];
  end(): Promise<void>;
}

export async function makeStand(): Promise<Stand> {
  const folder = await mkdtemp(join(tmpdir(), 'orchestra-models-'));
  const logged: string[] = [];
  const opened: OpenModels[] = [];
  const say = (message: string): void => void logged.push(message);
  return {
    folder,
    logged,
    async scripted(name, script, args = []) {
      const file = join(folder, `${name}.yaml`);
      await writeFile(file, stringify(script));
      return command([
        await scriptedMain(),
        '--script',
        file,
        '--name',
        name,
        '--count',
        join(folder, `${name}.count`),
        ...args,
      ]);
    },
    open(servers, options = {}) {
      const models = openModels({
        servers,
        root: folder,
        env: options.env ?? process.env,
        log: { debug: say, info: say, warn: say, error: say },
        hosted: options.hosted,
        keys: options.keys,
        startMs: options.startMs ?? 20_000,
        pingMs: options.pingMs ?? 5000,
      });
      opened.push(models);
      return models;
    },
    counts: (name) => readCounts(join(folder, `${name}.count`)),
    async end() {
      await Promise.all(opened.map((models) => models.close()));
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** A stdio server that this Node runs. */
export function command(args: string[], env: Record<string, string> = {}): Server {
  return serverSchema.parse({ command: process.execPath, args, env, scripted: true });
}

/** As a team file may say it. */
type RouteMore = Partial<z.input<typeof routeSchema>>;

export function route(server: string, more: RouteMore = {}): Route {
  return routeSchema.parse({ server, ids: ['m-1'], ...more });
}

export function input(
  key: string,
  more: Partial<Omit<AskInput, 'call'>> & { call?: Partial<AskInput['call']> } = {},
): AskInput {
  const { call, ...rest } = more;
  return {
    prompt: 'What do you say?',
    model: 'm-1',
    cwd: tmpdir(),
    access: 'read',
    ...rest,
    call: { run: 'r1', key, role: 'critic', phase: 'analysis', kind: 'findings', attempt: 1, ...call },
  };
}

export interface Heard {
  readonly progress: AskProgress[];
  readonly permits: AskPermission[];
  readonly hooks: AskHooks;
}

export function hooks(more: Partial<AskHooks> = {}): Heard {
  const progress: AskProgress[] = [];
  const permits: AskPermission[] = [];
  return {
    progress,
    permits,
    hooks: {
      signal: new AbortController().signal,
      onProgress: (each) => void progress.push(each),
      permit: (request) => {
        permits.push(request);
        return Promise.resolve('no');
      },
      silenceMs: 15_000,
      answerBytes: 1_000_000,
      ...more,
    },
  };
}

/** Asks with hooks that say no and a key. */
export function ask(models: OpenModels, server: string, key: string, more: Partial<AskHooks> = {}): Promise<AskOutput> {
  return models.ask(route(server), input(key), hooks(more).hooks);
}

/** The failure of an attempt that must fail. */
export async function failureOf(attempt: Promise<unknown>): Promise<Failure> {
  try {
    await attempt;
  } catch (error) {
    if (error instanceof RouteError) return error.failure;
    throw error;
  }
  throw new Error('The attempt did not fail.');
}

export function textHeard(progress: readonly AskProgress[]): string {
  return progress.map((each) => (each.kind === 'text' ? each.text : '')).join('');
}

/** Waits until it is so; an upper bound, not a coordination. */
export async function until(isSo: () => boolean, ms = 10_000): Promise<void> {
  for (const end = Date.now() + ms; !isSo();) {
    if (Date.now() > end) throw new Error('It did not come to that in time.');
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** True while the process runs and is no zombie. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
  } catch {
    return false;
  }
}

/** Most calls that ran at once, by the count file. */
export function mostAtOnce(counts: readonly Counted[]): number {
  let now = 0;
  let most = 0;
  for (const { event } of counts) {
    now += event === 'started' ? 1 : -1;
    most = Math.max(most, now);
  }
  return most;
}

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AskInput, AskOutput } from '../../../src/core/ask.ts';
import type { Route, Server } from '../../../src/core/team/file.ts';
import type { OpenModels } from '../../../src/node/models/client.ts';
import type { Script } from '../../standin/reply.ts';
import { openStandin, type Standin } from '../../standin/standin.ts';
import { command, input, hooks, makeStand, route, serverMain, type Heard, type Stand } from '../models/stand.ts';

/** The keys server as it ships, as a process, before a stand-in for the vendors' APIs. */

export const key = 'sk-test-0123456789abcdefghij';

/** A provider, an id of a model of its, and the dialect that it speaks. */
export const vendors = [
  { agent: 'openai', id: 'gpt-6.1-sol', dialect: 'responses', variable: 'OPENAI_API_KEY', path: '/v1' },
  { agent: 'anthropic', id: 'claude-sonnet-5-5', dialect: 'messages', variable: 'ANTHROPIC_API_KEY', path: '/v1' },
  { agent: 'google', id: 'gemini-3.8-flash', dialect: 'gemini', variable: 'GEMINI_API_KEY', path: '/v1beta' },
  { agent: 'xai', id: 'grok-4.7', dialect: 'responses', variable: 'XAI_API_KEY', path: '/v1' },
  { agent: 'openrouter', id: 'openai/gpt-6.1-sol', dialect: 'chat', variable: 'OPENROUTER_API_KEY', path: '/v1' },
  { agent: 'local', id: 'qwen3-coder', dialect: 'chat', variable: undefined, path: '/v1' },
] as const;

export interface KeysPlace {
  readonly standin: Standin;
  readonly stand: Stand;
  readonly models: OpenModels;
  /** Makes files in the working folder. */
  files(files: Record<string, string>): Promise<string>;
  ask(agent: string, more?: Parameters<typeof input>[1], heard?: Heard): Promise<AskOutput>;
  end(): Promise<void>;
}

/** The server's definition, with every provider at the stand-in. */
async function keysServer(url: string, env: Record<string, string>): Promise<Server> {
  const addresses = vendors.flatMap(({ agent, path }) => ['--address', `${agent}=${url}${path}`]);
  return { ...command([await serverMain('keys'), ...addresses], env), scripted: false };
}

/** Opens it with a key for each vendor. */
export async function openPlace(script: Script, env?: Record<string, string>): Promise<KeysPlace> {
  const standin = await openStandin(script, { models: vendors.map((v) => v.id) });
  const stand = await makeStand();
  const keys = Object.fromEntries(vendors.flatMap((v) => (v.variable === undefined ? [] : [[v.variable, key]])));
  const models = stand.open({ keys: await keysServer(standin.url, env ?? keys) });
  let n = 0;
  return {
    standin,
    stand,
    models,
    async files(files) {
      const folder = join(stand.folder, `folder${++n}`);
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), text);
      }
      await mkdir(folder, { recursive: true });
      return folder;
    },
    async ask(agent, more = {}, heard = hooks()) {
      const id = vendors.find((v) => v.agent === agent)?.id ?? 'm-1';
      const asked: AskInput = input(`k${++n}`, { model: id, agent, cwd: stand.folder, ...more });
      return models.ask(keysRoute(agent, asked.model), asked, heard.hooks);
    },
    async end() {
      await stand.end();
      await standin.close();
    },
  };
}

export function keysRoute(agent: string, id: string): Route {
  return route('keys', { agent, ids: [id] });
}

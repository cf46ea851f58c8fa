import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchFromNpm, npmEntry, type NpmPackage } from '../npm.ts';
import { cacheFolder } from '../paths.ts';

/**
 * Small programs that let an agent without the Agent Client Protocol speak it. Pinned; never the agent itself.
 *
 * codex-acp is under Apache-2.0 and one file: it ships with the extension. claude-agent-acp is under Apache-2.0 as well, but cannot run without
 * @anthropic-ai/claude-agent-sdk, which is not free software: it is fetched from npm when the person says so.
 */

export type AdapterName = 'codex-acp' | 'claude-agent-acp';

/** It can do `without` a copy of the agent, and what is bundled in it already. */
export interface Adapter extends NpmPackage {
  readonly name: AdapterName;
  readonly license: string;
  /** The oldest Node that runs it: major version. */
  readonly node: number;
  /** What is downloaded and kept, in bytes, roughly. */
  readonly bytes: number;
}

export const adapters: Readonly<Record<AdapterName, Adapter>> = {
  'codex-acp': {
    name: 'codex-acp',
    package: '@agentclientprotocol/codex-acp',
    version: '2.6.0',
    license: 'Apache-2.0',
    entry: 'dist/index.js',
    // It is one bundled file.
    without: ['@openai/codex', '@agentclientprotocol/sdk', 'cross-spawn', 'diff', 'open', 'vscode-jsonrpc', 'zod'],
    node: 22,
    bytes: 2_200_000,
  },
  'claude-agent-acp': {
    name: 'claude-agent-acp',
    package: '@agentclientprotocol/claude-agent-acp',
    version: '0.101.0',
    license: 'Apache-2.0, with the Claude Agent SDK under its own terms',
    entry: 'dist/index.js',
    without: [],
    node: 22,
    bytes: 80_000_000,
  },
};

/** Where an adapter lies that was fetched. */
function adapterFolder({ name, version }: Adapter, env: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), 'adapters', `${name}-${version}`);
}

/** Where an adapter lies that ships with this: beside the bundle that runs, or in `dist` of a checkout whose sources run as they are. */
function shippedEntry({ name }: Adapter): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const dist = basename(here) === 'agents' ? join(here, '..', '..', '..', 'dist') : here.replace(/[/\\]servers$/, '');
  return join(dist, 'adapters', name, 'index.js');
}

/** The script of an adapter: the one that the person names by `ORCHESTRA_CODEX_ACP` or `ORCHESTRA_CLAUDE_AGENT_ACP`, the one that ships, or the one that was fetched. Undefined when it has to be fetched first. */
export function adapterEntry(name: AdapterName, env: NodeJS.ProcessEnv): string | undefined {
  const adapter = adapters[name];
  const named = env[`ORCHESTRA_${name.toUpperCase().replaceAll('-', '_')}`];
  const fetched = npmEntry(adapter, adapterFolder(adapter, env));
  return [named, shippedEntry(adapter), fetched].find((path) => path !== undefined && path !== '' && existsSync(path));
}

/**
 * Fetches an adapter from npm at its pinned version into our cache folder, without the agent's own programs and without running install
 * scripts; done at once when it is there. Call it only on the person's word. Throws `UserError` (`no-npm`, `fetch-failed`).
 */
export async function fetchAdapter(
  name: AdapterName,
  options: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  const { env } = options;
  const present = adapterEntry(name, env);
  if (present !== undefined) return present;
  return fetchFromNpm(adapters[name], adapterFolder(adapters[name], env), options);
}

/** The version of an adapter whose script this is; undefined when its package says none. */
export async function adapterVersion(entry: string): Promise<string | undefined> {
  for (const up of ['..', '.']) {
    try {
      const manifest = JSON.parse(await readFile(join(dirname(entry), up, 'package.json'), 'utf8')) as {
        version?: unknown;
      };
      if (typeof manifest.version === 'string') return manifest.version;
    } catch {
      // It lies elsewhere.
    }
  }
  return undefined;
}

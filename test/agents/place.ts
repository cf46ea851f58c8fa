import { mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { teamFileSchema } from '../../src/core/team/file.ts';
import type { TeamLayer } from '../../src/core/team/file.ts';
import { roster } from '../../src/core/team/roster.ts';
import { openModels } from '../../src/node/models/client.ts';
import type { OpenModels } from '../../src/node/models/client.ts';
import { placedServers } from '../../src/node/servers.ts';
import type { Script } from '../standin/reply.ts';
import { openStandin } from '../standin/standin.ts';
import type { Standin } from '../standin/standin.ts';
import { adapterEntry, binOf } from './install.ts';
import type { Agent } from './install.ts';

/** A machine of its own for some of the real agents: a home, a PATH on which they alone are, and models that a script plays. */
export interface AgentsPlace {
  /** Everything lies below it; gone afterwards. */
  readonly folder: string;
  readonly standin: Standin;
  /** The whole environment of a person who has these agents and no other. */
  readonly env: Readonly<Record<string, string>>;
  /** What the client logged. */
  readonly logged: readonly string[];
  /** A folder of that name to work in, with these files and no others. */
  workspace(files: Readonly<Record<string, string>>, name: string): Promise<string>;
  /** The client of the product over the servers that ship with it and those of a team file; `without` these variables of the person's. */
  open(more?: { readonly without?: RegExp; readonly servers?: TeamLayer['servers'] }): OpenModels;
  /** Command lines of processes that live in this place's home, whoever started them; on Linux only. */
  processes(): Promise<{ pid: number; line: string }[]>;
  /** Closes what was opened. Rejects when a process is left. */
  end(): Promise<void>;
}

/** Makes one. The agents are signed in with a key that only the stand-in takes. */
export async function makeAgentsPlace(agents: readonly Agent[], script: Script): Promise<AgentsPlace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-agents-')));
  const home = join(folder, 'home');
  const standin = await openStandin(script);
  const env = await homeOf(home, agents, standin.url);
  const opened: OpenModels[] = [];
  const logged: string[] = [];
  const say = (line: string): void => void logged.push(line);
  const processes = async (): Promise<{ pid: number; line: string }[]> => processesOf(home);
  return {
    folder,
    standin,
    env,
    logged,
    async workspace(files, name) {
      const root = join(folder, name);
      // It stays the folder in which sessions are.
      await mkdir(root, { recursive: true });
      for (const entry of await readdir(root)) await rm(join(root, entry), { recursive: true });
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
      return root;
    },
    open({ without, servers } = {}) {
      const models = openModels({
        servers: placedServers(teamFileSchema.parse({ servers: { ...roster.servers, ...servers } }).servers),
        root: folder,
        env: Object.fromEntries(Object.entries(env).filter(([name]) => !without?.test(name))),
        log: { debug: say, info: say, warn: say, error: say },
      });
      opened.push(models);
      return models;
    },
    processes,
    async end() {
      try {
        await Promise.all(opened.map((models) => models.close()));
        // What was killed as a group is gone a moment later.
        for (let tries = 0; tries < 50 && (await processes()).length > 0; tries++) await delay(100);
        const left = await processes();
        if (left.length > 0) throw new Error(`Processes are left: ${left.map((p) => p.line).join(' | ')}`);
      } finally {
        await standin.close();
        await rm(folder, { recursive: true, force: true, maxRetries: 5 });
      }
    },
  };
}

/** Writes what each agent reads of its owner, and gives the environment. */
async function homeOf(home: string, agents: readonly Agent[], url: string): Promise<Record<string, string>> {
  const system: Record<string, string> = {};
  for (const name of ['SystemRoot', 'SYSTEMROOT', 'windir', 'ComSpec', 'PATHEXT', 'TEMP', 'TMP', 'TMPDIR', 'LANG'])
    if (process.env[name] !== undefined) system[name] = process.env[name];
  const usual =
    process.platform === 'win32' ? [join(system['SystemRoot'] ?? 'C:\\Windows', 'System32')] : ['/usr/bin', '/bin'];
  const gitFolder = (process.env['PATH'] ?? '').split(delimiter).filter((each) => /[\\/]git[\\/]/i.test(each));
  const env: Record<string, string> = {
    ...system,
    HOME: home,
    USERPROFILE: home,
    APPDATA: join(home, 'appdata'),
    LOCALAPPDATA: join(home, 'localappdata'),
    TERM: 'dumb',
    PATH: [...agents.map(binOf), dirname(process.execPath), ...usual, ...gitFolder].join(delimiter),
    ORCHESTRA_CACHE: join(home, 'orchestra-cache'),
    ORCHESTRA_PROFILE: join(home, 'orchestra-profile'),
    ORCHESTRA_CODEX_ACP: adapterEntry('codex-acp'),
    ORCHESTRA_CLAUDE_AGENT_ACP: adapterEntry('claude-agent-acp'),
  };
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(dirname(join(home, path)), { recursive: true });
    await writeFile(join(home, path), text);
  };
  await mkdir(home, { recursive: true });
  for (const agent of agents) {
    switch (agent) {
      case 'codex':
        await put(
          '.codex/config.toml',
          [
            'model_provider = "standin"',
            'check_for_update_on_startup = false',
            '[model_providers.standin]',
            'name = "standin"',
            `base_url = "${url}/v1"`,
            'wire_api = "responses"',
            'env_key = "OPENAI_API_KEY"',
            // A refusal is told at once, not after half a minute.
            'request_max_retries = 1',
            'stream_max_retries = 1',
            '[analytics]',
            'enabled = false',
            '',
          ].join('\n'),
        );
        Object.assign(env, { CODEX_HOME: join(home, '.codex'), OPENAI_API_KEY: 'key-of-the-standin' });
        break;
      case 'claude':
        await mkdir(join(home, '.claude'), { recursive: true });
        Object.assign(env, {
          CLAUDE_CONFIG_DIR: join(home, '.claude'),
          ANTHROPIC_BASE_URL: url,
          ANTHROPIC_API_KEY: 'key-of-the-standin',
        });
        break;
      case 'gemini':
        await put(
          '.gemini/settings.json',
          JSON.stringify({
            security: { auth: { selectedType: 'gemini-api-key' } },
            privacy: { usageStatisticsEnabled: false },
            general: { enableAutoUpdate: false, enableAutoUpdateNotification: false, maxAttempts: 2 },
          }),
        );
        Object.assign(env, { GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: 'key-of-the-standin' });
        break;
      case 'grok':
        await put(
          '.grok/config.toml',
          [
            '[features]',
            'telemetry = "off"',
            '[cli]',
            'auto_update = false',
            '[endpoints]',
            `xai_api_base_url = "${url}/v1"`,
            '',
          ].join('\n'),
        );
        Object.assign(env, { GROK_HOME: join(home, '.grok'), XAI_API_KEY: 'key-of-the-standin' });
        break;
      case 'opencode':
        await put(
          '.config/opencode/opencode.json',
          JSON.stringify({
            autoupdate: false,
            share: 'disabled',
            enabled_providers: ['standin'],
            model: 'standin/m-1',
            small_model: 'standin/m-1',
            provider: {
              standin: {
                npm: '@ai-sdk/openai-compatible',
                name: 'standin',
                options: { baseURL: `${url}/v1`, apiKey: 'key-of-the-standin' },
                models: { 'm-1': { name: 'One' }, 'm-2': { name: 'Two' } },
              },
            },
          }),
        );
        break;
      case 'copilot':
        // A provider of the person's own, and a person who lets it do as it likes.
        await put('.copilot/settings.json', JSON.stringify({ defaultPermissionMode: 'allow-all', autoUpdate: false }));
        Object.assign(env, {
          COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
          COPILOT_PROVIDER_WIRE_API: 'responses',
          COPILOT_PROVIDER_API_KEY: 'key-of-the-standin',
          COPILOT_MODEL: 'gpt-5.4',
          COPILOT_ALLOW_ALL: 'true',
        });
        break;
    }
  }
  return env;
}

async function processesOf(home: string): Promise<{ pid: number; line: string }[]> {
  if (process.platform !== 'linux') return [];
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Only the owner may read it; a zombie has none.
      const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
      if (!environment.split('\0').includes(`HOME=${home}`)) return [];
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return line === '' ? [] : [{ pid: Number(pid), line: line.replaceAll('\0', ' ').trim() }];
    }),
  );
  return found.flat();
}

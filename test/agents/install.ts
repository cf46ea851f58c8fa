/**
 * Puts the real agents and their ACP adapters, at pinned versions, into the person's cache; made once for all checkouts.
 * `node test/agents/install.ts` does it ahead of the tests; it needs npm, the registry and 1.2 GB of disk.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

interface Package {
  readonly name: string;
  readonly version: string;
  /** Its program, or, of an adapter, the file that Node runs. */
  readonly main: string;
  /** An adapter brings no agent of its own: that is the person's. */
  readonly adapter?: true;
  /** What its install script does is needed. */
  readonly script?: string;
}

/** What the tests were last run with. The CLIs are the vendors', the adapters those that `agents` starts. */
const packages = {
  codex: { name: '@openai/codex', version: '0.171.0', main: 'codex' },
  // The last one with an MCP server of its own.
  'codex-mcp': { name: '@openai/codex', version: '0.153.4', main: 'codex' },
  // A Gemini behind MCP that others made.
  'gemini-mcp': { name: 'gemini-mcp-tool', version: '1.1.8', main: 'gemini-mcp' },
  claude: { name: '@anthropic-ai/claude-code', version: '2.1.332', main: 'claude', script: 'install.cjs' },
  gemini: { name: '@google/gemini-cli', version: '0.61.0', main: 'gemini' },
  grok: { name: '@xai-official/grok', version: '1.0.41', main: 'grok', script: 'bin/postinstall.js' },
  copilot: { name: '@github/copilot', version: '1.0.102', main: 'copilot' },
  // One that we have no profile of.
  opencode: { name: 'opencode-ai', version: '1.18.33', main: 'opencode', script: 'postinstall.mjs' },
  'codex-acp': { name: '@agentclientprotocol/codex-acp', version: '2.6.0', main: 'dist/index.js', adapter: true },
  'claude-agent-acp': {
    name: '@agentclientprotocol/claude-agent-acp',
    version: '0.101.0',
    main: 'dist/index.js',
    adapter: true,
  },
} as const satisfies Record<string, Package>;

type Name = keyof typeof packages;

/** The four agents that can be had without an account. */
export const agents = ['codex', 'claude', 'gemini', 'grok'] as const;
/** Those, and the ones that are no part of the built-in team. */
export type Agent = (typeof agents)[number] | 'copilot' | 'opencode';

/** The cache that all checkouts share. Source: XDG Base Directory Specification 0.8. */
export const testCache = join(
  process.env['XDG_CACHE_HOME'] && isAbsolute(process.env['XDG_CACHE_HOME'])
    ? process.env['XDG_CACHE_HOME']
    : join(homedir(), '.cache'),
  'model-orchestra-test',
);

function folderOf(name: Name): string {
  return join(testCache, `agent-${name}-${packages[name].version}`);
}

/** The folder that holds an agent's program and hardly anything else: on a PATH, it is as if that agent alone were installed. */
export function binOf(agent: Agent | 'codex-mcp' | 'gemini-mcp'): string {
  return join(folderOf(agent), 'node_modules', '.bin');
}

/** The script of an adapter. */
export function adapterEntry(name: 'codex-acp' | 'claude-agent-acp'): string {
  return join(folderOf(name), 'node_modules', packages[name].name, packages[name].main);
}

/** Makes sure of one. */
export async function installPackage(name: Name): Promise<void> {
  const wanted: Package = packages[name];
  const folder = folderOf(name);
  if (existsSync(folder)) return;
  process.stderr.write(`Installing ${wanted.name} ${wanted.version} from npm into ${testCache} ...\n`);
  await mkdir(testCache, { recursive: true });
  const place = await mkdtemp(join(testCache, '.new-'));
  try {
    await writeFile(join(place, 'package.json'), '{ "private": true }\n');
    // Install scripts of packages below are not ours to run; the one that is needed is named, and gets a home of its own.
    const env = { ...process.env, HOME: join(place, 'home'), GROK_HOME: join(place, 'home', '.grok') };
    await mkdir(env.GROK_HOME, { recursive: true });
    const omit = wanted.adapter ? ['--omit=optional'] : [];
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...omit];
    await npm([...args, `${wanted.name}@${wanted.version}`], place);
    if (wanted.script !== undefined) {
      const own = join(place, 'node_modules', wanted.name);
      await execute(process.execPath, [join(own, wanted.script)], {
        cwd: own,
        env: { ...env, npm_config_user_agent: `npm/11 node/${process.version}` },
      });
    }
    await rm(env.HOME, { recursive: true, force: true });
    await rename(place, folder);
  } catch (error) {
    // Another checkout was faster.
    if (!existsSync(folder)) throw error;
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function npm(args: readonly string[], cwd: string): Promise<void> {
  // Run by npm, its own script is known; on Windows `npm` alone is a batch file, which takes a shell.
  const script = process.env['npm_execpath'];
  const options = { cwd, timeout: 10 * 60_000, maxBuffer: 2 ** 26, env: withoutNpm() };
  if (script?.endsWith('.js')) await execute(process.execPath, [script, ...args], options);
  else await execute('npm', [...args], { ...options, shell: process.platform === 'win32' });
}

/** What `npm run` sets would make the inner npm work on this project. */
function withoutNpm(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_(config|package)_|^INIT_CWD$/i.test(key)),
  );
}

/** Makes sure of everything. Throws one sentence that says what is missing and how to get it. */
export async function installAgents(): Promise<void> {
  for (const name of Object.keys(packages) as Name[]) {
    try {
      await installPackage(name);
    } catch (error) {
      const { name: wanted, version } = packages[name];
      const why = ((error as { stderr?: string }).stderr || String(error)).trim().split('\n')[0];
      throw new Error(
        `${wanted} ${version} is missing in ${testCache} and npm could not bring it (${why}); with the registry in reach, \`node test/agents/install.ts\` installs it.`,
        { cause: error },
      );
    }
  }
}

if (import.meta.main) {
  await installAgents().catch((error: Error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

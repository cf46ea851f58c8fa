import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { HandedServer } from '../../core/ask.ts';
import { adapterEntry, adapters } from '../../node/agents/adapters.ts';
import { findProgram, launchOf } from '../../node/agents/programs.ts';
import type { Launch } from '../../node/agents/programs.ts';
import { AskError, notInstalled } from './failures.ts';
import { profiles } from './profiles.ts';
import type { Profile } from './profiles.ts';

/** Where an agent lies, how it is started, and with which environment. */

export interface Found {
  /** The person's own program. */
  readonly program: string;
  /** The script of the adapter in front of it. */
  readonly adapter?: string;
}

/** The program, and what must stand in front of it. Throws `AskError` (`not-installed`) that says what to do. */
export async function findAgent(profile: Profile, env: NodeJS.ProcessEnv): Promise<Found> {
  const program = await findAgentProgram(profile, env);
  if (program === undefined) throw new AskError(notInstalled(profile));
  if (!profile.adapter) return { program };
  const { name } = profile.adapter;
  const { node, bytes } = adapters[name];
  const here = Number(process.versions.node.split('.', 1)[0]);
  if (here < node) {
    const message = `${profile.title} is reached by ${name}, which needs Node.js ${node}; this is ${process.versions.node}. Install Node.js ${node} or newer.`;
    throw new AskError({ kind: 'not-installed', message });
  }
  const adapter = adapterEntry(name, env);
  if (adapter === undefined) {
    const size = `${Math.max(1, Math.round(bytes / 1_000_000))} MB`;
    const message = `${profile.title} is reached by ${name} (${size}), which is not there yet: \`orchestra doctor --fix\` fetches it.`;
    throw new AskError({ kind: 'not-installed', message });
  }
  return { program, adapter };
}

/** The person's own program of this agent; undefined when it is nowhere. */
export async function findAgentProgram(profile: Profile, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const variable of profile.pathVariables ?? []) {
    const named = env[variable];
    if (named !== undefined && isAbsolute(named) && existsSync(named)) return named;
  }
  const [first = ''] = profile.programs;
  if (isAbsolute(first)) return existsSync(first) ? first : undefined;
  const folders = (profile.folders ?? []).flatMap((folder) => placesOf(folder, env));
  return findProgram(profile.programs, { env, folders });
}

/** What a process is started for: a model that it must be started with, since it does not list it. */
export interface Pinned {
  readonly model: string;
  readonly effort: string | undefined;
}

/** How the agent is started. */
export async function launchAgent(
  profile: Profile,
  found: Found,
  { pinned, servers }: { pinned: Pinned | undefined; servers: string | undefined },
): Promise<Launch> {
  if (found.adapter !== undefined) return { file: process.execPath, args: [found.adapter, ...profile.args] };
  const own = [
    ...(pinned && profile.unlisted === 'args' ? filled(profile.modelArgs, 'model', pinned.model) : []),
    ...(pinned?.effort === undefined ? [] : filled(profile.effortArgs?.args, 'effort', pinned.effort)),
    ...(servers === undefined ? [] : filled(profile.serverArgs, 'file', servers)),
  ];
  const at = profile.args.indexOf('${at}');
  const args = at === -1 ? [...own, ...profile.args] : profile.args.toSpliced(at, 1, ...own);
  return launchOf(found.program, args);
}

function filled(args: readonly string[] = [], name: string, value: string): string[] {
  return args.map((arg) => arg.replaceAll(`\${${name}}`, () => value));
}

/** Writes the MCP servers that a process is to be started with into a new file of this folder, for its owner alone: their environment holds secrets. Gives its path. */
export async function writeServers(folder: string, servers: readonly HandedServer[]): Promise<string> {
  const mcpServers = Object.fromEntries(
    servers.map(({ name, command, args, env }) => [name, { type: 'local', command, args, env, tools: ['*'] }]),
  );
  const file = join(folder, 'servers.json');
  await writeFile(file, JSON.stringify({ mcpServers }), { mode: 0o600, flag: 'wx' });
  return file;
}

/** What the agent knows of the environment: all that we were given, without what is another agent's, and with what makes it behave. */
export function agentEnvironment(
  profile: Profile,
  found: Found,
  env: NodeJS.ProcessEnv,
  pinned: Pinned | undefined,
): Record<string, string> {
  const own = matcher(profile.variables);
  const vendors = matcher(Object.values(profiles).flatMap(({ variables }) => variables));
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || name.startsWith('ORCHESTRA_')) continue;
    if (vendors(name) && !own(name)) continue;
    // Only a script that our own Node runs needs it; an agent would hand it on to every editor that it starts.
    if (name === 'ELECTRON_RUN_AS_NODE' && found.adapter === undefined) continue;
    kept[name] = value;
  }
  const adapter = profile.adapter ? { [profile.adapter.variable]: found.program } : {};
  return { ...kept, ...profile.env, ...adapter, ...pinnedVariables(profile, kept, pinned) };
}

/** codex-acp refuses to set a model that the catalogue does not list; as configuration it is taken. */
function pinnedVariables(
  profile: Profile,
  env: Readonly<Record<string, string>>,
  pinned: Pinned | undefined,
): Record<string, string> {
  if (!pinned || profile.unlisted !== 'codex-config') return {};
  let before: object = {};
  try {
    const parsed: unknown = JSON.parse(env['CODEX_CONFIG'] ?? '{}');
    if (typeof parsed === 'object' && parsed !== null) before = parsed;
  } catch {
    // The person's own mistake; the adapter would refuse it.
  }
  const effort = pinned.effort === undefined ? {} : { model_reasoning_effort: pinned.effort };
  return { CODEX_CONFIG: JSON.stringify({ ...before, model: pinned.model, ...effort }) };
}

function matcher(patterns: readonly string[]): (name: string) => boolean {
  return (name) => patterns.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one));
}

/** A place with `~` and `$NAME` filled in; none when the variable is not set. */
export function placesOf(place: string, env: NodeJS.ProcessEnv): string[] {
  const home = env['HOME'] || env['USERPROFILE'] || homedir();
  const variable = /^\$([A-Z_]+)/.exec(place)?.[1];
  if (variable === undefined) return [place.replace(/^~(?=\/|$)/, () => home)];
  const value = env[variable];
  return value ? [join(value, place.slice(variable.length + 1))] : [];
}

/** Values of the environment that must never be quoted. */
export function secretsIn(env: NodeJS.ProcessEnv): string[] {
  const secretive = /key|token|secret|password|authorization|cookie|credential/i;
  return Object.entries(env)
    .flatMap(([name, value]) => (secretive.test(name) && value !== undefined && value.length >= 6 ? [value] : []))
    .sort((a, b) => b.length - a.length);
}

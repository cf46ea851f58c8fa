import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Failure, ReachInput, ReachOutput } from '../../core/ask.ts';
import { adapterEntry, adapters, adapterVersion } from '../../node/agents/adapters.ts';
import { launchOf, versionOf } from '../../node/agents/programs.ts';
import { sameModel } from '../../node/models/modelIds.ts';
import { run } from '../../node/processes.ts';
import { reachToolOf } from '../../node/askServer.ts';
import type { OtherTool } from '../../node/askServer.ts';
import { findBox } from './box.ts';
import type { BoxSetting } from './box.ts';
import { AskError, notSignedIn } from './failures.ts';
import { agentEnvironment, findAgent, findAgentProgram, placesOf } from './launch.ts';
import type { Found } from './launch.ts';
import type { Profile } from './profiles.ts';
import type { AgentService, Offered } from './service.ts';

/** What can be told of an agent without spending anything: where it lies, whether somebody signed in, what it offers. */

export interface InquireOptions {
  readonly profile: Profile;
  readonly env: NodeJS.ProcessEnv;
  readonly service: AgentService;
  readonly sandbox: BoxSetting;
}

/** `unknown`: only asking it would tell. */
type SignedIn = 'yes' | 'no' | 'unknown';

const statusMs = 20_000;

async function signedIn(
  profile: Profile,
  found: Found,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<SignedIn> {
  const { files, variables, status } = profile.signedIn;
  if (variables.some((name) => env[name])) return 'yes';
  if (files.flatMap((file) => placesOf(file, env)).some((file) => existsSync(file))) return 'yes';
  if (!status) return 'unknown';
  try {
    const { file, args } = await launchOf(found.program, status);
    const own = agentEnvironment(profile, found, env, undefined);
    const said = await run(file, args, { cwd: homedir(), env: own, signal, timeoutMs: statusMs });
    if (said.code === 0) return 'yes';
    return said.timedOut || (await hasOwnProvider(profile, env)) ? 'unknown' : 'no';
  } catch {
    signal.throwIfAborted();
    return 'unknown';
  }
}

/** Whose configuration names a provider of its own need not be signed in with the vendor. */
async function hasOwnProvider(profile: Profile, env: NodeJS.ProcessEnv): Promise<boolean> {
  for (const file of (profile.signedIn.settings ?? []).flatMap((place) => placesOf(place, env))) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (/^\s*model_provider\s*=|"apiKeyHelper"|CLAUDE_CODE_USE_(?:BEDROCK|VERTEX)/m.test(text)) return true;
  }
  return false;
}

/** The tool `reach`: whether a route over this agent can be used. It is only started for its catalogue, and where nothing else tells whether it is signed in. */
export function reachAgent(options: InquireOptions): OtherTool {
  return reachToolOf(
    'Says whether a model can be asked here, without asking it anything; with `catalogue` also what it offers.',
    (input, signal) => reached(options, input, signal),
  );
}

async function reached(
  options: InquireOptions,
  { ids, catalogue, detail }: ReachInput,
  signal: AbortSignal,
): Promise<Partial<ReachOutput>> {
  const { profile, env } = options;
  const program = await findAgentProgram(profile, env);
  const version = detail && program !== undefined ? await versionOf(program, env, signal) : undefined;
  const place = program !== undefined && { program: { path: program, ...(version !== undefined && { version }) } };
  const found = await failing(async () => {
    const installed = await findAgent(profile, env);
    const signed = await signedIn(profile, installed, env, signal);
    if (signed === 'no') throw new AskError(notSignedIn(profile));
    const offered = catalogue || signed === 'unknown' ? await offeredBy(options, signal) : undefined;
    return { signed, offered };
  });
  if ('failure' in found) {
    const { failure } = found;
    const told = failure.kind === 'not-signed-in' && { signedIn: false };
    return { failure, ...place, ...told, mends: mendsOf(profile, failure, program, env) };
  }
  const { signed, offered } = found.value;
  // Others are taken too, by all but those that list what they have.
  const lists = catalogue && profile.unlisted === 'no' && offered !== undefined && offered.models.length > 0;
  const gone = lists ? ids.filter((id) => !offered.models.some((one) => sameModel(id, one.id))) : [];
  return { ...place, gone, ...(signed === 'yes' && { signedIn: true }) };
}

/** What a person can do about it, best first. */
function mendsOf(
  profile: Profile,
  failure: Failure,
  program: string | undefined,
  env: NodeJS.ProcessEnv,
): ReachOutput['mends'] {
  const line = (text: string) => (/[,(;]/.test(text) ? {} : { command: text });
  if (failure.kind === 'not-signed-in')
    return [{ label: `Sign in to ${profile.title}: ${profile.signIn}`, ...line(profile.signIn), kind: 'sign-in' }];
  if (failure.kind !== 'not-installed') return [];
  if (program === undefined)
    return [{ label: `Install ${profile.title}: ${profile.install}`, ...line(profile.install), kind: 'install' }];
  const adapter = profile.adapter?.name;
  if (adapter === undefined || adapterEntry(adapter, env) !== undefined) return [];
  return [
    {
      label: `Fetch ${adapter}, which stands in front of it`,
      command: 'orchestra doctor --fix',
      kind: 'install',
      adapter,
    },
  ];
}

/** The tool `agents`: what is installed, who is signed in, and which models and efforts the agent offers now. */
export function describeAgent(options: InquireOptions): OtherTool {
  const { profile, env } = options;
  return {
    name: 'agents',
    description:
      'What is installed of this agent and where, whether it is signed in, what its sandbox holds, and (with `models`) the models and efforts that it offers now. Asks no model anything.',
    input: z.object({ models: z.boolean().default(true) }),
    async run(args, signal) {
      const { models } = args as { models: boolean };
      const program = await findAgentProgram(profile, env);
      const found = await failing(() => findAgent(profile, env));
      const adapter = profile.adapter && adapters[profile.adapter.name];
      const place = 'value' in found ? found.value : undefined;
      const [version, own, offered, { why }] = await Promise.all([
        program === undefined ? undefined : versionOf(program, env, signal),
        place?.adapter === undefined ? undefined : adapterVersion(place.adapter),
        place && models ? failing(() => offeredBy(options, signal)) : undefined,
        findBox(profile, options.sandbox, env, signal),
      ]);
      const guess = place ? await signedIn(profile, place, env, signal) : 'unknown';
      const failure =
        'failure' in found ? found.failure : offered && 'failure' in offered ? offered.failure : undefined;
      // Who opens a session is signed in, as far as that can be told; some notice only when they are asked something.
      const told = failure?.kind === 'not-signed-in' ? 'no' : guess;
      return {
        agent: profile.name,
        title: profile.title,
        installed: program !== undefined,
        ...(program !== undefined && { path: program }),
        ...(version !== undefined && { version }),
        ...(adapter && {
          adapter: { name: adapter.name, wanted: adapter.version, ...(own !== undefined && { version: own }) },
        }),
        signedIn: told,
        signIn: profile.signIn,
        install: profile.install,
        sandbox: why,
        ...(offered && 'value' in offered && offered.value),
        ...(failure && { failure }),
      };
    },
  };
}

/** What the agent offers in a session of its own, in an empty folder. */
async function offeredBy({ service }: InquireOptions, signal: AbortSignal): Promise<Offered> {
  const cwd = await mkdtemp(join(tmpdir(), 'orchestra-look-'));
  try {
    return await service.look(cwd, signal);
  } finally {
    await rm(cwd, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function failing<T>(work: () => Promise<T>): Promise<{ value: T } | { failure: Failure }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof AskError) return { failure: error.failure };
    throw error;
  }
}

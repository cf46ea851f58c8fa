import { RequestError } from '@agentclientprotocol/sdk';
import type { AskInput, HandedServer } from '../../core/ask.ts';
import { sameModel } from '../../node/models/modelIds.ts';
import { oneLine } from '../../node/models/text.ts';
import type { AgentProcess } from './agentProcess.ts';
import { AskError, failureOfAgentError, isUnknownMethod, isUnknownThing } from './failures.ts';
import type { Pinned } from './launch.ts';
import { readChoices, readSession } from './options.ts';
import type { Category, Choices } from './options.ts';
import type { Profile } from './profiles.ts';

/** A session with an agent: opened or gone on with, and brought to the model, the effort and the mode that are wanted. */

export interface Opened {
  readonly id: string;
  readonly choices: Choices;
}

/** What is asked of a session when it is opened. */
export type Wanted = Pick<AskInput, 'cwd' | 'model' | 'call' | 'servers'>;

/** Opens a session. Rejects with `AskError`. */
export async function newSession(
  profile: Profile,
  agent: AgentProcess,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Opened> {
  const answer = await attempt(profile, 'open a session', () =>
    agent.request('session/new', sessionParams(profile, wanted), signal),
  );
  const { id, choices } = readSession(answer);
  if (id === undefined)
    throw new AskError({ kind: 'protocol', message: `${profile.title} opened a session without an id.` });
  const { titleMethod } = profile;
  if (titleMethod !== undefined) {
    const title = oneLine(`${wanted.call.role}: ${wanted.call.key}`, 60);
    await attempt(profile, 'take the title of a session', () =>
      agent.request(titleMethod, { sessionId: id, title }, signal),
    );
  }
  return { id, choices };
}

/** Goes on in a session of an earlier process. Rejects with `AskError`: `no-session` where the agent cannot. */
export async function oldSession(
  profile: Profile,
  agent: AgentProcess,
  id: string,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Opened> {
  const { agentCapabilities } = agent.abilities;
  const resumes = agentCapabilities?.sessionCapabilities?.resume;
  const method = resumes !== undefined && resumes !== null ? 'session/resume' : 'session/load';
  if (!profile.resumes || (method === 'session/load' && !agentCapabilities?.loadSession)) {
    throw new AskError({
      kind: 'no-session',
      message: `${profile.title} cannot go on in a session of an earlier process.`,
    });
  }
  try {
    const answer = await agent.request(method, { sessionId: id, ...sessionParams(profile, wanted) }, signal);
    return { id, choices: readSession(answer).choices };
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const failure = failureOfAgentError(profile, 'go on in its session', error);
    throw new AskError(
      failure.kind === 'error' || failure.kind === 'no-model' ? { ...failure, kind: 'no-session' } : failure,
    );
  }
}

function sessionParams(profile: Profile, wanted: Wanted): object {
  const servers = profile.serverArgs ? [] : (wanted.servers ?? []);
  return { cwd: wanted.cwd, mcpServers: servers.map(serverOf), ...metaOf(profile, wanted) };
}

function serverOf({ name, command, args, env }: HandedServer): object {
  return { name, command, args, env: Object.entries(env).map(([key, value]) => ({ name: key, value })) };
}

function metaOf(profile: Profile, { call, model }: Wanted): object {
  if (profile.sessionMeta === 'grok') return { _meta: { yoloMode: false, autoMode: false } };
  if (profile.sessionMeta !== 'claude') return {};
  const options = {
    ...(isDefault(model) ? {} : { model }),
    // Without a title of ours and with suggestions on, two more requests go to a model in every turn.
    title: oneLine(`${call.role}: ${call.key}`, 60),
    promptSuggestions: false,
    permissionMode: 'default',
    // What a repository brings of its own (hooks, permissions, addresses, servers) would work without the person's word.
    settingSources: ['user'],
    strictMcpConfig: true,
    allowDangerouslySkipPermissions: false,
  };
  return { _meta: { claudeCode: { options } } };
}

/** True when the agent is to choose the model itself. */
export function isDefault(model: string): boolean {
  return model === 'default' || model === 'auto';
}

/** What became of bringing a session to what is wanted. */
export interface Configured {
  readonly choices: Choices;
  /** Set, or started with. */
  readonly model: string | undefined;
  readonly refused: readonly string[];
}

/** The model is not among those that the agent lets choose. */
export class UnlistedModel extends AskError {
  constructor(profile: Profile, model: string, offered: readonly string[]) {
    const some = offered.slice(0, 12).join(', ') || 'none by name';
    super({ kind: 'no-model', message: `${profile.title} does not offer ${model}; it offers ${some}.` });
    this.name = 'UnlistedModel';
  }
}

/**
 * Brings a session to a mode in which it asks, to the model and the effort. `pinned`: what the process was started with. Rejects with
 * `AskError` (`UnlistedModel`); what only concerns the effort is told as refused.
 */
export async function configure(
  profile: Profile,
  agent: AgentProcess,
  opened: Opened,
  wanted: { model: string; effort: string | undefined; pinned: Pinned | undefined },
  signal: AbortSignal,
): Promise<Configured> {
  let { choices } = opened;
  const refused: string[] = [];
  const set = async (category: Category, value: string): Promise<void> => {
    choices = await setChoice(profile, agent, opened.id, choices, category, value, signal);
  };

  const asking = profile.askModes.find((mode) => choices.mode?.values.some(({ value }) => value === mode));
  if (asking !== undefined && choices.mode?.current !== asking) await set('mode', asking);
  if (asking === undefined && profile.mustAsk) {
    const modes = (choices.mode?.values ?? []).map(({ value }) => value).join(', ') || 'none';
    const message = `${profile.title} offers no mode in which it asks before it acts (it offers ${modes}), so it is not used.`;
    throw new AskError({ kind: 'protocol', message });
  }

  const { askValue } = profile;
  if (askValue !== undefined && choices.permissions) {
    if (choices.permissions.current !== askValue) await set('permissions', askValue);
    if (choices.permissions.current !== askValue) {
      const message = `${profile.title} cannot be kept from allowing everything itself, so it is not used.`;
      throw new AskError({ kind: 'protocol', message });
    }
  }

  let model: string | undefined;
  if (!isDefault(wanted.model)) model = await chooseModel(profile, choices, wanted, (value) => set('model', value));

  if (wanted.effort !== undefined) {
    const offered = choices.thought_level?.values.some(({ value }) => value === wanted.effort);
    if (!offered) {
      // A process that was started with the model may have been started with the effort, too.
      if (wanted.pinned?.effort !== wanted.effort)
        refused.push(`effort ${wanted.effort}: ${profile.title} offers no such choice`);
    } else if (choices.thought_level?.current !== wanted.effort) await set('thought_level', wanted.effort);
  }
  return { choices, model, refused };
}

async function chooseModel(
  profile: Profile,
  choices: Choices,
  { model, pinned }: { model: string; pinned: Pinned | undefined },
  set: (value: string) => Promise<void>,
): Promise<string | undefined> {
  const values = choices.model?.values ?? [];
  // An effort may be a part of the id, in brackets; the plain one comes first.
  const listed =
    values.find(({ value }) => value === model) ??
    values.find(({ value }) => sameModel(model, value) && sameModel(value, model));
  if (listed) {
    // The session was opened with it, which its list does not show; setting it would ask the model for a sign of life.
    const had = profile.unlisted === 'meta' && listed.value === model;
    if (!had && choices.model?.current !== listed.value) await set(listed.value);
    return model;
  }
  if (pinned || profile.unlisted === 'meta') return model;
  if (profile.unlisted !== 'set')
    throw new UnlistedModel(
      profile,
      model,
      values.map(({ value }) => value),
    );
  await set(model);
  return model;
}

async function setChoice(
  profile: Profile,
  agent: AgentProcess,
  sessionId: string,
  choices: Choices,
  category: Category,
  value: string,
  signal: AbortSignal,
): Promise<Choices> {
  const doing = `be set to ${category === 'thought_level' ? 'effort' : category} ${oneLine(value, 80)}`;
  const configId = choices[category]?.id;
  const current = {
    ...choices,
    [category]: { ...(choices[category] ?? { id: undefined, values: [] }), current: value },
  };
  try {
    if (configId !== undefined) {
      try {
        const answer = await agent.request('session/set_config_option', { sessionId, configId, value }, signal);
        return readChoices(current, answer);
      } catch (error) {
        if (!isUnknownMethod(error) || category === 'thought_level' || category === 'permissions') throw error;
      }
    }
    // The older dialect. `session/set_model` is in no schema any more.
    if (category === 'mode') await agent.request('session/set_mode', { sessionId, modeId: value }, signal);
    else await agent.request('session/set_model', { sessionId, modelId: value }, signal);
    return current;
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const failure = failureOfAgentError(profile, doing, error);
    if (category === 'model' && (isUnknownThing(error) || isUnknownMethod(error)))
      throw new AskError({ ...failure, kind: 'no-model' });
    throw new AskError(category === 'mode' && failure.kind === 'error' ? { ...failure, kind: 'protocol' } : failure);
  }
}

async function attempt<T>(profile: Profile, doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    const failure = failureOfAgentError(profile, doing, error);
    throw new AskError(isUnknownMethod(error) ? { ...failure, kind: 'protocol' } : failure);
  }
}

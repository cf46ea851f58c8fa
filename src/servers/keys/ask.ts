import type { ModelMessage } from 'ai';
import type { AskInput, AskOutput, Edit, Failure, Usage } from '../../core/ask.ts';
import { isAbort } from '../../core/errors.ts';
import { withHandedTools } from '../../node/handedTools.ts';
import type { ModelTool } from '../../node/modelTool.ts';
import { packView } from '../../node/view/pack.ts';
import { viewTools } from '../../node/view/tools.ts';
import { openView, type View } from '../../node/view/view.ts';
import type { AskStage, Ending } from '../../node/askServer.ts';
import { cannotCallTools, failureOf, retiredNotice } from './failures.ts';
import { hide } from './hide.ts';
import { keyOf, type Provider } from './providers.ts';
import type { Sessions } from './sessions.ts';
import { oneTurn, type Turn } from './turn.ts';
import { instructionsFor, viewText } from '../../node/view/words.ts';

export interface KeysOptions {
  readonly providers: readonly Provider[];
  readonly env: NodeJS.ProcessEnv;
  readonly sessions: Sessions;
  /** Waits; rejects with the signal's reason. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly now: () => number;
  /** Models that cannot call tools, by provider and id: found out once. */
  readonly withoutTools: Set<string>;
}

/** Requests of one call: a model that goes on looking is asked for its answer then. */
const turnsMost = { read: 40, write: 80 } as const;
/** How long a model in the middle of its work waits for a provider that is busy, instead of losing the work. */
const patienceMs = 30_000;
const triesMost = 3;
const packBytes = { tools: 96 * 1024, whole: 256 * 1024 } as const;

/** One call with a provider's key. Rejects only with the signal's reason. */
export async function askWithKey(options: KeysOptions, input: AskInput, stage: AskStage): Promise<Ending> {
  const chosen = chooseProvider(options, input.agent);
  if ('kind' in chosen) return { type: 'failure', failure: chosen };
  const { provider, key } = chosen;
  const conversation = { usage: {} as Usage };
  try {
    const model = `${provider.name} ${input.model}`;
    try {
      const tools = !options.withoutTools.has(model);
      return await converse(options, input, stage, { provider, key, tools }, conversation);
    } catch (error) {
      if (options.withoutTools.has(model) || !cannotCallTools(error)) throw error;
      options.withoutTools.add(model);
      return await converse(options, input, stage, { provider, key, tools: false }, conversation);
    }
  } catch (error) {
    stage.signal.throwIfAborted();
    const failure = isAbort(error)
      ? ({ kind: 'crash', message: `${provider.title} broke off.` } as const)
      : failureOf(error, provider, options.now());
    const { usage } = conversation;
    return { type: 'failure', failure: { ...failure, message: hide(failure.message, key) }, usage };
  }
}

/** The provider that a route names, and the person's key for it; the only one where the route names none. */
export function chooseProvider(
  { providers, env }: Pick<KeysOptions, 'providers' | 'env'>,
  agent: string | undefined,
): { provider: Provider; key: string } | Failure {
  const provider =
    agent === undefined && providers.length === 1 ? providers[0] : providers.find((one) => one.name === agent);
  if (!provider) {
    const names = providers.map((one) => one.name).join(', ');
    const what =
      agent === undefined
        ? 'A route over this server must name its provider as `agent`'
        : `No provider is called "${agent}"`;
    return { kind: 'protocol', message: `${what}: ${names}.` };
  }
  const key = keyOf(provider, env);
  if (key !== undefined) return { provider, key };
  return { kind: 'not-signed-in', message: `${provider.title} needs a key: ${provider.keys[0]} is not set.` };
}

interface Way {
  readonly provider: Provider;
  readonly key: string;
  readonly tools: boolean;
}

async function converse(
  options: KeysOptions,
  input: AskInput,
  stage: AskStage,
  { provider, key, tools }: Way,
  spent: { usage: Usage },
): Promise<Ending> {
  const owner = `${provider.name} ${input.model} ${input.call.run}`;
  const before = input.session === undefined ? undefined : options.sessions.find(input.session, owner);
  if (input.session !== undefined && !before)
    return {
      type: 'failure',
      failure: { kind: 'no-session', message: 'That conversation is not in memory any more.' },
    };
  // Sent back, the same call goes on with what it wanted; in another one it is in the folder already.
  const edits = before?.call === input.call.key ? before.edits : [];
  const view = openView({ cwd: input.cwd, paths: input.paths, signal: stage.signal, edits });
  const first = before ? [] : [await packed(view, input, tools)];
  const messages: ModelMessage[] = [...(before?.messages ?? []), ...first, { role: 'user', content: input.prompt }];
  const looking = tools ? viewTools(view, input.access) : [];
  const servers = input.servers ?? [];
  const where = { cwd: input.cwd, env: options.env, taken: looking.map(({ name }) => name), signal: stage.signal };
  const { texts, last, lacking } = await withHandedTools(tools ? servers : [], where, async (handed) => {
    const offered = [...looking, ...handed.tools];
    const instructions = instructionsFor(input, tools, handed.names);
    const said = await turns(options, input, stage, { provider, key, offered, instructions, messages }, spent);
    return { ...said, lacking: handed.lacking() };
  });
  const refused = tools ? lacking : servers.map(({ name }) => `MCP server ${name}: this model calls no tools`);
  const text = texts.join('\n');
  const wanted = view
    .edits()
    .map((edit): Edit => ({ ...edit, content: edit.content === null ? null : hide(edit.content, key) }));
  if (text.trim() === '' && wanted.length === 0)
    return {
      type: 'failure',
      failure: { kind: 'empty', message: `${provider.title} answered with nothing.` },
      usage: spent.usage,
    };
  if (retiredNotice(text))
    return {
      type: 'failure',
      failure: { kind: 'no-model', message: `${provider.title} answered only: ${text.trim().slice(0, 300)}` },
      usage: spent.usage,
    };
  const session = options.sessions.keep({
    id: before?.id,
    owner,
    messages,
    call: input.call.key,
    edits: wanted,
  });
  const output: AskOutput = {
    text,
    session,
    stopReason: stopReasonOf(last),
    ...(last?.model !== undefined && { model: last.model }),
    usage: spent.usage,
    ...(wanted.length > 0 && { edits: wanted }),
    ...(refused.length > 0 && { refused }),
  };
  return { type: 'answer', output };
}

interface Talk {
  readonly provider: Provider;
  readonly key: string;
  readonly offered: readonly ModelTool[];
  readonly instructions: string;
  /** What was said so far; what is said now is added. */
  readonly messages: ModelMessage[];
}

/** Turn after turn, until the model has answered or has had enough of them. */
async function turns(
  options: KeysOptions,
  input: AskInput,
  stage: AskStage,
  { provider, key, offered, instructions, messages }: Talk,
  spent: { usage: Usage },
): Promise<{ texts: string[]; last: Turn | undefined }> {
  const { signal } = stage;
  const asking = provider.ask(input.model, key, input.effort);
  const most = turnsMost[input.access];
  const texts: string[] = [];
  let last: Turn | undefined;
  for (let n = 1; n <= most && (last === undefined || last.finish === 'tool-calls'); n++) {
    const turn = await patiently(options, stage, { provider, begun: n > 1 }, () =>
      oneTurn({
        asking,
        instructions,
        messages,
        tools: offered,
        mayCall: n < most,
        maxOutputTokens: input.maxOutputTokens,
        key,
        signal,
        progress: (progress) => stage.progress(progress),
      }),
    );
    messages.push(...turn.messages);
    if (turn.text !== '') texts.push(turn.text);
    spent.usage = sum(spent.usage, turn.usage);
    await stage.progress({ kind: 'usage', usage: spent.usage });
    last = turn;
  }
  return { texts, last };
}

async function packed(view: View, input: AskInput, tools: boolean): Promise<ModelMessage> {
  const bytes = tools ? packBytes.tools : packBytes.whole;
  return { role: 'user', content: viewText(await packView(view, input.prompt, { bytes, whole: !tools })) };
}

/** Tries a turn again where the provider is only busy for a moment and work would be lost; a call that has not begun moves on at once. */
async function patiently(
  options: KeysOptions,
  stage: AskStage,
  { provider, begun }: { provider: Provider; begun: boolean },
  turn: () => Promise<Turn>,
): Promise<Turn> {
  for (let tries = 1; ; tries++) {
    try {
      return await turn();
    } catch (error) {
      stage.signal.throwIfAborted();
      const now = options.now();
      const { kind, resetsAt } = failureOf(error, provider, now);
      const wait = resetsAt === undefined ? 1000 * 2 ** tries : Date.parse(resetsAt) - now;
      const passing = kind === 'rate-limit' || kind === 'crash';
      if (!begun || !passing || tries >= triesMost || wait > patienceMs) throw error;
      await stage.progress({ kind: 'tool', title: `${provider.title} is busy; waits ${Math.ceil(wait / 1000)} s` });
      await options.sleep(wait, stage.signal);
    }
  }
}

function stopReasonOf(turn: Turn | undefined): AskOutput['stopReason'] {
  switch (turn?.finish) {
    case 'length':
    // It was still looking when its turns were used up.
    case 'tool-calls':
      return 'limit';
    case 'content-filter':
      return 'refused';
    default:
      return 'end';
  }
}

function sum(a: Usage, b: Usage): Usage {
  const add = (x: number | undefined, y: number | undefined): number | undefined =>
    x === undefined && y === undefined ? undefined : (x ?? 0) + (y ?? 0);
  const inputTokens = add(a.inputTokens, b.inputTokens);
  const outputTokens = add(a.outputTokens, b.outputTokens);
  const usd = add(a.usd, b.usd);
  return {
    ...(inputTokens !== undefined && { inputTokens }),
    ...(outputTokens !== undefined && { outputTokens }),
    ...(usd !== undefined && { usd }),
  };
}

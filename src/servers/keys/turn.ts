import { jsonSchema, streamText, tool, type FinishReason, type ModelMessage, type ToolSet } from 'ai';
import type { AskProgress, Usage } from '../../core/ask.ts';
import type { ModelTool } from '../../node/modelTool.ts';
import { hideStream } from './hide.ts';
import type { Asking } from './providers.ts';

/** One request to a model and its answer, with the tools that it called. */

export interface TurnInput {
  readonly asking: Asking;
  readonly instructions: string;
  readonly messages: readonly ModelMessage[];
  /** Offered, and answered when called. */
  readonly tools: readonly ModelTool[];
  /** The tools stand in the conversation, but no more of them may be called. */
  readonly mayCall: boolean;
  readonly maxOutputTokens: number | undefined;
  readonly key: string;
  readonly signal: AbortSignal;
  progress(progress: AskProgress): Promise<void>;
}

export interface Turn {
  readonly text: string;
  readonly finish: FinishReason;
  /** What the model said and what its tools gave, for the next turn. */
  readonly messages: ModelMessage[];
  readonly usage: Usage;
  /** The model that says it answered. */
  readonly model: string | undefined;
}

/** Asks once. Rejects with the provider's error, or the signal's reason. */
export async function oneTurn(input: TurnInput): Promise<Turn> {
  const { asking, signal, progress } = input;
  const titles = new Map(input.tools.map((each) => [each.name, each]));
  const result = streamText({
    model: asking.model,
    instructions: input.instructions,
    messages: remembered(input.messages),
    providerOptions: asking.providerOptions,
    ...(asking.reasoning && { reasoning: asking.reasoning }),
    ...(input.tools.length > 0 && { tools: toolSet(input.tools), toolChoice: input.mayCall ? 'auto' : 'none' }),
    ...(input.maxOutputTokens !== undefined && { maxOutputTokens: input.maxOutputTokens }),
    // The engine has other routes, and says what it does.
    maxRetries: 0,
    includeRawChunks: true,
    abortSignal: signal,
    // It comes as a part of the stream too; the SDK would print it.
    onError: () => {},
  });
  // They reject too when the stream fails; what is told is the stream's own error.
  for (const promise of [result.responseMessages, result.usage, result.finishReason, result.response])
    Promise.resolve(promise).catch(() => {});
  const streams = { text: hideStream(input.key), thought: hideStream(input.key) };
  let text = '';
  let model: string | undefined;
  let version: string | undefined;
  let finish: FinishReason = 'other';
  let usage: Usage = {};
  let broken = false;
  const say = async (kind: 'text' | 'thought', piece: string): Promise<void> => {
    if (piece === '') return;
    if (kind === 'text') text += piece;
    await progress({ kind, text: piece });
  };
  for await (const part of result.stream) {
    switch (part.type) {
      case 'text-delta':
        await say('text', streams.text.push(part.text));
        break;
      case 'reasoning-delta':
        await say('thought', streams.thought.push(part.text));
        break;
      case 'tool-call':
        await progress({ kind: 'tool', title: titles.get(part.toolName)?.title(part.input) ?? part.toolName });
        break;
      case 'raw':
        version ??= versionIn(part.rawValue);
        break;
      case 'finish-step': {
        finish = part.finishReason;
        model = part.response.modelId;
        const { inputTokens, outputTokens } = part.usage;
        // Every API says why it ends; one that does not, and counts nothing, was cut off.
        if (part.finishReason === 'error' || (part.rawFinishReason === undefined && outputTokens === undefined))
          broken = true;
        const usd = costIn(part.providerMetadata);
        usage = {
          ...(inputTokens !== undefined && { inputTokens }),
          ...(outputTokens !== undefined && { outputTokens }),
          ...(usd !== undefined && { usd }),
        };
        break;
      }
      case 'error':
        signal.throwIfAborted();
        throw part.error;
      case 'abort':
        signal.throwIfAborted();
        throw new Error('The stream was cut off.');
      default:
        break;
    }
  }
  signal.throwIfAborted();
  if (broken) throw new Error('The stream was cut off.');
  await say('thought', streams.thought.end());
  await say('text', streams.text.end());
  return { text, finish, messages: [...(await result.responseMessages)], usage, model: version ?? model };
}

/**
 * What was said so far is sent anew with every turn. Anthropic takes it at a tenth of the price up to a place that is marked;
 * the others find that place themselves, and do not read the mark.
 */
function remembered(messages: readonly ModelMessage[]): ModelMessage[] {
  const last = messages.length - 1;
  return messages.map((message, n) =>
    n === last ? { ...message, providerOptions: { anthropic: { cacheControl: { type: 'ephemeral' } } } } : message,
  );
}

function toolSet(tools: readonly ModelTool[]): ToolSet {
  return Object.fromEntries(
    tools.map((each) => [
      each.name,
      tool({
        description: each.description,
        inputSchema: jsonSchema(each.schema),
        execute: (args: unknown) => each.run(args),
      }),
    ]),
  );
}

/** Google names who answered in a field that the SDK does not hand on; it serves retired models by others, unasked. */
function versionIn(raw: unknown): string | undefined {
  const { modelVersion } = (raw ?? {}) as { modelVersion?: unknown };
  return typeof modelVersion === 'string' && modelVersion !== '' ? modelVersion : undefined;
}

/** OpenRouter says what it cost. */
function costIn(metadata: unknown): number | undefined {
  const { openrouter } = (metadata ?? {}) as { openrouter?: { usage?: { cost?: unknown } } };
  const cost = openrouter?.usage?.cost;
  return typeof cost === 'number' && cost >= 0 ? cost : undefined;
}

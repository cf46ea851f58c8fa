import { z } from 'zod';
import type { AskProgress, Usage } from '../../core/ask.ts';
import { joined, toolCallSchema } from './permission.ts';
import type { ToolCall } from './permission.ts';

/** What an agent tells while it works, as the contract tells it. */

const chunkSchema = z.looseObject({
  content: z.looseObject({ type: z.string(), text: z.string().optional() }),
  messageId: z.string().nullish(),
});
const planSchema = z.looseObject({
  entries: z.array(
    z.looseObject({ content: z.string(), status: z.enum(['pending', 'in_progress', 'completed']).catch('pending') }),
  ),
});

/** Collects a turn: its text, its tool calls. */
export interface Teller {
  /** Takes one update; gives what is worth telling. */
  take(update: Readonly<Record<string, unknown>>): AskProgress | undefined;
  /** What it said so far, without its warnings; what was said before a tool call and after it stands apart. */
  readonly text: string;
  readonly calls: ReadonlyMap<string, ToolCall>;
}

export function openTeller(warnings: readonly RegExp[]): Teller {
  let text = '';
  let apart = false;
  let message: string | undefined;
  const calls = new Map<string, ToolCall>();

  const say = (chunk: z.infer<typeof chunkSchema>): AskProgress | undefined => {
    const said = chunk.content.text ?? '';
    if (said === '' || warnings.some((warning) => warning.test(said))) return undefined;
    const next = chunk.messageId ?? undefined;
    const breaks = text !== '' && !/\n\s*$/.test(text) && (apart || (message !== undefined && next !== message));
    apart = false;
    message = next;
    const told = breaks ? `\n\n${said}` : said;
    text += told;
    return { kind: 'text', text: told };
  };

  return {
    take(update) {
      switch (update['sessionUpdate']) {
        case 'agent_message_chunk': {
          const chunk = chunkSchema.safeParse(update).data;
          return chunk && say(chunk);
        }
        case 'agent_thought_chunk': {
          const said = chunkSchema.safeParse(update).data?.content.text ?? '';
          return said === '' ? undefined : { kind: 'thought', text: said };
        }
        case 'tool_call':
        case 'tool_call_update': {
          const told = toolCallSchema.safeParse(update).data;
          if (!told) return undefined;
          const before = calls.get(told.toolCallId);
          const call = joined(before, told);
          calls.set(told.toolCallId, call);
          apart = true;
          // Its output comes in many updates; what people see is that it began and how it ended.
          if (before && before.status === call.status && before.title === call.title) return undefined;
          return { kind: 'tool', title: call.title || 'tool', ...(call.status && { status: call.status }) };
        }
        case 'plan': {
          const plan = planSchema.safeParse(update).data;
          return (
            plan && { kind: 'plan', entries: plan.entries.map(({ content, status }) => ({ text: content, status })) }
          );
        }
        default:
          return undefined;
      }
    },
    get text() {
      return text;
    },
    calls,
  };
}

const count = z.number().nonnegative().nullish().catch(undefined);
const countsSchema = z
  .looseObject({
    inputTokens: count,
    outputTokens: count,
    totalTokens: count,
    thoughtTokens: count,
    cachedReadTokens: count,
    cachedWriteTokens: count,
    input_tokens: count,
    output_tokens: count,
  })
  .nullish()
  .catch(undefined);
const answerSchema = z.looseObject({
  stopReason: z.string().catch('end_turn'),
  usage: countsSchema,
  _meta: z
    .looseObject({
      modelId: z.string().optional().catch(undefined),
      quota: z
        .looseObject({
          token_count: countsSchema,
          model_usage: z
            .array(z.looseObject({ model: z.string(), token_count: countsSchema }))
            .nullish()
            .catch(undefined),
        })
        .nullish()
        .catch(undefined),
    })
    .nullish()
    .catch(undefined),
});

export interface TurnEnd {
  readonly stopReason: string;
  readonly usage: Usage | undefined;
  /** The model that the agent says it used, the most used one where there were several. */
  readonly model: string | undefined;
}

/** What the answer to `session/prompt` says. Each agent has another place for what was used. */
export function endOf(answer: unknown): TurnEnd {
  const parsed = answerSchema.safeParse(answer).data;
  const meta = parsed?._meta ?? undefined;
  const quota = meta?.quota ?? undefined;
  const models = [...(quota?.model_usage ?? [])].sort((a, b) => outOf(b.token_count) - outOf(a.token_count));
  return {
    stopReason: parsed?.stopReason ?? 'end_turn',
    usage: usageOf(parsed?.usage) ?? usageOf(quota?.token_count) ?? usageOf(meta as z.infer<typeof countsSchema>),
    model: models[0]?.model ?? meta?.modelId,
  };
}

type Counts = z.infer<typeof countsSchema>;

function outOf(counts: Counts): number {
  return counts?.outputTokens ?? counts?.output_tokens ?? 0;
}

function usageOf(counts: Counts): Usage | undefined {
  if (!counts) return undefined;
  const output = counts.outputTokens ?? counts.output_tokens ?? undefined;
  let input = counts.inputTokens ?? counts.input_tokens ?? undefined;
  // Some leave what came out of a cache out of the input; it was sent all the same.
  const cached = (counts.cachedReadTokens ?? 0) + (counts.cachedWriteTokens ?? 0);
  if (input !== undefined && cached > 0 && counts.totalTokens === input + (output ?? 0) + cached) input += cached;
  if (input === undefined && output === undefined) return undefined;
  return {
    ...(input !== undefined && { inputTokens: input }),
    ...(output !== undefined && { outputTokens: output }),
  };
}

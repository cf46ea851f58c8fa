import { list, object, text, textIn } from '../json.ts';
import type { Json } from '../json.ts';
import type { ToolCall, Usage } from '../reply.ts';
import { talkOf } from '../talk.ts';
import type { Said } from '../talk.ts';
import { responses } from './responses.ts';
import { nextId, told } from './wire.ts';
import type { Piece, Wire, Writer } from './wire.ts';

/** OpenAI's chat completions, as OpenRouter, Ollama, LM Studio and vLLM speak it too. */
export const chat: Wire = {
  read(body) {
    const messages = list(body['messages']).map(object);
    const isSystem = (m: Json): boolean => m['role'] === 'system' || m['role'] === 'developer';
    return {
      dialect: 'chat',
      model: text(body['model']),
      effort: text(body['reasoning_effort']) || text(object(body['reasoning'])['effort']) || undefined,
      system: messages
        .filter(isSystem)
        .map((m) => textIn(m['content']))
        .join('\n'),
      ...talkOf(messages.filter((m) => !isSystem(m)).flatMap(saidOf)),
      tools: list(body['tools']).map((tool) => text(object(object(tool)['function'])['name'])),
      wantsJson: text(object(body['response_format'])['type']).startsWith('json'),
      stream: body['stream'] === true,
      body,
    };
  },

  begin(_asked, model) {
    const head = { id: nextId('chatcmpl'), object: 'chat.completion.chunk', created: now(), model };
    const piece = (delta: Json, finish_reason: string | null = null): Piece => ({
      data: { ...head, choices: [{ index: 0, delta, finish_reason, logprobs: null }] },
    });
    let count = 0;
    const writer: Writer = {
      text: (said) => [piece({ content: said })],
      // OpenRouter says `reasoning`, most others `reasoning_content`.
      thought: (said) => [piece({ reasoning_content: said, reasoning: said })],
      call: (call) => [piece({ tool_calls: [{ index: count++, ...callOf(call) }] })],
      broken: (message) => [{ data: { error: { message, type: 'server_error', code: 500 } } }],
      end: (usage) => [
        piece({}, count > 0 ? 'tool_calls' : 'stop'),
        { data: { ...head, choices: [], usage: usageOf(usage) } },
        { data: '[DONE]' },
      ],
    };
    return { first: [piece({ role: 'assistant', content: '' })], writer };
  },

  whole(_asked, answer, model, usage) {
    const said = told(answer);
    return {
      id: nextId('chatcmpl'),
      object: 'chat.completion',
      created: now(),
      model,
      choices: [
        {
          index: 0,
          finish_reason: said.calls.length > 0 ? 'tool_calls' : 'stop',
          message: {
            role: 'assistant',
            content: said.text,
            ...(said.thought === '' ? {} : { reasoning_content: said.thought }),
            ...(said.calls.length > 0 ? { tool_calls: said.calls.map(callOf) } : {}),
          },
        },
      ],
      usage: usageOf(usage),
    };
  },

  error: (refusal) => responses.error(refusal),
};

const now = (): number => Math.floor(Date.now() / 1000);

function saidOf(message: Json): Said[] {
  const said = textIn(message['content']);
  if (message['role'] === 'tool') return [{ by: 'tool', result: { id: text(message['tool_call_id']), text: said } }];
  if (message['role'] !== 'assistant') return [{ by: 'person', text: said }];
  return [
    { by: 'model', text: said },
    ...list(message['tool_calls']).map((call): Said => {
      const { name, arguments: input } = object(object(call)['function']);
      return { by: 'call', id: text(object(call)['id']), text: `${text(name)} ${text(input)}` };
    }),
  ];
}

function callOf({ name, input }: ToolCall): Json {
  return { id: nextId('call'), type: 'function', function: { name, arguments: JSON.stringify(input) } };
}

function usageOf({ input, output }: Usage): Json {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

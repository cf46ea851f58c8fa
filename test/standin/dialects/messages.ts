import { list, object, text, textIn } from '../json.ts';
import type { Json } from '../json.ts';
import { talkOf } from '../talk.ts';
import type { Said } from '../talk.ts';
import { nextId, told } from './wire.ts';
import type { Piece, Wire, Writer } from './wire.ts';

/** Anthropic's Messages API. */
export const messages: Wire = {
  read(body) {
    const thinking = object(body['thinking']);
    const budget = thinking['budget_tokens'];
    const said = list(body['messages']).map(object);
    const isSystem = (message: Json): boolean => message['role'] === 'system';
    return {
      dialect: 'messages',
      model: text(body['model']),
      effort:
        text(object(body['output_config'])['effort']) || (typeof budget === 'number' ? String(budget) : undefined),
      system: [textIn(body['system']), ...said.filter(isSystem).map((m) => textIn(m['content']))].join('\n'),
      ...talkOf(said.filter((m) => !isSystem(m)).flatMap(saidOf)),
      tools: list(body['tools']).map((tool) => text(object(tool)['name'])),
      wantsJson: object(body['output_config'])['format'] !== undefined,
      stream: body['stream'] === true,
      body,
    };
  },

  begin(_asked, model) {
    const piece = (type: string, data: Json): Piece => ({ event: type, data: { type, ...data } });
    let index = -1;
    let open: 'text' | 'thinking' | undefined;
    let called = false;
    const close = (): Piece[] => {
      if (open === undefined) return [];
      const signature =
        open === 'thinking'
          ? [piece('content_block_delta', { index, delta: { type: 'signature_delta', signature: 'c3RhbmRpbg==' } })]
          : [];
      open = undefined;
      return [...signature, piece('content_block_stop', { index })];
    };
    const opened = (kind: 'text' | 'thinking'): Piece[] => {
      if (open === kind) return [];
      const before = close();
      open = kind;
      index++;
      const content_block = kind === 'text' ? { type: kind, text: '' } : { type: kind, thinking: '', signature: '' };
      return [...before, piece('content_block_start', { index, content_block })];
    };
    const writer: Writer = {
      text: (said) => [
        ...opened('text'),
        piece('content_block_delta', { index, delta: { type: 'text_delta', text: said } }),
      ],
      thought: (said) => [
        ...opened('thinking'),
        piece('content_block_delta', { index, delta: { type: 'thinking_delta', thinking: said } }),
      ],
      call({ name, input }) {
        const before = close();
        index++;
        called = true;
        return [
          ...before,
          piece('content_block_start', {
            index,
            content_block: { type: 'tool_use', id: nextId('toolu'), name, input: {} },
          }),
          piece('content_block_delta', {
            index,
            delta: { type: 'input_json_delta', partial_json: JSON.stringify(input) },
          }),
          piece('content_block_stop', { index }),
        ];
      },
      broken: (message) => [piece('error', { error: { type: 'overloaded_error', message } })],
      end: (usage) => [
        ...close(),
        piece('message_delta', {
          delta: { stop_reason: called ? 'tool_use' : 'end_turn', stop_sequence: null },
          usage: { input_tokens: usage.input, output_tokens: usage.output },
        }),
        piece('message_stop', {}),
      ],
    };
    const message = {
      id: nextId('msg'),
      type: 'message',
      role: 'assistant',
      model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 },
    };
    return { first: [piece('message_start', { message })], writer };
  },

  whole(_asked, answer, model, usage) {
    const said = told(answer);
    return {
      id: nextId('msg'),
      type: 'message',
      role: 'assistant',
      model,
      content: [
        ...(said.thought === '' ? [] : [{ type: 'thinking', thinking: said.thought, signature: 'c3RhbmRpbg==' }]),
        ...(said.text === '' ? [] : [{ type: 'text', text: said.text }]),
        ...said.calls.map(({ name, input }) => ({ type: 'tool_use', id: nextId('toolu'), name, input })),
      ],
      stop_reason: said.calls.length > 0 ? 'tool_use' : 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: usage.input, output_tokens: usage.output },
    };
  },

  error({ status, message, code }) {
    const types: Record<number, string> = {
      401: 'authentication_error',
      404: 'not_found_error',
      429: 'rate_limit_error',
      529: 'overloaded_error',
    };
    return { type: 'error', error: { type: code ?? types[status] ?? 'api_error', message } };
  },
};

function saidOf(message: Json): Said[] {
  const { role, content } = message;
  if (typeof content === 'string') return [{ by: role === 'assistant' ? 'model' : 'person', text: content }];
  const said: Said[] = [];
  let words: string[] = [];
  const flush = (): void => {
    if (words.length > 0) said.push({ by: role === 'assistant' ? 'model' : 'person', text: words.join('\n') });
    words = [];
  };
  for (const block of list(content).map(object)) {
    if (block['type'] === 'text') {
      // What a person said one after the other comes as blocks of one message.
      if (role !== 'assistant') flush();
      words.push(text(block['text']));
    }
    if (block['type'] === 'tool_use') {
      flush();
      said.push({
        by: 'call',
        id: text(block['id']),
        text: `${text(block['name'])} ${JSON.stringify(block['input'])}`,
      });
    }
    if (block['type'] === 'tool_result') {
      flush();
      said.push({ by: 'tool', result: { id: text(block['tool_use_id']), text: textIn(block['content']) } });
    }
  }
  flush();
  return said;
}

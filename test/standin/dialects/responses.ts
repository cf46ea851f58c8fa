import { list, object, text, textIn } from '../json.ts';
import type { Json } from '../json.ts';
import type { ToolCall, Usage } from '../reply.ts';
import { talkOf } from '../talk.ts';
import type { Said } from '../talk.ts';
import { nextId, told } from './wire.ts';
import type { Piece, Wire, Writer } from './wire.ts';

/** OpenAI's Responses API. */
export const responses: Wire = {
  read(body) {
    const input = body['input'];
    const items = typeof input === 'string' ? [{ role: 'user', content: input }] : list(input).map(object);
    return {
      dialect: 'responses',
      model: text(body['model']),
      effort: text(object(body['reasoning'])['effort']) || undefined,
      system: [text(body['instructions']), ...items.filter(isSystem).map((item) => textIn(item['content']))].join('\n'),
      ...talkOf(items.filter((item) => !isSystem(item)).flatMap(saidOf)),
      // Codex hands some of them on as an item of the input.
      tools: [body, ...items].flatMap((holder) => list(holder['tools']).map(object).flatMap(namesOf)),
      wantsJson: text(object(object(body['text'])['format'])['type']).startsWith('json'),
      stream: body['stream'] === true,
      body,
    };
  },

  begin(_asked, model) {
    const id = nextId('resp');
    const head = { id, object: 'response', created_at: Math.floor(Date.now() / 1000), model };
    let sequence = 0;
    const piece = (type: string, data: Json): Piece => ({
      event: type,
      data: { type, sequence_number: sequence++, ...data },
    });
    const output: Json[] = [];
    let open: { item: 'message' | 'reasoning'; id: string; text: string } | undefined;

    const close = (): Piece[] => {
      if (!open) return [];
      const { item: kind, id: item_id, text: whole } = open;
      open = undefined;
      const item = itemOf(kind, item_id, whole);
      const output_index = output.length;
      output.push(item);
      const done = { output_index, item };
      if (kind === 'message') {
        const at = { item_id, output_index, content_index: 0 };
        return [
          piece('response.output_text.done', { ...at, text: whole, logprobs: [] }),
          piece('response.content_part.done', { ...at, part: textPart(whole) }),
          piece('response.output_item.done', done),
        ];
      }
      const at = { item_id, output_index, summary_index: 0 };
      return [
        piece('response.reasoning_summary_text.done', { ...at, text: whole }),
        piece('response.reasoning_summary_part.done', { ...at, part: { type: 'summary_text', text: whole } }),
        piece('response.output_item.done', done),
      ];
    };
    const opened = (kind: 'message' | 'reasoning'): Piece[] => {
      if (open?.item === kind) return [];
      const before = close();
      const item_id = nextId(kind === 'message' ? 'msg' : 'rs');
      open = { item: kind, id: item_id, text: '' };
      const output_index = output.length;
      const added = piece('response.output_item.added', {
        output_index,
        item: { ...itemOf(kind, item_id, ''), status: 'in_progress', [kind === 'message' ? 'content' : 'summary']: [] },
      });
      const part =
        kind === 'message'
          ? piece('response.content_part.added', { item_id, output_index, content_index: 0, part: textPart('') })
          : piece('response.reasoning_summary_part.added', {
              item_id,
              output_index,
              summary_index: 0,
              part: { type: 'summary_text', text: '' },
            });
      return [...before, added, part];
    };
    const delta = (kind: 'message' | 'reasoning', piece_: string): Piece[] => {
      const before = opened(kind);
      if (open) open = { ...open, text: open.text + piece_ };
      const at = { item_id: open?.id, output_index: output.length, delta: piece_ };
      return [
        ...before,
        kind === 'message'
          ? piece('response.output_text.delta', { ...at, content_index: 0, logprobs: [] })
          : piece('response.reasoning_summary_text.delta', { ...at, summary_index: 0 }),
      ];
    };

    const writer: Writer = {
      text: (said) => delta('message', said),
      thought: (said) => delta('reasoning', said),
      call(call) {
        const before = close();
        const item = callItem(call);
        const output_index = output.length;
        output.push(item);
        const custom = typeof call.input === 'string';
        const kind = custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
        const whole = custom ? 'input' : 'arguments';
        const at = { item_id: item['id'], output_index };
        return [
          ...before,
          piece('response.output_item.added', {
            output_index,
            item: { ...item, status: 'in_progress', [whole]: '' },
          }),
          piece(`${kind}.delta`, { ...at, delta: item[whole] }),
          piece(`${kind}.done`, { ...at, [whole]: item[whole], ...(custom ? {} : { name: call.name }) }),
          piece('response.output_item.done', { output_index, item }),
        ];
      },
      broken: (message) => [
        piece('response.failed', {
          response: { ...head, status: 'failed', error: { code: 'server_error', message }, output },
        }),
      ],
      end: (usage) => [...close(), piece('response.completed', { response: { ...finished(head, output, usage) } })],
    };
    const fresh = { ...head, status: 'in_progress', output: [] };
    return {
      first: [piece('response.created', { response: fresh }), piece('response.in_progress', { response: fresh })],
      writer,
    };
  },

  whole(_asked, answer, model, usage) {
    const said = told(answer);
    const output = [
      ...(said.thought === '' ? [] : [itemOf('reasoning', nextId('rs'), said.thought)]),
      ...(said.text === '' ? [] : [itemOf('message', nextId('msg'), said.text)]),
      ...said.calls.map(callItem),
    ];
    const head = { id: nextId('resp'), object: 'response', created_at: Math.floor(Date.now() / 1000), model };
    return finished(head, output, usage);
  },

  error: ({ status, message, code }) => ({
    error: {
      message,
      type: status === 429 ? 'rate_limit_error' : status === 401 ? 'authentication_error' : 'server_error',
      param: null,
      code: code ?? (status === 429 ? 'rate_limit_exceeded' : status === 401 ? 'invalid_api_key' : null),
    },
  }),
};

function isSystem(item: Json): boolean {
  return item['role'] === 'system' || item['role'] === 'developer';
}

function saidOf(item: Json): Said[] {
  const id = text(item['call_id']);
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call':
      return [{ by: 'call', id, text: `${text(item['name'])} ${text(item['arguments']) || text(item['input'])}` }];
    case 'function_call_output':
    case 'custom_tool_call_output':
      return [{ by: 'tool', result: { id, text: textIn(item['output']) } }];
    case 'message':
    case undefined:
      return [{ by: item['role'] === 'assistant' ? 'model' : 'person', text: textIn(item['content']) }];
    default:
      return [];
  }
}

function namesOf(tool: Json): string[] {
  const name = text(tool['name']) || text(tool['type']);
  if (tool['type'] !== 'namespace') return [name];
  return list(tool['tools']).map((inner) => `${name}/${text(object(inner)['name'])}`);
}

const textPart = (said: string): Json => ({ type: 'output_text', text: said, annotations: [], logprobs: [] });

function itemOf(kind: 'message' | 'reasoning', id: string, said: string): Json {
  return kind === 'message'
    ? { id, type: 'message', role: 'assistant', status: 'completed', content: [textPart(said)] }
    : {
        id,
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: said }],
        status: 'completed',
        encrypted_content: 'c3RhbmRpbg==',
      };
}

function callItem({ name, input, space }: ToolCall): Json {
  const head = { id: nextId('fc'), call_id: nextId('call'), name, status: 'completed' };
  return typeof input === 'string'
    ? { ...head, type: 'custom_tool_call', input }
    : {
        ...head,
        type: 'function_call',
        arguments: JSON.stringify(input),
        ...(space === undefined ? {} : { namespace: space }),
      };
}

function finished(head: Json, output: readonly Json[], usage: Usage): Json {
  return {
    ...head,
    status: 'completed',
    error: null,
    incomplete_details: null,
    output,
    usage: {
      input_tokens: usage.input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: usage.input + usage.output,
    },
  };
}

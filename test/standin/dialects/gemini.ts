import { list, object, text, textIn } from '../json.ts';
import type { Json } from '../json.ts';
import type { ToolCall, Usage } from '../reply.ts';
import { talkOf } from '../talk.ts';
import type { Said } from '../talk.ts';
import { nextId, told } from './wire.ts';
import type { Piece, Wire, Writer } from './wire.ts';

/** Google's `generateContent` and `streamGenerateContent`. */
export const gemini: Wire = {
  read(body, path) {
    const settings = object(body['generationConfig']);
    const thinking = object(settings['thinkingConfig']);
    const budget = thinking['thinkingBudget'];
    return {
      dialect: 'gemini',
      model: decodeURIComponent(/\/models\/([^/:]+):/.exec(path)?.[1] ?? ''),
      effort:
        text(thinking['thinkingLevel']).toLowerCase() || (typeof budget === 'number' ? String(budget) : undefined),
      system: textIn(object(body['systemInstruction'])['parts']),
      ...talkOf(list(body['contents']).map(object).flatMap(saidOf)),
      tools: list(body['tools']).flatMap((tool) =>
        list(object(tool)['functionDeclarations']).map((each) => text(object(each)['name'])),
      ),
      wantsJson: settings['responseMimeType'] === 'application/json',
      stream: path.includes(':streamGenerateContent'),
      body,
    };
  },

  begin(_asked, model) {
    const piece = (parts: readonly Json[], finishReason?: string): Piece => ({
      data: chunk(model, parts, finishReason),
    });
    const writer: Writer = {
      text: (said) => [piece([{ text: said }])],
      thought: (said) => [piece([{ text: said, thought: true }])],
      call: (call) => [piece([callPart(call)])],
      broken: (message) => [{ data: { error: { code: 503, message, status: 'UNAVAILABLE' } } }],
      end: (usage) => [{ data: { ...chunk(model, [{ text: '' }], 'STOP'), usageMetadata: usageOf(usage) } }],
    };
    return { first: [], writer };
  },

  whole(_asked, answer, model, usage) {
    const said = told(answer);
    const parts = [
      ...(said.thought === '' ? [] : [{ text: said.thought, thought: true }]),
      ...(said.text === '' ? [] : [{ text: said.text }]),
      ...said.calls.map(callPart),
    ];
    return { ...chunk(model, parts, 'STOP'), usageMetadata: usageOf(usage) };
  },

  error({ status, message, code, retryAfter }) {
    const words: Record<number, string> = {
      401: 'UNAUTHENTICATED',
      404: 'NOT_FOUND',
      429: 'RESOURCE_EXHAUSTED',
      503: 'UNAVAILABLE',
    };
    const details =
      retryAfter === undefined
        ? []
        : [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${retryAfter}s` }];
    return { error: { code: status, message, status: code ?? words[status] ?? 'INTERNAL', details } };
  },
};

function saidOf(content: Json): Said[] {
  const by = content['role'] === 'model' ? 'model' : 'person';
  return list(content['parts'])
    .map(object)
    .flatMap((part): Said[] => {
      const call = object(part['functionCall']);
      const response = object(part['functionResponse']);
      if (part['functionCall'] !== undefined)
        return [{ by: 'call', id: text(call['id']), text: `${text(call['name'])} ${JSON.stringify(call['args'])}` }];
      if (part['functionResponse'] !== undefined) {
        const { output, error } = object(response['response']);
        const result = text(output) || text(error) || JSON.stringify(response['response'] ?? '');
        return [{ by: 'tool', result: { id: text(response['id']) || text(response['name']), text: result } }];
      }
      return part['thought'] === true ? [] : [{ by, text: text(part['text']) }];
    });
}

function chunk(model: string, parts: readonly Json[], finishReason?: string): Json {
  return {
    candidates: [
      { index: 0, content: { role: 'model', parts }, ...(finishReason === undefined ? {} : { finishReason }) },
    ],
    modelVersion: model,
    responseId: nextId('gen'),
  };
}

function callPart({ name, input }: ToolCall): Json {
  return { functionCall: { id: nextId('call'), name, args: input }, thoughtSignature: 'c3RhbmRpbg==' };
}

function usageOf({ input, output }: Usage): Json {
  return { promptTokenCount: input, candidatesTokenCount: output, totalTokenCount: input + output };
}

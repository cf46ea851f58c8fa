import type { Answer, Asked, Part, Refusal, Usage } from '../reply.ts';

/** An answer on its way out, as events of the dialect. */
export interface Writer {
  text(text: string): Piece[];
  thought(text: string): Piece[];
  call(call: Extract<Part, { kind: 'call' }>['call']): Piece[];
  broken(message: string): Piece[];
  end(usage: Usage): Piece[];
}

/** One server-sent event; without a name where the dialect has none. `data` is JSON, or a text as it is. */
export interface Piece {
  readonly event?: string;
  readonly data: unknown;
}

/** How a vendor's API reads and speaks. */
export interface Wire {
  read(body: Readonly<Record<string, unknown>>, path: string): Asked;
  /** The first events, and the writer of the rest. */
  begin(asked: Asked, model: string): { first: Piece[]; writer: Writer };
  /** The whole answer as one object, for a request that wants no stream. */
  whole(asked: Asked, answer: Answer, model: string, usage: Usage): unknown;
  error(refusal: Refusal): unknown;
}

/** An id that is unique in this process. */
export function nextId(prefix: string): string {
  return `${prefix}_standin${++ids}`;
}
let ids = 0;

/** The texts and calls of an answer, each part whole. */
export function told(answer: Answer): {
  text: string;
  thought: string;
  calls: Extract<Part, { kind: 'call' }>['call'][];
} {
  const join = (kind: 'text' | 'thought'): string =>
    answer.parts.map((part) => (part.kind === kind ? part.text : '')).join('');
  return {
    text: join('text'),
    thought: join('thought'),
    calls: answer.parts.flatMap((part) => (part.kind === 'call' ? [part.call] : [])),
  };
}

/**
 * What a stand-in for a vendor's model is asked, and what it answers: pure data, the same for every vendor's wire format.
 */

/** OpenAI Responses, OpenAI chat completions, Anthropic Messages, Gemini `generateContent`. */
export type Dialect = 'responses' | 'chat' | 'messages' | 'gemini';

/** What came back from a tool since the model's last answer. */
export interface ToolResult {
  readonly id: string;
  readonly text: string;
}

/** A request for an answer, as far as a script needs to understand it. */
export interface Asked {
  readonly dialect: Dialect;
  readonly model: string;
  /** The vendor's own word for the effort (`low`, `high`, a budget of tokens as digits), where one was sent. */
  readonly effort: string | undefined;
  readonly system: string;
  /** The last thing that a person said, without what a harness puts in beside it. */
  readonly prompt: string;
  /** All that persons, models and tools said, in order, as one text. */
  readonly conversation: string;
  /** Results of the calls that the last answer made; empty when a person spoke last. */
  readonly results: readonly ToolResult[];
  /** How many answers with tool calls the model gave since the person spoke last. */
  readonly turn: number;
  /** Names of the tools offered; `space/name` where the dialect groups them. */
  readonly tools: readonly string[];
  /** The answer is wanted as JSON, as side questions of a harness are. */
  readonly wantsJson: boolean;
  readonly stream: boolean;
  /** The whole request, as it came. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ToolCall {
  readonly name: string;
  /** An object of arguments; a text for a tool that takes free text (`apply_patch`), in the Responses dialect only. */
  readonly input: Readonly<Record<string, unknown>> | string;
  /** The group of the tool, in the Responses dialect only. */
  readonly space?: string;
}

export type Part =
  /** Sent in pieces of `chunk` characters (default 12). */
  | { readonly kind: 'text' | 'thought'; readonly text: string; readonly chunk?: number }
  | { readonly kind: 'call'; readonly call: ToolCall }
  /** Says nothing for so long, or, with a promise, until it settles; a client that goes away ends it. */
  | { readonly kind: 'pause'; readonly until: number | Promise<unknown> }
  /** The connection breaks here. */
  | { readonly kind: 'cut' }
  /** The vendor says in the middle of the stream that it has failed. */
  | { readonly kind: 'broken'; readonly message: string };

export interface Usage {
  readonly input: number;
  readonly output: number;
}

export interface Answer {
  readonly parts: readonly Part[];
  /** Default: a quarter of the bytes. */
  readonly usage?: Usage;
  /** The model that the answer says it is from; default the one that was asked for. */
  readonly model?: string;
}

/** An answer that is none: a status with the vendor's form of an error. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  /** Seconds, as the `retry-after` header. */
  readonly retryAfter?: number;
  /** The vendor's own word (`insufficient_quota`, `overloaded_error`, `RESOURCE_EXHAUSTED`); default what goes with the status. */
  readonly code?: string;
}

export type Reply = Answer | Refusal;

/** What the stand-in says to a request; `n` counts the requests for an answer from 1. */
export type Script = (asked: Asked, n: number) => Reply | Promise<Reply>;

/** Text alone, with a thought before it where there is one: in one piece, as vendors send their summaries. */
export function says(text: string, thought?: string): Answer {
  return {
    parts: [
      ...(thought === undefined ? [] : [{ kind: 'thought', text: thought, chunk: 10_000 } as const]),
      { kind: 'text', text },
    ],
  };
}

/** Tool calls, with words before them where there are any. */
export function calls(tools: readonly ToolCall[], text?: string): Answer {
  return {
    parts: [
      ...(text === undefined ? [] : [{ kind: 'text', text } as const]),
      ...tools.map((call) => ({ kind: 'call', call }) as const),
    ],
  };
}

/** An error instead of an answer. */
export function refuses(status: number, message: string, more: Pick<Refusal, 'retryAfter' | 'code'> = {}): Refusal {
  return { status, message, ...more };
}

export interface Row {
  /** Words that the prompt holds, or a test of the request. */
  readonly when: string | RegExp | ((asked: Asked) => boolean);
  /** Replies in order: to the prompt, then to the results of each tool call of the answer before. The last one stays. */
  readonly replies: readonly (Reply | ((asked: Asked) => Reply))[];
}

/** A script as a table: the first row that fits the request answers it. What fits no row is refused with status 404. */
export function table(rows: readonly Row[]): Script {
  return (asked) => {
    const row = rows.find(({ when }) =>
      typeof when === 'function'
        ? when(asked)
        : typeof when === 'string'
          ? asked.prompt.includes(when)
          : when.test(asked.prompt),
    );
    const reply = row?.replies[Math.min(asked.turn, row.replies.length - 1)];
    if (!reply) return refuses(404, `The script has no row for: ${asked.prompt.slice(0, 200)}`);
    return typeof reply === 'function' ? reply(asked) : reply;
  };
}

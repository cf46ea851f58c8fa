import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ElicitRequestSchema, McpError, ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import type { Failure } from '../../core/ask.ts';
import { askFailureSchema } from '../../core/ask.ts';
import { isAbort } from '../../core/errors.ts';
import { RouteError } from '../../core/ports.ts';
import { failureOfRpcError } from './failures.ts';
import type { ToolResult } from './mapping.ts';
import { oneLine } from './text.ts';
import { errorMessage } from './wire.ts';
import type { Message, Wire } from './wire.ts';

/** The only file that knows the client of the MCP SDK. What the SDK does not bound or order is done around it here. */

/** What a server asks of the person, as it came. */
export interface Elicitation {
  readonly meta: Readonly<Record<string, unknown>>;
  /** Names of the values that the form wants, the optional ones too. */
  readonly fields: readonly string[];
}

export type ElicitationAnswer =
  | { readonly action: 'accept'; readonly content: Record<string, string> }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' };

export interface ConnectionHooks {
  /** A progress notification, in order with everything else. */
  onProgress(token: string, params: Message): void;
  /** Any other notification that names the call's request: a sign of life at least. */
  onSign(token: string, method: string, params: Message): void;
  onElicit(elicitation: Elicitation, signal: AbortSignal): Promise<ElicitationAnswer>;
  /** Called once, before the pending calls are rejected. */
  onLost(failure: Failure): void;
}

/** A tool as a server lists it. What it says is data. */
export interface ListedTool {
  readonly description: string;
  /** JSON schema of its arguments, as it came; empty where none that is an object did. */
  readonly inputSchema: Readonly<Record<string, unknown>>;
}

export interface Connection {
  /** The server's tools by name; asked once, and again after the server says that they changed. Who asks at the same time shares the first one's signal. */
  tools(signal: AbortSignal): Promise<ReadonlyMap<string, ListedTool>>;
  /** Calls a tool. Progress comes under this token. Rejects with `RouteError`; the signal cancels at the server, too. */
  call(
    tool: string,
    args: Record<string, unknown>,
    options: { token: string; signal: AbortSignal },
  ): Promise<ToolResult>;
  /** Resolves when the server answers at all. */
  ping(signal: AbortSignal): Promise<void>;
  /** Set when the connection is gone. */
  readonly lost: Failure | undefined;
}

/** Our own limits count; the SDK's must not come first. The longest time that a timer can hold. */
const never = 2 ** 31 - 1;
/** A server that always names a next page is not followed for ever. */
const maxPages = 50;

const listSchema = z.looseObject({
  tools: z.array(
    z.looseObject({
      name: z.string(),
      description: z.string().catch(''),
      inputSchema: z.record(z.string(), z.unknown()).catch({}),
    }),
  ),
  nextCursor: z.string().optional(),
});
const resultSchema = z.looseObject({
  content: z.array(z.unknown()).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});
const anySchema = z.looseObject({});

/** Opens the wire and shakes hands. Rejects with `RouteError` or the signal's reason; the wire is then closed. */
export async function connect(wire: Wire, hooks: ConnectionHooks, signal: AbortSignal): Promise<Connection> {
  let lost: Failure | undefined;
  let listed: Promise<ReadonlyMap<string, ListedTool>> | undefined;
  /** Requests to tools that are not answered yet. */
  const tokens = new Map<number, string>();
  const transport: Transport = {
    start: () => wire.open(signal),
    send: (message) => {
      const { method, id, params } = message as Message & { params?: { _meta?: { progressToken?: unknown } } };
      const token = params?._meta?.progressToken;
      if (method === 'tools/call' && typeof id === 'number' && typeof token === 'string') tokens.set(id, token);
      return wire.send(message as Message);
    },
    close: () => wire.close(0),
    setProtocolVersion: (version) => wire.agreed?.(version),
  };

  wire.onLost = (failure) => {
    if (lost) return;
    lost = failure;
    hooks.onLost(failure);
    transport.onclose?.();
  };
  // The SDK puts off notifications but not results, so that the last progress of a call would come too late: taken out here.
  wire.onMessage = (message) => {
    const params = message['params'] as Message | undefined;
    if (message['method'] === 'notifications/progress') {
      const token = params?.['progressToken'];
      if (typeof token === 'string' && params) hooks.onProgress(token, params);
      return;
    }
    if (message['method'] !== undefined) {
      const about = (params?.['_meta'] as Message | undefined)?.['requestId'];
      const token = tokens.get(Number(about));
      const { method } = message as { method: unknown };
      if (message['id'] === undefined && token !== undefined && typeof method === 'string')
        hooks.onSign(token, method, params ?? {});
      transport.onmessage?.(message as unknown as JSONRPCMessage);
      return;
    }
    const id = Number(message['id']);
    tokens.delete(id);
    transport.onmessage?.(answerOf(id, message) as unknown as JSONRPCMessage);
  };

  const client = new Client(
    { name: 'model-orchestra', version: '1' },
    {
      capabilities: { elicitation: { form: {} } },
      // Schemas of a server are never compiled.
      jsonSchemaValidator: {
        getValidator: () => (data) => ({ valid: true, data: data as never, errorMessage: undefined }),
      },
    },
  );
  client.setRequestHandler(ElicitRequestSchema, (request, extra) => {
    const params = request.params as Message;
    const form = params['requestedSchema'] as { properties?: object; required?: readonly string[] } | undefined;
    const fields = new Set([...Object.keys(form?.properties ?? {}), ...(form?.required ?? [])]);
    return hooks.onElicit({ meta: (params['_meta'] as Message | undefined) ?? {}, fields: [...fields] }, extra.signal);
  });
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    listed = undefined;
  });

  /** One request; every failure as `RouteError`. */
  const request = async <S extends z.ZodType>(
    method: string,
    params: Message,
    schema: S,
    asked: AbortSignal,
  ): Promise<z.infer<S>> => {
    asked.throwIfAborted();
    // The SDK never takes its listener off a signal, and cancels a request that is long over.
    const own = new AbortController();
    const onAbort = (): void => own.abort(asked.reason);
    asked.addEventListener('abort', onAbort);
    try {
      return await client.request({ method, params } as Parameters<Client['request']>[0], schema as never, {
        signal: own.signal,
        timeout: never,
      });
    } catch (error) {
      asked.throwIfAborted();
      throw new RouteError(lost ?? failureOfError(error));
    } finally {
      asked.removeEventListener('abort', onAbort);
    }
  };

  const listTools = async (asked: AbortSignal): Promise<ReadonlyMap<string, ListedTool>> => {
    const found = new Map<string, ListedTool>();
    let cursor: string | undefined;
    for (let page = 0; page < maxPages; page++) {
      const list = await request('tools/list', cursor === undefined ? {} : { cursor }, listSchema, asked);
      for (const { name, description, inputSchema } of list.tools) found.set(name, { description, inputSchema });
      cursor = list.nextCursor;
      if (cursor === undefined) break;
    }
    return found;
  };

  try {
    await client.connect(transport, { signal, timeout: never });
  } catch (error) {
    await wire.close(0);
    signal.throwIfAborted();
    throw new RouteError(lost !== undefined && lost.kind !== 'cancelled' ? lost : failureOfError(error));
  }

  return {
    get lost() {
      return lost;
    },
    tools(asked) {
      return (listed ??= listTools(asked).catch((error: unknown) => {
        listed = undefined;
        throw error;
      }));
    },
    async call(tool, args, { token, signal: asked }) {
      const params = { name: tool, arguments: args, _meta: { progressToken: token } };
      const result = await request('tools/call', params, resultSchema, asked);
      return { content: result.content, structured: result.structuredContent, isError: result.isError };
    },
    async ping(asked) {
      await request('ping', {}, anySchema, asked);
    },
  };
}

/**
 * The answer with nothing in it that the SDK's strict schemas would stumble over: it drops such an answer, and the call
 * would wait for ever. Source: JSON-RPC 2.0, section 5.
 */
function answerOf(id: number, message: Message): Message {
  const { result, error } = message as Message & { result?: Message; error?: Message };
  if (
    typeof error === 'object' &&
    error !== null &&
    Number.isSafeInteger(error['code']) &&
    typeof error['message'] === 'string'
  ) {
    return { jsonrpc: '2.0', id, error: { code: error['code'], message: error['message'], data: error['data'] } };
  }
  if (typeof result !== 'object' || result === null || Array.isArray(result)) {
    return errorMessage(id, {
      kind: 'protocol',
      message: 'The server answered with something that is neither a result nor an error.',
    });
  }
  const { _meta, ...rest } = result;
  return { jsonrpc: '2.0', id, result: rest };
}

function failureOfError(error: unknown): Failure {
  if (error instanceof RouteError) return error.failure;
  if (error instanceof McpError) {
    // Said by our own side, in the server's place.
    const own = askFailureSchema.safeParse(error.data);
    return own.success ? own.data.failure : failureOfRpcError(error.code, error.message);
  }
  if (isAbort(error)) return { kind: 'cancelled', message: 'The connection was given up.' };
  if (error instanceof z.ZodError)
    return { kind: 'protocol', message: `The result is not what MCP says: ${oneLine(z.prettifyError(error), 300)}` };
  return { kind: 'protocol', message: oneLine(error instanceof Error ? error.message : String(error), 300) };
}

export interface HttpTransportOptions {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
  onMessage(message: Message): void;
  /** The SDK has given up resuming a stream. */
  onGivenUp(): void;
}

export interface HttpTransport {
  start(): Promise<void>;
  send(message: Message): Promise<void>;
  agreed(version: string): void;
  /** Tells the server that the session is over. */
  endSession(): Promise<void>;
  close(): Promise<void>;
}

/** The SDK's Streamable HTTP transport, its types kept in here. */
export function httpTransport(options: HttpTransportOptions): HttpTransport {
  const transport = new StreamableHTTPClientTransport(options.url, {
    fetch: options.fetch,
    requestInit: { headers: { ...options.headers } },
  });
  transport.onmessage = (message) => options.onMessage(message as Message);
  transport.onerror = (error) => {
    if (error.message.startsWith('Maximum reconnection attempts')) options.onGivenUp();
  };
  return {
    start: () => transport.start(),
    send: (message) => transport.send(message as unknown as JSONRPCMessage),
    agreed: (version) => transport.setProtocolVersion(version),
    endSession: () => transport.terminateSession(),
    close: () => transport.close(),
  };
}

import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import type { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult, ServerNotification, ServerRequest, Tool } from '@modelcontextprotocol/sdk/types.js';
import { z } from 'zod';
import {
  askCallKey,
  askInputSchema,
  askOutputSchema,
  askPermissionAnswerSchema,
  askPermissionKey,
  askProgressKey,
} from '../../core/ask.ts';
import type { AskCallRef, AskFailure, AskInput } from '../../core/ask.ts';
import type { Ending, Stage } from './performance.ts';

/** The only file of this server that knows the MCP SDK. */

/** Plays one call. Rejects only with the signal's reason. */
export type OnAsk = (input: AskInput, stage: Stage) => Promise<Ending>;

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;
type Raw = Stage['raw'];

const version = '1';
/** A person may think for long; the call's own signal ends the wait. */
const never = 2 ** 31 - 1;

const askTool = {
  name: 'ask',
  title: 'Ask a scripted model',
  description: 'Plays an answer from a script. Streams as progress, asks permissions as elicitation.',
  inputSchema: z.toJSONSchema(askInputSchema, { io: 'input' }) as Tool['inputSchema'],
  outputSchema: z.toJSONSchema(askOutputSchema) as NonNullable<Tool['outputSchema']>,
};

function serverFor(name: string, onAsk: OnAsk, raw: Raw): Server {
  const server = new Server({ name, version }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [askTool] }));
  server.setRequestHandler(CallToolRequestSchema, async (request, extra): Promise<CallToolResult> => {
    if (request.params.name !== askTool.name) {
      throw new McpError(ErrorCode.InvalidParams, `There is no tool ${request.params.name}, only \`ask\`.`);
    }
    const input = askInputSchema.safeParse(request.params.arguments);
    if (!input.success)
      return failed({
        failure: { kind: 'protocol', message: `Not what \`ask\` takes: ${z.prettifyError(input.error)}` },
      });
    const ending = await onAsk(input.data, stageFor(input.data, extra, raw));
    switch (ending.type) {
      case 'answer':
        // The text is in structuredContent; twice it would only be double the bytes.
        return { content: [], structuredContent: ending.output };
      case 'failure':
        return failed({ failure: ending.failure });
      case 'rpc-error':
        throw new McpError(ErrorCode.InternalError, ending.message);
    }
  });
  return server;
}

function failed(failure: AskFailure): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: failure.failure.message }],
    structuredContent: { ...failure },
  };
}

function stageFor(input: AskInput, extra: Extra, raw: Raw): Stage {
  const progressToken = extra._meta?.progressToken;
  const { run, key, attempt } = input.call;
  const callRef: AskCallRef = { run, key, attempt };
  let sent = 0;
  return {
    signal: extra.signal,
    raw,
    async progress(progress) {
      if (progressToken === undefined) return;
      // `message` is for clients that do not know our `_meta`.
      const message = progress.kind === 'text' || progress.kind === 'thought' ? progress.text : progress.kind;
      const params = { progressToken, progress: ++sent, message, _meta: { [askProgressKey]: progress } };
      await extra.sendNotification({ method: 'notifications/progress', params });
    },
    async permit(permission) {
      const params = {
        mode: 'form' as const,
        message: `${permission.title}\n${permission.detail}`,
        requestedSchema: {
          type: 'object' as const,
          properties: {
            answer: { type: 'string' as const, title: 'For how long', enum: ['once', 'run'], default: 'once' },
          },
        },
        _meta: { [askPermissionKey]: permission, [askCallKey]: callRef },
      };
      try {
        const options = { signal: extra.signal, timeout: never };
        const answer = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema, options);
        if (answer.action !== 'accept') return 'no';
        return askPermissionAnswerSchema.safeParse(answer.content).data?.answer ?? 'once';
      } catch {
        // A client without elicitation has nobody to ask.
        extra.signal.throwIfAborted();
        return 'no';
      }
    },
  };
}

/** Serves over stdin and stdout until stdin ends. */
export async function serveStdio(name: string, onAsk: OnAsk): Promise<void> {
  const server = serverFor(name, onAsk, async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  });
  const ended = once(process.stdin, 'end');
  await server.connect(new StdioServerTransport(process.stdin, process.stdout, { maxBufferSize: 256 * 1024 * 1024 }));
  await ended;
  await server.close();
}

export interface HttpOptions {
  readonly port: number;
  readonly token: string;
  /** Ends the server. */
  readonly signal: AbortSignal;
  /** Told the address once it listens. */
  onListening(url: string): void;
}

/** Serves Streamable HTTP at `/mcp` on the loopback interface, to bearers of the token only, until the signal fires. */
export async function serveHttp(name: string, onAsk: OnAsk, options: HttpOptions): Promise<void> {
  // A fifth of the time that a start takes, and most servers speak stdio.
  const { StreamableHTTPServerTransport: Transport } =
    await import('@modelcontextprotocol/sdk/server/streamableHttp.js');
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async (): Promise<StreamableHTTPServerTransport> => {
    const transport = new Transport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    const server = serverFor(name, onAsk, () => Promise.reject(new Error('this fault needs stdio')));
    // The SDK declares these callbacks as always set on one side and as optional on the other.
    await server.connect(transport as Parameters<Server['connect']>[0]);
    server.onclose = () => void sessions.delete(transport.sessionId ?? '');
    return transport;
  };

  let hosts: readonly string[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // A page in a browser can reach the loopback interface, by DNS rebinding under a name of its own.
    if (!hosts.includes(request.headers.host ?? '') || request.headers.origin !== undefined)
      return refuse(response, 403);
    if (!isToken(request.headers.authorization, options.token)) return refuse(response, 401);
    if (new URL(request.url ?? '/', 'http://localhost').pathname !== '/mcp') return refuse(response, 404);
    const id = request.headers['mcp-session-id'];
    const transport = id === undefined ? await open() : sessions.get(String(id));
    if (transport === undefined) return refuse(response, 404);
    await transport.handleRequest(request, response);
  };
  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      process.stderr.write(`scripted: ${String(error)}\n`);
      response.destroy();
    });
  });
  http.listen(options.port, '127.0.0.1');
  await once(http, 'listening', { signal: options.signal });
  const { port } = http.address() as AddressInfo;
  hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  options.onListening(`http://127.0.0.1:${port}/mcp`);

  if (!options.signal.aborted) await once(options.signal, 'abort');
  for (const transport of sessions.values()) await transport.close();
  http.close();
  http.closeAllConnections();
}

function refuse(response: ServerResponse, status: number): void {
  response.writeHead(status).end();
}

function isToken(authorization: string | undefined, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
}

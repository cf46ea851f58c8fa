import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import type { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { AskInput } from '../../core/ask.ts';
import { askServer, serveOverStdio } from '../../node/askServer.ts';
import type { Ending } from '../../node/askServer.ts';
import type { Stage } from './performance.ts';

/** How this server is reached: over stdio or HTTP. */

/** Plays one call. Rejects only with the signal's reason. */
export type OnAsk = (input: AskInput, stage: Stage) => Promise<Ending>;

type Raw = Stage['raw'];

function serverFor(name: string, onAsk: OnAsk, raw: Raw): Server {
  return askServer({
    name,
    version: '1',
    title: 'Ask a scripted model',
    description: 'Plays an answer from a script. Streams as progress, asks permissions as elicitation.',
    onAsk: (input, stage) => onAsk(input, { ...stage, raw }),
  });
}

/** Serves over stdin and stdout until stdin ends. */
export async function serveStdio(name: string, onAsk: OnAsk): Promise<void> {
  const raw: Raw = async (text) => {
    if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  };
  await serveOverStdio(serverFor(name, onAsk, raw));
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

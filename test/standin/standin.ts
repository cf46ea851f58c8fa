import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { chat } from './dialects/chat.ts';
import { gemini } from './dialects/gemini.ts';
import { messages } from './dialects/messages.ts';
import { responses } from './dialects/responses.ts';
import type { Piece, Wire } from './dialects/wire.ts';
import { object } from './json.ts';
import { modelList } from './modelList.ts';
import type { Answer, Asked, Dialect, Reply, Script, Usage } from './reply.ts';

/** A stand-in for the vendors' model APIs, on this machine only: real clients speak to it, a script says what it answers. */

/** One request for an answer. */
export interface Recorded extends Asked {
  readonly n: number;
  readonly path: string;
  readonly bytes: number;
  readonly status: number;
  readonly state: 'open' | 'answered' | 'closed early' | 'cut';
  /** What of the request's headers says who asks: `authorization`, `x-api-key`, `x-goog-api-key`, by name. */
  readonly keys: Readonly<Record<string, string>>;
}

export interface Standin {
  /** `http://127.0.0.1:PORT`; the dialects' own paths come after it (`/v1/responses`, `/v1beta/models/…`). */
  readonly url: string;
  /** Requests for an answer, in order; those that are still answered too. */
  readonly requests: readonly Recorded[];
  /** Method and path of everything else that was asked (lists of models, counts of tokens, unknown paths). */
  readonly others: readonly string[];
  /** Replaces the script. */
  play(script: Script): void;
  /** Resolves when a request, of those that are known and those to come, is so. */
  until(isSo: (request: Recorded) => boolean, signal?: AbortSignal): Promise<Recorded>;
  close(): Promise<void>;
}

export interface StandinOptions {
  /** Ids for the lists of models. */
  readonly models?: readonly string[];
}

const wires: Record<Dialect, Wire> = { responses, chat, messages, gemini };

/** Starts one on a free port of 127.0.0.1. */
export async function openStandin(script: Script, options: StandinOptions = {}): Promise<Standin> {
  let current = script;
  const requests: Recorded[] = [];
  const others: string[] = [];
  const watchers = new Set<() => void>();
  const set = (n: number, more: Partial<Recorded>): void => {
    requests[n - 1] = { ...(requests[n - 1] as Recorded), ...more };
    for (const look of watchers) look();
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? '/';
    const raw = await bodyOf(request);
    const dialect = request.method === 'POST' ? dialectOf(path) : undefined;
    if (dialect === undefined) {
      others.push(`${request.method} ${path}`);
      return sendJson(response, ...side(request, path, raw.length, options.models ?? []));
    }
    const wire = wires[dialect];
    const asked = wire.read(object(JSON.parse(raw.toString('utf8'))), path);
    const n = requests.length + 1;
    requests.push({ ...asked, n, path, bytes: raw.length, status: 0, state: 'open', keys: keysOf(request) });
    set(n, {});
    const gone = new AbortController();
    response.once('close', () => {
      if (!response.writableFinished && requests[n - 1]?.state === 'open') set(n, { state: 'closed early' });
      gone.abort();
    });
    let reply: Reply;
    try {
      reply = await current(asked, n);
    } catch (error) {
      reply = { status: 500, message: `The script failed: ${String(error)}` };
    }
    if ('status' in reply) {
      const headers: Record<string, string> =
        reply.retryAfter === undefined ? {} : { 'retry-after': String(reply.retryAfter) };
      set(n, { status: reply.status, state: 'answered' });
      return sendJson(response, reply.status, wire.error(reply), headers);
    }
    set(n, { status: 200 });
    const onCut = (): void => set(n, { state: 'cut' });
    await tell({ wire, asked, answer: reply, bytes: raw.length, path }, response, { gone: gone.signal, onCut });
    if (requests[n - 1]?.state === 'open') set(n, { state: 'answered' });
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A body that is no JSON, or one in an encoding that is not known.
      if (!response.headersSent) sendJson(response, 400, { error: { message: String(error) } });
      else response.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    others,
    play(next) {
      current = next;
    },
    until(isSo, signal) {
      return new Promise((done, fail) => {
        const look = (): void => {
          const found = requests.find(isSo);
          if (!found) return;
          watchers.delete(look);
          done(found);
        };
        signal?.addEventListener('abort', () => {
          watchers.delete(look);
          fail(signal.reason as Error);
        });
        watchers.add(look);
        look();
      });
    },
    async close() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

function dialectOf(path: string): Dialect | undefined {
  const { pathname } = new URL(path, 'http://127.0.0.1');
  if (pathname.endsWith('/responses')) return 'responses';
  if (pathname.endsWith('/chat/completions')) return 'chat';
  if (pathname.endsWith('/messages')) return 'messages';
  if (/\/models\/[^/]+:(streamG|g)enerateContent$/.test(pathname)) return 'gemini';
  return undefined;
}

/** Status and answer to what is no request for an answer. */
function side(request: IncomingMessage, path: string, bytes: number, ids: readonly string[]): [number, unknown] {
  const { pathname } = new URL(path, 'http://127.0.0.1');
  if (request.method === 'POST' && pathname.endsWith('/messages/count_tokens'))
    return [200, { input_tokens: Math.ceil(bytes / 4) }];
  if (request.method === 'POST' && pathname.endsWith(':countTokens'))
    return [200, { totalTokens: Math.ceil(bytes / 4) }];
  const listed =
    request.method === 'GET' ? modelList(pathname, ids, 'anthropic-version' in request.headers) : undefined;
  return listed === undefined ? [404, { error: { message: `Nothing is at ${pathname}.` } }] : [200, listed];
}

function keysOf(request: IncomingMessage): Record<string, string> {
  const names = ['authorization', 'x-api-key', 'x-goog-api-key'];
  return Object.fromEntries(
    names.flatMap((name) => (request.headers[name] ? [[name, String(request.headers[name])]] : [])),
  );
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const raw = Buffer.concat(chunks);
  switch (request.headers['content-encoding']) {
    case undefined:
    case 'identity':
      return raw;
    case 'gzip':
      return gunzipSync(raw);
    case 'deflate':
      return inflateSync(raw);
    case 'br':
      return brotliDecompressSync(raw);
    case 'zstd':
      return zstdDecompressSync(raw);
    default:
      throw new Error(`The body is encoded as ${request.headers['content-encoding']}, which is not known.`);
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

interface Telling {
  readonly wire: Wire;
  readonly asked: Asked;
  readonly answer: Answer;
  readonly bytes: number;
  readonly path: string;
}

/** Sends an answer, as a stream where one is wanted, until the client is gone. */
async function tell(
  { wire, asked, answer, bytes, path }: Telling,
  response: ServerResponse,
  { gone, onCut }: { gone: AbortSignal; onCut: () => void },
): Promise<void> {
  const cut = async (): Promise<void> => {
    // What was sent before arrives.
    if (response.headersSent) await new Promise((done) => response.write('\n', done));
    onCut();
    response.destroy();
  };
  const model = answer.model ?? asked.model;
  const usage = answer.usage ?? estimate(bytes, answer);
  if (!asked.stream) {
    for (const part of answer.parts) {
      if (part.kind === 'pause') await pause(part.until, gone);
      if (part.kind === 'cut') return cut();
    }
    if (!gone.aborted) sendJson(response, 200, wire.whole(asked, answer, model, usage));
    return;
  }
  // Gemini streams a JSON list where no events are asked for.
  const events = asked.dialect !== 'gemini' || path.includes('alt=sse');
  let first = true;
  const send = (pieces: readonly Piece[]): void => {
    for (const { event, data } of pieces) {
      if (gone.aborted) return;
      const json = typeof data === 'string' ? data : JSON.stringify(data);
      if (events) response.write(`${event === undefined ? '' : `event: ${event}\n`}data: ${json}\n\n`);
      else response.write(`${first ? '[' : ','}${json}`);
      first = false;
    }
  };
  response.writeHead(200, {
    'content-type': events ? 'text/event-stream' : 'application/json',
    'cache-control': 'no-cache',
  });
  const { first: opening, writer } = wire.begin(asked, model);
  send(opening);
  for (const part of answer.parts) {
    if (gone.aborted) return;
    switch (part.kind) {
      case 'text':
      case 'thought':
        for (const piece of chunksOf(part.text, part.chunk ?? 12)) {
          send(writer[part.kind](piece));
          // Each piece a packet of its own, as from a model.
          await new Promise((done) => setImmediate(done));
        }
        break;
      case 'call':
        send(writer.call(part.call));
        break;
      case 'pause':
        await pause(part.until, gone);
        break;
      case 'cut':
        return cut();
      case 'broken':
        send(writer.broken(part.message));
        response.end();
        return;
    }
  }
  send(writer.end(usage));
  response.end(events || first ? undefined : ']');
}

async function pause(until: number | Promise<unknown>, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return;
  const stop = new Promise<void>((done) => gone.addEventListener('abort', () => done(), { once: true }));
  let timer: NodeJS.Timeout | undefined;
  const over =
    typeof until === 'number'
      ? new Promise<void>((done) => {
          if (Number.isFinite(until)) timer = setTimeout(done, until);
        })
      : until.then(() => undefined);
  await Promise.race([stop, over]);
  clearTimeout(timer);
}

function chunksOf(text: string, size: number): string[] {
  const letters = Array.from(text);
  const chunks: string[] = [];
  for (let n = 0; n < letters.length; n += size) chunks.push(letters.slice(n, n + size).join(''));
  return chunks;
}

function estimate(bytes: number, answer: Answer): Usage {
  const said = answer.parts.map((part) => ('text' in part ? part.text.length : 0)).reduce((a, b) => a + b, 0);
  return { input: Math.ceil(bytes / 4), output: Math.max(1, Math.ceil(said / 4)) };
}

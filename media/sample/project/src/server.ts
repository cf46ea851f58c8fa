import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { authenticate } from './auth.ts';
import type { Config } from './config.ts';
import { HttpError } from './errors.ts';
import { matchRoute, type Match } from './router.ts';
import type { Store } from './store.ts';
import { parseNewLink } from './validate.ts';

const largestBody = 10_000;

interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The service over its settings and its links; it listens to nothing yet. */
export function createService(config: Config, store: Store): Server {
  return createServer((request, response) => {
    handle(request, config, store).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, answerTo(error)),
    );
  });
}

async function handle(request: IncomingMessage, config: Config, store: Store): Promise<Answer> {
  const { pathname } = new URL(request.url ?? '/', config.publicUrl);
  const match = matchRoute(request.method ?? 'GET', pathname);
  if (!match) throw new HttpError(404, 'There is nothing here.');

  const caller = match.route.protected ? authenticate(request.headers, config.keys) : '';
  return act(match, await readBody(request), { caller, config, store });
}

interface Context {
  /** Whose key it is; empty where none is needed. */
  readonly caller: string;
  readonly config: Config;
  readonly store: Store;
}

async function act(match: Match, body: string, { caller, config, store }: Context): Promise<Answer> {
  const slug = match.params.slug ?? '';
  switch (match.route.action) {
    case 'health':
      return { status: 200, body: { status: 'ok' } };
    case 'create': {
      const link = await store.add({ ...parseNewLink(body), owner: caller });
      if (!link) throw new HttpError(409, 'This slug is taken.');
      return { status: 201, body: { ...link, short: `${config.publicUrl}/${link.slug}` } };
    }
    case 'show':
      return { status: 200, body: found(store.get(slug)) };
    case 'remove':
      if (!(await store.remove(slug))) throw notFound();
      return { status: 204 };
    case 'follow':
      return { status: 302, headers: { Location: found(await store.follow(slug)).url } };
  }
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw notFound();
  return value;
}

const notFound = () => new HttpError(404, 'There is no such link.');

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new HttpError(413, 'The body is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function answerTo(error: unknown): Answer {
  if (error instanceof HttpError) {
    return { status: error.status, body: { error: error.message }, headers: error.headers };
  }
  console.error(error);
  return { status: 500, body: { error: 'Something went wrong.' } };
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(text);
}

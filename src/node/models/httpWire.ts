import type { Failure } from '../../core/ask.ts';
import { RouteError } from '../../core/ports.ts';
import { failureOfStatus, failureOfSystemError } from './failures.ts';
import { boundedFetch } from './httpFetch.ts';
import { httpTransport } from './mcpClient.ts';
import { redact } from './text.ts';
import { inTime, unlessAborted } from './waiting.ts';
import { errorMessage } from './wire.ts';
import type { Message, Wire, WireOptions } from './wire.ts';

/** Codes of a server that is not there at all; any other trouble concerns one request. */
const unreachable: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

/** A server at an address, by Streamable HTTP. What the SDK leaves pending (a stream that ends without an answer) is failed here. */
export function httpWire(options: WireOptions): Wire {
  const { name, settled } = options;
  const url = new URL(settled.url as string);
  /** Requests that have no answer yet. */
  const pending = new Set<number>();
  /** Ends the streams of requests that were cancelled: the server says nothing more there, and many never end them. */
  const streams = new Map<number, AbortController>();
  let lost = false;
  let forgotten = false;
  let closing: Promise<void> | undefined;

  const lose = (failure: Failure): void => {
    if (lost) return;
    lost = true;
    wire.onLost(failure);
  };
  const fail = (id: number | undefined, failure: Failure): void => {
    if (id === undefined || !pending.delete(id)) return;
    wire.onMessage(errorMessage(id, { ...failure, message: redact(failure.message, settled.secrets) }));
  };

  const streamSignal = (id: number, signal: AbortSignal | null | undefined): AbortSignal => {
    const stream = new AbortController();
    streams.set(id, stream);
    return signal ? AbortSignal.any([signal, stream.signal]) : stream.signal;
  };

  const bounded = boundedFetch({
    maxBytes: options.maxBytes,
    onEnd(body, end) {
      const id = requestId(body);
      if (id !== undefined) streams.delete(id);
      if (end.how === 'too-large') fail(id, { kind: 'too-large', message: `${name} sent a message that is too long.` });
      // The SDK asks for the rest of it.
      else if (!end.resumable) fail(id, { kind: 'crash', message: `${name} ended its stream without an answer.` });
    },
  });

  const transport = httpTransport({
    url,
    headers: settled.headers,
    async fetch(target, init) {
      const headers = new Headers(init?.headers);
      // A stream of its own, for what belongs to no call. We want nothing of that kind, and it would hold a socket open.
      if ((init?.method ?? 'GET') === 'GET' && !headers.has('last-event-id'))
        return new Response(null, { status: 405 });
      const id = typeof init?.body === 'string' ? requestId(init.body) : undefined;
      let response: Response;
      try {
        response = await bounded.fetch(
          target,
          id === undefined ? init : { ...init, signal: streamSignal(id, init?.signal) },
        );
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const failure = failureOfSystemError(`${name} (${url.host})`, code, message);
        fail(id, failure);
        if (unreachable.has(code ?? '')) lose(failure);
        throw error;
      }
      if (response.ok || response.status === 405) return response;
      const text = await response.text();
      if (response.status === 404 && headers.has('mcp-session-id')) {
        forgotten = true;
        lose({ kind: 'crash', message: `${name} was started anew and does not know us any more.` });
      }
      fail(id, failureOfStatus(response.status, text, retryAt(response.headers.get('retry-after'))));
      return new Response(text, { status: response.status, headers: response.headers });
    },
    onMessage(message: Message) {
      if (message['method'] === undefined) pending.delete(Number(message['id']));
      wire.onMessage(message);
    },
    onGivenUp: () => lose({ kind: 'crash', message: `${name} cannot be reached any more.` }),
  });

  const endSession = async (graceMs: number): Promise<void> => {
    // A server that is gone, or that keeps no sessions, has nothing to end.
    const late = new Error('The server did not end the session in time.');
    if (graceMs > 0)
      await inTime(
        graceMs,
        () => late,
        (limit) => unlessAborted(transport.endSession(), limit),
      ).catch(() => {});
    await transport.close();
  };

  const wire: Wire = {
    onMessage: () => {},
    onLost: () => {},
    get forgotten() {
      return forgotten;
    },
    async open(signal) {
      signal.throwIfAborted();
      if (!/^https?:$/.test(url.protocol))
        throw new RouteError({
          kind: 'not-installed',
          message: `${name} has no address that starts with http:// or https://.`,
        });
      await transport.start();
    },
    async send(message) {
      const id = message['id'];
      if (message['method'] !== undefined && typeof id === 'number') pending.add(id);
      await transport.send(message);
      if (message['method'] === 'notifications/cancelled') {
        const cancelled = Number((message['params'] as Message)['requestId']);
        pending.delete(cancelled);
        streams.get(cancelled)?.abort();
      }
    },
    agreed: (version) => transport.agreed(version),
    break(failure) {
      lose(failure);
      void transport.close();
    },
    close(graceMs) {
      if (!closing) {
        // First, since whoever is told of the loss closes as well, without a grace.
        closing = endSession(lost ? 0 : graceMs);
        lose({ kind: 'cancelled', message: `${name} was closed.` });
      }
      return closing;
    },
  };
  return wire;
}

/** The id of the one request that the SDK sends with this body. */
function requestId(body: string): number | undefined {
  const { id, method } = JSON.parse(body) as Message;
  return typeof id === 'number' && method !== undefined ? id : undefined;
}

/** Source: RFC 9110, section 10.2.3: seconds, or an HTTP date. */
function retryAt(header: string | null): string | undefined {
  if (header === null) return undefined;
  const time = /^\d+$/.test(header) ? Date.now() + Number(header) * 1000 : Date.parse(header);
  return Number.isNaN(time) || time > 8.64e15 ? undefined : new Date(time).toISOString();
}

import { request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';

/**
 * A `fetch` for one MCP server. Node's own gives up a stream that says nothing for five minutes (its default
 * `bodyTimeout`), while a person thinks about a permission; it has no bound for a message, and keeps sockets.
 */
export interface BoundedFetch {
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>;
}

export interface BoundedFetchOptions {
  /** The longest message that is taken, in bytes: an event of a stream, or a whole body of another type. */
  readonly maxBytes: () => number;
  /** How the body of a successful answer to this request's body ended. `resumable`: events had ids to go on from. */
  onEnd(body: string, end: { readonly how: 'done' | 'too-large' | 'broken'; readonly resumable: boolean }): void;
}

/** A status that is an error says why in so many bytes at most. */
const errorBytes = 16 * 1024;

export function boundedFetch(options: BoundedFetchOptions): BoundedFetch {
  return {
    async fetch(url, init = {}) {
      const headers = new Headers(init.headers);
      headers.set('accept-encoding', 'identity');
      const body = typeof init.body === 'string' ? init.body : undefined;
      const target = new URL(url);
      const response = await send(target, init.method ?? 'GET', headers, body, init.signal ?? undefined);
      const status = response.statusCode ?? 0;
      const shown = new Headers();
      for (const [key, value] of Object.entries(response.headers)) {
        if (value !== undefined) shown.set(key, Array.isArray(value) ? value.join(', ') : value);
      }
      if (status === 204 || status === 205 || status === 304 || init.method === 'HEAD') {
        response.resume();
        return new Response(null, { status, headers: shown });
      }
      const good = status >= 200 && status < 300;
      const isStream = (shown.get('content-type') ?? '').toLowerCase().startsWith('text/event-stream');
      const stream = bounded(response, {
        maxBytes: good ? options.maxBytes() : errorBytes,
        perEvent: good && isStream,
        cut: !good,
        onEnd: (end) => {
          if (good && body !== undefined) options.onEnd(body, end);
        },
      });
      return new Response(stream, { status, headers: shown });
    },
  };
}

function send(
  url: URL,
  method: string,
  headers: Headers,
  body: string | undefined,
  signal: AbortSignal | undefined,
): Promise<IncomingMessage> {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((done, fail) => {
    // `agent: false`: a socket of its own for every request. One that is kept can be closed by the server just when it is used.
    const sent = request(
      url,
      { method, headers: Object.fromEntries(headers), agent: false, ...(signal ? { signal } : {}) },
      done,
    );
    sent.once('error', fail);
    sent.end(body);
  });
}

interface Bounds {
  readonly maxBytes: number;
  readonly perEvent: boolean;
  /** A longer body ends there, instead of failing. */
  readonly cut: boolean;
  onEnd(end: { how: 'done' | 'too-large' | 'broken'; resumable: boolean }): void;
}

function bounded(source: IncomingMessage, bounds: Bounds): ReadableStream<Uint8Array> {
  let bytes = 0;
  let last = 0;
  let resumable = false;
  let ended = false;
  const end = (how: 'done' | 'too-large' | 'broken'): void => {
    if (ended) return;
    ended = true;
    bounds.onEnd({ how, resumable });
  };

  /** Bytes since the last empty line, which ends an event. */
  const measure = (chunk: Buffer): number => {
    let most = 0;
    let start = 0;
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) {
      const before = at > 0 ? chunk[at - 1] : last;
      const beforeThat = at > 1 ? chunk[at - 2] : at === 1 ? last : 0;
      if (before === 10 || (before === 13 && beforeThat === 10)) {
        most = Math.max(most, bytes + at - start);
        bytes = 0;
        start = at + 1;
      }
    }
    bytes += chunk.length - start;
    last = chunk.at(-1) ?? last;
    return Math.max(most, bytes);
  };

  return new ReadableStream<Uint8Array>({
    start(controller) {
      source.on('data', (chunk: Buffer) => {
        if (ended) return;
        if (bounds.perEvent && /(?:^|\n)id:/.test(chunk.toString('latin1', 0, 512))) resumable = true;
        const size = bounds.perEvent ? measure(chunk) : (bytes += chunk.length);
        if (size > bounds.maxBytes) {
          source.destroy();
          end(bounds.cut ? 'done' : 'too-large');
          if (bounds.cut) controller.close();
          else controller.error(new Error('The message is too long.'));
          return;
        }
        controller.enqueue(chunk);
        if ((controller.desiredSize ?? 0) <= 0) source.pause();
      });
      source.once('end', () => {
        if (ended) return;
        controller.close();
        // The reader gets at what is still queued by microtasks only: by then it has seen everything.
        setImmediate(end, 'done');
      });
      const broken = (error: Error): void => {
        if (ended) return;
        controller.error(error);
        end('broken');
      };
      source.once('error', broken);
      // A connection that is cut in the middle of a body ends it without `end`.
      source.once('close', () => {
        if (!source.complete) broken(new Error('The connection was cut.'));
      });
    },
    pull() {
      source.resume();
    },
    cancel() {
      ended = true;
      source.destroy();
    },
  });
}

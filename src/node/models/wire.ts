import type { Readable } from 'node:stream';
import type { Failure } from '../../core/ask.ts';
import { RouteError } from '../../core/ports.ts';
import { drain, start } from '../processes.ts';
import type { Child, Exit } from '../processes.ts';
import type { Settled } from './environment.ts';
import { failureOfSystemError } from './failures.ts';
import { readLines } from './lines.ts';
import type { LongLine } from './lines.ts';
import { lastWords, oneLine, redact } from './text.ts';

/** A JSON-RPC message, not looked into. */
export type Message = Record<string, unknown>;

/** One connection to a server, below the protocol. */
export interface Wire {
  /** Set these before `open`. */
  onMessage: (message: Message) => void;
  /** The connection is gone, once. */
  onLost: (failure: Failure) => void;
  /** Rejects with `RouteError` when there is no server. */
  open(signal: AbortSignal): Promise<void>;
  /** Resolves when the message is on its way. */
  send(message: Message): Promise<void>;
  /** Told the protocol version that was agreed on. */
  agreed?(version: string): void;
  /** Gives the server up at once. `onLost` gets this failure. */
  break(failure: Failure): void;
  /** The server was there, and knows nothing of us any more: what was sent did not reach anything. */
  readonly forgotten?: boolean;
  /** Ends the server in order; resolves when nothing of it is left. Never rejects. */
  close(graceMs: number): Promise<void>;
}

export interface WireOptions {
  readonly name: string;
  readonly settled: Settled;
  readonly cwd: string;
  /** The longest message that is taken, in bytes; asked anew for every message. */
  readonly maxBytes: () => number;
  readonly debug: (message: string) => void;
}

/** Lines that are no messages, one after the other, before a server is given up. A stray `console.log` is none of our business. */
const garbageLines = 2000;
const garbageBytes = 8 * 1024 * 1024;
/** A line that does not end is read (and thrown away) so far. */
const endlessBytes = 512 * 1024 * 1024;
const stderrBytes = 16 * 1024;
/** A server as a child process, with one message a line on stdin and stdout. */
export function stdioWire(options: WireOptions): Wire {
  const { name, settled, debug } = options;
  const lifetime = new AbortController();
  let starting: Promise<Child> | undefined;
  let child: Child | undefined;
  let broken: Failure | undefined;
  let lost = false;
  const loss = Promise.withResolvers<Failure>();
  let closing: Promise<void> | undefined;
  let garbage = { lines: 0, bytes: 0 };
  let stderr = Buffer.alloc(0);

  const tail = (): string => redact(lastWords(stderr.toString('utf8'), 600), settled.secrets);
  const lose = (failure: Failure): void => {
    if (lost) return;
    lost = true;
    loss.resolve(failure);
    wire.onLost(failure);
  };

  const onGarbage = (line: string): void => {
    if (line.trim() === '') return;
    if (garbage.lines === 0)
      debug(`${name} wrote a line that is no message: ${redact(oneLine(line, 200), settled.secrets)}`);
    garbage = { lines: garbage.lines + 1, bytes: garbage.bytes + line.length };
    if (garbage.lines < garbageLines && garbage.bytes < garbageBytes) return;
    wire.break({
      kind: 'protocol',
      message: `${name} does not speak MCP: ${garbage.lines} lines that are no message.`,
    });
  };

  const onLong = (line: LongLine): void => {
    const size = `${Math.round(line.bytes / 1024 / 1024)} MiB`;
    const failure: Failure = { kind: 'too-large', message: `${name} sent a message of ${size}, which is too long.` };
    // Whose answer it was stands at its beginning or at its end; then the other calls need not suffer.
    if (/^\{[^{}[\]]*"method"\s*:/.test(line.head)) return;
    const id =
      /"id"\s*:\s*(\d+)\s*\}\s*$/.exec(line.tail) ??
      /^\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)\s*,/.exec(line.head);
    if (id) wire.onMessage(errorMessage(Number(id[1]), failure));
    else wire.break(failure);
  };

  const onLine = (line: string): void => {
    if (broken) return;
    const messages = parseMessages(line);
    if (messages.length === 0) return onGarbage(line);
    garbage = { lines: 0, bytes: 0 };
    for (const message of messages) {
      try {
        wire.onMessage(message);
      } catch (error) {
        // Nested too deep to be looked at, for example.
        debug(`${name} sent a message that cannot be taken: ${oneLine(String(error), 200)}`);
      }
    }
  };

  const lines = readLines({ maxBytes: options.maxBytes, onLine, onLong });

  const watch = async (running: Child): Promise<void> => {
    // A server that closes its output can never answer again. The grace lets one that is about to exit say its code.
    void closed(running.stdout).then(() => running.end(broken ? 0 : 500));
    const exit = await running.exited;
    await drain(running);
    lose(broken ?? { kind: 'crash', message: `${name} ${exitWords(exit)}${tail() === '' ? '' : `: ${tail()}`}` });
  };

  const endChild = async (graceMs: number): Promise<void> => {
    try {
      // One that is just being started must not be missed.
      await (await starting)?.end(graceMs);
    } catch {
      // It was not there.
    }
    lifetime.abort();
  };

  const wire: Wire = {
    onMessage: () => {},
    onLost: () => {},
    async open(signal) {
      signal.throwIfAborted();
      const command = settled.command as string;
      try {
        starting = start(command, settled.args, { cwd: options.cwd, env: { ...settled.env }, signal: lifetime.signal });
        child = await starting;
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        const failure = failureOfSystemError(
          `${name} (${oneLine(command, 100)})`,
          code,
          redact(message, settled.secrets),
        );
        const hint =
          process.platform === 'win32'
            ? ' On Windows a script like npx is started by `cmd` with `/c` as first argument.'
            : '';
        throw new RouteError({ ...failure, message: failure.message + hint });
      }
      child.stdout.on('data', (chunk: Buffer) => {
        lines.push(chunk);
        if (lines.open > endlessBytes)
          wire.break({ kind: 'too-large', message: `${name} sends a message that does not end.` });
      });
      child.stderr.on('data', (chunk: Buffer) => {
        const all = Buffer.concat([stderr, chunk.subarray(-stderrBytes)]);
        stderr = Buffer.from(all.subarray(-stderrBytes));
      });
      void watch(child);
    },
    send(message) {
      const stdin = child?.stdin;
      if (!stdin || lost || broken) return Promise.reject(new Error(`${name} is not running`));
      return new Promise((done, fail) => {
        stdin.write(`${JSON.stringify(message)}\n`, (error) => {
          if (!error) return done();
          // A pipe that nobody reads is the end of the server: how it ended says more than the pipe does.
          void child?.end(500);
          void loss.promise.then((failure) => fail(new RouteError(failure)));
        });
      });
    },
    break(failure) {
      if (broken || lost) return;
      broken = failure;
      child?.stdout.destroy();
      void child?.end(0);
      lose(failure);
    },
    close(graceMs) {
      if (!closing) {
        broken ??= { kind: 'cancelled', message: `${name} was closed.` };
        // First, since whoever is told of the loss closes as well, without a grace.
        closing = endChild(graceMs);
        lose(broken);
      }
      return closing;
    },
  };
  return wire;
}

/** Our own answer to a request that the server will not answer, in the server's place. */
export function errorMessage(id: number, failure: Failure): Message {
  return { jsonrpc: '2.0', id, error: { code: -32099, message: failure.message, data: { failure } } };
}

/** The messages of one line: one, or the several of a batch; none when it is no JSON-RPC. */
export function parseMessages(line: string): Message[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return [];
  }
  const all: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  const isMessage = (each: unknown): each is Message =>
    typeof each === 'object' && each !== null && (each as Message)['jsonrpc'] === '2.0';
  return all.every(isMessage) ? all : [];
}

function exitWords({ code, signal }: Exit): string {
  return code === null ? `was ended by ${signal}` : `ended by itself with exit code ${code}`;
}

function closed(stream: Readable): Promise<void> {
  return new Promise((done) => {
    if (stream.closed) done();
    stream.once('close', () => done());
  });
}

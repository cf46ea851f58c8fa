import { ReadableStream, WritableStream } from 'node:stream/web';
import { client, PROTOCOL_VERSION, RequestError } from '@agentclientprotocol/sdk';
import type { AnyMessage, ClientConnection, Stream } from '@agentclientprotocol/sdk';
import { z } from 'zod';
import type { Failure } from '../../core/ask.ts';
import { readLines } from '../../node/models/lines.ts';
import { lastWords, redact } from '../../node/models/text.ts';
import { unlessAborted } from '../../node/models/waiting.ts';
import { drain, start } from '../../node/processes.ts';
import type { Child } from '../../node/processes.ts';
import type { Launch } from '../../node/agents/programs.ts';
import { AskError, failureOfStart } from './failures.ts';

/** One agent as a child process that speaks the Agent Client Protocol. The only file that knows its SDK. */

/** What the agent may ask of us. What throws is answered with an error; nothing is left unanswered. */
export interface AgentHooks {
  /** A notification about a session, in order, before any answer that was sent after it. */
  onUpdate(session: string, update: Readonly<Record<string, unknown>>): void;
  onPermission(params: unknown, signal: AbortSignal): Promise<Record<string, unknown>>;
  onRead(params: unknown): Promise<string>;
  onWrite(params: unknown): Promise<void>;
  /** A notification of its own kind. */
  onNotice(method: string, params: unknown): void;
  /** A request that we do not know was answered with an error. */
  onUnknown(method: string): void;
  /** It is gone; once. */
  onGone(failure: Failure): void;
}

export interface AgentOptions {
  /** As people know it. */
  readonly title: string;
  readonly launch: Launch;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** It may read files through us. */
  readonly readsFiles: boolean;
  /** Values that must not be quoted from what it printed. */
  readonly secrets: readonly string[];
  readonly hooks: AgentHooks;
  /** Ends it. */
  readonly signal: AbortSignal;
  readonly debug: (message: string) => void;
}

export interface AgentProcess {
  readonly pid: number;
  /** What it said of itself in `initialize`. */
  readonly abilities: Abilities;
  /** Rejects with `AskError` when it is gone, with `RequestError` when it answers with an error, or with the signal's reason. */
  request(method: string, params: object, signal?: AbortSignal): Promise<unknown>;
  notify(method: string, params: object): void;
  readonly gone: Failure | undefined;
  /** Its stdin ends, then its whole group. Resolves when nothing of it is left. */
  end(): Promise<void>;
}

const abilitiesSchema = z.looseObject({
  protocolVersion: z.number().optional(),
  agentInfo: z.looseObject({ name: z.string().optional(), version: z.string().optional() }).nullish(),
  authMethods: z.array(z.looseObject({ id: z.string(), name: z.string().optional() })).nullish(),
  agentCapabilities: z
    .looseObject({
      loadSession: z.boolean().nullish(),
      sessionCapabilities: z.looseObject({ resume: z.unknown().optional(), close: z.unknown().optional() }).nullish(),
    })
    .nullish(),
});
type Abilities = z.infer<typeof abilitiesSchema>;

const stderrBytes = 16 * 1024;
/** A diff of a large file, both sides, escaped. */
const messageBytes = 128 * 1024 * 1024;
const graceMs = 1500;

/** Starts an agent and shakes hands. Rejects with `AskError`, or the signal's reason; nothing is left then. */
export async function startAgent(options: AgentOptions): Promise<AgentProcess> {
  const { title, launch, hooks, debug, signal } = options;
  let child: Child;
  try {
    child = await start(launch.file, launch.args, {
      cwd: options.cwd,
      env: options.env,
      signal,
      graceMs,
      verbatim: launch.verbatim ?? false,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new AskError(failureOfStart(title, launch.file, error as NodeJS.ErrnoException));
  }
  let stderr = Buffer.alloc(0);
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = Buffer.from(Buffer.concat([stderr, chunk.subarray(-stderrBytes)]).subarray(-stderrBytes));
  });
  const tail = (): string => redact(lastWords(stderr.toString('utf8'), 600), options.secrets);

  let gone: Failure | undefined;
  let ending = false;
  const connection = connect(streamOf(child, hooks, debug), hooks);
  const exited = child.exited.then(async ({ code, signal: by }) => {
    // Nothing orders the news of its end after what it said last: an answer may still wait to be read. With its end the connection closes itself.
    await drain(child);
    await connection.closed;
    const how = code === null ? `was ended by ${by}` : `ended by itself with exit code ${code}`;
    const said = tail();
    gone = ending
      ? { kind: 'cancelled', message: `${title} was closed.` }
      : { kind: 'crash', message: `${title} ${how}${said === '' ? '.' : `: ${said}`}` };
    hooks.onGone(gone);
  });

  const request = async (method: string, params: object, cancelled?: AbortSignal): Promise<unknown> => {
    cancelled?.throwIfAborted();
    if (gone) throw new AskError(gone);
    const asked = connection.agent.request(method, params);
    try {
      return await (cancelled === undefined ? asked : unlessAborted(asked, cancelled));
    } catch (error) {
      cancelled?.throwIfAborted();
      if (error instanceof RequestError) throw error;
      // Its output ended before we were told that it exited.
      await child.end(500);
      await exited;
      throw new AskError(gone ?? { kind: 'crash', message: `${title} does not answer any more.` });
    }
  };
  const end = async (): Promise<void> => {
    ending = true;
    await child.end(graceMs);
    await exited;
  };

  try {
    const answer = await request(
      'initialize',
      {
        protocolVersion: PROTOCOL_VERSION,
        clientInfo: { name: 'model-orchestra', title: 'Model Orchestra', version: '1' },
        clientCapabilities: { fs: { readTextFile: options.readsFiles, writeTextFile: true }, terminal: false },
      },
      signal,
    );
    const abilities = abilitiesSchema.safeParse(answer);
    if (!abilities.success) {
      throw new AskError({ kind: 'protocol', message: `${title} does not speak the Agent Client Protocol.` });
    }
    return {
      pid: child.pid,
      abilities: abilities.data,
      request,
      notify(method, params) {
        // Who is gone need not be told.
        connection.agent.notify(method, params).catch(() => {});
      },
      get gone() {
        return gone;
      },
      end,
    };
  } catch (error) {
    await end();
    signal.throwIfAborted();
    if (error instanceof RequestError) {
      throw new AskError({ kind: 'protocol', message: `${title} refused to start: ${error.message}` });
    }
    throw error;
  }
}

/** Its lines as messages. Updates are taken out here: handled as they come, none is overtaken by the answer that ends its turn. */
function streamOf(child: Child, hooks: AgentHooks, debug: (message: string) => void): Stream {
  let open = true;
  const readable = new ReadableStream<AnyMessage>({
    start(controller) {
      const shut = (): void => {
        if (open) controller.close();
        open = false;
      };
      const lines = readLines({
        maxBytes: () => messageBytes,
        onLine(line) {
          if (line.trim() === '' || !open) return;
          const message = parsed(line);
          if (!message) return debug(`a line that is no message: ${line.slice(0, 200)}`);
          const update = updateOf(message);
          if (update) hooks.onUpdate(update.sessionId, update.update);
          else controller.enqueue(message);
        },
        onLong: ({ bytes }) => debug(`a message of ${bytes} bytes was left out`),
      });
      child.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
      child.stdout.once('end', shut);
      child.stdout.once('close', shut);
    },
    // The connection was given up: its output may end later, where what it started holds on to it.
    cancel() {
      open = false;
    },
  });
  const writable = new WritableStream<AnyMessage>({
    write: (message) =>
      new Promise((done, fail) => {
        child.stdin?.write(`${JSON.stringify(message)}\n`, (error) => (error ? fail(error) : done()));
      }),
  });
  return { readable, writable } as unknown as Stream;
}

function parsed(line: string): AnyMessage | undefined {
  try {
    const message: unknown = JSON.parse(line);
    const known = typeof message === 'object' && message !== null && !Array.isArray(message);
    return known ? (message as AnyMessage) : undefined;
  } catch {
    return undefined;
  }
}

const updateSchema = z.object({ sessionId: z.string(), update: z.record(z.string(), z.unknown()) });

function updateOf(message: AnyMessage): z.infer<typeof updateSchema> | undefined {
  if (!('method' in message) || message.method !== 'session/update' || 'id' in message) return undefined;
  return updateSchema.safeParse(message.params).data;
}

function connect(stream: Stream, hooks: AgentHooks): ClientConnection {
  const raw = (params: unknown): unknown => params;
  return (
    client({ name: 'model-orchestra' })
      // The SDK's own schemas would drop what some agents add, and refuse what others leave out.
      .onRequest('session/request_permission', raw, ({ params, signal }) => hooks.onPermission(params, signal))
      .onRequest('fs/read_text_file', raw, async ({ params }) => ({ content: await hooks.onRead(params) }))
      .onRequest('fs/write_text_file', raw, async ({ params }) => {
        await hooks.onWrite(params);
        return {};
      })
      // A form for the person: whoever sends one goes on without.
      .onRequest('elicitation/create', raw, () => ({ action: 'decline' }))
      .onRequest('*', ({ method }) => {
        hooks.onUnknown(method);
        throw RequestError.methodNotFound(method);
      })
      .onNotification('*', ({ method, params }) => hooks.onNotice(method, params))
      .connect(stream)
  );
}

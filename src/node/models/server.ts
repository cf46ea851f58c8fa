import type { Failure } from '../../core/ask.ts';
import { RouteError } from '../../core/ports.ts';
import type { Log } from '../../core/ports.ts';
import type { Server } from '../../core/team/file.ts';
import { settle, withoutBrought } from './environment.ts';
import { hostedWire } from './hostedWire.ts';
import type { HostedServer } from './hostedWire.ts';
import { httpWire } from './httpWire.ts';
import { connect } from './mcpClient.ts';
import type { Connection, ConnectionHooks } from './mcpClient.ts';
import { redact } from './text.ts';
import { delay, inTime, unlessAborted } from './waiting.ts';
import { stdioWire } from './wire.ts';
import type { Wire, WireOptions } from './wire.ts';

export interface ServerOptions {
  readonly name: string;
  /** How it is started or reached, or how it is served in this process. */
  readonly server: Server | HostedServer;
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** How long a start, or the list of tools, may take. */
  readonly startMs: number;
  /** How long a server that said nothing may take to answer a ping. */
  readonly pingMs: number;
  readonly maxBytes: () => number;
  readonly hooks: Omit<ConnectionHooks, 'onLost'>;
}

/** One server, shared by all who use it. */
export interface ServerLife {
  /** The connection, made or made anew when there is none. Rejects with `RouteError`, or the signal's reason. */
  use(signal: AbortSignal): Promise<Connection>;
  /** Its tools. Rejects likewise. */
  tools(connection: Connection, signal: AbortSignal): ReturnType<Connection['tools']>;
  /** An answer came: whatever broke before is forgiven. */
  well(): void;
  /** A call heard nothing. Whether the server is there at all is found out before the next one uses it. */
  doubt(connection: Connection): void;
  /** True when the connection was lost because the server was started anew: nothing that was sent reached anything. */
  forgotten(connection: Connection): boolean;
  /** The failure without the secrets of the server's configuration: a server likes to quote the key that it refuses. */
  discreet(failure: Failure): Failure;
  close(graceMs: number): Promise<void>;
}

/** The first restart is made at once, the second after this, then doubled each time. */
const backOffMs = 250;
const mostBackOffMs = 5000;

/** A connection that is used, or is being made. */
interface Slot {
  wire: Wire | undefined;
  readonly connection: Promise<Connection>;
}

export function serverLife(options: ServerOptions): ServerLife {
  const { name, log, startMs } = options;
  const lifetime = new AbortController();
  let current: Slot | undefined;
  const wireOf = new WeakMap<Connection, Wire>();
  /** Until nothing is left of them. */
  const alive = new Set<Wire>();
  let secrets: readonly string[] = [];
  let losses = 0;
  let notBefore = 0;
  let doubted: Promise<void> | undefined;

  const closedError = (): RouteError => new RouteError({ kind: 'cancelled', message: `${name} was closed.` });
  const tooSlow = (what: string): RouteError =>
    new RouteError({ kind: 'silence', message: `${name} did not ${what} within ${Math.round(startMs / 1000)} s.` });

  const onLost = (wire: Wire, failure: Failure): void => {
    if (current?.wire === wire) current = undefined;
    void wire.close(0).then(() => alive.delete(wire));
    if (failure.kind === 'cancelled') return;
    losses++;
    const pause = losses === 1 ? 0 : Math.min(mostBackOffMs, backOffMs * 2 ** (losses - 2));
    notBefore = Date.now() + pause;
    log.info(`Server ${name}: ${failure.message}${pause === 0 ? '' : ` (left alone for ${pause} ms)`}`);
  };

  const wireTo = async (server: Server): Promise<Wire> => {
    const { env, dropped } = await withoutBrought(options.env, options.root);
    if (dropped.length > 0) log.warn(`Server ${name} does not get ${dropped.join(', ')}: this folder brought it.`);
    const settled = settle(name, server, options.root, env);
    if ('kind' in settled) throw new RouteError(settled);
    secrets = settled.secrets;
    const wireOptions: WireOptions = {
      name,
      settled,
      cwd: options.root,
      maxBytes: options.maxBytes,
      debug: (message) => log.debug(message),
    };
    return settled.url === undefined ? stdioWire(wireOptions) : httpWire(wireOptions);
  };

  const begin = async (slot: Slot): Promise<Connection> => {
    const { server, maxBytes } = options;
    const wire = typeof server === 'function' ? hostedWire({ name, serve: server, maxBytes }) : await wireTo(server);
    await delay(notBefore - Date.now(), lifetime.signal);
    alive.add(wire);
    slot.wire = wire;
    const started = Date.now();
    const hooks: ConnectionHooks = { ...options.hooks, onLost: (failure) => onLost(wire, failure) };
    const connection = await inTime(
      startMs,
      () => tooSlow('start'),
      (limit) => connect(wire, hooks, AbortSignal.any([limit, lifetime.signal])),
    );
    wireOf.set(connection, wire);
    log.debug(`Server ${name}: ready after ${Date.now() - started} ms.`);
    return connection;
  };

  const open = (): Slot => {
    const slot: Slot = { wire: undefined, connection: Promise.resolve().then(() => begin(slot)) };
    slot.connection.catch(() => {
      if (current === slot) current = undefined;
    });
    return slot;
  };

  return {
    async use(signal) {
      for (;;) {
        if (lifetime.signal.aborted) throw closedError();
        if (doubted) await unlessAborted(doubted, signal);
        const connection = await unlessAborted((current ??= open()).connection, signal);
        // It may have gone, or come into doubt, while we were not looking.
        if (!connection.lost && !doubted) return connection;
      }
    },
    tools: (connection, signal) =>
      unlessAborted(
        inTime(
          startMs,
          () => tooSlow('name its tools'),
          (limit) => connection.tools(AbortSignal.any([limit, lifetime.signal])),
        ),
        signal,
      ),
    well() {
      losses = 0;
    },
    doubt(connection) {
      if (doubted || connection.lost) return;
      const gone: Failure = { kind: 'crash', message: `${name} does not react any more and was ended.` };
      const overdue = new RouteError(gone);
      doubted = inTime(
        options.pingMs,
        () => overdue,
        (limit) => connection.ping(AbortSignal.any([limit, lifetime.signal])),
      )
        .catch((error: unknown) => {
          // Any answer is a sign of life, "I know no ping" too.
          if (error === overdue) wireOf.get(connection)?.break(gone);
        })
        .finally(() => {
          doubted = undefined;
        });
    },
    discreet: (failure) => ({ ...failure, message: redact(failure.message, secrets) }),
    forgotten: (connection) => wireOf.get(connection)?.forgotten ?? false,
    async close(graceMs) {
      const ends = [...alive].map((wire) => wire.close(graceMs));
      lifetime.abort(closedError());
      await Promise.all(ends);
    },
  };
}

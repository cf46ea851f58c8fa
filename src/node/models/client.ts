import PQueue from 'p-queue';
import { reachTool } from '../../core/ask.ts';
import type { ReachOutput } from '../../core/ask.ts';
import { RouteError } from '../../core/ports.ts';
import type { Log, Models } from '../../core/ports.ts';
import type { Route, Server } from '../../core/team/file.ts';
import { hostedServers } from '../../core/team/roster.ts';
import { answerElicitation, attempt, messageBytes } from './attempt.ts';
import type { ActiveCalls } from './attempt.ts';
import { toolsOf } from './mapping.ts';
import type { HostedServer } from './hostedWire.ts';
import { serverLife } from './server.ts';
import type { ServerLife } from './server.ts';
import { reachOver } from './reach.ts';
import { oneLine } from './text.ts';

export interface ModelsOptions {
  readonly servers: Readonly<Record<string, Server>>;
  /** Servers in this process, by name; they come before others of that name. */
  readonly hosted?: Readonly<Record<string, HostedServer>> | undefined;
  /** What only some servers may see of the environment besides: the person's keys, for the servers that ship with this. */
  readonly keys?: { readonly env: Readonly<Record<string, string>>; readonly servers: ReadonlySet<string> } | undefined;
  /** The project folder: working folder of the servers, and `${root}`. */
  readonly root: string;
  /** Where `${env:NAME}` is looked up, and what a few names of are handed on to servers. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** How long a server's start, or its list of tools, may take; default a minute, since `npx` may have to download it. */
  readonly startMs?: number;
  /** How long a server that was silent in a call may take to answer a ping before it is ended; default 5 s. */
  readonly pingMs?: number;
}

export interface OpenModels extends Models {
  /** Ends every server; what is still asked is rejected. Resolves when no process is left. A fired signal leaves no grace. */
  close(signal?: AbortSignal): Promise<void>;
}

interface Running {
  readonly life: ServerLife;
  readonly calls: ActiveCalls;
}

const graceMs = 1500;

/** The models behind these servers. Nothing is started before it is used; a server that was started is kept and shared by all routes. */
export function openModels(options: ModelsOptions): OpenModels {
  const running = new Map<string, Running>();
  const queues = new Map<string, PQueue>();
  let closed: Promise<void> | undefined;

  const serverOf = ({ server: name, agent }: Route): Running => {
    if (closed) throw new RouteError({ kind: 'cancelled', message: `${name} was closed.` });
    const hosted = options.hosted && Object.hasOwn(options.hosted, name) ? options.hosted[name] : undefined;
    const meant = hosted ?? (Object.hasOwn(options.servers, name) ? options.servers[name] : undefined);
    if (!meant) throw new RouteError({ kind: 'not-installed', message: noServer(name) });
    const { key, server } = typeof meant === 'function' ? { key: name, server: meant } : forAgent(name, meant, agent);
    const known = running.get(key);
    if (known) return known;
    const calls: ActiveCalls = new Map();
    const life = serverLife({
      name: key,
      server,
      root: options.root,
      env: options.keys?.servers.has(name) ? { ...options.env, ...options.keys.env } : options.env,
      log: options.log,
      startMs: options.startMs ?? 60_000,
      pingMs: options.pingMs ?? 5000,
      maxBytes: () => messageBytes(calls),
      hooks: {
        onProgress: (token, params) => calls.get(token)?.onProgress(params),
        onSign: (token, method, params) => calls.get(token)?.onSign(method, params),
        onElicit: (elicitation, signal) => answerElicitation(calls, elicitation, signal),
      },
    });
    const made = { life, calls };
    running.set(key, made);
    return made;
  };

  const queueOf = (route: Route): PQueue => {
    const key = JSON.stringify([route.server, route.tool, route.agent ?? null]);
    const known = queues.get(key);
    if (!known) {
      const queue = new PQueue({ concurrency: route.parallel });
      queues.set(key, queue);
      return queue;
    }
    // Several models share one way; the narrowest of what is said about it holds.
    if (route.parallel < known.concurrency) known.concurrency = route.parallel;
    return known;
  };

  return {
    scripted: (server) => Object.hasOwn(options.servers, server) && options.servers[server]?.scripted === true,

    async reach(route, signal, { catalogue = false, detail = false } = {}): Promise<ReachOutput> {
      signal.throwIfAborted();
      const nothing = { gone: [], mends: [] };
      let life: ServerLife | undefined;
      try {
        ({ life } = serverOf(route));
        const connection = await life.use(signal);
        const names = await life.tools(connection, signal);
        const missing = toolsOf(route).find((tool) => !names.has(tool));
        if (missing !== undefined) {
          const message = `${route.server} has no tool \`${missing}\`.`;
          return { ...nothing, failure: { kind: 'protocol', message } };
        }
        if (route.tool !== 'ask' || !names.has(reachTool)) return nothing;
        const said = await reachOver(connection, route, { catalogue, detail, signal, ms: options.startMs ?? 60_000 });
        return { ...said, ...(said.failure && { failure: life.discreet(said.failure) }) };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof RouteError) return { ...nothing, failure: life?.discreet(error.failure) ?? error.failure };
        throw error;
      }
    },

    async ask(route, input, hooks) {
      hooks.signal.throwIfAborted();
      const { life, calls } = serverOf(route);
      try {
        const output = await queueOf(route).add(() => attempt(life, calls, route, input, hooks), {
          signal: hooks.signal,
        });
        return options.servers[route.server]?.scripted === true ? { ...output, scripted: true } : output;
      } catch (error) {
        hooks.signal.throwIfAborted();
        if (error instanceof RouteError) throw new RouteError(life.discreet(error.failure), error.usage);
        if (closed) throw new RouteError({ kind: 'cancelled', message: `${route.server} was closed.` });
        throw error;
      }
    },

    close(signal) {
      closed ??= (async () => {
        for (const queue of queues.values()) queue.clear();
        await Promise.all([...running.values()].map(({ life }) => life.close(signal?.aborted ? 0 : graceMs)));
      })();
      return closed;
    },
  };
}

function noServer(name: string): string {
  if ((hostedServers as readonly string[]).includes(name))
    return `The server ${name} is there only where the editor runs the team.`;
  return `There is no server called ${name}: no team file defines one, and none of that name ships with this version.`;
}

/** Where a server's arguments name the agent that a route is for: one process for each, so that one crash is one vendor's. */
const agentPlace = '${agent}';

function forAgent(name: string, server: Server, agent: string | undefined): { key: string; server: Server } {
  if (!server.args.some((arg) => arg.includes(agentPlace))) return { key: name, server };
  if (agent === undefined)
    throw new RouteError({ kind: 'protocol', message: `A route over ${name} must say which agent.` });
  // A route may come from a repository: its agent must not be read as an option.
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(agent)) {
    const message = `${oneLine(agent, 60)} is no name of an agent: lower case letters, digits and hyphens.`;
    throw new RouteError({ kind: 'protocol', message });
  }
  const args = server.args.map((arg) => arg.replaceAll(agentPlace, () => agent));
  return { key: `${name} (${agent})`, server: { ...server, args } };
}

import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { RequestError } from '@agentclientprotocol/sdk';
import type { HandedServer } from '../../core/ask.ts';
import type { Launch } from '../../node/agents/programs.ts';
import { makeScratch, removeScratch } from '../../node/checks/scratch.ts';
import { unlessAborted } from '../../node/models/waiting.ts';
import { findBox } from './box.ts';
import type { Box, Boxed, BoxSetting, Place } from './box.ts';
import { startAgent } from './agentProcess.ts';
import type { AgentHooks, AgentProcess } from './agentProcess.ts';
import { AskError, failureOfAgentError } from './failures.ts';
import { agentEnvironment, findAgent, launchAgent, placesOf, secretsIn, writeServers } from './launch.ts';
import type { Pinned } from './launch.ts';
import type { Profile } from './profiles.ts';
import type { Turn } from './turn.ts';
import { sessionIn } from './workspaceFiles.ts';

/**
 * The processes of one kind of agent: one that all share; one for each model, or set of MCP servers, that a process must be started with; in a
 * sandbox one for each writer's workspace, and one for all who only read.
 */

export interface PoolOptions {
  readonly profile: Profile;
  readonly env: NodeJS.ProcessEnv;
  /** A folder for processes that belong to no workspace. */
  readonly cwd: string;
  /** Whether the processes are confined. */
  readonly sandbox: BoxSetting;
  readonly debug: (message: string) => void;
  readonly hooks: {
    /** The turn that works in a session. */
    turnOf(session: string | undefined): Turn | undefined;
    onGone(running: Running): void;
    onUnknown(method: string): void;
  };
}

export interface Running {
  readonly process: AgentProcess;
  /** Nobody gets it any more. */
  readonly retire: () => void;
  readonly pinned: Pinned | undefined;
  /** Which sessions have their MCP servers, where the agent tells. */
  readonly ready: Ready;
  /** Closed sessions whose MCP servers may still run. */
  leftovers: number;
  /** Sessions that are being opened in it. */
  opening: number;
  /** It is confined to what some calls may do. */
  readonly boxed: boolean;
}

export interface Pool {
  /** A process for this call, started when there is none. Rejects with `AskError`, or the signal's reason. */
  use(place: Place, pinned: Pinned | undefined, signal: AbortSignal): Promise<Running>;
  end(running: Running): Promise<void>;
  endAll(): Promise<void>;
}

export function openPool(options: PoolOptions): Pool {
  const { profile, env, hooks, debug } = options;
  /** By what they may be shared for; those that are ended or gone are not in it any more. */
  const shared = new Map<string, Promise<Running>>();
  const all = new Set<Running>();
  const lifetime = new AbortController();
  const secrets = secretsIn(env);
  let boxed: Promise<Box | undefined> | undefined;

  const box = (): Promise<Box | undefined> =>
    (boxed ??= findBox(profile, options.sandbox, env, lifetime.signal).then(({ box: found, why }) => {
      debug(why);
      return found;
    }));

  /** Temporary folders that are being removed. */
  const tidying = new Set<Promise<void>>();

  async function begin(place: Place, pinned: Pinned | undefined, retire: () => void): Promise<Running> {
    const found = await findAgent(profile, env);
    const servers = serversOf(place);
    const own = servers.length === 0 ? undefined : await makeScratch(tmpdir());
    let inside: Boxed | undefined;
    const tidy = (): void => {
      const gone = async (): Promise<void> => {
        await inside?.tidy();
        if (own !== undefined) await removeScratch(own);
      };
      const done = gone().finally(() => tidying.delete(done));
      tidying.add(done);
    };
    let launch: Launch;
    try {
      const file = own === undefined ? undefined : await writeServers(own, servers);
      const plain = await launchAgent(profile, found, { pinned, servers: file });
      inside = await (await box())?.wrap(plain, place);
      launch = inside?.launch ?? plain;
    } catch (error) {
      tidy();
      throw error;
    }
    let running: Running | undefined;
    const ready = openReady();
    const agentHooks: AgentHooks = {
      onUpdate: (session, update) => hooks.turnOf(session)?.onUpdate(update),
      async onPermission(params, signal) {
        const turn = hooks.turnOf(sessionIn(params));
        return turn ? turn.onPermission(params, signal) : { outcome: { outcome: 'cancelled' } };
      },
      onRead: (params) => turnFor(params).onRead(params),
      onWrite: (params) => turnFor(params).onWrite(params),
      onNotice: (method, params) => void (method === profile.serversReady && ready.tell(sessionIn(params))),
      onUnknown: hooks.onUnknown,
      onGone() {
        retire();
        tidy();
        if (!running) return;
        all.delete(running);
        hooks.onGone(running);
      },
    };
    const turnFor = (params: unknown): Turn => {
      const turn = hooks.turnOf(sessionIn(params));
      if (!turn) throw RequestError.invalidParams(undefined, 'no turn of this session is going on');
      return turn;
    };
    const agent = await startAgent({
      title: profile.title,
      launch,
      cwd: options.cwd,
      readsFiles: profile.readsThroughUs !== false,
      env: { ...agentEnvironment(profile, found, env, pinned), ...inside?.env },
      secrets,
      hooks: agentHooks,
      signal: lifetime.signal,
      debug,
    }).catch((error: unknown) => {
      tidy();
      throw error;
    });
    try {
      await authenticate(profile, agent, env, lifetime.signal);
    } catch (error) {
      await agent.end();
      throw error;
    }
    running = { process: agent, retire, pinned, ready, leftovers: 0, opening: 0, boxed: inside !== undefined };
    all.add(running);
    if (agent.gone) agentHooks.onGone(agent.gone);
    return running;
  }

  /** MCP servers that it must be started with. */
  const serversOf = ({ servers = [] }: Place): readonly HandedServer[] => (profile.serverArgs ? servers : []);

  function share(key: string, place: Place, pinned: Pinned | undefined): Promise<Running> {
    // Another one may have come into its place while it took its time to end.
    const retire = (): void => void (shared.get(key) === begun && shared.delete(key));
    const begun = begin(place, pinned, retire);
    shared.set(key, begun);
    begun.catch(retire);
    return begun;
  }

  return {
    async use(place, pinned, signal) {
      const boxKey = (await unlessAborted(box(), signal))?.key(place);
      const key = JSON.stringify([pinned ?? null, boxKey, serversOf(place)]);
      // Whoever gives up does not take it from the others who wait for it.
      return unlessAborted(shared.get(key) ?? share(key, place, pinned), signal);
    },
    async end(running) {
      running.retire();
      await running.process.end();
    },
    async endAll() {
      lifetime.abort(new AskError({ kind: 'cancelled', message: `${profile.title} was closed.` }));
      await Promise.all([...all].map(({ process: agent }) => agent.end()));
      await Promise.allSettled(shared.values());
      await Promise.all(tidying);
    },
  };
}

interface Ready {
  tell(session: string | undefined): void;
  /** Resolves when it was told of the session, or after so long: who waits for more has another trouble. Rejects with the signal's reason. */
  wait(session: string, ms: number, signal: AbortSignal): Promise<void>;
}

function openReady(): Ready {
  const told = new Set<string>();
  const waiting = new Map<string, () => void>();
  return {
    tell(session) {
      if (session === undefined) return;
      told.add(session);
      waiting.get(session)?.();
    },
    async wait(session, ms, signal) {
      if (told.delete(session)) return;
      let timer: NodeJS.Timeout | undefined;
      const come = new Promise<void>((done) => {
        waiting.set(session, done);
        timer = setTimeout(done, ms);
      });
      try {
        await unlessAborted(come, signal);
      } finally {
        clearTimeout(timer);
        waiting.delete(session);
        told.delete(session);
      }
    },
  };
}

/** Signs in where that asks nobody: by a key of the environment, or by what a sign-in of the person's left. */
async function authenticate(
  profile: Profile,
  agent: AgentProcess,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<void> {
  const offered = new Set((agent.abilities.authMethods ?? []).map(({ id }) => id));
  const files = profile.signedIn.files.flatMap((file) => placesOf(file, env));
  const method = (profile.authenticate ?? []).find(
    ({ method: id, variable }) =>
      offered.has(id) && (variable === undefined ? files.some((file) => existsSync(file)) : env[variable]),
  );
  if (!method) return;
  try {
    await agent.request('authenticate', { methodId: method.method }, signal);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new AskError({ ...failureOfAgentError(profile, 'sign in', error), kind: 'not-signed-in' });
  }
}

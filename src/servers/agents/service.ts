import { RequestError } from '@agentclientprotocol/sdk';
import type { AskInput, AskOutput, Failure, Usage } from '../../core/ask.ts';
import type { AskStage, Ending } from '../../node/askServer.ts';
import type { AgentProcess } from './agentProcess.ts';
import { openCapacity } from './capacity.ts';
import { AskError, failureOfAgentError } from './failures.ts';
import type { Pinned } from './launch.ts';
import { openPool } from './pool.ts';
import type { Pool, PoolOptions, Running } from './pool.ts';
import { configure, isDefault, newSession, oldSession, UnlistedModel } from './session.ts';
import type { Configured, Opened } from './session.ts';
import { openTurn } from './turn.ts';
import type { Turn } from './turn.ts';
import { folderId } from './workspaceFiles.ts';

/** One kind of agent, behind the `ask` contract: its sessions and who works in them. */

export interface AgentService {
  /** Answers one call. Rejects only with the stage's reason. */
  ask(input: AskInput, stage: AskStage): Promise<Ending>;
  /** Opens a session, reads what can be chosen in it, and closes it. Rejects with `AskError`, or the signal's reason. */
  look(cwd: string, signal: AbortSignal): Promise<Offered>;
  /** Closes a session and ends what it started; false when it is not open. */
  close(session: string): Promise<boolean>;
  /** Ends everything. */
  end(): Promise<void>;
  readonly pool: Pool;
}

/** What an agent lets choose. */
export interface Offered {
  readonly models: readonly { readonly id: string; readonly name: string }[];
  readonly efforts: readonly string[];
  readonly modes: readonly string[];
}

/** An open session. */
interface Live {
  readonly id: string;
  readonly running: Running;
  /** What it was opened for; it cannot be changed while it is open. */
  readonly place: string;
  /** Which folder it was opened in. */
  readonly folder: string;
  readonly hasServers: boolean;
  configured: Configured;
  /** What it has used so far, as the agent counts. */
  readonly used: { sum: Usage | undefined };
  /** A call has it for itself. */
  taken: boolean;
  turn: Turn | undefined;
  /** Set while a turn that was cancelled comes to its end. */
  stopping: { readonly signal: AbortSignal; readonly done: Promise<void> } | undefined;
  usedAt: number;
}

export function openService(options: Omit<PoolOptions, 'hooks'>): AgentService {
  const { profile } = options;
  const lives = new Map<string, Live>();
  let clock = 0;

  const turnOf = (session: string | undefined): Turn | undefined =>
    session === undefined ? undefined : lives.get(session)?.turn;
  const pool = openPool({
    ...options,
    hooks: {
      turnOf,
      onGone(running) {
        for (const live of lives.values()) if (live.running === running) forget(live);
      },
      onUnknown(method) {
        for (const { turn } of lives.values()) turn?.refuse(`a request of its own: ${method}`);
      },
    },
  });
  const capacity = openCapacity(profile.sessions, async () => {
    const idle = [...lives.values()].filter(({ taken }) => !taken);
    const oldest = idle.sort((a, b) => a.usedAt - b.usedAt)[0];
    if (oldest) await closeLive(oldest);
    return oldest !== undefined;
  });

  function forget(live: Live): void {
    if (lives.get(live.id) !== live) return;
    lives.delete(live.id);
    capacity.give();
  }

  /** Models that turned out to have no efforts: a process is not started with one for them. */
  const effortless = new Set<string>();
  const pin = ({ model, effort }: Pick<AskInput, 'model' | 'effort'>): Pinned => ({
    model,
    effort: effortless.has(model) ? undefined : effort,
  });

  /** An open session can be brought to this model: it may have been opened, or its process started, for another. */
  const bears = ({ configured, running: { pinned } }: Live, { model, effort }: AskInput): boolean =>
    (profile.unlisted !== 'meta' && pinned === undefined) ||
    (configured.model === (isDefault(model) ? undefined : model) &&
      (configured.choices.thought_level !== undefined || pinned?.effort === pin({ model, effort }).effort));

  const isUsed = (running: Running): boolean => [...lives.values()].some((live) => live.running === running);

  /** Processes that sessions are at home in: another one that lives at the same time cannot go on with them. */
  const homes = new Map<string, Pinned | undefined>();

  /** `again`: it is opened anew at once, so its process stays. */
  async function closeLive(live: Live, again = false): Promise<void> {
    const { process: agent } = live.running;
    forget(live);
    await closeAt(agent, live.id);
    if (live.hasServers && profile.leavesServers) live.running.leftovers++;
    const others = [...lives.values()].filter(({ running }) => running === live.running);
    const idle = live.running.opening === 0 && others.every(({ taken }) => !taken);
    // What a session started must be gone: where its end does not do it, that of the process does. Its sessions are gone on with later.
    if (idle && ((others.length === 0 && !again) || live.running.leftovers >= mostLeftovers))
      await pool.end(live.running);
  }

  /** A session for this call alone, opened, gone on with or found open. */
  async function sessionFor(input: AskInput, stage: AskStage): Promise<Live> {
    const place = placeOf(input);
    const known = input.session === undefined ? undefined : lives.get(input.session);
    // A call that was given up takes a moment to stop.
    if (known?.stopping?.signal.aborted) await known.stopping.done;
    if (known?.taken) throw new AskError({ kind: 'no-session', message: 'Another call works in this session.' });
    if (known && known.place === place && bears(known, input) && !known.running.process.gone) {
      known.taken = true;
      return known;
    }
    // Where the folder was made anew, the process in it is of no use to anybody.
    if (known) await closeLive(known, known.folder === folderId(input.cwd));
    await waitingAloud(stage, `Waits for a free session of ${profile.title}`, capacity.take(stage.signal));
    try {
      // A model that had to be started with once has to be again.
      const home = homes.get(input.session ?? `model ${input.model}`);
      const pinned = home && pin(input);
      return await openLive(input, stage, place, pinned).catch((error: unknown) => {
        // Its process was just being ended, since nobody used it.
        if (error instanceof AskError && error.failure.kind === 'cancelled')
          return openLive(input, stage, place, pinned);
        throw error;
      });
    } catch (error) {
      capacity.give();
      throw error;
    }
  }

  async function openLive(input: AskInput, stage: AskStage, place: string, pinned: Pinned | undefined): Promise<Live> {
    const running = await pool.use(input, pinned, stage.signal);
    // Nobody may end it for want of sessions now.
    running.opening++;
    try {
      return await openIn(running, input, stage, place);
    } catch (error) {
      const pins = profile.unlisted === 'args' || profile.unlisted === 'codex-config';
      const unlisted = error instanceof UnlistedModel && pinned === undefined && pins;
      const noEffort =
        error instanceof AskError &&
        pinned?.effort !== undefined &&
        profile.effortArgs?.none.test(error.failure.message);
      if (!unlisted && !noEffort) throw error;
      if (noEffort) effortless.add(input.model);
    } finally {
      running.opening--;
    }
    // Not listed is not always not there: a process that is started with it may have it.
    return openLive(input, stage, place, pin(input));
  }

  async function openIn(running: Running, input: AskInput, stage: AskStage, place: string): Promise<Live> {
    const { process: agent, pinned } = running;
    const opened: Opened =
      input.session === undefined
        ? await newSession(profile, agent, input, stage.signal)
        : await oldSession(profile, agent, input.session, input, stage.signal);
    const hasServers = (input.servers ?? []).length > 0;
    let configured: Configured;
    try {
      if (hasServers && profile.serversReady !== undefined) await running.ready.wait(opened.id, readyMs, stage.signal);
      configured = await configured_(agent, opened, input, pinned, stage.signal);
    } catch (error) {
      if (hasServers && profile.leavesServers) running.leftovers++;
      await closeAt(agent, opened.id);
      throw error;
    }
    const live: Live = {
      id: opened.id,
      running,
      place,
      folder: folderId(input.cwd),
      hasServers,
      configured,
      used: { sum: undefined },
      taken: true,
      turn: undefined,
      stopping: undefined,
      usedAt: ++clock,
    };
    // An agent that gives an id twice has let go of the first.
    const before = lives.get(live.id);
    if (before) forget(before);
    lives.set(live.id, live);
    homes.set(live.id, pinned);
    homes.set(`model ${input.model}`, pinned);
    return live;
  }

  const configured_ = (
    agent: AgentProcess,
    opened: Opened,
    input: AskInput,
    pinned: Pinned | undefined,
    signal: AbortSignal,
  ): Promise<Configured> =>
    configure(profile, agent, opened, { model: input.model, effort: input.effort, pinned }, signal);

  async function converse(input: AskInput, stage: AskStage): Promise<AskOutput> {
    const live = await sessionFor(input, stage);
    const agent = live.running.process;
    const turn = openTurn({
      profile,
      process: agent,
      session: live.id,
      input,
      stage,
      model: () => modelOf(live, input),
      used: live.used,
    });
    live.turn = turn;
    const over = Promise.withResolvers<void>();
    live.stopping = { signal: stage.signal, done: over.promise };
    try {
      if (live.usedAt < clock || input.session !== undefined) {
        const opened = { id: live.id, choices: live.configured.choices };
        const pinned = live.running.pinned;
        live.configured = await configured_(agent, opened, input, pinned, stage.signal);
      }
      for (const one of live.configured.refused) turn.refuse(one);
      return await turn.run();
    } finally {
      live.turn = undefined;
      live.usedAt = ++clock;
      // It was told to stop and did not: nobody can use this session again, and nobody knows what it does.
      if (turn.working && !agent.gone) await pool.end(live.running);
      live.taken = false;
      live.stopping = undefined;
      over.resolve();
      capacity.idle();
    }
  }

  return {
    pool,
    async ask(input, stage) {
      try {
        return { type: 'answer', output: await converse(input, stage) };
      } catch (error) {
        stage.signal.throwIfAborted();
        return failureEnding(error, options);
      }
    },
    async look(cwd, signal) {
      const running = await pool.use({ cwd, access: 'read' }, undefined, signal);
      const agent = running.process;
      const call = { run: '-', key: 'models', role: 'doctor', phase: '-', kind: '-', attempt: 1 };
      running.opening++;
      let opened: Opened;
      try {
        opened = await newSession(profile, agent, { cwd, call, model: 'default', servers: [] }, signal);
        await closeAt(agent, opened.id);
      } finally {
        running.opening--;
      }
      // In a sandbox calls have processes of their own.
      if (running.boxed && running.opening === 0 && !isUsed(running)) await pool.end(running);
      const { choices } = opened;
      return {
        models: (choices.model?.values ?? []).map(({ value, name }) => ({ id: value, name })),
        efforts: (choices.thought_level?.values ?? []).map(({ value }) => value),
        modes: (choices.mode?.values ?? []).map(({ value }) => value),
      };
    },
    async close(session) {
      const live = lives.get(session);
      if (!live) return false;
      await closeLive(live);
      return true;
    },
    end: () => pool.endAll(),
  };
}

/** MCP servers that do not come up in this time are not waited for. */
const readyMs = 15_000;
/** An agent that does not close a session in this time is not waited for. */
const closeMs = 5000;
/** So many closed sessions may have left MCP servers behind before the process is ended, which ends them. */
const mostLeftovers = 3;

/** Closes a session at the agent, where it knows how. */
async function closeAt(agent: AgentProcess, sessionId: string): Promise<void> {
  const closes = agent.abilities.agentCapabilities?.sessionCapabilities?.close;
  if (agent.gone || closes === undefined || closes === null) return;
  await agent.request('session/close', { sessionId }, AbortSignal.timeout(closeMs)).catch(() => {});
}

/** What cannot be changed in an open session. */
function placeOf({ cwd, access, servers }: AskInput): string {
  return JSON.stringify([cwd, folderId(cwd), access, servers ?? []]);
}

/** The model that is set, or the word by which the choice was left to the agent; undefined where it lets choose none. */
function modelOf({ configured: { choices, model } }: Live, input: AskInput): string | undefined {
  return choices.model === undefined && model === undefined ? undefined : (model ?? input.model);
}

function failureEnding(error: unknown, { profile }: Pick<PoolOptions, 'profile'>): Ending {
  if (error instanceof AskError) return { type: 'failure', failure: error.failure, usage: error.usage };
  if (error instanceof RequestError) return { type: 'failure', failure: failureOfAgentError(profile, 'answer', error) };
  const failure: Failure = { kind: 'error', message: error instanceof Error ? error.message : String(error) };
  return { type: 'failure', failure };
}

/** Who waits says so now and then, so that nobody takes it for silent. */
async function waitingAloud<T>(stage: AskStage, title: string, wait: Promise<T>): Promise<T> {
  const say = (): void => void stage.progress({ kind: 'tool', title, status: 'pending' }).catch(() => {});
  const timer = setInterval(say, 20_000);
  try {
    return await wait;
  } finally {
    clearInterval(timer);
  }
}

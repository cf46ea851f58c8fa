import { randomBytes } from 'node:crypto';
import { readFile, unlink } from 'node:fs/promises';
import { UserError, reasonOf } from '../../../core/errors.ts';
import type { Log } from '../../../core/ports.ts';
import { connect } from '../../models/mcpClient.ts';
import type { Connection } from '../../models/mcpClient.ts';
import { delay, inTime } from '../../models/waiting.ts';
import { stdioWire } from '../../models/wire.ts';
import type { Store } from '../store.ts';
import { serverArguments, settledSerena } from './environment.ts';
import type { SerenaProgram } from './find.ts';
import { makeHome } from './home.ts';
import { answerOf, argumentsFor, memoryTools, namesOf, parametersOf } from './tools.ts';
import type { Answer, MemoryArguments, MemoryTool, Parameters } from './tools.ts';

type SerenaState =
  /** For the first time, or anew after what `why` says. */
  | { readonly is: 'starting'; readonly why?: string }
  | { readonly is: 'attached'; readonly version: string }
  /** For good, with the reason as a sentence. */
  | { readonly is: 'gone'; readonly why: string };

/** A Serena of ours on the memories of one project. Run with Serena 1.5.3, 1.6.0 and 2.1.0, on Linux only. */
export interface Attached {
  readonly state: SerenaState;
  /** When it is attached or gone, or has failed once and is started anew. Never rejects. */
  readonly settled: Promise<SerenaState>;
  /**
   * Calls one of its tools; calls are answered one after the other. Rejects with `SerenaLost` when no answer came; that Serena is ended then,
   * and nothing that it was asked comes to be any more.
   */
  call(tool: MemoryTool, args: MemoryArguments): Promise<Answer>;
  /** Ends it; nothing of it is left when this resolves. Never rejects. */
  end(): Promise<void>;
}

/** Nobody answered: whether what was asked has happened must be looked up. */
export class SerenaLost extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'SerenaLost';
  }
}

export interface AttachOptions {
  readonly program: SerenaProgram;
  /** The embedded store on the same memories; its folder is where Serena's files are expected. */
  readonly files: Store;
  /** The folder of the memories. */
  readonly memories: string;
  /** A folder of ours outside the project, for what Serena needs to live; made if need be. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  /** Its end is the end of that Serena. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
}

interface Limits {
  /** For start, handshake and probe together. */
  readonly startMs: number;
  /** For one call. */
  readonly callMs: number;
  /** Pauses before the restarts, in order; there are no more restarts than these in ten minutes. */
  readonly pausesMs: readonly number[];
}

/** A cold start imports for half a minute on a busy machine. A call takes a tenth of a second, or waits for the one before. */
const usual: Limits = { startMs: 90_000, callMs: 30_000, pausesMs: [1000, 4000, 16_000] };
const restartWindowMs = 10 * 60_000;
/** Serena's own limit; it must come before ours, so that its word is heard. */
const toolTimeoutSeconds = 20;
const maxBytes = 16 * 1024 * 1024;

/** One start of Serena. */
interface Life {
  readonly connection: Connection;
  readonly parameters: Parameters;
  /** Resolves with the reason when it is lost. */
  readonly lost: Promise<string>;
  /** Fires when nobody wants its answers any more. */
  readonly signal: AbortSignal;
  end(why: string): Promise<void>;
}

/** Why there is no use in trying again. */
class Unfit extends Error {}

/**
 * Starts Serena for its memory tools only, and proves by a probe that it writes where the files are. Returns at once; what becomes of it is
 * seen in `state`. One that dies is started again, three times in ten minutes; after that it is gone. Throws nothing.
 */
export function attachSerena(options: AttachOptions): Attached {
  const { program, log, signal } = options;
  const limits: Limits = { ...usual, ...options.limits };
  const lifetime = new AbortController();
  let state: SerenaState = { is: 'starting' };
  let life: Life | undefined;
  const first = Promise.withResolvers<SerenaState>();

  const become = (next: SerenaState): void => {
    state = next;
    if (next.is === 'gone') log.info(`Serena is not attached: ${next.why}`);
    if (next.is === 'attached') log.debug(`Serena ${next.version} is attached.`);
    if (next.is !== 'starting' || next.why !== undefined) first.resolve(next);
  };

  const live = async (): Promise<void> => {
    const restarts: number[] = [];
    for (;;) {
      let why: string;
      try {
        life = await begin(options, limits, lifetime.signal);
        if (lifetime.signal.aborted) {
          await life.end('it was ended');
          break;
        }
        become({ is: 'attached', version: program.version });
        why = await life.lost;
      } catch (error) {
        if (lifetime.signal.aborted) break;
        if (error instanceof Unfit || error instanceof UserError) {
          return become({ is: 'gone', why: sentence(reasonOf(error)) });
        }
        why = reasonOf(error);
      }
      life = undefined;
      if (lifetime.signal.aborted) break;
      const now = performance.now();
      while (restarts[0] !== undefined && now - restarts[0] > restartWindowMs) restarts.shift();
      const pause = limits.pausesMs[restarts.length];
      if (pause === undefined)
        return become({ is: 'gone', why: sentence(`it ended again and again, at last so: ${why}`) });
      restarts.push(now);
      become({ is: 'starting', why: sentence(why) });
      log.info(`Serena ended (${why}) and is started again.`);
      await delay(pause, lifetime.signal).catch(() => {});
    }
    become({ is: 'gone', why: 'it was ended with the run.' });
  };

  const end = async (): Promise<void> => {
    lifetime.abort(new Error('Serena is ended.'));
    await life?.end('it was ended.');
    await living;
  };
  const onAbort = (): void => void end();
  const living = live().finally(() => signal.removeEventListener('abort', onAbort));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();

  return {
    get state() {
      return state;
    },
    settled: first.promise,
    async call(tool, args) {
      const used = life;
      if (!used) throw new SerenaLost(state.is === 'gone' ? state.why : 'it is being started.');
      return ask(used, tool, args, limits.callMs);
    },
    end,
  };
}

function sentence(why: string): string {
  return /[.!?…]$/.test(why) ? why : `${why}.`;
}

async function ask(life: Life, tool: MemoryTool, args: MemoryArguments, callMs: number): Promise<Answer> {
  const late = new SerenaLost(`${tool} had no answer within ${callMs / 1000} s.`);
  try {
    const sent = argumentsFor(tool, args, life.parameters);
    const token = randomBytes(6).toString('hex');
    const answer = await inTime(
      callMs,
      () => late,
      async (limit) => {
        const signal = AbortSignal.any([limit, life.signal]);
        return answerOf(tool, await life.connection.call(tool, sent, { token, signal }));
      },
    );
    if (answer.is !== 'unknown') return answer;
    throw new SerenaLost(sentence(answer.why));
  } catch (error) {
    // A thread of it may still be writing: only its end makes certain that nothing comes late, over something newer.
    await life.end(reasonOf(error));
    throw error instanceof SerenaLost ? error : new SerenaLost(sentence(reasonOf(error)));
  }
}

async function begin(options: AttachOptions, limits: Limits, signal: AbortSignal): Promise<Life> {
  const { program, folder, memories, env, log } = options;
  const home = await makeHome(folder, memories);
  signal.throwIfAborted();
  const args = serverArguments(program.args, home, toolTimeoutSeconds);
  const wire = stdioWire({
    name: 'Serena',
    settled: settledSerena(program.command, args, env, { SERENA_HOME: home.home }),
    cwd: home.project,
    maxBytes: () => maxBytes,
    debug: (message) => log.debug(message),
  });
  const lost = Promise.withResolvers<string>();
  const hooks = {
    onProgress: () => {},
    onSign: () => {},
    onElicit: () => Promise.resolve({ action: 'cancel' as const }),
    onLost: (failure: { message: string }) => lost.resolve(failure.message),
  };
  try {
    return await inTime(
      limits.startMs,
      () => new Error(`it did not start within ${limits.startMs / 1000} s`),
      async (limit) => {
        const either = AbortSignal.any([limit, signal]);
        const connection = await connect(wire, hooks, either);
        const tools = await connection.tools(either);
        judgeTools([...tools.keys()]);
        const life: Life = {
          connection,
          parameters: parametersOf(tools),
          lost: lost.promise,
          signal,
          async end(why) {
            lost.resolve(why);
            await wire.close(1500);
          },
        };
        // The first calls are slow: they have the time of the start.
        await probe(options, life, limits.startMs);
        return life;
      },
    );
  } catch (error) {
    await wire.close(1500);
    throw error;
  }
}

function judgeTools(names: readonly string[]): void {
  const lacking = memoryTools.filter((name) => !names.includes(name));
  if (lacking.length > 0) throw new Unfit(`it has no ${lacking.join(', no ')}.`);
  const others = names.filter((name) => !memoryTools.includes(name));
  if (others.length > 0)
    throw new Unfit(`it was to serve memories only, and offers ${others.slice(0, 5).join(', ')}, too.`);
}

/** Writes, finds the file, reads, lists, removes. A Serena in a container, another system or with another idea of the folder fails here. */
async function probe({ files }: AttachOptions, life: Life, callMs: number): Promise<void> {
  const name = `orch/probe-${randomBytes(6).toString('hex')}`;
  const path = files.pathOf(name);
  const text = `Written to see that Serena and its files are in the same place: ü ${name}\n`;
  const said = (answer: Answer): string => ('why' in answer ? answer.why : answer.is);
  try {
    const written = await ask(life, 'write_memory', { name, content: text }, callMs);
    if (written.is !== 'done') throw new Unfit(`it does not write memories: ${said(written)}`);
    const found = await readFile(path, 'utf8').catch(() => undefined);
    if (found === undefined) {
      throw new Unfit(`what it writes does not appear as ${path}. It may run in a container or on another system.`);
    }
    const read = await ask(life, 'read_memory', { name }, callMs);
    if (found.replaceAll('\r\n', '\n') !== text || read.is !== 'done' || read.text !== text) {
      throw new Unfit('it does not give back what it was given.');
    }
    const listed = await ask(life, 'list_memories', { topic: 'orch' }, callMs);
    const names = listed.is === 'done' ? namesOf(listed.text) : undefined;
    if (!names?.includes(name)) throw new Unfit(`it does not list what it wrote: ${said(listed)}`);
    await ask(life, 'delete_memory', { name }, callMs);
    if ((await files.read(name, () => true)) !== undefined) throw new Unfit('it does not remove memories.');
  } finally {
    await unlink(path).catch(() => {});
  }
}

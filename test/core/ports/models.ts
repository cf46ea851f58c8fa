import type { AskInput, AskOutput, AskPermission, AskProgress, Edit, Failure, Usage } from '../../../src/core/ask.ts';
import { type AskHooks, type Models, RouteError } from '../../../src/core/ports.ts';
import type { Route } from '../../../src/core/team/file.ts';
import type { TestClock } from './clock.ts';
import { CrashError, type Life } from './crash.ts';
import { type Files, filesAt, type Repository } from './workspaces.ts';

/** One prompt that a model got. */
export interface Asked {
  readonly route: Route;
  readonly input: AskInput;
  /** How often this call's key was asked, this time included, over all lives. */
  readonly nth: number;
  /** True while the answer is being made. */
  open: boolean;
}

/** What a scripted model does. All parts are optional but one of `json`, `text` and `failure`. */
export interface Reply {
  readonly json?: unknown;
  readonly text?: string;
  readonly failure?: Failure;
  readonly failureUsage?: Usage;
  /** Virtual milliseconds until the answer; 1 by default, so that lanes interleave. */
  readonly delay?: number;
  /** Says nothing any more: after the silence limit the port gives up. */
  readonly hang?: boolean;
  /** Writes in the working folder as soon as it begins, and again when it is done. */
  readonly early?: (files: Files) => void;
  readonly write?: (files: Files) => void;
  readonly edits?: readonly Edit[];
  readonly usage?: Usage;
  readonly session?: string;
  readonly model?: string;
  readonly refused?: string[];
  readonly stream?: readonly AskProgress[];
  readonly permission?: AskPermission;
}

export type Script = (asked: Asked, permit: AskHooks['permit']) => Reply | Promise<Reply>;

const jsonText = (json: unknown): string => `Done.\n\n\`\`\`json\n${JSON.stringify(json, null, 1)}\n\`\`\`\n`;

/** Models that play a function. `log` outlives the process: it is what the vendors would put on the bill. */
export function scriptedModels(options: {
  script: Script;
  log: Asked[];
  clock: TestClock;
  life: Life;
  repository: Repository;
  probe?: ((route: Route) => Failure | undefined) | undefined;
  gone?: ((route: Route) => readonly string[]) | undefined;
  scripted?: boolean | undefined;
}): Models {
  const { script, log, clock, life, repository, probe } = options;
  const busy = new Map<string, string>();

  const perform = async (asked: Asked, hooks: AskHooks): Promise<AskOutput> => {
    const { input, route } = asked;
    const reply = await script(asked, hooks.permit);
    const files = (): Files => filesAt(repository, input.cwd);
    reply.early?.(files());
    for (const progress of reply.stream ?? []) {
      await clock.sleep(1, hooks.signal);
      life.assertAlive();
      hooks.onProgress(progress);
    }
    if (reply.permission) await hooks.permit(reply.permission);
    if (reply.hang) {
      await clock.sleep(hooks.silenceMs, hooks.signal);
      throw new RouteError({ kind: 'silence', message: `${route.server} said nothing.` });
    }
    await clock.sleep(reply.delay ?? 1, hooks.signal);
    life.assertAlive();
    if (reply.failure) throw new RouteError(reply.failure, reply.failureUsage);
    reply.write?.(files());
    const text = reply.text ?? jsonText(reply.json);
    if (text.length > hooks.answerBytes)
      throw new RouteError({ kind: 'too-large', message: 'The answer is too long.' });
    const { usage, edits, session, model, refused } = reply;
    return {
      text,
      stopReason: 'end',
      ...(usage && { usage }),
      ...(edits && { edits: [...edits] }),
      ...(session !== undefined && { session }),
      ...(refused && { refused }),
      ...(model !== undefined && { model }),
    };
  };

  return {
    scripted: () => options.scripted ?? true,
    async reach(route, signal, how = {}) {
      life.assertAlive();
      signal.throwIfAborted();
      const gone = how.catalogue ? (options.gone?.(route) ?? []) : [];
      return { failure: probe?.(route), gone: [...gone], mends: [] };
    },
    async ask(route, input, hooks) {
      life.assertAlive();
      hooks.signal.throwIfAborted();
      const nth = log.filter((a) => a.input.call.key === input.call.key).length + 1;
      const asked = { route, input, nth, open: true };
      log.push(asked);
      // Nobody ever shares a folder with somebody who writes in it.
      const other = busy.get(input.cwd);
      if (other !== undefined && (input.access === 'write' || other === 'write'))
        throw new Error(`${input.cwd} is given to two at once (${input.call.key})`);
      busy.set(input.cwd, input.access);
      try {
        return await perform(asked, hooks);
      } catch (error) {
        // A server that is ended may break instead of saying that it was cancelled: that comes as it is.
        if (hooks.signal.aborted && !(error instanceof CrashError || error instanceof RouteError))
          throw hooks.signal.reason;
        throw error;
      } finally {
        asked.open = false;
        if (input.access === 'write') busy.delete(input.cwd);
        else if (!log.some((a) => a.open && a.input.cwd === input.cwd)) busy.delete(input.cwd);
      }
    },
  };
}

import { RequestError } from '@agentclientprotocol/sdk';
import type { AskInput, AskOutput, Usage } from '../../core/ask.ts';
import { oneLine } from '../../node/models/text.ts';
import type { AskStage } from '../../node/askServer.ts';
import type { AgentProcess } from './agentProcess.ts';
import { AskError, failureOfAgentError } from './failures.ts';
import { answerOf, judge, permissionSchema } from './permission.ts';
import { retiredNotice } from './profiles.ts';
import type { Profile } from './profiles.ts';
import { endOf, openTeller } from './updates.ts';
import type { TurnEnd } from './updates.ts';
import { placeToWrite, readForAgent, Refused, writeForAgent } from './workspaceFiles.ts';

/** One prompt to an agent and what becomes of it: what it tells, asks and touches, until it ends. */

export interface TurnOptions {
  readonly profile: Profile;
  readonly process: AgentProcess;
  readonly session: string;
  readonly input: AskInput;
  readonly stage: AskStage;
  /** The model that is set, when the agent does not say which one it used. */
  readonly model: () => string | undefined;
  /** What its session had used before, where the agent tells sums; brought up to date. */
  readonly used: { sum: Usage | undefined };
}

export interface Turn {
  onUpdate(update: Readonly<Record<string, unknown>>): void;
  onPermission(params: unknown, signal: AbortSignal): Promise<Record<string, unknown>>;
  onRead(params: unknown): Promise<string>;
  onWrite(params: unknown): Promise<void>;
  /** Something else that was asked for and not had, for the report. */
  refuse(what: string): void;
  /** True until the agent has said that it is done. */
  readonly working: boolean;
  /** Prompts, and resolves with the answer. Rejects with `AskError` or the stage's reason; the agent has then stopped working, or is past hope. */
  run(): Promise<AskOutput>;
}

/** An agent that was cancelled may take so long to stop. */
const stopMs = 5000;
const mostRefused = 50;
/** No language takes more bytes for a token than this, so nobody is cut off too soon. */
const mostBytesPerToken = 8;

export function openTurn(options: TurnOptions): Turn {
  const { profile, process: agent, session, input, stage } = options;
  const teller = openTeller(profile.warnings);
  const refused: string[] = [];
  const over = new AbortController();
  const mostBytes = (input.maxOutputTokens ?? Number.POSITIVE_INFINITY) * mostBytesPerToken;
  let bytes = 0;
  let limited = false;
  let working = false;
  let declined = false;
  /** It has said nothing since it was declined something. */
  let silent = false;
  /** The last piece of a message, when nothing came after it. */
  let last = '';

  const cancel = (): void => agent.notify('session/cancel', { sessionId: session });
  const refuse = (what: string): void => {
    const line = oneLine(what, 300);
    if (refused.length < mostRefused && !refused.includes(line)) refused.push(line);
  };
  const mayWrite = (path: string): Promise<boolean> =>
    placeToWrite(input.cwd, path).then(
      () => true,
      () => false,
    );
  const outcome = (usage: Usage | undefined, stopReason: string, model: string | undefined): AskOutput => {
    const answered = model ?? options.model();
    return {
      text: teller.text,
      session,
      stopReason: limited ? 'limit' : (stopReasons[stopReason] ?? 'end'),
      ...(answered !== undefined && { model: answered }),
      ...(usage && { usage }),
      ...(refused.length > 0 && { refused: [...refused] }),
    };
  };

  const prompt = async (text: string): Promise<TurnEnd> => {
    working = true;
    const answered = agent
      .request('session/prompt', { sessionId: session, prompt: [{ type: 'text', text }] })
      .finally(() => (working = false));
    // Its end, or five seconds after it was cancelled nothing more.
    const end = endOf(await orSoonAfter(answered, stage.signal, stopMs));
    stage.signal.throwIfAborted();
    if (!profile.sumsUsage || !end.usage) return end;
    const before = options.used.sum;
    options.used.sum = end.usage;
    return { ...end, usage: less(end.usage, before) };
  };

  return {
    refuse,
    get working() {
      return working;
    },
    onUpdate(update) {
      if (over.signal.aborted) return;
      const progress = teller.take(update);
      if (!progress) return;
      last = progress.kind === 'text' ? progress.text.trim() : '';
      if (progress.kind === 'text') silent = false;
      if (progress.kind === 'text' || progress.kind === 'thought') bytes += Buffer.byteLength(progress.text);
      void stage.progress(progress).catch(() => {});
      if (bytes <= mostBytes || limited) return;
      limited = true;
      cancel();
    },
    async onPermission(params, signal) {
      const request = permissionSchema.safeParse(params).data;
      if (!request || over.signal.aborted) return { outcome: { outcome: 'cancelled' } };
      const known = teller.calls.get(request.toolCall.toolCallId);
      const servers = (input.servers ?? []).map(({ name }) => name);
      const { asksLike } = profile;
      const verdict = await judge(request, known, { access: input.access, servers, asksLike, mayWrite });
      if (verdict.type === 'allow') return answerOf(request.options, true);
      if (verdict.type === 'refuse') {
        declined = silent = true;
        refuse(verdict.why);
        return answerOf(request.options, false);
      }
      try {
        const answer = await stage.permit(verdict.permission, AbortSignal.any([signal, over.signal]));
        if (answer !== 'no') return answerOf(request.options, true);
        declined = silent = true;
        const { kind, title, detail } = verdict.permission;
        refuse(`${kind}: ${kind === 'command' ? detail : title}`);
        return answerOf(request.options, false);
      } catch {
        // The question went with the turn.
        return { outcome: { outcome: 'cancelled' } };
      }
    },
    onRead: (params) => readForAgent(input.cwd, params),
    async onWrite(params) {
      if (over.signal.aborted) throw new Error('The turn is over.');
      try {
        await writeForAgent(input.cwd, input.access, params);
      } catch (error) {
        if (error instanceof Refused) refuse(`edit of ${error.message}`);
        throw error;
      }
    },
    async run() {
      stage.signal.throwIfAborted();
      stage.signal.addEventListener('abort', cancel, { once: true });
      try {
        let end = await prompt(promptOf(input.prompt));
        let { usage } = end;
        // Some end their turn where something was not allowed; others go on without it. So do they, when they are told.
        const stopped = (): boolean => end.stopReason === 'cancelled' || (end.stopReason === 'end_turn' && silent);
        for (let again = 0; stopped() && declined && !limited && again < mostAgain; again++) {
          declined = false;
          end = await prompt(goOnWithout);
          usage = sum(usage, end.usage);
        }
        if (profile.failureText?.test(last))
          throw new AskError(
            failureOfAgentError(profile, 'answer', RequestError.internalError(undefined, last)),
            usage,
          );
        const said = teller.text.trim();
        if (said.length <= 600 && retiredNotice.test(said)) {
          throw new AskError({ kind: 'no-model', message: `It answered only: ${oneLine(said, 300)}` }, usage);
        }
        return outcome(usage, end.stopReason, end.model);
      } catch (error) {
        stage.signal.throwIfAborted();
        if (!(error instanceof RequestError)) throw error;
        throw new AskError(failureOfAgentError(profile, 'answer', error));
      } finally {
        stage.signal.removeEventListener('abort', cancel);
        over.abort();
      }
    },
  };
}

const mostAgain = 2;
const goOnWithout =
  'What you asked for last was not allowed. Go on with the task without it, do not ask for it again, and give your answer.';

/** What is more than before; a sum that became smaller began anew. */
function less(sum_: Usage, before: Usage | undefined): Usage {
  const more = (name: keyof Usage): object => {
    const [now, then] = [sum_[name], before?.[name] ?? 0];
    return now === undefined ? {} : { [name]: now >= then ? now - then : now };
  };
  return { ...more('inputTokens'), ...more('outputTokens'), ...more('usd') };
}

function sum(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (!one || !other) return one ?? other;
  const both = (name: keyof Usage): object => {
    const total = (one[name] ?? 0) + (other[name] ?? 0);
    return one[name] === undefined && other[name] === undefined ? {} : { [name]: total };
  };
  return { ...both('inputTokens'), ...both('outputTokens'), ...both('usd') };
}

/** Source: the Agent Client Protocol's stop reasons. */
const stopReasons: Readonly<Record<string, AskOutput['stopReason']>> = {
  end_turn: 'end',
  max_tokens: 'limit',
  max_turn_requests: 'limit',
  refusal: 'refused',
  cancelled: 'cancelled',
};

/** A prompt that began with a slash would be a command of the agent's own. */
function promptOf(text: string): string {
  return /^\s*\//.test(text) ? `The task:\n${text}` : text;
}

/** What the promise comes to; after the signal it may take so much longer, then the signal's reason is thrown. */
async function orSoonAfter<T>(promise: Promise<T>, signal: AbortSignal, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => {};
  const late = new Promise<never>((_, fail) => {
    onAbort = (): void => {
      timer = setTimeout(() => fail(signal.reason), ms);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    promise.catch(() => {});
  }
}

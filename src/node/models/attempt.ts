import { randomUUID } from 'node:crypto';
import {
  askCallKey,
  askCallRefSchema,
  askFailureSchema,
  askOutputSchema,
  askPermissionKey,
  askPermissionSchema,
} from '../../core/ask.ts';
import type { AskCallRef, AskInput, AskOutput, AskPermission, AskProgress, Failure, Usage } from '../../core/ask.ts';
import { RouteError } from '../../core/ports.ts';
import type { AskHooks } from '../../core/ports.ts';
import type { Route } from '../../core/team/file.ts';
import { failureOfAnswerText, failureOfErrorText, structuredFailure } from './failures.ts';
import { eventOf, outputFor, textOf, toolFor, toolsOf } from './mapping.ts';
import type { ToolResult } from './mapping.ts';
import type { Connection, Elicitation, ElicitationAnswer } from './mcpClient.ts';
import { sameModel } from './modelIds.ts';
import { deliver, progressOf } from './progress.ts';
import type { ServerLife } from './server.ts';
import { oneLine } from './text.ts';
import { unlessAborted } from './waiting.ts';

/** A call that a server is working on. */
interface Active {
  readonly ref: AskCallRef;
  readonly answerBytes: number;
  onProgress(params: Record<string, unknown>): void;
  onSign(method: string, params: Record<string, unknown>): void;
  permit(request: AskPermission, signal: AbortSignal): Promise<ElicitationAnswer>;
}

/** The calls that one server is working on, by their progress tokens. */
export type ActiveCalls = Map<string, Active>;

const progressEveryMs = 40;
/** Thoughts and tools may be so many times as long as the longest answer. */
const mostNoise = 8;
/** A person is not asked more than this at once by one call. */
const mostPermits = 20;

/** The answer to a server's elicitation: only our own permission request, of a call in flight, reaches the person; all else is declined. */
export async function answerElicitation(
  calls: ActiveCalls,
  elicitation: Elicitation,
  signal: AbortSignal,
): Promise<ElicitationAnswer> {
  const request = askPermissionSchema.safeParse(elicitation.meta[askPermissionKey]);
  const ref = askCallRefSchema.safeParse(elicitation.meta[askCallKey]);
  // A form that wants more than yes or no wants something that nobody here should type: a name, a password.
  if (!request.success || !ref.success || elicitation.fields.some((field) => field !== 'answer'))
    return { action: 'decline' };
  const { run, key, attempt } = ref.data;
  const [call, ...more] = [...calls.values()].filter(
    (each) => each.ref.run === run && each.ref.key === key && each.ref.attempt === attempt,
  );
  if (!call || more.length > 0) return { action: 'decline' };
  return call.permit(request.data, signal);
}

/** The longest message that the calls in flight can rightly bring: their answer, escaped and perhaps twice, and what is around it. */
export function messageBytes(calls: ActiveCalls): number {
  const longest = Math.max(1_000_000, ...[...calls.values()].map(({ answerBytes }) => answerBytes));
  return 4 * longest + 4 * 1024 * 1024;
}

/** One attempt over one route. Throws `RouteError`, or the signal's reason. */
export async function attempt(
  server: ServerLife,
  calls: ActiveCalls,
  route: Route,
  input: AskInput,
  hooks: AskHooks,
): Promise<AskOutput> {
  for (let again = false; ; again = true) {
    const connection = await server.use(hooks.signal);
    const names = await server.tools(connection, hooks.signal);
    const missing = toolsOf(route).find((tool) => !names.has(tool));
    if (missing !== undefined)
      throw new RouteError({ kind: 'protocol', message: `${route.server} has no tool \`${missing}\`.` });
    try {
      const output = await converse(connection, calls, route, input, hooks);
      server.well();
      return output;
    } catch (error) {
      if (error instanceof RouteError && error.failure.kind === 'silence') server.doubt(connection);
      if (again || hooks.signal.aborted || !server.forgotten(connection)) throw error;
    }
  }
}

async function converse(
  connection: Connection,
  calls: ActiveCalls,
  route: Route,
  input: AskInput,
  hooks: AskHooks,
): Promise<AskOutput> {
  const { signal, silenceMs, answerBytes } = hooks;
  const { run, key, attempt: number } = input.call;
  const token = randomUUID();
  const giveUp = new AbortController();
  const delivery = deliver((progress) => hooks.onProgress(progress), progressEveryMs);
  const heard = { text: 0, noise: 0 };
  let usage: Usage | undefined;
  let permits = 0;
  let refused = false;
  let timer: NodeJS.Timeout | undefined;

  const end = (failure: Failure): void => giveUp.abort(new RouteError(failure, usage));
  const tooLarge = (): RouteError =>
    new RouteError({ kind: 'too-large', message: `The answer is longer than ${answerBytes} bytes.` }, usage);
  const restart = (): void => {
    clearTimeout(timer);
    // Who waits for the person is not silent.
    if (permits > 0) return;
    timer = setTimeout(end, Math.min(silenceMs, 2 ** 31 - 1), {
      kind: 'silence',
      message: `${route.server} said nothing for ${Math.round(silenceMs / 100) / 10} s.`,
    });
  };
  const measure = (progress: AskProgress): void => {
    if (progress.kind === 'usage') usage = progress.usage;
    else if (progress.kind === 'text') heard.text += Buffer.byteLength(progress.text);
    else heard.noise += noiseOf(progress);
  };

  const take = (progress: AskProgress | undefined): void => {
    if (!progress) return;
    measure(progress);
    if (heard.text > answerBytes || heard.noise > answerBytes * mostNoise) giveUp.abort(tooLarge());
    else delivery.push(progress);
  };

  const active: Active = {
    ref: { run, key, attempt: number },
    answerBytes,
    onProgress(params) {
      if (giveUp.signal.aborted) return;
      restart();
      take(progressOf(params));
    },
    onSign(method, params) {
      if (giveUp.signal.aborted) return;
      restart();
      if (route.events?.method === method) take(eventOf(route.events, params));
    },
    async permit(request, cancelled) {
      if (giveUp.signal.aborted || permits >= mostPermits) return { action: 'decline' };
      permits++;
      clearTimeout(timer);
      delivery.flush();
      try {
        const answer = await unlessAborted(hooks.permit(request), AbortSignal.any([cancelled, giveUp.signal]));
        if (answer !== 'no') return { action: 'accept', content: { answer } };
        refused = true;
        return { action: 'decline' };
      } catch {
        // The person's question went with the call, or with the server's interest in it.
        return { action: 'cancel' };
      } finally {
        permits--;
        if (!giveUp.signal.aborted) restart();
      }
    },
  };

  const onAbort = (): void => giveUp.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  calls.set(token, active);
  restart();
  try {
    const { tool, args } = toolFor(route, input);
    const result = await connection.call(tool, args, { token, signal: giveUp.signal });
    const output = outputOf(route, input, result, answerBytes, refused);
    return output.usage === undefined && usage !== undefined ? { ...output, usage } : output;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RouteError) throw new RouteError(error.failure, error.usage ?? usage);
    throw error;
  } finally {
    clearTimeout(timer);
    calls.delete(token);
    signal.removeEventListener('abort', onAbort);
    // Whoever still asks the person for this call need not go on.
    giveUp.abort();
    if (signal.aborted) delivery.drop();
    else delivery.flush();
  }
}

function noiseOf(progress: AskProgress): number {
  switch (progress.kind) {
    case 'text':
    case 'thought':
      return Buffer.byteLength(progress.text);
    case 'tool':
      return progress.title.length;
    case 'plan':
      return progress.entries.reduce((sum, { text }) => sum + text.length, 0);
    case 'usage':
      return 0;
  }
}

/** How servers that we do not know say that a conversation is over. */
const sessionGone =
  /\b(?:session|thread|conversation)\b[^\n]{0,80}(?:not found|unknown|does not exist|no longer|expired)|(?:unknown|no such|invalid) (?:session|thread|conversation)/i;

/** What the result means. Throws `RouteError` for everything that is no answer. */
function outputOf(route: Route, input: AskInput, result: ToolResult, answerBytes: number, refused: boolean): AskOutput {
  const fail = (kind: Failure['kind'], message: string, usage?: Usage): never => {
    throw new RouteError({ kind, message }, usage);
  };
  const contract = route.arguments === undefined && route.result === undefined;
  if (result.isError) {
    const said = textOf(result);
    const gone = input.session !== undefined && !contract && sessionGone.test(said);
    const failure: Failure = gone
      ? { kind: 'no-session', message: `${route.server} knows the session no more.` }
      : (structuredFailure(result.structured) ?? failureOfErrorText(said));
    throw new RouteError(failure, usageIn(result));
  }
  let output: AskOutput | undefined;
  if (contract) {
    const parsed = askOutputSchema.safeParse(result.structured);
    if (!parsed.success) return fail('protocol', `${route.server} did not answer as \`ask\` must.`);
    output = parsed.data;
  } else {
    output = outputFor(route, result);
    if (!output)
      return fail('protocol', `The result of \`${route.tool}\` has no text at \`${route.result?.text ?? 'content'}\`.`);
  }
  const { text, usage, model, stopReason } = output;
  if (Buffer.byteLength(text) > answerBytes)
    return fail('too-large', `The answer is longer than ${answerBytes} bytes.`, usage);
  const limit = failureOfAnswerText(text);
  if (limit) throw new RouteError(limit, usage);
  if (model !== undefined && !sameModel(input.model, model)) {
    return fail('wrong-model', `${oneLine(model, 80)} answered instead of ${input.model}.`, usage);
  }
  // Some agents end as cancelled when the person said no.
  if (stopReason === 'cancelled' && !refused)
    return fail('error', `${route.server} gave up the call by itself.`, usage);
  if (text.trim() === '' && (output.edits ?? []).length === 0)
    return fail('empty', `${route.server} answered with nothing.`, usage);
  return output;
}

function usageIn(result: ToolResult): Usage | undefined {
  return askFailureSchema.safeParse(result.structured).data?.usage;
}

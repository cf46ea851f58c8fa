import type { AskOutput, Failure, HandedServer } from '../ask.ts';
import { isAbort, reasonOf } from '../errors.ts';
import { type Clock, RouteError } from '../ports.ts';
import { type Reservation, settled, tokensOfBytes, usdOf } from './budget.ts';
import type { CallSpec } from './callSpec.ts';
import type { AnswerKind } from './answers.ts';
import type { Held } from './controls.ts';
import type { Emit, Run } from './engine.ts';
import type { EventOf } from './events.ts';
import { permitsOf } from './permits.ts';
import { RunStopped } from './stopped.ts';
import type { Way } from './ways.ts';

/** What an attempt cost, as `call.*` events carry it. */
export interface Cost {
  readonly usage: EventOf<'call.ended'>['usage'];
  readonly usd: number | undefined;
  readonly estimated: boolean;
}

export type Made =
  | { readonly ok: true; readonly output: AskOutput; readonly cost: Cost }
  /** `cost` is undefined where the attempt never came to a model. */
  | { readonly ok: false; readonly failure: Failure; readonly cost: Cost | undefined };

/**
 * One attempt over one route, from its reservation to what it cost. Throws `RunStopped` when the budget does not hold it
 * and the signal's reason when the run ends; both are in the journal then as a failed attempt, if it had started.
 */
export async function oneAttempt<K extends AnswerKind>(
  run: Run,
  spec: CallSpec<K>,
  way: Way,
  ask: {
    attempt: number;
    text: string;
    session: string | undefined;
    heard: number;
    held: Held;
    servers: readonly HandedServer[] | undefined;
  },
  emit: Emit,
): Promise<Made> {
  const { ports, input, signal } = run;
  const { cast, key, phase, kind, access } = spec;
  const { limits } = input.team;
  const { attempt, text, session, heard: told, held, servers } = ask;
  const { server, agent } = way.route;
  const ref = { call: key, role: cast.role, phase };
  const promptBytes = bytesOf(text);
  let reservation: Reservation = run.budget.reserve({ call: key, attempt }, way.model, promptBytes, kind);
  const overspent = new AbortController();
  const longest = stopwatch(ports.clock, limits.callMinutes * 60_000);
  const asking = { call: key, attempt, role: cast.role, title: cast.title, phase, access };
  const permits = permitsOf(run, asking, (wait) => longest.pause(wait), emit);
  const word = held.signal;
  let started = false;
  let heard = 0;
  const failed = (failure: Failure, usage?: AskOutput['usage']): Made & { ok: false } => ({
    ok: false,
    failure,
    cost: usage || mayCost(failure, heard) ? costOf(way, usage, promptBytes, heard) : undefined,
  });
  const gaveUp = async (failure: Failure): Promise<void> => {
    if (!started) return;
    const { cost } = failed(failure);
    const at = { attempt, server, agent, model: way.name };
    await emit({ type: 'call.failed', ...ref, ...at, failure, estimated: false, ...cost });
  };
  try {
    if (word.aborted) return failed(held.failure());
    const cwd = await spec.cwd({ fresh: session === undefined, alone: way.route.unasked });
    await emit({
      type: 'call.started',
      ...ref,
      kind,
      title: spec.title,
      model: way.name,
      effort: way.effort,
      attempt,
      server,
      agent,
      id: way.id,
      promptBytes,
      reserved: { tokens: reservation.tokens, usd: reservation.usd },
      scripted: ports.models.scripted(server),
      session,
      heard: told,
      cwd,
    });
    started = true;
    ports.transcripts.prompt(key, attempt, text);
    const { budget } = run.state();
    const output = await ports.models.ask(
      way.route,
      {
        call: { run: input.run, key, role: cast.role, phase, kind, attempt },
        prompt: text,
        model: way.id,
        effort: way.effort,
        agent,
        cwd,
        access,
        paths: spec.paths && [...spec.paths],
        session,
        servers: servers && [...servers],
        // Without a budget in tokens or money an answer may be as long as it needs to be.
        maxOutputTokens: budget.tokens === undefined && budget.usd === undefined ? undefined : reservation.output,
      },
      {
        signal: AbortSignal.any([signal, overspent.signal, longest.signal, word]),
        silenceMs: limits.silenceSeconds * 1000,
        answerBytes: limits.answerBytes,
        onProgress(progress) {
          if (progress.kind === 'text' || progress.kind === 'thought') heard += bytesOf(progress.text);
          if (progress.kind === 'text') ports.transcripts.append(key, attempt, progress.text);
          const output = progress.kind === 'usage' ? (progress.usage.outputTokens ?? 0) : tokensOfBytes(heard);
          while (output > reservation.output && !overspent.signal.aborted) {
            const more = run.budget.extend(reservation, way.model);
            if (more) reservation = more;
            else overspent.abort();
          }
        },
        permit: (request) => permits.ask(request),
      },
    );
    if (output.text.trim() === '' && (output.edits?.length ?? 0) === 0)
      return failed({ kind: 'empty', message: `${server} gave an empty answer.` }, output.usage);
    return { ok: true, output, cost: costOf(way, output.usage, promptBytes, Math.max(heard, bytesOf(output.text))) };
  } catch (error) {
    if (signal.aborted) {
      await gaveUp({ kind: 'cancelled', message: 'The run was ended.' });
      throw signal.reason;
    }
    if (overspent.signal.aborted) {
      const message = `${cast.title}'s answer went past what the budget holds, and was cancelled.`;
      await gaveUp({ kind: 'budget', message });
      throw new RunStopped('spent', message, 'Go on with more: `orchestra resume --budget …`.');
    }
    if (word.aborted) return failed(held.failure());
    if (longest.signal.aborted)
      return failed({ kind: 'silence', message: `No end after ${limits.callMinutes} minutes.` });
    if (error instanceof RouteError) return failed(error.failure, error.usage);
    if (started && isAbort(error)) return failed({ kind: 'cancelled', message: reasonOf(error) });
    throw error;
  } finally {
    longest.cancel();
    await permits.end();
    run.budget.release(reservation);
    ports.transcripts.end(key, attempt);
  }
}

/** Before these no model has seen the prompt; nor, most likely, when a server goes away without a word. */
const unseen: ReadonlySet<Failure['kind']> = new Set([
  'not-installed',
  'not-signed-in',
  'not-approved',
  'rate-limit',
  'quota',
  'no-model',
  'no-session',
  'left-alone',
  'crash',
  'protocol',
]);

function mayCost({ kind }: Failure, heard: number): boolean {
  return heard > 0 || !unseen.has(kind);
}

function costOf(way: Way, reported: AskOutput['usage'], promptBytes: number, answerBytes: number): Cost {
  const { usage, estimated } = settled(reported, promptBytes, answerBytes);
  return { usage, usd: usdOf(usage, way.model), estimated };
}

/** A limit that stands still while somebody waits for the person. */
function stopwatch(
  clock: Clock,
  ms: number,
): { signal: AbortSignal; pause<T>(wait: () => Promise<T>): Promise<T>; cancel(): void } {
  const over = new AbortController();
  let left = ms;
  let since = 0;
  let waiting = 0;
  let ended = false;
  let timer: { signal: AbortSignal; cancel(): void } | undefined;
  const go = (): void => {
    since = clock.now();
    timer = clock.timeout(Math.max(0, left));
    timer.signal.addEventListener('abort', () => over.abort(), { once: true });
    if (timer.signal.aborted) over.abort();
  };
  go();
  return {
    signal: over.signal,
    async pause(wait) {
      if (waiting === 0) {
        timer?.cancel();
        left -= clock.now() - since;
      }
      waiting += 1;
      try {
        return await wait();
      } finally {
        waiting -= 1;
        if (waiting === 0 && !ended) go();
      }
    },
    cancel() {
      ended = true;
      timer?.cancel();
    },
  };
}

const encoder = new TextEncoder();
function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

import type { Access, AskOutput, AskPermission, Effort, Failure } from '../ask.ts';
import { isAbort, reasonOf } from '../errors.ts';
import { RouteError } from '../ports.ts';
import type { Cast, Model, Route } from '../team/file.ts';
import type { Answer, AnswerKind } from './answers.ts';
import { readAnswer } from './answerText.ts';
import { type Reservation, settled, tokensOfBytes, usdOf } from './budget.ts';
import type { Emit, Run } from './engine.ts';
import type { EventOf, Phase } from './events.ts';
import { policyOf } from './permission.ts';
import { RunStopped } from './stopped.ts';

export interface Session {
  readonly server: string;
  readonly id: string;
}

/** What code says of an answer. */
export interface Checked {
  readonly problem?: string | undefined;
  readonly work?: { commit: string; tree: string };
}

export interface CallSpec<K extends AnswerKind> {
  /** The step's key. */
  readonly key: string;
  readonly cast: Cast;
  readonly phase: Phase;
  readonly kind: K;
  /** What the role is doing, for people. */
  readonly title: string;
  /** Hashed; must not hold anything that depends on timing. */
  readonly inputs: unknown;
  /** Made when the call is really made; may read what has come in meanwhile. */
  readonly prompt: (emit: Emit) => Promise<string>;
  readonly access: Access;
  readonly paths?: readonly string[];
  /** Where the attempt works. Called once an attempt; a second attempt without session starts on a clean checkout. */
  readonly cwd: (attempt: { fresh: boolean }) => Promise<string>;
  /** A session of an earlier call to go on in, if the same route is taken again. */
  readonly session?: Session | undefined;
  /** What the schema cannot say. A problem is sent back once, like a schema's. `work`: a writer's commit. */
  readonly check?: (answer: Answer<K>, output: AskOutput) => Promise<Checked>;
  /** Without its answer the run cannot go on. */
  readonly required?: boolean;
}

export type CallResult<K extends AnswerKind> =
  | { readonly ok: true; readonly answer: Answer<K>; readonly event: EventOf<'call.ended'> }
  | { readonly ok: false; readonly failure: Failure; readonly event: EventOf<'call.ended'> };

/** One way of making the call: a model in a route, under one id. */
interface Way {
  readonly name: string;
  readonly model: Model;
  readonly effort: Effort | undefined;
  readonly route: Route;
  readonly id: string;
  readonly successorOf: string | undefined;
}

/** One prompt to one role, over its routes in order, as one step. Its failure is a value unless `required`. */
export async function call<K extends AnswerKind>(run: Run, spec: CallSpec<K>): Promise<CallResult<K>> {
  const event = await run.step(spec.key, 'call.ended', spec.inputs, async (emit) => {
    const ended = await overRoutes(run, spec, emit);
    if (!ended.ok && spec.required) {
      await emit({ type: 'call.ended', ...ended });
      throw new RunStopped(
        'failed',
        `${spec.cast.title} could not be had: ${ended.failure?.message ?? 'no answer'}`,
        'Mend it (see `orchestra doctor`), then `orchestra resume`.',
      );
    }
    return ended;
  });
  if (event.ok) return { ok: true, answer: event.answer as Answer<K>, event };
  return { ok: false, failure: event.failure ?? { kind: 'error', message: 'no answer' }, event };
}

/** The ways of a cast in order. A retired model is asked for by its declared successors only. */
function waysOf(run: Run, cast: Cast): Way[] {
  return cast.models.flatMap(({ model: name, effort }) => {
    const model = run.input.team.models[name];
    if (!model) return [];
    return model.routes
      .filter((route) => !route.off)
      .flatMap((route) =>
        route.ids
          .map((id, n): Way => ({ name, model, effort, route, id, successorOf: n === 0 ? undefined : name }))
          .filter((way) => model.retired === undefined || way.successorOf !== undefined),
      );
  });
}

type Ended = Omit<EventOf<'call.ended'>, 'type'>;

async function overRoutes<K extends AnswerKind>(run: Run, spec: CallSpec<K>, emit: Emit): Promise<Ended> {
  const { cast, key, phase, kind } = spec;
  const ref = { call: key, role: cast.role, phase };
  const started = run.ports.clock.now();
  const ways = preferred(waysOf(run, cast), spec.session);
  let left = ways.filter((way) => run.breaker.closed(way.route) === undefined);
  // All are left alone: better a trial than no call at all.
  if (left.length === 0) left = ways;
  let attempt = run.state().calls[key]?.attempt ?? 0;
  let last: Failure = {
    kind: 'not-installed',
    message: `No route leads to ${cast.models.map((m) => m.model).join(', ')}.`,
  };
  const prompt = await spec.prompt(emit);

  while (left.length > 0) {
    const way = left[0] as Way;
    let problem: string | undefined;
    // Session and workspace go on together, or both start anew: after a crash, and on another route, anew.
    let session = attempt === 0 && spec.session?.server === way.route.server ? spec.session.id : undefined;
    for (let round = 0; round < 2; round++) {
      attempt += 1;
      const text =
        problem === undefined
          ? prompt
          : `${prompt}\n\nYour last answer could not be used. ${problem}\nAnswer again, whole, in the form asked for.`;
      const made = await oneAttempt(run, spec, way, { attempt, text, session }, emit);
      if (made.ok) {
        run.breaker.worked(way.route);
        const { result } = made;
        if ('problem' in result) {
          if (round === 0) {
            await emit({ type: 'call.sent-back', ...ref, attempt, problem: result.problem, ...made.cost });
            problem = result.problem;
            session = made.output.session;
            continue;
          }
          last = { kind: 'bad-answer', message: `Its answer could not be used, twice. ${result.problem}` };
        } else {
          return {
            ...ref,
            kind,
            ok: true,
            answer: result.answer,
            model: way.name,
            server: way.route.server,
            id: made.output.model ?? way.id,
            successorOf: way.successorOf,
            session: made.output.session,
            ...made.cost,
            ms: run.ports.clock.now() - started,
            scripted: run.ports.models.scripted(way.route.server),
            work: result.work,
          };
        }
      } else last = made.failure;
      run.breaker.failed(way.route, last);
      left = left
        .slice(1)
        .filter(
          (w) =>
            (last.kind === 'no-model' || last.kind === 'wrong-model' || w.route !== way.route) &&
            run.breaker.closed(w.route) === undefined,
        );
      const next = left[0];
      const usage = made.ok ? made.cost.usage : made.usage;
      await emit({
        type: 'call.failed',
        ...ref,
        attempt,
        server: way.route.server,
        model: way.name,
        failure: last,
        usage,
        estimated: true,
        next: next && { model: next.name, server: next.route.server, id: next.id },
      });
      break;
    }
  }
  return {
    ...ref,
    kind,
    ok: false,
    failure: last,
    usage: {},
    estimated: false,
    ms: run.ports.clock.now() - started,
    scripted: false,
  };
}

/** The route that holds the session comes first: its context need not be sent twice. */
function preferred(ways: Way[], session: Session | undefined): Way[] {
  if (!session) return ways;
  return [
    ...ways.filter((w) => w.route.server === session.server),
    ...ways.filter((w) => w.route.server !== session.server),
  ];
}

interface Cost {
  usage: EventOf<'call.ended'>['usage'];
  usd: number | undefined;
  estimated: boolean;
}
type Made<K extends AnswerKind> =
  | {
      ok: true;
      output: AskOutput;
      cost: Cost;
      result: { problem: string } | { answer: Answer<K>; work?: { commit: string; tree: string } | undefined };
    }
  | { ok: false; failure: Failure; usage: EventOf<'call.ended'>['usage'] | undefined };

async function oneAttempt<K extends AnswerKind>(
  run: Run,
  spec: CallSpec<K>,
  way: Way,
  ask: { attempt: number; text: string; session: string | undefined },
  emit: Emit,
): Promise<Made<K>> {
  const { ports, input, signal } = run;
  const { cast, key, phase, kind } = spec;
  const { limits } = input.team;
  const promptBytes = bytesOf(ask.text);
  let reservation: Reservation = run.budget.reserve(way.model, promptBytes, kind);
  const overspent = new AbortController();
  const longest = ports.clock.timeout(limits.callMinutes * 60_000);
  try {
    const cwd = await spec.cwd({ fresh: ask.session === undefined });
    await emit({
      type: 'call.started',
      call: key,
      role: cast.role,
      phase,
      kind,
      title: spec.title,
      model: way.name,
      effort: way.effort,
      attempt: ask.attempt,
      server: way.route.server,
      id: way.id,
      promptBytes,
      reserved: { tokens: reservation.tokens, usd: reservation.usd },
      scripted: ports.models.scripted(way.route.server),
      session: ask.session,
    });
    run.budget.started(reservation);
    let heard = 0;
    const output = await ports.models.ask(
      way.route,
      {
        call: { run: input.run, key, role: cast.role, phase, kind, attempt: ask.attempt },
        prompt: ask.text,
        model: way.id,
        effort: way.effort,
        agent: way.route.agent,
        cwd,
        access: spec.access,
        paths: spec.paths && [...spec.paths],
        session: ask.session,
        maxOutputTokens: reservation.output,
      },
      {
        signal: AbortSignal.any([signal, overspent.signal, longest.signal]),
        silenceMs: limits.silenceSeconds * 1000,
        answerBytes: limits.answerBytes,
        onProgress(progress) {
          if (progress.kind === 'text' || progress.kind === 'thought') {
            heard += bytesOf(progress.text);
            if (progress.kind === 'text') ports.transcripts.append(key, ask.attempt, progress.text);
          }
          const output = progress.kind === 'usage' ? (progress.usage.outputTokens ?? 0) : tokensOfBytes(heard);
          if (output <= reservation.output) return;
          const more = run.budget.extend(reservation, way.model);
          if (more) reservation = more;
          else overspent.abort();
        },
        permit: (request) => permit(run, spec, request, emit),
      },
    );
    if (output.text.trim() === '' && (output.edits?.length ?? 0) === 0)
      throw new RouteError({ kind: 'empty', message: `${way.route.server} gave an empty answer.` }, output.usage);
    const cost = costOf(way, output.usage, promptBytes, bytesOf(output.text));
    return { ok: true, output, cost, result: await resultOf(spec, output) };
  } catch (error) {
    if (overspent.signal.aborted && !signal.aborted) {
      throw new RunStopped(
        'spent',
        `${cast.title}'s answer went past what the budget holds, and was cancelled.`,
        'Go on with more: `orchestra resume --budget …`.',
      );
    }
    if (longest.signal.aborted && !signal.aborted) {
      return {
        ok: false,
        usage: undefined,
        failure: { kind: 'silence', message: `No end after ${limits.callMinutes} minutes.` },
      };
    }
    if (error instanceof RouteError) return { ok: false, failure: error.failure, usage: error.usage };
    if (signal.aborted) throw signal.reason;
    if (isAbort(error))
      return { ok: false, usage: undefined, failure: { kind: 'cancelled', message: reasonOf(error) } };
    throw error;
  } finally {
    longest.cancel();
    run.budget.release(reservation);
    ports.transcripts.end(key, ask.attempt);
  }
}

async function resultOf<K extends AnswerKind>(
  spec: CallSpec<K>,
  output: AskOutput,
): Promise<{ problem: string } | { answer: Answer<K>; work?: { commit: string; tree: string } | undefined }> {
  const read = readAnswer(spec.kind, output.text);
  if ('problem' in read) return read;
  const { problem, work }: Checked = (await spec.check?.(read.answer, output)) ?? {};
  return problem === undefined ? { answer: read.answer, work } : { problem };
}

function costOf(way: Way, reported: AskOutput['usage'], promptBytes: number, answerBytes: number): Cost {
  const { usage, estimated } = settled(reported, promptBytes, answerBytes);
  return { usage, usd: usdOf(usage, way.model), estimated };
}

async function permit<K extends AnswerKind>(
  run: Run,
  spec: CallSpec<K>,
  request: AskPermission,
  emit: Emit,
): Promise<'once' | 'run' | 'no'> {
  const policy = policyOf(request, spec.access, run.input.team, run.state().allowed);
  if (policy !== 'ask') return policy === 'pass' ? 'once' : 'no';
  const ref = { call: spec.key, role: spec.cast.role, phase: spec.phase };
  const id = run.ports.hash(`${spec.key} ${run.state().seq} ${request.detail}`).slice(0, 12);
  await emit({
    type: 'permission.asked',
    ...ref,
    id,
    kind: request.kind,
    title: request.title,
    detail: request.detail,
  });
  const said = await run.ports.person.permit({ ...request, role: spec.cast.title, call: spec.key }, run.signal);
  const answer = said === 'nobody' ? 'no' : said;
  await emit({
    type: 'permission.answered',
    ...ref,
    id,
    answer,
    by: said === 'nobody' ? 'nobody there to ask' : run.ports.person.name,
  });
  return answer;
}

const encoder = new TextEncoder();
function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

import type { AskOutput, Failure } from '../ask.ts';
import { UserError } from '../errors.ts';
import type { Cast } from '../team/file.ts';
import type { Answer, AnswerKind } from './answers.ts';
import { readAnswer } from './answerText.ts';
import { type Cost, oneAttempt } from './attempt.ts';
import type { CallSpec, Checked } from './callSpec.ts';
import type { Emit, Run } from './engine.ts';
import type { EventOf } from './events.ts';
import { RunStopped } from './stopped.ts';
import { routeName } from './control.ts';
import { opened, type Session, type Way, waysAfter, waysOf } from './ways.ts';

export type CallResult<K extends AnswerKind> =
  | { readonly ok: true; readonly answer: Answer<K>; readonly event: EventOf<'call.ended'> }
  | { readonly ok: false; readonly failure: Failure; readonly event: EventOf<'call.ended'> };

/** One prompt to one role, over its routes in order, as one step. Its failure is a value unless `required`. */
export async function call<K extends AnswerKind>(run: Run, spec: CallSpec<K>): Promise<CallResult<K>> {
  const event = await run.step(spec.key, 'call.ended', spec.inputs, async (emit) => {
    const ended = await overRoutes(run, spec, emit);
    if (!ended.ok && spec.required) {
      await emit({ type: 'call.ended', ...ended });
      if (ended.failure?.kind === 'person')
        throw new RunStopped(
          'stopped',
          `${spec.cast.title} is needed, and was stopped: ${ended.failure.message}`,
          'Go on with `orchestra resume`.',
        );
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

type Ended = Omit<EventOf<'call.ended'>, 'type'>;

async function overRoutes<K extends AnswerKind>(run: Run, spec: CallSpec<K>, emit: Emit): Promise<Ended> {
  const { cast, key, phase, kind } = spec;
  const ref = { call: key, role: cast.role, phase };
  const started = run.ports.clock.now();
  let left = waysOf(run.input.team, cast, spec.session).filter((way) => !isLeft(run, way));
  let at: Way | undefined;
  // What is left alone comes last: better a trial than no answer at all.
  const nextWay = (): Way | undefined => left.find((w) => run.breaker.closed(w.route) === undefined) ?? left[0];
  // At once, so that no other call takes the trial of a broken route meanwhile.
  const taken = (way: Way | undefined): Way | undefined => {
    if (way) run.breaker.tried(way.route);
    return way;
  };
  let attempt = run.state().calls[key]?.attempt ?? 0;
  let last = noWay(run, cast, spec.session);
  const held = run.controls.hold(key, () => at !== undefined && waysAfter(left, at, { kind: 'person' }).length > 0);
  try {
    // Before the prompt is made: what comes meanwhile is told once more rather than never.
    const heard = run.state().messages.at(-1)?.seq ?? 0;
    const prompt = await spec.prompt(emit);
    await tellSkipped(run, cast, left[0], nextWay());
    at = taken(nextWay());
    while (at) {
      const way: Way = at;
      let problem: string | undefined;
      // Session and workspace go on together, or both start anew: after a crash, and on another route, anew.
      let session = attempt === 0 && spec.session && opened(spec.session, way) ? spec.session.id : undefined;
      let cost: Cost | undefined;
      for (let round = 0; round < 2; round++) {
        attempt += 1;
        const text =
          problem === undefined
            ? prompt
            : `${prompt}\n\nYour last answer could not be used. ${problem}\nAnswer again, whole, in the form asked for.`;
        const made = await oneAttempt(run, spec, way, { attempt, text, session, heard, held }, emit);
        ({ cost } = made);
        if (!made.ok) {
          last = made.failure;
          break;
        }
        run.breaker.worked(way.route);
        const result = await resultOf(spec, made.output);
        if (!('problem' in result)) {
          return {
            ...ref,
            kind,
            ok: true,
            answer: withoutEdits(result.answer),
            model: way.name,
            server: way.route.server,
            agent: way.route.agent,
            id: made.output.model ?? way.id,
            successorOf: way.successorOf,
            session: made.output.session,
            ...made.cost,
            ms: run.ports.clock.now() - started,
            scripted: run.ports.models.scripted(way.route.server),
            work: result.work,
          };
        }
        last = { kind: 'bad-answer', message: `Its answer could not be used, twice. ${result.problem}` };
        if (round > 0) break;
        await emit({ type: 'call.sent-back', ...ref, attempt, problem: result.problem, ...made.cost });
        ({ problem } = result);
        ({ session } = made.output);
      }
      run.breaker.failed(way.route, last);
      const word = last.kind === 'person' ? held.take() : undefined;
      if (word === 'stop') left = [];
      // Only the first attempt goes on in a session; without it the same way is tried once more.
      else if (word !== 'retry' && (last.kind !== 'no-session' || attempt > 1 || !spec.session))
        left = waysAfter(left, way, last).filter((w) => !isLeft(run, w));
      at = taken(word === 'retry' ? way : nextWay());
      await emit({
        type: 'call.failed',
        ...ref,
        attempt,
        server: way.route.server,
        agent: way.route.agent,
        model: way.name,
        failure: last,
        ...(cost ?? { estimated: false }),
        next: at && { model: at.name, server: at.route.server, agent: at.route.agent, id: at.id },
      });
    }
    const ms = run.ports.clock.now() - started;
    return { ...ref, kind, ok: false, failure: last, usage: {}, estimated: false, ms, scripted: false };
  } finally {
    held.end();
  }
}

/** True for a route that the person said to stay off. */
function isLeft(run: Run, { route }: Way): boolean {
  return run.state().left.some((one) => one.server === route.server && one.agent === route.agent);
}

/** Why a call fails before anybody is asked. */
function noWay(run: Run, cast: Cast, session: Session | undefined): Failure {
  const [way] = waysOf(run.input.team, cast, session);
  const off = way && run.state().left.find((one) => one.server === way.route.server && one.agent === way.route.agent);
  if (off)
    return { kind: 'left-alone', message: `${off.by} said to stay off ${routeName(off)}, and no other route is left.` };
  const names = cast.models.map((m) => m.model).join(', ');
  return { kind: 'not-installed', message: `No route leads to ${names}.` };
}

/** A move to another way is always told, also when it is made before the first attempt. */
async function tellSkipped(run: Run, cast: Cast, first: Way | undefined, taken: Way | undefined): Promise<void> {
  if (!first || !taken || first === taken) return;
  const name = (way: Way): string => `${way.model.title} over ${way.route.server}`;
  const why = run.breaker.closed(first.route) ?? '';
  await run.note(
    'info',
    `${cast.title}: ${name(first)} is left alone for now (${why}), so ${name(taken)} is asked.`,
    cast.role,
  );
}

/** Edits are in the commit; the journal keeps what was said. */
function withoutEdits(answer: object): object {
  const { edits: _, ...rest } = answer as { edits?: unknown };
  return rest;
}

/** What a writer left in its folder, or wants written there, and what nobody can take: its own fault, and its to mend. */
const unusable: ReadonlySet<string> = new Set(['bad-path', 'workspace-files']);

async function resultOf<K extends AnswerKind>(
  spec: CallSpec<K>,
  output: AskOutput,
): Promise<{ problem: string } | { answer: Answer<K>; work?: { commit: string; tree: string } | undefined }> {
  const read = readAnswer(spec.kind, output.text);
  if ('problem' in read) return read;
  try {
    const { problem, work }: Checked = (await spec.check?.(read.answer, output)) ?? {};
    return problem === undefined ? { answer: read.answer, work } : { problem };
  } catch (error) {
    if (error instanceof UserError && unusable.has(error.code)) return { problem: error.message };
    throw error;
  }
}

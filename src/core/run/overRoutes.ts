import type { AskOutput, Failure } from '../ask.ts';
import { UserError } from '../errors.ts';
import type { Answer, AnswerKind } from './answers.ts';
import { readAnswer } from './answerText.ts';
import { type Cost, oneAttempt } from './attempt.ts';
import type { CallSpec, Checked } from './callSpec.ts';
import { conversationOf } from './conversation.ts';
import type { Emit, Run } from './engine.ts';
import type { EventOf } from './events.ts';
import type { CallState } from './state.ts';
import { type Turn, waitFor, type Ways, waysFor } from './turns.ts';
import { opened, type Session, sessionKey, sessionOf, type Way } from './ways.ts';

type Ended = Omit<EventOf<'call.ended'>, 'type'>;

/** How one way went. */
type Went =
  | { readonly ended: Ended }
  | { readonly failure: Failure; readonly cost: Cost | undefined; readonly inSession: boolean };

/** One call over its routes in order, each with the same contract, until an answer is had or no way is left. */
export async function overRoutes<K extends AnswerKind>(run: Run, spec: CallSpec<K>, emit: Emit): Promise<Ended> {
  const { cast, key, phase, kind } = spec;
  const ref = { call: key, role: cast.role, phase };
  const started = run.ports.clock.now();
  const session = spec.session ?? (await sessionOfRole(run, spec));
  const ways = waysFor(run, cast, session);
  const attempts = { made: run.state().calls[key]?.attempt ?? 0, here: 0 };
  let last: Failure | undefined;
  let anew = false;
  const held = run.controls.hold(key, () => ways.canMove());
  try {
    // Before the prompt is made: what comes meanwhile is told once more rather than never.
    const heard = run.state().messages.at(-1)?.seq ?? 0;
    const prompt = await spec.prompt(emit);
    let turn: Turn | undefined = await ways.first();
    while (turn) {
      if (turn.rest) {
        await waitFor(run, spec, turn, held, emit);
        if (held.signal.aborted) last = held.failure();
        turn = await ways.afterWait(held.take());
        continue;
      }
      const { way } = turn;
      const went: Went = await alongWay(
        run,
        spec,
        { way, session, prompt, heard, started, attempts, held, ways },
        emit,
      );
      if ('ended' in went) return went.ended;
      last = went.failure;
      // Without its session the same way is tried once more.
      const again: boolean = last.kind === 'no-session' && went.inSession && !anew;
      anew ||= again;
      const next: Turn | undefined = await ways.afterFailure(last, held.take(), again);
      await emit({
        type: 'call.failed',
        ...ref,
        attempt: attempts.made,
        server: way.route.server,
        agent: way.route.agent,
        model: way.name,
        failure: last,
        ...(went.cost ?? { estimated: false }),
        next: next && placeOf(next.way),
      });
      turn = next;
    }
    const ms = run.ports.clock.now() - started;
    return { ...ref, kind, ok: false, failure: last ?? ways.none(), usage: {}, estimated: false, ms, scripted: false };
  } finally {
    held.end();
    ways.end();
  }
}

const placeOf = ({ name: model, route: { server, agent }, id }: Way): NonNullable<EventOf<'call.failed'>['next']> => ({
  model,
  server,
  agent,
  id,
});

interface Along {
  readonly way: Way;
  readonly session: Session | undefined;
  readonly prompt: string;
  /** The number of the last message on the bus when it was made. */
  readonly heard: number;
  /** When the call began. */
  readonly started: number;
  /** Attempts of the call, over all processes and in this one; counted up here. */
  readonly attempts: { made: number; here: number };
  readonly held: ReturnType<Run['controls']['hold']>;
  readonly ways: Ways;
}

/** One way: an attempt, and where its answer cannot be used one more that is told so. */
async function alongWay<K extends AnswerKind>(
  run: Run,
  spec: CallSpec<K>,
  { way, session: wanted, prompt, heard, started, attempts, held, ways }: Along,
  emit: Emit,
): Promise<Went> {
  const { cast, key, phase, kind } = spec;
  const ref = { call: key, role: cast.role, phase };
  const goesOn =
    wanted !== undefined && opened(wanted, way) && mayGoOn(spec, attempts) && !run.sessions.has(sessionKey(wanted));
  const claimed = goesOn ? sessionKey(wanted) : undefined;
  if (claimed !== undefined) run.sessions.add(claimed);
  // Other tools know nothing of servers that are handed on, and whoever runs them need not see what proves a sender.
  const bus =
    way.route.arguments === undefined
      ? await run.ports.bus.hand({ call: key, attempt: attempts.made + 1, role: cast.role, heard, session: claimed })
      : undefined;
  let later: string | undefined;
  const refused = new Set<string>();
  try {
    let first = goesOn ? prompt : await withConversation(run, spec, { prompt, attempts: attempts.made }, emit);
    let session = goesOn ? wanted.id : undefined;
    let problem: string | undefined;
    for (let round = 0; ; round++) {
      attempts.made += 1;
      attempts.here += 1;
      const text =
        problem === undefined
          ? first
          : `${first}\n\nYour last answer could not be used. ${problem}\nAnswer again, whole, in the form asked for.`;
      const made = await oneAttempt(
        run,
        spec,
        way,
        { attempt: attempts.made, text, session, heard, held, servers: bus?.servers },
        emit,
      );
      if (!made.ok && made.failure.kind === 'no-session' && round > 0 && session !== undefined) {
        // The session is lost, not the answer: told all that was said, the same model can mend it.
        const at = { attempt: attempts.made, server: way.route.server, agent: way.route.agent, model: way.name };
        const cost = made.cost ?? { estimated: false };
        await emit({ type: 'call.failed', ...ref, ...at, failure: made.failure, ...cost, next: placeOf(way) });
        first = await withConversation(run, spec, { prompt, attempts: attempts.made }, emit);
        session = undefined;
        round -= 1;
        continue;
      }
      if (!made.ok) return { ...made, inSession: session !== undefined };
      ways.worked();
      for (const one of made.output.refused ?? []) refused.add(one);
      const result = await resultOf(spec, made.output);
      if (!('problem' in result)) {
        const ended: Ended = {
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
          ...(refused.size > 0 && { refused: [...refused] }),
          ...made.cost,
          ms: run.ports.clock.now() - started,
          scripted: run.ports.models.scripted(way.route.server),
          work: result.work,
        };
        const here = sessionOf(ended);
        later = here && sessionKey(here);
        return { ended };
      }
      if (round > 0) {
        const message = `Its answer could not be used, twice. ${result.problem}`;
        return { failure: { kind: 'bad-answer', message }, cost: made.cost, inSession: false };
      }
      await emit({ type: 'call.sent-back', ...ref, attempt: attempts.made, problem: result.problem, ...made.cost });
      ({ problem } = result);
      ({ session } = made.output);
    }
  } finally {
    await bus?.end(later);
    if (claimed !== undefined) run.sessions.delete(claimed);
  }
}

/**
 * Session and workspace go on together, or both start anew: a writer that was cut off, by a crash or on another route, starts
 * anew. Who only reads has nothing to lose by a crash.
 */
function mayGoOn(spec: { readonly access: string }, { made, here }: { made: number; here: number }): boolean {
  return here === 0 && (made === 0 || spec.access === 'read');
}

/** The prompt for a model that did not hold the conversation: with what was said of it, where there is any. */
async function withConversation<K extends AnswerKind>(
  run: Run,
  spec: CallSpec<K>,
  { prompt, attempts }: { prompt: string; attempts: number },
  emit: Emit,
): Promise<string> {
  // A route without sessions never leaned on one: its prompts say all that is needed.
  const held = heldBy(run, spec.cast.role);
  const calls = spec.session ? held.filter((c) => c.session === spec.session?.id) : held;
  if (calls.length === 0 && attempts === 0) return prompt;
  const now = { call: spec.key, attempts, writes: spec.access === 'write' };
  const before = await conversationOf(run, calls, now);
  return before ? spec.prompt(emit, before) : prompt;
}

/**
 * The session in which a role was heard last in the same folder. A writer's folder must be as that call left it: what another one
 * left there when it failed is nothing to go on with.
 */
async function sessionOfRole<K extends AnswerKind>(run: Run, spec: CallSpec<K>): Promise<Session | undefined> {
  const { cast, access, goesOn = access === 'read' } = spec;
  const before = goesOn ? heldBy(run, cast.role) : [];
  if (before.length === 0) return undefined;
  const cwd = await spec.cwd({ fresh: false });
  const last = before.findLast((call) => call.cwd === cwd);
  if (last?.session === undefined) return undefined;
  const since = (call: CallState): boolean => call.attemptAt !== undefined && call.attemptAt >= (last.endedAt ?? '');
  const calls = Object.values(run.state().calls);
  if (access === 'write' && calls.some((c) => c.cwd === cwd && c !== last && since(c))) return undefined;
  return { model: last.model, server: last.server, agent: last.agent, id: last.session };
}

/** Calls of a role that were answered in a session, in the order of their ends. */
function heldBy(run: Run, role: string): CallState[] {
  return Object.values(run.state().calls)
    .filter((call) => call.role === role && call.state === 'done' && call.session !== undefined)
    .toSorted((a, b) => ((a.endedAt ?? '') < (b.endedAt ?? '') ? -1 : 1));
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

import { z } from 'zod';
import type { GateVerdict } from '../change/change.ts';
import type { Cast } from '../team/file.ts';
import { type Amendment, amendmentSchema } from '../run/amendments.ts';
import type { AnswerKind } from '../run/answers.ts';
import type { Emit, Run } from '../run/engine.ts';
import type { EventOf, Phase } from '../run/events.ts';
import { memorySections } from './memories.ts';
import { newsFor } from './news.ts';
import { promptOf, type Section } from '../run/prompts.ts';
import type { CallState } from '../run/state.ts';
import { RunStopped } from '../run/stopped.ts';

/**
 * Runs one phase between its two events. `work` gives the one line that sums it up. The key of a step that is no call
 * ends with `#` and its name, so that no role or item can have the same.
 */
export async function phase(run: Run, name: Phase, work: () => Promise<string>): Promise<void> {
  await run.step(`${name}#begin`, 'phase.started', null, async () => ({ phase: name }));
  const summary = await work();
  await run.step(`${name}#end`, 'phase.ended', null, async () => ({ phase: name, summary }));
}

type Answered = EventOf<'stop.answered'>;

/** What an amendment makes of what is in force, or why it cannot be had. */
type Amending = { readonly problem: string } | Pick<Answered, 'team' | 'plan' | 'budget'>;

export interface Stop {
  readonly stop: 'team' | 'plan';
  /** About what is in force when it is asked. */
  readonly question: () => string;
  readonly amend: (amendment: Amendment) => Promise<Amending>;
}

/**
 * Asks the person; the run goes on only after *go*. What was not answered *go* is asked again on resume. An amendment is
 * journaled before anything else happens, and stands also when the process dies before *go*.
 */
export async function stopFor(run: Run, { stop, question, amend }: Stop): Promise<void> {
  await run.step(`stop/${stop}`, 'stop.answered', { stop }, (emit) =>
    run.pauseClock(async () => {
      const { person } = run.ports;
      for (let problem: string | undefined; ;) {
        await emit({ type: 'stop.asked', stop, question: question() });
        const asked = { stop, question: question(), ...(problem !== undefined && { problem }) };
        const given = await person.decide(asked, run.signal);
        if (given === 'go') return { stop, answer: given, by: person.name };
        if (given === 'nobody')
          throw new RunStopped(
            'stopped',
            `It waits at the ${stop}: nobody is there to ask.`,
            'Go on in a terminal with `orchestra resume`, or pass stops with `--yes`.',
          );
        if (given === 'stop') {
          await emit({ type: 'stop.answered', stop, answer: given, by: person.name });
          throw new RunStopped('stopped', `You stopped it at the ${stop}.`, 'Go on with `orchestra resume`.');
        }
        const made = await amended(given.amend, amend);
        problem = 'problem' in made ? made.problem : undefined;
        if (!('problem' in made))
          await emit({ type: 'stop.answered', stop, answer: 'amended', by: person.name, amend: given.amend, ...made });
        if (given.answer === 'go' && problem === undefined) return { stop, answer: 'go', by: person.name };
      }
    }),
  );
}

/** A host's word is checked like any that comes from outside. */
async function amended(amendment: Amendment, amend: Stop['amend']): Promise<Amending> {
  const read = amendmentSchema.safeParse(amendment);
  return read.success ? amend(read.data) : { problem: z.prettifyError(read.error) };
}

/** Who answered where nobody did. */
export const nobody = 'nobody there to ask';

/** Asks for a held file, bound to its content. A yes is in the journal when this resolves; the answer itself is the caller's to journal. */
export async function approval(
  run: Run,
  emit: Emit,
  file: GateVerdict,
  diff: string,
): Promise<Omit<EventOf<'stop.answered'>, 'type'>> {
  const { person } = run.ports;
  const { path, content, reason } = file;
  const stop = `approve ${path}`;
  await emit({ type: 'stop.asked', stop, question: `Let ${path} through? ${reason ?? ''}`.trim() });
  const answer = await run.pauseClock(() => person.approve(file, diff, run.signal));
  if (answer === 'yes') await emit({ type: 'gate.approved', path, content, by: person.name });
  const by = answer === 'nobody' ? nobody : person.name;
  return { stop, answer: answer === 'yes' ? 'go' : 'stop', by };
}

/** True when the person let this file through with the content that it has. */
export function isApproved(run: Run, file: Pick<GateVerdict, 'path' | 'content'>): boolean {
  return run.state().approvals.some((a) => a.path === file.path && a.content === file.content);
}

export interface Post {
  readonly from: string;
  readonly to?: readonly string[];
  readonly kind: 'result' | 'review' | 'status' | 'decision' | 'handoff' | 'answer' | 'error';
  readonly subject: string;
  readonly body: string;
  /** The id of the message that it answers. */
  readonly re?: string;
}

/** Posts on the bus, once. */
export async function post(run: Run, key: string, message: Post): Promise<EventOf<'message.posted'>> {
  return run.step(`${key}#post`, 'message.posted', null, async () => ({
    seq: 0,
    memory: '',
    verified: true,
    ...message,
    to: [...(message.to ?? ['all'])],
  }));
}

/**
 * What the person said to this role, or to all, that no other call of it has told. Part of the call that it is for, and
 * still of it when it is made once more after a crash; a call that failed for good has told nobody.
 */
async function wordsFor(run: Run, key: string, role: string, emit: Emit): Promise<string[]> {
  const { said, taken, calls } = run.state();
  const mine = taken.filter((t) => t.role === role);
  const idsOf = (of: (call: string | undefined) => boolean): Set<string> =>
    new Set(mine.filter((t) => of(t.call)).flatMap((t) => t.ids));
  const lost = (call: CallState | undefined): boolean => call?.state === 'failed' && call.failure?.kind !== 'cancelled';
  const told = idsOf((call) => call !== key && (call === undefined || !lost(calls[call])));
  const here = idsOf((call) => call === key);
  const words = said.filter(
    (m) =>
      m.kind === 'say' &&
      (m.to === undefined || m.to === role) &&
      !told.has(m.id) &&
      (run.taking.get(`${role} ${m.id}`) ?? key) === key,
  );
  const ids = words.map((m) => m.id).filter((id) => !here.has(id));
  if (ids.length > 0) {
    for (const id of ids) run.taking.set(`${role} ${id}`, key);
    await emit({ type: 'inbox.taken', role, ids, call: key });
    for (const id of ids) run.taking.delete(`${role} ${id}`);
  }
  return words.map((m) => m.text);
}

export interface Wanted {
  readonly key: string;
  readonly cast: Cast;
  readonly kind: AnswerKind;
  readonly now: string;
  readonly sections?: readonly Section[];
  readonly memories?: readonly string[];
}

/** Makes the prompt of a call when the call is really made: what came in meanwhile is in it. */
export function prompter(run: Run, wanted: Wanted): (emit: Emit, before?: Section) => Promise<string> {
  return async (emit, before) => {
    const words = await wordsFor(run, wanted.key, wanted.cast.role, emit);
    const known = await memorySections(run, wanted.kind);
    const sections = [
      ...known,
      ...(before ? [before] : []),
      ...(wanted.sections ?? []),
      ...newsFor(run.state(), wanted.cast),
    ];
    if (words.length > 0)
      sections.push({ title: 'The person who gave the task says to you', text: words.join('\n\n') });
    return promptOf({
      cast: wanted.cast,
      brief: run.input.team.roles[wanted.cast.role]?.brief ?? '',
      task: run.state().task,
      kind: wanted.kind,
      now: wanted.now,
      sections: sections.map((s) => ({ title: s.title, text: run.ports.redact(s.text) })),
      memories: wanted.memories,
      heard: run.state().messages.at(-1)?.seq ?? 0,
      nonce: run.ports.hash(`${run.input.run} ${wanted.key} ${run.state().createdAt}`).slice(0, 10),
    });
  };
}

/** The cast with a duty, in the team's order. */
export function withDuty(run: Run, duty: Cast['duties'][number]): Cast[] {
  return run.state().cast.filter((c) => c.duties.includes(duty));
}

/** The orchestrator; without one a team file does not load. */
export function orchestrator(run: Run): Cast {
  const cast = withDuty(run, 'orchestrate')[0];
  if (!cast) throw new RunStopped('failed', 'The team has no orchestrator.');
  return cast;
}

/** A list for people: "a, b and c". */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

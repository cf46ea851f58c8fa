import { headOf } from '../bus/heads.ts';
import { messageId } from '../bus/names.ts';
import { oneLine } from '../bus/text.ts';
import { call } from '../run/call.ts';
import { lanes, type Run } from '../run/engine.ts';
import type { EventOf, Phase } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import type { Cast } from '../team/file.ts';
import { readingCheckout } from './checkout.ts';
import { listed, post, prompter } from './common.ts';
import { planText } from './plan.ts';

/**
 * Questions of roles to each other. They are posted without waiting; the engine asks the role when it has the next turn: what is open
 * then is taken by a step and asked in one call, whose answers are posted to those who asked. What is not asked stays on the board.
 */

type Posted = EventOf<'message.posted'>;

/** Questions to this role that nobody asked it and that it did not answer by itself. */
function openFor(run: Run, role: string): Posted[] {
  const { messages, questionsTaken } = run.state();
  const taken = new Set(questionsTaken.filter((t) => t.role === role).flatMap((t) => t.questions));
  return messages.filter(
    (m) =>
      m.kind === 'question' &&
      m.to.includes(role) &&
      m.from !== role &&
      !taken.has(m.seq) &&
      !run.asking.has(`${role} ${m.seq}`) &&
      !isAnswered(run.input.run, messages, m, role),
  );
}

function isAnswered(run: string, messages: RunState['messages'], question: Posted, role: string): boolean {
  const id = messageId(run, question.seq);
  return messages.some((m) => m.kind === 'answer' && m.re === id && m.from === role);
}

/** Questions that wait for an answer of a role, or of the person. */
export function openQuestions(run: string, { messages }: Pick<RunState, 'messages'>): Posted[] {
  return messages.filter(
    (m) =>
      m.kind === 'question' &&
      !m.to.every((to) => to === 'all') &&
      m.to.some((to) => to !== 'all' && !isAnswered(run, messages, m, to)) &&
      !messages.some((a) => a.from === 'person' && a.seq > m.seq && m.to.includes('person')),
  );
}

/** Asks this role what is open for it, as often as there is something; `key` is the path of the lane that it has a turn in. */
export async function answerOpen(
  run: Run,
  cast: Cast,
  of: { key: string; phase: Phase; commit: string },
): Promise<void> {
  for (let n = 1; ; n++) {
    const key = `${of.key}/answers/${n}`;
    if (!run.finished(`${key}#taken`) && !(await mayAsk(run, cast, of.phase))) return;
    const taken = await run.step(`${key}#taken`, 'questions.taken', null, async () => {
      const questions = openFor(run, cast.role)
        .map((m) => m.seq)
        .slice(0, leftOf(run));
      for (const seq of questions) run.asking.add(`${cast.role} ${seq}`);
      return { role: cast.role, questions };
    });
    // Another lane may have taken the last that may be asked; then the next look says so.
    if (taken.questions.length > 0) await ask(run, cast, key, of, taken.questions);
  }
}

/** What is still open when a phase has done its work, for all at once. */
export async function answerAll(run: Run, phase: Phase, commit: string): Promise<void> {
  await lanes(
    run.state().cast.map((cast) => () => answerOpen(run, cast, { key: `${phase}/${cast.role}`, phase, commit })),
  );
}

/** How many may still be asked in this run; what other lanes are about to ask is counted. */
function leftOf(run: Run): number {
  const taken = run.state().questionsTaken.flatMap((t) => t.questions.map((seq) => `${t.role} ${seq}`));
  return run.input.team.limits.questions - new Set([...taken, ...run.asking]).size;
}

/** Not in a phase that is over, not past the limit, and not with what the budget needs for the work itself. */
async function mayAsk(run: Run, cast: Cast, phase: Phase): Promise<boolean> {
  const open = openFor(run, cast.role);
  if (open.length === 0 || run.finished(`${phase}#end`)) return false;
  const { limits } = run.input.team;
  const { budget, spent, cast: team } = run.state();
  const why =
    leftOf(run) <= 0
      ? `${limits.questions} questions were asked, and that is the most`
      : budget.calls - spent.calls <= team.length
        ? 'what is left of the budget is for the work itself'
        : undefined;
  if (why === undefined) return true;
  await run.note(
    'info',
    `${cast.title} is not asked ${listed(open.map((m) => `question ${m.seq}`))}: ${why}.`,
    cast.role,
  );
  return false;
}

async function ask(
  run: Run,
  cast: Cast,
  key: string,
  of: { phase: Phase; commit: string },
  numbers: readonly number[],
): Promise<void> {
  const { messages, plan } = run.state();
  const questions = messages.filter((m) => numbers.includes(m.seq));
  const answered = await call(run, {
    key,
    cast,
    phase: of.phase,
    kind: 'replies',
    title: `answers ${listed([...new Set(questions.map((q) => q.from))])}`,
    inputs: { questions: questions.map((q) => [q.seq, q.body]) },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'replies',
      now: `others in the team ask you; answer ${listed(numbers.map((seq) => `#${seq}`))}, each in a few sentences, from what you know and can look up. Change nothing.`,
      sections: [
        ...(plan ? [{ title: 'The plan', text: planText(plan) }] : []),
        { title: 'The questions', text: questions.map((q) => `${headOf(q)}\n${q.body}`).join('\n\n') },
      ],
    }),
    access: 'read',
    // Where it reads the base for all else, so that it goes on in its session.
    cwd: ({ alone }) => readingCheckout(run, cast.role, of.commit, alone),
    check: async ({ answers }) => {
      const strange = answers.filter((a) => !numbers.includes(a.question)).map((a) => a.question);
      return { problem: strange.length > 0 ? `Nobody asked you ${listed(strange.map((s) => `#${s}`))}.` : undefined };
    },
  });
  if (!answered.ok) {
    await run.note('warning', `${cast.title} was asked and gave no answer: ${answered.failure.message}`, cast.role);
    return;
  }
  for (const question of questions) {
    const said = answered.answer.answers.find((a) => a.question === question.seq);
    if (!said) continue;
    await post(run, `${key}/${question.seq}`, {
      from: cast.role,
      to: [question.from],
      kind: 'answer',
      subject: `On: ${oneLine(question.subject, 150)}`,
      body: said.answer,
      re: messageId(run.input.run, question.seq),
    });
  }
}

import { oneLine } from '../bus/text.ts';
import { allowed } from '../change/paths.ts';
import type { Cast } from '../team/file.ts';
import type { Plan, Verdict } from '../run/answers.ts';
import { call, type CallResult } from '../run/call.ts';
import { readersIn, verifyCheckout } from './analysis.ts';
import { checkoutAt, cleanCheckout, prepared, readingCheckout, workOf } from './checkout.ts';
import { baseChecks, changeChecks, checksText } from './checks.ts';
import { listed, phase, post, prompter, withDuty } from './common.ts';
import { lanes, type Run } from '../run/engine.ts';
import type { EventOf, FileStat, HeldFinding } from '../run/events.ts';
import { type Job, jobsOf, planText } from './plan.ts';
import { answerAll, answerOpen } from './questions.ts';
import { rememberText, type Section } from '../run/prompts.ts';
import { redOf } from '../run/reds.ts';
import { statOf } from './stat.ts';
import { RunStopped } from '../run/stopped.ts';
import { type Session, sessionOf } from '../run/ways.ts';

/** Writers in workspaces of their own; reviewers say first what they will check, then judge each change as it lands. */
export async function implement(run: Run, base: EventOf<'base.taken'>, plan: Plan): Promise<void> {
  await phase(run, 'implementation', async () => {
    const jobs = jobsOf(plan);
    const red = baseChecks(run, base);
    const reviewers = run.state().size === 'one' ? [] : withDuty(run, 'review');
    const criteria = reviewers.map((cast) => criteriaOf(run, cast, base, plan));
    await lanes<unknown>([
      ...jobs.map((job) => () => writerLane(run, job, base, plan, { red, reviewers, criteria })),
      ...criteria.map((c) => () => c),
      () => red,
    ]);
    await answerAll(run, 'implementation', base.commit);
    await verifyCheckout(run, 'implementation', base, readersIn(run, 'implementation'));
    const { changes, failedChanges } = run.state();
    if (Object.keys(changes).length === 0) {
      const whys = failedChanges.map((f) => `${f.role}: ${f.why}`);
      throw new RunStopped(
        'failed',
        `No writer brought a change. ${[...new Set(whys)].join(' ')}`,
        'Mend it (see `orchestra doctor`), then `orchestra resume`.',
      );
    }
    return jobs.map((job) => wordOf(run, job)).join(', ');
  });
}

function wordOf(run: Run, job: Job): string {
  const { changes, checks } = run.state();
  const change = changes[job.change];
  if (!change) return `${job.change} missing`;
  const files = change.landed.files.length;
  return `${job.change} ${files} ${files === 1 ? 'file' : 'files'}${checks[`change:${job.change}`]?.green ? ' checked' : ''}`;
}

interface Shared {
  /** Names of checks that are red on the base. */
  readonly red: Promise<readonly string[]>;
  readonly reviewers: readonly Cast[];
  /** Undefined where a reviewer failed already. */
  readonly criteria: readonly Promise<readonly string[] | undefined>[];
}

async function criteriaOf(
  run: Run,
  cast: Cast,
  base: EventOf<'base.taken'>,
  plan: Plan,
): Promise<readonly string[] | undefined> {
  const key = `implementation/${cast.role}/criteria`;
  const answered = await call(run, {
    key,
    cast,
    phase: 'implementation',
    kind: 'criteria',
    title: 'says what it will check',
    inputs: { plan },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'criteria',
      now: 'the writers have begun. From the plan, say what you will check in each change.',
      sections: [{ title: 'The plan', text: planText(plan) }],
    }),
    access: 'read',
    cwd: ({ alone }) => readingCheckout(run, cast.role, base.commit, alone),
  });
  if (answered.ok) return answered.answer.criteria;
  await run.note('warning', `${cast.title} reviews nothing: ${answered.failure.message}`, cast.role);
  return undefined;
}

/** One writer's rounds: write, check, be judged, mend. Ends with the last change that landed. */
async function writerLane(run: Run, job: Job, base: EventOf<'base.taken'>, plan: Plan, shared: Shared): Promise<void> {
  const cast = run.state().cast.find((c) => c.role === job.role);
  if (!cast) return failed(run, job, 'Nobody in this role.');
  let session: Session | undefined;
  let at = base.commit;
  let feedback: Section[] = [];
  let judges = shared.reviewers;
  for (let round = 0; round <= run.input.team.limits.rounds; round++) {
    const written = await write(run, job, cast, base, plan, { round, at, session, feedback });
    if (!written.ok) {
      // A later round that fails leaves the change as it landed before.
      if (round === 0) await failed(run, job, written.failure.message);
      else await run.note('warning', `${cast.title} could not mend its change: ${written.failure.message}`, cast.role);
      return;
    }
    const landed = await land(run, job, base, written, round);
    if (!landed)
      return failed(
        run,
        job,
        `It changed nothing. ${written.answer.notDone.map((n) => `${n.item}: ${n.why}`).join(' ')}`.trim(),
      );
    at = landed.commit;
    session = sessionOf(written.event);
    const checks = await changeChecks(run, `change:${job.change}`, {
      key: `implementation/${job.change}/r${round}#checks`,
      base,
      landed,
      red: await shared.red,
    });
    const verdicts = await lanes(judges.map((judge) => () => judgeOf(run, judge, job, plan, landed, shared)));
    const open = verdicts.flatMap((v) => (v && v.verdict.verdict === 'needs-work' ? [v] : []));
    const redOnes = redOf(checks);
    if (open.length === 0 && redOnes.length === 0) return;
    if (round === run.input.team.limits.rounds) {
      for (const o of open) await run.note('warning', unsettled(o.title, job.change, o.verdict), o.role);
      if (redOnes.length > 0)
        await run.note('warning', `Red on ${job.change} after its last round: ${listed(redOnes.map((r) => r.name))}.`);
    }
    await answerOpen(run, cast, {
      key: `implementation/${job.change}/r${round}`,
      phase: 'implementation',
      commit: base.commit,
    });
    judges = judges.filter((j) => open.some((o) => o.role === j.role));
    feedback = [
      ...open.map((o) => ({ title: `${o.title} wants this mended`, text: verdictText(o.verdict) })),
      ...(redOnes.length > 0 ? [{ title: 'Checks that are red on your change', text: checksText(redOnes) }] : []),
    ];
  }
}

/** What a reviewer is left with when a change is merged without its consent. */
export function unsettled(title: string, change: string, verdict: Verdict): string {
  return `${title} still wants work on ${change}: ${oneLine(verdict.summary, 300)}`;
}

async function failed(run: Run, job: Job, why: string): Promise<void> {
  await run.step(`implementation/${job.change}#failed`, 'change.failed', null, async () => ({
    change: job.change,
    role: job.role,
    items: [...job.items],
    why,
  }));
}

interface Round {
  readonly round: number;
  /** The commit that the writer goes on from. */
  readonly at: string;
  readonly session: Session | undefined;
  readonly feedback: readonly Section[];
}

async function write(
  run: Run,
  job: Job,
  cast: Cast,
  base: EventOf<'base.taken'>,
  plan: Plan,
  round: Round,
): Promise<CallResult<'written'>> {
  const key = `implementation/${job.change}/r${round.round}`;
  const mine = plan.items.filter((item) => job.items.includes(item.id));
  const others = plan.items.filter((item) => !job.items.includes(item.id));
  const name = `write.${job.change}`;
  const alone = run.state().size === 'one';
  return call(run, {
    key,
    cast,
    phase: 'implementation',
    kind: 'written',
    title: round.round === 0 ? `writes ${listed(job.items)}` : `mends ${listed(job.items)}, round ${round.round}`,
    inputs: { items: mine, round: round.round, at: round.at },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'written',
      now: `${nowOf(job, round.round)}${alone ? ` You do this alone. ${rememberText}` : ''}`,
      sections: [
        {
          title: 'Your part of the plan',
          text: planText({ ...plan, items: mine, decisions: plan.decisions, leftOut: [], docs: [] }),
        },
        ...(others.length > 0
          ? [
              {
                title: 'What others do meanwhile',
                text: others.map((o) => `${o.id}: ${o.title} (${o.owners.join(', ')})`).join('\n'),
              },
            ]
          : []),
        ...findingsFor(run, mine),
        ...round.feedback,
      ],
      memories: run.state().messages.map((m) => m.memory),
    }),
    access: 'write',
    paths: job.paths,
    session: round.session,
    cwd: async ({ fresh }) =>
      prepared(run, await (fresh ? cleanCheckout(run, name, round.at) : checkoutAt(run, name, round.at))),
    check: async (answer, output) => ({
      work: await workOf(run, name, {
        message: `${job.change}, round ${round.round}`,
        at: round.at,
        edits: output.edits ?? answer.edits,
      }),
    }),
  });
}

function nowOf(job: Job, round: number): string {
  return round === 0
    ? `do ${listed(job.items)} of the plan in your working folder. You may write: ${job.paths.join(', ')}.${job.candidateFor === undefined ? '' : ' Another writer does the same item in its own way; the better one is taken.'}`
    : `mend your change in your working folder. You may write: ${job.paths.join(', ')}.`;
}

function findingsFor(run: Run, items: readonly Plan['items'][number][]): Section[] {
  const ids = new Set(items.flatMap((item) => item.findings));
  const found = run.state().findings.filter((f) => ids.has(f.id));
  return found.length > 0 ? [{ title: 'Findings that it rests on', text: found.map(findingLine).join('\n') }] : [];
}

function findingLine(f: HeldFinding): string {
  return `[${f.id}] ${f.claim}${f.suggestion === undefined ? '' : ` Suggestion: ${f.suggestion}`}`;
}

/** The writer's commit as a change; undefined when it changed nothing. */
async function land(
  run: Run,
  job: Job,
  base: EventOf<'base.taken'>,
  written: CallResult<'written'> & { ok: true },
  round: number,
): Promise<EventOf<'change.landed'> | undefined> {
  const { work } = written.event;
  if (!work || work.tree === base.tree) return undefined;
  const landed = await run.step(
    `implementation/${job.change}/r${round}#landed`,
    'change.landed',
    { commit: work.commit },
    async () => {
      const changes = await run.ports.workspaces.changes(base.tree, work.tree, run.signal);
      const files: FileStat[] = changes.map(statOf);
      return {
        change: job.change,
        role: job.role,
        items: [...job.items],
        paths: [...job.paths],
        round,
        commit: work.commit,
        tree: work.tree,
        files,
        outside: files.map((f) => f.path).filter((path) => !allowed(job.paths, path)),
        summary: written.answer.summary,
        notDone: written.answer.notDone,
      };
    },
  );
  const files = landed.files.map((f) => `- ${f.path} +${f.added} -${f.removed}`).join('\n');
  await post(run, `implementation/${job.change}/r${round}`, {
    from: job.role,
    kind: 'handoff',
    subject: `Change ${job.change}, round ${round}: ${landed.files.length} files`,
    body: `${landed.summary}\n\n${files}`,
  });
  return landed;
}

async function judgeOf(
  run: Run,
  cast: Cast,
  job: Job,
  plan: Plan,
  landed: EventOf<'change.landed'>,
  shared: Shared,
): Promise<{ role: string; title: string; verdict: Verdict } | undefined> {
  const criteria = await shared.criteria[shared.reviewers.indexOf(cast)];
  if (!criteria) return undefined;
  const key = `implementation/${job.change}/r${landed.round}/${cast.role}`;
  const base = run.state().base;
  const diff = run.finished(key) || !base ? '' : await run.ports.workspaces.diff(base.tree, landed.tree, run.signal);
  const answered = await call(run, {
    key,
    cast,
    phase: 'implementation',
    kind: 'verdict',
    title: `judges ${job.change}`,
    inputs: { commit: landed.commit, criteria },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'verdict',
      now: `judge the change "${job.change}", round ${landed.round}. Your working folder holds the project with the change in it. Change nothing.`,
      sections: [
        { title: 'The plan', text: planText(plan) },
        { title: 'Your criteria', text: criteria.map((c) => `- ${c}`).join('\n') },
        { title: 'What its writer says', text: landed.summary },
        { title: 'The change', text: cut(diff, 60_000) },
      ],
    }),
    access: 'read',
    // The same folder in each round: a reviewer goes on in its session.
    cwd: () => checkoutAt(run, `see.${job.change}`, landed.commit),
  });
  if (!answered.ok) {
    await run.note('warning', `${cast.title} did not judge ${job.change}: ${answered.failure.message}`, cast.role);
    return undefined;
  }
  const verdict = answered.answer;
  await run.step(`${key}#judged`, 'change.judged', null, async () => ({
    change: job.change,
    role: cast.role,
    round: landed.round,
    verdict,
  }));
  await post(run, key, {
    from: cast.role,
    to: [job.role],
    kind: 'review',
    subject: `${job.change}, round ${landed.round}: ${verdict.verdict}`,
    body: verdictText(verdict),
  });
  return { role: cast.role, title: cast.title, verdict };
}

function verdictText(verdict: Verdict): string {
  const lines = verdict.findings.map((f) => {
    const where = f.evidence
      .flatMap((e) => (e.kind === 'file' ? [`${e.path}${e.line === undefined ? '' : `:${e.line}`}`] : []))
      .join(', ');
    return `- ${f.severity}: ${f.claim}${where ? ` (${where})` : ''}${f.detail ? `\n  ${f.detail}` : ''}${f.suggestion === undefined ? '' : `\n  Suggestion: ${f.suggestion}`}`;
  });
  return [verdict.summary, ...lines].join('\n');
}

/** A text for a prompt, cut with a word of how much is missing. */
export function cut(text: string, limit: number): string {
  return text.length <= limit
    ? text
    : `${text.slice(0, limit)}\n… ${text.length - limit} more characters; the rest is in your working folder.`;
}

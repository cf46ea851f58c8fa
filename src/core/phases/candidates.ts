import type { Plan } from '../run/answers.ts';
import { call } from '../run/call.ts';
import { readingCheckout } from './checkout.ts';
import { checksText } from './checks.ts';
import { orchestrator, prompter } from './common.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { cut } from './implementation.ts';
import { jobsOf, planText } from './plan.ts';

type Landed = EventOf<'change.landed'>;

/** The changes that go into the merge, in the plan's order: of candidates for one item the checks choose, then a judge. */
export async function pickWinners(run: Run, base: EventOf<'base.taken'>, plan: Plan): Promise<Landed[]> {
  const { changes } = run.state();
  const landed = (change: string): Landed[] => (changes[change] ? [changes[change].landed] : []);
  const winners: Landed[] = [];
  for (const job of jobsOf(plan)) {
    if (job.candidateFor === undefined) winners.push(...landed(job.change));
    else if (!winners.some((w) => w.change.startsWith(`${job.candidateFor}.`))) {
      const rivals = jobsOf(plan)
        .filter((j) => j.candidateFor === job.candidateFor)
        .flatMap((j) => landed(j.change));
      if (rivals.length === 0) await run.note('warning', `Nobody brought a change for ${job.candidateFor}.`);
      else winners.push(await winnerOf(run, base, plan, job.candidateFor, rivals));
    }
  }
  return winners;
}

async function winnerOf(
  run: Run,
  base: EventOf<'base.taken'>,
  plan: Plan,
  item: string,
  rivals: readonly Landed[],
): Promise<Landed> {
  const judged = await run.step(
    `integration/candidates/${item}#winner`,
    'candidates.judged',
    { rivals: rivals.map((r) => r.commit) },
    async () => {
      const green = rivals.filter((r) => run.state().checks[`change:${r.change}`]?.green);
      const names = (winner: string): { item: string; winner: string; losers: string[] } => ({
        item,
        winner,
        losers: rivals.map((r) => r.change).filter((c) => c !== winner),
      });
      const only = rivals[0] as Landed;
      if (rivals.length === 1)
        return { ...names(only.change), by: 'only' as const, why: 'It is the only one that came.' };
      const best = green[0];
      if (green.length === 1 && best)
        return {
          ...names(best.change),
          by: 'checks' as const,
          why: 'Its checks are green; those of the others are not.',
        };
      const choice = await judge(run, base, plan, item, green.length > 1 ? green : rivals);
      return { ...names(choice.winner), by: 'judge' as const, why: choice.why };
    },
  );
  return rivals.find((r) => r.change === judged.winner) ?? (rivals[0] as Landed);
}

async function judge(
  run: Run,
  base: EventOf<'base.taken'>,
  plan: Plan,
  item: string,
  rivals: readonly Landed[],
): Promise<{ winner: string; why: string }> {
  const cast = orchestrator(run);
  const key = `integration/candidates/${item}/judge`;
  const sections = [
    {
      title: 'The item',
      text: planText({ ...plan, items: plan.items.filter((i) => i.id === item), docs: [], leftOut: [] }),
    },
  ];
  for (const rival of rivals) {
    const state = run.state().changes[rival.change];
    const verdicts =
      state?.verdicts
        .filter((v) => v.round === rival.round)
        .map((v) => `${v.role}: ${v.verdict.verdict}. ${v.verdict.summary}`) ?? [];
    const checks = checksText(
      (run.state().checks[`change:${rival.change}`]?.results ?? []).map((r) => ({ ...r, tail: '' })),
    );
    const diff = await run.ports.workspaces.diff(base.tree, rival.tree, run.signal);
    sections.push({
      title: `Candidate ${rival.change}`,
      text: [rival.summary, checks, ...verdicts, cut(diff, 40_000)].join('\n\n'),
    });
  }
  const answered = await call(run, {
    key,
    cast,
    phase: 'integration',
    kind: 'judgement',
    title: `chooses among ${rivals.length} candidates for ${item}`,
    inputs: { rivals: rivals.map((r) => r.commit) },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'judgement',
      now: `choose the better change for ${item}: ${rivals.map((r) => r.change).join(' or ')}.`,
      sections,
    }),
    access: 'read',
    cwd: ({ alone }) => readingCheckout(run, cast.role, base.commit, alone),
    required: true,
    check: async ({ winner }) => ({
      problem: rivals.some((r) => r.change === winner) ? undefined : `"${winner}" is none of the candidates.`,
    }),
  });
  return answered.ok ? answered.answer : { winner: (rivals[0] as Landed).change, why: 'No judgement.' };
}

import { findingsText, markedSection, verifyCheckout } from './analysis.ts';
import { call } from '../run/call.ts';
import { readingCheckout } from './checkout.ts';
import { listed, orchestrator, phase, post, prompter, stopFor, withDuty } from './common.ts';
import { amendPlan } from './amendPlan.ts';
import type { Plan } from '../run/answers.ts';
import { canonical, type Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { planProblems, planText } from './plan.ts';
import type { Section } from '../run/prompts.ts';

/** The orchestrator makes one plan of all findings; code checks it; the person may stop it. */
export async function synthesise(run: Run, base: EventOf<'base.taken'>): Promise<void> {
  await phase(run, 'synthesis', async () => {
    const cast = orchestrator(run);
    const key = `synthesis/${cast.role}`;
    const writers = withDuty(run, 'write').map((w) => w.role);
    const roles = run.state().cast.map((c) => c.role);
    const { findings } = run.state();
    const missing = withDuty(run, 'analyse')
      .filter((a) => run.state().summaries[a.role] === undefined)
      .map((a) => ({ role: a.role, why: run.state().calls[`analysis/${a.role}`]?.failure?.message ?? 'no answer' }));
    const answered = await call(run, {
      key,
      cast,
      phase: 'synthesis',
      kind: 'plan',
      title: 'makes one plan of all findings',
      inputs: { task: run.state().task, findings: findings.map((f) => [f.id, f.claim]) },
      prompt: prompter(run, {
        key,
        cast,
        kind: 'plan',
        now: `make one plan of these findings. Writers: ${listed(writers)}. Reviewers: ${listed(withDuty(run, 'review').map((r) => r.role)) || 'none'}.`,
        sections: sectionsOf(run, missing),
        memories: run.state().messages.map((m) => m.memory),
      }),
      access: 'read',
      cwd: ({ alone }) => readingCheckout(run, cast.role, base.commit, alone),
      required: true,
      check: async (plan) => {
        const problems = planProblems(plan, { findings, writers, roles });
        return { problem: problems.length > 0 ? problems.join('\n') : undefined };
      },
    });
    await verifyCheckout(run, 'synthesis', base, [cast]);
    if (!answered.ok) return 'no plan';
    const plan = answered.answer;
    const refuted = findings
      .filter((f) => f.check === 'refuted')
      .map((f) => `${f.id} was refuted and is in no item: ${f.problem}`);
    await run.step('plan', 'plan.made', null, async () => ({ plan, missing, notes: refuted }));
    await post(run, key, {
      from: cast.role,
      kind: 'decision',
      subject: `The plan: ${plan.items.length} items`,
      body: planText(plan),
    });
    const { stops } = run.input.team;
    if (stops.plan !== 'never')
      await stopFor(run, {
        stop: 'plan',
        question: () => `Go on with this plan of ${itemsOf(inForce(run))}?`,
        amend: async ({ plan: amendment, team }) => {
          if (team) return { problem: 'The team is at work already; it cannot be changed here.' };
          if (!amendment) return {};
          return amendPlan(inForce(run), amendment, { findings, writers, roles }, run.ports.person.name);
        },
      });
    const now = inForce(run);
    if (canonical(now) !== canonical(plan))
      await post(run, `${key}/amended`, {
        from: cast.role,
        kind: 'decision',
        subject: `The plan as the person amended it: ${itemsOf(now)}`,
        body: planText(now),
      });
    const dissent = now.items.reduce((n, item) => n + item.dissent.length, 0);
    return `${itemsOf(now)}${dissent > 0 ? `, ${dissent} dissent` : ''}`;
  });
}

/** The plan as made, or as the person amended it. */
const inForce = (run: Run): Plan => run.state().plan as Plan;

const itemsOf = (plan: Plan): string => `${plan.items.length} ${plan.items.length === 1 ? 'item' : 'items'}`;

function sectionsOf(run: Run, missing: readonly { role: string; why: string }[]): Section[] {
  const { cast, findings, summaries } = run.state();
  const heard = cast
    .filter((c) => summaries[c.role] !== undefined)
    .map((c) => ({
      title: `Findings of ${c.title} (${c.role})`,
      text: findingsText(
        summaries[c.role] ?? '',
        findings.filter((f) => f.role === c.role),
      ),
    }));
  const silent = missing.map((m) => `${m.role}: ${m.why}`);
  const gap = silent.length > 0 ? [{ title: 'Missing, and why', text: silent.join('\n') }] : [];
  return [...heard, ...gap, ...markedSection(run)];
}

import { z } from 'zod';
import type { PlanAmendment } from '../run/amendments.ts';
import { type Plan, planSchema } from '../run/answers.ts';
import { type PlanContext, planProblems } from './plan.ts';

/**
 * The plan as the person wants it, or why it cannot be had. A struck item stays in sight as a decision, and those of its
 * findings that nothing else takes up are left out by the person's word, so that none is lost.
 */
export function amendPlan(
  plan: Plan,
  amendment: PlanAmendment,
  context: PlanContext,
  by: string,
): { problem: string } | { plan: Plan } {
  const strikes = amendment.strike ?? [];
  const edits = amendment.edit ?? [];
  const ids = plan.items.map((item) => item.id);
  const unknown = [...strikes, ...edits].map((a) => a.item).filter((id) => !ids.includes(id));
  if (unknown.length > 0)
    return { problem: `The plan has no item ${[...new Set(unknown)].join(', ')}; it has ${ids.join(', ')}.` };
  const both = edits.map((e) => e.item).filter((id) => strikes.some((s) => s.item === id));
  if (both.length > 0) return { problem: `${both.join(', ')} cannot be struck and edited at once.` };
  const struck = plan.items.filter((item) => strikes.some((s) => s.item === item.id));
  const items = plan.items
    .filter((item) => !struck.includes(item))
    .map((item) => {
      const { item: _, ...edit } = Object.assign({ item: '' }, ...edits.filter((e) => e.item === item.id));
      return { ...item, ...(edit as object) };
    });
  if (items.length === 0) return { problem: 'Nothing would be left to do. Stop the run instead.' };

  const decisions = struck.map((item) => {
    const why = strikes.find((s) => s.item === item.id)?.why;
    return {
      what: `"${item.title}" (${item.id}) is not done`,
      why: `${by} struck it${why === undefined ? '.' : `: ${why}`}`,
      findings: [],
    };
  });
  const used = new Set([
    ...items.flatMap((item) => item.findings),
    ...plan.decisions.flatMap((d) => d.findings),
    ...plan.leftOut.map((l) => l.finding),
  ]);
  const dropped = struck.flatMap((item) =>
    item.findings
      .filter((finding) => !used.has(finding))
      .map((finding) => ({ finding, why: `${by} struck "${item.title}" (${item.id}).` })),
  );
  const unique = [...new Map(dropped.map((d) => [d.finding, d])).values()];
  const read = planSchema.safeParse({
    ...plan,
    items,
    decisions: [...plan.decisions, ...decisions],
    leftOut: [...plan.leftOut, ...unique],
  });
  if (!read.success) return { problem: z.prettifyError(read.error) };
  const problems = planProblems(read.data, context);
  return problems.length > 0 ? { problem: problems.join(' ') } : { plan: read.data };
}

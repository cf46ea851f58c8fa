import { checkPath } from '../change/paths.ts';
import type { Plan } from '../run/answers.ts';
import type { HeldFinding } from '../run/events.ts';

export interface PlanContext {
  readonly findings: readonly HeldFinding[];
  /** Roles that may own items. */
  readonly writers: readonly string[];
  /** Every role of the team, for dissent. */
  readonly roles: readonly string[];
}

/**
 * What code finds wrong with a plan, a sentence each: every item has writers, paths and findings that exist, and no
 * finding is lost on the way from the analysts to the plan.
 */
export function planProblems(plan: Plan, context: PlanContext): string[] {
  const problems: string[] = [];
  const known = new Map(context.findings.map((f) => [f.id, f]));
  const used = new Set<string>();
  const use = (where: string, ids: readonly string[]): void => {
    for (const id of ids) {
      const finding = known.get(id);
      if (!finding) problems.push(`${where} rests on the finding "${id}", which nobody made.`);
      else if (finding.check === 'refuted')
        problems.push(`${where} rests on ${id}, which is refuted: ${finding.problem}`);
      used.add(id);
    }
  };
  const seen = new Set<string>();
  for (const item of plan.items) {
    const where = `Item ${item.id}`;
    if (seen.has(item.id)) problems.push(`${where} stands there twice.`);
    seen.add(item.id);
    use(where, item.findings);
    for (const owner of item.owners) {
      if (!context.writers.includes(owner))
        problems.push(
          `${where} is given to "${owner}", who does not write in this team (${context.writers.join(', ')} do).`,
        );
    }
    if (new Set(item.owners).size !== item.owners.length) problems.push(`${where} names an owner twice.`);
    for (const path of item.paths) {
      const problem = checkPath(path.replaceAll(/[*?{}]/g, 'x').replace(/\/$/, ''));
      if (problem) problems.push(`${where} gives the path "${path}": ${problem.reason}`);
    }
    for (const d of item.dissent) {
      if (!context.roles.includes(d.role))
        problems.push(`${where} keeps the dissent of "${d.role}", who is not in the team.`);
    }
  }
  for (const decision of plan.decisions) use(`The decision "${decision.what}"`, decision.findings);
  for (const left of plan.leftOut) {
    if (!known.has(left.finding)) problems.push(`\`leftOut\` names the finding "${left.finding}", which nobody made.`);
    used.add(left.finding);
  }
  const lost = context.findings.filter((f) => f.check !== 'refuted' && !used.has(f.id)).map((f) => f.id);
  if (lost.length > 0) problems.push(`No item, decision or \`leftOut\` takes up ${lost.join(', ')}.`);
  return problems;
}

/** A piece of work for one writer in one workspace. */
export interface Job {
  /** The change's id: `<role>`, or `<item>.<role>` for a candidate. */
  readonly change: string;
  readonly role: string;
  readonly items: readonly string[];
  readonly paths: readonly string[];
  /** The item that it competes for. */
  readonly candidateFor?: string;
}

/** One job for all that a writer owns alone, and one for each item that it is a candidate for; in the plan's order. */
export function jobsOf(plan: Plan): Job[] {
  const jobs = new Map<string, { role: string; items: string[]; paths: Set<string>; candidateFor?: string }>();
  for (const item of plan.items) {
    const candidates = item.owners.length > 1;
    for (const role of item.owners) {
      const change = candidates ? `${item.id}.${role}` : role;
      const job = jobs.get(change) ?? {
        role,
        items: [],
        paths: new Set<string>(),
        ...(candidates && { candidateFor: item.id }),
      };
      job.items.push(item.id);
      for (const path of item.paths) job.paths.add(path);
      jobs.set(change, job);
    }
  }
  return [...jobs].map(([change, job]) => ({ ...job, change, paths: [...job.paths] }));
}

/** A plan as text, for prompts and for the bus. */
export function planText(plan: Plan): string {
  const items = plan.items.map((item) =>
    [
      `## ${item.id}: ${item.title}`,
      item.what,
      `Owners: ${item.owners.join(', ')}${item.owners.length > 1 ? ' (candidates)' : ''}. Paths: ${item.paths.join(', ')}.`,
      item.findings.length > 0 ? `Rests on: ${item.findings.join(', ')}.` : '',
      ...item.dissent.map((d) => `Dissent of ${d.role}: ${d.says} Answer: ${d.answer}`),
      ...item.acceptance.map((a) => `- ${a}`),
    ]
      .filter((line) => line !== '')
      .join('\n'),
  );
  const decisions = plan.decisions.map((d) => `- ${d.what}: ${d.why}`);
  const left = plan.leftOut.map((l) => `- ${l.finding}: ${l.why}`);
  return [
    plan.goal,
    ...items,
    ...(decisions.length > 0 ? [`## Decisions\n${decisions.join('\n')}`] : []),
    ...(left.length > 0 ? [`## Left out\n${left.join('\n')}`] : []),
    ...(plan.docs.length > 0 ? [`## Documentation\n${plan.docs.map((d) => `- ${d}`).join('\n')}`] : []),
  ].join('\n\n');
}

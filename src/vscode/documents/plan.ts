import type { PlanItem } from '../../core/run/answers.ts';
import type { HeldFinding } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { plural } from '../../core/words/words.ts';

/** The plan as a document to read: what is done, on whose findings, who dissents, who owns it. Model text is text: no line of it becomes markup. */
export function planDocument(state: RunState, titles: Readonly<Record<string, string>>): string {
  const { plan } = state;
  if (!plan) return 'There is no plan yet.\n';
  const roleOf = (role: string): string => state.cast.find((cast) => cast.role === role)?.title ?? role;
  const findings = new Map(state.findings.map((finding) => [finding.id, finding]));
  const lines = [
    `# ${oneLine(state.title)}`,
    '',
    ...paragraph(plan.goal),
    '',
    `${plural(plan.items.length, 'item')} · ${plural(
      plan.items.reduce((n, item) => n + item.dissent.length, 0),
      'dissent',
      'dissents',
    )}${state.scripted ? ' · scripted' : ''}`,
    '',
  ];
  for (const [n, item] of plan.items.entries()) lines.push(...itemLines(item, n + 1, { findings, roleOf, titles }), '');
  if (plan.decisions.length > 0) {
    lines.push('## Decisions', '');
    for (const { what, why, findings: on } of plan.decisions)
      lines.push(`- ${text(what)}: ${text(why)}${on.length > 0 ? ` (${on.map(oneLine).join(', ')})` : ''}`);
    lines.push('');
  }
  if (plan.leftOut.length > 0) {
    lines.push('## Left out', '');
    for (const { finding, why } of plan.leftOut)
      lines.push(`- ${oneLine(finding)}${claimOf(findings.get(finding))}: ${text(why)}`);
    lines.push('');
  }
  const refuted = state.findings.filter((finding) => finding.check === 'refuted');
  if (refuted.length > 0) {
    lines.push('## Refuted by the code', '');
    for (const { id, claim, problem = '' } of refuted) lines.push(`- ${oneLine(id)} ${text(claim)}: ${text(problem)}`);
    lines.push('');
  }
  if (plan.docs.length > 0) lines.push('## Documentation', '', ...plan.docs.map((doc) => `- ${text(doc)}`), '');
  for (const { role, why } of state.missing) lines.push(`Missing: ${oneLine(roleOf(role))}: ${text(why)}`);
  return `${lines.join('\n').trimEnd()}\n`;
}

/** The heading of an item, by which its place in the document is found again. */
export const itemHeading = (item: Pick<PlanItem, 'id' | 'title'>, n: number): string =>
  `## ${n}. ${oneLine(item.title)}  (${oneLine(item.id)})`;

interface Known {
  readonly findings: ReadonlyMap<string, HeldFinding>;
  readonly roleOf: (role: string) => string;
  readonly titles: Readonly<Record<string, string>>;
}

function itemLines(item: PlanItem, n: number, { findings, roleOf, titles }: Known): string[] {
  const lines = [itemHeading(item, n), '', ...paragraph(item.what), ''];
  const owners = item.owners.map((owner) => roleOf(owner));
  lines.push(`Owner: ${owners.map(oneLine).join(', ')}${owners.length > 1 ? ' (candidates: one wins)' : ''}`);
  lines.push(`May write: ${item.paths.map(oneLine).join(', ')}`);
  if (item.findings.length > 0) {
    lines.push('', 'Rests on:');
    for (const id of item.findings) {
      const finding = findings.get(id);
      if (!finding) continue;
      const by = `${oneLine(roleOf(finding.role))}, ${oneLine(titles[finding.model] ?? finding.model)}`;
      lines.push(`- ${text(finding.claim)} (${by}; ${finding.severity}, ${finding.check})`);
      for (const evidence of finding.evidence) {
        if (evidence.kind === 'file')
          lines.push(`  - ${oneLine(evidence.path)}${evidence.line === undefined ? '' : `:${evidence.line}`}`);
        else lines.push(`  - ${text(evidence.kind === 'command' ? `$ ${evidence.command}` : evidence.text)}`);
      }
    }
  }
  if (item.dissent.length > 0) {
    lines.push('', 'Dissent:');
    for (const { role, says, answer } of item.dissent)
      lines.push(`- ${oneLine(roleOf(role))}: ${text(says)}`, `  Answer: ${text(answer)}`);
  }
  if (item.acceptance.length > 0) lines.push('', 'Accepted when:', ...item.acceptance.map((line) => `- ${text(line)}`));
  return lines;
}

const claimOf = (finding: HeldFinding | undefined): string => (finding ? ` (${text(finding.claim)})` : '');

const text = (words: string): string => oneLine(words);

/** Lines as they are, none of which can begin what the document itself begins. */
function paragraph(words: string): string[] {
  return plain(words)
    .split('\n')
    .map((line) => (/^\s*(#|```|~~~)/.test(line) ? `    ${line.trim()}` : line));
}

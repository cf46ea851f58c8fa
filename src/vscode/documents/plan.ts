import type { PlanItem } from '../../core/run/answers.ts';
import type { PlanAmendment } from '../../core/run/amendments.ts';
import type { HeldFinding } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { plural } from '../../core/words/words.ts';
import { type Marked, openWriter, type Writer } from './marked.ts';

/** What the person has changed and not sent yet. */
export interface Pending {
  readonly struck: ReadonlySet<string>;
  readonly edited: ReadonlyMap<string, Omit<NonNullable<PlanAmendment['edit']>[number], 'item'>>;
  /** Why the last amendment could not be had. */
  readonly problem?: string;
}

const nothing: Pending = { struck: new Set(), edited: new Map() };

/**
 * The plan as a document to read: what is done, on whose findings, who dissents, who owns it. Model text is text: no line of it becomes a
 * heading, and only places that stand in findings are links.
 */
export function planDocument(
  state: RunState,
  titles: Readonly<Record<string, string>>,
  pending: Pending = nothing,
): Marked {
  const { plan } = state;
  const writer = openWriter();
  if (!plan) {
    writer.add('There is no plan yet.');
    return writer.done();
  }
  const roleOf = (role: string): string => oneLine(state.cast.find((cast) => cast.role === role)?.title ?? role);
  const findings = new Map(state.findings.map((finding) => [finding.id, finding]));
  const known: Known = { findings, roleOf, titles };
  const dissent = plan.items.reduce((n, item) => n + item.dissent.length, 0);
  writer.add(`# ${oneLine(state.title)}`, '', ...paragraph(plan.goal), '');
  writer.add(
    [plural(plan.items.length, 'item'), `${dissent} dissent`, ...(state.scripted ? ['scripted'] : [])].join(' · '),
    '',
  );
  if (pending.problem !== undefined) writer.add(`> Not taken: ${oneLine(pending.problem)}`, '');
  for (const [n, item] of plan.items.entries()) {
    const struck = pending.struck.has(item.id);
    const edit = pending.edited.get(item.id);
    const now: PlanItem = { ...item, ...edit };
    const mark = struck ? '  ✗ struck by you' : edit ? '  ✎ edited by you' : '';
    writer.item(`## ${n + 1}. ${oneLine(now.title)}${mark}`, item.id);
    writer.add('');
    // What is not done needs no more than its name.
    if (!struck) itemLines(writer, now, known);
  }
  if (plan.decisions.length > 0) {
    writer.add('## Decisions', '');
    for (const { what, why, findings: on } of plan.decisions)
      writer.add(`- ${oneLine(what)}: ${oneLine(why)}${on.length > 0 ? ` (${on.map(oneLine).join(', ')})` : ''}`);
    writer.add('');
  }
  if (plan.leftOut.length > 0) {
    writer.add('## Left out', '');
    for (const { finding, why } of plan.leftOut) {
      const claim = findings.get(finding)?.claim;
      writer.add(`- ${claim === undefined ? oneLine(finding) : oneLine(claim)}: ${oneLine(why)}`);
    }
    writer.add('');
  }
  const refuted = state.findings.filter((finding) => finding.check === 'refuted');
  if (refuted.length > 0) {
    writer.add('## Refuted by the code', '');
    for (const { role, claim, problem = '' } of refuted)
      writer.add(`- ${oneLine(claim)} (${roleOf(role)}): ${oneLine(problem)}`);
    writer.add('');
  }
  if (plan.docs.length > 0) writer.add('## Documentation', '', ...plan.docs.map((doc) => `- ${oneLine(doc)}`), '');
  if (state.missing.length > 0) {
    writer.add('## Missing', '');
    for (const { role, why } of state.missing) writer.add(`- ${roleOf(role)}: ${oneLine(why)}`);
  }
  return writer.done();
}

interface Known {
  readonly findings: ReadonlyMap<string, HeldFinding>;
  readonly roleOf: (role: string) => string;
  readonly titles: Readonly<Record<string, string>>;
}

function itemLines(writer: Writer, item: PlanItem, known: Known): void {
  const { findings, roleOf } = known;
  writer.add(...paragraph(item.what), '');
  const owners = item.owners.map((owner) => roleOf(owner)).join(', ');
  writer.add(`Owner: ${owners}${item.owners.length > 1 ? ' (candidates: one wins)' : ''}`);
  writer.add(`May write: ${item.paths.map(oneLine).join(', ')}`, '');
  const rests = item.findings.map((id) => findings.get(id)).filter((finding) => finding !== undefined);
  if (rests.length > 0) writer.add('Rests on');
  for (const finding of rests) findingLines(writer, finding, known);
  if (rests.length > 0) writer.add('');
  if (item.dissent.length > 0) writer.add('Dissent');
  for (const { role, says, answer } of item.dissent)
    writer.add(`- ${roleOf(role)}: ${oneLine(says)}`, `  Answer: ${oneLine(answer)}`);
  if (item.dissent.length > 0) writer.add('');
  if (item.acceptance.length > 0)
    writer.add('Accepted when', ...item.acceptance.map((line) => `- ${oneLine(line)}`), '');
}

const checkWords = { confirmed: 'confirmed', refuted: 'refuted by the code', unchecked: 'not checked' } as const;

/** A finding: its claim, who made it, and its evidence with places as links. */
export function findingLines(writer: Writer, finding: HeldFinding, { roleOf, titles }: Omit<Known, 'findings'>): void {
  const by = `${roleOf(finding.role)}, ${oneLine(titles[finding.model] ?? finding.model)}`;
  writer.add(`- ${oneLine(finding.claim)} (${by}: ${finding.severity}, ${checkWords[finding.check]})`);
  for (const evidence of finding.evidence) {
    switch (evidence.kind) {
      case 'file':
        writer.place(
          '  ',
          oneLine(evidence.path),
          evidence.line,
          evidence.symbol === undefined ? '' : `  ${oneLine(evidence.symbol)}`,
        );
        break;
      case 'command':
        writer.add(`  $ ${oneLine(evidence.command)}`);
        break;
      case 'reason':
        writer.add(`  ${oneLine(evidence.text)}`);
        break;
    }
  }
}

/** Lines as they are, none of which can begin what the document itself begins. */
export function paragraph(words: string): string[] {
  return plain(words)
    .split('\n')
    .map((line) => (/^\s*(#|```|~~~|>)/.test(line) ? `    ${line.trim()}` : line));
}

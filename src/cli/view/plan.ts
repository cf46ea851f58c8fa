import type { PlanItem } from '../../core/run/answers.ts';
import type { HeldFinding } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';
import { cell, clip, glyph, paint, wrap, type Look } from './look.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { prose } from './team.ts';
import { plural } from '../../core/words/words.ts';

/** The plan: items with owners and paths, whose findings they rest on, who dissents. `full` adds what stands in each item. */
export function planLines(state: RunState, look: Look, options: { full?: boolean } = {}): string[] {
  const { plan } = state;
  if (!plan) return [];
  const text = prose(look);
  const lines = wrap(text, oneLine(plan.goal), 'Plan  ').map((line, n) =>
    n === 0 ? bolden(look, line, 'Plan') : line,
  );
  plan.items.forEach((item, n) => lines.push(...itemLines(item, n + 1, look, options.full === true)));
  for (const decision of plan.decisions)
    lines.push(
      ...named(look, 'decided', `${oneLine(decision.what)}: ${oneLine(decision.why)}${rests(decision.findings)}`),
    );
  for (const left of plan.leftOut)
    lines.push(...named(look, 'left out', `${oneLine(left.finding)}: ${oneLine(left.why)}`));
  for (const doc of plan.docs) lines.push(...named(look, 'docs', oneLine(doc)));
  for (const { role, why } of state.missing) lines.push(...named(look, 'missing', `${oneLine(role)}: ${oneLine(why)}`));
  return lines;
}

function itemLines(item: PlanItem, n: number, look: Look, full: boolean): string[] {
  const text = prose(look);
  const owners = item.owners.map(oneLine).join(', ') + (item.owners.length > 1 ? ' (candidates)' : '');
  const lines = [
    clip(text, `  ${n} ${paint(look, 'bold', oneLine(item.title))}`),
    ...wrap(text, `${owners} ${glyph(look, 'arrow')} ${item.paths.map(oneLine).join('  ')}`, '    '),
  ];
  if (full) lines.push(...wrap(text, plain(item.what).trim(), '    '));
  if (item.findings.length > 0)
    lines.push(
      ...wrap(text, `rests on ${item.findings.map(oneLine).join(', ')}`, '    ').map((line) =>
        paint(look, 'dim', line),
      ),
    );
  for (const { role, says, answer } of item.dissent)
    lines.push(
      ...wrap(text, `${oneLine(role)}: ${oneLine(says)}`, '    dissent  '),
      ...wrap(text, `${glyph(look, 'arrow')} ${oneLine(answer)}`, '             '),
    );
  if (full) for (const accept of item.acceptance) lines.push(...wrap(text, oneLine(accept), '    done when  '));
  return lines;
}

const rests = (findings: readonly string[]) => (findings.length > 0 ? ` (${findings.map(oneLine).join(', ')})` : '');

const named = (look: Look, name: string, text: string): string[] =>
  wrap(prose(look), text, `  ${cell(look, name, 10)}`);

function bolden(look: Look, line: string, word: string): string {
  return line.startsWith(word) ? paint(look, 'bold', word) + line.slice(word.length) : line;
}

const marks: Record<HeldFinding['check'], string> = { confirmed: 'confirmed', refuted: 'refuted', unchecked: '' };

/** All findings by role; what code refuted is marked, and says what code found instead. `full` adds details and evidence. */
export function findingLines(state: RunState, look: Look, options: { full?: boolean } = {}): string[] {
  if (state.findings.length === 0) return [];
  const refuted = state.findings.filter((finding) => finding.check === 'refuted').length;
  const tally = `${state.findings.length}${refuted > 0 ? `, ${refuted} refuted` : ''}`;
  const lines = [clip(look, `${paint(look, 'bold', 'Findings')}  ${tally}`)];
  const roles = [...new Set(state.findings.map((finding) => finding.role))];
  for (const role of roles) {
    const summary = state.summaries[role];
    if (options.full && summary !== undefined)
      lines.push(...wrap(prose(look), oneLine(summary), `  ${oneLine(role)}: `, '    '));
    for (const finding of state.findings.filter((f) => f.role === role))
      lines.push(...oneFinding(finding, look, options.full === true));
  }
  return lines;
}

function oneFinding(finding: HeldFinding, look: Look, full: boolean): string[] {
  const text = prose(look);
  const refuted = finding.check === 'refuted';
  const place = placeOf(finding);
  const start = `  ${cell(look, oneLine(finding.id), 15)}${cell(look, refuted ? 'refuted' : finding.severity, 10)}`;
  const claim = oneLine(finding.claim) + (place === '' ? '' : `  ${place}`);
  const lines = wrap(text, claim, start, ' '.repeat(27)).map((line) => (refuted ? paint(look, 'dim', line) : line));
  const under = ' '.repeat(27);
  if (refuted && finding.problem !== undefined)
    lines.push(...wrap(text, oneLine(finding.problem), under).map((line) => paint(look, 'red', line)));
  if (!full) return lines;
  if (marks[finding.check] === 'confirmed') lines.push(paint(look, 'dim', `${under}evidence confirmed by code`));
  if (finding.detail.trim() !== '') lines.push(...wrap(text, oneLine(finding.detail), under));
  if (finding.suggestion !== undefined)
    lines.push(...wrap(text, oneLine(finding.suggestion), `${under}suggests: `, under));
  return lines;
}

function placeOf(finding: HeldFinding): string {
  for (const evidence of finding.evidence)
    if (evidence.kind === 'file')
      return oneLine(evidence.path) + (evidence.line === undefined ? '' : `:${evidence.line}`);
  return '';
}

/** `5 items, 1 dissent`. */
export function planWords(state: RunState): string {
  const items = state.plan?.items ?? [];
  const dissent = items.reduce((sum, item) => sum + item.dissent.length, 0);
  return plural(items.length, 'item') + (dissent > 0 ? `, ${dissent} dissent` : '');
}

import { reviewedEntries } from '../../core/review/account.ts';
import type { RunState } from '../../core/run/state.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { type Marked, openWriter } from './marked.ts';
import { findingLines, paragraph } from './plan.ts';

/** All findings of a run, by who made them. */
export function findingsDocument(state: RunState, titles: Readonly<Record<string, string>>): Marked {
  const writer = openWriter();
  const roleOf = (role: string): string => oneLine(state.cast.find((cast) => cast.role === role)?.title ?? role);
  writer.add(`# Findings: ${oneLine(state.title)}`, '');
  const roles = [...new Set(state.findings.map(({ role }) => role))];
  if (roles.length === 0) writer.add('None yet.');
  for (const role of roles) {
    writer.add(`## ${roleOf(role)}`, '', ...paragraph(state.summaries[role] ?? ''), '');
    for (const finding of state.findings.filter((one) => one.role === role)) {
      findingLines(writer, finding, { roleOf, titles });
      if (finding.detail.trim() !== '') writer.add(...paragraph(finding.detail).map((line) => `  ${line}`));
      if (finding.suggestion !== undefined) writer.add(`  Suggestion: ${oneLine(finding.suggestion)}`);
      if (finding.problem !== undefined) writer.add(`  The code says: ${oneLine(finding.problem)}`);
    }
    writer.add('');
  }
  return writer.done();
}

/** The bus of a run, in order. */
export function messagesDocument(state: RunState): Marked {
  const writer = openWriter();
  writer.add(`# Bus: ${oneLine(state.title)}`, '');
  if (state.messages.length === 0) writer.add('Nothing was posted yet.');
  for (const { seq, from, to, kind, subject, body, memory } of state.messages) {
    writer.add(`## ${seq}. ${oneLine(subject)}`, '');
    writer.add(`${oneLine(from)} → ${to.map(oneLine).join(', ')} · ${oneLine(kind)} · ${oneLine(memory)}`, '');
    writer.add(...paragraph(body), '');
  }
  return writer.done();
}

/** The fate of every hunk; what the person did not keep is rejected, by the person. */
export function ledgerDocument(state: RunState): Marked {
  const writer = openWriter();
  writer.add(`# Ledger: ${oneLine(state.title)}`, '');
  const { ledger } = state;
  if (!ledger) {
    writer.add('It is made when the changes are merged.');
    return writer.done();
  }
  writer.add(ledger.balanced ? 'It balances: no hunk is unaccounted for.' : 'It does not balance.', '');
  for (const problem of ledger.problems) writer.add(`- ${oneLine(problem)}`);
  const entries = reviewedEntries(state);
  const files = [...new Set(entries.map(({ path }) => path))];
  for (const path of files) {
    writer.place('## ', oneLine(path), undefined);
    writer.add('');
    for (const entry of entries.filter((one) => one.path === path))
      writer.add(
        [
          `- ${entry.fate}${entry.by === undefined ? '' : ` by ${oneLine(entry.by)}`}`,
          `${oneLine(entry.writer)}, hunk ${oneLine(entry.hunk)} (+${entry.added} −${entry.removed})`,
          ...(entry.why === undefined ? [] : [oneLine(entry.why)]),
        ].join(': '),
      );
    writer.add('');
  }
  return writer.done();
}

/** What was done, by whom, what was checked, what was dropped, what it cost. */
export function reportDocument(state: RunState): Marked {
  return { text: `${plain(state.report ?? 'The report is made when the run ends.').trimEnd()}\n`, marks: [] };
}

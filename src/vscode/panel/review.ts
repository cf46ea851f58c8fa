import type { RunState } from '../../core/run/state.ts';
import { plural } from '../../core/words/words.ts';
import type { PanelAction, PanelFile, PanelReview } from '../../protocol.ts';
import { line } from './clean.ts';

const mostFiles = 400;

/** The merged change as the journal has it: its files with their counts, and what the gate says. The host may give a fuller one. */
export function reviewOf(run: string, state: RunState): PanelReview | undefined {
  if (!state.ledger || !state.gate) return undefined;
  const verdicts = new Map(state.gate.map((file) => [file.path, file]));
  const kinds = new Map(
    Object.values(state.changes).flatMap(({ landed }) => landed.files.map((file) => [file.path, file.kind] as const)),
  );
  const approved = new Set(state.approvals.map(({ path, content }) => `${path}\n${content}`));
  const byPath = Map.groupBy(state.ledger.hunks, (hunk) => hunk.path);
  const paths = [...new Set([...verdicts.keys(), ...byPath.keys()])].toSorted();
  const files = paths.map((path): PanelFile => {
    const hunks = byPath.get(path) ?? [];
    const verdict = verdicts.get(path);
    const passes = !verdict || verdict.verdict === 'pass' || approved.has(`${verdict.path}\n${verdict.content}`);
    const applied = state.applied?.files.includes(path) === true && !state.undone;
    return {
      path: line(path, 400),
      kind: verdict?.content === 'deleted' ? 'deleted' : (kinds.get(path) ?? 'changed'),
      added: hunks.reduce((sum, hunk) => sum + hunk.added, 0),
      removed: hunks.reduce((sum, hunk) => sum + hunk.removed, 0),
      hunks: hunks.length,
      kept: applied ? hunks.length : 0,
      undone: 0,
      ...(!passes && { held: line(verdict.reason ?? verdict.code ?? verdict.verdict, 300) }),
    };
  });
  const open = state.outcome !== 'applied';
  const action = (label: string, what: 'open' | 'take-back'): PanelAction => ({
    label,
    intent: { type: 'review', run, action: what },
  });
  return {
    state: open ? (state.undone ? 'undone' : 'open') : 'finished',
    files: files.slice(0, mostFiles),
    checks: checksOf(state),
    summary: plural(files.length, 'file'),
    actions: open ? [action('Review', 'open')] : [action('Take back', 'take-back')],
  };
}

/** `build ✓ · test ✓`: of the tree that is shown. */
export function checksOf(state: RunState): string {
  const check = state.checks['final'] ?? state.checks['merged'];
  if (!check || check.tree !== state.ledger?.tree) return 'not checked';
  if (check.results.length === 0) return 'there are no checks';
  const signs = { green: '✓', red: '✗', 'not-run': 'not run' } as const;
  const excused = (name: string): string => (check.excused.includes(name) ? ' (red before)' : '');
  const each = check.results
    .map(({ name, result }) => `${line(name, 40)} ${signs[result]}${excused(name)}`)
    .join(' · ');
  return `${check.green ? 'checked' : 'not checked'}: ${each}`;
}

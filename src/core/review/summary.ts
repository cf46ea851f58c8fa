import { redOf } from '../run/reds.ts';
import type { RunState } from '../run/state.ts';
import { decisionsOf } from './decisions.ts';
import { findingsOf } from './findings.ts';

/** A file of the change in a list: counts of its hunks by what the person decided. */
export interface FileSummary {
  readonly path: string;
  readonly added: number;
  readonly removed: number;
  readonly hunks: number;
  readonly kept: number;
  readonly undone: number;
  /** Why the gate holds it back, or never lets it pass. */
  readonly held?: string;
  readonly refused?: string;
}

/** The review of a run in numbers, folded from the journal alone. */
export interface ReviewSummary {
  /** `open`: decisions can be made. `applied`: it is written, and can be taken back. */
  readonly state: 'open' | 'applied';
  readonly files: readonly FileSummary[];
  readonly hunks: number;
  readonly kept: number;
  readonly undone: number;
  /** What the checks said of just the hunks that are not undone; `none`: there are no checks. */
  readonly checked: Checked;
  /** Findings of reviewers that nobody took care of. */
  readonly openFindings: number;
}

export type Checked = 'green' | 'red' | 'no' | 'none';

/** Undefined while there is no change to review. */
export function reviewSummary(state: RunState): ReviewSummary | undefined {
  const { ledger, applied, undone } = state;
  if (!ledger?.balanced) return undefined;
  const decisions = decisionsOf(state.review);
  const verdicts = new Map((state.gate ?? []).map((v) => [v.path, v]));
  const approved = (path: string, content: string): boolean =>
    state.approvals.some((a) => a.path === path && a.content === content);
  const files = [...Map.groupBy(ledger.hunks, (hunk) => hunk.path)].map(([path, own]): FileSummary => {
    const sum = (of: 'added' | 'removed'): number => own.reduce((n, hunk) => n + hunk[of], 0);
    const count = (decision: string): number => own.filter((hunk) => decisions.get(hunk.id) === decision).length;
    const gate = verdicts.get(path);
    return {
      path,
      added: sum('added'),
      removed: sum('removed'),
      hunks: own.length,
      kept: count('keep'),
      undone: count('undo'),
      ...(gate?.verdict === 'held' && !approved(path, gate.content) && { held: gate.reason ?? '' }),
      ...(gate?.verdict === 'refused' && { refused: gate.reason ?? '' }),
    };
  });
  const total = (of: 'kept' | 'undone' | 'hunks'): number => files.reduce((n, file) => n + file[of], 0);
  return {
    state: applied && !undone ? 'applied' : 'open',
    files,
    hunks: total('hunks'),
    kept: total('kept'),
    undone: total('undone'),
    checked: checkedOf(state, shownOf(state)),
    openFindings: findingsOf(state, [], () => undefined).filter((f) => f.state === 'open').length,
  };
}

/** The hunks that are not undone. */
export function shownOf(state: RunState): string[] {
  const decisions = decisionsOf(state.review);
  return (state.ledger?.hunks ?? []).map((hunk) => hunk.id).filter((id) => decisions.get(id) !== 'undo');
}

/** The tree of just these hunks, where it is known: that of the whole change, or of a part that was made before. */
export function treeOf(state: RunState, hunks: readonly string[]): string | undefined {
  const { ledger, review, base } = state;
  if (!ledger) return undefined;
  const wanted = new Set(hunks);
  if (wanted.size === ledger.hunks.length) return ledger.tree;
  if (wanted.size === 0) return base?.tree;
  return review.parts.findLast((part) => part.hunks.length === wanted.size && part.hunks.every((id) => wanted.has(id)))
    ?.tree;
}

/** What the checks said of just these hunks. */
export function checkedOf(state: RunState, hunks: readonly string[]): Checked {
  const tree = treeOf(state, hunks);
  const all = Object.values(state.checks);
  if (all.every((checks) => checks.results.length === 0)) return 'none';
  const last =
    tree === undefined || tree === state.base?.tree ? undefined : all.findLast((checks) => checks.tree === tree);
  if (!last) return 'no';
  if (redOf(last).length > 0) return 'red';
  return last.green ? 'green' : 'no';
}

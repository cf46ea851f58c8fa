import { redOf } from '../run/reds.ts';
import type { CallState, RunState } from '../run/state.ts';
import { plural } from './words.ts';

/** What a role does on the way: it takes nothing from what the role has brought by then. */
const aside: ReadonlySet<string> = new Set(['replies', 'criteria']);

/** The call that says what a role brought: the last one, unless that only answered a question or said what will be looked at. */
export const tellingCall = (calls: readonly CallState[]): CallState | undefined =>
  calls.findLast(({ kind }) => !aside.has(kind)) ?? calls.at(-1);

/** The word for how a role's part ended: what it found, said or changed. */
export function resultOf(
  state: RunState,
  role: string,
  last: CallState,
): { sign: 'done' | 'failed' | 'stopped'; word: string } {
  if (last.state === 'failed') {
    if (last.failure?.kind === 'cancelled') return { sign: 'stopped', word: 'stopped' };
    return { sign: 'failed', word: 'failed' };
  }
  return { sign: 'done', word: doneWord(state, role, last) };
}

function doneWord(state: RunState, role: string, last: CallState): string {
  switch (last.kind) {
    case 'findings': {
      if (state.summaries[role] === undefined) return 'done';
      const findings = state.findings.filter((finding) => finding.role === role);
      const refuted = findings.filter((finding) => finding.check === 'refuted').length;
      return `${findings.length} found${refuted > 0 ? `, ${refuted} refuted` : ''}`;
    }
    case 'plan': {
      const items = state.plan?.items ?? [];
      const dissent = items.reduce((sum, item) => sum + item.dissent.length, 0);
      return state.plan ? `${plural(items.length, 'item')}${dissent > 0 ? `, ${dissent} dissent` : ''}` : 'done';
    }
    case 'written':
      return writtenWord(state, role);
    case 'verdict': {
      const changes = Object.values(state.changes);
      const latest = changes.flatMap((change) => change.verdicts.filter((v) => v.role === role).slice(-1));
      const bad = latest.filter((v) => v.verdict.verdict === 'needs-work').length;
      if (latest.length === 0) return 'done';
      const fine = latest.length - bad;
      return [
        fine > 0 ? (fine > 1 ? `${fine} fine` : 'fine') : '',
        bad > 0 ? `${bad > 1 ? `${bad} ` : ''}needs work` : '',
      ]
        .filter(Boolean)
        .join(', ');
    }
    case 'replies':
      return 'answered';
    default:
      return 'done';
  }
}

/** `done` is what a writer claims; `checked` is what the checks said. */
function writtenWord(state: RunState, role: string): string {
  const own = Object.values(state.changes).filter((change) => change.landed.role === role);
  // Of an earlier round they say nothing about this one.
  const checks = own.map(({ landed }) => {
    const last = state.checks[`change:${landed.change}`];
    return last?.tree === landed.tree ? last : undefined;
  });
  if (own.length === 0) return 'done';
  if (checks.some((check) => check !== undefined && redOf(check).length > 0)) return 'checks red';
  return checks.every((check) => check?.green === true) ? 'checked' : 'done';
}

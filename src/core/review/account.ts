import type { LedgerEntry } from '../change/change.ts';
import type { RunState } from '../run/state.ts';

/** The ledger as the review leaves it: what the person did not keep is rejected, by the person. */
export function reviewedEntries(state: Pick<RunState, 'ledger' | 'review'>): readonly LedgerEntry[] {
  const { ledger, review } = state;
  const { finished } = review;
  if (!ledger || !finished || finished.dropped.length === 0) return ledger?.entries ?? [];
  const dropped = new Set(finished.dropped);
  const parts = new Map<string, { all: number; dropped: number }>();
  for (const hunk of ledger.hunks) {
    for (const id of hunk.from) {
      const part = parts.get(id) ?? { all: 0, dropped: 0 };
      parts.set(id, { all: part.all + 1, dropped: part.dropped + (dropped.has(hunk.id) ? 1 : 0) });
    }
  }
  return ledger.entries.map((entry): LedgerEntry => {
    const part = parts.get(entry.hunk);
    if (!part || part.dropped === 0 || (entry.fate !== 'merged' && entry.fate !== 'resolved')) return entry;
    if (part.dropped < part.all)
      return { ...entry, fate: 'resolved', why: `Kept in part by ${finished.by} in the review.` };
    return { ...entry, fate: 'rejected', why: `Not kept by ${finished.by} in the review.` };
  });
}

import { sizeOf } from '../change/account.ts';
import type { FileChange, FinalHunk, Hunk, LedgerEntry } from '../change/change.ts';
import { hunksOf } from '../change/hunks.ts';
import { finalId } from './review.ts';

/** The ledger of a change that a fix was made upon: every hunk stays accounted for, and every line of the new change comes from somebody. */

export interface Joining {
  readonly entries: readonly LedgerEntry[];
  /** Of the change as it was, as the ledger has them. */
  readonly hunks: readonly FinalHunk[];
  /** From the base to the change as it was. */
  readonly before: readonly FileChange[];
  /** From there to what the fix made of it. */
  readonly fix: readonly FileChange[];
  /** From the base to what the fix made of it. */
  readonly after: readonly FileChange[];
  /** The fix's id as a change, and who wrote it. */
  readonly change: string;
  readonly writer: string;
}

export interface Joined {
  readonly entries: LedgerEntry[];
  readonly hunks: FinalHunk[];
}

/** Extends the ledger by a fix. What the fix took out or wrote over is superseded by it. */
export function joinFix(joining: Joining): Joined {
  const { change, writer, before, fix, after } = joining;
  const from = new Map(joining.hunks.map((hunk) => [hunk.id, hunk.from]));
  const old = Map.groupBy(hunksOf(finalId, before), (hunk) => hunk.path);
  const fixes = hunksOf(change, fix);
  const made = Map.groupBy(fixes, (hunk) => hunk.path);
  const hunks = after.flatMap((file) => {
    const own = hunksOf(finalId, [file]);
    const sources = sourcesOf(own, old.get(file.path) ?? [], made.get(file.path) ?? [], from);
    return own.map((hunk, n): FinalHunk => {
      const start = hunk.start === undefined ? {} : { start: hunk.start };
      return { id: hunk.id, path: hunk.path, ...start, ...sizeOf({ hunk, file }), from: sources[n] ?? [] };
    });
  });
  const standing = new Set(hunks.flatMap((hunk) => hunk.from));
  const entries = joining.entries.map((entry): LedgerEntry => {
    if (standing.has(entry.hunk) || (entry.fate !== 'merged' && entry.fate !== 'resolved')) return entry;
    const by = made.get(entry.path)?.[0]?.id;
    if (by === undefined) return entry;
    return { ...entry, fate: 'superseded', by, why: 'A fix that you asked for in the review took its place.' };
  });
  const byPath = new Map(fix.map((file) => [file.path, file]));
  const added = fixes.map((hunk): LedgerEntry => ({
    hunk: hunk.id,
    change,
    writer,
    path: hunk.path,
    fate: 'merged',
    ...sizeOf({ hunk, file: byPath.get(hunk.path)! }),
  }));
  return { entries: [...entries, ...added], hunks };
}

/** For each new hunk of one file, the ids that it comes from. */
function sourcesOf(
  own: readonly Hunk[],
  old: readonly Hunk[],
  fixes: readonly Hunk[],
  from: ReadonlyMap<string, readonly string[]>,
): string[][] {
  const idsOf = (hunk: Hunk): readonly string[] => from.get(hunk.id) ?? [];
  const all = [...old.flatMap(idsOf), ...fixes.map((hunk) => hunk.id)];
  const textual = [...own, ...old, ...fixes].every((hunk) => hunk.kind !== 'whole');
  return own.map((hunk) => {
    if (hunk.kind === 'mode')
      return [
        ...new Set(
          [...old, ...fixes].filter((h) => h.kind === 'mode').flatMap((h) => (old.includes(h) ? idsOf(h) : [h.id])),
        ),
      ];
    if (!textual) return [...new Set(all)];
    const found = new Set<string>();
    for (const other of old)
      if (other.kind === 'text' && touchesBase(hunk, other)) for (const id of idsOf(other)) found.add(id);
    for (const fix of fixes) if (fix.kind === 'text' && touchesFix(hunk, fix, old)) found.add(fix.id);
    return found.size > 0 ? all.filter((id) => found.has(id)) : [...new Set(all)];
  });
}

const endOf = (hunk: Hunk): number => (hunk.start ?? 0) + (hunk.removed?.length ?? 0);

/** Both are about the base: they touch when their lines of it do. */
function touchesBase(one: Hunk, two: Hunk): boolean {
  return (one.start ?? 0) <= endOf(two) && endOf(one) >= (two.start ?? 0);
}

/** A fix is about the change as it was: its lines are taken back to the base. */
function touchesFix(hunk: Hunk, fix: Hunk, old: readonly Hunk[]): boolean {
  const start = inBase(old, fix.start ?? 0, 'from');
  const end = inBase(old, endOf(fix), 'to');
  return start <= endOf(hunk) && Math.max(start, end) >= (hunk.start ?? 0);
}

/** A line of the text that these hunks made, as a line of the base; inside a hunk, its beginning or its end there. */
function inBase(hunks: readonly Hunk[], line: number, edge: 'from' | 'to'): number {
  let shift = 0;
  for (const hunk of hunks) {
    if (hunk.kind !== 'text') continue;
    const start = (hunk.start ?? 0) + shift;
    const end = start + (hunk.added?.length ?? 0);
    if (line < start || (line === start && edge === 'to')) break;
    if (line <= end) return edge === 'from' ? (hunk.start ?? 0) : endOf(hunk);
    shift += (hunk.added?.length ?? 0) - (hunk.removed?.length ?? 0);
  }
  return line - shift;
}

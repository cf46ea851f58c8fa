import type { FileChange, FileSide, Hunk, LedgerEntry } from './change.ts';

/** One file's part in the ledger: its sides and the hunks that touch it. */

/** What somebody decided about a hunk: a conflict's resolution, a candidate's choice, a path outside a writer's own. */
export interface Decision {
  readonly hunk: string;
  readonly fate: LedgerEntry['fate'];
  /** With `superseded`: what won, a hunk's id, a change's or `integration`. */
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}

export interface Tracked {
  readonly hunk: Hunk;
  readonly writer: string;
  readonly file: FileChange;
  readonly decision: Decision | undefined;
}

/** A file in the base, in the merged tree and in the final one; `integration` are the hunks between the last two. */
export interface FileCase {
  readonly path: string;
  readonly base: FileSide | undefined;
  readonly merged: FileSide | undefined;
  readonly final: FileSide | undefined;
  readonly tracked: readonly Tracked[];
  readonly integration: readonly Hunk[];
  readonly finalHunks: readonly Hunk[];
  /** Set where the orchestrator wrote the file by hand in a conflict: what lines that no change brought are accounted to. */
  readonly resolution: string | undefined;
}

/** True when the hunk must be in the merged tree as it is: nobody decided otherwise. */
export function isKept({ decision }: Tracked): boolean {
  return decision === undefined || decision.fate === 'merged';
}

/** True when somebody rewrote the hunk to resolve a conflict. */
export function isRewritten({ decision }: Tracked): boolean {
  return decision?.fate === 'resolved';
}

/** The line of the base after the last one that a hunk replaces. */
export function endOf(hunk: Hunk): number {
  return (hunk.start ?? 0) + (hunk.removed?.length ?? 0);
}

/** Lines for people, counted from 1. */
export function linesIn(first: number, last: number): string {
  return first >= last ? `line ${first}` : `lines ${first}-${last}`;
}

/** Where a hunk stands, for people. */
export function placeOf(hunk: Hunk): string {
  if (hunk.kind === 'mode') return `${hunk.path}, its mode`;
  if (hunk.kind === 'whole') return hunk.path;
  const first = (hunk.start ?? 0) + 1;
  const last = endOf(hunk);
  if (last >= first) return `${hunk.path}, ${linesIn(first, last)}`;
  return first === 1 ? `${hunk.path}, before line 1` : `${hunk.path}, after line ${first - 1}`;
}

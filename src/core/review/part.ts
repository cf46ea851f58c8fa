import type { FileChange, Hunk } from '../change/change.ts';
import { applyHunks } from '../change/hunks.ts';

/** A part of a change: some of its hunks, and what each file is with just these. */

/**
 * One file with some of its hunks: as it was in the base, as it is in the change, or a text of its own with the mode of
 * one of the two.
 */
export type FilePart =
  | { readonly kind: 'base' }
  | { readonly kind: 'final' }
  | { readonly kind: 'text'; readonly text: string; readonly mode: 'base' | 'final' };

/** `hunks` are all of the file; `chosen` those that are in the part. */
export function filePart(file: FileChange, hunks: readonly Hunk[], chosen: ReadonlySet<string>): FilePart {
  const own = hunks.filter((hunk) => chosen.has(hunk.id));
  if (own.length === 0) return { kind: 'base' };
  if (own.length === hunks.length) return { kind: 'final' };
  // Only a file that is text on both sides has more than one hunk.
  const texts = hunks.filter((hunk) => hunk.kind === 'text');
  const mode = hunks.find((hunk) => hunk.kind === 'mode');
  const text = applyHunks(
    file.before?.text ?? '',
    texts.filter((hunk) => chosen.has(hunk.id)),
  );
  return { kind: 'text', text, mode: mode && !chosen.has(mode.id) ? 'base' : 'final' };
}

/** How the tree of a part is made out of that of the whole change. */
export interface PartPlan {
  /** Paths that are as in the base. */
  readonly restore: readonly string[];
  /** Texts that are then written, each keeping the mode that the path has. */
  readonly write: readonly { readonly path: string; readonly content: string }[];
}

/** The way from the tree of the whole change to that of a part of it; both lists are empty when the part is all of it. */
export function planPart(files: readonly FileChange[], hunks: readonly Hunk[], chosen: ReadonlySet<string>): PartPlan {
  const byPath = Map.groupBy(hunks, (hunk) => hunk.path);
  const restore: string[] = [];
  const write: { path: string; content: string }[] = [];
  for (const file of files) {
    const part = filePart(file, byPath.get(file.path) ?? [], chosen);
    if (part.kind === 'base' || (part.kind === 'text' && part.mode === 'base')) restore.push(file.path);
    if (part.kind === 'text') write.push({ path: file.path, content: part.text });
  }
  return { restore, write };
}

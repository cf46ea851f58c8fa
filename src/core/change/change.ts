import { z } from 'zod';

/** What one writer did, as data: files before and after, and their hunks. Produced by `hunks.ts`. */

/** One side of a file. `text` is set for text only (valid UTF-8, no NUL, at most 2 MiB); `sha` is git's blob id. */
export interface FileSide {
  readonly mode: '100644' | '100755' | '120000' | '160000';
  readonly sha: string;
  readonly text?: string;
  /** Its size; wanted by the gate where there is no text. */
  readonly bytes?: number;
}

/** A file that differs between two trees; renames are a deletion and a creation. */
export interface FileChange {
  readonly path: string;
  readonly before?: FileSide;
  readonly after?: FileSide;
}

/**
 * The smallest part of a change whose fate the ledger keeps.
 * `text`: lines `[start, start + removed.length)` of the base, counted from 0, become `added`; lines keep their ends.
 * `whole`: the file as one (created, deleted, binary, symbolic link, too large). `mode`: only the mode.
 */
export const hunkSchema = z.object({
  /** `<change>:<path>:<n>`, n from 1. */
  id: z.string(),
  change: z.string(),
  path: z.string(),
  kind: z.enum(['text', 'whole', 'mode']),
  start: z.number().int().nonnegative().optional(),
  removed: z.array(z.string()).optional(),
  added: z.array(z.string()).optional(),
  /** For `whole` and `mode`: mode and blob id on both sides; empty where the file is not. */
  before: z.string().optional(),
  after: z.string().optional(),
});
export type Hunk = z.infer<typeof hunkSchema>;

export const fates = ['merged', 'resolved', 'superseded', 'rejected'] as const;

/** The fate of one hunk. `superseded` names its winner in `by`; all but `merged` say why. */
export const ledgerEntrySchema = z.object({
  hunk: z.string(),
  change: z.string(),
  writer: z.string(),
  path: z.string(),
  fate: z.enum(fates),
  by: z.string().optional(),
  why: z.string().optional(),
  added: z.number().int().nonnegative(),
  removed: z.number().int().nonnegative(),
});
export type LedgerEntry = z.infer<typeof ledgerEntrySchema>;

/** A hunk of the final change and who stands behind it. */
export const finalHunkSchema = z.object({
  id: z.string(),
  path: z.string(),
  start: z.number().int().nonnegative().optional(),
  removed: z.number().int().nonnegative(),
  added: z.number().int().nonnegative(),
  /** Hunks of changes that it comes from. */
  from: z.array(z.string()),
});
export type FinalHunk = z.infer<typeof finalHunkSchema>;

/** What the gate says of one file. `held` waits for the person; `refused` never passes. Bound to `sha` and `mode`. */
export const gateVerdictSchema = z.object({
  path: z.string(),
  verdict: z.enum(['pass', 'held', 'refused']),
  /** A stable reason code, for example `editor-settings`; absent with `pass`. */
  code: z.string().optional(),
  reason: z.string().optional(),
  /** Mode and blob id after the change, `deleted` for a deletion: what an approval is bound to. */
  content: z.string(),
});
export type GateVerdict = z.infer<typeof gateVerdictSchema>;

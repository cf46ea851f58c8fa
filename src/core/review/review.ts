import type { FileChange, GateVerdict, Hunk } from '../change/change.ts';
import { hunksOf } from '../change/hunks.ts';
import type { RunState } from '../run/state.ts';
import { type Credit, creditOf } from './credit.ts';
import { findingsOf, type ReviewFinding, type TextAt } from './findings.ts';
import { renamesOf } from './renames.ts';

/** The final change of a run as it is reviewed: its files, their hunks, and who stands behind each. */

export interface ReviewHunk extends Hunk {
  readonly credit: Credit;
  /** The other half of a rename: both are decided together. */
  readonly with?: string;
  /** What cannot be seen in its lines. */
  readonly note?: string;
}

export interface ReviewFile {
  readonly path: string;
  readonly kind: 'new' | 'changed' | 'deleted' | 'renamed' | 'mode';
  /** Of a renamed one: what it was called. Its old name is no file of its own here. */
  readonly from?: string;
  /** As the change has them; of a renamed one both halves, the deletion first. */
  readonly changes: readonly FileChange[];
  readonly hunks: readonly ReviewHunk[];
  /** The gate holds it or refuses it; of a renamed one the stricter of both. */
  readonly gate?: GateVerdict;
}

export interface Review {
  /** The tree that is reviewed, and what it is compared with. */
  readonly tree: string;
  readonly base: string;
  readonly files: readonly ReviewFile[];
  readonly findings: readonly ReviewFinding[];
}

/** The change id of the hunks that are reviewed, as the ledger has it. */
export const finalId = 'final';

/** What a person calls such a hunk: `src/a.ts:2`. */
export const shortId = (hunk: string): string =>
  hunk.startsWith(`${finalId}:`) ? hunk.slice(finalId.length + 1) : hunk;

/** Lays a final change out for the review. `files` go from the base to the ledger's tree. Undefined before there is one. */
export function reviewOf(state: RunState, files: readonly FileChange[], textAt: TextAt): Review | undefined {
  const { base, ledger } = state;
  if (!base || !ledger) return undefined;
  const findings = findingsOf(state, files, textAt);
  const sources = new Map(ledger.hunks.map((hunk) => [hunk.id, hunk.from]));
  const verdicts = new Map((state.gate ?? []).map((verdict) => [verdict.path, verdict]));
  const renames = renamesOf(files);
  const gone = new Set(renames.values());
  const byPath = new Map(files.map((file) => [file.path, file]));
  const hunksIn = (file: FileChange, partner: string | undefined): ReviewHunk[] => {
    let shift = 0;
    return hunksOf(finalId, [file]).map((hunk): ReviewHunk => {
      const line = (hunk.start ?? 0) + shift;
      shift += (hunk.added?.length ?? 0) - (hunk.removed?.length ?? 0);
      const credit = creditOf(state, hunk, sources.get(hunk.id) ?? [], findings, line);
      const note = noteOn(hunk);
      return { ...hunk, credit, ...(partner !== undefined && { with: partner }), ...(note !== undefined && { note }) };
    });
  };
  return {
    tree: ledger.tree,
    base: base.tree,
    findings,
    files: files
      .filter((file) => !gone.has(file.path))
      .map((file): ReviewFile => {
        const from = renames.get(file.path);
        const old = from === undefined ? undefined : byPath.get(from);
        const changes = old ? [old, file] : [file];
        const hunks = old
          ? [...hunksIn(old, `${finalId}:${file.path}:1`), ...hunksIn(file, `${finalId}:${old.path}:1`)]
          : hunksIn(file, undefined);
        const gate = strictest(changes.flatMap(({ path }) => verdicts.get(path) ?? []));
        return {
          path: file.path,
          kind: old ? 'renamed' : kindOf(file),
          ...(from !== undefined && { from }),
          changes,
          hunks,
          ...(gate && gate.verdict !== 'pass' && { gate }),
        };
      }),
  };
}

function strictest(verdicts: readonly GateVerdict[]): GateVerdict | undefined {
  return verdicts.find((v) => v.verdict === 'refused') ?? verdicts.find((v) => v.verdict === 'held') ?? verdicts[0];
}

function kindOf({ before, after }: FileChange): ReviewFile['kind'] {
  if (!before) return 'new';
  if (!after) return 'deleted';
  return before.sha === after.sha ? 'mode' : 'changed';
}

/** What an editor's comparison does not show: line ends, and the end of a last line. */
function noteOn({ kind, removed = [], added = [] }: Hunk): string | undefined {
  if (kind !== 'text') return undefined;
  const bare = (lines: readonly string[]): string => lines.map((line) => line.replace(/\r?\n$/, '')).join('\n');
  if (removed.length !== added.length || bare(removed) !== bare(added)) return undefined;
  const ends = (lines: readonly string[]): boolean => lines.at(-1)?.endsWith('\n') ?? true;
  if (ends(removed) !== ends(added))
    return ends(added) ? 'adds the end of the last line' : 'takes off the end of the last line';
  return 'changes only line ends';
}

/** These hunks and the other halves of renames among them. */
export function withPartners(review: Review, hunks: readonly string[]): string[] {
  const partners = new Map(
    review.files.flatMap((file) => file.hunks.flatMap((h) => (h.with === undefined ? [] : [[h.id, h.with] as const]))),
  );
  return [...new Set(hunks.flatMap((id) => [id, partners.get(id) ?? id]))];
}

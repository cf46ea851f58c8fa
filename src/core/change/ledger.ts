import type { FileChange, FinalHunk, Hunk, LedgerEntry } from './change.ts';
import { accountOf } from './account.ts';
import { placeOf } from './fileCase.ts';
import type { Decision, FileCase, Tracked } from './fileCase.ts';
import { hunksOf, sameSide } from './hunks.ts';

/** The ledger: the fate of every hunk of every change, proved against the tree that is shown for review. */

interface WriterChange {
  readonly change: string;
  readonly writer: string;
  /** From the base to what the writer left. */
  readonly files: readonly FileChange[];
}

export interface LedgerInput {
  /** From the base to the final tree. */
  readonly final: readonly FileChange[];
  /** In the order in which they were merged; candidates that lost are among them. */
  readonly changes: readonly WriterChange[];
  /** What was decided, in time; a later decision about the same hunk counts. A hunk without one must be merged. */
  readonly fates: readonly Decision[];
  /** The orchestrator's own later edits: from the merged tree, its conflicts resolved, to the final one. */
  readonly integration: readonly FileChange[];
  /**
   * Files that the orchestrator wrote by hand to resolve a conflict, each with the id that their lines are accounted
   * to when no change brought them. For other files such lines are a problem. In these, what is said to be merged is
   * proved hunk by hunk where the file as a whole cannot be.
   */
  readonly resolutions?: readonly { readonly path: string; readonly id: string }[];
}

export interface Ledger {
  readonly entries: LedgerEntry[];
  readonly hunks: FinalHunk[];
  readonly balanced: boolean;
  /** One sentence each; none when it balances. */
  readonly problems: string[];
}

/** The change id of the orchestrator's own later edits. */
const integrationId = 'integration';

/**
 * Draws up the ledger. Every hunk of every change gets one entry, in the order of changes, files and lines.
 * It balances when every hunk said to be merged is in the final tree (or the orchestrator's later edit of these very
 * lines names itself as the winner), every winner is itself in it, whatever lost has a reason and is not in it, and
 * every hunk of the final change comes from somebody.
 */
export function makeLedger(input: LedgerInput): Ledger {
  const problems: string[] = [];
  const { cases, tracked, integration } = casesOf(input, problems);
  const entries = new Map<string, LedgerEntry>();
  const hunks: FinalHunk[] = [];
  for (const file of cases) {
    const account = accountOf(file);
    problems.push(...account.problems);
    hunks.push(...account.hunks);
    for (const entry of account.entries) entries.set(entry.hunk, entry);
  }
  for (const { hunk, writer } of tracked) {
    const entry = entries.get(hunk.id);
    if (entry?.fate !== 'superseded') continue;
    const lost = lostWinner(entry, entries, input, integration);
    if (lost !== undefined) problems.push(`${placeOf(hunk)} (${writer}): said to be superseded, but ${lost}.`);
  }
  const ordered = tracked.map(({ hunk }) => entries.get(hunk.id)!);
  return { entries: ordered, hunks, balanced: problems.length === 0, problems };
}

interface Cases {
  readonly cases: FileCase[];
  readonly tracked: Tracked[];
  readonly integration: Hunk[];
}

/** Sorts everything by file, and checks that the trees belong together. */
function casesOf(input: LedgerInput, problems: string[]): Cases {
  const decisions = new Map(input.fates.map((decision) => [decision.hunk, decision]));
  const tracked: Tracked[] = [];
  const seen = new Set<string>();
  for (const { change, writer, files } of input.changes) {
    if (change === integrationId || seen.has(change)) problems.push(`Two changes are called ${change}.`);
    seen.add(change);
    for (const file of files) {
      for (const hunk of hunksOf(change, [file])) {
        tracked.push({ hunk, writer, file, decision: decisions.get(hunk.id) });
        decisions.delete(hunk.id);
      }
    }
  }
  for (const id of decisions.keys()) problems.push(`A decision was made about ${id}, but there is no such hunk.`);

  const integration = hunksOf(integrationId, input.integration);
  const byPath = {
    tracked: Map.groupBy(tracked, ({ hunk }) => hunk.path),
    integration: Map.groupBy(integration, (hunk) => hunk.path),
    final: new Map(input.final.map((file) => [file.path, file])),
    later: new Map(input.integration.map((file) => [file.path, file])),
    resolution: new Map(input.resolutions?.map(({ path, id }) => [path, id])),
  };
  const paths = new Set([...byPath.tracked.keys(), ...byPath.final.keys(), ...byPath.later.keys()]);
  const cases = [...paths].sort().map((path): FileCase => {
    const final = byPath.final.get(path);
    const later = byPath.later.get(path);
    const own = byPath.tracked.get(path) ?? [];
    const base = final ? final.before : own[0] ? own[0].file.before : later?.after;
    const end = final ? final.after : base;
    if (own.some(({ file }) => !sameSide(file.before, base)))
      problems.push(`${path}: the changes have not the same base.`);
    if (later && !sameSide(later.after, end))
      problems.push(`${path}: the orchestrator's edits do not end at the final tree.`);
    return {
      path,
      base,
      merged: later ? later.before : end,
      final: end,
      tracked: own,
      integration: byPath.integration.get(path) ?? [],
      finalHunks: final ? hunksOf('final', [final]) : [],
      resolution: byPath.resolution.get(path),
    };
  });
  return { cases, tracked, integration };
}

/** Why what a hunk lost against is no winner; undefined when it is in the final tree, itself or through another. */
function lostWinner(
  entry: LedgerEntry,
  entries: ReadonlyMap<string, LedgerEntry>,
  input: LedgerInput,
  integration: readonly Hunk[],
): string | undefined {
  const later = new Set([
    integrationId,
    ...integration.map((hunk) => hunk.id),
    ...(input.resolutions ?? []).map(({ id }) => id),
  ]);
  const members = Map.groupBy(entries.values(), ({ change }) => change);
  const seen = new Set<string>([entry.hunk, entry.change]);
  const wins = (name: string): boolean => {
    if (later.has(name)) return name !== integrationId || integration.length > 0;
    if (seen.has(name)) return false;
    seen.add(name);
    const one = entries.get(name);
    if (!one) return (members.get(name) ?? []).some((other) => wins(other.hunk));
    return one.fate === 'merged' || one.fate === 'resolved' || (one.fate === 'superseded' && !!one.by && wins(one.by));
  };
  const { by } = entry;
  if (!by) return 'not by what';
  if (!later.has(by) && !entries.has(by) && !members.has(by)) return `${by}, its winner, does not exist`;
  return wins(by) ? undefined : `${by}, its winner, is not in the final tree either`;
}

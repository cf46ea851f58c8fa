import type { FileChange } from '../change/change.ts';
import { regionsOf, splitLines } from '../change/lines.ts';
import type { Finding } from '../run/answers.ts';
import type { RunState } from '../run/state.ts';

/** What reviewers said last about the changes that went into the merged one, at the lines where it stands now. */

export interface ReviewFinding {
  /** `<change>/<role>/r<round>.<n>`. */
  readonly id: string;
  readonly change: string;
  readonly role: string;
  readonly title: string;
  readonly claim: string;
  readonly detail: string;
  readonly suggestion?: string | undefined;
  readonly severity: Finding['severity'];
  /** The reviewer wants it mended; else it is a remark on what it found fine. */
  readonly wanted: boolean;
  /** Undefined where it names no file of the change. */
  readonly path?: string | undefined;
  /** Of the merged file, from 0; undefined where it names none, or that line is gone. */
  readonly line?: number | undefined;
  /** `settled`: of an earlier round; the reviewer has judged again since. */
  readonly state: 'open' | 'settled' | 'dismissed' | 'fixed';
}

/** Text of a file in a tree, where it is known; findings name lines of what the reviewer saw. */
export type TextAt = (tree: string, path: string) => string | undefined;

/** Reads the texts that `findingsOf` needs to find their lines, each once. */
export async function textsOf(
  state: RunState,
  read: (tree: string, path: string) => Promise<string | undefined>,
): Promise<TextAt> {
  const texts = new Map<string, string | undefined>();
  for (const { tree, verdict } of verdictsOn(state)) {
    for (const e of verdict.findings.flatMap((finding) => finding.evidence)) {
      if (e.kind !== 'file' || e.line === undefined || texts.has(`${tree} ${e.path}`)) continue;
      texts.set(`${tree} ${e.path}`, await read(tree, e.path));
    }
  }
  return (tree, path) => texts.get(`${tree} ${path}`);
}

/** Every finding of the reviewers on changes of which something was merged; those of a reviewer's last verdict are open until somebody takes care. */
export function findingsOf(state: RunState, files: readonly FileChange[], textAt: TextAt): ReviewFinding[] {
  const final = new Map(files.map((file) => [file.path, file]));
  const fixed = new Set(state.review.joined.map((fix) => fix.finding));
  const dismissed = new Set(state.review.dismissed);
  return verdictsOn(state).flatMap(({ change, tree, role, round, verdict, last }) =>
    verdict.findings.map((finding, n): ReviewFinding => {
      const id = `${change}/${role}/r${round}.${n + 1}`;
      const at = placeOf(finding, final, tree, textAt);
      return {
        id,
        change,
        role,
        title: state.cast.find((c) => c.role === role)?.title ?? role,
        claim: finding.claim,
        detail: finding.detail,
        severity: finding.severity,
        suggestion: finding.suggestion,
        wanted: verdict.verdict === 'needs-work',
        ...at,
        state: fixed.has(id) ? 'fixed' : dismissed.has(id) ? 'dismissed' : last ? 'open' : 'settled',
      };
    }),
  );
}

function verdictsOn(state: RunState) {
  const merged = new Set(
    (state.ledger?.entries ?? []).filter((e) => e.fate === 'merged' || e.fate === 'resolved').map((e) => e.change),
  );
  return Object.entries(state.changes)
    .filter(([change]) => merged.has(change))
    .flatMap(([change, { landed, verdicts }]) =>
      // Lines of an earlier round are looked for in the last one: near enough to show who spoke about what.
      verdicts.map((v) => ({
        ...v,
        change,
        tree: landed.tree,
        last: verdicts.findLast((other) => other.role === v.role) === v,
      })),
    );
}

function placeOf(
  finding: Finding,
  final: ReadonlyMap<string, FileChange>,
  tree: string,
  textAt: TextAt,
): { path?: string; line?: number } {
  const evidence = finding.evidence.flatMap((e) => (e.kind === 'file' ? [e] : []));
  const own =
    evidence.find((e) => final.has(e.path) && e.line !== undefined) ?? evidence.find((e) => final.has(e.path));
  if (!own) return {};
  const to = final.get(own.path)?.after?.text;
  const from = textAt(tree, own.path);
  if (own.line === undefined || to === undefined || from === undefined) return { path: own.path };
  const line = mapLine(from, to, own.line - 1);
  return line === undefined ? { path: own.path } : { path: own.path, line };
}

/** Where a line of one text stands in another, counted from 0; for one that was changed, where it was. Undefined where the texts cannot be aligned. */
export function mapLine(from: string, to: string, line: number): number | undefined {
  const [one, two] = [splitLines(from), splitLines(to)];
  const regions = regionsOf(one, two);
  if (!regions || line < 0 || line >= Math.max(1, one.length)) return undefined;
  const last = Math.max(0, two.length - 1);
  let shift = 0;
  for (const region of regions) {
    if (line < region.start) break;
    if (line < region.end)
      return Math.min(last, region.from + Math.min(line - region.start, Math.max(0, region.to - region.from - 1)));
    shift = region.to - region.end;
  }
  return Math.min(last, line + shift);
}

import type { FinalHunk, Hunk } from '../change/change.ts';
import type { Effort } from '../ask.ts';
import type { RunState } from '../run/state.ts';
import type { ReviewFinding } from './findings.ts';

/** Who stands behind a hunk: who wrote it, and what the others said. */

export interface Writer {
  readonly role: string;
  readonly title: string;
  /** As the team file calls it; undefined where no call of it is known. */
  readonly model?: string | undefined;
  readonly effort?: Effort | undefined;
  readonly scripted: boolean;
  readonly did: 'wrote' | 'resolved' | 'integrated' | 'fixed';
}

/** What somebody said that bears on it. */
export interface Opinion {
  readonly role: string;
  readonly title: string;
  /** `fine` and `needs-work`: a reviewer's last verdict. `found`: a finding before anything was written, that the plan took up. */
  readonly verdict: 'fine' | 'needs-work' | 'found';
  /** Its own words, in one claim; absent where it said no more than the verdict about this hunk. */
  readonly says?: string | undefined;
  /** What it wanted was done since. */
  readonly done: boolean;
}

export interface Credit {
  readonly writers: readonly Writer[];
  readonly opinions: readonly Opinion[];
  /** What was resolved, and why, in sentences. */
  readonly notes: readonly string[];
}

/** The credit of a hunk of the final change; `finalLine` is where it begins in the final text. */
export function creditOf(
  state: RunState,
  hunk: Hunk,
  from: FinalHunk['from'],
  findings: readonly ReviewFinding[],
  finalLine: number,
): Credit {
  const entries = new Map((state.ledger?.entries ?? []).map((entry) => [entry.hunk, entry]));
  const writers: Writer[] = [];
  const changes = new Set<string>();
  const notes = new Set<string>();
  const add = (writer: Writer): void => {
    if (!writers.some((w) => w.role === writer.role && w.did === writer.did)) writers.push(writer);
  };
  for (const id of from) {
    const entry = entries.get(id);
    if (entry) {
      const fix = state.review.joined.some((joined) => joined.change === entry.change);
      add(
        writerOf(state, entry.writer, fix ? 'fixed' : 'wrote', fix ? 'review/fix/' : `implementation/${entry.change}/`),
      );
      changes.add(entry.change);
      if (entry.fate === 'resolved' && entry.why !== undefined) notes.add(entry.why);
    } else {
      const role = state.cast.find((c) => c.duties.includes('orchestrate'))?.role ?? 'orchestrator';
      add(writerOf(state, role, id.startsWith('resolution:') ? 'resolved' : 'integrated', 'integration/'));
    }
  }
  return { writers, opinions: opinionsOf(state, changes, hunk, findings, finalLine), notes: [...notes] };
}

function writerOf(state: RunState, role: string, did: Writer['did'], calls: string): Writer {
  const cast = state.cast.find((c) => c.role === role);
  const own = Object.values(state.calls).filter((call) => call.role === role && call.state === 'done');
  const last = own.findLast((call) => call.call.startsWith(calls)) ?? own.at(-1);
  return {
    role,
    title: cast?.title ?? role,
    model: last?.model,
    effort: last?.effort,
    scripted: last?.scripted ?? false,
    did,
  };
}

function opinionsOf(
  state: RunState,
  changes: ReadonlySet<string>,
  hunk: Hunk,
  findings: readonly ReviewFinding[],
  finalLine: number,
): Opinion[] {
  const titleOf = (role: string): string => state.cast.find((c) => c.role === role)?.title ?? role;
  const opinions: Opinion[] = [];
  for (const change of changes) {
    const verdicts = state.changes[change]?.verdicts ?? [];
    for (const [role, own] of Map.groupBy(verdicts, (v) => v.role)) {
      const last = own.at(-1)!.verdict;
      const here = findings.filter((f) => f.change === change && f.role === role && bearsOn(f, hunk, finalLine));
      const said = here.find((f) => f.state === 'open') ?? here.at(-1);
      const says = said?.claim ?? (last.verdict === 'fine' ? undefined : last.summary);
      const done = said !== undefined && said.state !== 'open';
      // Of several changes behind one hunk a reviewer says the same only once.
      if (opinions.some((o) => o.role === role && o.verdict === last.verdict && o.says === says)) continue;
      opinions.push({ role, title: titleOf(role), verdict: last.verdict, says, done });
    }
  }
  return [...opinions, ...takenUp(state, changes, hunk, titleOf)];
}

function bearsOn(finding: ReviewFinding, hunk: Hunk, finalLine: number): boolean {
  if (finding.path !== hunk.path) return false;
  if (finding.line === undefined || hunk.kind !== 'text') return true;
  return finding.line >= finalLine - 2 && finding.line <= finalLine + (hunk.added?.length ?? 0) + 1;
}

/** Findings about these lines of the base that the items of these changes rest on. */
function takenUp(
  state: RunState,
  changes: ReadonlySet<string>,
  hunk: Hunk,
  titleOf: (role: string) => string,
): Opinion[] {
  const items = new Set([...changes].flatMap((change) => state.changes[change]?.landed.items ?? []));
  const ids = new Set((state.plan?.items ?? []).filter((item) => items.has(item.id)).flatMap((item) => item.findings));
  const [start, end] = [(hunk.start ?? 0) - 1, (hunk.start ?? 0) + (hunk.removed?.length ?? 0) + 1];
  return state.findings
    .filter((f) => ids.has(f.id))
    .filter((f) =>
      f.evidence.some(
        (e) =>
          e.kind === 'file' &&
          e.path === hunk.path &&
          (hunk.kind !== 'text' || (e.line !== undefined && e.line - 1 >= start && e.line - 1 <= end)),
      ),
    )
    .map((f): Opinion => ({ role: f.role, title: titleOf(f.role), verdict: 'found', says: f.claim, done: true }));
}

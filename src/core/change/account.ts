import type { FileChange, FileSide, FinalHunk, Hunk, LedgerEntry } from './change.ts';
import { contains } from './contains.ts';
import { leavesTrace } from './explain.ts';
import { isKept, isRewritten, placeOf } from './fileCase.ts';
import type { FileCase, Tracked } from './fileCase.ts';
import { sideName } from './hunks.ts';
import { findBlock, splitLines } from './lines.ts';
import { mergeText } from './merge.ts';
import { originOf } from './origin.ts';
import type { Origin } from './origin.ts';

/** The account of one file: what became of every hunk in it, and where every hunk of the final change comes from. */

export interface Account {
  readonly entries: LedgerEntry[];
  readonly hunks: FinalHunk[];
  readonly problems: string[];
}

const lines = (side: FileSide | undefined) => splitLines(side?.text ?? '');

/** Draws up the account of one file. Every hunk gets one entry, whether the account balances or not. */
export function accountOf(file: FileCase): Account {
  const problems: string[] = [];
  const origin = originOf(file);
  if (origin.problem !== undefined) problems.push(origin.problem);
  const entries = file.tracked.map((tracked) => {
    const { hunk, writer } = tracked;
    const judged = judge(file, origin, tracked);
    if (judged.problem !== undefined) problems.push(`${placeOf(hunk)} (${writer}): ${judged.problem}`);
    const size = sizeOf(tracked);
    const entry: LedgerEntry = {
      hunk: hunk.id,
      change: hunk.change,
      writer,
      path: hunk.path,
      fate: judged.fate,
      ...size,
    };
    if (judged.by !== undefined) entry.by = judged.by;
    if (judged.why !== undefined) entry.why = judged.why;
    return entry;
  });
  const hunks = file.finalHunks.map((hunk): FinalHunk => {
    const from = origin.sources(hunk);
    if (from.length === 0)
      problems.push(`${placeOf(hunk)}: the final tree differs from the base here, and nobody wrote that.`);
    const { removed, added } = sizeOf({ hunk, file: { path: file.path, ...sides(file) } });
    const start = hunk.start === undefined ? {} : { start: hunk.start };
    return { id: hunk.id, path: hunk.path, ...start, removed, added, from };
  });
  return { entries, hunks, problems };
}

function sides(file: FileCase): Pick<FileChange, 'before' | 'after'> {
  return { ...(file.base && { before: file.base }), ...(file.final && { after: file.final }) };
}

/** The lines that a hunk adds and removes. */
export function sizeOf({ hunk, file }: Pick<Tracked, 'hunk' | 'file'>): { added: number; removed: number } {
  if (hunk.kind === 'text') return { added: hunk.added?.length ?? 0, removed: hunk.removed?.length ?? 0 };
  if (hunk.kind === 'mode') return { added: 0, removed: 0 };
  return { added: lines(file.after).length, removed: lines(file.before).length };
}

interface Judged {
  readonly fate: LedgerEntry['fate'];
  readonly by?: string | undefined;
  readonly why?: string | undefined;
  readonly problem?: string;
}

function judge(file: FileCase, origin: Origin, tracked: Tracked): Judged {
  const { hunk, decision } = tracked;
  if (decision === undefined || decision.fate === 'merged') {
    if (!isMerged(file, origin, tracked)) {
      return decision
        ? { ...decision, problem: 'said to be merged, but it is not in the merged text as it was written.' }
        : { fate: 'rejected', why: 'Not accounted for.', problem: 'not in the merged text, and nobody decided so.' };
    }
    const by = overwriter(file, origin, hunk);
    if (by) return { fate: 'superseded', by: by.id, why: "The orchestrator's own later edit changed it." };
    return { fate: 'merged', why: decision?.why };
  }
  const { fate, why } = decision;
  const by = fate === 'superseded' ? decision.by : undefined;
  if (!why?.trim()) return { fate, by, problem: `said to be ${fate}, but not why.` };
  if (fate === 'resolved') {
    if (!tracesIn(file, tracked, file.merged)) {
      return { fate, why, problem: 'said to be resolved, but nothing of it is in the merged text.' };
    }
    const later = file.integration[0];
    if (later && !tracesIn(file, tracked, file.final)) {
      return {
        fate: 'superseded',
        by: later.id,
        why: `Resolved at first (${why}); the orchestrator's own later edit took it out.`,
      };
    }
    return { fate, why };
  }
  if (stillThere(file, origin, tracked)) {
    return { fate, by, why, problem: `said to be ${fate}, but it is in the final tree.` };
  }
  return { fate, by, why };
}

/** Is a kept hunk in the merged tree, whole? */
function isMerged(file: FileCase, origin: Origin, { hunk, file: change }: Tracked): boolean {
  const { base, merged } = file;
  switch (hunk.kind) {
    case 'mode':
      return merged !== undefined && merged.mode === change.after?.mode;
    case 'whole': {
      if (sideName(merged) === hunk.after) return true;
      const [one, two, three] = [base?.text, merged?.text, change.after?.text];
      if (one === undefined || two === undefined || three === undefined || merged?.mode !== change.after?.mode)
        return false;
      const again = mergeText(one, two, three);
      return !again.conflict && again.text === two;
    }
    case 'text': {
      if (origin.exact) return true;
      return base?.text !== undefined && merged?.text !== undefined && contains(base.text, merged.text, hunk);
    }
  }
}

/** The orchestrator's later hunk that undoes a merged one in part or whole. */
function overwriter(file: FileCase, origin: Origin, hunk: Hunk): Hunk | undefined {
  const { base, final, integration } = file;
  if (integration.length === 0) return undefined;
  if (hunk.kind === 'mode') {
    const mode = hunk.after?.split(' ')[0];
    return final?.mode === mode ? undefined : (integration.find((later) => later.kind !== 'text') ?? integration[0]);
  }
  if (hunk.kind === 'whole' || base?.text === undefined || final?.text === undefined) return integration[0];
  const span = origin.spans?.get(hunk.id);
  const touching = span && integration.filter((later) => laterTouches(later, span));
  const cutting = touching?.find((later) => {
    const from = later.start ?? 0;
    const to = from + (later.removed?.length ?? 0);
    return later.kind === 'whole' || (from < to && from < span!.to && to > span!.from);
  });
  if (cutting) return cutting;
  if (contains(base.text, final.text, hunk)) return undefined;
  if (!touching) return integration[0];
  return touching.find((later) => later.added?.some((line) => hunk.removed?.includes(line)));
}

function laterTouches(later: Hunk, span: { from: number; to: number }): boolean {
  if (later.kind !== 'text') return later.kind === 'whole';
  const from = later.start ?? 0;
  return from <= span.to && from + (later.removed?.length ?? 0) >= span.from;
}

/** Has a rewritten hunk left something in this side? */
function tracesIn(file: FileCase, { hunk, file: change }: Tracked, side: FileSide | undefined): boolean {
  if (hunk.kind === 'mode') return side !== undefined;
  if (hunk.kind === 'text') {
    return (
      side?.text !== undefined &&
      leavesTrace({ removed: hunk.removed ?? [], added: hunk.added ?? [] }, lines(side), lines(file.base))
    );
  }
  if (sideName(side) === hunk.after) return true;
  if (sideName(side) === sideName(file.base)) return false;
  if (change.after?.text === undefined || side?.text === undefined)
    return change.after !== undefined && side !== undefined;
  return leavesTrace({ removed: lines(change.before), added: lines(change.after) }, lines(side), lines(file.base));
}

/** Is a hunk that lost in the final tree all the same, and by nobody else's doing? */
function stillThere(file: FileCase, origin: Origin, { hunk, file: change, decision }: Tracked): boolean {
  const { base, final } = file;
  const others = file.tracked.filter((other) => other.hunk.id !== hunk.id && (isKept(other) || isRewritten(other)));
  const integrated = decision?.fate === 'superseded' && file.integration.some((later) => later.id === decision.by);
  if (integrated || (decision?.fate === 'superseded' && decision.by === 'integration')) return false;
  if (hunk.kind === 'mode') {
    const mode = change.after?.mode;
    const same = others.some((other) => other.file.after?.mode === mode && other.hunk.kind !== 'text');
    return final?.mode === mode && base?.mode !== mode && !same;
  }
  if (hunk.kind === 'whole') {
    const same = others.some((other) => other.hunk.kind === 'whole' && other.hunk.after === hunk.after);
    return sideName(final) === hunk.after && sideName(base) !== hunk.after && !same;
  }
  // What is explained without it, and nobody touched afterwards, cannot hold it.
  const sealed = origin.exact && file.integration.length === 0 && !others.some(isRewritten);
  if (sealed || base?.text === undefined || final?.text === undefined) return false;
  return contains(base.text, final.text, hunk) && !others.some((other) => covers(other.hunk, hunk));
}

/** True when the one hunk does all that the other does, in the same place. */
function covers(one: Hunk, two: Hunk): boolean {
  if (one.kind === 'whole') return true;
  if (one.kind !== 'text') return false;
  const [from, start] = [one.start ?? 0, two.start ?? 0];
  const [to, end] = [from + (one.removed?.length ?? 0), start + (two.removed?.length ?? 0)];
  const inside = from <= start && to >= end;
  return inside && findBlock(one.added ?? [], two.added ?? [], 0, one.added?.length ?? 0) >= 0;
}

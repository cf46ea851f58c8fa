import { regionsOf, splitLines, wholeRegion } from './lines.ts';
import type { Region } from './lines.ts';

/** A three-way merge of texts, with git's rules and without git. */

/** `text` holds conflict markers when `conflict` is set. */
export interface MergedText {
  readonly text: string;
  readonly conflict: boolean;
}

interface SideRegion extends Region {
  readonly side: 'ours' | 'theirs';
}

/**
 * Merges line by line as git does: changes of both sides that overlap or touch are a conflict unless they are the same.
 * Where a side differs too much to be aligned, its whole difference counts as one change. Linear where the texts are
 * alike; node-diff3, which has the same rules, needs the square of the number of lines even then, and alone decides
 * which of several equal lines stays: here both that and the hunks of the ledger come from one alignment.
 */
export function mergeText(base: string, ours: string, theirs: string): MergedText {
  if (ours === theirs || theirs === base) return { text: ours, conflict: false };
  if (ours === base) return { text: theirs, conflict: false };
  const lines = { base: splitLines(base), ours: splitLines(ours), theirs: splitLines(theirs) };
  const regions = (['ours', 'theirs'] as const)
    .flatMap((side) => {
      const found = regionsOf(lines.base, lines[side]) ?? [wholeRegion(lines.base, lines[side])].filter((r) => !!r);
      return found.map((region): SideRegion => ({ side, ...region }));
    })
    .toSorted((x, y) => x.start - y.start || x.end - y.end);

  const out: string[] = [];
  const take = (from: readonly string[], start: number, end: number) => {
    for (let at = start; at < end; at += 1) out.push(from[at]!);
  };
  let conflict = false;
  let at = 0;
  for (let n = 0; n < regions.length;) {
    const group = [regions[n]!];
    const start = group[0]!.start;
    let end = group[0]!.end;
    for (n += 1; n < regions.length && regions[n]!.start <= end; n += 1) {
      group.push(regions[n]!);
      end = Math.max(end, regions[n]!.end);
    }
    take(lines.base, at, start);
    at = end;
    const [one, two] = (['ours', 'theirs'] as const).map((side) => {
      const own = group.filter((region) => region.side === side);
      return own.length === 0 ? undefined : stretch(lines.base, lines[side], own, start, end);
    });
    if (!one || !two || (one.length === two.length && one.every((line, k) => line === two[k]))) {
      const chosen = (one ?? two)!;
      take(chosen, 0, chosen.length);
    } else {
      conflict = true;
      const block = conflictBlock(one, two);
      take(block, 0, block.length);
    }
  }
  take(lines.base, at, lines.base.length);
  return { text: out.join(''), conflict };
}

/** What a side has in place of lines `[start, end)` of the base. */
function stretch(base: string[], side: string[], own: readonly Region[], start: number, end: number): string[] {
  const first = own[0]!;
  const last = own.at(-1)!;
  return [...base.slice(start, first.start), ...side.slice(first.from, last.to), ...base.slice(last.end, end)];
}

/** Both sides between conflict markers; what they begin and end with in common stands outside. `names` say in the markers whose is whose. */
export function conflictBlock(
  ours: readonly string[],
  theirs: readonly string[],
  names = { ours: 'ours', theirs: 'theirs' },
): string[] {
  const core = wholeRegion(ours, theirs)!;
  const eol = [...ours, ...theirs].some((line) => line.endsWith('\r\n')) ? '\r\n' : '\n';
  const ended = (lines: readonly string[]) => lines.map((line) => (line.endsWith('\n') ? line : line + eol));
  return [
    ...ours.slice(0, core.start),
    `<<<<<<< ${names.ours}${eol}`,
    ...ended(ours.slice(core.start, core.end)),
    `=======${eol}`,
    ...ended(theirs.slice(core.from, core.to)),
    `>>>>>>> ${names.theirs}${eol}`,
    ...ours.slice(core.end),
  ];
}

/** Lines that only a conflict leaves: its first and its last marker. `=======` alone underlines a heading as well. */
function markers(text: string): Map<string, number> {
  const found = new Map<string, number>();
  for (const [line] of text.matchAll(/^(?:<{7}|>{7})(?:[ \t].*)?\r?$/gm)) {
    const kind = line.slice(0, 7);
    found.set(kind, (found.get(kind) ?? 0) + 1);
  }
  return found;
}

/**
 * True when a text holds a conflict marker (`<<<<<<<` or `>>>>>>>` at the beginning of a line, alone or with a label)
 * more often than `base` does: a conflict that nobody, or somebody only in part, has resolved.
 */
export function holdsConflictMarkers(text: string, base = ''): boolean {
  const before = markers(base);
  return [...markers(text)].some(([kind, count]) => count > (before.get(kind) ?? 0));
}

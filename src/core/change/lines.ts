import { diffArrays } from 'diff';

/** Texts as lines that keep their ends, and how two of them are aligned. Everything else in this room rests on it. */

/** Lines `[start, end)` of the one text stand where lines `[from, to)` of the other stand; both counted from 0. */
export interface Region {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/** More inserted and removed lines than this are not aligned: Myers' algorithm takes time and memory by the square of it. */
const maxEdits = 3000;

/** The lines of a text, each with its end (`\n`, `\r\n` or, in the last, none); joined they are the text again. */
export function splitLines(text: string): string[] {
  const lines: string[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('\n', at) + 1;
    const end = next === 0 ? text.length : next;
    lines.push(text.slice(at, end));
    at = end;
  }
  return lines;
}

/** True when `lines` holds `block` from `at` on. */
export function standsAt(lines: readonly string[], at: number, block: readonly string[]): boolean {
  return at >= 0 && at + block.length <= lines.length && block.every((line, n) => lines[at + n] === line);
}

/** Where `block` stands in `lines` for the first time, within `[from, to)`; -1 when nowhere. */
export function findBlock(lines: readonly string[], block: readonly string[], from: number, to: number): number {
  for (let at = from; at + block.length <= to; at += 1) if (standsAt(lines, at, block)) return at;
  return -1;
}

/** How many lines both begin with, and how many of the rest both end with. */
function commonEnds(one: readonly string[], two: readonly string[]): { head: number; tail: number } {
  const most = Math.min(one.length, two.length);
  let head = 0;
  while (head < most && one[head] === two[head]) head += 1;
  let tail = 0;
  while (tail < most - head && one[one.length - 1 - tail] === two[two.length - 1 - tail]) tail += 1;
  return { head, tail };
}

/** The smallest single region that holds every difference; undefined when there is none. */
export function wholeRegion(one: readonly string[], two: readonly string[]): Region | undefined {
  const { head, tail } = commonEnds(one, two);
  const region = { start: head, end: one.length - tail, from: head, to: two.length - tail };
  return region.start === region.end && region.from === region.to ? undefined : region;
}

function shifted(region: Region, by: number): Region {
  return { start: region.start + by, end: region.end + by, from: region.from + by, to: region.to + by };
}

/** Moves a pure insertion or removal one line down where the result is the same text; undefined where it is not. */
function slideOne(region: Region, one: readonly string[], two: readonly string[]): Region | undefined {
  if (region.end >= one.length || region.to >= two.length) return undefined;
  const inserts = region.start === region.end;
  const removes = region.from === region.to;
  if (inserts === removes) return undefined;
  const same = inserts ? two[region.from] === two[region.to] : one[region.start] === one[region.end];
  return same ? shifted(region, 1) : undefined;
}

/**
 * Where an insertion or a removal of repeated lines can be said to stand at several places, it is the last of them
 * (as in git); regions that meet on the way become one. So the same change gets the same regions whoever made it.
 */
function settle(regions: readonly Region[], one: readonly string[], two: readonly string[]): Region[] {
  const done: Region[] = [];
  for (const region of regions.toReversed()) {
    let current = region;
    for (;;) {
      const below = done.at(-1);
      if (below && current.end === below.start) {
        current = { start: current.start, end: below.end, from: current.from, to: below.to };
        done.pop();
        continue;
      }
      const lower = slideOne(current, one, two);
      if (!lower) break;
      current = lower;
    }
    done.push(current);
  }
  return done.toReversed();
}

/** True when the lines that only one of two ranges has, counted, are already too many edits. */
function tooUnlike(one: readonly string[], two: readonly string[], within: Region): boolean {
  const balance = new Map<string, number>();
  for (let at = within.start; at < within.end; at += 1) balance.set(one[at]!, (balance.get(one[at]!) ?? 0) + 1);
  for (let at = within.from; at < within.to; at += 1) balance.set(two[at]!, (balance.get(two[at]!) ?? 0) - 1);
  let edits = 0;
  for (const count of balance.values()) edits += Math.abs(count);
  return edits > maxEdits;
}

/** Myers' shortest edit between two ranges; undefined when it is longer than `maxEdits`. */
function shortest(one: readonly string[], two: readonly string[], within: Region): Region[] | undefined {
  if (tooUnlike(one, two, within)) return undefined;
  const parts = diffArrays(one.slice(within.start, within.end), two.slice(within.from, within.to), {
    maxEditLength: maxEdits,
  });
  if (!parts) return undefined;
  const regions: Region[] = [];
  let { start, from } = within;
  let open: Region | undefined;
  for (const part of parts) {
    const end = start + (part.added ? 0 : part.count);
    const to = from + (part.removed ? 0 : part.count);
    if (part.added || part.removed) {
      open = open ? { ...open, end, to } : { start, end, from, to };
    } else if (open) {
      regions.push(open);
      open = undefined;
    }
    start = end;
    from = to;
  }
  if (open) regions.push(open);
  return regions;
}

/** The differences of two texts as a shortest edit, in order, at least one common line apart; undefined when there are too many. */
export function regionsOf(one: readonly string[], two: readonly string[]): Region[] | undefined {
  const whole = wholeRegion(one, two);
  if (!whole) return [];
  const regions = shortest(one, two, whole);
  return regions && settle(regions, one, two);
}

/** Lines that occur once in each of both ranges, as pairs that rise in both: the longest such chain. */
function anchors(one: readonly string[], two: readonly string[], within: Region): [number, number][] {
  const once = (lines: readonly string[], from: number, to: number) => {
    const seen = new Map<string, number>();
    for (let at = from; at < to; at += 1) seen.set(lines[at]!, seen.has(lines[at]!) ? -1 : at);
    return seen;
  };
  const theirs = once(two, within.from, within.to);
  const pairs: [number, number][] = [];
  for (const [line, at] of once(one, within.start, within.end)) {
    const other = theirs.get(line) ?? -1;
    if (at >= 0 && other >= 0) pairs.push([at, other]);
  }
  // Patience sorting: `tops[n]` is the pair that ends the best chain of length n + 1.
  const tops: number[] = [];
  const before: number[] = [];
  pairs.sort((x, y) => x[0] - y[0]);
  for (const [n, pair] of pairs.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tops[middle]!]![1] < pair[1]) low = middle + 1;
      else high = middle;
    }
    before[n] = low > 0 ? tops[low - 1]! : -1;
    tops[low] = n;
  }
  const chain: [number, number][] = [];
  for (let n = tops.at(-1) ?? -1; n >= 0; n = before[n]!) chain.push(pairs[n]!);
  return chain.toReversed();
}

/**
 * The differences once more, aligned by lines that occur only once (patience): near to what git's merge sees
 * (histogram) where that is not a shortest edit, as with blocks that changed places. Undefined as above.
 */
export function patienceRegions(one: readonly string[], two: readonly string[]): Region[] | undefined {
  const found: Region[] = [];
  const todo: Region[] = [];
  const whole = wholeRegion(one, two);
  if (whole) todo.push(whole);
  for (let next = todo.pop(); next; next = todo.pop()) {
    const within = next;
    const { head, tail } = commonEnds(one.slice(within.start, within.end), two.slice(within.from, within.to));
    const inner = {
      start: within.start + head,
      end: within.end - tail,
      from: within.from + head,
      to: within.to - tail,
    };
    if (inner.start === inner.end || inner.from === inner.to) {
      if (inner.start !== inner.end || inner.from !== inner.to) found.push(inner);
      continue;
    }
    const chain = anchors(one, two, inner);
    if (chain.length === 0) {
      const regions = shortest(one, two, inner);
      if (!regions) return undefined;
      found.push(...regions);
      continue;
    }
    let { start, from } = inner;
    for (const [end, to] of [...chain, [inner.end, inner.to] as const]) {
      if (start !== end || from !== to) todo.push({ start, end, from, to });
      start = end + 1;
      from = to + 1;
    }
  }
  return settle(joined(found), one, two);
}

/** Sorts regions, and makes one of those that touch. */
function joined(regions: readonly Region[]): Region[] {
  const result: Region[] = [];
  for (const region of regions.toSorted((x, y) => x.start - y.start || x.from - y.from)) {
    const last = result.at(-1);
    if (last && last.end === region.start && last.to === region.from) {
      result[result.length - 1] = { ...last, end: region.end, to: region.to };
    } else result.push(region);
  }
  return result;
}

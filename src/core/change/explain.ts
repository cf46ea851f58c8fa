import { findBlock, standsAt } from './lines.ts';

/** Is a merged text made of its base and of these hunks, and of nothing else? And which line comes from whom? */

/** A hunk of lines that is said to have gone into the merged text. */
export interface Claim {
  readonly id: string;
  readonly change: string;
  /** First line of the base that it replaces, and the line after the last. */
  readonly start: number;
  readonly end: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /**
   * `exact`: its lines stand there as they are. `decided`: as well, but somebody decided so in a conflict, and they
   * may stand inside another's lines. `free`: somebody rewrote it, and what stands there need only show a trace of it.
   * `gone`: it lost against a `free` one that it touches; it only widens the place where that one may have written.
   */
  readonly as: 'exact' | 'decided' | 'free' | 'gone';
}

/** Where every line comes from: for each line of the text a line of the base, or else the hunks that brought it. */
export interface Explained {
  readonly base: readonly (number | undefined)[];
  readonly by: readonly (readonly string[])[];
  /** Where each hunk's lines stand in the text: `[from, to)`. */
  readonly spans: ReadonlyMap<string, { from: number; to: number }>;
}

/** Identical hunks of several writers, as one. */
interface Block {
  readonly ids: readonly string[];
  readonly start: number;
  readonly end: number;
  readonly removed: readonly string[];
  readonly added: readonly string[];
  readonly decided: boolean;
}

interface Cluster {
  readonly start: number;
  readonly end: number;
  readonly blocks: Block[];
  readonly free: Claim[];
  readonly gone: Claim[];
}

interface Placed {
  readonly block: Block;
  readonly from: number;
}

/** Line comparisons before a search gives up; only texts made to be ambiguous come near. */
const patience = 1_500_000;
/** Touching hunks of which every order is tried. */
const maxOrdered = 10;
/** Rewritten places in one file. */
const maxOpen = 300;

/**
 * Explains `text` exactly: the lines of the base outside every hunk, in order, and in each place where hunks are,
 * their lines and no others (identical ones once, touching ones in any order that their places allow), except where
 * a hunk is `free`. Undefined when it cannot be. So a line taken out, put back or brought by nobody is always seen.
 */
export function explain(
  base: readonly string[],
  text: readonly string[],
  claims: readonly Claim[],
): Explained | undefined {
  const clusters = clustersOf(base, claims);
  return new Search(base, text, clusters).run();
}

/** How many lines a merged text must have, however its changes are aligned: what each adds and removes, twins once. */
export function lengthOf(base: readonly string[], claims: readonly Claim[]): number {
  const blocks = clustersOf(base, claims).flatMap((cluster) => cluster.blocks);
  return blocks.reduce((sum, block) => sum + block.added.length - block.removed.length, base.length);
}

/** What the base becomes when every claim but the `gone` is written into it, in the order of their places. */
export function expected(base: readonly string[], claims: readonly Claim[]): string[] {
  const out: string[] = [];
  let at = 0;
  for (const cluster of clustersOf(base, claims)) {
    out.push(...base.slice(at, cluster.start));
    for (const part of [...cluster.blocks, ...cluster.free].toSorted((x, y) => x.start - y.start))
      out.push(...part.added);
    at = cluster.end;
  }
  return out.concat(base.slice(at));
}

function clustersOf(base: readonly string[], claims: readonly Claim[]): Cluster[] {
  return grouped(claims).flatMap((group) => {
    if (group.some((claim) => claim.as === 'free')) return [clusterOf(group, new Map())];
    const { chosen, twins } = withoutTwins(
      base,
      group.filter((claim) => claim.as !== 'gone'),
    );
    return grouped(chosen).map((own) => clusterOf(own, twins));
  });
}

/**
 * Changes that make the same of one place are counted once there, as a merge does, even where they cut it into
 * different hunks: the first stands for all; `twins` are the others' ids by the first one's change.
 */
function withoutTwins(
  base: readonly string[],
  group: readonly Claim[],
): { chosen: readonly Claim[]; twins: ReadonlyMap<string, string[]> } {
  const twins = new Map<string, string[]>();
  const members = Map.groupBy(group, (claim) => claim.change);
  if (members.size < 2) return { chosen: group, twins };
  const start = group[0]!.start;
  const end = Math.max(...group.map((claim) => claim.end));
  const first = new Map<string, string>();
  for (const [change, own] of members) {
    const text: string[] = [];
    let at = start;
    for (const claim of own) {
      text.push(...base.slice(at, claim.start), ...claim.added);
      at = claim.end;
    }
    const made = JSON.stringify([...text, ...base.slice(at, end)]);
    const same = first.get(made);
    if (same === undefined) first.set(made, change);
    else twins.set(same, [...(twins.get(same) ?? []), ...own.map((claim) => claim.id)]);
  }
  const chosen = new Set(first.values());
  return { chosen: group.filter((claim) => chosen.has(claim.change)), twins };
}

/** Claims whose places touch or overlap, together, in order. */
function grouped(claims: readonly Claim[]): Claim[][] {
  const groups: Claim[][] = [];
  let end = -1;
  for (const claim of claims.toSorted((x, y) => x.start - y.start || x.end - y.end)) {
    if (claim.start > end) groups.push([]);
    groups.at(-1)!.push(claim);
    end = Math.max(end, claim.end);
  }
  return groups;
}

function clusterOf(group: readonly Claim[], twins: ReadonlyMap<string, string[]>): Cluster {
  const blocks = new Map<string, Block>();
  for (const claim of group) {
    if (claim.as !== 'exact' && claim.as !== 'decided') continue;
    const key = JSON.stringify([claim.start, claim.end, claim.added]);
    const ids = [...(blocks.get(key)?.ids ?? []), claim.id, ...(twins.get(claim.change) ?? [])];
    blocks.set(key, { ...claim, ids, decided: claim.as === 'decided' });
  }
  return {
    start: group[0]!.start,
    end: Math.max(...group.map((claim) => claim.end)),
    blocks: [...blocks.values()],
    free: group.filter((claim) => claim.as === 'free'),
    gone: group.filter((claim) => claim.as === 'gone'),
  };
}

/** Blocks that a decision put inside another's lines: they may or may not stand there a second time. */
function absorbed(blocks: readonly Block[]): Block[] {
  return blocks.filter((block) =>
    blocks.some(
      (other) =>
        block.decided &&
        other !== block &&
        other.added.length > block.added.length &&
        other.start <= block.start &&
        other.end >= block.end &&
        block.added.length > 0 &&
        findBlock(other.added, block.added, 0, other.added.length) >= 0,
    ),
  );
}

/** How often a line stands among these. */
function count(lines: readonly string[], line: string): number {
  return lines.reduce((sum, other) => sum + (other === line ? 1 : 0), 0);
}

/** Without white space, so that a moved or re-indented line is still known. */
const bare = (line: string) => line.replace(/\s+/g, '');

/**
 * True when a rewritten hunk left a trace: one of the lines that it adds (white space aside; brackets and empty lines
 * count only if it has no others) stands in the text or, where it only removes, one of those is gone. Two writers' changes
 * of one line are often resolved into one new line: then a word that the hunk brought must stand in the text more often
 * than in the base.
 */
export function leavesTrace(
  claim: Pick<Claim, 'removed' | 'added'>,
  text: readonly string[],
  before: readonly string[],
): boolean {
  const words = claim.added.map(bare).filter((line) => /[\p{L}\p{N}]/u.test(line));
  const telling = words.length > 0 ? words : claim.added.map(bare);
  if (telling.length === 0) return claim.removed.some((line) => count(text, line) < count(before, line));
  const there = new Set(text.map(bare));
  if (telling.some((line) => there.has(line))) return true;
  const old = new Set(claim.removed.flatMap(wordsOf));
  const [now, then] = [tally(text), tally(before)];
  return claim.added.flatMap(wordsOf).some((word) => !old.has(word) && (now.get(word) ?? 0) > (then.get(word) ?? 0));
}

const wordsOf = (line: string): string[] => line.match(/[\p{L}\p{N}_$]{2,}/gu) ?? [];

function tally(text: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of text.flatMap(wordsOf)) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

class Search {
  private readonly base: readonly string[];
  private readonly text: readonly string[];
  private readonly clusters: readonly Cluster[];
  /** Index of each cluster whose text has no fixed length. */
  private readonly open: number[] = [];
  private readonly known: Map<number, Chain | undefined>[] = [];
  private steps = 0;

  constructor(base: readonly string[], text: readonly string[], clusters: readonly Cluster[]) {
    this.base = base;
    this.text = text;
    this.clusters = clusters;
    for (const [n, cluster] of clusters.entries()) {
      if (cluster.free.length > 0 || absorbed(cluster.blocks).length > 0) this.open.push(n);
    }
  }

  run(): Explained | undefined {
    const found = this.open.length > maxOpen ? undefined : this.part(0, 0);
    if (!found || this.steps > patience) return undefined;
    const by: string[][] = this.text.map(() => []);
    const fromBase: (number | undefined)[] = this.text.map(() => undefined);
    const spans = new Map<string, { from: number; to: number }>();
    const pieces: Piece[] = [];
    for (let chain: Chain | undefined = found; chain; chain = chain.rest) pieces.push(...chain.pieces);
    for (const piece of pieces) {
      if ('line' in piece) {
        for (let n = 0; n < piece.length; n += 1) fromBase[piece.from + n] = piece.line + n;
        continue;
      }
      for (const id of piece.ids) {
        const { from, to } = spans.get(id) ?? { from: piece.from, to: 0 };
        spans.set(id, { from: Math.min(from, piece.from), to: Math.max(to, piece.from + piece.length) });
        for (let n = 0; n < piece.length; n += 1) by[piece.from + n]!.push(id);
      }
    }
    return { base: fromBase, by, spans };
  }

  /** Everything from the end of the `n`th open cluster before on, with the text from `at`. */
  private part(n: number, at: number): Chain | undefined {
    const known = (this.known[n] ??= new Map());
    if (known.has(at)) return known.get(at);
    this.steps += 4;
    const first = n === 0 ? 0 : this.open[n - 1]! + 1;
    const last = this.open[n] ?? this.clusters.length;
    const pieces: Piece[] = [];
    const after = this.fixed(first, last, at, pieces);
    const found = after === undefined ? undefined : this.opened(n, last, after, pieces);
    known.set(at, found);
    return found;
  }

  /** The clusters `[first, last)` and the lines of the base around them; where the text is then. */
  private fixed(first: number, last: number, at: number, pieces: Piece[]): number | undefined {
    let line = first === 0 ? 0 : this.clusters[first - 1]!.end;
    for (let n = first; n <= last; n += 1) {
      const cluster = this.clusters[n];
      const end = cluster?.start ?? this.base.length;
      const length = end - line;
      if (at + length > this.text.length) return undefined;
      for (let k = 0; k < length; k += 1) {
        this.steps += 1;
        if (this.base[line + k] !== this.text[at + k]) return undefined;
      }
      if (length > 0) pieces.push({ line, from: at, length });
      at += length;
      if (!cluster || n === last) break;
      const placed = this.arrange(cluster.blocks, at);
      if (!placed) return undefined;
      for (const { block, from } of placed) {
        pieces.push({ ids: block.ids, from, length: block.added.length });
        at += block.added.length;
      }
      line = cluster.end;
    }
    return at;
  }

  /** The open cluster `last` with the text from `at`, and all that follows; `pieces` stand before it. */
  private opened(n: number, last: number, at: number, pieces: Piece[]): Chain | undefined {
    const cluster = this.clusters[last];
    if (!cluster) return at === this.text.length ? { pieces, rest: undefined } : undefined;
    for (let end = at; end <= this.text.length && this.steps <= patience; end += 1) {
      this.steps += 1;
      const rest = this.part(n + 1, end);
      const own = rest && (cluster.free.length > 0 ? this.rewritten(cluster, at, end) : this.nested(cluster, at, end));
      if (rest && own) return { pieces: [...pieces, ...own], rest };
    }
    return undefined;
  }

  /** Blocks one after the other from `at` on, in an order that their places in the base allow. */
  private arrange(blocks: readonly Block[], at: number): Placed[] | undefined {
    const length = blocks.length;
    const failed = new Set<number>();
    // Which block must stand before which: those whose places do not overlap keep their order.
    const first = blocks.map((block) =>
      blocks.map((other) => other !== block && other.end <= block.start && !(other.start === block.end)),
    );
    const ordered = length > maxOrdered;
    const place = (used: number, from: number): Placed[] | undefined => {
      if (used === 2 ** length - 1) return [];
      if (failed.has(used)) return undefined;
      for (const [n, block] of blocks.entries()) {
        if (used & (1 << n) || first[n]!.some((before, k) => before && !(used & (1 << k)))) continue;
        this.steps += 1 + block.added.length;
        if (!standsAt(this.text, from, block.added)) continue;
        const rest = place(used | (1 << n), from + block.added.length);
        if (rest) return [{ block, from }, ...rest];
      }
      failed.add(used);
      return undefined;
    };
    if (!ordered) return place(0, at);
    let from = at;
    const placed: Placed[] = [];
    for (const block of blocks) {
      if (!standsAt(this.text, from, block.added)) return undefined;
      placed.push({ block, from });
      from += block.added.length;
    }
    return placed;
  }

  /** A place where decided hunks may stand inside another's lines. */
  private nested(cluster: Cluster, at: number, end: number): Piece[] | undefined {
    const inside = absorbed(cluster.blocks);
    for (const blocks of [cluster.blocks, cluster.blocks.filter((block) => !inside.includes(block))]) {
      if (blocks.reduce((sum, block) => sum + block.added.length, 0) !== end - at) continue;
      const placed = this.arrange(blocks, at);
      if (!placed) continue;
      const pieces = placed.map(({ block, from }): Piece => ({ ids: block.ids, from, length: block.added.length }));
      for (const block of cluster.blocks) {
        if (blocks.includes(block)) continue;
        const from = findBlock(this.text, block.added, at, end);
        pieces.push({ ids: block.ids, from, length: block.added.length });
      }
      return pieces;
    }
    return undefined;
  }

  /** A place that somebody rewrote: exact hunks stand in it whole, removed lines stay away, free ones leave a trace. */
  private rewritten(cluster: Cluster, at: number, end: number): Piece[] | undefined {
    const text = this.text.slice(at, end);
    this.steps += text.length * (1 + 4 * cluster.blocks.length + 8 * cluster.free.length);
    const pieces: Piece[] = [{ ids: cluster.free.map((claim) => claim.id), from: at, length: text.length }];
    const inBlock = (line: number) => cluster.blocks.some((block) => block.start <= line && line < block.end);
    const before = this.base.slice(cluster.start, cluster.end);
    const kept = before.filter((_, n) => !inBlock(cluster.start + n));
    const brought = [...cluster.blocks, ...cluster.free].flatMap((part) => part.added);
    for (const block of cluster.blocks) {
      const from = findBlock(this.text, block.added, at, end);
      if (from < 0) return undefined;
      if (block.removed.some((line) => count(text, line) > count(kept, line) + count(brought, line))) return undefined;
      pieces.push({ ids: block.ids, from, length: block.added.length });
    }
    return cluster.free.every((claim) => leavesTrace(claim, text, before)) ? pieces : undefined;
  }
}

interface Chain {
  readonly pieces: readonly Piece[];
  readonly rest: Chain | undefined;
}

type Piece =
  | { readonly line: number; readonly from: number; readonly length: number }
  | { readonly ids: readonly string[]; readonly from: number; readonly length: number };

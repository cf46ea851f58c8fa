import type { Hunk } from './change.ts';
import { expected, explain, lengthOf } from './explain.ts';
import type { Claim } from './explain.ts';
import { endOf, isKept, isRewritten, linesIn } from './fileCase.ts';
import type { FileCase, Tracked } from './fileCase.ts';
import { patienceRegions, regionsOf, splitLines } from './lines.ts';
import type { Region } from './lines.ts';

/** Where the lines of one file's merged and final text come from. */

export interface Origin {
  /** True when the merged text is made of the base and the hunks that must be in it, and of nothing else. */
  readonly exact: boolean;
  /** Where each hunk's lines stand in the merged text, where that is known. */
  readonly spans: ReadonlyMap<string, { from: number; to: number }> | undefined;
  /** Set when it should be exact and is not: a sentence. */
  readonly problem: string | undefined;
  /** Ids of the hunks that a hunk of the final change comes from. */
  sources(hunk: Hunk): string[];
}

/** Changes of one file for which every mixture of two alignments is tried. */
const maxMixed = 4;

/** Finds the origin of one file's text. */
export function originOf(file: FileCase): Origin {
  const texts = textsOf(file);
  const ways = texts && waysOf(file, texts);
  const problem = texts && !ways && file.resolution === undefined ? stray(file, texts) : undefined;
  const exactly = ways && texts && sourcesByLine(file, texts, ways);
  return {
    exact: ways !== undefined,
    spans: ways?.spans,
    problem,
    sources: (hunk) => {
      const traced = hunk.kind === 'text' && exactly ? exactly(hunk) : { found: new Set<string>(), unclear: true };
      if (!traced.unclear) return inOrder(file, traced.found);
      const near = sourcesByPlace(file, texts, hunk, ways !== undefined && traced.found.size === 0);
      for (const id of near) traced.found.add(id);
      return inOrder(file, traced.found);
    },
  };
}

interface Texts {
  readonly base: string[];
  readonly merged: string[];
  readonly claims: Claim[];
}

/** The lines to be explained; undefined where the file is not text on both sides or is taken as a whole. */
function textsOf(file: FileCase): Texts | undefined {
  const { base, merged } = file;
  if (base?.text === undefined || merged?.text === undefined) return undefined;
  if (base.mode === '120000' || merged.mode === '120000') return undefined;
  if (file.tracked.some((t) => t.hunk.kind === 'whole' && (isKept(t) || isRewritten(t)))) return undefined;
  const rewritten = new Set(file.tracked.filter(isRewritten).map((t) => t.hunk.id));
  const claims = file.tracked.flatMap((tracked) => claimOf(tracked, rewritten));
  return { base: splitLines(base.text), merged: splitLines(merged.text), claims };
}

function claimOf(tracked: Tracked, rewritten: ReadonlySet<string>): Claim[] {
  const { hunk, decision } = tracked;
  if (hunk.kind !== 'text') return [];
  const lost = decision?.fate === 'rejected' || (decision?.by !== undefined && rewritten.has(decision.by));
  if (!isKept(tracked) && !isRewritten(tracked) && !lost) return [];
  const as = isRewritten(tracked) ? 'free' : !isKept(tracked) ? 'gone' : decision ? 'decided' : 'exact';
  const { id, change, start = 0, removed = [], added = [] } = hunk;
  return [{ id, change, start, end: endOf(hunk), removed, added, as }];
}

interface Ways {
  readonly base: readonly (number | undefined)[];
  /** For each line of the merged text, the hunks that brought it. */
  readonly by: readonly (readonly string[])[];
  readonly spans: ReadonlyMap<string, { from: number; to: number }> | undefined;
  /** The hunks that removed a line of the base. */
  removers(line: number): readonly string[];
}

function waysOf(file: FileCase, { base, merged, claims }: Texts): Ways | undefined {
  const found = explain(base, merged, claims);
  if (!found) return otherWays(file, { base, merged, claims });
  return { ...found, removers: removersOf(claims, (claim) => [claim.id]) };
}

function removersOf(claims: readonly Claim[], idsOf: (claim: Claim) => readonly string[]): Ways['removers'] {
  const standing = claims.filter((claim) => claim.as !== 'gone');
  return (line) => standing.filter((claim) => claim.start <= line && line < claim.end).flatMap(idsOf);
}

/**
 * git may have aligned a change in another way than the hunks do, and merged cleanly what overlaps as hunks: blocks
 * that changed places, above all. So each change whose hunks are all kept is tried with its other alignment too.
 * The number of lines must be the same by both, so that no line can be missing from one to be found by the other.
 */
function otherWays(file: FileCase, { base, merged, claims }: Texts): Ways | undefined {
  if (claims.some((claim) => claim.as === 'free') || lengthOf(base, claims) !== merged.length) return undefined;
  const texts = file.tracked.filter((t) => t.hunk.kind === 'text');
  const changes = [...new Set(texts.filter(isKept).map((t) => t.hunk.change))];
  const choices = changes.map((change) => {
    const own = texts.filter((t) => t.hunk.change === change);
    const usual = own.filter(isKept).map((t) => ({ ids: [t.hunk.id], claim: claimOf(t, new Set())[0]! }));
    const other = own.every(isKept) ? otherClaims(base, own) : undefined;
    return other ? [usual, other] : [usual];
  });
  if (choices.filter((choice) => choice.length > 1).length > maxMixed) return undefined;
  for (const chosen of mixtures(choices)) {
    const all = chosen.flat();
    const ids = new Map(all.map(({ claim, ids: own }) => [claim.id, own]));
    const mixed = all.map(({ claim }) => claim);
    const found = explain(base, merged, mixed);
    if (!found) continue;
    const by = found.by.map((line) => line.flatMap((id) => ids.get(id) ?? []));
    return { base: found.base, by, spans: undefined, removers: removersOf(mixed, (claim) => ids.get(claim.id) ?? []) };
  }
  return undefined;
}

interface Named {
  readonly ids: readonly string[];
  readonly claim: Claim;
}

/** One change's hunks by its other alignment, each under the ids of those that it touches (or of all, where it touches none). */
function otherClaims(base: readonly string[], own: readonly Tracked[]): Named[] | undefined {
  const after = splitLines(own[0]?.file.after?.text ?? '');
  return patienceRegions(base, after)?.map((region, n): Named => {
    const touched = own.filter(({ hunk }) => (hunk.start ?? 0) <= region.end && endOf(hunk) >= region.start);
    const ids = (touched.length > 0 ? touched : own).map(({ hunk }) => hunk.id);
    const { start, end } = region;
    const { change } = own[0]!.hunk;
    const removed = base.slice(start, end);
    const added = after.slice(region.from, region.to);
    return { ids, claim: { id: `${change} ${n}`, change, start, end, removed, added, as: 'exact' } };
  });
}

/** Every way to take one of each. */
function mixtures<T>(choices: readonly T[][]): T[][] {
  return choices.reduce<T[][]>((all, choice) => all.flatMap((taken) => choice.map((one) => [...taken, one])), [[]]);
}

/** Names the first place where the merged text is not what it should be. */
function stray(file: FileCase, { base, merged, claims }: Texts): string {
  const standing = claims.filter((claim) => claim.as !== 'gone');
  const alone = (region: Region) => standing.every((claim) => claim.end < region.start || claim.start > region.end);
  const place = regionsOf(base, merged)?.find(alone) ?? regionsOf(expected(base, standing), merged)?.[0];
  const where = !place
    ? ''
    : place.to > place.from
      ? `, ${linesIn(place.from + 1, place.to)}`
      : `, after line ${place.from}`;
  const what = place && place.to > place.from ? 'text that nobody wrote' : 'less or other text than was written';
  return `${file.path}${where}: the merged tree holds ${what}.`;
}

interface Traced {
  readonly found: Set<string>;
  /** Set where the final hunk takes a line for a new or a removed one that this account keeps: equal lines, aligned otherwise. */
  readonly unclear: boolean;
}

/** Follows every line of the final text back through the orchestrator's edits to the base or to hunks. */
function sourcesByLine(file: FileCase, texts: Texts, ways: Ways): ((hunk: Hunk) => Traced) | undefined {
  const { final, integration } = file;
  if (final?.text === undefined || integration.some((later) => later.kind === 'whole')) return undefined;
  const by: (readonly string[])[] = [];
  const kept = new Set<number>();
  const cut = new Map<number, string>();
  const keep = (from: number, to: number) => {
    for (let at = from; at < to; at += 1) {
      by.push(ways.by[at]!);
      const line = ways.base[at];
      if (line !== undefined) kept.add(line);
    }
  };
  let at = 0;
  for (const later of integration) {
    if (later.kind !== 'text') continue;
    keep(at, later.start ?? 0);
    for (const _ of later.added ?? []) by.push([later.id]);
    for (at = later.start ?? 0; at < endOf(later); at += 1) {
      const line = ways.base[at];
      if (line !== undefined) cut.set(line, later.id);
    }
  }
  keep(at, texts.merged.length);
  const shifts = shiftsOf(file.finalHunks);
  return (hunk) => {
    const found = new Set<string>();
    const from = (hunk.start ?? 0) + (shifts.get(hunk.id) ?? 0);
    const brought = by.slice(from, from + (hunk.added?.length ?? 0));
    let unclear = brought.some((ids) => ids.length === 0);
    for (const id of brought.flat()) found.add(id);
    for (let line = hunk.start ?? 0; line < endOf(hunk); line += 1) {
      const later = cut.get(line);
      if (later !== undefined) found.add(later);
      else if (kept.has(line)) unclear = true;
      else for (const id of ways.removers(line)) found.add(id);
    }
    return { found, unclear: unclear || found.size === 0 };
  };
}

/** By how many lines each hunk's place in the final text differs from that in the base. */
function shiftsOf(hunks: readonly Hunk[]): Map<string, number> {
  const shifts = new Map<string, number>();
  let shift = 0;
  for (const hunk of hunks) {
    shifts.set(hunk.id, shift);
    shift += (hunk.added?.length ?? 0) - (hunk.removed?.length ?? 0);
  }
  return shifts;
}

/** Less exactly: the hunks that stand where this one stands; where everything is explained, at worst all of the file. */
function sourcesByPlace(file: FileCase, texts: Texts | undefined, hunk: Hunk, explained: boolean): string[] {
  const standing = file.tracked.filter((t) => isKept(t) || isRewritten(t));
  const found = new Set<string>();
  if (hunk.kind === 'mode') {
    for (const t of standing)
      if (t.hunk.kind !== 'text' && t.file.after?.mode === file.final?.mode) found.add(t.hunk.id);
    for (const later of file.integration) if (later.kind !== 'text') found.add(later.id);
    return inOrder(file, found);
  }
  const touches = (start: number, end: number) =>
    hunk.kind === 'whole' || (start <= endOf(hunk) && end >= (hunk.start ?? 0));
  for (const t of standing) {
    if (t.hunk.kind === 'whole' || (t.hunk.kind === 'text' && touches(t.hunk.start ?? 0, endOf(t.hunk))))
      found.add(t.hunk.id);
  }
  const regions = texts && regionsOf(texts.base, texts.merged);
  for (const later of file.integration) {
    const [start, end] = regions ? inBase(regions, later.start ?? 0, endOf(later)) : [0, Number.POSITIVE_INFINITY];
    if (later.kind === 'whole' || (later.kind === 'text' && touches(start, end))) found.add(later.id);
  }
  if (found.size === 0 && explained) for (const t of standing) if (t.hunk.kind === 'text') found.add(t.hunk.id);
  if (found.size === 0 && file.resolution !== undefined) found.add(file.resolution);
  return inOrder(file, found);
}

/** Lines `[from, to)` of the merged text as lines of the base. */
function inBase(regions: readonly Region[], from: number, to: number): [number, number] {
  const before = regions.findLast((region) => region.from <= from);
  const after = regions.findLast((region) => region.from < to) ?? before;
  const start = !before ? from : from <= before.to ? before.start : before.end + from - before.to;
  const end = !after ? to : to <= after.to ? after.end : after.end + to - after.to;
  return [start, Math.max(start, end)];
}

function inOrder(file: FileCase, found: ReadonlySet<string>): string[] {
  const hunks = [...file.tracked.map((t) => t.hunk), ...file.integration].map((hunk) => hunk.id);
  const known = file.resolution === undefined ? hunks : [...hunks, file.resolution];
  return known.filter((id) => found.has(id));
}

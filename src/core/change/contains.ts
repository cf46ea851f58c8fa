import type { Hunk } from './change.ts';
import { applyHunks } from './hunks.ts';
import { regionsOf, splitLines, standsAt } from './lines.ts';

/**
 * Is this hunk's effect in the final text? It is when the base with the hunk lies on a shortest way from the base to
 * the final text: then every line that it adds saves one insertion, and every line that it removes one removal.
 *
 * The plain definition, that merging base + hunk into the final text changes nothing, refuses a hunk whose lines
 * another writer's touch (as they do in resolved conflicts); this one does not, and does not mind at which of several
 * equal lines the hunk stands. It knows one hunk only, so lines repeated by others can deceive it in either direction
 * (about one hunk in a hundred, in texts that are made of few different lines); `explain` is exact, for a whole file.
 * False as well where the texts differ too much to be aligned, and for a hunk of another base.
 */
export function contains(base: string, final: string, hunk: Hunk): boolean {
  const start = splitLines(base);
  if (hunk.kind !== 'text' || !standsAt(start, hunk.start ?? 0, hunk.removed ?? [])) return false;
  const end = splitLines(final);
  const whole = distance(start, end);
  const rest = distance(splitLines(applyHunks(base, [hunk])), end);
  return whole === rest + (hunk.removed?.length ?? 0) + (hunk.added?.length ?? 0);
}

/** How many lines must go and come to make the one text the other; NaN where that is too many. */
function distance(one: readonly string[], two: readonly string[]): number {
  const regions = regionsOf(one, two);
  return regions ? regions.reduce((sum, r) => sum + r.end - r.start + r.to - r.from, 0) : Number.NaN;
}

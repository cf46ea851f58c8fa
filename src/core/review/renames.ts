import type { FileChange } from '../change/change.ts';
import { splitLines } from '../change/lines.ts';

/** More pairs than this are not compared by their lines. */
const mostPairs = 40_000;

/**
 * Which new file is a deleted one under another name: by path of the new one, that of the old. Of the same content, or with at least half
 * of the lines in common; a file is in one pair only, the most alike first. The change itself keeps both as a deletion and a creation.
 */
export function renamesOf(files: readonly FileChange[]): Map<string, string> {
  const gone = files.filter((file) => file.before && !file.after);
  const made = files.filter((file) => !file.before && file.after);
  const pairs: { from: string; to: string; likeness: number }[] = [];
  for (const to of made) {
    for (const from of gone) {
      if (to.after?.mode.slice(0, 3) !== from.before?.mode.slice(0, 3)) continue;
      const same = to.after?.sha === from.before?.sha && to.after?.text !== '';
      const likeness = same ? 2 : gone.length * made.length > mostPairs ? 0 : alike(from.before?.text, to.after?.text);
      if (likeness >= 0.5) pairs.push({ from: from.path, to: to.path, likeness });
    }
  }
  const taken = new Set<string>();
  const found = new Map<string, string>();
  for (const { from, to } of pairs.toSorted((x, y) => y.likeness - x.likeness)) {
    if (taken.has(from) || found.has(to)) continue;
    taken.add(from);
    found.set(to, from);
  }
  return found;
}

/** The lines that both have, as a share of the longer one. */
function alike(one: string | undefined, two: string | undefined): number {
  if (!one || !two) return 0;
  const [first, second] = [splitLines(one), splitLines(two)];
  const left = new Map<string, number>();
  for (const line of first) left.set(line, (left.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of second) {
    const n = left.get(line) ?? 0;
    if (n === 0) continue;
    left.set(line, n - 1);
    common += 1;
  }
  return common / Math.max(first.length, second.length);
}

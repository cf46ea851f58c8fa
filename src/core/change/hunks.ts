import type { FileChange, FileSide, Hunk } from './change.ts';
import { regionsOf, splitLines } from './lines.ts';

const regular = (side: FileSide) => side.mode === '100644' || side.mode === '100755';

/** One side of a file in words: mode and blob id, empty where the file is not. */
export function sideName(side: FileSide | undefined): string {
  return side ? `${side.mode} ${side.sha}` : '';
}

/** True when both are the same file: there or not, mode and content. */
export function sameSide(one: FileSide | undefined, two: FileSide | undefined): boolean {
  return sideName(one) === sideName(two);
}

/**
 * The smallest parts of a change, in the order of its files and lines, with ids that count from 1 in each file.
 * A file that is text on both sides gives a hunk for every run of changed lines, and one for its mode; any other,
 * and one with more changed lines than can be aligned, is one `whole` hunk.
 */
export function hunksOf(change: string, files: readonly FileChange[]): Hunk[] {
  return files.flatMap((file) => {
    const parts = partsOf(file);
    return parts.map((part, n): Hunk => ({ id: `${change}:${file.path}:${n + 1}`, change, path: file.path, ...part }));
  });
}

type Part = Omit<Hunk, 'id' | 'change' | 'path'>;

function partsOf({ before, after }: FileChange): Part[] {
  if (sameSide(before, after)) return [];
  const sides = { before: sideName(before), after: sideName(after) };
  const whole: Part[] = [{ kind: 'whole', ...sides }];
  if (!before || !after || !regular(before) || !regular(after)) return whole;
  const mode: Part[] = before.mode === after.mode ? [] : [{ kind: 'mode', ...sides }];
  if (before.sha === after.sha) return mode;
  if (before.text === undefined || after.text === undefined) return whole;
  const one = splitLines(before.text);
  const two = splitLines(after.text);
  const regions = regionsOf(one, two);
  if (!regions) return whole;
  const text = regions.map((region): Part => {
    return {
      kind: 'text',
      start: region.start,
      removed: one.slice(region.start, region.end),
      added: two.slice(region.from, region.to),
    };
  });
  return [...text, ...mode];
}

/**
 * A base text with these `text` hunks of one file applied. Hunks of one change never overlap, so any of them may be
 * left out; the order does not matter. Throws when two overlap or when the base is not the one they were made from.
 */
export function applyHunks(base: string, hunks: readonly Hunk[]): string {
  const lines = splitLines(base);
  const out: string[] = [];
  let at = 0;
  for (const hunk of hunks.toSorted((x, y) => (x.start ?? 0) - (y.start ?? 0))) {
    const { start, removed, added } = hunk;
    if (hunk.kind !== 'text' || start === undefined || !removed || !added) {
      throw new Error(`hunk ${hunk.id} is not one of lines`);
    }
    if (start < at) throw new Error(`hunk ${hunk.id} overlaps another`);
    if (removed.some((line, n) => lines[start + n] !== line)) throw new Error(`hunk ${hunk.id} has another base`);
    for (; at < start; at += 1) out.push(lines[at]!);
    for (const line of added) out.push(line);
    at = start + removed.length;
  }
  for (; at < lines.length; at += 1) out.push(lines[at]!);
  return out.join('');
}

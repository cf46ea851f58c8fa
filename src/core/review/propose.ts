import type { FileChange, Hunk } from '../change/change.ts';
import { conflictBlock } from '../change/merge.ts';
import { regionsOf, splitLines, wholeRegion, type Region } from '../change/lines.ts';

/**
 * What the person's file becomes with the hunks that are shown, three-way against the file as it is now, and where each
 * hunk stands in it. The applier merges by the same rules, and has the last word: here it is shown.
 */

/** A file as the person has it now. */
export interface Now {
  /** Whose content it has; both absent counts as the same. `other`: changed, made, deleted by the person since. */
  readonly is: 'before' | 'after' | 'other';
  readonly there: boolean;
  /** Undefined where it is not there, or no text. */
  readonly text?: string | undefined;
}

export interface Place {
  readonly hunk: string;
  /** Lines `[line, line + lines)` of the proposed text, counted from 0 as editors do: a lone CR ends a line, too. */
  readonly line: number;
  readonly lines: number;
  /**
   * `there`: its lines stand there. `out`: it is undone, and would stand there. `already`: the person's file has it. `conflict`: the
   * person has changed the same place, and `why` says how.
   */
  readonly state: 'there' | 'out' | 'already' | 'conflict';
  readonly why?: string;
}

export interface Proposed {
  /** Undefined where the file is not there then, or no text. */
  readonly text?: string | undefined;
  readonly there: boolean;
  /** In the order of the text. */
  readonly places: readonly Place[];
}

/** The file with these hunks of it; `shown` says which are not undone. */
export function propose(
  file: FileChange,
  hunks: readonly Hunk[],
  now: Now,
  shown: (hunk: string) => boolean,
): Proposed {
  const texts = hunks.filter((hunk) => hunk.kind === 'text');
  const rest = hunks.filter((hunk) => hunk.kind !== 'text');
  if (texts.length === 0) return proposeWhole(file, rest, now, shown);
  const modes = rest.map((hunk): Place => ({
    hunk: hunk.id,
    line: 0,
    lines: 0,
    state: shown(hunk.id) ? 'there' : 'out',
  }));
  if (!now.there || now.text === undefined || file.before?.text === undefined) {
    const why = now.there ? 'it is no text any more' : 'you have deleted it';
    const places = [...texts, ...rest].map((hunk): Place => ({
      hunk: hunk.id,
      line: 0,
      lines: 0,
      ...(shown(hunk.id) ? { state: 'conflict', why } : { state: 'out' }),
    }));
    return { text: now.text, there: now.there, places };
  }
  const merged = mergeHunks(file.before.text, now.text, texts, shown);
  return { text: merged.text, there: true, places: [...modes, ...merged.places] };
}

/** A file that is new, deleted, binary or a link: all of it or nothing; or a file of which only the mode changes. */
function proposeWhole(
  { before, after }: FileChange,
  hunks: readonly Hunk[],
  now: Now,
  shown: (hunk: string) => boolean,
): Proposed {
  const onlyMode = hunks.every((hunk) => hunk.kind === 'mode');
  const wanted = hunks.some((hunk) => shown(hunk.id));
  const fits = now.is === 'before' || (onlyMode && now.there);
  const why = !wanted || fits || now.is === 'after' ? undefined : conflictOf(!!before, !!after, now);
  const takes = wanted && fits && !onlyMode;
  const text = takes ? after?.text : now.text;
  const there = takes ? after !== undefined : now.there;
  const places = hunks.map((hunk): Place => {
    const at = { hunk: hunk.id, line: 0, lines: text === undefined ? 0 : countLines(text) };
    if (!shown(hunk.id)) return { ...at, state: 'out' };
    if (why !== undefined) return { ...at, state: 'conflict', why };
    return { ...at, state: now.is === 'after' && !onlyMode ? 'already' : 'there' };
  });
  return { text, there, places };
}

function conflictOf(before: boolean, after: boolean, now: Now): string {
  if (!now.there) return 'you have deleted it';
  if (!before) return 'you have made another file of this name';
  return after
    ? 'you have changed it too, and it can only be taken as a whole'
    : 'the change deletes it, and you have changed it';
}

interface Side extends Region {
  readonly hunk?: Hunk;
}

/** As `mergeText` merges, with the place of each hunk. */
function mergeHunks(
  base: string,
  now: string,
  hunks: readonly Hunk[],
  shown: (hunk: string) => boolean,
): { text: string; places: Place[] } {
  const [before, ours] = [splitLines(base), splitLines(now)];
  const whole = wholeRegion(before, ours);
  const mine: readonly Side[] = regionsOf(before, ours) ?? (whole ? [whole] : []);
  const theirs = hunks
    .filter((hunk) => shown(hunk.id))
    .map((hunk): Side => {
      const start = hunk.start ?? 0;
      return { start, end: start + (hunk.removed?.length ?? 0), from: 0, to: hunk.added?.length ?? 0, hunk };
    });
  const sides = [...mine, ...theirs].toSorted((x, y) => x.start - y.start || x.end - y.end);
  const outs = hunks.filter((hunk) => !shown(hunk.id)).toSorted((x, y) => (x.start ?? 0) - (y.start ?? 0));

  const out: string[] = [];
  const marks: { hunk: Hunk; from: number; to: number; state: Place['state'] }[] = [];
  let at = 0;
  let nextOut = 0;
  /** Copies the base up to a line; what is undone there is marked on the way. */
  const copyTo = (line: number): void => {
    for (; nextOut < outs.length && (outs[nextOut]!.start ?? 0) <= line; nextOut += 1) {
      const hunk = outs[nextOut]!;
      const from = out.length + Math.max(0, (hunk.start ?? 0) - at);
      marks.push({ hunk, from, to: from + (hunk.removed?.length ?? 0), state: 'out' });
    }
    for (; at < line; at += 1) out.push(before[at]!);
  };
  for (let n = 0; n < sides.length;) {
    const group = [sides[n]!];
    let end = group[0]!.end;
    for (n += 1; n < sides.length && sides[n]!.start <= end; n += 1) {
      group.push(sides[n]!);
      end = Math.max(end, sides[n]!.end);
    }
    const { start } = group[0]!;
    copyTo(start);
    at = end;
    const own = group.filter((side) => !side.hunk);
    const wanted = group.flatMap(({ hunk }) => (hunk ? [hunk] : []));
    const one =
      own.length > 0
        ? stretch(
            before,
            own.map((side) => ({ ...side, lines: ours.slice(side.from, side.to) })),
            start,
            end,
          )
        : undefined;
    const two = wanted.length > 0 ? stretch(before, wanted.map(partOf), start, end) : undefined;
    const from = out.length;
    if (one && two && (one.length !== two.length || one.some((line, k) => line !== two[k]))) {
      for (const line of conflictBlock(one, two, { ours: 'yours', theirs: "the team's" })) out.push(line);
      for (const hunk of wanted) marks.push({ hunk, from, to: out.length, state: 'conflict' });
    } else if (one) {
      for (const line of one) out.push(line);
      for (const hunk of wanted) marks.push({ hunk, from, to: out.length, state: 'already' });
    } else {
      let line = start;
      for (const hunk of wanted) {
        for (; line < (hunk.start ?? 0); line += 1) out.push(before[line]!);
        marks.push({ hunk, from: out.length, to: out.length + (hunk.added?.length ?? 0), state: 'there' });
        for (const text of hunk.added ?? []) out.push(text);
        line = (hunk.start ?? 0) + (hunk.removed?.length ?? 0);
      }
    }
  }
  copyTo(before.length);
  const lineOf = lineNumbers(out);
  const places = marks.map(({ hunk, from, to, state }): Place => {
    const line = lineOf(from);
    const lines = lineOf(to) - line;
    const place = { hunk: hunk.id, line, lines, state };
    return state === 'conflict' ? { ...place, why: 'you have changed the same lines' } : place;
  });
  return { text: out.join(''), places: places.toSorted((x, y) => x.line - y.line) };
}

function partOf(hunk: Hunk): { start: number; end: number; lines: readonly string[] } {
  const start = hunk.start ?? 0;
  return { start, end: start + (hunk.removed?.length ?? 0), lines: hunk.added ?? [] };
}

/** What a side has in place of lines `[start, end)` of the base. */
function stretch(
  base: readonly string[],
  parts: readonly { start: number; end: number; lines: readonly string[] }[],
  start: number,
  end: number,
): string[] {
  let out: string[] = [];
  let at = start;
  for (const part of parts) {
    out = out.concat(base.slice(at, part.start), part.lines);
    at = part.end;
  }
  return out.concat(base.slice(at, end));
}

const breaks = /\r\n|\r|\n/g;

function countLines(text: string): number {
  return [...text.matchAll(breaks)].length + 1;
}

/** The editor's line at which a line of ours begins. */
function lineNumbers(lines: readonly string[]): (index: number) => number {
  const starts = [0];
  for (const line of lines) {
    const one = line.includes('\r') ? [...line.matchAll(breaks)].length : line.endsWith('\n') ? 1 : 0;
    starts.push(starts.at(-1)! + one);
  }
  return (index) => starts[index] ?? 0;
}

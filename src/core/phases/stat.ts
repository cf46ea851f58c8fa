import type { FileChange } from '../change/change.ts';
import { hunksOf } from '../change/hunks.ts';
import type { FileStat } from '../run/events.ts';

/** Lines added and removed in one file, for people. */
export function statOf(change: FileChange): FileStat {
  const { path, before, after } = change;
  const lines = (text: string | undefined): number =>
    text === undefined || text === '' ? 0 : text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (!before)
    return { path, added: lines(after?.text), removed: 0, kind: after?.text === undefined ? 'binary' : 'new' };
  if (!after) return { path, added: 0, removed: lines(before.text), kind: 'deleted' };
  if (before.text === undefined || after.text === undefined) return { path, added: 0, removed: 0, kind: 'binary' };
  if (before.sha === after.sha) return { path, added: 0, removed: 0, kind: 'mode' };
  const hunks = hunksOf('', [change]);
  const sum = (of: 'added' | 'removed'): number => hunks.reduce((n, h) => n + (h[of]?.length ?? 0), 0);
  return { path, added: sum('added'), removed: sum('removed'), kind: 'changed' };
}

/** All that changes in one file, for the person who decides about it: each hunk with the line of the base it begins at. */
export function diffOf(change: FileChange | undefined): string {
  if (!change) return '(no change)';
  const { path, before, after } = change;
  const all = (text: string | undefined, sign: string): string[] =>
    text === undefined ? [`${sign}(binary)`] : text.split('\n').map((line) => sign + line);
  const head = [`--- ${before ? path : '(not there)'}`, `+++ ${after ? path : '(deleted)'}`];
  if (before?.mode !== after?.mode) head.push(`mode ${before?.mode ?? 'none'} to ${after?.mode ?? 'none'}`);
  const hunks = hunksOf('', [change]);
  const body = hunks.every((h) => h.kind !== 'whole')
    ? hunks.flatMap((h) => [
        `@@ line ${(h.start ?? 0) + 1} @@`,
        ...(h.removed ?? []).map((line) => `-${line.replace(/\n$/, '')}`),
        ...(h.added ?? []).map((line) => `+${line.replace(/\n$/, '')}`),
      ])
    : [...(before ? all(before.text, '-') : []), ...(after ? all(after.text, '+') : [])];
  return [...head, ...body].join('\n');
}

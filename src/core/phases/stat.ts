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

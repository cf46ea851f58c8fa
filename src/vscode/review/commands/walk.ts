import { UserError } from '../../../core/errors.ts';
import { openOne } from '../editors.ts';
import type { Reviews } from '../reviews.ts';
import type { ShownHunk, ShownReview } from '../shown.ts';
import type { Target } from '../target.ts';

/** From hunk to hunk. */

/** The hunk at the cursor, or the last one above it. */
export function hunkNow(reviews: Reviews, shown: ShownReview): ShownHunk {
  const at = reviews.here();
  const all = (at && shown.file(at.path)?.all) ?? [];
  const here = all.findLast(({ place }) => at !== undefined && place.line <= at.line) ?? all[0];
  if (!here) throw new UserError('no-hunk', 'No hunk of the review is in the active editor.');
  return here;
}

/** Goes to the next hunk, or the one before, over the ends of files and around. */
export async function go(reviews: Reviews, target: Target, step: 1 | -1): Promise<void> {
  const shown = await reviews.wanted(target);
  const all = shown.files().flatMap((file) => file.all.map((one) => ({ file, one })));
  if (all.length === 0) return;
  const at = reviews.here();
  const before = all.findLastIndex(
    ({ file, one }) => at !== undefined && file.file.path === at.path && one.place.line <= at.line,
  );
  const first = at ? all.findIndex(({ file }) => file.file.path === at.path) : -1;
  const from = before >= 0 ? before : first >= 0 ? first - (step > 0 ? 1 : 0) : step > 0 ? -1 : 0;
  const next = all[(from + step + all.length) % all.length]!;
  await openOne(shown, next.file, next.one.place.line);
}

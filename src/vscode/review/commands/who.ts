import * as vscode from 'vscode';
import { oneLine } from '../../../core/words/plain.ts';
import { creditWords } from '../../../core/words/review.ts';
import { harmless } from '../lenses.ts';
import type { Reviews } from '../reviews.ts';
import { hunksIn } from '../shown.ts';
import type { Target } from '../target.ts';
import { hunkNow } from './walk.ts';

/** All that is known of who stands behind a hunk: the one that is named, or the one at the cursor. */
export async function who(reviews: Reviews, titles: Readonly<Record<string, string>>, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  const id = target.hunks?.[0];
  const found = id === undefined ? hunkNow(reviews, shown) : hunksIn(shown).find((one) => one.hunk.id === id);
  if (!found) return;
  const { path, credit } = found.hunk;
  const items = [
    ...credit.writers.map((writer) => ({
      label: harmless(creditWords({ writers: [writer], opinions: [], notes: [] }, titles)),
      description: writer.did,
    })),
    ...credit.opinions.map((one) => ({
      label: harmless(one.title),
      description: `${one.verdict === 'needs-work' ? 'needs work' : one.verdict}${one.done ? ', done' : ''}`,
      detail: harmless(one.says ?? ''),
    })),
    ...credit.notes.map((note) => ({ label: 'Resolved', detail: harmless(note) })),
  ];
  await vscode.window.showQuickPick(items, { title: `Behind ${oneLine(path)}` });
}

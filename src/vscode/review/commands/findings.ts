import * as vscode from 'vscode';
import type { ReviewFinding } from '../../../core/review/findings.ts';
import { oneLine } from '../../../core/words/plain.ts';
import { unlinked } from '../../host.ts';
import { placeOf } from '../comments.ts';
import { openOne } from '../editors.ts';
import { harmless } from '../lenses.ts';
import type { Reviews } from '../reviews.ts';
import { openFindings, type ShownReview } from '../shown.ts';
import type { Target } from '../target.ts';
import { dismiss } from './decide.ts';

/** What can be done about what reviewers found. */

/** *Fix* of a thread: a button below a reply hands over the thread and what was typed, one above it the thread alone. */
export async function fixThread(reviews: Reviews, arg: unknown): Promise<void> {
  const reply = arg as { thread?: unknown; text?: string } | undefined;
  const found = reviews.findingOf(arg) ?? reviews.findingOf(reply?.thread);
  if (found) await fix(reviews, await reviews.wanted({ run: found.run }), found.finding, reply?.text);
}

/** *Dismiss* of a thread. */
export async function dismissThread(reviews: Reviews, arg: unknown): Promise<void> {
  const found = reviews.findingOf(arg);
  if (found) await dismiss(reviews, await reviews.wanted({ run: found.run }), found.finding);
}

async function fix(reviews: Reviews, shown: ShownReview, finding: string, words = ''): Promise<void> {
  const wish = { finding, ...(words.trim() !== '' && { words }) };
  const result = await reviews.drive(shown, (host) => shown.open.fix(wish, host));
  if (result?.reason !== undefined)
    void vscode.window.showWarningMessage(unlinked(`Model Orchestra: ${oneLine(result.reason)}`));
}

/** Lists the open ones; of the one that is chosen the person chooses what becomes of it. */
export async function listFindings(reviews: Reviews, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  const all = openFindings(shown);
  if (all.length === 0) return void vscode.window.showInformationMessage('No finding of a reviewer is open.');
  const chosen = await vscode.window.showQuickPick(
    all.map((finding) => ({ label: harmless(finding.claim), description: whereabouts(finding), finding })),
    { title: 'Findings that nobody took care of' },
  );
  if (!chosen) return;
  const { finding } = chosen;
  const place = placeOf(shown, finding);
  const file = finding.path === undefined ? undefined : shown.file(finding.path);
  const acts = ['Go to it', 'Fix', 'Dismiss'].slice(place && file ? 0 : 1);
  switch (await vscode.window.showQuickPick(acts, { title: oneLine(finding.claim) })) {
    case 'Go to it':
      return openOne(shown, file!, place?.range.start.line);
    case 'Fix':
      return fix(reviews, shown, finding.id);
    case 'Dismiss':
      return dismiss(reviews, shown, finding.id);
    default:
  }
}

function whereabouts({ title, severity, path }: ReviewFinding): string {
  return [title, severity, path].flatMap((part) => (part === undefined ? [] : [oneLine(part)])).join(' · ');
}

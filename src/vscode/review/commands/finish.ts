import * as vscode from 'vscode';
import type { Decision } from '../../../core/review/decisions.ts';
import { UserError } from '../../../core/errors.ts';
import { checkedOf, shownOf } from '../../../core/review/summary.ts';
import { oneLine } from '../../../core/words/plain.ts';
import { checkedWords } from '../../../core/words/review.ts';
import { plural } from '../../../core/words/words.ts';
import { unlinked } from '../../host.ts';
import { closeTabs } from '../editors.ts';
import type { Reviews } from '../reviews.ts';
import { hunksIn, openDocument, type ShownReview } from '../shown.ts';
import type { Target } from '../target.ts';

/** The end of a review, and the checks before it. */

/** Writes all that is kept, after the person has said what they are asked; then the review is let go. */
export async function finish(reviews: Reviews, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  await shown.look();
  const rest = await restOf(shown);
  if (rest === undefined) return;
  refuseConflicts(shown, rest);
  const kept = shown
    .files()
    .filter((file) => file.all.some(({ decision }) => (decision ?? rest) === 'keep'))
    .flatMap(({ file }) => file.changes.map(({ path }) => path));
  if (!(await settleUnsaved(shown.root, kept))) return;
  // What was saved just now may touch what was kept.
  await shown.look();
  refuseConflicts(shown, rest);
  const result = await reviews.drive(shown, (host) => shown.open.finish({ rest, check: false }, host));
  if (!result) return;
  const said = [result.reason, result.outcome === 'applied' ? undefined : result.hint]
    .filter((text) => text !== undefined)
    .join(' ');
  if (result.outcome !== 'applied') {
    void vscode.window.showWarningMessage(unlinked(`Model Orchestra: ${oneLine(said)}`));
    return;
  }
  await closeTabs(shown);
  reviews.close(shown);
  const { applied, review } = result.state;
  const written = plural(applied?.files.length ?? 0, 'file');
  const checked = checkedWords[checkedOf(result.state, review.finished?.kept ?? [])];
  const text = unlinked(`Written: ${written}, ${checked}. ${oneLine(said)}`.trim());
  void vscode.window.showInformationMessage(text, 'Undo').then((chosen) => {
    if (chosen === 'Undo') void vscode.commands.executeCommand('orchestra.undo', shown.run);
  });
}

/** Runs the checks on what is not undone. */
export async function check(reviews: Reviews, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  const result = await reviews.drive(shown, (host) => shown.open.check(host));
  if (result?.reason !== undefined)
    void vscode.window.showWarningMessage(unlinked(`Model Orchestra: ${oneLine(result.reason)}`));
  else if (result) reviews.say(`What you keep: ${checkedWords[checkedOf(result.state, shownOf(result.state))]}`);
}

interface Pick<T> extends vscode.QuickPickItem {
  readonly value: T;
}

async function ask<T>(title: string, items: readonly Pick<T>[]): Promise<T | undefined> {
  return (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }))?.value;
}

/** Throws `UserError` when a hunk that was kept does not fit the person's file as it is now. */
function refuseConflicts(shown: ShownReview, rest: Decision): void {
  const stuck = shown
    .files()
    .filter((file) =>
      file.all.some(({ place, decision }) => place.state === 'conflict' && (decision ?? rest) === 'keep'),
    )
    .map(({ file }) => file.path);
  if (stuck.length > 0)
    throw new UserError('apply-conflict', `You have changed the same places as the team: ${stuck.join(', ')}.`, {
      hint: 'Settle them in your file, or choose "Leave Mine" there. Nothing was written.',
    });
}

/** What becomes of hunks without a decision; undefined when the person goes back. */
async function restOf(shown: ShownReview): Promise<Decision | undefined> {
  const all = hunksIn(shown);
  const open = all.filter(({ decision }) => decision === undefined).length;
  if (open === 0) return 'undo';
  return ask<Decision>(`${open} of ${plural(all.length, 'hunk')} ${open === 1 ? 'is' : 'are'} not decided`, [
    { label: `Keep ${open === 1 ? 'it' : `the ${open}`} too`, value: 'keep' },
    { label: `Leave ${open === 1 ? 'it' : `the ${open}`} out`, value: 'undo' },
  ]);
}

/**
 * Editors with unsaved text of files that are about to be written: the person saves them, or goes back. They are never written over: what
 * is applied is merged into what was saved. False when the person goes back.
 */
export async function settleUnsaved(root: string, paths: readonly string[]): Promise<boolean> {
  const dirty = paths.flatMap((path) => {
    const document = openDocument(root, path);
    return document?.isDirty ? [document] : [];
  });
  if (dirty.length === 0) return true;
  const names = dirty.map((document) => vscode.workspace.asRelativePath(document.uri)).join(', ');
  const what = `${plural(dirty.length, 'file')} with unsaved changes`;
  const chosen = await ask(what, [
    { label: dirty.length === 1 ? 'Save it and go on' : 'Save them and go on', description: names, value: 'save' },
    { label: 'Go back', value: 'back' },
  ]);
  if (chosen !== 'save') return false;
  for (const document of dirty) {
    if (!(await document.save()))
      throw new UserError('unsaved', `${vscode.workspace.asRelativePath(document.uri)} could not be saved.`, {
        hint: 'Nothing was written. Save it, then finish the review.',
      });
  }
  return true;
}

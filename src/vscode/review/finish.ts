import * as vscode from 'vscode';
import { UserError } from '../../core/errors.ts';
import { plural } from '../../core/words/words.ts';
import { openDocument, type ShownReview } from './shown.ts';

/** What the person is asked before a review is finished. Nothing here writes but the person's own save. */

interface Pick<T> extends vscode.QuickPickItem {
  readonly value: T;
}

async function ask<T>(title: string, items: readonly Pick<T>[]): Promise<T | undefined> {
  return (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }))?.value;
}

/** Throws `UserError` when a hunk that was kept does not fit the person's file as it is now. */
export function refuseConflicts(shown: ShownReview, rest: 'keep' | 'undo'): void {
  const stuck = shown
    .files()
    .filter((file) =>
      [...file.hunks, ...file.card].some(
        ({ place, decision }) => place.state === 'conflict' && (decision ?? rest) === 'keep',
      ),
    )
    .map(({ file }) => file.path);
  if (stuck.length > 0)
    throw new UserError('apply-conflict', `You have changed the same places as the team: ${stuck.join(', ')}.`, {
      hint: 'Settle them in your file, or choose "Leave Mine" there. Nothing was written.',
    });
}

/** What becomes of hunks without a decision; undefined when the person goes back. */
export async function restOf(shown: ShownReview): Promise<'keep' | 'undo' | undefined> {
  const all = shown.files().flatMap((file) => [...file.hunks, ...file.card]);
  const open = all.filter(({ decision }) => decision === undefined).length;
  if (open === 0) return 'undo';
  return ask<'keep' | 'undo'>(`${open} of ${plural(all.length, 'hunk')} ${open === 1 ? 'is' : 'are'} not decided`, [
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

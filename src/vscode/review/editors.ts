import * as vscode from 'vscode';
import { fileUri, type ShownFile, type ShownReview } from './shown.ts';
import { reviewScheme } from '../schemes.ts';
import { parseReviewUri, reviewUri, type Side } from './uris.ts';

/** The editors that a review is seen in: all files in one, or one file by itself. */

/** The name of the tab, by which it is known again: what is in it has no stable type. */
const titleOf = (shown: ShownReview): string => `Review: ${shown.state().title}`;

/** One comparison: what it is called by, and both sides; undefined where there is nothing on the left. */
type Row = [label: vscode.Uri, left: vscode.Uri | undefined, right: vscode.Uri];

function rowsOf(shown: ShownReview, file: ShownFile): Row[] {
  const { run, root } = shown;
  const { path } = file.file;
  const of = (side: Side): vscode.Uri => reviewUri({ run, root, path, side });
  const rows: Row[] = [];
  if (file.textual) rows.push([fileUri(root, path), leftOf(shown, file), of('proposed')]);
  if (file.card.length > 0) rows.push([of('becomes'), of('was'), of('becomes')]);
  return rows;
}

function leftOf(shown: ShownReview, file: ShownFile): vscode.Uri | undefined {
  if (file.leftThere) return fileUri(shown.root, file.left);
  const wasThere = file.file.changes[0]?.before !== undefined;
  return wasThere ? reviewUri({ run: shown.run, root: shown.root, path: file.file.path, side: 'nothing' }) : undefined;
}

/** All files in one editor. */
export async function openAll(shown: ShownReview): Promise<void> {
  const rows = shown.files().flatMap((file) => rowsOf(shown, file));
  await vscode.commands.executeCommand('vscode.changes', titleOf(shown), rows);
}

/** One file by itself; `line` of the proposed side is shown. Of a file that is no text, its properties. */
export async function openOne(shown: ShownReview, file: ShownFile, line?: number): Promise<void> {
  const row = rowsOf(shown, file)[0];
  if (!row) return;
  const [, left, right] = row;
  const nothing = reviewUri({ run: shown.run, root: shown.root, path: file.file.path, side: 'nothing' });
  const at = line === undefined ? {} : { selection: new vscode.Range(line, 0, line, 0) };
  await vscode.commands.executeCommand('vscode.diff', left ?? nothing, right, `${file.file.path} (review)`, {
    preview: true,
    ...at,
  });
}

/** Where the person is in a review: the document on either side of a comparison, and the line as the proposed side counts. */
export interface PlaceNow {
  readonly run: string;
  readonly path: string;
  readonly line: number;
}

/** Undefined outside of the reviews that are open. */
export function placeNow(isOpen: (run: string) => boolean): PlaceNow | undefined {
  const editor = vscode.window.activeTextEditor;
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const line = editor?.selection.active.line ?? 0;
  const direct = editor && parseReviewUri(editor.document.uri);
  if (direct && isOpen(direct.run)) return { run: direct.run, path: direct.path, line };
  const right = tab instanceof vscode.TabInputTextDiff ? parseReviewUri(tab.modified) : undefined;
  return right && isOpen(right.run) ? { run: right.run, path: right.path, line } : undefined;
}

/** True where the active editor compares one file. */
export function isAlone(): boolean {
  return vscode.window.tabGroups.activeTabGroup.activeTab?.input instanceof vscode.TabInputTextDiff;
}

/** Closes the tabs of a review. */
export async function closeTabs(shown: ShownReview): Promise<void> {
  const title = titleOf(shown);
  const mine = vscode.window.tabGroups.all
    .flatMap((group) => group.tabs)
    .filter((tab) => {
      if (tab.input instanceof vscode.TabInputTextDiff)
        return tab.input.modified.scheme === reviewScheme && tab.input.modified.authority === shown.run;
      return tab.label === title || tab.label.startsWith(`${title} (`);
    });
  if (mine.length > 0) await vscode.window.tabGroups.close(mine, true);
}

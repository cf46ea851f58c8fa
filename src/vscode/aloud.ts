import * as vscode from 'vscode';
import { unlinked } from './host.ts';
import type { Parts } from './parts.ts';

/** How long a word stands in the status bar, in milliseconds. */
const wordMs = 6000;

/**
 * Says what the person has just done, where nothing under the cursor does: in the status bar for a moment. A screen reader is not told of
 * what changes there, and notifications are the only words of an extension that it is told; so there is one where the editor is set for
 * screen readers, unless the panel can be seen, whose own live region says it.
 */
export function sayAloud(text: string, { panelVisible }: Pick<Parts, 'panelVisible'>): void {
  // No name of a file becomes an icon.
  vscode.window.setStatusBarMessage(text.replaceAll('$(', '$ ('), wordMs);
  const support = vscode.workspace.getConfiguration('editor').get('accessibilitySupport');
  if (support === 'on' && !panelVisible()) void vscode.window.showInformationMessage(unlinked(text));
}

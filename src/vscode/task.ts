import * as vscode from 'vscode';
import { z } from 'zod';
import { mentionOf } from './mentions.ts';
import type { PanelLink } from './panelSource.ts';
import type { Parts } from './parts.ts';
import type { Wanted } from './session.ts';

/** What "Orchestrate Task" does, by where it comes from. */
export interface TaskFlow {
  /** With a task: starts. With files or a selection: brings them into the panel's box. Else the box is shown. */
  orchestrate(args: readonly unknown[]): Promise<void>;
}

/** The most files that one choice in the explorer brings into the box. */
const mostFiles = 20;

export function openTaskFlow(parts: Pick<Parts, 'session' | 'folders'>, panel: PanelLink): TaskFlow {
  const { session, folders } = parts;
  const folder = async (): Promise<string | undefined> => folders.current() ?? folders.choose();

  const start = async (wanted: Wanted): Promise<void> => {
    const root = await folder();
    if (root === undefined && folders.condition() === 'ready') return;
    if (root !== undefined && !(await saved(root))) return;
    await session.start(wanted);
  };

  return {
    async orchestrate(args) {
      const [first, second] = args;
      const wanted = wantedOf(first);
      if (wanted) return start(wanted);
      if (folders.condition() !== 'ready') {
        // The panel says why, and what to do.
        await vscode.commands.executeCommand('orchestra.panel.focus');
        return;
      }
      const root = await folder();
      if (root === undefined) return;
      const uris = Array.isArray(second) && second.length > 0 ? second : first instanceof vscode.Uri ? [first] : [];
      const mentions = uris
        .filter((uri): uri is vscode.Uri => uri instanceof vscode.Uri)
        .slice(0, mostFiles)
        .map((uri) => mentionOf(root, uri, selectionOf(uri)))
        .filter((mention) => mention !== undefined);
      if (uris.length === 0) {
        const editor = vscode.window.activeTextEditor;
        const mention =
          editor && !editor.selection.isEmpty ? mentionOf(root, editor.document.uri, editor.selection) : undefined;
        if (mention !== undefined) mentions.push(mention);
      }
      await panel.draft(mentions.length > 0 ? `${mentions.join(' ')} ` : '');
    },
  };
}

const task = z.string().trim().min(1);
const wantedSchema = z.union([
  task.transform((text) => ({ task: text })),
  z.object({
    task,
    team: z.string().min(1).optional(),
    budget: z.object({ calls: z.int().positive(), minutes: z.number().positive() }).partial().optional(),
  }),
]);

/** What a command was given: a text, or what the panel sends. Any extension can call it, so nothing else passes: no team file above all. */
const wantedOf = (given: unknown): Wanted | undefined => wantedSchema.safeParse(given).data;

/** The selection counts for the file that it stands in. */
function selectionOf(uri: vscode.Uri): vscode.Selection | undefined {
  const editor = vscode.window.activeTextEditor;
  return editor?.document.uri.toString() === uri.toString() ? editor.selection : undefined;
}

/** The team sees what is on disk: unsaved editors are asked about. False when the person thinks better of it. */
async function saved(root: string): Promise<boolean> {
  const dirty = vscode.workspace.textDocuments.filter(
    ({ isDirty, uri }) => isDirty && uri.scheme === 'file' && mentionOf(root, uri) !== undefined,
  );
  if (dirty.length === 0) return true;
  const what = dirty.length === 1 ? 'One file has' : `${dirty.length} files have`;
  const save = 'Save and Start';
  const start = 'Start With What Is Saved';
  const chosen = await vscode.window.showWarningMessage(
    `${what} unsaved changes. The team works on what is saved.`,
    save,
    start,
  );
  if (chosen === save) for (const document of dirty) await document.save();
  return chosen !== undefined;
}

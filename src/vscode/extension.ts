import * as vscode from 'vscode';
import { commands } from './commands.ts';
import { told } from './host.ts';
import { documentsLater, filesLater } from './later.ts';
import { openPanel } from './panel/openPanel.ts';
import { documentScheme, itemScheme, reviewScheme } from './schemes.ts';
import type { Api, Window } from './window.ts';

/**
 * What the editor loads: what package.json promises is registered, and nothing of it is there yet. The window itself, with the engine, is a
 * bundle of its own (`dist/window.cjs`), read when something of it is first wanted: a command, the panel, a document, a team file.
 */

/** What tests of the whole extension get to see. */
export interface Entry {
  open(): Promise<Api>;
}

let opening: Promise<Window> | undefined;

export function activate(context: vscode.ExtensionContext): Entry {
  const channel = vscode.window.createOutputChannel('Model Orchestra', { log: true });
  const open = (): Promise<Window> => {
    opening ??= import('./window.ts').then(({ openWindow }) => openWindow(context, channel));
    // What failed is tried again by whoever wants it next.
    opening.catch(() => (opening = undefined));
    return opening;
  };
  const edited = ({ uri }: vscode.TextDocument): void => {
    if (uri.path.endsWith('/team.yaml')) void told(channel, open);
  };
  vscode.workspace.textDocuments.forEach(edited);
  context.subscriptions.push(
    channel,
    openPanel(context, (view) => panelLater(view, (fill) => void told(channel, async () => fill(await open())))),
    filesLater(reviewScheme, async () => (await open()).files[reviewScheme], { isReadonly: true }),
    filesLater(itemScheme, async () => (await open()).files[itemScheme]),
    documentsLater(documentScheme, async () => (await open()).documents),
    vscode.workspace.onDidOpenTextDocument(edited),
    ...commands.map(({ id }) =>
      vscode.commands.registerCommand(id, (...args: unknown[]) =>
        told(channel, async () => (await open()).handlers[id](...args)),
      ),
    ),
  );
  return { open: async () => (await open()).api };
}

/** Keeps what the page sends until there is somebody to hear it. */
function panelLater(view: vscode.WebviewView, find: (fill: (window: Window) => void) => void): vscode.Disposable {
  const early: unknown[] = [];
  let gone = false;
  let serving: vscode.Disposable = view.webview.onDidReceiveMessage((message) => early.push(message));
  find((window) => {
    serving.dispose();
    if (!gone) serving = window.serve(view, early);
  });
  return {
    dispose() {
      gone = true;
      serving.dispose();
    },
  };
}

/** The window closes: what it drives is stopped in order, and can be gone on with. */
export async function deactivate(): Promise<void> {
  await (await opening)?.close();
}

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { page } from './page.ts';

/** The view's id, as package.json contributes it. */
const panelView = 'orchestra.panel';

/** Shows the team panel in the sidebar for as long as what is returned lives. Its page is there at once; `serve` fills it. */
export function openPanel(
  context: vscode.ExtensionContext,
  serve: (view: vscode.WebviewView) => vscode.Disposable,
): vscode.Disposable {
  const folder = (...parts: string[]): vscode.Uri => vscode.Uri.joinPath(context.extensionUri, ...parts);
  return vscode.window.registerWebviewViewProvider(
    panelView,
    {
      resolveWebviewView(view) {
        const { webview } = view;
        webview.options = { enableScripts: true, localResourceRoots: [folder('dist'), folder('media')] };
        const ends = serve(view);
        view.onDidDispose(() => ends.dispose());
        webview.html = page({
          source: webview.cspSource,
          nonce: randomBytes(16).toString('base64'),
          script: String(webview.asWebviewUri(folder('dist', 'webview', 'panel.js'))),
          style: String(webview.asWebviewUri(folder('media', 'panel.css'))),
          codicons: String(webview.asWebviewUri(folder('dist', 'webview', 'codicon.css'))),
        });
      },
    },
    { webviewOptions: { retainContextWhenHidden: false } },
  );
}

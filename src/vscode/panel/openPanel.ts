import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import { type FromPanel, fromPanelSchema, type ToPanel } from '../../protocol.ts';
import type { PanelSource } from './input.ts';
import { page } from './page.ts';
import { panelState } from './state.ts';
import { throttled } from './throttle.ts';

/** The view's id, as package.json contributes it. */
const panelView = 'orchestra.panel';

/** At most so often is a state sent. */
const paceMs = 100;

/** Shows the team panel in the sidebar for as long as what is returned lives. */
export function openPanel(context: vscode.ExtensionContext, source: PanelSource): vscode.Disposable {
  const folder = (...parts: string[]): vscode.Uri => vscode.Uri.joinPath(context.extensionUri, ...parts);
  return vscode.window.registerWebviewViewProvider(
    panelView,
    {
      resolveWebviewView(view) {
        const { webview } = view;
        webview.options = { enableScripts: true, localResourceRoots: [folder('dist'), folder('media')] };
        const ends = serve(view, source);
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

/** Sends states while the view is shown, the first change at once, and hands intents on. */
function serve(view: vscode.WebviewView, source: PanelSource): vscode.Disposable {
  let ready = false;
  let looking: ReadonlySet<string> | undefined;
  const pace = throttled(() => {
    if (!ready || !view.visible) return;
    const message: ToPanel = { type: 'state', state: panelState(source.current(), looking) };
    void view.webview.postMessage(message);
  }, paceMs);
  const take = (intent: FromPanel): void => {
    switch (intent.type) {
      case 'ready':
        ready = true;
        looking = undefined;
        return pace.call();
      case 'look':
        looking = new Set(intent.roles);
        return pace.call();
      default:
        source.on(intent);
    }
  };
  const parts = [
    source.onChange(() => pace.call()),
    view.onDidChangeVisibility(() => {
      // A hidden page is thrown away and says `ready` again.
      if (!view.visible) ready = false;
      pace.call();
    }),
    view.webview.onDidReceiveMessage((message: unknown) => {
      const intent = fromPanelSchema.safeParse(message);
      if (intent.success) take(intent.data);
    }),
    pace,
  ];
  return { dispose: () => parts.forEach((part) => part.dispose()) };
}

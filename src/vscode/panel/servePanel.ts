import type * as vscode from 'vscode';
import { type FromPanel, fromPanelSchema, type ToPanel } from '../../protocol.ts';
import type { PanelSource } from './input.ts';
import { panelState } from './state.ts';
import { throttled } from './throttle.ts';

/** At most so often is a state sent. */
const paceMs = 100;

/** Sends states while the view is shown, the first change at once, and hands intents on; `early` is what the page has sent already. */
export function servePanel(
  view: vscode.WebviewView,
  source: PanelSource,
  early: readonly unknown[],
): vscode.Disposable {
  let ready = false;
  let looking: ReadonlySet<string> | undefined;
  const pace = throttled(() => {
    if (!ready || !view.visible) return undefined;
    const message: ToPanel = { type: 'state', state: panelState(source.current(), looking) };
    // The editor's own window takes it on its one thread: the next is not made before that.
    return view.webview.postMessage(message);
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
  const hear = (message: unknown): void => {
    const intent = fromPanelSchema.safeParse(message);
    if (intent.success) take(intent.data);
  };
  const parts = [
    source.onChange(() => pace.call()),
    view.onDidChangeVisibility(() => {
      // A hidden page is thrown away and says `ready` again.
      if (!view.visible) ready = false;
      pace.call();
    }),
    view.webview.onDidReceiveMessage(hear),
    pace,
  ];
  early.forEach(hear);
  return { dispose: () => parts.forEach((part) => part.dispose()) };
}

import * as vscode from 'vscode';
import type { HostedServer } from '../node/models/hostedWire.ts';
import type { CommandId } from './commands.ts';
import { openFolders } from './folder.ts';
import { handlersOf } from './handlers.ts';
import { logTo, told } from './host.ts';
import { languageModelServer } from './lm/server.ts';
import { notifyQuestions } from './notifications.ts';
import { openSession, type OpenSession } from './openSession.ts';
import type { PanelSource } from './panel/input.ts';
import { servePanel } from './panel/servePanel.ts';
import { openPanelSource } from './panelSource.ts';
import { openPlanEditor } from './planEditor.ts';
import { showProgress } from './progress.ts';
import { showAnswers } from './questionLenses.ts';
import { registerReview } from './review/registerReview.ts';
import { type itemScheme, type reviewScheme } from './schemes.ts';
import { parseSettings, settingsPrefix, type Settings } from './settings.ts';
import { showStatus } from './statusBar.ts';
import { openTaskFlow } from './task.ts';
import { showTeamProblems } from './team/file.ts';
import { helpWithTeamFiles } from './team/language.ts';
import { openKeys } from './team/keys.ts';

/** What tests of the whole extension get to see. */
export interface Api {
  readonly session: OpenSession;
  readonly panel: PanelSource;
}

/** What stands behind all that `extension.ts` registered. */
export interface Window {
  readonly api: Api;
  readonly handlers: { readonly [K in CommandId]: (...args: readonly unknown[]) => Promise<unknown> };
  /** Fills a panel whose page is there; `early` is what that has sent meanwhile. */
  serve(view: vscode.WebviewView, early: readonly unknown[]): vscode.Disposable;
  readonly files: Readonly<Record<typeof itemScheme | typeof reviewScheme, vscode.FileSystemProvider>>;
  readonly documents: vscode.TextDocumentContentProvider;
  /** What it drives is stopped in order, and can be gone on with. */
  close(): Promise<void>;
}

/** The one place where the extension's parts are put together. */
export async function openWindow(context: vscode.ExtensionContext, channel: vscode.LogOutputChannel): Promise<Window> {
  const folders = openFolders(context.workspaceState);
  const keys = await openKeys(context.secrets);
  const settings = (root?: string): Settings => {
    const scope = root === undefined ? undefined : vscode.Uri.file(root);
    const configuration = vscode.workspace.getConfiguration(settingsPrefix, scope);
    const read = parseSettings((key) => configuration.get(key));
    for (const name of read.wrong)
      channel.warn(`The setting ${name} has a value that it cannot have; its default counts.`);
    return read.settings;
  };
  // The same object always: what is in it when a run starts counts.
  const hosted: Record<string, HostedServer> = {};
  const offer = (): void => {
    if (settings()['languageModels.offer']) hosted['vscode-lm'] = languageModelServer;
    else delete hosted['vscode-lm'];
  };
  offer();
  const session = openSession({
    log: logTo(channel),
    condition: () => folders.condition(),
    folders: () => folders.all(),
    current: () => folders.current(),
    teamFile: () => settings().teamFile || undefined,
    defaults(root) {
      const { team, ...rest } = settings(root);
      const [calls, minutes, usd] = [rest['budget.calls'], rest['budget.minutes'], rest['budget.usd']];
      return {
        team: team === '' ? undefined : team,
        budget: { ...(calls > 0 && { calls }), ...(minutes > 0 && { minutes }), ...(usd > 0 && { usd }) },
      };
    },
    env: keys.environment,
    hosted,
    complain: (error) => void told(channel, async () => Promise.reject(error as Error)),
  });
  const views = new Set<vscode.WebviewView>();
  const panelVisible = (): boolean => [...views].some(({ visible }) => visible);
  const parts = { context, channel, folders, keys, session, settings, panelVisible };
  const plan = openPlanEditor(parts);
  const review = registerReview(parts);
  const panel = openPanelSource(parts);
  const notifications = notifyQuestions(parts);
  const handlers = handlersOf({ ...parts, plan, review, tasks: openTaskFlow(parts, panel) });
  context.subscriptions.push(
    keys,
    plan,
    review.disposable,
    panel,
    showStatus(parts),
    showProgress(parts),
    showTeamProblems(parts),
    helpWithTeamFiles(),
    notifications,
    showAnswers(parts),
    // Another window or a terminal may have begun or ended something meanwhile.
    vscode.window.onDidChangeWindowState(({ focused }) => focused && void session.refresh()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void session.refresh()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void session.refresh()),
    vscode.workspace.onDidChangeConfiguration((changed) => {
      if (changed.affectsConfiguration(settingsPrefix)) offer();
    }),
  );
  await session.refresh();
  return {
    api: { session, panel },
    handlers,
    serve(view, early) {
      views.add(view);
      return vscode.Disposable.from(
        servePanel(view, panel, early),
        // What it showed until now may want a notification.
        view.onDidChangeVisibility(() => notifications.look()),
        new vscode.Disposable(() => {
          views.delete(view);
          notifications.look();
        }),
      );
    },
    files: { 'orchestra-item': plan.files, 'orchestra-review': review.files },
    documents: plan.documents.provider,
    close: () => session.close(),
  };
}

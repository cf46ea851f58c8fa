import * as vscode from 'vscode';
import { handlersOf } from './handlers.ts';
import { openFolders } from './folder.ts';
import { logTo, told } from './host.ts';
import { openKeys } from './team/keys.ts';
import { notifyQuestions } from './notifications.ts';
import { showProgress } from './progress.ts';
import { openSession, type OpenSession } from './openSession.ts';
import type { PanelSource } from './panel/input.ts';
import { languageModelServer } from './lm/server.ts';
import { openPanel } from './panel/openPanel.ts';
import { openPanelSource } from './panelSource.ts';
import { openPlanEditor } from './planEditor.ts';
import { registerReview } from './review/registerReview.ts';
import { parseSettings, settingsPrefix, type Settings } from './settings.ts';
import { showStatus } from './statusBar.ts';
import { openTaskFlow } from './task.ts';
import { showTeamProblems } from './team/file.ts';
import { commands } from './commands.ts';

/** What tests of the whole extension get to see. */
export interface Api {
  readonly session: OpenSession;
  readonly panel: PanelSource;
}

let session: OpenSession | undefined;

/** The one place where the extension's parts are put together. */
export async function activate(context: vscode.ExtensionContext): Promise<Api> {
  const channel = vscode.window.createOutputChannel('Model Orchestra', { log: true });
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
  const made = openSession({
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
    ...(settings()['languageModels.offer'] && { hosted: { 'vscode-lm': languageModelServer } }),
    complain: (error) => void told(channel, async () => Promise.reject(error as Error)),
  });
  session = made;
  const parts = { context, channel, folders, keys, session: made, settings };
  const plan = openPlanEditor(parts);
  const review = registerReview(parts);
  const panel = openPanelSource(parts);
  const handlers = handlersOf({ ...parts, plan, review, tasks: openTaskFlow(parts, panel) });
  context.subscriptions.push(
    channel,
    keys,
    plan,
    review.disposable,
    panel,
    openPanel(context, panel),
    showStatus(parts),
    showProgress(parts),
    showTeamProblems(parts),
    notifyQuestions(parts),
    // Another window or a terminal may have begun or ended something meanwhile.
    vscode.window.onDidChangeWindowState(({ focused }) => focused && void made.refresh()),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void made.refresh()),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void made.refresh()),
    ...commands.map(({ id }) =>
      vscode.commands.registerCommand(id, (...args: unknown[]) => told(channel, () => handlers[id](...args))),
    ),
  );
  await made.refresh();
  return { session: made, panel };
}

/** The window closes: what it drives is stopped in order, and can be gone on with. */
export async function deactivate(): Promise<void> {
  await session?.close();
}

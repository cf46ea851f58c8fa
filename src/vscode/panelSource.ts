import { join } from 'node:path';
import * as vscode from 'vscode';
import { checkPath } from '../core/change/paths.ts';
import type { FromPanel, PanelCompletion, PanelNotice } from '../protocol.ts';
import type { CommandId } from './commands.ts';
import { logUri, openDocument, promptUri, questionUri, runDocumentUri } from './documents.ts';
import { inEditor, told } from './host.ts';
import { openMentions } from './mentions.ts';
import type { PanelInput, PanelSource } from './panel/input.ts';
import type { Parts } from './parts.ts';

const abilities = ['stop-call', 'retry-call', 'next-route', 'prompt'] as const;

export interface PanelLink extends PanelSource, vscode.Disposable {
  /** Puts a text into the panel's box, and shows the panel. */
  draft(text: string): Promise<void>;
}

/** What the panel shows out of the session, and what becomes of what the person does in it. */
export function openPanelSource(parts: Parts): PanelLink {
  const { session, folders, channel } = parts;
  const mentions = openMentions();
  const listeners = new Set<() => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  let completions: { query: string; items: readonly PanelCompletion[] } | undefined;
  let completing = new vscode.CancellationTokenSource();
  let draft: { serial: number; text: string } | undefined;
  let drafts = 0;
  let starts = 0;
  const dismissed = new Set<string>();
  const listening = session.onChange(changed);

  const notices = (): PanelNotice[] => {
    const { problem, waiting } = session.view();
    const found: PanelNotice[] = [];
    if (problem)
      found.push({
        id: `problem ${problem.message}`,
        level: 'error',
        text: problem.message,
        ...(problem.hint !== undefined && { hint: problem.hint }),
        actions: [],
      });
    if (waiting > 0)
      found.push({
        id: `approvals ${waiting}`,
        level: 'warning',
        text: `This folder's team file brings ${waiting === 1 ? 'something' : `${waiting} things`} that can run. Until you approve it, it does nothing.`,
        actions: [{ label: 'Look and approve', intent: { type: 'host', action: 'approve' } }],
      });
    return found.filter(({ id }) => !dismissed.has(id));
  };

  const current = (): PanelInput => {
    const { shown, ...view } = session.view();
    const { hint } = shown?.state ?? {};
    return {
      now: Date.now(),
      ...view,
      ...(shown && {
        shown: {
          run: shown.run,
          driven: shown.driven,
          state: hint === undefined ? shown.state : { ...shown.state, hint: inEditor(hint) },
          tail: (call: string) => shown.tail(call),
          abilities: shown.driven === 'nobody' ? (['prompt'] as const) : abilities,
        },
      }),
      notices: notices(),
      completions,
      draft,
      starts,
    };
  };

  const complete = async (query: string): Promise<void> => {
    completing.cancel();
    completing.dispose();
    completing = new vscode.CancellationTokenSource();
    const { token } = completing;
    const { root } = session.view();
    const items = root === undefined ? [] : await mentions.find(root, query, token);
    if (token.isCancellationRequested) return;
    completions = { query, items };
    changed();
  };

  const openFile = async (run: string, path: string, line: number | undefined): Promise<void> => {
    const { shown, root } = session.view();
    const folder = shown?.run === run ? shown.root : root;
    // The page is not trusted more than any other, and the path is a model's word.
    if (folder === undefined || checkPath(path)) return;
    const position = new vscode.Position(Math.max(0, (line ?? 1) - 1), 0);
    const uri = vscode.Uri.file(join(folder, path));
    await vscode.window.showTextDocument(uri, { preview: true, selection: new vscode.Range(position, position) });
  };

  const command = (id: CommandId, ...args: unknown[]): Thenable<unknown> => vscode.commands.executeCommand(id, ...args);

  const act = async (intent: FromPanel): Promise<unknown> => {
    switch (intent.type) {
      case 'ready':
      case 'look':
        return undefined;
      case 'start': {
        if (intent.root !== undefined && folders.all().some(({ root }) => root === intent.root))
          await folders.remember(intent.root);
        draft = undefined;
        const { task, team, budget } = intent;
        try {
          return await command('orchestra.orchestrateTask', { task, team, budget });
        } finally {
          starts += 1;
          changed();
        }
      }
      case 'complete':
        return complete(intent.query);
      case 'stop':
        return session.stop(intent.run);
      case 'resume':
        return session.resume(intent.run);
      case 'show':
        return session.show(intent.run);
      case 'answer':
        return command('orchestra.answer', intent.question, intent.answer);
      case 'say':
        return session.say(intent.run, intent.text, intent.to);
      case 'read':
        return openDocument(runDocumentUri(intent.run, intent.what));
      case 'read-question': {
        const question = session.view().questions.find(({ id }) => id === intent.question);
        return question && openDocument(questionUri(question));
      }
      case 'log':
        return openDocument(logUri(intent.run, intent.call, intent.attempt), { preview: false });
      case 'prompt':
        return openDocument(promptUri(intent.run, intent.call, intent.attempt), { preview: false });
      case 'stop-call':
        return session.control(intent.run, { kind: 'stop', call: intent.call });
      case 'retry-call':
        return session.control(intent.run, { kind: 'retry', call: intent.call });
      case 'next-route':
        return session.control(intent.run, { kind: 'move', call: intent.call });
      case 'route':
        return session.control(intent.run, {
          kind: intent.action,
          server: intent.server,
          ...(intent.agent !== undefined && { agent: intent.agent }),
        });
      case 'file':
        return openFile(intent.run, intent.path, intent.line);
      case 'review':
        return reviewAction(intent, command);
      case 'dismiss':
        dismissed.add(intent.notice);
        return changed();
      case 'host':
        return hostAction(intent.action, command);
    }
  };

  return {
    current,
    onChange(listener) {
      listeners.add(listener);
      return { dispose: () => void listeners.delete(listener) };
    },
    on: (intent) => void told(channel, () => act(intent)),
    async draft(text) {
      drafts += 1;
      draft = { serial: drafts, text };
      changed();
      await vscode.commands.executeCommand('orchestra.panel.focus');
    },
    dispose() {
      listening.dispose();
      completing.dispose();
    },
  };
}

/** What the panel wants of the review is what the review's own commands do. */
function reviewAction(
  { run, action, path }: Extract<FromPanel, { type: 'review' }>,
  command: (id: CommandId, ...args: unknown[]) => Thenable<unknown>,
): Thenable<unknown> {
  const target = { run, ...(path !== undefined && { path }) };
  const which = path === undefined ? 'All' : 'File';
  switch (action) {
    case 'open':
      return command(path === undefined ? 'orchestra.review.open' : 'orchestra.review.openFile', target);
    case 'keep':
      return command(`orchestra.review.keep${which}`, target);
    case 'undo':
      return command(`orchestra.review.undo${which}`, target);
    case 'finish':
      return command('orchestra.review.finish', target);
    case 'take-back':
      return command('orchestra.undo', run);
    case 'undo-last':
      return command('orchestra.review.takeBack', target);
    case 'check':
      return command('orchestra.review.check', target);
    case 'findings':
      return command('orchestra.review.findings', target);
  }
}

type HostAction = Extract<FromPanel, { type: 'host' }>['action'];

async function hostAction(
  action: HostAction,
  command: (id: CommandId, ...args: unknown[]) => Thenable<unknown>,
): Promise<unknown> {
  switch (action) {
    case 'open-folder':
      return vscode.commands.executeCommand('workbench.action.files.openFolder');
    case 'manage-trust':
      return vscode.commands.executeCommand('workbench.trust.manage');
    case 'check-team':
      return command('orchestra.checkTeam');
    case 'edit-team':
      return command('orchestra.editTeam');
    case 'approve':
      return command('orchestra.trust');
    case 'try-sample':
      return command('orchestra.runSample');
    case 'show-log':
      return command('orchestra.showOutput');
    case 'all-runs':
      return command('orchestra.showRun');
  }
}

import * as vscode from 'vscode';
import { oneLine, visible } from '../core/words/plain.ts';
import type { Answer, Question } from './asking.ts';
import { questionUri } from './documents.ts';
import { unlinked } from './host.ts';
import type { Parts } from './parts.ts';

/** The most that a notification shows of a command; the editor cuts longer ones, and what is not seen whole is not allowed from there. */
const mostShown = 400;

interface Choice {
  readonly label: string;
  /** What is answered; absent: it is shown. */
  readonly answer?: Answer;
}

/**
 * Shows what a run asks as a notification, one at a time and in order, while the panel, which shows all of them, cannot be seen. Nothing
 * takes the focus, and an answer to what has been answered elsewhere does nothing.
 */
export function notifyQuestions({
  session,
  settings,
  panelVisible,
}: Pick<Parts, 'session' | 'settings' | 'panelVisible'>): vscode.Disposable & { look(): void } {
  const told = new Set<string>();
  /** The question whose notification stands there. */
  let open: string | undefined;
  const look = (): void => {
    const { questions } = session.view();
    if (open !== undefined && !questions.some(({ id }) => id === open)) {
      open = undefined;
      // It was answered elsewhere. The editor lets nobody close a single one; this only folds them away.
      void vscode.commands.executeCommand('notifications.hideToasts');
    }
    const first = questions[0];
    if (!first || told.has(first.id) || panelVisible() || !settings()['notifications.questions']) return;
    told.add(first.id);
    open = first.id;
    void notify(first).finally(() => {
      if (open === first.id) open = undefined;
    });
  };
  const listening = session.onChange(look);
  return { look, dispose: () => listening.dispose() };
}

async function notify(question: Question): Promise<void> {
  const { text, choices } = notificationOf(question);
  const chosen = await vscode.window.showInformationMessage(text, ...choices.map(({ label }) => label));
  const choice = choices.find(({ label }) => label === chosen);
  if (choice?.answer !== undefined)
    await vscode.commands.executeCommand('orchestra.answer', question.id, choice.answer);
  else if (choice?.label === 'Change the Team') await vscode.commands.executeCommand('orchestra.changeTeam');
  else if (choice) await vscode.window.showTextDocument(questionUri(question), { preview: true, preserveFocus: false });
}

/** What the notification says and offers. What can be allowed from it is in it, whole. */
export function notificationOf(question: Question): { text: string; choices: readonly Choice[] } {
  const { text, choices } = wordsOf(question);
  return { text: unlinked(text), choices };
}

function wordsOf(question: Question): { text: string; choices: readonly Choice[] } {
  switch (question.kind) {
    case 'permission': {
      const { role, kind, title, detail } = question.request;
      const what = visible(detail).trim();
      const whole = kind !== 'edit' && what.length <= mostShown && !what.includes('\n') && unlinked(what) === what;
      const text = `${oneLine(role)} asks: ${oneLine(title)}${whole ? `: ${what}` : ''}`;
      const deny: Choice = { label: 'Deny', answer: 'no' };
      if (!whole) return { text, choices: [{ label: kind === 'edit' ? 'Show the Change' : 'Show the Command' }, deny] };
      return {
        text,
        choices: [{ label: 'Allow', answer: 'once' }, { label: 'Allow for This Run', answer: 'run' }, deny],
      };
    }
    case 'held': {
      const text = `${oneLine(question.file.path)} is held back: ${oneLine(question.file.reason ?? question.file.code ?? '')}`;
      return { text, choices: [{ label: 'Show the Change' }, { label: 'Keep It Back', answer: 'no' }] };
    }
    case 'stop':
      return {
        text: oneLine(question.stop.question),
        choices:
          question.stop.stop === 'plan'
            ? [{ label: 'Read the Plan' }, { label: 'Go', answer: 'go' }, { label: 'Stop', answer: 'stop' }]
            : [
                { label: 'Go', answer: 'go' },
                { label: 'Stop', answer: 'stop' },
              ],
      };
  }
}

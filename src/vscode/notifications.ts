import * as vscode from 'vscode';
import { type Choice, choicesOf, titled } from '../core/words/choices.ts';
import { oneLine, visible } from '../core/words/plain.ts';
import type { Question } from './asking.ts';
import { questionUri } from './documents.ts';
import { unlinked } from './host.ts';
import type { Parts } from './parts.ts';

/** The most that a notification shows of a command; the editor cuts longer ones, and what is not seen whole is not allowed from there. */
const mostShown = 400;

interface Button {
  readonly label: string;
  /** What is answered; absent: it is shown. */
  readonly answer?: Choice['answer'];
}

/**
 * Shows what a run asks as a notification, one at a time and in order, while the panel, which shows all of them, cannot be seen. Nothing
 * takes the focus. What was answered elsewhere stays until it fades, for the editor lets nobody take away a single one; an answer to it
 * does nothing, and that is said.
 */
export function notifyQuestions({
  session,
  settings,
  panelVisible,
}: Pick<Parts, 'session' | 'settings' | 'panelVisible'>): vscode.Disposable & { look(): void } {
  const told = new Set<string>();
  const look = (): void => {
    const { questions } = session.view();
    const first = questions[0];
    if (!first || told.has(first.id) || panelVisible() || !settings()['notifications.questions']) return;
    told.add(first.id);
    void notify(first, () => session.view().questions.some(({ id }) => id === first.id));
  };
  const listening = session.onChange(look);
  return { look, dispose: () => listening.dispose() };
}

async function notify(question: Question, isAsked: () => boolean): Promise<void> {
  const { text, choices } = notificationOf(question);
  const chosen = await vscode.window.showInformationMessage(text, ...choices.map(({ label }) => label));
  const choice = choices.find(({ label }) => label === chosen);
  if (!choice) return;
  if (!isAsked()) vscode.window.setStatusBarMessage('This was answered already.', 5000);
  else if (choice.answer !== undefined)
    await vscode.commands.executeCommand('orchestra.answer', question.id, choice.answer);
  else await vscode.window.showTextDocument(questionUri(question), { preview: true, preserveFocus: false });
}

/** What the notification says and offers. What can be allowed from it is in it, whole. */
export function notificationOf(question: Question): { text: string; choices: readonly Button[] } {
  const { text, whole, show } = wordsOf(question);
  const answers = choicesOf(question)
    .filter(({ lets }) => whole || !lets)
    .map(({ label, answer }): Button => ({ label: titled(label), answer }));
  return { text: unlinked(text), choices: [...(show === undefined ? [] : [{ label: show }]), ...answers] };
}

/** `whole`: all that the answer rests on is in the text; `show`: what opens the rest. */
function wordsOf(question: Question): { text: string; whole: boolean; show?: string } {
  switch (question.kind) {
    case 'permission': {
      const { role, kind, title, detail } = question.request;
      const what = visible(detail).trim();
      const whole = kind !== 'edit' && what.length <= mostShown && !what.includes('\n') && unlinked(what) === what;
      const text = `${oneLine(role)} asks: ${oneLine(title)}`;
      if (whole) return { text: `${text}: ${what}`, whole };
      return { text, whole, show: kind === 'edit' ? 'Show the Change' : 'Show the Command' };
    }
    case 'held': {
      const text = `${oneLine(question.file.path)} is held back: ${oneLine(question.file.reason ?? question.file.code ?? '')}`;
      return { text, whole: false, show: 'Show the Change' };
    }
    case 'stop': {
      const text = oneLine(question.stop.question);
      // Its question says what it is about, and the plan can be read first.
      return { text, whole: true, ...(question.stop.stop === 'plan' && { show: 'Read the Plan' }) };
    }
  }
}

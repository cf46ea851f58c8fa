import * as vscode from 'vscode';
import type { Answer, Question } from './asking.ts';
import { questionUri } from './documents.ts';
import type { Parts } from './parts.ts';
import { documentScheme } from './schemes.ts';

/** Above the whole of what is asked stand its answers: who has read it need not go back to the panel. */
export function showAnswers({ session }: Pick<Parts, 'session'>): vscode.Disposable {
  const changes = new vscode.EventEmitter<void>();
  let known = '';
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changes.event,
    provideCodeLenses({ uri }) {
      const question = session.view().questions.find((one) => questionUri(one).toString() === uri.toString());
      return question ? lensesOf(question) : [];
    },
  };
  return vscode.Disposable.from(
    changes,
    vscode.languages.registerCodeLensProvider({ scheme: documentScheme }, provider),
    session.onChange(() => {
      const now = session
        .view()
        .questions.map(({ id }) => id)
        .join(' ');
      if (now === known) return;
      known = now;
      changes.fire();
    }),
  );
}

function lensesOf(question: Question): vscode.CodeLens[] {
  return answersTo(question).map(
    ([title, answer]) =>
      new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
        title,
        command: 'orchestra.answer',
        arguments: [question.id, answer],
      }),
  );
}

/** A stop has a document of its own. */
function answersTo(question: Question): [title: string, answer: Answer][] {
  switch (question.kind) {
    case 'permission':
      return [
        ['Allow', 'once'],
        // The engine remembers command lines only.
        ...(question.request.kind === 'command' ? ([['Allow for This Run', 'run']] as [string, Answer][]) : []),
        ['Deny', 'no'],
      ];
    case 'held':
      return [
        ['Let It Through', 'yes'],
        ['Keep It Back', 'no'],
      ];
    case 'stop':
      return [];
  }
}

import * as vscode from 'vscode';
import { choicesOf, titled } from '../core/words/choices.ts';
import type { Question } from './asking.ts';
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
  // A stop has a document of its own.
  if (question.kind === 'stop') return [];
  return choicesOf(question).map(
    ({ label, answer }) =>
      new vscode.CodeLens(new vscode.Range(0, 0, 0, 0), {
        title: titled(label),
        command: 'orchestra.answer',
        arguments: [question.id, answer],
      }),
  );
}

import * as vscode from 'vscode';
import { planDocument } from './documents/plan.ts';
import { questionDocument } from './documents/question.ts';
import type { Question } from './asking.ts';
import type { Parts } from './parts.ts';
import type { ShownRun } from './session.ts';
import { oneLine } from '../core/words/plain.ts';

/** Documents that are made of a run and cannot be written: plan, questions, logs. */

const scheme = 'orchestra';

/** The plan of a run. */
export const planUri = (run: string): vscode.Uri => vscode.Uri.from({ scheme, path: `/${run}/Plan.md` });

/** What a question is about, whole. */
export function questionUri(question: Question): vscode.Uri {
  if (question.kind === 'stop' && question.stop.stop === 'plan') return planUri(question.run);
  return vscode.Uri.from({ scheme, path: `/${question.run}/${question.id}.diff` });
}

/** The live text of an attempt of a call. */
export function logUri(run: string, call: string, attempt: number): vscode.Uri {
  const name = call.replaceAll(/[^\w.-]+/g, ' ').trim();
  return vscode.Uri.from({
    scheme,
    path: `/${run}/log/${name}.${attempt}.md`,
    query: JSON.stringify({ call, attempt }),
  });
}

/** Serves the documents and keeps the open ones up to date. */
export function registerDocuments({ session }: Pick<Parts, 'session'>): vscode.Disposable {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const texts = new Map<string, string>();
  const textOf = async (uri: vscode.Uri, signal: AbortSignal): Promise<string> => {
    const [, run = '', ...rest] = uri.path.split('/');
    const view = session.view();
    const shown = view.shown?.run === run ? view.shown : undefined;
    if (rest[0] === 'Plan.md') return shown ? planDocument(shown.state, view.titles) : gone(run);
    if (rest[0] === 'log') return logText(session, shown, uri, signal);
    const question = view.questions.find((one) => one.run === run && questionUri(one).path === uri.path);
    return question ? questionDocument(question) : 'This has been answered.\n';
  };
  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changes.event,
    async provideTextDocumentContent(uri, token) {
      const control = new AbortController();
      const listening = token.onCancellationRequested(() => control.abort());
      try {
        const text = await textOf(uri, control.signal);
        texts.set(uri.toString(), text);
        return text;
      } finally {
        listening.dispose();
      }
    },
  };
  const renew = (): void => {
    for (const { uri } of vscode.workspace.textDocuments) if (uri.scheme === scheme) changes.fire(uri);
  };
  return vscode.Disposable.from(
    changes,
    vscode.workspace.registerTextDocumentContentProvider(scheme, provider),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => void texts.delete(uri.toString())),
    session.onRecord((record) => {
      if (/^(plan|stop|findings|run|call)[.]/.test(record.event.type)) renew();
    }),
  );
}

async function logText(
  session: Parts['session'],
  shown: ShownRun | undefined,
  uri: vscode.Uri,
  _signal: AbortSignal,
): Promise<string> {
  const { call } = JSON.parse(uri.query) as { call: string };
  return shown?.tail(call)?.text ?? gone(oneLine(call));
}

const gone = (what: string): string => `${what} is not shown in this window.\n`;

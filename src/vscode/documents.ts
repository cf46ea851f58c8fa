import { join } from 'node:path';
import * as vscode from 'vscode';
import { checkPath } from '../core/change/paths.ts';
import type { RunState } from '../core/run/state.ts';
import { plain, visible } from '../core/words/plain.ts';
import type { Question } from './asking.ts';
import type { Marked } from './documents/marked.ts';
import { findingsDocument, ledgerDocument, messagesDocument, reportDocument } from './documents/ofRun.ts';
import { type Pending, planDocument } from './documents/plan.ts';
import { questionDocument } from './documents/question.ts';
import { openTranscriptViews } from './documents/transcript.ts';
import type { Parts } from './parts.ts';
import { documentScheme } from './schemes.ts';
import type { SessionView } from './session.ts';

/** Documents that are made of a run and cannot be written: its plan, its findings, what it asks, the logs of its calls. */

/** What of a run can be read as a document. */
export type RunDocument = 'plan' | 'report' | 'findings' | 'diff' | 'ledger' | 'messages';

const names: Record<RunDocument, string> = {
  plan: 'Plan.md',
  report: 'Report.md',
  findings: 'Findings.md',
  diff: 'Change.diff',
  ledger: 'Ledger.md',
  messages: 'Bus.md',
};

const uriOf = (path: string, query = ''): vscode.Uri => vscode.Uri.from({ scheme: documentScheme, path, query });

export const runDocumentUri = (run: string, what: RunDocument): vscode.Uri => uriOf(`/${run}/${names[what]}`);

/** What a question is about, whole. */
export function questionUri(question: Question): vscode.Uri {
  if (question.kind === 'stop' && question.stop.stop === 'plan') return runDocumentUri(question.run, 'plan');
  return uriOf(`/${question.run}/question/${question.id}.diff`);
}

/** The live text of an attempt of a call. */
export function logUri(run: string, call: string, attempt: number): vscode.Uri {
  const name = call.replaceAll(/[^\w-]+/g, ' ').trim();
  return uriOf(`/${run}/log/${name} ${attempt}.md`, JSON.stringify({ call, attempt }));
}

/** What an attempt of a call was asked. */
export function promptUri(run: string, call: string, attempt: number): vscode.Uri {
  const name = call.replaceAll(/[^\w-]+/g, ' ').trim();
  return uriOf(`/${run}/asked/${name} ${attempt}.md`, JSON.stringify({ call, attempt }));
}

/** Shows a document beside nothing else: as a preview, where the person is. */
export async function openDocument(
  uri: vscode.Uri,
  options: vscode.TextDocumentShowOptions = {},
): Promise<vscode.TextEditor> {
  return vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), { preview: true, ...options });
}

/** The run that a document belongs to. */
export const runOf = (uri: vscode.Uri): string => uri.path.split('/')[1] ?? '';

export interface Documents extends vscode.Disposable {
  readonly provider: vscode.TextDocumentContentProvider;
  /** What stands where in a document that has been made. */
  marks(uri: vscode.Uri): Marked['marks'];
  /** Makes an open document anew. */
  renew(uri: vscode.Uri): void;
}

/** Serves the documents and keeps the open ones up to date. `pending` are changes of a plan that are not sent yet. */
export function openDocuments({ session }: Pick<Parts, 'session'>, pending: (run: string) => Pending): Documents {
  const changes = new vscode.EventEmitter<vscode.Uri>();
  const made = new Map<string, Marked>();
  const transcripts = openTranscriptViews(session, (uri) => changes.fire(uri));

  const ofState = async (uri: vscode.Uri, state: RunState, view: SessionView): Promise<Marked> => {
    const run = runOf(uri);
    switch (uri.path.split('/')[2]) {
      case names.plan:
        return planDocument(state, view.titles, pending(run));
      case names.findings:
        return findingsDocument(state, view.titles);
      case names.messages:
        return messagesDocument(state);
      case names.ledger:
        return ledgerDocument(state);
      case names.report:
        return reportDocument(state);
      case names.diff: {
        const project = await session.project();
        const diff = await project?.diff(run, new AbortController().signal);
        return unmarked(diff ? visible(diff) : 'Nothing was changed.');
      }
      default:
        return unmarked('There is no such document.');
    }
  };
  const documentOf = async (uri: vscode.Uri): Promise<Marked> => {
    const run = runOf(uri);
    const view = session.view();
    if (uri.path.startsWith(`/${run}/log/`)) return unmarked(await transcripts.text(uri));
    if (uri.path.startsWith(`/${run}/asked/`)) {
      const { call, attempt } = JSON.parse(uri.query) as { call: string; attempt: number };
      const text = await (await session.project())?.prompt(run, call, attempt);
      return unmarked(text ?? 'What it was asked was not kept.');
    }
    if (uri.path.startsWith(`/${run}/question/`)) {
      const question = view.questions.find((one) => one.run === run && questionUri(one).path === uri.path);
      return unmarked(question ? questionDocument(question) : 'This has been answered.');
    }
    const state =
      view.shown?.run === run
        ? view.shown.state
        : (await (await session.project())?.show(run).catch(() => undefined))?.state;
    return state ? ofState(uri, state, view) : unmarked('This run is not there any more.');
  };

  const provider: vscode.TextDocumentContentProvider = {
    onDidChange: changes.event,
    async provideTextDocumentContent(uri) {
      const document = await documentOf(uri);
      made.set(uri.toString(), document);
      return document.text;
    },
  };
  const links: vscode.DocumentLinkProvider = {
    provideDocumentLinks({ uri }) {
      const root = session.view().root;
      if (root === undefined) return [];
      return (made.get(uri.toString())?.marks ?? []).flatMap((mark) => {
        // A model wrote it: nothing outside of the project is linked to.
        if (mark.kind !== 'place' || checkPath(mark.path)) return [];
        const range = new vscode.Range(mark.line, mark.from, mark.line, mark.to);
        const target = vscode.Uri.file(join(root, mark.path)).with(
          mark.at === undefined ? {} : { fragment: `L${mark.at}` },
        );
        return [new vscode.DocumentLink(range, target)];
      });
    },
  };
  const disposable = vscode.Disposable.from(
    changes,
    transcripts,
    vscode.languages.registerDocumentLinkProvider({ scheme: documentScheme }, links),
    vscode.workspace.onDidOpenTextDocument(({ uri }) => {
      // What was said between the making of its text and this is told to nobody else.
      if (uri.scheme === documentScheme && uri.path.includes('/log/')) changes.fire(uri);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      if (uri.scheme !== documentScheme) return;
      made.delete(uri.toString());
      transcripts.leave(uri);
    }),
    session.onRecord(({ event }, run) => {
      if (!/^(plan|stop|findings|message|ledger|report|run|change|merge|review|apply)[.]/.test(event.type)) return;
      for (const { uri } of vscode.workspace.textDocuments)
        if (uri.scheme === documentScheme && runOf(uri) === run && !uri.path.includes('/log/')) changes.fire(uri);
    }),
  );
  return {
    provider,
    marks: (uri) => made.get(uri.toString())?.marks ?? [],
    renew: (uri) => changes.fire(uri),
    dispose: () => disposable.dispose(),
  };
}

const unmarked = (text: string): Marked => ({ text: `${plain(text).trimEnd()}\n`, marks: [] });

import * as vscode from 'vscode';
import { oneLine } from '../core/words/plain.ts';
import { resultOf } from '../core/words/result.ts';
import type { RunInfo } from '../node/run/runs.ts';
import { logUri } from './documents.ts';
import type { Session } from './session.ts';

/** Lists that the person chooses from. */

const icons: Record<RunInfo['state'], string> = {
  running: 'sync',
  elsewhere: 'sync',
  interrupted: 'debug-pause',
  damaged: 'warning',
  applied: 'check-all',
  ready: 'check',
  stopped: 'debug-stop',
  failed: 'error',
  spent: 'debug-stop',
};

/** One run of those that `fits`; where it can only be the shown one, that one. Says so when there is none. */
export async function pickRun(
  session: Session,
  title: string,
  fits: (run: RunInfo) => boolean,
): Promise<string | undefined> {
  await session.refresh();
  const { shown, runs } = session.view();
  const fitting = runs.filter(fits);
  if (shown && fitting.length === 1 && fitting[0]?.id === shown.run) return shown.run;
  if (fitting.length === 0) {
    void vscode.window.showInformationMessage(`${title}: there is no run that this can be done with.`);
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(
    fitting.map((run) => ({
      label: `$(${icons[run.state]}) ${oneLine(run.task).slice(0, 100) || run.id}`,
      description: `${run.state}${run.scripted ? ' · scripted' : ''}`,
      detail: [
        new Date(run.created).toLocaleString(),
        run.id,
        ...(run.problem === undefined ? [] : [oneLine(run.problem)]),
      ].join(' · '),
      id: run.id,
    })),
    { title, matchOnDetail: true, placeHolder: 'Which run?' },
  );
  return picked?.id;
}

/** The log of one attempt of a call of the shown run. */
export async function pickLog(session: Session): Promise<vscode.Uri | undefined> {
  const { shown, titles } = session.view();
  if (!shown) return undefined;
  const { state, run } = shown;
  const calls = Object.values(state.calls).toReversed();
  if (calls.length === 0) {
    void vscode.window.showInformationMessage('Nobody has been asked yet.');
    return undefined;
  }
  const picked = await vscode.window.showQuickPick(
    calls.flatMap((call) =>
      Array.from({ length: call.attempt }, (_, n) => call.attempt - n).map((attempt) => ({
        label: `$(${call.state === 'working' ? 'sync' : call.state === 'done' ? 'check' : 'error'}) ${oneLine(state.cast.find(({ role }) => role === call.role)?.title ?? call.role)}`,
        description: `${oneLine(call.title)}${call.attempt > 1 ? `, attempt ${attempt}` : ''}`,
        detail: `${oneLine(titles[call.model] ?? call.model)} by ${oneLine(call.server)} · ${call.state === 'working' ? 'working' : resultOf(state, call.role, call).word}`,
        uri: logUri(run, call.call, attempt),
      })),
    ),
    { title: 'Open Log', matchOnDescription: true, matchOnDetail: true, placeHolder: 'Whose?' },
  );
  return picked?.uri;
}

/** What to say, and to whom; undefined when the person thinks better of it. */
export async function pickWords(session: Session): Promise<{ run: string; text: string; to?: string } | undefined> {
  const { shown } = session.view();
  if (!shown || shown.driven === 'nobody') {
    void vscode.window.showInformationMessage('Nobody is at work, so nobody would hear it.');
    return undefined;
  }
  const all = { label: 'The whole team', role: undefined as string | undefined, description: '' };
  const roles = shown.state.cast.map(({ role, title }) => ({
    label: oneLine(title),
    role: role as string | undefined,
    description: role,
  }));
  const to = await vscode.window.showQuickPick([all, ...roles], { title: 'Say to the Team', placeHolder: 'To whom?' });
  if (!to) return undefined;
  const text = await vscode.window.showInputBox({
    title: `Say to ${to.label}`,
    prompt: 'It stands in the next prompt of who it is for.',
    ignoreFocusOut: true,
  });
  if (!text?.trim()) return undefined;
  return { run: shown.run, text: text.trim(), ...(to.role !== undefined && { to: to.role }) };
}

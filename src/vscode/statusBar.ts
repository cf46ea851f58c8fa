import * as vscode from 'vscode';
import { oneLine } from '../core/words/plain.ts';
import { elapsed, plural } from '../core/words/words.ts';
import { contexts } from './commands.ts';
import type { Parts } from './parts.ts';
import type { SessionView } from './session.ts';

/** How often the time in the status bar is drawn while a run goes on, in milliseconds. */
const tickMs = 1000;

/** Shows in the status bar how the shown run stands, and keeps the context keys of the commands. */
export function showStatus({ session }: Pick<Parts, 'session'>): vscode.Disposable {
  const item = vscode.window.createStatusBarItem('orchestra.status', vscode.StatusBarAlignment.Left, 50);
  item.name = 'Model Orchestra';
  item.command = 'orchestra.panel.focus';
  let last = '';
  const draw = (): void => {
    const status = statusOf(session.view());
    const key = JSON.stringify(status);
    // Live text changes nothing here, and comes a hundred times a second.
    if (key === last) return;
    last = key;
    void vscode.commands.executeCommand('setContext', contexts.running, status.running);
    void vscode.commands.executeCommand('setContext', contexts.shown, status.shown);
    if (status.text === '') return item.hide();
    item.text = status.text;
    item.tooltip = status.tooltip;
    item.accessibilityInformation = { label: `Model Orchestra: ${status.tooltip}` };
    item.backgroundColor = status.wants ? new vscode.ThemeColor('statusBarItem.warningBackground') : undefined;
    item.show();
  };
  // Only drawn when something can be seen to change: at most once a second.
  let due: NodeJS.Timeout | undefined;
  const later = (): void => {
    due ??= setTimeout(() => {
      due = undefined;
      draw();
      if (session.view().shown?.driven !== 'nobody' && session.view().shown) later();
    }, tickMs);
  };
  let waits = '';
  const listening = session.onChange(() => {
    // What wants the person does not wait for the next second.
    const now = session
      .view()
      .questions.map(({ id }) => id)
      .join(' ');
    if (now !== waits) {
      waits = now;
      draw();
    }
    later();
  });
  draw();
  return {
    dispose() {
      clearTimeout(due);
      listening.dispose();
      item.dispose();
    },
  };
}

interface Status {
  readonly text: string;
  readonly tooltip: string;
  readonly wants: boolean;
  readonly running: boolean;
  readonly shown: boolean;
}

/** The one line of the status bar; no text: nothing is shown. */
function statusOf(view: SessionView): Status {
  const { shown, questions } = view;
  const running = shown?.driven === 'here';
  const nothing = { text: '', tooltip: '', wants: false, running: false, shown: false };
  if (questions.length > 0) {
    const first = questions[0];
    const word =
      first?.kind === 'permission'
        ? `${oneLine(first.request.role)} asks for permission`
        : first?.kind === 'held'
          ? `${oneLine(first.file.path)} is held`
          : first?.stop.stop === 'plan'
            ? 'Plan is ready'
            : first?.stop.stop === 'team'
              ? 'Team is proposed'
              : 'Change is ready';
    const more = questions.length > 1 ? ` (+${questions.length - 1})` : '';
    return {
      text: `$(bell-dot) ${word}${more}`,
      tooltip: `${word}: open the panel to answer`,
      wants: true,
      running,
      shown: shown !== undefined,
    };
  }
  if (!shown) return nothing;
  const { state, driven } = shown;
  if (driven === 'nobody') return { ...nothing, shown: true };
  const done = Object.values(state.phases).filter((phase) => phase.state === 'done').length;
  const calls = Object.values(state.calls).filter((call) => call.state === 'working');
  const working = new Set(calls.map(({ role }) => role)).size;
  const phase = state.phase ?? 'triage';
  const time = elapsed(state.activeMs + Math.max(0, Date.now() - Date.parse(state.lastAt || new Date().toISOString())));
  return {
    text: `$(sync~spin) ${phase} ${time}`,
    tooltip: `${oneLine(state.title)}: ${phase}, ${plural(working, 'role')} at work, ${done} of 5 phases done${driven === 'elsewhere' ? ', driven by another window' : ''}`,
    wants: false,
    running,
    shown: true,
  };
}

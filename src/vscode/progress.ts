import * as vscode from 'vscode';
import { oneLine } from '../core/words/plain.ts';
import type { Phase } from '../core/run/events.ts';
import { unlinked } from './host.ts';
import type { Parts } from './parts.ts';

/** A phase that is done sooner needs no notification: the status bar shows it. Milliseconds. */
const longMs = 15_000;

/** What the person reads while a phase goes on. */
const doing: Record<Phase, string> = {
  triage: 'choosing the team',
  analysis: 'the analysts read',
  synthesis: 'one plan is made of the findings',
  implementation: 'the writers work',
  integration: 'the changes are merged and checked',
  review: 'the change is reviewed',
};

/** Shows phases that take long as a notification, unless the panel shows them; cancelling it stops the run in order. */
export function showProgress({
  session,
  settings,
  panelVisible,
}: Pick<Parts, 'session' | 'settings' | 'panelVisible'>): vscode.Disposable {
  let due: NodeJS.Timeout | undefined;
  let end: (() => void) | undefined;
  const over = (): void => {
    clearTimeout(due);
    end?.();
    end = undefined;
  };
  const show = (run: string, phase: Phase): void => {
    const shown = session.view().shown;
    if (shown?.run !== run || panelVisible() || !settings()['notifications.phases']) return;
    const title = unlinked(`${oneLine(shown.state.title)}: ${doing[phase]}`);
    void vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      (progress, token) => {
        const listening = [
          token.onCancellationRequested(() => void session.stop(run)),
          session.onRecord(({ event }, of) => {
            if (of === run && event.type === 'call.started')
              progress.report({ message: unlinked(oneLine(`${event.role} ${event.title}`)) });
          }),
        ];
        return new Promise<void>((resolve) => {
          end = resolve;
        }).finally(() => listening.forEach((each) => void each.dispose()));
      },
    );
  };
  const listening = session.onRecord(({ event }, run) => {
    const { shown } = session.view();
    if (shown?.run !== run || shown.driven !== 'here') return;
    // While the person is asked nothing goes on that could be waited for.
    if (/^(phase[.]ended|run[.]|stop[.]asked)/.test(event.type)) over();
    if (event.type !== 'phase.started') return;
    over();
    due = setTimeout(() => show(run, event.phase), longMs);
  });
  return {
    dispose() {
      over();
      listening.dispose();
    },
  };
}

import * as vscode from 'vscode';
import type { Answer } from './asking.ts';
import type { CommandId } from './commands.ts';
import { openDocument, runDocumentUri } from './documents.ts';
import type { Parts } from './parts.ts';
import { pickLog, pickRun, pickWords } from './pick.ts';
import type { PlanEditor } from './planEditor.ts';
import type { ReviewPart } from './review/registerReview.ts';
import { makeSample, sampleTask } from './sample.ts';
import type { TaskFlow } from './task.ts';
import { askForTrust } from './team/approvals.ts';
import { changeTeam } from './team/change.ts';
import { checkTeam } from './team/check.ts';
import { editTeam } from './team/file.ts';

type Handlers = { readonly [K in CommandId]: (...args: readonly unknown[]) => Promise<unknown> };

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What each command does. What it is given comes from menus, keybindings and other extensions: nothing is taken on trust. */
export function handlersOf(
  parts: Parts & { readonly plan: PlanEditor; readonly tasks: TaskFlow; readonly review: ReviewPart },
): Handlers {
  const { session, channel, folders, keys, plan, tasks, review, context } = parts;
  const shownRun = (): string | undefined => session.view().shown?.run;
  const showPanel = (): Thenable<unknown> => vscode.commands.executeCommand('orchestra.panel.focus');
  return {
    'orchestra.orchestrateTask': (...args) => tasks.orchestrate(args),
    'orchestra.resume': async (given) => {
      const open = new Set(['interrupted', 'stopped', 'failed', 'spent']);
      const run = textOf(given) ?? (await pickRun(session, 'Resume Run', ({ state }) => open.has(state)));
      if (run === undefined) return;
      await showPanel();
      await session.resume(run);
    },
    'orchestra.stop': async (given) => {
      const run = textOf(given) ?? shownRun();
      if (run !== undefined) await session.stop(run);
    },
    'orchestra.showRun': async (given) => {
      const run = textOf(given) ?? (await pickRun(session, 'Show Run', () => true));
      if (run === undefined) return;
      await showPanel();
      await session.show(run);
    },
    'orchestra.newTask': async () => session.leave(),
    'orchestra.showPlan': async () => {
      const run = shownRun();
      if (run !== undefined) await openDocument(runDocumentUri(run, 'plan'), { preview: false });
    },
    'orchestra.goOn': async () => plan.go(),
    'orchestra.stopHere': async () => plan.stop(),
    'orchestra.strikeItem': async (run, item) => plan.strike(textOf(run) ?? '', textOf(item) ?? ''),
    'orchestra.editItem': async (run, item) => plan.edit(textOf(run) ?? '', textOf(item) ?? ''),
    'orchestra.answer': async (id, answer) => {
      const question = session.view().questions.find((one) => one.id === id);
      // Amendments do not come this way. *Go* in the panel means the plan as it stands in the editor, with what was struck and edited there.
      if (question?.kind === 'stop' && question.stop.stop === 'plan' && answer === 'go') await plan.go(question.run);
      else if (question && typeof answer === 'string') session.answer(question.id, answer as Answer);
    },
    'orchestra.openLog': async () => {
      const uri = await pickLog(session);
      if (uri) await openDocument(uri, { preview: false });
    },
    'orchestra.say': async () => {
      const words = await pickWords(session);
      if (words) await session.say(words.run, words.text, words.to);
    },
    'orchestra.checkTeam': async () => checkTeam(parts),
    'orchestra.editTeam': async () => editTeam(parts),
    'orchestra.changeTeam': async () => changeTeam(parts),
    'orchestra.trust': async () => askForTrust(parts),
    ...review.handlers,
    'orchestra.apply': async (given) => {
      const run = textOf(given) ?? (await pickRun(session, 'Apply Change', ({ state }) => state === 'ready'));
      if (run !== undefined) await session.apply(run);
    },
    'orchestra.undo': async (given) => {
      const run = textOf(given) ?? (await pickRun(session, 'Undo Apply', ({ state }) => state === 'applied'));
      if (run !== undefined && (await review.settle(run))) await session.undo(run);
    },
    'orchestra.clean': async () => session.clean(undefined),
    'orchestra.runSample': async () => {
      await showPanel();
      const sample = await makeSample(context.globalStorageUri.fsPath);
      await session.start({ task: sampleTask, sample });
    },
    'orchestra.setKey': async () => keys.set(),
    'orchestra.chooseFolder': async () => {
      await folders.choose();
      await session.refresh();
    },
    'orchestra.openWalkthrough': async () =>
      vscode.commands.executeCommand('workbench.action.openWalkthrough', `${context.extension.id}#start`, false),
    'orchestra.showOutput': async () => channel.show(),
  };
}

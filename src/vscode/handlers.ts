import * as vscode from 'vscode';
import type { CommandId } from './commands.ts';
import { planUri } from './documents.ts';
import type { Parts } from './parts.ts';
import { makeSample, sampleTask } from './sample.ts';

type Handlers = { readonly [K in CommandId]: (...args: readonly unknown[]) => Promise<unknown> };

const later = async (): Promise<void> => {
  throw new Error('not there yet');
};

/** What each command does. */
export function handlersOf(parts: Parts): Handlers {
  const { session, channel, folders, keys } = parts;
  const shownRun = (): string | undefined => session.view().shown?.run;
  return {
    'orchestra.orchestrateTask': async (task) => {
      const text =
        typeof task === 'string' ? task : await vscode.window.showInputBox({ prompt: 'What should the team do?' });
      if (text) await session.start({ task: text });
    },
    'orchestra.resume': async () => session.resume(shownRun() ?? ''),
    'orchestra.stop': async () => session.stop(shownRun() ?? ''),
    'orchestra.showRun': later,
    'orchestra.newTask': async () => session.leave(),
    'orchestra.showPlan': async () => vscode.window.showTextDocument(planUri(shownRun() ?? '')),
    'orchestra.goOn': later,
    'orchestra.stopHere': later,
    'orchestra.openLog': later,
    'orchestra.say': later,
    'orchestra.checkTeam': later,
    'orchestra.editTeam': later,
    'orchestra.trust': later,
    'orchestra.apply': async () => session.apply(shownRun() ?? ''),
    'orchestra.undo': async () => session.undo(shownRun() ?? ''),
    'orchestra.clean': async () => session.clean(undefined),
    'orchestra.runSample': async () => {
      const sample = await makeSample(parts.context.globalStorageUri.fsPath);
      await session.start({ task: sampleTask, sample });
    },
    'orchestra.setKey': async () => keys.set(),
    'orchestra.chooseFolder': async () => folders.choose(),
    'orchestra.openWalkthrough': later,
    'orchestra.showOutput': async () => channel.show(),
  };
}

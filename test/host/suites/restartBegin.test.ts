import * as vscode from 'vscode';
import { activated, question, sampleTask, until } from './support.ts';

describe('a window that is killed in the middle of a run', () => {
  it('has finished calls and some that are under way', async () => {
    const { session } = await activated();
    await vscode.commands.executeCommand('orchestra.orchestrateTask', sampleTask);
    session.answer((await question(session, 'team')).id, 'go');
    await until(session, 'half of the analysis', () => {
      const calls = Object.values(session.view().shown?.state.calls ?? {});
      return (
        calls.filter(({ state }) => state === 'done').length >= 3 && calls.some(({ state }) => state === 'working')
      );
    });
    // The launcher kills everything as soon as this is over.
  });
});

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activated, drawn, question, until } from './support.ts';

describe('a window without a folder', () => {
  it('says so, and can play the sample all the same', async () => {
    assert.equal(vscode.workspace.workspaceFolders, undefined);
    const api = await activated();
    const { session } = api;
    const state = drawn(api);
    assert.match(state.explanation?.title ?? '', /No folder/);
    assert.equal(state.composer, undefined);
    await vscode.commands.executeCommand('orchestra.orchestrateTask', 'anything');
    assert.equal(session.view().shown, undefined, 'nothing was started');
    assert.match(session.view().problem?.message ?? '', /no folder/i);

    await vscode.commands.executeCommand('orchestra.runSample');
    await question(session, 'team');
    assert.equal(drawn(api).run?.scripted, true);
    await session.stop(session.view().shown?.run ?? '');
    await until(session, 'its end', () => session.view().shown?.state.outcome === 'stopped');
  });
});

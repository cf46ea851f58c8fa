import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { activated, counted, drawn, place, root, sampleTask } from './support.ts';

describe('a folder that is not trusted', () => {
  it('is explained, and nothing runs or is read', async () => {
    assert.equal(vscode.workspace.isTrusted, false);
    const api = await activated();
    const { session } = api;
    await vscode.commands.executeCommand('orchestra.orchestrateTask', sampleTask);
    api.panel.on({ type: 'start', task: sampleTask });
    for (const command of ['orchestra.resume', 'orchestra.checkTeam', 'orchestra.runSample', 'orchestra.clean'])
      void vscode.commands.executeCommand(command);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const state = drawn(api);
    assert.match(state.explanation?.title ?? '', /not trusted/);
    assert.equal(state.composer, undefined, 'there is no box');
    assert.equal(state.run, undefined);
    // The folder brings a run of its own and a team file: neither is looked at.
    assert.deepEqual(state.earlier, []);
    assert.deepEqual(session.view().teams, []);
    assert.equal(await session.project(), undefined);
    assert.deepEqual(await counted(), [], 'no server was asked anything');
    assert.equal(existsSync(join(root, '.serena')), false);
    assert.equal(existsSync(join(place, 'started')), false, 'the server of its team file was not started');
  });
});

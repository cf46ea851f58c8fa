import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { activated, drawn, eventually, place, signsOf, until } from './support.ts';

/** The second of two windows on one folder; the first is `windowDrives`. */
describe('a second window on the same folder', () => {
  it('watches live, answers nothing, speaks, stops, and goes on with it', async () => {
    const api = await activated();
    const { session } = api;
    const run = await signsOf('run');
    await eventually('the run of the other window in the list', async () => {
      await session.refresh();
      return session.view().runs.find(({ id, state }) => id === run && state === 'running');
    });
    await vscode.commands.executeCommand('orchestra.showRun', run);
    await until(session, 'that the other window drives it', () => session.view().shown?.driven === 'elsewhere');
    await until(session, 'the stop that it waits at', () => drawn(api).run?.elsewhere !== undefined);
    assert.deepEqual(session.view().questions, [], 'the question is the other window’s');
    assert.ok(
      drawn(api).wants.every(({ answers }) => answers.every(({ intent }) => intent.type !== 'answer')),
      'nothing is to be answered here',
    );
    await writeFile(join(place, 'watched.sign'), '');
    // What is answered there is seen here, with the live text of who works then.
    await until(session, 'live text', () => drawn(api).run?.roles.some(({ tail }) => (tail ?? '').length > 20));
    const { state } = session.view().shown ?? {};
    assert.ok(Object.keys(state?.calls ?? {}).length > 1);
    await session.say(run, 'Please keep the health check free of limits.');
    await until(session, 'the words in the journal', () =>
      session.view().shown?.state.said.some(({ text }) => text.includes('health check')),
    );
    await session.stop(run);
    await until(session, 'its end', () => session.view().shown?.state.outcome === 'stopped');
    await signsOf('stopped');
    await until(session, 'that nobody drives it', () => session.view().shown?.driven === 'nobody');
    await vscode.commands.executeCommand('orchestra.resume', run);
    await until(session, 'that this window drives it', () => session.view().shown?.driven === 'here');
    await signsOf('followed');
    await session.stop(run);
    await until(session, 'its end here', () => session.view().shown?.driven === 'nobody');
  });
});

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { activated, drawn, place, question, sampleTask, signsOf, until } from './support.ts';

/** The first of two windows on one folder; the second is `windowWatches`. What each waits for the other writes as a file. */
describe('a window that drives a run, while another watches it', () => {
  it('is spoken to and stopped from there, and watches when the other one goes on', async () => {
    const api = await activated();
    const { session } = api;
    await vscode.commands.executeCommand('orchestra.orchestrateTask', sampleTask);
    const asked = await question(session, 'team');
    await writeFile(join(place, 'run.sign'), asked.run);
    await signsOf('watched');
    api.panel.on({ type: 'answer', question: asked.id, answer: 'go' });
    await until(session, 'what was said in the other window', () =>
      session.view().shown?.state.said.some(({ text }) => text.includes('health check')),
    );
    await until(session, 'the end that the other window asked for', () => {
      const { shown } = session.view();
      return shown?.state.outcome === 'stopped' && shown.driven === 'nobody';
    });
    await writeFile(join(place, 'stopped.sign'), '');
    // The other one goes on with it: this one is told, and watches in turn.
    await until(session, 'that the other window drives it', () => session.view().shown?.driven === 'elsewhere');
    assert.match(drawn(api).run?.elsewhere ?? '', /./);
    await until(session, 'live text from there', () => drawn(api).run?.roles.some(({ tail }) => (tail ?? '') !== ''));
    await writeFile(join(place, 'followed.sign'), '');
    await until(session, 'its end there', () => session.view().shown?.driven === 'nobody');
  });
});

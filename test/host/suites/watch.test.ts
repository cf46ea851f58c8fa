import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import * as vscode from 'vscode';
import { activated, drawn, eventually, place, root, sampleTask, until } from './support.ts';

/** What drives the run: another process, as another window or a terminal is. */
const cli = resolve(__dirname, '..', '..', '..', 'dist', 'cli.mjs');

describe('a run that another process drives', () => {
  let other: ChildProcess | undefined;
  after(() => other?.kill('SIGKILL'));

  it('is watched live, cannot be answered here, and can be spoken to', async () => {
    const api = await activated();
    const { session } = api;
    other = spawn(process.execPath, [cli, 'run', sampleTask, '--team-file', `${place}/team.yaml`, '--yes', '--json'], {
      cwd: root,
      stdio: 'ignore',
    });
    const found = await eventually('the run in the list', async () => {
      await session.refresh();
      return session.view().runs.find(({ state }) => state === 'running');
    });
    await vscode.commands.executeCommand('orchestra.showRun', found.id);
    await until(session, 'its first calls', () => {
      const { shown } = session.view();
      return shown?.driven === 'elsewhere' && Object.keys(shown.state.calls).length > 2;
    });
    await until(session, 'its live text', () => drawn(api).run?.roles.some((role) => (role.tail ?? '').length > 20));
    assert.match(drawn(api).run?.elsewhere ?? '', /./, 'it says that another process drives it');

    await session.say(found.id, 'Please keep the health check free of limits.');
    await until(session, 'the words in the journal', () =>
      session.view().shown?.state.said.some(({ text }) => text.includes('health check')),
    );
    // One that another process has is not taken from it.
    await session.resume(found.id);
    assert.equal(session.view().shown?.driven, 'elsewhere');
    await session.stop(found.id);
    await until(session, 'its end', () => session.view().shown?.state.outcome === 'stopped');
    await until(session, 'that nobody drives it', () => session.view().shown?.driven === 'nobody');
  });
});

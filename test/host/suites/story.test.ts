import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { Session } from '../../../src/vscode/session.ts';

const api = async (): Promise<{ session: Session }> => {
  const extension = vscode.extensions.getExtension<{ session: Session }>('model-orchestra.model-orchestra');
  assert.ok(extension, 'the extension is there');
  return extension.activate();
};

/** Waits until it gives something, asking at every change of the session. */
async function until<T>(session: Session, what: string, look: () => T | undefined | false): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      listening.dispose();
      reject(new Error(`nothing of this came: ${what}; ${JSON.stringify(session.view().problem)}`));
    }, 120_000);
    const check = (): void => {
      const found = look();
      if (found === undefined || found === false) return;
      clearTimeout(late);
      listening.dispose();
      resolve(found);
    };
    const listening = session.onChange(check);
    check();
  });
}

describe('the whole story', () => {
  it('runs the sample by the scripted team', async () => {
    const { session } = await api();
    await vscode.commands.executeCommand('orchestra.orchestrateTask', 'Add rate limiting to the public API');
    await until(session, 'a stop', () => session.view().questions.find(({ kind }) => kind === 'stop'));
    const answered = session.onChange(() => {
      for (const question of session.view().questions)
        session.answer(question.id, question.kind === 'stop' ? 'go' : question.kind === 'held' ? 'no' : 'once');
    });
    for (const question of session.view().questions) session.answer(question.id, 'go');
    const outcome = await until(session, 'its end', () => session.view().shown?.state.outcome);
    answered.dispose();
    assert.equal(outcome, 'ready');
  });
});

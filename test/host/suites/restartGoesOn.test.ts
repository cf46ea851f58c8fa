import assert from 'node:assert/strict';
import { activated, counted, drawn, eventually, question, until } from './support.ts';

describe('the next start', () => {
  it('offers to go on, and makes no finished call again', async () => {
    const api = await activated();
    const { session } = api;
    const want = await eventually('the offer', () => drawn(api).wants.find(({ kind }) => kind === 'resume'));
    const [resume] = want.answers;
    const run = resume?.intent.type === 'resume' ? resume.intent.run : '';
    // What is in the journal is finished; what only its server had finished may be asked once more.
    const { state } = (await (await session.project())?.show(run)) ?? {};
    const finished = Object.values(state?.calls ?? {})
      .filter((call) => call.state === 'done')
      .map(({ call }) => call);
    assert.ok(finished.length >= 3, 'calls were finished before');

    assert.equal(resume?.intent.type, 'resume');
    if (resume) api.panel.on(resume.intent);
    const plan = await question(session, 'plan');
    session.answer(plan.id, 'stop');
    await until(session, 'the end', () => session.view().shown?.state.outcome === 'stopped');

    const calls = await counted();
    for (const key of finished) {
      const times = calls.filter((call) => call.key === key && call.event === 'finished').length;
      assert.equal(times, 1, `${key} was paid for once`);
    }
  });
});

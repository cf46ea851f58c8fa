import assert from 'node:assert/strict';
import { makeAgentStand } from './stand.ts';
import type { AgentStand } from './stand.ts';

describe('an agent behind the server', function () {
  this.timeout(60_000);
  let stand: AgentStand;
  before(async () => {
    stand = await makeAgentStand();
  });
  after(() => stand.end());

  it('streams what it says, thinks, plans and does, and answers with it', async () => {
    const { output, progress, failure } = await stand.ask([
      { think: 'Hm.' },
      { plan: [{ content: 'Look', status: 'in_progress', priority: 'high' }] },
      { say: 'Hello, ', pieces: true },
      { say: 'world.' },
      { tool: { title: 'Read a.ts', kind: 'read' } },
      { say: 'Done.' },
      {
        answer: {
          usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
          _meta: { quota: { model_usage: [{ model: 'm-1' }] } },
        },
      },
    ]);
    assert.equal(failure, undefined, failure?.message);
    assert.equal(output?.text, 'Hello, world.\n\nDone.');
    assert.deepEqual(output?.usage, { inputTokens: 10, outputTokens: 5 });
    assert.equal(output?.model, 'm-1');
    const text = progress.map((one) => (one.kind === 'text' ? one.text : '')).join('');
    assert.equal(text, 'Hello, world.\n\nDone.');
    assert.deepEqual(progress[0], { kind: 'thought', text: 'Hm.' });
    assert.deepEqual(progress[1], { kind: 'plan', entries: [{ text: 'Look', status: 'in_progress' }] });
    assert.deepEqual(
      progress.filter(({ kind }) => kind === 'tool'),
      [
        { kind: 'tool', title: 'Read a.ts', status: 'pending' },
        { kind: 'tool', title: 'Read a.ts', status: 'completed' },
      ],
    );
  });
});

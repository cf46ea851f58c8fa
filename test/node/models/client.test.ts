import assert from 'node:assert/strict';
import { ask, hooks, input, makeStand, mostAtOnce, route, textHeard } from './stand.ts';
import type { Stand } from './stand.ts';

describe('models over stdio', () => {
  let stand: Stand;
  beforeEach(async () => (stand = await makeStand()));
  afterEach(() => stand.end());

  it('streams the answer before the result, and says that it is scripted', async () => {
    const script = {
      parts: [
        {
          pace: { chunk: 10, delay: 60 },
          steps: [{ think: 'Hm.' }, { tool: 'Read a.ts' }, { say: 'One two three four five six seven eight.' }, { usage: { inputTokens: 7, outputTokens: 3 } }],
        },
      ],
    };
    const models = stand.open({ a: await stand.scripted('a', script) });
    const heard = hooks();
    const seen: number[] = [];
    const done = models.ask(route('a'), input('analysis/critic'), {
      ...heard.hooks,
      onProgress: (progress) => {
        seen.push(Date.now());
        heard.hooks.onProgress(progress);
      },
    });
    const output = await done;
    const end = Date.now();
    assert.equal(output.text, 'One two three four five six seven eight.');
    assert.equal(output.scripted, true);
    assert.equal(output.model, 'm-1');
    assert.deepEqual(output.usage, { inputTokens: 7, outputTokens: 3 });
    assert.equal(textHeard(heard.progress), output.text);
    assert.deepEqual(heard.progress[0], { kind: 'thought', text: 'Hm.' });
    assert.ok(heard.progress.filter(({ kind }) => kind === 'text').length >= 3, 'it came in pieces');
    assert.ok(end - (seen[0] as number) >= 100, 'the first piece came long before the result');
  });
});

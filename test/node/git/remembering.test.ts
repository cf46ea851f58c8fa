import assert from 'node:assert/strict';
import { remembering } from '../../../src/node/git/remembering.ts';

describe('what is remembered', () => {
  it('is asked for once, while it is among the last, worth it and no failure', async () => {
    const asked: string[] = [];
    const known = remembering<{ key: string }>(2, ({ key }) => key !== 'huge');
    const ask = (key: string): Promise<{ key: string }> =>
      known(key, async () => {
        asked.push(key);
        if (key === 'bad' && asked.length === 1) throw new Error('not now');
        return { key };
      });
    await assert.rejects(ask('bad'), /not now/);
    for (const key of ['bad', 'bad', 'huge', 'huge', 'a', 'bad', 'b', 'bad', 'a'])
      assert.equal((await ask(key)).key, key);
    assert.deepEqual(asked, ['bad', 'bad', 'huge', 'huge', 'a', 'b', 'bad', 'a']);
  });
});

import assert from 'node:assert/strict';
import { scenarios, story, words } from './place.ts';

describe('a kept run', function () {
  this.timeout(60_000);
  const scenario = scenarios();

  scenario(
    'is shown and applied after the person has rewritten history and pruned what it was made from',
    async (at) => {
      const place = await at({ script: 'words' });
      const head = (await place.git('rev-parse', 'HEAD')).trim();
      const blob = (await place.git('rev-parse', 'HEAD:src/words.js')).trim();
      const ready = await place.run('Better words', {
        person: { decide: async ({ stop }) => (stop === 'apply' ? 'stop' : 'go') },
      });
      assert.equal(ready.outcome, 'ready', story(ready));
      const project = await place.project();
      const { signal } = new AbortController();
      const before = await project.diff(ready.run, signal);
      assert.match(before, /\+export function title/);

      // Every file is another one now, and nothing of the old ones is left in the repository.
      const mine = `// mine\n${words['src/words.js']}`;
      await place.write('src/words.js', mine);
      await place.write('src/count.js', `// mine\n${words['src/count.js']}`);
      await place.write('README.md', `${words['README.md']?.replace('# words', '# Words')}`);
      await place.git('checkout', '--quiet', '--orphan', 'anew');
      await place.git('add', '--all');
      await place.git('commit', '--quiet', '--message', 'anew');
      await place.git('branch', '--quiet', '-D', 'main');
      await place.git('reflog', 'expire', '--expire=now', '--all');
      await place.git('gc', '--quiet', '--prune=now');
      for (const gone of [head, blob]) await assert.rejects(place.git('cat-file', '-e', gone));

      assert.equal(await project.diff(ready.run, signal), before);
      const applied = await place.apply(ready.run);
      assert.equal(applied.outcome, 'applied', story(applied));
      assert.match((await place.read('src/words.js')) ?? '', /^\/\/ mine\n[^]*function title/);
      assert.match((await place.read('README.md')) ?? '', /^# Words\n[^]*title\(text\)/);
      await place.undo(ready.run);
      assert.equal(await place.read('src/words.js'), mine);
    },
  );
});

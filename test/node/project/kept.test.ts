import assert from 'node:assert/strict';
import { type Place, scenarios, story, words } from './place.ts';

/** With so many files what git has already is borrowed, and not written anew. */
const many = Object.fromEntries(Array.from({ length: 120 }, (_, n) => [`data/${n}.txt`, `${n}\n`]));

/** Another history, in which no object of the old one is left. */
async function pruned(place: Place): Promise<void> {
  for (const path of Object.keys(many)) await place.write(path, 'another\n');
  await place.git('checkout', '--quiet', '--orphan', 'anew');
  await place.git('add', '--all');
  await place.git('commit', '--quiet', '--message', 'anew');
  await place.git('branch', '--quiet', '-D', 'main');
  await place.git('reflog', 'expire', '--expire=now', '--all');
  await place.git('gc', '--quiet', '--prune=now');
}

describe('a kept run', function () {
  const it = scenarios();

  it('is shown and applied after the person has rewritten history and pruned what it was made from', async (at) => {
    const place = await at({ script: 'words', files: { ...words, ...many } });
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
    await pruned(place);
    const other = `${head}:data/7.txt`;
    for (const gone of [head, blob, other]) await assert.rejects(place.git('cat-file', '-e', gone));

    assert.equal(await project.diff(ready.run, signal), before);
    const applied = await place.apply(ready.run);
    assert.equal(applied.outcome, 'applied', story(applied));
    assert.match((await place.read('src/words.js')) ?? '', /^\/\/ mine\n[^]*function title/);
    assert.match((await place.read('README.md')) ?? '', /^# Words\n[^]*title\(text\)/);
    await place.undo(ready.run);
    assert.equal(await place.read('src/words.js'), mine);
  });

  it('that was stopped is shown and gone on with all the same', async (at) => {
    const place = await at({ script: 'words', files: { ...words, ...many } });
    const control = new AbortController();
    const stopped = await place.run('Better words', {
      signal: control.signal,
      onRecord: ({ event }) => void (event.type === 'change.landed' && event.change === 'second' && control.abort()),
    });
    assert.equal(stopped.outcome, 'stopped', story(stopped));
    const project = await place.project();
    const { signal } = new AbortController();
    const before = await project.diff(stopped.run, signal);
    assert.match(before, /trim\(\)/);
    await place.write('src/count.js', `// mine\n${words['src/count.js']}`);
    await pruned(place);
    assert.equal(await project.diff(stopped.run, signal), before);
    const resumed = await place.resume(stopped.run);
    assert.equal(resumed.outcome, 'applied', story(resumed));
    assert.match((await place.read('src/count.js')) ?? '', /^\/\/ mine\n[^]*trim\(\)/);
  });
});

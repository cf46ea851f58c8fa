import assert from 'node:assert/strict';
import { eventsOf, scenarios, story, words } from './place.ts';

describe("a writer's edit outside its paths is a conflict", function () {
  const it = scenarios();

  it('is decided file by file by the orchestrator, who sees it, and is in the tree only if merged', async (at) => {
    const place = await at({ script: 'outside' });
    const played = await place.run('Better words');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(eventsOf(played, 'change.landed')[0]?.outside, ['README.md', 'docs/notes.md', 'hack.js']);
    const why = 'outside the paths of its writer';
    assert.deepEqual(eventsOf(played, 'merge.made')[0]?.conflicts, [
      { path: 'README.md', why },
      { path: 'docs/notes.md', why },
      { path: 'hack.js', why },
    ]);
    assert.deepEqual(
      played.state.ledger?.entries.map((e) => [e.path, e.fate, e.why]),
      [
        ['README.md', 'merged', 'It is true.'],
        ['docs/notes.md', 'merged', 'It belongs to the change.'],
        ['hack.js', 'rejected', 'Nobody asked for it.'],
        ['src/words.js', 'merged', undefined],
      ],
    );
    assert.equal(await place.read('docs/notes.md'), 'Remember the comma.\n');
    assert.equal(await place.read('hack.js'), undefined);
    const readme = words['README.md']?.replace('how many words', 'how many words, roughly');
    assert.equal(await place.read('README.md'), `${readme}- \`title(text)\`: with a capital\n`);
    assert.match(played.state.report ?? '', /writer:hack\.js:1: rejected\. Nobody asked for it\./);
  });

  it('that is said to be merged and is not goes back to the orchestrator', async (at) => {
    const place = await at({ script: 'outside' });
    const played = await place.run('Better words, and lie about the hack');
    assert.equal(played.outcome, 'applied', story(played));
    const back = eventsOf(played, 'call.sent-back').map((e) => e.call);
    assert.deepEqual(back, ['integration/resolve/writer/hack.js']);
    assert.equal(await place.read('hack.js'), undefined);
  });
});

import assert from 'node:assert/strict';
import { eventsOf, scenarios, story } from './place.ts';

describe('reviewers', function () {
  const it = scenarios();

  it('say first what they will check, and their findings go back to the writer; a reader who writes changes nothing', async (at) => {
    const place = await at({ script: 'review' });
    const played = await place.run('Better words');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(
      eventsOf(played, 'change.judged')
        .filter((e) => e.change === 'writer')
        .map((e) => [e.round, e.verdict.verdict]),
      [
        [0, 'needs-work'],
        [1, 'fine'],
      ],
    );
    assert.ok(!place.calls().includes('implementation/second/r1'), 'the other writer goes on undisturbed');
    assert.doesNotMatch(played.state.report ?? '', /Not settled/);
    const text = (await place.read('src/words.js')) ?? '';
    assert.match(text, /function title[^]*What is empty stays empty\.\n$/);

    // The shared checkout was changed by somebody who only reads: told, made anew, and in nobody's change.
    assert.doesNotMatch(text, /could not resist/);
    const [changed] = eventsOf(played, 'checkout.changed');
    assert.deepEqual([changed?.phase, changed?.paths], ['analysis', ['src/words.js']]);
  });

  it('who are not content after the last round keep the word in the report, not the merge', async (at) => {
    const place = await at({ script: 'review' });
    const played = await place.run('Better words for one who is never content');
    assert.equal(played.outcome, 'applied', story(played));
    const rounds = eventsOf(played, 'change.landed').flatMap((e) => (e.change === 'writer' ? [e.round] : []));
    assert.deepEqual(rounds, [0, 1]);
    const open = 'Judge still wants work on writer: An empty text is not thought of.';
    assert.ok(played.state.notes.some((n) => n.text === open));
    assert.match(played.state.report ?? '', new RegExp(`## Not settled\n- ${open}`));
  });
});

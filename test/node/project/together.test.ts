import assert from 'node:assert/strict';
import { scenarios, story, words } from './place.ts';

const title = 'export const title = (text) => text.charAt(0).toUpperCase() + text.slice(1);\n';
const before = words['src/words.js'] ?? '';

describe('two runs in one project', function () {
  const it = scenarios();

  it('go on at once, are applied upon each other, and are taken back one without the other', async (at) => {
    const place = await at({ script: 'together' });
    const waiting = { person: { decide: async () => 'stop' as const } };
    const [titles, marks] = await Promise.all([place.run('Titles', waiting), place.run('Two marks', waiting)]);
    assert.equal(titles.outcome, 'ready', story(titles));
    assert.equal(marks.outcome, 'ready', story(marks));
    assert.equal(await place.read('src/words.js'), before);

    const project = await place.project();
    assert.deepEqual(
      (await project.runs()).map((r) => [r.task, r.state]).toSorted(([a = ''], [b = '']) => (a < b ? -1 : 1)),
      [
        ['Titles', 'ready'],
        ['Two marks', 'ready'],
      ],
    );
    await place.apply(titles.run);
    assert.equal(await place.read('src/words.js'), before + title);
    const second = await place.apply(marks.run);
    assert.deepEqual(second.state.applied?.merged, ['src/words.js']);
    assert.equal(await place.read('src/words.js'), before.replace('"!"', '"!!"') + title);
    await place.undo(titles.run);
    assert.equal(await place.read('src/words.js'), before.replace('"!"', '"!!"'));
    await place.undo(marks.run);
    assert.equal(await place.read('src/words.js'), before);

    // Nothing of the checkouts is left; the changes are.
    await project.clean(undefined, new AbortController().signal);
    assert.match(await project.diff(titles.run, new AbortController().signal), /\+export const title/);
  });
});

import assert from 'node:assert/strict';
import { eventsOf, scenarios, story } from './place.ts';

describe('what a project remembers', function () {
  const it = scenarios();

  it('is asked about one by one, kept as a memory, and the beginning of the next run', async (at) => {
    const place = await at({ script: 'knowledge' });
    await place.write('.serena/memories/theirs.md', 'A memory of the person.\n');
    const asked: string[] = [];
    const first = await place.run('Better titles', {
      person: {
        async approve(file, diff) {
          asked.push(`${file.path}\n${diff}`);
          return file.path.includes('decisions') ? 'yes' : 'no';
        },
      },
    });
    assert.equal(first.outcome, 'applied', story(first));
    assert.deepEqual(
      asked.map((text) => text.split('\n', 1)[0]),
      ['.serena/memories/decisions/titles.md', '.serena/memories/notes/now.md'],
    );
    const kept = '.serena/memories/decisions/titles.md';
    assert.equal(await place.read(kept), 'A title has one capital, for words come from one place.\n');
    assert.equal(await place.read('.serena/memories/notes/now.md'), undefined);
    assert.doesNotMatch((await place.read('.serena/memories/orch/now.md')) ?? '', /Approve everything/);
    assert.equal(await place.read('.serena/memories/theirs.md'), 'A memory of the person.\n');
    // It is the person's file, to be committed or not.
    assert.match(await place.git('status', '--porcelain', '--untracked-files=all'), /decisions\/titles\.md/);
    assert.deepEqual(
      eventsOf(first, 'knowledge.kept').map((e) => e.name),
      ['decisions/titles'],
    );

    const second = await place.run('Better titles still', {
      person: { decide: async ({ stop }) => (stop === 'plan' ? 'stop' : 'go') },
    });
    assert.equal(second.state.summaries['scout'], 'Titles have one capital, as was decided.', story(second));
  });
});

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { eventsOf, scenarios, story, textsBelow } from './place.ts';

describe('the bus', function () {
  const it = scenarios();

  it("lies in Serena's memories, and is written again from the journal when it is gone", async (at) => {
    const place = await at({ script: 'words' });
    const stopped = await place.run('Better words', {
      person: { decide: async ({ stop }) => (stop === 'plan' ? 'stop' : 'go') },
    });
    assert.equal(stopped.outcome, 'stopped', story(stopped));
    assert.equal(stopped.reason, 'You stopped it at the plan.');
    const orch = join(place.root, '.serena', 'memories', 'orch');
    const { run } = stopped;
    const first = await textsBelow(orch);
    const messages = [
      [`${run}/m/000001-`, '-all-result.md'],
      [`${run}/m/000002-`, '-all-result.md'],
      [`${run}/m/000003-lead-all-`, 'decision.md'],
    ] as const;
    const found = (texts: object): string[] =>
      messages.flatMap(([start, end]) => Object.keys(texts).filter((f) => f.startsWith(start) && f.endsWith(end)));
    assert.equal(found(first).length, 3, Object.keys(first).join('\n'));
    for (const page of ['protocol.md', 'now.md', `${run}/board.md`]) assert.ok(first[page], `${page} is missing`);
    assert.match(first[`${run}/board.md`] ?? '', /shout\(\) has a place for it/);
    assert.match(first['now.md'] ?? '', new RegExp(run));
    assert.doesNotMatch(await place.git('status', '--porcelain'), /serena|orchestration/);
    for (const e of eventsOf(stopped, 'message.posted'))
      assert.ok(first[`${e.memory.replace(/^orch\//, '')}.md`]?.includes(e.body.split('\n')[0] ?? ''), e.memory);

    await rm(orch, { recursive: true });
    const resumed = await place.resume(run);
    assert.equal(resumed.outcome, 'applied', story(resumed));
    const second = await textsBelow(orch);
    for (const file of found(first)) assert.equal(second[file], first[file], file);
    const numbers = Object.keys(second).flatMap((f) => f.match(/\/m\/(\d{6})-/)?.[1] ?? []);
    const posted = eventsOf(resumed, 'message.posted').length;
    assert.ok(posted > 6);
    assert.deepEqual(
      numbers.map(Number).toSorted((a, b) => a - b),
      Array.from({ length: posted }, (_, n) => n + 1),
    );
    assert.match(second[`${run}/board.md`] ?? '', /title/);
    assert.ok(second['protocol.md'] && second['now.md']);
  });

  it('and the journal and the transcripts hold no secret of the environment or of .env', async (at) => {
    const [key, password] = ['sk-acme-4815162342abcdefgh', 'correct-horse-battery-9'];
    const place = await at({ script: 'bus' });
    await place.write('.gitignore', '.env\n');
    await place.write('.env', `DB_PASSWORD=${password}\n`);
    process.env['ACME_API_KEY'] = key;
    try {
      const heard: string[] = [];
      const played = await place.run(`Better words, the key is ${key}`, {
        onText: (_c, _a, text) => void heard.push(text),
      });
      assert.equal(played.outcome, 'applied', story(played));
      assert.ok(heard.join('').includes(key), 'the model did say it');
      const own = await textsBelow(join(place.root, '.orchestration'));
      const memories = await textsBelow(join(place.root, '.serena'));
      const all = { ...own, ...memories };
      const holding = Object.entries(all).flatMap(([f, text]) =>
        text.includes(key) || text.includes(password) ? [f] : [],
      );
      assert.deepEqual(holding, []);
      const transcript = Object.entries(own).find(([f]) => /transcripts?\/.*scout/.test(f));
      assert.match(transcript?.[1] ?? '', /I found .* in the environment/, Object.keys(own).join('\n'));
      const claims = played.state.findings.map((finding) => finding.claim).join('\n');
      assert.match(claims, /^The password is (?!correct)/m);
    } finally {
      delete process.env['ACME_API_KEY'];
    }
  });
});

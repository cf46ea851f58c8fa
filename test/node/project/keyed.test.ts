import assert from 'node:assert/strict';
import { join } from 'node:path';
import { calls, says, type Answer, type Asked } from '../../standin/reply.ts';
import { openStandin } from '../../standin/standin.ts';
import { doubterBehindKey, eventsOf, scenarios, story, textsBelow } from './place.ts';

const json = (value: unknown): Answer => says(`\`\`\`json\n${JSON.stringify(value)}\n\`\`\``);

describe('a role whose model is reached by a key', function () {
  const it = scenarios();

  it('reads what another posts that is still at work, and asks it', async (at) => {
    const found = Promise.withResolvers<void>();
    /** The doubter: it answers nothing before the scout has posted, and the scout is not done before it is asked. */
    const doubter = async (asked: Asked): Promise<Answer> => {
      await found.promise;
      if (asked.turn === 0) return calls([{ name: 'bus_inbox', input: {} }]);
      const read = asked.results.map(({ text }) => text).join();
      const question = { kind: 'question', to: 'scout', subject: 'Is that meant?', body: 'Why has whisper() no mark?' };
      if (asked.turn === 1) return calls([{ name: 'bus_post', input: question }], `I read: ${read}. `);
      const [, mark] = /leaves (the mark) out/.exec(asked.conversation) ?? [];
      return json({ summary: `The scout is right about ${mark}. ${read}`, findings: [] });
    };
    const standin = await openStandin(doubter, { models: ['qwen3-coder'] });
    try {
      const place = await at({
        script: 'pollination',
        team: {
          ...doubterBehindKey(standin.url),
          limits: { silenceSeconds: 150 },
        },
      });
      const played = await place.run('Better words', {
        onRecord({ event }) {
          if (event.type === 'message.posted' && event.kind === 'finding') found.resolve();
        },
      });
      assert.equal(played.outcome, 'applied', story(played));
      const { summaries, messages } = played.state;
      assert.match(summaries['doubter'] ?? '', /^The scout is right about the mark\. Posted as #\d+\.$/, story(played));
      assert.equal(summaries['scout'], 'Asked while at work.', story(played));

      const question = messages.find((m) => m.kind === 'question');
      assert.deepEqual(
        [question?.from, question?.to, question?.verified, question?.call],
        ['doubter', ['scout'], true, 'analysis/doubter'],
      );
      assert.match((await place.read(`.serena/memories/${question?.memory}.md`)) ?? '', /Why has whisper\(\) no mark/);
      assert.deepEqual(
        eventsOf(played, 'questions.taken').map((e) => [e.role, e.questions]),
        [['scout', [question?.seq]]],
      );
      for (const folder of ['.orchestration', '.serena'])
        for (const [file, text] of Object.entries(await textsBelow(join(place.root, folder))))
          assert.doesNotMatch(text, /orcbus_[0-9a-f]/, file);
      assert.ok(standin.requests.every(({ body }) => !/orcbus_[0-9a-f]/.test(JSON.stringify(body))));
    } finally {
      found.resolve();
      await standin.close();
    }
  });
});

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { eventsOf, scenarios, story, textsBelow } from './place.ts';

describe('roles that read each other', function () {
  const it = scenarios();

  it('while both are still at work, over the server that each is handed', async (at) => {
    const place = await at({ script: 'pollination' });
    const played = await place.run('Better words');
    assert.equal(played.outcome, 'applied', story(played));
    const { summaries, messages } = played.state;
    assert.equal(summaries['doubter'], 'The scout is right about the mark.', story(played));
    assert.equal(summaries['scout'], 'Asked while at work.');

    const at_ = (type: string, of: (event: never) => boolean): number =>
      played.records.find((r) => r.event.type === type && of(r.event as never))?.seq ?? Number.NaN;
    const finding = at_('message.posted', (e: { kind: string }) => e.kind === 'finding');
    const question = at_('message.posted', (e: { kind: string }) => e.kind === 'question');
    const ended = (role: string): number =>
      at_('call.ended', (e: { role: string; kind: string }) => e.role === role && e.kind === 'findings');
    assert.ok(finding < question && question < ended('scout') && finding < ended('doubter'), story(played));

    const posted = messages.find((m) => m.kind === 'finding');
    assert.deepEqual(
      [posted?.from, posted?.to, posted?.verified, posted?.call],
      ['scout', ['doubter'], true, 'analysis/scout'],
    );
    assert.match((await place.read(`.serena/memories/${posted?.memory}.md`)) ?? '', /leaves the mark out/);
    // The engine asked the scout in its next turn, and the answer is to who asked.
    assert.deepEqual(
      eventsOf(played, 'questions.taken').map((e) => [e.role, e.questions]),
      [['scout', [messages.find((m) => m.kind === 'question')?.seq]]],
    );
    const answer = messages.find((m) => m.kind === 'answer');
    assert.deepEqual([answer?.from, answer?.to], ['scout', ['doubter']]);
    assert.match(answer?.body ?? '', /never meant/);
    assert.ok(place.calls().includes('analysis/scout/answers/1'), place.calls().join('\n'));
    // No token is left anywhere.
    for (const folder of ['.orchestration', '.serena'])
      for (const [file, text] of Object.entries(await textsBelow(join(place.root, folder))))
        assert.doesNotMatch(text, /orcbus_[0-9a-f]/, file);
  });
});

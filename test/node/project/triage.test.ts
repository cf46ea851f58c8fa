import assert from 'node:assert/strict';
import { eventsOf, scenarios, story, tested, words } from './place.ts';

describe('triage decides who works on a task', function () {
  const it = scenarios();

  it('a one-line fix takes one model and no ceremony', async (at) => {
    const place = await at({ script: 'triage', team: tested });
    const played = await place.run('Just a one-line fix');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(place.calls(), ['triage/lead', 'implementation/second/r0']);
    assert.deepEqual(
      played.asked.map((q) => q.stop),
      ['apply'],
    );
    assert.deepEqual(
      eventsOf(played, 'phase.started').map((e) => e.phase),
      ['triage', 'implementation', 'integration', 'review'],
    );
    // No ceremony is not no care: the change was checked, and every hunk is accounted for.
    assert.equal(played.state.checks['merged']?.green, true);
    assert.deepEqual(
      played.state.ledger?.entries.map((e) => [e.path, e.writer, e.fate]),
      [['src/words.js', 'second', 'merged']],
    );
    assert.equal(await place.read('src/words.js'), words['src/words.js']?.replace('"!"', '"!!"'));
  });

  it('a cross-cutting task takes the team, with the specialist that triage names', async (at) => {
    const place = await at({ script: 'triage', servers: ['one', 'two'], team: tested });
    const played = await place.run('Better words everywhere');
    assert.equal(played.outcome, 'applied', story(played));
    const roles = ['doubter', 'extra', 'judge', 'lead', 'scout', 'second', 'writer'];
    assert.deepEqual(played.state.cast.map((c) => c.role).toSorted(), roles);
    assert.deepEqual(place.calls().toSorted(), [
      'analysis/doubter',
      'analysis/scout',
      'implementation/extra/r0',
      'implementation/extra/r0/judge',
      'implementation/judge/criteria',
      'implementation/second/r0',
      'implementation/second/r0/judge',
      'integration/docs',
      'synthesis/lead',
      'triage/lead',
    ]);
    assert.deepEqual(
      played.asked.map((q) => q.stop),
      ['team', 'plan', 'apply'],
    );
    // The forecast is in the journal before anything is spent on the team.
    const seqOf = (type: string): number => played.records.find((r) => r.event.type === type)?.seq ?? 0;
    const analysis = played.records.find((r) => r.event.type === 'call.started' && r.event.phase === 'analysis');
    assert.ok(seqOf('team.chosen') < (analysis?.seq ?? 0));
    const { forecast } = played.state;
    assert.ok(forecast && forecast.calls[0] >= 7 && forecast.calls[1] >= forecast.calls[0] && forecast.usd);

    assert.deepEqual(played.state.plan?.items[0]?.dissent[0]?.role, 'doubter');
    // The orchestrator's documentation stands in the ledger as its own.
    assert.match((await place.read('README.md')) ?? '', /title\(text\)/);
    const docs = played.state.ledger?.hunks.filter((h) => h.path === 'README.md');
    assert.deepEqual(
      docs?.map((h) => h.from),
      [['integration:README.md:1']],
    );
    assert.deepEqual(played.state.integration?.docs, ['README.md']);
    assert.match(played.state.report ?? '', /scripted[^]*Words have titles now\./);
  });
});

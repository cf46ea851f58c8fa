import assert from 'node:assert/strict';
import { filesOf } from '../../harness/files.ts';
import { eventsOf, type Place, scenarios, story } from './place.ts';

const brief = 'Do your part.';
const analyst = (title: string, model: string): object => ({ title, duties: ['analyse'], brief, models: [{ model }] });

describe('a role that fails costs its part, not the run', function () {
  const it = scenarios();

  it('hanging, crashing in mid-stream, rubbish, nothing, a refusal: the plan and the report say what is missing', async (at) => {
    const model = (server: string, more: object[] = []): object => ({
      title: server,
      vendor: 'A',
      routes: [{ server, ids: [`${server}-1`] }, ...more],
    });
    const place = await at({
      script: 'faults',
      servers: ['one', 'two', 'three'],
      team: {
        models: { gamma: model('three'), omega: model('three', [{ server: 'one', ids: ['one-1'] }]) },
        roles: {
          hanger: analyst('Hanger', 'beta'),
          crasher: analyst('Crasher', 'gamma'),
          babbler: analyst('Babbler', 'alpha'),
          silent: analyst('Silent', 'alpha'),
          refuser: analyst('Refuser', 'beta'),
          writer: { models: [{ model: 'omega' }] },
        },
        teams: {
          words: {
            core: ['lead', 'scout', 'hanger', 'crasher', 'babbler', 'silent', 'refuser', 'writer', 'second'],
          },
        },
        limits: { silenceSeconds: 4, breakerSeconds: 0.01 },
      },
    });
    const played = await place.run('Better words');
    assert.equal(played.outcome, 'applied', story(played));
    const kinds = Object.fromEntries(
      eventsOf(played, 'call.ended').flatMap((e) => (e.ok ? [] : [[e.call, e.failure?.kind]])),
    );
    assert.deepEqual(kinds, {
      'analysis/hanger': 'silence',
      'analysis/crasher': 'crash',
      'analysis/babbler': 'bad-answer',
      'analysis/silent': 'empty',
      'analysis/refuser': 'error',
      'implementation/judge/criteria': 'bad-answer',
      'implementation/second/r0': 'error',
    });
    const missing = ['babbler', 'crasher', 'hanger', 'refuser', 'silent'];
    assert.deepEqual(played.state.missing.map((m) => m.role).toSorted(), missing);
    assert.match(played.state.phases.analysis?.summary ?? '', /scout 1, hanger missing/);
    const report = played.state.report ?? '';
    for (const role of missing) assert.match(report, new RegExp(`## Missing[^]*- ${role}: \\S`));
    assert.match(report, /- second: .*Out of order/);
    const notes = played.state.notes.map((n) => n.text);
    assert.ok(
      notes.some((n) => n.startsWith('Judge reviews nothing: ')),
      notes.join('\n'),
    );
    // The move to the next route is an event, and the half that the crash left is in nobody's change.
    const moved = eventsOf(played, 'call.failed').find((e) => e.call === 'implementation/writer/r0');
    assert.deepEqual([moved?.failure.kind, moved?.server, moved?.next?.server], ['crash', 'three', 'one']);
    const text = (await place.read('src/words.js')) ?? '';
    assert.ok(text.includes('title') && !text.includes('half'), text);
  });

  const goesOn = async (place: Place, task: string, reason: RegExp): Promise<void> => {
    const before = await filesOf(place.root);
    const failed = await place.run(task);
    assert.equal(failed.outcome, 'failed', story(failed));
    assert.match(failed.reason ?? '', reason);
    assert.match(failed.hint ?? '', /`orchestra resume`/);
    assert.deepEqual(await filesOf(place.root), before);
    const finished = eventsOf(failed, 'call.ended').flatMap((e) => (e.ok ? [e.call] : []));
    assert.ok(finished.length > 0);
    const made = place.calls().length;

    await place.play('words');
    const resumed = await place.resume(failed.run);
    assert.equal(resumed.outcome, 'applied', story(resumed));
    const repeated = place
      .calls()
      .slice(made)
      .filter((c) => finished.includes(c));
    assert.deepEqual(repeated, [], 'finished calls that were made again');
    assert.match((await place.read('src/words.js')) ?? '', /title/);
  };

  it('without its orchestrator the run fails, and goes on with a working server without repeating anything', async (at) => {
    await goesOn(await at({ script: 'gone' }), 'Better words without a leader', /^Lead could not be had: /);
  });

  it('without any writer the run fails, and goes on the same way', async (at) => {
    const reason = /^No writer brought a change\. .*The month is used up\./;
    await goesOn(await at({ script: 'gone' }), 'Better words without writers', reason);
  });
});

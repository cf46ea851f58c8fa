import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { eventsOf, scenarios, story } from './place.ts';

describe('what code can check of a finding is checked before the plan', function () {
  const it = scenarios();

  it('refutes a file, a symbol and a line that are not there, and sends a plan back that rests on one', async (at) => {
    const place = await at({ script: 'claims' });
    const played = await place.run('Better words');
    assert.equal(played.outcome, 'applied', story(played));
    // The two answer at once: who is first is chance.
    const found = played.state.findings.map((f) => [f.id, f.check, f.problem] as const);
    assert.deepEqual(
      found.toSorted(([one], [other]) => one.localeCompare(other)),
      [
        ['doubter.1', 'refuted', 'src/words.js holds no "scream".'],
        ['doubter.2', 'refuted', 'src/words.js has 11 lines, not 4000.'],
        ['scout.1', 'refuted', 'There is no file src/title.js.'],
        ['scout.2', 'confirmed', undefined],
      ],
    );
    const held = played.records.filter((r) => r.event.type === 'findings.held').map((r) => r.seq);
    const asked = played.records.find((r) => r.event.type === 'call.started' && r.event.kind === 'plan');
    assert.ok(Math.max(...held) < (asked?.seq ?? 0), 'looked up before the plan is asked for');
    const [back, ...more] = eventsOf(played, 'call.sent-back');
    assert.equal(back?.call, 'synthesis/lead');
    assert.equal(back?.problem, 'Item title rests on scout.1, which is refuted: There is no file src/title.js.');
    assert.deepEqual(more, []);
    assert.deepEqual(played.state.plan?.items[0]?.findings, ['scout.2']);
    const [made] = eventsOf(played, 'plan.made');
    assert.equal(made?.notes.length, 3);
    assert.match(played.state.report ?? '', /\[scout\.1\][^\n]*refuted: There is no file src\/title\.js\./);
  });

  it('stops where the orchestrator insists, with nothing written', async (at) => {
    const place = await at({ script: 'claims' });
    const before = await place.git('status', '--porcelain');
    const played = await place.run('Better words, and insist on it');
    assert.equal(played.outcome, 'failed', story(played));
    assert.match(
      played.reason ?? '',
      /^Lead could not be had: Its answer could not be used, twice\..*scout\.1, which is refuted/s,
    );
    assert.match(played.hint ?? '', /orchestra resume/);
    assert.deepEqual(eventsOf(played, 'plan.made'), []);
    assert.equal(await place.git('status', '--porcelain'), before);

    // To apply what there is not does not wake the run.
    const journal = join(place.root, '.orchestration/runs', played.run, 'journal.jsonl');
    const said = await readFile(journal, 'utf8');
    await assert.rejects(place.apply(played.run), { code: 'nothing-to-apply' });
    assert.equal(await readFile(journal, 'utf8'), said);
  });
});

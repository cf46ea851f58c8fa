import assert from 'node:assert/strict';
import { filesOf } from '../../harness/files.ts';
import { eventsOf, scenarios, story, tested, words } from './place.ts';

describe('checks judge', function () {
  const it = scenarios();

  it('one that is red on the base judges nobody', async (at) => {
    const checks = [
      { name: 'old', run: 'node old.js' },
      { name: 'test', run: 'node test.js' },
    ];
    const files = { ...words, 'old.js': 'console.log("never worked"); process.exit(7);\n' };
    const place = await at({ script: 'checks', files, team: { checks } });
    const played = await place.run('A change beside something red');
    assert.equal(played.outcome, 'applied', story(played));
    const ended = eventsOf(played, 'checks.ended');
    assert.deepEqual(
      ended.map((e) => [e.on, e.excused, e.green, e.results.map((r) => r.result)]),
      [
        ['base', [], true, ['red', 'green']],
        ['change:writer', ['old'], true, ['red', 'green']],
        ['merged', ['old'], true, ['red', 'green']],
      ],
    );
    assert.ok(!place.calls().includes('implementation/writer/r1'), 'nobody is asked to mend it');
    const notes = played.state.notes.map((n) => n.text);
    assert.ok(notes.includes('Red on your files as they are, so it judges nobody: old.'), notes.join('\n'));
    assert.match(played.state.report ?? '', /old \(`node old\.js`\): red[^\n]*judges nobody/);
  });

  it('a change that turns one red goes back to its writer with the output, and is mended', async (at) => {
    const place = await at({ script: 'checks', team: tested });
    const played = await place.run('Louder, but break it first');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(place.calls(), ['triage/lead', 'implementation/writer/r0', 'implementation/writer/r1']);
    assert.deepEqual(
      eventsOf(played, 'checks.ended').flatMap((e) => (e.on === 'change:writer' ? [e.green] : [])),
      [false, true],
    );
    assert.equal(await place.read('src/words.js'), "export const shout = (text) => text.toUpperCase() + '?';\n");
  });

  it('a merged tree that stays red fails, with nothing applied, and asks nobody again', async (at) => {
    const rule = [
      'import { readFileSync } from "node:fs";',
      'const has = (file, word) => readFileSync(file, "utf8").includes(word);',
      'if (has("src/words.js", "title") && has("src/count.js", "trim")) throw new Error("not both");',
    ];
    const files = { ...words, 'rule.js': `${rule.join('\n')}\n` };
    const place = await at({ script: 'checks', files, team: { checks: [{ name: 'rule', run: 'node rule.js' }] } });
    const before = await filesOf(place.root);
    const played = await place.run('Better words that stay red');
    assert.equal(played.outcome, 'failed', story(played));
    assert.equal(played.reason, 'The merged change is red after 1 attempt to mend it: rule.');
    assert.match(played.hint ?? '', /^Nothing was applied\./);
    assert.deepEqual(
      new Set(eventsOf(played, 'checks.ended').map((e) => `${e.on} ${e.green}`)),
      new Set(['base true', 'change:second true', 'change:writer true', 'merged false']),
    );
    assert.deepEqual(await filesOf(place.root), before);
    const asked = place.calls();
    assert.equal(asked.filter((c) => c.startsWith('integration/fix/')).length, 1);
    const again = await place.resume(played.run);
    assert.equal(again.outcome, 'failed');
    assert.deepEqual(place.calls(), asked);
    assert.deepEqual(await filesOf(place.root), before);
  });
});

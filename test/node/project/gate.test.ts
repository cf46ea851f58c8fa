import assert from 'node:assert/strict';
import type { GateVerdict } from '../../../src/core/change/change.ts';
import { filesOf } from '../../harness/files.ts';
import { eventsOf, scenarios, story, tested, words } from './place.ts';

const louder = words['src/words.js']?.replace('"!"', '"!!"');

/** A person who is asked about held files, and says the same of all. */
function asked(answer: 'yes' | 'no'): { files: GateVerdict[]; approve(file: GateVerdict): Promise<'yes' | 'no'> } {
  const files: GateVerdict[] = [];
  return {
    files,
    async approve(file) {
      files.push(file);
      return answer;
    },
  };
}

describe('what the gate lets through to the person', function () {
  const it = scenarios();

  it('held files are held back when the person says no; the rest is applied after the checks ran on that part', async (at) => {
    const place = await at({ script: 'gate', team: tested });
    const { files, approve } = asked('no');
    const played = await place.run('Louder, with settings', { person: { approve } });
    assert.equal(played.outcome, 'applied', story(played));
    // Once before a check would execute it, once for the person's files.
    assert.deepEqual(
      files.map((f) => [f.path, f.code]),
      [
        ['package.json', 'executed'],
        ['.vscode/settings.json', 'editor-settings'],
        ['package.json', 'package-manager'],
      ],
    );
    const { applied, checks } = played.state;
    assert.deepEqual(applied?.files, ['src/words.js']);
    assert.deepEqual(applied?.heldBack.toSorted(), ['.vscode/settings.json', 'package.json']);
    assert.deepEqual(
      ['change:writer', 'merged', 'part'].map((on) => checks[on]?.results.map((r) => r.result)),
      [['not-run'], ['not-run'], ['green']],
    );
    assert.match(played.reason ?? '', /^Held back: .*package\.json/);
    assert.equal(await place.read('src/words.js'), louder);
    assert.equal(await place.read('package.json'), words['package.json']);
    assert.equal(await place.read('.vscode/settings.json'), undefined);

    // Later, with another mind, the rest goes through.
    const more = await place.apply(played.run, { person: { approve: asked('yes').approve } });
    assert.equal(more.outcome, 'applied', story(more));
    assert.match((await place.read('package.json')) ?? '', /postinstall/);
    assert.match((await place.read('.vscode/settings.json')) ?? '', /shell/);
  });

  it('approved ones are applied, and undone byte for byte', async (at) => {
    const place = await at({ script: 'gate', team: tested });
    const before = await filesOf(place.root);
    const { files, approve } = asked('yes');
    const played = await place.run('Louder, with settings', { person: { approve } });
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(files.map((f) => f.path).toSorted(), ['.vscode/settings.json', 'package.json']);
    const approved = eventsOf(played, 'gate.approved');
    const verdicts = new Map(played.state.gate?.map((v) => [v.path, v.content]));
    for (const one of approved) assert.equal(one.content, verdicts.get(one.path));
    assert.equal(played.state.checks['merged']?.green, true);
    assert.match((await place.read('package.json')) ?? '', /postinstall/);
    assert.equal(await place.read('src/words.js'), louder);

    const undone = await place.undo(played.run);
    assert.deepEqual(undone.files.toSorted(), ['.vscode/settings.json', 'package.json', 'src/words.js']);
    assert.deepEqual(await filesOf(place.root), before);
    await assert.rejects(place.undo(played.run), { code: 'nothing-to-undo' });
    // What was taken back can be applied again: the person's yes still holds for that content.
    const again = await place.apply(played.run, { person: { approve: asked('no').approve } });
    assert.equal(again.outcome, 'applied', story(again));
    assert.deepEqual(again.state.applied?.heldBack, []);
    assert.equal(await place.read('src/words.js'), louder);
  });

  it('an approval holds for the content that was seen: another one is asked for again', async (at) => {
    const place = await at({ script: 'gate', team: tested });
    const { files, approve } = asked('yes');
    const played = await place.run('Louder, in two rounds', { person: { approve } });
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(
      files.map((f) => f.path),
      ['package.json', 'package.json'],
    );
    assert.notEqual(files[0]?.content, files[1]?.content);
    assert.match((await place.read('package.json')) ?? '', /two\.js/);
  });

  for (const [path, task] of [
    ['.git/hooks/post-checkout', 'Louder, and go too far'],
    ['../x', 'Louder, and go too far, up and away'],
  ] as const) {
    it(`${path} goes back to its writer; what the gate refuses is kept back, and the rest applied`, async (at) => {
      const place = await at({ script: 'gate', team: tested });
      const before = await filesOf(place.place, ['words/.orchestration', 'words/.serena', 'cache', 'profile']);
      const played = await place.run(task);
      assert.equal(played.outcome, 'applied', story(played));
      const [back] = eventsOf(played, 'call.sent-back');
      assert.match(back?.problem ?? '', /cannot be made/);
      assert.deepEqual(
        played.state.gate?.map((v) => [v.path, v.verdict]),
        [
          ['.gitmodules', 'refused'],
          ['src/words.js', 'pass'],
        ],
      );
      assert.deepEqual(
        played.state.checks['part']?.results.map((r) => r.result),
        ['green'],
      );
      assert.deepEqual(played.state.applied?.files, ['src/words.js']);
      // What is Model Orchestra's own is in no change at all.
      assert.ok(
        place.logged.some((line) => line.includes('.orchestration')),
        place.logged.join('\n'),
      );
      const after = await filesOf(place.place, ['words/.orchestration', 'words/.serena', 'cache', 'profile']);
      const differ = Object.keys({ ...before, ...after }).filter((f) => before[f] !== after[f]);
      assert.deepEqual(differ, ['words/src/words.js', 'count.jsonl']);
      assert.equal(await place.read('.orchestration/team.yaml'), undefined);
    });
  }

  it('undo keeps what the person has done since, or writes nothing where it cannot', async (at) => {
    const place = await at({ script: 'gate', team: tested });
    const played = await place.run('Louder, with settings');
    assert.equal(await place.read('src/words.js'), louder);
    await place.write('src/words.js', (louder ?? '').replace('toLowerCase()', 'toLowerCase().trim()'));
    await place.undo(played.run);
    assert.equal(
      await place.read('src/words.js'),
      words['src/words.js']?.replace('toLowerCase()', 'toLowerCase().trim()'),
    );

    await place.write('src/words.js', words['src/words.js'] ?? '');
    await place.apply(played.run);
    const mine = (louder ?? '').replace('"!!"', '"???"');
    await place.write('src/words.js', mine);
    await assert.rejects(place.undo(played.run), { code: 'undo-conflict' });
    assert.equal(await place.read('src/words.js'), mine);
  });
});

import assert from 'node:assert/strict';
import { openAsking, type Question } from '../../../src/vscode/asking.ts';
import { itemText, readItemText } from '../../../src/vscode/documents/item.ts';
import { inEditor } from '../../../src/vscode/host.ts';
import { rankOf } from '../../../src/vscode/mentions.ts';
import { notificationOf } from '../../../src/vscode/notifications.ts';
import { parseSettings } from '../../../src/vscode/settings.ts';
import { openTails } from '../../../src/vscode/tails.ts';
import { rowsOf } from '../../../src/vscode/team/check.ts';
import { problemsOf } from '../../../src/vscode/team/file.ts';

const permission = (detail: string): Question => ({
  id: 'q1',
  run: 'r',
  kind: 'permission',
  request: { kind: 'command', title: 'run it', detail, role: 'implementer', call: 'c' },
});

describe('parts of the window', () => {
  it('several questions queue up in order, each answered once, wrong answers not taken', async () => {
    let changes = 0;
    const asking = openAsking(() => (changes += 1));
    const { signal } = new AbortController();
    const ask = {
      kind: 'permission',
      run: 'r',
      request: { kind: 'command', title: 't', detail: 'd', role: 'a', call: 'c' },
    } as const;
    const first = asking.ask<'permission'>(ask, signal);
    const second = asking.ask<'permission'>(ask, signal);
    const [one, two] = asking.questions;
    assert.ok(one && two);
    assert.equal(asking.answer(two.id, 'go'), false, 'no answer to a permission');
    assert.equal(asking.answer(two.id, { answer: 'go', amend: {} }), false, 'an amendment neither');
    assert.equal(asking.answer(two.id, 'run'), true);
    assert.equal(await second, 'run');
    assert.deepEqual(
      asking.questions.map(({ id }) => id),
      [one.id],
    );
    assert.equal(asking.answer(one.id, 'no'), true);
    assert.equal(asking.answer(one.id, 'once'), false, 'answered once');
    assert.equal(await first, 'no');
    assert.ok(changes >= 4);
    const control = new AbortController();
    const third = asking.ask<'permission'>(ask, control.signal);
    control.abort();
    await assert.rejects(third);
    assert.equal(asking.questions.length, 0);
  });

  it('what a notification allows is in it, whole and visible', () => {
    const short = notificationOf(permission('npm test'));
    assert.ok(short.text.endsWith(': npm test'));
    assert.deepEqual(
      short.choices.map(({ label }) => label),
      ['Allow', 'Allow for This Run', 'Deny'],
    );
    for (const detail of [`npm test\nrm -rf ~`, 'x'.repeat(500)]) {
      const long = notificationOf(permission(detail));
      assert.deepEqual(
        long.choices.map(({ label }) => label),
        ['Show the Command', 'Deny'],
      );
    }
    assert.ok(
      notificationOf(permission('echo \u202eabc')).text.includes('\\u202e'),
      'hidden characters are written out',
    );
  });

  it('an item that is edited as a document gives what was changed and nothing else', () => {
    const item = {
      title: 'T',
      what: 'Do it.\n\nWell.',
      owners: ['implementer'],
      paths: ['src/**'],
      acceptance: ['it works'],
    };
    assert.deepEqual(readItemText(itemText(item), item), {});
    const text = itemText(item).replace('- src/**', '- src/a.ts\n- src/b.ts').replace('Well.', 'Very well.');
    assert.deepEqual(readItemText(text, item), { what: 'Do it.\n\nVery well.', paths: ['src/a.ts', 'src/b.ts'] });
    assert.deepEqual(readItemText(itemText(item).replaceAll('\n', '\r\n'), item), {}, 'line ends do not matter');
  });

  it('live text is bounded, and a new attempt begins anew', () => {
    const tails = openTails();
    for (let n = 0; n < 2000; n += 1) tails.append('c', 1, `${'x'.repeat(99)}${n}\n`);
    const tail = tails.of('c');
    assert.ok(tail && tail.text.length <= 48 * 1024 && tail.text.endsWith('1999\n'));
    tails.append('c', 2, 'again');
    assert.deepEqual(tails.of('c'), { attempt: 2, text: 'again' });
  });

  it('mentions are found by name before path before letters', () => {
    assert.ok((rankOf('src/server.ts', 'server') ?? 9) < (rankOf('server/other.ts', 'server') ?? 9));
    assert.equal(rankOf('src/a.ts', 'zz'), undefined);
    assert.notEqual(rankOf('src/vscode/settings.ts', 'svs'), undefined);
  });

  it('settings that are wrong count as their default, and are named', () => {
    const read = parseSettings((key) => (key === 'budget.calls' ? 'many' : undefined));
    assert.equal(read.settings['budget.calls'], 0);
    assert.deepEqual(read.wrong, ['orchestra.budget.calls']);
  });

  it('words for the terminal become commands of the editor', () => {
    assert.equal(inEditor('Go on with `orchestra resume`.'), 'Go on with "Resume Run".');
    assert.ok(
      !/orchestra (trust|resume|runs|doctor|apply|show)/.test(
        inEditor('`orchestra trust` `orchestra runs` `orchestra apply` `orchestra show`'),
      ),
    );
  });

  it('Check Team says what is wrong, with a button for each mend', () => {
    const rows = rowsOf({
      machine: [{ what: 'git', state: 'ok', detail: '2.47', mends: [] }],
      routes: [
        {
          what: 'Claude 4.5 by agents (claude)',
          state: 'missing',
          detail: 'not installed',
          mends: [{ kind: 'install', label: 'Install it', command: 'npm i -g x' }],
          model: 'claude-4.5',
          server: 'agents',
        },
      ],
      team: [],
      leftOut: [{ role: 'critic', why: 'no route' }],
      notes: [],
      played: [],
      more: [{ text: 'A key of Google would fill the critic', mends: [{ kind: 'key', label: 'Set a key' }] }],
      fixed: [],
      problem: 'nobody orchestrates',
    });
    const labels = rows.map(({ label }) => label.replace(/\$\([^)]*\) /, ''));
    assert.deepEqual(labels, [
      'No run could start here now',
      'critic',
      'What one thing more would bring',
      'A key of Google would fill the critic',
      'Models and their routes',
      'Claude 4.5 by agents (claude)',
      'This machine',
      'git',
    ]);
    assert.equal(rows.find(({ label }) => label.includes('Claude'))?.buttons?.length, 1);
  });

  it('problems of a team file stand where they are', () => {
    const [problem] = problemsOf('version: 1\nbudget:\n  calls: many\n');
    assert.deepEqual(
      [problem?.range.start.line, problem?.range.start.character, problem?.range.end.character],
      [2, 9, 13],
    );
    assert.deepEqual(problemsOf('version: 1\n'), []);
    assert.ok((problemsOf('a: [')[0]?.message ?? '') !== '');
  });
});

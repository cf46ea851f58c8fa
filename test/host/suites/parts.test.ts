import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { choicesOf, titled } from '../../../src/core/words/choices.ts';
import { openAsking, type Question } from '../../../src/vscode/asking.ts';
import { itemText, readItemText } from '../../../src/vscode/documents/item.ts';
import { inEditor } from '../../../src/vscode/host.ts';
import { rankOf } from '../../../src/vscode/mentions.ts';
import { notificationOf, notifyQuestions } from '../../../src/vscode/notifications.ts';
import { openPlanDrafts } from '../../../src/vscode/planDrafts.ts';
import { openPlanEditor } from '../../../src/vscode/planEditor.ts';
import type { Session } from '../../../src/vscode/session.ts';
import { parseSettings, type Settings } from '../../../src/vscode/settings.ts';
import { openTails } from '../../../src/vscode/tails.ts';
import { rowsOf } from '../../../src/vscode/team/check.ts';
import { problemsOf } from '../../../src/vscode/team/file.ts';

const permission = (detail: string): Question => ({
  id: 'q1',
  run: 'r',
  kind: 'permission',
  request: { kind: 'command', title: 'run it', detail, role: 'implementer', call: 'c' },
});

const requestOf = (question: Question): object => ('request' in question ? question.request : {});

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

  it('panel, lenses and notifications offer the same answers, and no other is taken', () => {
    const kinds = [
      permission('npm test'),
      { ...permission('x'), request: { ...requestOf(permission('x')), kind: 'other' } },
      { id: 'q', run: 'r', kind: 'stop', stop: { stop: 'apply', question: 'Apply?' } },
      { id: 'q', run: 'r', kind: 'stop', stop: { stop: 'team', question: 'Team?' } },
    ] as readonly Question[];
    for (const question of kinds) {
      const labels = choicesOf(question).map(({ label }) => titled(label));
      assert.deepEqual(
        notificationOf(question).choices.map(({ label }) => label),
        labels,
      );
    }
    const asking = openAsking(() => {});
    const request = { kind: 'other', title: 't', detail: 'd', role: 'a', call: 'c' } as const;
    void asking.ask<'permission'>({ kind: 'permission', run: 'r', request }, new AbortController().signal);
    const id = asking.questions[0]?.id ?? '';
    assert.equal(asking.answer(id, 'run'), false, 'what cannot be remembered cannot be allowed for the run');
    assert.equal(asking.answer(id, 'once'), true);
  });

  it('no words of a model become a link in a notification', () => {
    const link = '[npm test](command:workbench.action.terminal.sendSequence)';
    const asked = notificationOf(permission(link));
    assert.ok(!asked.text.includes(']('));
    assert.deepEqual(
      asked.choices.map(({ label }) => label),
      ['Show the Command', 'Deny'],
      'what is not shown as it is cannot be allowed from there',
    );
    const stop = { stop: 'plan', question: `Plan is ready: ${link}` } as const;
    assert.ok(!notificationOf({ id: 'q', run: 'r', kind: 'stop', stop }).text.includes(']('));
  });

  it('nothing is notified that the panel shows; what it showed is, when it is hidden', () => {
    let changed = (): void => {};
    const session = {
      view: () => ({ questions: [permission('npm test')] }),
      onChange(listener: () => void) {
        changed = listener;
        return { dispose() {} };
      },
    } as unknown as Session;
    let visible = true;
    let asked = 0;
    const settings = (): Settings => {
      asked += 1;
      return { ...parseSettings(() => undefined).settings, 'notifications.questions': false };
    };
    const notifications = notifyQuestions({ session, settings, panelVisible: () => visible });
    changed();
    assert.equal(asked, 0);
    visible = false;
    notifications.look();
    assert.equal(asked, 1, 'it would be notified now, were it not switched off');
    notifications.dispose();
  });

  it('what was struck and edited of a plan survives the window', async () => {
    const kept = new Map<string, unknown>();
    const workspaceState = {
      get: (key: string) => kept.get(key),
      // As it is stored: a text.
      update: async (key: string, value: unknown) => void kept.set(key, JSON.parse(JSON.stringify(value))),
      keys: () => [...kept.keys()],
    } as unknown as vscode.Memento;
    const before = openPlanDrafts(workspaceState);
    before.change('r', ({ struck }) => struck.add('i1'));
    before.change('r', ({ edited }) => edited.set('i2', { title: 'Otherwise' }));
    before.change('other', ({ struck }) => struck.add('i1'));
    before.drop('other');

    const item = { findings: [], dissent: [], owners: ['implementer'], paths: ['src/**'], acceptance: [], what: 'Do.' };
    const items = ['i1', 'i2'].map((id) => ({ ...item, id, title: id }));
    const question: Question = { id: 'q', run: 'r', kind: 'stop', stop: { stop: 'plan', question: 'Go?' } };
    const answers: unknown[] = [];
    let heard = (_record: unknown, _run: string): void => {};
    const session = {
      view: () => ({ questions: [question], shown: { run: 'r', state: { plan: { items } } }, titles: {} }),
      onChange: () => ({ dispose() {} }),
      onRecord(listener: typeof heard) {
        heard = listener;
        return { dispose() {} };
      },
      answer: (_id: string, answer: unknown) => void answers.push(answer),
    } as unknown as Session;
    const settings = (): Settings => parseSettings(() => undefined).settings;
    const plan = openPlanEditor({ session, settings, context: { workspaceState } });
    try {
      const of = (id: string): vscode.Uri => vscode.Uri.from({ scheme: 'orchestra-item', path: `/r/${id}.md` });
      assert.match(Buffer.from(await plan.files.readFile(of('i2'))).toString('utf8'), /^# Otherwise/);
      await plan.go('r');
      assert.deepEqual(answers, [
        { answer: 'go', amend: { plan: { strike: [{ item: 'i1' }], edit: [{ item: 'i2', title: 'Otherwise' }] } } },
      ]);
      heard({ event: { type: 'stop.answered', stop: 'plan' } }, 'r');
      assert.deepEqual(openPlanDrafts(workspaceState).find('r'), undefined, 'what was sent is not sent again');
    } finally {
      plan.dispose();
    }
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

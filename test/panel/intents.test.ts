import assert from 'node:assert/strict';
import { run } from '../fixtures/cli/story.ts';
import { heldQuestion, idle, permissionQuestion, running, stateOf, upTo } from '../fixtures/panel/states.ts';
import { fromPanelSchema } from '../../src/protocol.ts';
import { panelState } from '../../src/vscode/panel/state.ts';
import { openBrowser, type PanelBrowser, type PanelPage, until } from './panelPage.ts';

describe('what the panel sends', function () {
  let browser: PanelBrowser;
  let panel: PanelPage;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    panel = await browser.open({ width: 400, height: 1400 });
  });
  afterEach(async () => {
    await panel.close();
    assert.deepEqual(panel.complaints, []);
  });

  /** Presses by its name; a question is answered only when it stood there for a moment. */
  const press = async (name: string, nth = 0): Promise<void> => {
    await panel.page.getByRole('button', { name, exact: true }).nth(nth).click();
  };
  const settle = (): Promise<void> => panel.pass(600);

  const intents: [string, string, string, number, object][] = [
    ['team', 'Go', 'the team', 0, { type: 'answer', question: 'q1', answer: 'go' }],
    ['team', 'Stop', 'the team', 0, { type: 'answer', question: 'q1', answer: 'stop' }],
    ['team', 'Edit team', 'the team', 0, { type: 'host', action: 'edit-team' }],
    ['plan', 'Go', 'the plan', 0, { type: 'answer', question: 'q2', answer: 'go' }],
    ['plan', 'Read', 'the plan', 0, { type: 'read', run, what: 'plan' }],
    ['permission', 'Allow', 'a permission', 0, { type: 'answer', question: 'q3', answer: 'once' }],
    ['permission', 'Allow for this run', 'a permission', 0, { type: 'answer', question: 'q3', answer: 'run' }],
    ['permission', 'Deny', 'a permission', 0, { type: 'answer', question: 'q3', answer: 'no' }],
    ['permission', 'Let it through', 'a held file', 0, { type: 'answer', question: 'q4', answer: 'yes' }],
    ['permission', 'Keep it back', 'a held file', 0, { type: 'answer', question: 'q4', answer: 'no' }],
    ['interrupted', 'Resume', 'a run', 0, { type: 'resume', run }],
    ['analysis', 'Stop the run', 'a run', 0, { type: 'stop', run }],
    ['analysis', 'Open log', 'a role', 0, { type: 'log', run, call: 'analysis/architect', attempt: 1 }],
    ['analysis', 'What it was asked', 'a role', 1, { type: 'prompt', run, call: 'analysis/critic', attempt: 2 }],
    ['analysis', 'Stay off gemini', 'a role', 0, { type: 'route', run, action: 'leave', server: 'gemini' }],
    ['ready', 'Finish', 'the review', 0, { type: 'review', run, action: 'finish' }],
    ['ready', 'Undo last', 'the review', 0, { type: 'review', run, action: 'undo-last' }],
    ['ready', 'Keep all', 'the review', 0, { type: 'review', run, action: 'keep' }],
    ['ready', 'Undo all of limit.ts', 'a file', 0, { type: 'review', run, action: 'undo', path: 'src/limit.ts' }],
    ['applied', 'Take back', 'the review', 0, { type: 'review', run, action: 'take-back' }],
    ['applied', 'Report', 'a run', 0, { type: 'read', run, what: 'report' }],
    ['idle', 'Stay off this route', 'a notice', 0, { type: 'host', action: 'edit-team' }],
    ['idle', 'Dismiss', 'a notice', 0, { type: 'dismiss', notice: 'n1' }],
    ['idle', 'Show', 'an interrupted run', 0, { type: 'show', run: 'r261121-161200-bbbb' }],
    ['untrusted', 'Manage Workspace Trust', 'the folder', 0, { type: 'host', action: 'manage-trust' }],
    ['no-folder', 'Try the Sample', 'the folder', 0, { type: 'host', action: 'try-sample' }],
  ];
  for (const [state, name, what, nth, intent] of intents) {
    it(`${what}: ${name}`, async () => {
      await panel.show(stateOf(state));
      await settle();
      await press(name, nth);
      const sent = await panel.sent();
      assert.deepEqual(sent, [intent]);
      fromPanelSchema.parse(sent[0]);
    });
  }

  it('a call: stop, retry, next route', async () => {
    const abilities = ['stop-call', 'retry-call', 'next-route'] as const;
    await panel.show(panelState(running(upTo('findings.held'), {}, { abilities }), undefined));
    for (const name of ['Stop', 'Retry', 'Next route']) await press(name);
    const call = 'analysis/architect';
    assert.deepEqual(await panel.sent(), [
      { type: 'stop-call', run, call },
      { type: 'retry-call', run, call },
      { type: 'next-route', run, call },
    ]);
  });

  it('a finding leads to its line, an earlier run to itself', async () => {
    await panel.show(stateOf('analysis'));
    await panel.page.getByRole('button', { name: 'Findings' }).click();
    await panel.page.getByRole('button', { name: /X-Forwarded-For/ }).click();
    await press('src/server.ts:31');
    await panel.page.getByRole('button', { name: 'Earlier runs' }).click();
    await panel.page.getByRole('button', { name: /Rename the store/ }).click();
    await press('Resume “Move the settings into one file”');
    assert.deepEqual(await panel.sent(), [
      { type: 'file', run, path: 'src/server.ts', line: 31 },
      { type: 'show', run: 'r261122-073000-aaaa' },
      { type: 'resume', run: 'r261121-161200-bbbb' },
    ]);
  });

  it('a word to one role, and to all', async () => {
    await panel.show(stateOf('analysis'));
    const box = panel.page.getByRole('textbox', { name: 'Message' });
    await box.fill('Leave the README alone');
    await box.press('Enter');
    assert.equal(await box.inputValue(), '');
    await panel.page.getByRole('combobox', { name: 'To' }).selectOption('critic');
    await box.fill('Mind the clocks');
    await press('Send');
    assert.deepEqual(await panel.sent(), [
      { type: 'say', run, text: 'Leave the README alone' },
      { type: 'say', run, text: 'Mind the clocks', to: 'critic' },
    ]);
  });

  it('a task with team and budget, and keeps the draft until its run is there', async () => {
    await panel.show(stateOf('first'));
    const box = panel.page.getByRole('combobox', { name: 'What should the team do?' });
    await box.fill('Add rate limiting\nto the public API');
    await panel.page.getByRole('combobox', { name: 'Team', exact: true }).selectOption('small');
    await press('40 calls · 45 min');
    await panel.page.getByRole('spinbutton', { name: 'Calls' }).fill('12');
    await panel.page.getByRole('spinbutton', { name: 'Calls' }).press('Tab');
    await box.press('Control+Enter');
    const task = 'Add rate limiting\nto the public API';
    assert.deepEqual(await panel.sent(), [{ type: 'start', task, team: 'small', budget: { calls: 12 } }]);
    // Twice is once.
    await box.press('Control+Enter');
    assert.deepEqual(await panel.sent(), []);
    // It could not be started: the draft is still there, and can be sent again.
    const notice = { id: 'x', level: 'error', text: 'It could not start.', actions: [] } as const;
    const refused = { ...idle, runs: [], notices: [notice] };
    await panel.show(panelState(refused, undefined));
    assert.equal(await panel.page.getByRole('button', { name: 'Start', exact: true }).count(), 0, 'something else');
    await panel.show(panelState({ ...refused, starts: 1 }, undefined));
    assert.equal(await box.inputValue(), task);
    await press('Start');
    assert.equal((await panel.sent()).length, 1);
    await panel.show(stateOf('analysis'));
    assert.equal(await box.inputValue(), '');
  });

  it('what an @ could mean is asked of the host, and taken by the keyboard', async () => {
    await panel.show(stateOf('first'));
    const box = panel.page.getByRole('combobox', { name: 'What should the team do?' });
    await box.pressSequentially('Mend @ser');
    const asked = await panel.sent();
    assert.deepEqual(asked.at(-1), { type: 'complete', query: 'ser' });
    const items = [
      { label: 'server.ts', detail: 'src', insert: 'src/server.ts', kind: 'file' },
      { label: 'serve', detail: 'src/main.ts', insert: 'src/main.ts#serve', kind: 'symbol' },
    ] as const;
    // An answer to what was asked before is not shown.
    await panel.show(panelState({ ...idle, completions: { query: 'se', items } }, undefined));
    const list = panel.page.getByRole('listbox', { name: 'Files and symbols' });
    assert.equal(await list.count(), 0);
    await panel.show(panelState({ ...idle, completions: { query: 'ser', items } }, undefined));
    assert.equal(await list.getByRole('option').count(), 2);
    await box.press('ArrowDown');
    await until(async () => (await box.getAttribute('aria-activedescendant')) === 'mention-1');
    await box.press('Enter');
    await until(async () => (await box.inputValue()) === 'Mend @src/main.ts#serve ');
    await until(async () => (await list.count()) === 0);
    await box.press('Escape');
    assert.deepEqual(((await panel.kept()) as { task: string }).task, 'Mend @src/main.ts#serve ');
  });

  it('asks for the live text of what is open, and no other', async () => {
    await panel.show(stateOf('analysis'));
    const looks = async (): Promise<object | undefined> =>
      (await panel.sent(true)).findLast(({ type }) => type === 'look');
    assert.deepEqual(await looks(), { type: 'look', roles: ['architect', 'critic'] });
    await panel.page.getByRole('button', { name: /^Critic/ }).click();
    await panel.show(stateOf('analysis'));
    assert.deepEqual(await looks(), { type: 'look', roles: ['architect'] });
  });

  it('a double click on what came just now answers nothing', async () => {
    await panel.show(panelState(running(upTo('permission.asked'), { questions: [permissionQuestion] }), undefined));
    await press('Allow');
    assert.deepEqual(await panel.sent(), [], 'too soon');
    await settle();
    await panel.page.getByRole('button', { name: 'Allow', exact: true }).dblclick();
    assert.equal((await panel.sent()).length, 1, 'once for a double click');
    // The next question comes in the place of the first.
    const next = { ...permissionQuestion, id: 'q9' };
    await panel.show(panelState(running(upTo('permission.asked'), { questions: [next, heldQuestion] }), undefined));
    await press('Allow');
    assert.deepEqual(await panel.sent(), []);
  });

  it('drafts and folds outlive a hidden page', async () => {
    await panel.show(stateOf('analysis'));
    await panel.page.getByRole('textbox', { name: 'Message' }).fill('half a thought');
    await panel.page.getByRole('button', { name: /^Security/ }).click();
    await until(
      async () =>
        (await panel.page.getByRole('button', { name: /^Security/ }).getAttribute('aria-expanded')) === 'true',
    );
    const again = await browser.open({ kept: await panel.kept() });
    await again.show(stateOf('analysis'));
    assert.equal(await again.page.getByRole('textbox', { name: 'Message' }).inputValue(), 'half a thought');
    assert.equal(await again.page.getByRole('button', { name: /^Security/ }).getAttribute('aria-expanded'), 'true');
    await again.close();
  });
});

describe('what the host takes from the panel', () => {
  const junk: unknown[] = [
    undefined,
    null,
    'start',
    [],
    {},
    { type: 'eval', code: '1' },
    { type: 'start' },
    { type: 'start', task: '' },
    { type: 'start', task: 'x'.repeat(40_000) },
    { type: 'start', task: 'x', budget: { calls: -1 } },
    { type: 'start', task: 'x', budget: { calls: 1e9 } },
    { type: 'start', task: 'x', extra: true },
    { type: 'answer', question: 'q1', answer: 'always' },
    { type: 'answer', question: 7, answer: 'go' },
    { type: 'file', run: 'r', path: 'a', line: -3 },
    { type: 'file', run: 'r', path: '' },
    { type: 'host', action: 'workbench.action.terminal.sendSequence' },
    { type: 'review', run: 'r', action: 'rm' },
    { type: 'look', roles: Array.from({ length: 1000 }, () => 'x') },
    { type: 'log', run: 'r', call: 'c', attempt: 0.5 },
  ];
  for (const message of junk)
    it(`refuses ${JSON.stringify(message)?.slice(0, 70)}`, () => {
      assert.equal(fromPanelSchema.safeParse(message).success, false);
    });
});

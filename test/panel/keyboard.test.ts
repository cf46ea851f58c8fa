import assert from 'node:assert/strict';
import { run } from '../fixtures/cli/story.ts';
import { stateOf } from '../fixtures/panel/states.ts';
import { openBrowser, type PanelBrowser, type PanelPage, until } from './panelPage.ts';

describe('the panel by the keyboard alone', function () {
  let browser: PanelBrowser;
  let panel: PanelPage;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());
  beforeEach(async () => {
    panel = await browser.open({ width: 320 });
  });
  afterEach(async () => {
    await panel.close();
    assert.deepEqual(panel.complaints, []);
  });

  /** What has the focus, in a few words. */
  const focused = (): Promise<string> =>
    panel.page.evaluate(`(() => {
      const at = document.activeElement;
      if (!at || at === document.body) return '';
      const name = at.getAttribute('aria-label') ?? at.textContent ?? '';
      return (at.dataset?.item ?? name).replaceAll(/\\s+/g, ' ').trim().slice(0, 60);
    })()`);

  const press = async (...keys: string[]): Promise<void> => {
    for (const key of keys) {
      await panel.page.keyboard.press(key);
      // The next key is for what stands there then.
      await panel.page.evaluate('new Promise((done) => requestAnimationFrame(() => setTimeout(done)))');
    }
  };

  /** Tabs until the round is over, or so many stops were made. */
  async function round(most = 80): Promise<string[]> {
    const stops: string[] = [];
    for (let n = 0; n < most; n++) {
      await press('Tab');
      const at = await focused();
      if (at === '' || (stops.length > 2 && at === stops[0])) break;
      stops.push(at);
    }
    return stops;
  }

  it('reaches everything, each list by one stop, and no trap holds it', async () => {
    await panel.show(stateOf('permission'));
    const stops = await round();
    for (const stop of [
      'What should the team do?',
      'Stop the run',
      'The command',
      'Allow',
      'Deny',
      'Keep it back',
      'To',
    ])
      assert.ok(stops.includes(stop), `${stop} is not among ${stops.join(' | ')}`);
    const rows = ['orchestrator', 'architect', 'implementer', 'big-picture', 'security', 'critic', 'refactoring'];
    assert.equal(stops.filter((stop) => rows.includes(stop)).length, 1, 'the rows are one stop');
    // And back.
    await press('Shift+Tab');
    assert.notEqual(await focused(), '');
  });

  it('shows where the focus is', async () => {
    await panel.show(stateOf('ready'));
    await round(3);
    for (let n = 0; n < 25; n++) {
      await press('Tab');
      const seen = await panel.page.evaluate(`(() => {
        const at = document.activeElement;
        if (!at || at === document.body) return true;
        const drawn = (of) => of && getComputedStyle(of).outlineStyle !== 'none' && getComputedStyle(of).outlineWidth !== '0px';
        return drawn(at) || drawn(at.shadowRoot?.firstElementChild) || drawn(at.firstElementChild);
      })()`);
      assert.equal(seen, true, `nothing shows the focus on ${await focused()}`);
    }
  });

  it('walks the rows with arrows, opens and folds them', async () => {
    await panel.show(stateOf('analysis'));
    await panel.page.locator('[data-item=orchestrator]').focus();
    await press('ArrowDown', 'ArrowDown');
    assert.equal(await focused(), 'implementer');
    const opened = (): Promise<string | null> =>
      panel.page.locator('[data-item=implementer]').getAttribute('aria-expanded');
    await press('ArrowRight');
    assert.equal(await opened(), 'true');
    await press('ArrowLeft');
    assert.equal(await opened(), 'false');
    await press('Enter');
    assert.equal(await opened(), 'true');
    await press('End');
    assert.equal(await focused(), 'refactoring');
    await press('ArrowDown');
    assert.equal(await focused(), 'refactoring');
    await press('Home');
    assert.equal(await focused(), 'orchestrator');
    // Tab leaves, and comes back to where the focus was.
    await press('ArrowDown', 'Tab', 'Shift+Tab');
    assert.equal(await focused(), 'architect');
  });

  it('keeps the focus while states come', async () => {
    await panel.show(stateOf('analysis'));
    await panel.page.locator('[data-item=security]').focus();
    await panel.show(stateOf('plan'));
    assert.equal(await focused(), 'security');
    await panel.show(stateOf('permission'));
    assert.equal(await focused(), 'security');
  });

  it('answers a question and goes on to the next', async () => {
    await panel.show(stateOf('permission'));
    await panel.pass(600);
    await panel.page.getByRole('button', { name: 'Deny' }).focus();
    await press('Enter');
    assert.deepEqual(await panel.sent(), [{ type: 'answer', question: 'q3', answer: 'no' }]);
    await panel.show(stateOf('review'));
    assert.equal(
      await panel.page.evaluate('document.activeElement.className'),
      'wants',
      'the focus is with what still wants the person',
    );
    await panel.show(stateOf('analysis'));
    assert.equal(await panel.page.evaluate('document.activeElement.id'), 'run-title');
  });

  it('walks the tree of changed files, and opens, keeps and undoes', async () => {
    await panel.show(stateOf('ready'));
    await panel.page.locator('[data-list=review] [data-item]').first().focus();
    assert.equal(await focused(), 'package.json');
    await press('Enter', 'ArrowDown');
    assert.equal(await focused(), 'folder src');
    await press('ArrowLeft');
    assert.equal(await panel.page.locator('[data-item="src/limit.ts"]').count(), 0);
    await press('ArrowRight', 'ArrowDown', 'Tab', 'Enter', 'Tab', 'Enter');
    assert.deepEqual(await panel.sent(), [
      { type: 'review', run, action: 'open', path: 'package.json' },
      { type: 'review', run, action: 'keep', path: 'src/limit.ts' },
      { type: 'review', run, action: 'undo', path: 'src/limit.ts' },
    ]);
  });

  it('Escape closes what an @ offers, and the text stays', async () => {
    await panel.show(stateOf('first'));
    await panel.page.keyboard.press('Tab');
    await panel.page.keyboard.type('Mend @s');
    const state = stateOf('first');
    await panel.show({
      ...state,
      completions: { query: 's', items: [{ label: 's.ts', detail: '', insert: 's.ts', kind: 'file' }] },
    });
    await until(async () => (await panel.page.getByRole('listbox').count()) === 1);
    await press('Escape');
    assert.equal(await panel.page.getByRole('listbox').count(), 0);
    assert.equal(await panel.page.locator('#task').inputValue(), 'Mend @s');
  });
});

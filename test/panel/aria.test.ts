import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fold } from '../../src/core/run/fold.ts';
import { panelState } from '../../src/vscode/panel/state.ts';
import type { PanelInput } from '../../src/vscode/panel/input.ts';
import { journal } from '../fixtures/cli/story.ts';
import { inputs, permissionQuestion, running, stateOf, told, upTo } from '../fixtures/panel/states.ts';
import { openBrowser, type PanelBrowser, root, until } from './panelPage.ts';

/** Compares with a file that a person has read and judged; UPDATE=1 writes it, to be read again. */
async function golden(name: string, text: string): Promise<void> {
  const folder = join(root, 'test', 'golden', 'panel');
  const file = join(folder, `${name}.txt`);
  if (process.env['UPDATE'] === '1') {
    await mkdir(folder, { recursive: true });
    await writeFile(file, `${text}\n`);
  }
  assert.equal(`${text}\n`, await readFile(file, 'utf8'), `${name} differs from its golden text`);
}

describe('what a screen reader meets in the panel', function () {
  let browser: PanelBrowser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());

  for (const name of Object.keys(inputs)) {
    it(`reads well: ${name}`, async () => {
      const panel = await browser.open({ width: 320 });
      await panel.show(stateOf(name));
      // Everything that folds is open, so that all of it is read.
      const folded = panel.page.locator('h2 button[aria-expanded=false]');
      for (let n = await folded.count(); n > 0; n--) {
        await folded.first().click();
        await until(async () => (await folded.count()) === n - 1);
      }
      await golden(name, await panel.page.locator('body').ariaSnapshot());
      await panel.close();
      assert.deepEqual(panel.complaints, []);
    });
  }

  it('is told little, and only what changes the picture', async () => {
    const panel = await browser.open();
    const told = async (name: string): Promise<string | null> => {
      await panel.show(stateOf(name));
      return panel.page.locator('[role=status]').textContent();
    };
    assert.equal(await told('analysis'), 'working: analysis');
    assert.equal(await told('analysis'), 'working: analysis');
    assert.equal(await told('plan'), 'It needs you: Plan is ready: 2 items, 1 dissent. Go on?');
    assert.equal(await told('applied'), 'applied');
    assert.equal(await panel.page.locator('[aria-live]:not([aria-live=off]):not([role=status])').count(), 0);
    await panel.close();
  });

  it('is told of answers, failures, decisions and what went wrong, and never of what is written', async () => {
    const panel = await browser.open();
    const spoken = async (): Promise<string[]> => (await panel.page.evaluate('window.spoken.splice(0)')) as string[];
    const tell = (input: PanelInput): Promise<void> => panel.show(panelState(input, undefined));
    await panel.show(stateOf('analysis'));
    await panel.page.evaluate(`(() => {
      window.spoken = [];
      const region = document.querySelector('[role=status]');
      new MutationObserver(() => window.spoken.push(region.textContent)).observe(region, { subtree: true, childList: true, characterData: true });
    })()`);

    const writes = running(upTo('findings.held'));
    for (let n = 0; n < 20; n += 1)
      await tell({ ...writes, shown: { ...writes.shown!, tail: () => ({ text: `line ${n}\n` }) } });
    assert.deepEqual(await spoken(), [], 'live text says nothing');

    await tell(running(upTo('permission.asked'), { questions: [permissionQuestion] }));
    assert.deepEqual(await spoken(), ['It needs you: Implementer asks: Run a command']);
    await tell(running(upTo('permission.answered')));
    assert.deepEqual(await spoken(), ['Answered. working: build']);

    const story = told.slice(0, upTo('permission.answered').length);
    const failed = {
      ...(told.find(([, event]) => (event as { type: string }).type === 'call.started')?.[1] as object),
      call: 'implementation/x',
      role: 'critic',
      phase: 'implementation',
    };
    const failure = { kind: 'crash', message: 'It died.' };
    const ends = { ...failed, type: 'call.ended', ok: false, failure, usage: {}, estimated: true, ms: 1 };
    const broken = running(journal([...story, [150, failed], [151, ends]]));
    await tell(broken);
    assert.deepEqual(await spoken(), ['Critic failed: crashed. It died.']);
    const notice = { id: 'n', level: 'error', text: 'The disk is full.', actions: [] } as const;
    await tell({ ...broken, notices: [notice] });
    await tell({ ...broken, notices: [notice] });
    assert.deepEqual(await spoken(), ['The disk is full.'], 'once');

    await tell(inputs['ready']!());
    await spoken();
    const review = inputs['ready']!();
    const records = upTo('phase.ended', 5).length;
    const decidedMore = journal([
      ...told.slice(0, records),
      [190, { type: 'run.ended', outcome: 'ready' }],
      [200, { type: 'review.decided', tree: 'ft', hunks: ['final:src/limit.ts:1'], decision: 'keep', by: 'ana' }],
    ]);
    await tell({ ...review, shown: { ...review.shown!, state: fold(decidedMore) } });
    assert.deepEqual(await spoken(), ['Review: 1 kept, 0 undone, 3 to decide']);
    await panel.close();
  });
});

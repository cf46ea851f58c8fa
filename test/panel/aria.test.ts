import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inputs, stateOf } from '../fixtures/panel/states.ts';
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
  this.timeout(120_000);
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
});

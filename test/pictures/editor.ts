/**
 * Takes the README's pictures of the editor from a real run: the extension in a real VS Code, on the sample project, clicked through as a
 * person would. Only the models are scripted, and the pictures say so. `node test/pictures/editor.ts [--dark] [--version 1.139.1] [--to media]`.
 */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { FrameLocator } from 'playwright-core';
import { makeSample, sampleTask } from '../harness/sample.ts';
import { openBrowser, openEditor } from '../host/editor.ts';
import { versions } from '../host/install.ts';
import { long, seatAt } from '../host/pages/seat.ts';

const { values } = parseArgs({
  options: {
    dark: { type: 'boolean', default: false },
    version: { type: 'string', default: versions.at(-1) ?? '' },
    to: { type: 'string', default: resolve(import.meta.dirname, '..', '..', 'media') },
  },
});
const { dark, version, to } = values;
/** What the run itself takes, on a machine that does other things, too. */
const patient = { timeout: 600_000 };
await mkdir(to, { recursive: true });

const sample = await makeSample({ tempo: 1, git: true });
const browser = await openBrowser();
const editor = await openEditor(browser, {
  version,
  env: sample.env,
  settings: {
    'workbench.colorTheme': dark ? 'Default Dark Modern' : 'Default Light Modern',
    'orchestra.teamFile': sample.teamFile,
    // What stands in the panel need not stand over the editor, too.
    'orchestra.notifications.questions': false,
    'orchestra.notifications.phases': false,
    'window.title': 'links',
    'editor.minimap.enabled': false,
    'typescript.validate.enable': false,
    'javascript.validate.enable': false,
    'breadcrumbs.enabled': false,
    'git.enabled': false,
    'remote.autoForwardPorts': false,
    'workbench.layoutControl.enabled': false,
    'window.commandCenter': false,
    'editor.wordWrap': 'on',
    'files.exclude': { '**/.serena': true, '**/.orchestration': true },
  },
});
const { page } = await editor.open({ folder: sample.root, width: 1360, height: 860, dark });
try {
  const seat = seatAt(page, 'picture');
  const panel: FrameLocator = page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
  const picture = async (name: string): Promise<void> => {
    // Nothing points at anything, and no tooltip hangs over it.
    await page.mouse.move(680, 858);
    await page.screenshot({ path: join(to, `${name}${dark ? '-dark' : ''}.png`), animations: 'disabled' });
    process.stdout.write(`${name}\n`);
  };
  /** Makes the side bar this wide. */
  const widen = async (width: number): Promise<void> => {
    const side = await page.locator('.part.sidebar').boundingBox();
    if (!side) throw new Error('There is no side bar.');
    const edge = side.x + side.width;
    await page.mouse.move(edge, 400);
    await page.mouse.down();
    await page.mouse.move(side.x + width, 400, { steps: 8 });
    await page.mouse.up();
  };

  await seat.command('Model Orchestra: Orchestrate Task');
  await panel.locator('#task').fill(sampleTask, long);
  await widen(430);
  await panel.getByRole('button', { name: 'Start' }).click(long);
  const go = panel.getByRole('button', { name: 'Go', exact: true });
  await go.waitFor(patient);
  await seat.press(go);

  await page.locator('.tab').filter({ hasText: 'Plan.md' }).waitFor(patient);
  await seat.lens('Strike').first().waitFor(long);
  await picture('plan');
  await seat.press(go);

  // The implementer asks to install something; it goes on without.
  const deny = panel.getByRole('button', { name: 'Deny' });
  await deny.waitFor(patient);
  await picture('panel');
  await seat.press(deny);

  await page
    .locator('.tab.active')
    .filter({ hasText: /^Review/ })
    .waitFor(patient);
  await seat
    .lens(/^Keep$/)
    .first()
    .waitFor(long);
  await seat.command('Model Orchestra: Findings of the Reviewers');
  await seat.pick('Two keys of one owner').click(long);
  await seat.pick('Go to it').click(long);
  await page.locator('.review-widget').filter({ hasText: 'Two keys of one owner' }).waitFor(long);
  await picture('review');
} catch (error) {
  await page.screenshot({ path: join(to, 'failed.png') });
  throw error;
} finally {
  await editor.close();
  await browser.close();
  await sample.remove();
}

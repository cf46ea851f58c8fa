import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator, Page } from 'playwright-core';

/** What a person can do at a window of the editor, by mouse and keyboard. */
export interface Seat {
  readonly page: Page;
  /** A row of the list that is open. */
  pick(text: string | RegExp): Locator;
  /** Runs a command by its name, as the palette has it. */
  command(name: string): Promise<void>;
  /** A part of a lens. */
  lens(text: string | RegExp): Locator;
  /** Clicks one that can be seen; they are drawn anew at every change, so it is looked for again until the click is made. */
  clickLens(text: string | RegExp, nth?: number): Promise<void>;
  /** Clicks a button of the panel. What came less than half a second ago takes no click there. */
  press(button: Locator): Promise<void>;
  /** One file of the review by itself. */
  openFile(path: string): Promise<void>;
  /** A button of a notification with this text. */
  clickNotification(text: string | RegExp, button: string): Promise<void>;
  /** Picture of the window, where `ORCHESTRA_SHOTS` names a folder. */
  shot(name: string): Promise<void>;
  /** Waits for something that no element tells. */
  until(what: string, holds: () => Promise<boolean>): Promise<void>;
}

/** A busy machine takes its time. */
export const long = { timeout: 120_000 };

/** `name` tells its pictures from others'. */
export function seatAt(page: Page, name: string): Seat {
  const shot = async (what: string): Promise<void> => {
    const folder = process.env['ORCHESTRA_SHOTS'];
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${what}-${name}.png`) });
  };
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    const end = Date.now() + long.timeout;
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`this did not come: ${what}`);
      await sleep(200);
    }
  };
  const pick = (text: string | RegExp): Locator =>
    page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
  const input = page.locator('.quick-input-widget input').first();
  const command = async (what: string): Promise<void> => {
    await page.locator('.monaco-workbench').waitFor(long);
    // The list is made when it opens: a window that is not up yet does not have the command in it.
    for (let tries = 0; tries < 30; tries += 1) {
      await page.keyboard.press('F1');
      await input.waitFor(long);
      await input.fill(`>${what}`);
      const there = await pick(what)
        .waitFor({ timeout: 5000 })
        .then(
          () => true,
          () => false,
        );
      if (there) return pick(what).click(long);
      await page.keyboard.press('Escape');
    }
    throw new Error(`there is no command ${what}`);
  };
  const lens = (text: string | RegExp): Locator => page.locator('.codelens-decoration > *').filter({ hasText: text });
  return {
    page,
    pick,
    command,
    lens,
    async clickLens(text, nth = 0) {
      const one = lens(text).nth(nth);
      await until(`a click on ${text}`, async () => {
        try {
          // A click on one that is drawn anew just then is lost, though the browser made it.
          const drawn = await one.elementHandle({ timeout: 5000 });
          await sleep(700);
          if (!(await drawn?.evaluate((node) => node.isConnected))) return false;
          await one.click({ timeout: 5000 });
          return true;
        } catch {
          return false;
        }
      });
    },
    async press(button) {
      await button.waitFor(long);
      await sleep(1000);
      await button.click(long);
    },
    async openFile(path) {
      await command('Model Orchestra: Review Changes of a File');
      await pick(path).click(long);
      const [file = path] = path.split('/').slice(-1);
      await page
        .locator('.tab.active')
        .filter({ hasText: `${file} (review)` })
        .waitFor(long);
    },
    async clickNotification(text, button) {
      const one = page.locator('.notification-list-item').filter({ hasText: text }).first();
      await one.waitFor(long);
      await one.locator('.monaco-button').filter({ hasText: button }).click(long);
    },
    shot,
    until,
  };
}

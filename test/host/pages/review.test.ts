import assert from 'node:assert/strict';
import { lstat, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { decisionsOf } from '../../../src/core/review/decisions.ts';
import { type Made, madeReady } from '../../node/review/made.ts';
import { type Editor, openBrowser, openEditor } from '../editor.ts';
import { versions } from '../install.ts';

/**
 * The review as a person does it: real clicks in a real VS Code. `ORCHESTRA_VSCODE_VERSION` takes one version, `ORCHESTRA_SHOTS` names a
 * folder for pictures, `ORCHESTRA_THEME=dark` the dark theme.
 */

const source = (burst: string, reset: string): string =>
  [
    "import { now } from './clock.ts';",
    '',
    '/** Requests that are left for each key. */',
    `const burst = ${burst};`,
    '',
    'export function allowed(key: string): boolean {',
    '  return left(key) > 0;',
    '}',
    '',
    'const used = new Map<string, number>();',
    '',
    'function left(key: string): number {',
    '  return burst - (used.get(key) ?? 0);',
    '}',
    '',
    '/** Begins anew. */',
    'export function reset(): void {',
    `  ${reset}`,
    '}',
    '',
  ].join('\n');

// `before` and `after` are trees here.
const [suiteBegin, suiteEnd] = [globalThis.before, globalThis.after];
const windows = process.platform === 'win32';
const tool = '#!/bin/sh\necho done\n';
const before = {
  'src/limit.ts': source('10', 'used.clear();'),
  'src/old.ts': 'export const one = 1;\nexport const two = 2;\nexport const three = 3;\n',
  'notes.md': '# Notes\n\nNothing yet.\n\nThe end.\n',
  'logo.bin': Buffer.from([0, 1, 2, 3]),
  'tool.sh': tool,
};
const after = {
  'src/limit.ts': source('20', 'used.clear(); seen = now();'),
  'src/old.ts': undefined,
  'src/names.ts': 'export const one = 1;\nexport const two = 2;\nexport const three = 4;\n',
  'src/clock.ts': 'export const now = (): number => Date.now();\n',
  'notes.md': '# Notes\n\nNothing yet.\n\nThe end of the team.\n',
  'logo.bin': Buffer.from([0, 9, 9]),
  'tool.sh': windows ? tool : { exec: tool },
};

const events = (made: { commit: string; tree: string }): RunEvent[] => [
  {
    type: 'team.chosen',
    title: 'Limit requests',
    size: 'review',
    cast: [
      {
        role: 'implementer',
        title: 'Implementer',
        duties: ['write'],
        access: 'write',
        required: true,
        models: [{ model: 'm1' }],
      },
      {
        role: 'reviewer',
        title: 'Reviewer',
        duties: ['review'],
        access: 'read',
        required: false,
        models: [{ model: 'm2' }],
      },
    ],
    leftOut: [],
    offers: [],
    forecast: { calls: [1, 2], tokens: [1, 2], minutes: [1, 2] },
    notes: [],
  },
  {
    type: 'change.landed',
    change: 'implementer',
    role: 'implementer',
    items: [],
    paths: ['**'],
    round: 0,
    ...made,
    files: [],
    outside: [],
    summary: 'Done.',
    notDone: [],
  },
  {
    type: 'change.judged',
    change: 'implementer',
    role: 'reviewer',
    round: 0,
    verdict: {
      verdict: 'needs-work',
      summary: 'Nearly.',
      findings: [
        {
          claim: '`seen` is not declared <b>anywhere</b> $(flame).',
          detail: '',
          severity: 'high',
          evidence: [{ kind: 'file', path: 'src/limit.ts', line: 18 }],
        },
      ],
    },
  },
];

const long = { timeout: 120_000 };

for (const version of process.env['ORCHESTRA_VSCODE_VERSION']?.split(',') ?? versions) {
  describe(`the review in VS Code ${version}`, function () {
    this.timeout(900_000);
    let browser: Browser;
    let editor: Editor;
    let made: Made;
    let page: Page;
    const kept = { ...process.env };
    suiteBegin(async () => {
      made = await madeReady(before, after, { events });
      browser = await openBrowser();
      const dark = process.env['ORCHESTRA_THEME'] === 'dark';
      editor = await openEditor(browser, {
        version,
        env: { ...process.env },
        settings: { 'workbench.colorTheme': dark ? 'Default Dark Modern' : 'Default Light Modern' },
      });
      ({ page } = await editor.open({ folder: made.root, dark }));
    });
    suiteEnd(async () => {
      await shot('end');
      await editor?.close();
      await browser?.close();
      await made?.remove();
      for (const name of ['ORCHESTRA_CACHE', 'ORCHESTRA_PROFILE'])
        if (kept[name] === undefined) delete process.env[name];
        else process.env[name] = kept[name];
    });

    const shot = async (name: string): Promise<void> => {
      const folder = process.env['ORCHESTRA_SHOTS'];
      if (folder === undefined || !page) return;
      await mkdir(folder, { recursive: true });
      await page.screenshot({
        path: join(folder, `${name}-${version}-${process.env['ORCHESTRA_THEME'] ?? 'light'}.png`),
      });
    };
    const pick = (text: string | RegExp): Locator =>
      page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first();
    const command = async (name: string): Promise<void> => {
      await page.locator('.monaco-workbench').waitFor(long);
      // The list is made when it opens: a window that is not up yet does not have the command in it.
      for (let tries = 0; tries < 30; tries++) {
        await page.keyboard.press('F1');
        await page.locator('.quick-input-widget input').first().waitFor(long);
        await page.locator('.quick-input-widget input').first().fill(`>${name}`);
        const there = await pick(name)
          .waitFor({ timeout: 5000 })
          .then(
            () => true,
            () => false,
          );
        if (there) return pick(name).click(long);
        await page.keyboard.press('Escape');
      }
      throw new Error(`there is no command ${name}`);
    };
    const lens = (text: string | RegExp): Locator => page.locator('.codelens-decoration > *').filter({ hasText: text });
    const state = async () => fold((await made.project.show(made.run)).records);
    const decided = async (): Promise<Record<string, string>> =>
      Object.fromEntries(decisionsOf((await state()).review));
    const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
      for (let tries = 0; !(await holds()); tries++) {
        if (tries > 600) {
          await shot('failed');
          throw new Error(`this did not come: ${what}`);
        }
        await sleep(200);
      }
    };
    const read = (path: string): Promise<string> => readFile(join(made.root, path), 'utf8').catch(() => '(not there)');

    it('opens all files in one editor, with lenses above the hunks', async () => {
      await command('Model Orchestra: Review Changes');
      await lens(/^Keep$/)
        .first()
        .waitFor(long);
      await lens(/Implementer/)
        .first()
        .waitFor(long);
      await shot('all');
      assert.match(await page.locator('.tab.active').innerText(), /^Review: Limit requests/);
    });

    it('shows one file inline by the keyboard, hunk after hunk; what reviewers found stands at its line as text', async () => {
      await command('Model Orchestra: Review Changes of a File');
      await pick('src/limit.ts').click(long);
      await page.locator('.tab.active').filter({ hasText: 'limit.ts (review)' }).waitFor(long);
      await lens(/^Keep$/)
        .nth(1)
        .waitFor(long);
      assert.equal(await page.locator('.monaco-diff-editor.side-by-side:visible').count(), 0, 'in one column');
      await page
        .locator('.review-widget')
        .filter({ hasText: 'is not declared <b>anywhere</b> $(flame).' })
        .waitFor(long);
      await shot('one');
    });

    it('keeps one hunk and undoes another by a click; both are in the journal', async () => {
      await lens(/^Keep$/)
        .first()
        .click(long);
      await until('kept', async () => (await decided())['final:src/limit.ts:1'] === 'keep');
      await lens(/Kept/).first().waitFor(long);
      await lens(/^Undo$/)
        .nth(1)
        .click(long);
      await until('undone', async () => (await decided())['final:src/limit.ts:2'] === 'undo');
      await lens(/Undone/)
        .first()
        .waitFor(long);
      await shot('decided');
    });

    it('lets a finding go', async () => {
      await page.locator('.review-widget .action-label[aria-label^="Dismiss"]').first().click(long);
      await until('dismissed', async () => (await state()).review.dismissed.length === 1);
      await page
        .locator('.review-widget')
        .first()
        .waitFor({ state: 'detached', ...long });
    });

    it('goes on after the window was loaded again', async () => {
      await page.reload();
      await page.locator('.monaco-workbench').waitFor(long);
      await page.locator('.tab').filter({ hasText: 'limit.ts (review)' }).first().click(long);
      await lens(/Kept/).first().waitFor(long);
      await lens(/Undone/)
        .first()
        .waitFor(long);
      assert.deepEqual(await decided(), { 'final:src/limit.ts:1': 'keep', 'final:src/limit.ts:2': 'undo' });
      await shot('again');
    });

    it('writes all that is kept at once, on top of what the person typed meanwhile and saves', async () => {
      await page.keyboard.press('Control+P');
      await page.locator('.quick-input-widget input').first().fill('notes.md');
      await pick('notes.md').click(long);
      await page.locator('.tab.active').filter({ hasText: 'notes.md' }).waitFor(long);
      await page.locator('.editor-instance .view-line').filter({ hasText: '# Notes' }).first().click(long);
      await page.keyboard.press('Home');
      await page.keyboard.type('Mine. ');
      await command('Model Orchestra: Finish Review');
      await pick(/^Keep the \d+ too/).waitFor(long);
      await shot('finish');
      await pick(/^Keep the \d+ too/).click(long);
      await pick('Save it and go on').click(long);
      // A file that becomes executable (which Windows does not know) wants a yes of its own; it gets a no here, and the rest is written without it.
      if (!windows) {
        await page.locator('.notification-list-item').filter({ hasText: 'tool.sh is held back' }).waitFor(long);
        await shot('held');
        await page.locator('.notification-list-item .monaco-button').filter({ hasText: 'Keep It Back' }).click(long);
      }
      await until('applied', async () => (await state()).review.finished !== undefined);
      assert.equal(await read('src/limit.ts'), source('20', 'used.clear();'));
      assert.equal(await read('notes.md'), 'Mine. # Notes\n\nNothing yet.\n\nThe end of the team.\n');
      assert.equal(await read('src/names.ts'), after['src/names.ts']);
      assert.equal(await read('src/old.ts'), '(not there)');
      assert.equal(await read('src/clock.ts'), after['src/clock.ts']);
      assert.deepEqual(await readFile(join(made.root, 'logo.bin')), after['logo.bin']);
      if (!windows) assert.equal((await lstat(join(made.root, 'tool.sh'))).mode & 0o100, 0);
      assert.deepEqual((await state()).applied?.heldBack, windows ? [] : ['tool.sh']);
      await shot('applied');
    });

    it('takes it back with one command', async () => {
      await command('Model Orchestra: Undo Apply');
      await until('taken back', async () => (await state()).undone);
      assert.equal(await read('src/limit.ts'), before['src/limit.ts']);
      assert.equal(await read('notes.md'), 'Mine. # Notes\n\nNothing yet.\n\nThe end.\n');
      assert.equal(await read('src/old.ts'), before['src/old.ts']);
      assert.equal(await read('src/names.ts'), '(not there)');
    });
  });
}

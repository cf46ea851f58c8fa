import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { reviewedEntries } from '../../../../src/core/review/account.ts';
import type { RunEvent } from '../../../../src/core/run/events.ts';
import { madeReady } from '../../../node/review/made.ts';
import { long } from '../seat.ts';
import type { Desk, Stage } from '../stage.ts';

// `before` and `after` are trees here.
const suiteBegin = globalThis.before;

/** Thirty lines, some of them others. */
const lines = (changed: Readonly<Record<number, string>> = {}): string =>
  Array.from({ length: 30 }, (_, n) => `${changed[n] ?? `// ${n}`}\n`).join('');

const before = {
  'check.mjs':
    "import { readFileSync } from 'node:fs';\nif (readFileSync('src/a.ts', 'utf8').includes('broken')) process.exit(1);\n",
  'apart.txt': lines(),
  'clash.txt': lines(),
  'was.txt': lines(),
  'src/a.ts': lines(),
  'src/b.ts': lines(),
};
const after = {
  ...before,
  '.cursor/rules.md': 'Be kind.\n',
  '.vscode/tasks.json': '{ "version": "2.0.0" }\n',
  'apart.txt': lines({ 3: '// three of the team' }),
  'clash.txt': lines({ 3: '// three of the team', 20: '// twenty of the team' }),
  'was.txt': undefined,
  'is.txt': lines({ 5: '// five of the team' }),
  'src/a.ts': lines({ 2: '// two of the team', 14: '// fourteen of the team', 26: '// broken' }),
  'src/b.ts': lines({ 2: '// two of the team', 14: '// fourteen of the team' }),
};
const check = { name: 'test', run: 'node check.mjs', minutes: 1 };

const checksOn = (on: string, tree: string, result: 'green' | 'red'): RunEvent => ({
  type: 'checks.ended',
  on,
  tree,
  results: [{ name: check.name, run: check.run, result, exitCode: result === 'green' ? 0 : 1, ms: 1, tail: '' }],
  excused: [],
  green: result === 'green',
});

/** Decisions of all kinds, a person who changes the same files meanwhile, held files, checks on a part, and the end of it. */
export function decisions(stage: Stage): void {
  describe('with every way to decide', () => {
    let at: Desk;
    suiteBegin(async () => {
      const made = await madeReady(before, after, {
        place: stage.place(),
        team: { checks: [check] },
        events: ({ tree }) => [checksOn('base', tree.replace(/^./, '0'), 'green'), checksOn('merged', tree, 'red')],
      });
      at = await stage.open(made);
    });

    const name = (path: string, n: number): string => `final:${path}:${n}`;
    const ofFile = async (path: string): Promise<string> =>
      Object.entries(await at.decided())
        .filter(([hunk]) => hunk.startsWith(`final:${path}:`))
        .toSorted(([one], [two]) => one.localeCompare(two))
        .map(([, decision]) => decision)
        .join();
    const decided = (path: string, as: string): Promise<void> =>
      at.until(`${path}: ${as}`, async () => (await ofFile(path)) === as);
    /** The keyboard is in this file, at this line. */
    const stands = async (file: string, line: number): Promise<void> => {
      await at.page
        .locator('.tab.active')
        .filter({ hasText: `${file} (review)` })
        .waitFor(long);
      await at.page
        .locator('.statusbar-item')
        .filter({ hasText: `Ln ${line}, Col 1` })
        .waitFor(long);
    };
    const button = (title: string): Promise<void> =>
      at.page.locator('.editor-group-container .title .action-label').filter({ hasText: title }).first().click(long);

    it('goes from hunk to hunk by the keyboard, over the ends of files and around', async () => {
      await at.command('Model Orchestra: Review Changes');
      await at
        .lens(/^Keep$/)
        .first()
        .waitFor(long);
      await at.openFile('src/b.ts');
      await stands('b.ts', 3);
      await at.page.keyboard.press('Control+Alt+]');
      await stands('b.ts', 15);
      await at.page.keyboard.press('Control+Alt+]');
      await stands('rules.md', 1);
      await at.page.keyboard.press('Control+Alt+[');
      await stands('b.ts', 15);
      await at.page.keyboard.press('Control+Alt+[');
      await at.page.keyboard.press('Control+Alt+[');
      await stands('a.ts', 27);
    });

    it('keeps and undoes by the keyboard, goes on by itself, and takes the last decision back', async () => {
      await at.openFile('src/a.ts');
      await stands('a.ts', 3);
      await at.page.keyboard.press('Control+Alt+K');
      await decided('src/a.ts', 'keep');
      await stands('a.ts', 15);
      await at.page.keyboard.press('Control+Alt+U');
      await decided('src/a.ts', 'keep,undo');
      await stands('a.ts', 27);
      await at.command('Model Orchestra: Undo Last Decision');
      await decided('src/a.ts', 'keep');
      await at
        .lens(/Undone/)
        .first()
        .waitFor({ state: 'detached', ...long });
    });

    it('says what was decided: in the status bar, and aloud where the editor is set for a screen reader', async () => {
      // What stands there for a moment only is not missed by a busy machine.
      await at.page.evaluate(`(() => {
        window.heard = { aloud: [], shown: [] };
        const listen = (place, into) => new MutationObserver(() => into.push(place.textContent))
          .observe(place, { subtree: true, childList: true, characterData: true });
        listen(document.querySelector('.monaco-aria-container'), window.heard.aloud);
        listen(document.querySelector('.part.statusbar'), window.heard.shown);
      })()`);
      const said = (where: 'aloud' | 'shown', what: string): Promise<void> =>
        at.until(`${what} ${where}`, async () =>
          ((await at.page.evaluate(`window.heard.${where}`)) as string[]).some((text) => text.includes(what)),
        );
      const all = (await at.state()).ledger?.hunks.length ?? 0;
      await at.openFile('src/b.ts');
      await stands('b.ts', 3);
      await at.page.keyboard.press('Control+Alt+K');
      await said('shown', `Kept: 1 hunk of src/b.ts, 2 of ${all} hunks decided`);
      await stands('b.ts', 15);
      await at.command('Toggle Screen Reader Accessibility Mode');
      await at.openFile('src/b.ts');
      await stands('b.ts', 3);
      await at.page.keyboard.press('Control+Alt+U');
      await said('aloud', `Undone: 1 hunk of src/b.ts, 2 of ${all} hunks decided`);
      await at.command('Model Orchestra: Undo Last Decision');
      await said('aloud', `Taken back: 2 of ${all} hunks decided`);
      await at.command('Toggle Screen Reader Accessibility Mode');
      await at.command('Notifications: Clear All Notifications');
      await at.openFile('src/a.ts');
      await stands('a.ts', 3);
    });

    it('keeps and undoes a whole file by the lenses at its top', async () => {
      await at.page.keyboard.press('Control+Home');
      await at.clickLens(/^Undo File$/);
      await decided('src/a.ts', 'undo,undo,undo');
      await at.lens('3 of 3 decided').waitFor(long);
      await at.clickLens(/^Keep File$/);
      await decided('src/a.ts', 'keep,keep,keep');
      await at.lens(/Kept/).nth(2).waitFor(long);
    });

    it('keeps and undoes everything by the buttons above', async () => {
      const all = (await at.state()).ledger?.hunks.length ?? 0;
      const count = async (as: string): Promise<number> =>
        Object.values(await at.decided()).filter((decision) => decision === as).length;
      await button('Undo All');
      await at.until('all undone', async () => (await count('undo')) === all);
      await button('Keep All');
      await at.until('all kept', async () => (await count('keep')) === all);
      await at.shot('buttons');
    });

    it('shows where the person has changed the same lines; a conflict is left, or settled in the own file', async () => {
      await at.openFile('clash.txt');
      await writeFile(join(at.root, 'apart.txt'), lines({ 20: '// mine' }));
      await writeFile(join(at.root, 'was.txt'), lines({ 20: '// mine' }));
      await writeFile(join(at.root, 'clash.txt'), lines({ 3: '// mine', 20: '// mine, too' }));
      await at
        .lens(/Conflict: you have changed the same lines/)
        .nth(1)
        .waitFor(long);
      await at.page.locator('.view-line').filter({ hasText: '<<<<<<< yours' }).first().waitFor(long);
      await at.shot('conflict');
      await button('Finish Review');
      const refused = at.page
        .locator('.notification-list-item')
        .filter({ hasText: /You have changed the same places as the team: clash.txt/ });
      await refused.waitFor(long);
      await at.command('Notifications: Clear All Notifications');
      await at.clickLens(/^Leave Mine$/);
      await decided('clash.txt', 'undo,keep');
      await at.lens(/Undone/).waitFor(long);
      await at.clickLens(/^Settle in My File$/);
      await at.page.locator('.tab.active').filter({ hasText: 'clash.txt' }).waitFor(long);
      await at.page.locator('.statusbar-item').filter({ hasText: 'Ln 21, Col 1' }).waitFor(long);
      await at.page.keyboard.press('Shift+End');
      await at.page.keyboard.type('// twenty of the team');
      await at.page.keyboard.press('Control+S');
      await at.openFile('clash.txt');
      await at.lens(/Your file has this already/).waitFor(long);
    });

    it('does not rename a file over what the person changed under its old name', async () => {
      await at.openFile('is.txt');
      await at.lens(/Conflict: you have changed was.txt/).waitFor(long);
      await at.clickLens(/^Leave Mine$/);
      await decided('is.txt', 'undo');
      assert.equal(await ofFile('was.txt'), 'undo');
    });

    it('says "not checked" of a part until the checks ran on it, by one click', async () => {
      await at.openFile('src/a.ts');
      await at.clickLens(/^not checked$/);
      await at.lens('checks red').waitFor(long);
      await at.page.locator('.notification-list-item').filter({ hasText: 'The checks are red: test.' }).waitFor(long);
      await at.command('Notifications: Clear All Notifications');
      await at.clickLens(/^Undo$/, 2);
      await decided('src/a.ts', 'keep,keep,undo');
      await at.clickLens(/^not checked$/);
      await at.lens(/^checked$/).waitFor(long);
      await at.shot('checked');
    });

    it('asks for each held file, with its reason, and takes a yes where it was read', async () => {
      await button('Finish Review');
      await at.clickNotification('.cursor/rules.md is held back: Agents take instructions', 'Show the Change');
      await at.page.locator('.view-line').filter({ hasText: '+Be kind.' }).waitFor(long);
      await at.shot('asked');
      await at.clickLens(/^Let It Through$/);
      await at.page
        .locator('.notification-list-item')
        .filter({ hasText: '.vscode/tasks.json is held back: Editors take settings' })
        .waitFor(long);
      await at.page.locator('.statusbar-item').filter({ hasText: '.vscode/tasks.json is held' }).click(long);
      const panel = at.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
      await at.press(panel.getByRole('button', { name: 'Let it through' }));
      await at.until('applied', async () => (await at.state()).review.finished !== undefined);
      assert.equal(await at.read('.cursor/rules.md'), after['.cursor/rules.md']);
      assert.equal(await at.read('.vscode/tasks.json'), after['.vscode/tasks.json']);
      assert.equal(await at.read('apart.txt'), lines({ 3: '// three of the team', 20: '// mine' }));
      assert.equal(await at.read('clash.txt'), lines({ 3: '// mine', 20: '// twenty of the team' }));
      assert.equal(await at.read('was.txt'), lines({ 20: '// mine' }));
      assert.equal(await at.read('is.txt'), '(not there)');
      assert.equal(await at.read('src/a.ts'), lines({ 2: '// two of the team', 14: '// fourteen of the team' }));
      assert.equal(await at.read('src/b.ts'), after['src/b.ts']);
    });

    it('accounts for what was not kept as rejected by the person', async () => {
      const state = await at.state();
      assert.equal(state.review.finished?.checked, 'green');
      const rejected = reviewedEntries(state).filter(({ fate }) => fate === 'rejected');
      assert.deepEqual(rejected.map(({ hunk }) => hunk.replace('implementer', 'final')).toSorted(), [
        name('clash.txt', 1),
        name('is.txt', 1),
        name('src/a.ts', 3),
        name('was.txt', 1),
      ]);
      const panel = at.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
      await panel.getByRole('button', { name: 'Ledger' }).click(long);
      await at.page.locator('.view-line').filter({ hasText: 'Not kept by' }).first().waitFor(long);
      await at.shot('ledger');
    });

    it('takes all of it back by one click in the panel', async () => {
      const panel = at.page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame');
      await panel.getByRole('button', { name: 'Take back' }).click(long);
      await at.until('taken back', async () => (await at.state()).undone);
      assert.equal(await at.read('apart.txt'), lines({ 20: '// mine' }));
      assert.equal(await at.read('src/a.ts'), before['src/a.ts']);
      assert.equal(await at.read('.cursor/rules.md'), '(not there)');
    });
  });
}

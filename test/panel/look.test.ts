import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { panelState } from '../../src/vscode/panel/state.ts';
import { inputs, permissionQuestion, running, stateOf, upTo } from '../fixtures/panel/states.ts';
import { openBrowser, type PanelBrowser, root, themes, type ThemeName, until } from './panelPage.ts';

describe('how the panel looks', function () {
  let browser: PanelBrowser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());

  it("uses the editor's variables alone, and only such as there are", async () => {
    const css = (await readFile(join(root, 'media', 'panel.css'), 'utf8')).replaceAll(/\/\*[^]*?\*\//g, '');
    assert.doesNotMatch(css, /#[0-9a-f]{3,8}\b|rgba?\(|hsla?\(/i, 'a colour of its own');
    assert.doesNotMatch(css, /\bgradient\(|@keyframes|@import|url\(/);
    const known = new Set(Object.values(await themes()).flatMap(({ variables }) => Object.keys(variables)));
    const used = [...css.matchAll(/var\((--vscode-[\w-]+)/g)].map(([, name]) => name ?? '');
    assert.ok(used.length > 50, 'the stylesheet was not read');
    assert.deepEqual(
      used.filter((name) => !known.has(name)),
      [],
    );
  });

  for (const theme of ['dark', 'light', 'contrast', 'contrastLight'] as ThemeName[])
    it(`can be read in ${theme}`, async () => {
      const panel = await browser.open({ theme, width: 320, height: 1400 });
      for (const name of ['analysis', 'permission', 'ready', 'idle']) {
        await panel.show(stateOf(name));
        const faint = (await panel.page.evaluate(contrasts)) as string[];
        assert.deepEqual(faint, [], `${name}: text that is hard to read`);
      }
      await panel.close();
      assert.deepEqual(panel.complaints, []);
    });

  for (const width of [300, 320, 500, 900])
    it(`fits into ${width} pixels`, async () => {
      const panel = await browser.open({ width, height: 900 });
      for (const name of Object.keys(inputs)) {
        await panel.show(stateOf(name));
        const wide = await panel.page.evaluate(`[...document.querySelectorAll('#panel *')]
          .filter((one) => one.getBoundingClientRect().right > innerWidth + 0.5 && !one.closest('.exact, .unseen, .code, .table'))
          .map((one) => one.className + ' ' + one.textContent.slice(0, 40))`);
        assert.deepEqual(wide, [], name);
      }
      await panel.close();
      assert.deepEqual(panel.complaints, []);
    });

  it('moves nothing under the pointer while questions come and go and roles end', async () => {
    const panel = await browser.open({ width: 320, height: 700 });
    const analysis = running(upTo('call.ended', 2));
    await panel.show(panelState(analysis, undefined));
    const row = panel.page.locator('[data-item=critic]');
    const place = async (): Promise<number> => Math.round((await row.boundingBox())?.y ?? -1);
    const before = await place();
    await row.hover();
    await panel.show(panelState({ ...analysis, questions: [permissionQuestion] }, undefined));
    assert.ok(await panel.page.getByRole('button', { name: 'Allow', exact: true }).isVisible(), 'the question is seen');
    assert.equal(await place(), before, 'a question came');
    await panel.show(panelState(running(upTo('findings.held', 3)), undefined));
    assert.equal(await place(), before, 'it went, and roles ended');
    // Who is done stays open as long as the pointer is there, and folds when it leaves.
    const architect = panel.page.locator('[data-item=architect]');
    assert.equal(await architect.getAttribute('aria-expanded'), 'true');
    await panel.page.mouse.move(5, 5);
    await panel.show(panelState(running(upTo('findings.held', 3)), undefined));
    assert.equal(await architect.getAttribute('aria-expanded'), 'false');
    await panel.close();
  });

  it('turns its ring by itself, and has nothing that would make the window paint at every frame', async () => {
    const panel = await browser.open({ width: 320, height: 900, ticks: true });
    await panel.page.emulateMedia({ reducedMotion: 'no-preference' });
    await panel.show(stateOf('analysis'));
    const turned = (): Promise<string> => panel.page.evaluate(`document.querySelector('.ring').style.rotate`);
    const before = await turned();
    await until(async () => (await turned()) !== before);
    assert.equal(await panel.page.locator('.ring').isVisible(), true);
    const endless = await panel.page.evaluate(`(() => {
      const within = (place) => [...place.querySelectorAll('*')].flatMap((one) => [
        ...one.getAnimations().filter(({ effect }) => effect.getComputedTiming().iterations === Infinity).map(() => one.className),
        ...(one.shadowRoot ? within(one.shadowRoot) : []),
      ]);
      return within(document);
    })()`);
    assert.deepEqual(endless, []);
    await panel.close();
    assert.deepEqual(panel.complaints, []);
  });

  it('shows the accent on what wants the person, and on nothing else', async () => {
    const panel = await browser.open({ width: 320, height: 1400 });
    const accented = (): Promise<string[]> =>
      panel.page.evaluate(`(() => {
        const probe = document.createElement('span');
        document.body.append(probe);
        probe.style.color = 'var(--wants)';
        const accent = getComputedStyle(probe).color;
        probe.remove();
        return [...document.querySelectorAll('#panel *')]
          .filter((one) => [getComputedStyle(one).color, getComputedStyle(one).borderInlineStartColor].includes(accent))
          .filter((one) => !one.closest('.wants') && !one.closest('.file[aria-label*="held"]'))
          .map((one) => one.className);
      })()`);
    for (const name of Object.keys(inputs)) {
      await panel.show(stateOf(name));
      assert.deepEqual(await accented(), [], name);
    }
    await panel.close();
  });
});

/** Texts whose contrast to what lies behind them is below 4.5 (WCAG AA), but for what is disabled. */
const contrasts = `(() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return { r, g, b, a }; };
  const over = (top, under) => ({ r: top.r * top.a + under.r * (1 - top.a), g: top.g * top.a + under.g * (1 - top.a), b: top.b * top.a + under.b * (1 - top.a), a: 1 });
  const light = ({ r, g, b }) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, n) => sum + v * [0.2126, 0.7152, 0.0722][n], 0);
  const behind = (one) => {
    const layers = [];
    for (let at = one; at; at = at.parentElement) layers.unshift(parse(getComputedStyle(at).backgroundColor));
    return layers.reduce((under, top) => over(top, under), { r: 0, g: 0, b: 0, a: 1 });
  };
  const faint = [];
  for (const one of document.querySelectorAll('#panel *')) {
    const text = [...one.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim() !== '').map((node) => node.textContent.trim()).join(' ');
    if (text === '' || one.closest('.unseen, vscode-button, :disabled, option') || one.getClientRects().length === 0) continue;
    const ground = behind(one);
    const ink = over(parse(getComputedStyle(one).color), ground);
    const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) faint.push(ratio.toFixed(2) + ' ' + one.className + ': ' + text.slice(0, 40));
  }
  return faint;
})()`;

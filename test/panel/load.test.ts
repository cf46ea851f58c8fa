import assert from 'node:assert/strict';
import { playLoad } from './load.ts';
import { openBrowser } from './panelPage.ts';

describe('the panel under load', function () {
  it('12 roles that write 200 lines a second leave host and page room (measured by `npm run bench -- panel`)', async () => {
    const browser = await openBrowser();
    try {
      const of = await playLoad(browser, { roles: 12, linesPerSecond: 200, seconds: 10 });
      // At most 10 a second, whatever is written.
      assert.ok(of.states > 1 && of.states <= 102, `${of.states} states`);
      assert.ok(of.draws > 1 && of.draws <= of.states + 5, `${of.draws} drawn of ${of.states}`);
      assert.ok(of.size < 250_000, `a state has ${of.size} characters`);
      // Generous, for a busy machine: half of what would be felt.
      assert.ok(of.share < 0.5, `${of.share * 100} % of the host's time`);
      assert.ok(of.made.p50 < 50, `a state takes ${of.made.p50} ms`);
      assert.ok(of.frames.p50 < 500, `a frame every ${of.frames.p50} ms`);
    } finally {
      await browser.close();
    }
  });
});

import { spreadWords } from './measure.ts';
import { openBrowser } from '../panel/panelPage.ts';
import { type LoadResult, playLoad } from '../panel/load.ts';

/** The panel under load: 1, 4 and 12 roles that write 200 lines a second each. With `seconds` only the 12, for so long. */
export async function benchPanel(seconds?: number): Promise<string[]> {
  const browser = await openBrowser();
  const lines: string[] = [];
  try {
    for (const roles of seconds === undefined ? [1, 4, 12] : [12])
      lines.push(words(roles, await playLoad(browser, { roles, linesPerSecond: 200, seconds: seconds ?? 5 })));
  } finally {
    await browser.close();
  }
  return lines;
}

function words(roles: number, of: LoadResult): string {
  const percent = (part: number): string => `${(part * 100).toFixed(1)} %`;
  return [
    `panel, ${String(roles).padStart(2)} roles × 200 lines/s (median / 99 % / most):`,
    `${of.states} states of at most ${Math.round(of.size / 1024)} KiB, made in ${spreadWords(of.made)},`,
    `${percent(of.share)} of the host's time; event loop late by ${spreadWords(of.late)};`,
    `${of.draws} drawn, ${percent(of.page.all)} of the page's thread (script ${percent(of.page.script)}, layout ${percent(of.page.layout)}); a frame every ${spreadWords(of.frames)}`,
  ].join(' ');
}

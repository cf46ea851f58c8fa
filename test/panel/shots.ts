/** Pictures of the panel for eyes: `node test/panel/shots.ts FOLDER [STATE ...]`. Not a test. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inputs, stateOf } from '../fixtures/panel/states.ts';
import { openBrowser, type ThemeName } from './panelPage.ts';

const [folder = 'shots', ...wanted] = process.argv.slice(2);
const names = wanted.length > 0 ? wanted : Object.keys(inputs);
const themes: ThemeName[] = (process.env['THEMES']?.split(',') as ThemeName[] | undefined) ?? [
  'dark',
  'light',
  'contrast',
];
const widths = (process.env['WIDTHS'] ?? '300,320,500,900').split(',').map(Number);
await mkdir(folder, { recursive: true });
const browser = await openBrowser();
for (const name of names)
  for (const theme of themes)
    for (const width of widths) {
      const panel = await browser.open({ theme, width, height: 900 });
      await panel.show(stateOf(name));
      await panel.page.screenshot({ path: join(folder, `${name}-${theme}-${width}.png`) });
      for (const complaint of panel.complaints) process.stdout.write(`${name} ${theme} ${width}: ${complaint}\n`);
      await panel.close();
    }
await browser.close();

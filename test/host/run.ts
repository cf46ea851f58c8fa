// Runs the suites inside a real VS Code extension host: `node test/host/run.ts [--version 1.105.1] [--suite story] [--desktop]`.
// Prints mocha's report of each, and fails when one of them does.
import { parseArgs } from 'node:util';
import { runDesktop } from './desktop.ts';
import { openBrowser } from './editor.ts';
import { versions } from './install.ts';
import { built, buildSuites, play } from './play.ts';
import { type Scenario, scenarios } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    version: { type: 'string', multiple: true },
    suite: { type: 'string', multiple: true },
    desktop: { type: 'boolean' },
    grep: { type: 'string' },
  },
});

await buildSuites();
const wanted = scenarios.filter(({ name, packaged }) =>
  values.suite === undefined ? packaged !== true : values.suite.includes(name),
);
if (wanted.length === 0)
  throw new Error(`There is no such scenario; there are: ${scenarios.map(({ name }) => name).join(', ')}.`);

/** What drives the page, or opens two windows, needs the browser. */
const inBrowser = ({ page, launches }: Scenario): boolean =>
  page !== undefined || launches.some(({ second }) => second !== undefined);

const chosen = (values.version ?? versions).flatMap((version) =>
  wanted
    .filter((scenario) => !values.desktop || !inBrowser(scenario))
    .filter(({ everyVersion }) => everyVersion || values.version !== undefined || version === versions.at(-1))
    .map((scenario) => ({ scenario, version })),
);
let fine = true;
const playAll = async (queue: typeof chosen): Promise<void> => {
  const browser = values.desktop || queue.length === 0 ? undefined : await openBrowser();
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { scenario, version } = next;
    const ran = browser
      ? await play(scenario, version, { browser, grep: values.grep })
      : await runDesktop(scenario, version, built);
    fine &&= ran;
  }
  await browser?.close();
};
// Two editors at a time: each waits often for the other half of itself. One desktop is all that a person has.
const beside = chosen.filter(({ scenario }) => !scenario.alone);
await Promise.all(values.desktop ? [playAll(beside)] : [playAll(beside), playAll(beside)]);
await playAll(chosen.filter(({ scenario }) => scenario.alone));
process.exitCode = fine ? 0 : 1;

// Runs the suites inside a real VS Code extension host: `node test/host/run.ts [--version 1.105.1] [--suite story] [--desktop]`.
// Prints mocha's report of each, and fails when one of them does.
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { makeSample } from '../harness/sample.ts';
import { runDesktop } from './desktop.ts';
import { openBrowser, openEditor } from './editor.ts';
import { versions } from './install.ts';
import { scenarios, type Scenario } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    version: { type: 'string', multiple: true },
    suite: { type: 'string', multiple: true },
    desktop: { type: 'boolean' },
    grep: { type: 'string' },
  },
});

/** Below node_modules, so that what is not bundled (mocha) is found from there. */
const built = resolve(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'host-tests');

const root = resolve(import.meta.dirname, '..', '..');

const fixturesOf = ({ beside = [] }: Scenario): string[] =>
  beside.map((name) => join(import.meta.dirname, 'fixtures', name));

/** What `npm run package` made. */
async function packageFile(): Promise<string> {
  const found = (await readdir(root)).filter((name) => name.endsWith('.vsix'));
  const [file] = found;
  if (file === undefined || found.length > 1)
    throw new Error('There must be one package to install: remove old ones, and run `npm run package`.');
  return join(root, file);
}

/** Bundles the suites as the extension host loads them: CommonJS, with nothing outside but the editor and mocha. */
async function buildSuites(): Promise<void> {
  const folder = join(import.meta.dirname, 'suites');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.test.ts'));
  if (files.length === 0) throw new Error('There is no suite to run.');
  await rm(built, { recursive: true, force: true });
  await build({
    entryPoints: [join(import.meta.dirname, 'entry.ts'), ...files.map((name) => join(folder, name))],
    outdir: built,
    outExtension: { '.js': '.cjs' },
    entryNames: '[name]',
    bundle: true,
    platform: 'node',
    target: 'node22.18',
    format: 'cjs',
    external: ['vscode', 'mocha'],
    define: { 'import.meta.url': '__moduleUrl', 'import.meta.dirname': '__dirname' },
    banner: { js: `const __moduleUrl = require('node:url').pathToFileURL(__filename).href;` },
    sourcemap: 'inline',
    logLevel: 'warning',
  });
}

/** One scenario in one version: its launches one after the other, on one sample and one folder of user data. */
async function play(scenario: Scenario, version: string): Promise<boolean> {
  const sample = await makeSample({ tempo: scenario.tempo ?? 0.2, git: true });
  const place = resolve(sample.root, '..');
  const browser = await openBrowser();
  let fine = true;
  try {
    await scenario.prepare?.({ place, root: sample.root, teamFile: sample.teamFile });
    for (const launch of scenario.launches) {
      const report = join(place, 'report.txt');
      await rm(report, { force: true });
      const editor = await openEditor(browser, {
        version,
        env: {
          ...sample.env,
          ORCHESTRA_TEST_SUITE: join(built, `${launch.suite}.test.cjs`),
          ORCHESTRA_TEST_REPORT: report,
          ORCHESTRA_TEST_PLACE: place,
          ORCHESTRA_TEST_TITLE: `${scenario.name}: ${launch.suite} (VS Code ${version})`,
          ...(values.grep !== undefined && { ORCHESTRA_TEST_GREP: values.grep }),
        },
        userData: join(place, 'user'),
        ...(scenario.trust === false && { trust: false }),
        extensions: [...(scenario.packaged ? [] : [root]), ...fixturesOf(scenario)],
        ...(scenario.packaged && launch === scenario.launches[0] && { install: await packageFile() }),
        settings: scenario.settings?.({ place, root: sample.root, teamFile: sample.teamFile }) ?? {},
      });
      try {
        const folder = scenario.folder?.({ place, root: sample.root, teamFile: sample.teamFile });
        const window = await editor.open({
          suite: join(built, 'entry.cjs'),
          ...(scenario.folder ? folder !== undefined && { folder } : { folder: sample.root }),
        });
        const code = await window.exit(540_000);
        process.stdout.write(await readFile(report, 'utf8').catch(() => ''));
        if (code !== 0) {
          fine = false;
          process.stdout.write(`  ${scenario.name}: ${launch.suite} ended with ${code} in VS Code ${version}\n`);
          await window.page.screenshot({ path: join(built, `${scenario.name}-${version}.png`) }).catch(() => {});
        }
      } finally {
        await (launch.kill ? editor.kill() : editor.close());
      }
      if (!fine) break;
    }
  } finally {
    await browser.close();
    await sample.remove();
  }
  return fine;
}

await buildSuites();
await mkdir(built, { recursive: true });
const wanted = scenarios.filter(({ name, packaged }) =>
  values.suite === undefined ? packaged !== true : values.suite.includes(name),
);
if (wanted.length === 0)
  throw new Error(`There is no such scenario; there are: ${scenarios.map(({ name }) => name).join(', ')}.`);
const queue = (values.version ?? versions).flatMap((version) => wanted.map((scenario) => ({ scenario, version })));
let fine = true;
const worker = async (): Promise<void> => {
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { scenario, version } = next;
    const ran = values.desktop ? await runDesktop(scenario, version, built) : await play(scenario, version);
    fine &&= ran;
  }
};
// Two editors at a time: each waits often for the other half of itself. One desktop is all that a person has.
await Promise.all(values.desktop ? [worker()] : [worker(), worker()]);
process.exitCode = fine ? 0 : 1;

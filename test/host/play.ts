import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { makeSample } from '../harness/sample.ts';
import { openBrowser, openEditor } from './editor.ts';
import type { Launch, Scenario } from './scenarios.ts';

const root = resolve(import.meta.dirname, '..', '..');

/** Where suites are bundled to: below node_modules, so that what is not bundled (mocha) is found from there. */
export const built = join(root, 'node_modules', '.cache', 'host-tests');

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
export async function buildSuites(): Promise<void> {
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
  // Two windows of one server have one environment: each is told its suite by the module that it runs.
  for (const name of files) {
    const suite = name.replace(/[.]test[.]ts$/, '');
    const call = `require('./entry.cjs').run(${JSON.stringify(suite)}, require.resolve('./${suite}.test.cjs'))`;
    await writeFile(join(built, `${suite}.run.cjs`), `exports.run = () => ${call};\n`);
  }
}

/** One scenario in one version, its windows in the browser that is given or in one of its own: its launches one after the other, on one sample and one folder of user data. True when all is green. */
export async function play(
  scenario: Scenario,
  version: string,
  { grep, browser: given }: { grep?: string | undefined; browser?: Browser | undefined } = {},
): Promise<boolean> {
  const sample = await makeSample({ tempo: scenario.tempo ?? 0.2, git: true });
  const place = resolve(sample.root, '..');
  const where = { place, root: sample.root, teamFile: sample.teamFile };
  const browser = given ?? (await openBrowser());
  let fine = true;
  try {
    await scenario.prepare?.(where);
    for (const launch of scenario.launches) {
      const editor = await openEditor(browser, {
        version,
        env: {
          ...sample.env,
          ORCHESTRA_TEST_REPORTS: place,
          ORCHESTRA_TEST_PLACE: place,
          ORCHESTRA_TEST_TITLE: `${scenario.name} (VS Code ${version})`,
          ...(grep !== undefined && { ORCHESTRA_TEST_GREP: grep }),
        },
        userData: join(place, 'user'),
        ...(scenario.trust === false && { trust: false }),
        extensions: [...(scenario.packaged ? [] : [root]), ...fixturesOf(scenario)],
        ...(scenario.packaged && launch === scenario.launches[0] && { install: await packageFile() }),
        settings: scenario.settings?.(where) ?? {},
      });
      const folder = scenario.folder ? scenario.folder(where) : sample.root;
      const watch = async (suite: string): Promise<boolean> => {
        const report = join(place, `${suite}.report.txt`);
        await rm(report, { force: true });
        const window = await editor.open({
          suite: join(built, `${suite}.run.cjs`),
          ...(folder !== undefined && { folder }),
        });
        const over = new AbortController();
        const beside =
          suite === launch.suite
            ? scenario.page?.(window.page, where, over.signal).then(
                () => undefined,
                (error: unknown) => String(error),
              )
            : undefined;
        const code = await window.exit((scenario.minutes ?? 9) * 60_000);
        over.abort();
        const wrong = await beside;
        process.stdout.write(await readFile(report, 'utf8').catch(() => ''));
        if (code === 0 && wrong === undefined) return true;
        process.stdout.write(`  ${scenario.name}: ${suite} ended with ${wrong ?? code} in VS Code ${version}\n`);
        await window.page.screenshot({ path: join(built, `${scenario.name}-${suite}-${version}.png`) }).catch(() => {});
        return false;
      };
      try {
        const ended = await Promise.all(suitesOf(launch).map(watch));
        fine = ended.every(Boolean);
      } finally {
        await (launch.kill ? editor.kill() : editor.close());
      }
      if (!fine) break;
    }
  } finally {
    if (!given) await browser.close();
    await sample.remove();
  }
  return fine;
}

/** The suites of one launch; each has a window of its own. */
const suitesOf = ({ suite, second }: Launch): string[] => (second === undefined ? [suite] : [suite, second]);

import { join, resolve } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { makeSample } from '../harness/sample.ts';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { Scenario } from './scenarios.ts';

const root = resolve(import.meta.dirname, '..', '..');

/** The same scenario in the desktop's VS Code, which is downloaded (or named by `ORCHESTRA_VSCODE`). True when every suite of it is green. */
export async function runDesktop(scenario: Scenario, version: string, built: string): Promise<boolean> {
  const sample = await makeSample({ tempo: scenario.tempo ?? 0.2, git: true });
  const place = resolve(sample.root, '..');
  const user = join(place, 'user');
  const where = { place, root: sample.root, teamFile: sample.teamFile };
  try {
    await scenario.prepare?.(where);
    await mkdir(join(user, 'User'), { recursive: true });
    await writeFile(join(user, 'User', 'settings.json'), JSON.stringify(scenario.settings?.(where) ?? {}));
    const folder = scenario.folder ? scenario.folder(where) : sample.root;
    for (const launch of scenario.launches) {
      const report = join(place, `${launch.suite}.report.txt`);
      const executable = process.env['ORCHESTRA_VSCODE'];
      const code = await runTests({
        version,
        ...(executable !== undefined && { vscodeExecutablePath: executable }),
        extensionDevelopmentPath: root,
        extensionTestsPath: join(built, `${launch.suite}.run.cjs`),
        extensionTestsEnv: {
          ...sample.env,
          ORCHESTRA_TEST_REPORTS: place,
          ORCHESTRA_TEST_PLACE: place,
          ORCHESTRA_TEST_TITLE: `${scenario.name} (desktop VS Code ${version})`,
        },
        launchArgs: [
          ...(folder === undefined ? [] : [folder]),
          `--user-data-dir=${user}`,
          '--disable-extensions',
          ...(scenario.trust === false ? [] : ['--disable-workspace-trust']),
        ],
      }).catch(() => 1);
      process.stdout.write(await readFile(report, 'utf8').catch(() => ''));
      if (code !== 0) return false;
    }
    return true;
  } finally {
    await sample.remove();
  }
}

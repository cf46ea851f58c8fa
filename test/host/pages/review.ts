import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { versions } from '../install.ts';
import { openStage } from './stage.ts';
import { decisions } from './stories/decisions.ts';
import { fixes } from './stories/fix.ts';
import { fromBeginToEnd } from './stories/limit.ts';

/** The versions that are asked for: those of the suites, or what `ORCHESTRA_VSCODE_VERSION` names. */
export const asked: readonly string[] = process.env['ORCHESTRA_VSCODE_VERSION']?.split(',') ?? versions;

/**
 * The review as a person does it: real clicks in a real VS Code. `ORCHESTRA_SHOTS` names a folder for pictures, `ORCHESTRA_THEME=dark`
 * the dark theme.
 */
export function reviewIn(version: string): void {
  describe(`the review in VS Code ${version}`, function () {
    this.timeout(900_000);
    let place = '';
    const kept = { ...process.env };
    const stage = openStage(version, () => place);
    before(async () => {
      place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-pages-')));
      process.env['ORCHESTRA_CACHE'] = join(place, 'cache');
      process.env['ORCHESTRA_PROFILE'] = join(place, 'profile');
    });
    afterEach(async function () {
      if (this.currentTest?.state === 'failed') await stage.shot('failed');
    });
    after(async () => {
      await stage.close();
      await rm(place, { recursive: true, force: true, maxRetries: 5 });
      for (const name of ['ORCHESTRA_CACHE', 'ORCHESTRA_PROFILE'])
        if (kept[name] === undefined) delete process.env[name];
        else process.env[name] = kept[name];
    });

    fromBeginToEnd(stage);
    decisions(stage);
    fixes(stage);
  });
}

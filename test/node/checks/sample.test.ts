import assert from 'node:assert/strict';
import { chmod, cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { openChecks } from '../../../src/node/checks/checks.ts';
import { teamOf } from '../../../src/node/team/inForce.ts';
import { makeSample } from '../../../src/vscode/sample.ts';

const never = new AbortController().signal;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

describe("the editor's sample", function () {
  let folder: string;
  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-sample-checks-')));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('is green where the `node` of the PATH cannot run it: its checks use the one that runs us', async () => {
    const old = join(folder, 'old');
    await mkdir(old);
    await writeFile(join(old, 'node'), '#!/bin/sh\necho "bad option: --experimental-strip-types" >&2\nexit 9\n');
    await chmod(join(old, 'node'), 0o755);
    await writeFile(join(old, 'node.cmd'), '@exit /b 9\r\n');
    const { root, teamFile } = await makeSample(folder, 0);
    const { team } = await teamOf(root, { explicit: teamFile, signal: never });
    const cwd = join(folder, 'checkout');
    await cp(root, cwd, { recursive: true });
    const checks = openChecks({
      root,
      checks: team.checks,
      setup: team.setup,
      consent: { mayRun: () => 'yes', mayBring: () => 'yes' },
      log: quiet,
      scratch: folder,
      readable: [folder],
      env: { ...process.env, PATH: [old, process.env['PATH'] ?? ''].join(delimiter) },
    });
    const bare = await checks.run(
      { name: 'bare', run: 'node --experimental-strip-types --test', minutes: 1 },
      cwd,
      never,
    );
    assert.equal(bare.result, 'red', 'the old one is what `node` means here');
    assert.deepEqual(
      team.checks.map(({ name }) => name),
      ['test', 'lint'],
    );
    for (const check of team.checks) {
      const { result, tail } = await checks.run(check, cwd, never);
      assert.equal(result, 'green', `${check.name}: ${tail}`);
    }
  });
});

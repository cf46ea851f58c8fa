import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { gitProgram } from '../../../src/node/git/program.ts';
import { never } from './world.ts';
import { skipFor } from '../../harness/skip.ts';

describe('the git that is used', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'orchestra-program-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  async function fake(name: string, script: string): Promise<string> {
    const path = join(folder, name);
    await mkdir(path);
    await writeFile(join(path, 'git'), `#!/bin/sh\n${script}\n`);
    await chmod(join(path, 'git'), 0o755);
    return path;
  }

  it('is the one on the PATH', async () => {
    assert.match(await gitProgram(never), /git(\.exe)?$/);
  });

  it('is missed with a hint how to install it', async () => {
    await assert.rejects(gitProgram(never, folder), { name: 'UserError', code: 'no-git', hint: /Install/ });
    await assert.rejects(gitProgram(never, ''), { code: 'no-git' });
  });

  it('is found again once it is installed', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const path = join(folder, 'later');
    await assert.rejects(gitProgram(never, path), { code: 'no-git' });
    await fake('later', 'echo git version 2.45.1');
    assert.equal(await gitProgram(never, path), join(path, 'git'));
  });

  for (const [version, fine] of [
    ['2.37.9', false],
    ['1.8.3.1', false],
    ['2.38.0', true],
    ['2.39.5 (Apple Git-154)', true],
    ['2.47.0.windows.1', true],
    ['3.0.0-rc1', true],
  ] as const) {
    it(`${fine ? 'may' : 'must not'} be ${version}`, async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const path = await fake(`v${version}`.replace(/\W/g, '-'), `echo 'git version ${version}'`);
      if (fine) assert.equal(await gitProgram(never, path), join(path, 'git'));
      else
        await assert.rejects(gitProgram(never, path), {
          code: 'old-git',
          message: new RegExp(`version ${version.split(' ')[0]?.replace(/\./g, '\\.')}; 2\\.38`),
        });
    });
  }

  it('must work: one that only says what is missing counts as none', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const path = await fake('xcode', 'echo "xcode-select: note: no developer tools were found" >&2; exit 1');
    await assert.rejects(gitProgram(never, path), { code: 'no-git', message: /no developer tools/ });
  });

  it('is never one that the folder brings by a relative PATH', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const path = await fake('real', 'echo git version 2.45.1');
    assert.equal(await gitProgram(never, ['.', '', 'bin', path].join(delimiter)), join(path, 'git'));
    await assert.rejects(gitProgram(never, ['.', 'real'].join(delimiter)), { code: 'no-git' });
  });
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { cacheFolder, isPlainName, profileFolder, projectKey, runFolder } from '../../src/node/paths.ts';

describe('paths', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'orchestra-paths-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  it('can be sent elsewhere by the environment', () => {
    assert.equal(cacheFolder({ ORCHESTRA_CACHE: join(folder, 'c') }), join(folder, 'c'));
    assert.equal(profileFolder({ ORCHESTRA_PROFILE: join(folder, 'p') }), join(folder, 'p'));
  });

  it('are absolute, and ignore a relative XDG folder', () => {
    for (const path of [cacheFolder({ XDG_CACHE_HOME: 'x' }), profileFolder({ XDG_CONFIG_HOME: 'x' })]) {
      assert.ok(isAbsolute(path) && path.includes('model-orchestra'));
      assert.ok(!path.startsWith(process.cwd()));
    }
  });

  it('give a project one key however it is reached, and two projects two', async () => {
    await mkdir(join(folder, 'a', 'my app'), { recursive: true });
    await mkdir(join(folder, 'b', 'my app'), { recursive: true });
    await symlink(join(folder, 'a', 'my app'), join(folder, 'link'), 'junction');
    const key = projectKey(join(folder, 'a', 'my app'));
    assert.match(key, /^my-app-[0-9a-f]{16}$/);
    assert.equal(projectKey(join(folder, 'link')), key);
    assert.notEqual(projectKey(join(folder, 'b', 'my app')), key);
  });

  it('give a key that is a plain name for any folder', async () => {
    for (const name of ['...', 'ünïcode', '-rf', 'x'.repeat(200), '日本']) {
      await mkdir(join(folder, name), { recursive: true });
      assert.ok(isPlainName(projectKey(join(folder, name))), projectKey(join(folder, name)));
    }
  });

  it('refuse run ids that lead elsewhere', () => {
    for (const run of [
      '',
      '.',
      '..',
      '../x',
      'a/b',
      'a\\b',
      '/etc',
      'C:',
      'a\0',
      'a\n',
      '.git',
      '-x',
      'nul',
      'a..b',
      'x.lock',
      'x.',
      'x'.repeat(101),
    ]) {
      assert.throws(() => runFolder(folder, run), { code: 'bad-run' }, run);
    }
    assert.equal(
      runFolder(folder, '20261122-101500-ab12'),
      join(folder, '.orchestration', 'runs', '20261122-101500-ab12'),
    );
  });
});

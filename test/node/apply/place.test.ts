import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inFolder, locate, within } from '../../../src/node/apply/place.ts';
import type { Place } from '../../../src/node/apply/place.ts';

describe('the place of a path', () => {
  let root: string;
  beforeEach(async () => {
    root = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-place-')));
    await mkdir(join(root, 'a/b'), { recursive: true });
    await writeFile(join(root, 'a/file'), 'x');
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it('is the deepest folder that is there, what is missing, and the name', async () => {
    const found = await locate(root, 'a/b/c/d/e');
    assert.deepEqual(found, { folder: join(root, 'a/b'), missing: ['c', 'd'], name: 'e', real: 'a/b/c/d/e' });
    assert.deepEqual(await locate(root, 'e'), { folder: root, missing: [], name: 'e', real: 'e' });
    assert.equal(((await locate(root, 'a/file/x')) as { code: string }).code, 'blocked');
    assert.deepEqual(((await locate(root, 'a/file/x', new Set(['a/file']))) as Place).missing, ['file']);
  });

  it('follows links inside only, however many there are', async () => {
    await symlink(join(root, 'a'), join(root, 'one'), 'junction');
    await symlink(join(root, 'one'), join(root, 'two'), 'junction');
    await symlink(join(root, '..'), join(root, 'up'), 'junction');
    await symlink(join(root, 'loop'), join(root, 'loop'), 'junction');
    assert.equal(((await locate(root, 'two/b/x')) as { real: string }).real, 'a/b/x');
    for (const path of ['up/x', 'two/../up/x', 'loop/x'])
      assert.equal(((await locate(root, path)) as { code: string }).code, 'outside');
  });

  it('is entered only while it is the real one, and through nothing that took its name', async function () {
    await symlink(join(root, 'a'), join(root, 'alias'), 'junction');
    const entered = async (folder: string): Promise<boolean> =>
      (await inFolder(folder, async () => true)) !== undefined;
    assert.equal(await entered(join(root, 'a/b')), true);
    for (const path of ['alias', 'alias/b', 'nothing']) assert.equal(await entered(join(root, path)), false, path);
    if (process.platform !== 'linux') return;
    await inFolder(join(root, 'a'), async (prefix) => {
      await rename(join(root, 'a'), join(root, 'moved'));
      await mkdir(join(root, 'a'));
      await writeFile(join(prefix, 'new'), 'y');
    });
    assert.equal(await readFile(join(root, 'moved/new'), 'utf8'), 'y');
    await assert.rejects(readFile(join(root, 'a/new')), { code: 'ENOENT' });
  });

  it('is told apart from one whose name only begins like it', () => {
    assert.deepEqual(
      ['', '/x', '/..x', 'x', '/../b'].map((more) => within(root, join(`${root}${more}`))),
      [true, true, true, false, false],
    );
  });
});

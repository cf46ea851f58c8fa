import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, makeWorld, never } from './world.ts';
import type { World } from './world.ts';
import { skipFor } from '../../harness/skip.ts';

describe('a full disk', function () {
  let world: World;
  let small: string;
  let mounted = false;

  before(async function () {
    world = await makeWorld();
    small = join(world.folder, 'small');
    mkdirSync(small);
    mounted =
      process.platform === 'linux' &&
      spawnSync('/bin/sh', ['-c', `mount -t tmpfs -o size=2m tmpfs '${small}'`]).status === 0;
    if (!mounted) skipFor(this, 'needs the right to mount a disk');
  });
  after(async () => {
    if (mounted) spawnSync('/bin/sh', ['-c', `umount '${small}'`]);
    await world.end();
  });

  it('is said in a sentence, at every step, and all works again when there is room', async () => {
    const root = world.repository('p', { a: 'a\n' });
    world.files(root, Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`f${i}`, `${i}\n`])));
    process.env['ORCHESTRA_CACHE'] = join(small, 'cache');
    const workspaces = await world.open(root);
    const base = await workspaces.takeBase(never);
    const { path } = await workspaces.open('w', base.commit, never);
    world.files(path, { b: 'b' });

    const full = { name: 'UserError', code: 'disk-full' };
    const fill = join(small, 'fill');
    assert.throws(() => writeFileSync(fill, randomBytes(4_000_000)), { code: 'ENOSPC' });
    writeFileSync(join(root, 'x'), 'x');
    await assert.rejects(workspaces.takeBase(never), full);
    await assert.rejects(workspaces.open('other', base.commit, never), full);
    await assert.rejects(workspaces.commit('w', 'x', never), full);
    await assert.rejects(workspaces.withFiles(base.tree, base.commit, [{ path: 'b', content: 'b' }], never), full);
    await assert.rejects(workspaces.merge(base.commit, base.commit, base.commit, never), full);
    await assert.rejects(workspaces.keep('run2', [base.commit], never), full);
    await assert.rejects(world.open(root, 'run2'), full);
    assert.deepEqual(await workspaces.find('other', base.commit, never), undefined);

    rmSync(fill);
    writeFileSync(join(root, 'big'), randomBytes(3_000_000));
    await assert.rejects(workspaces.takeBase(never), full);
    rmSync(join(root, 'big'));
    // git leaves the half of a pack.
    await workspaces.clean(undefined, never);
    const later = await workspaces.takeBase(never);
    assert.deepEqual(
      await workspaces.list(later.tree, never),
      Object.keys(filesOf(root))
        .filter((p) => !p.startsWith('.git'))
        .sort(),
    );
    await workspaces.keep('run1', [(await workspaces.commit('w', 'x', never)).commit], never);
    await workspaces.open('other', later.commit, never);
  });
});

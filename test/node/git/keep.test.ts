import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { filesOf, fingerprint, makeWorld, never, shell } from './world.ts';
import type { World } from './world.ts';

describe('what a run keeps', function () {
  let world: World;
  beforeEach(async () => (world = await makeWorld()));
  afterEach(() => world.end());

  const many = Object.fromEntries(
    Array.from({ length: 150 }, (_, i) => [`d${i % 7}/f${i}.ts`, `file ${i}\n`.repeat(i)]),
  );

  it("is whole when the person's objects are gone", async () => {
    const root = world.repository('p', many);
    world.git(root, 'gc', '-q');
    const workspaces = await world.open(root);
    const base = await workspaces.takeBase(never);
    const { path } = await workspaces.open('w', base.commit, never);
    world.files(path, { 'd0/f0.ts': 'changed\n', new: 'n' });
    const work = await workspaces.commit('w', 'x', never);
    const before = await workspaces.changes(base.commit, work.commit, never);
    await workspaces.keep('run1', [base.commit, work.commit], never);
    await workspaces.keep('run1', [base.commit, work.commit], never);
    rmSync(join(root, '.git', 'objects'), { recursive: true });
    const later = await world
      .open(world.files(join(world.folder, 'p'), { '.git/objects/x': '' }), 'run2')
      .catch(async () => {
        rmSync(join(root, '.git'), { recursive: true });
        return world.open(root, 'run2');
      });
    assert.deepEqual(await later.changes(base.commit, work.commit, never), before);
    const again = await later.open('again', work.commit, never);
    assert.deepEqual(filesOf(again.path), filesOf(path));
  });

  it('is read, by us and by an agent, through a clone that itself borrows', async () => {
    const far = world.repository('far', many);
    world.git(world.folder, 'clone', '-q', '--shared', far, 'near');
    const root = join(world.folder, 'near');
    const workspaces = await world.open(root);
    const base = await workspaces.takeBase(never);
    const { path } = await workspaces.open('w', base.commit, never);
    assert.deepEqual(filesOf(path), filesOf(root));
    assert.equal(shell(path, 'git status --porcelain; git show HEAD:d0/f7.ts'), many['d0/f7.ts']);
    assert.equal(shell(path, 'find .git/objects -type f | grep -v alternates || true'), '');
    await workspaces.keep('run1', [base.commit], never);
    rmSync(far, { recursive: true });
    assert.deepEqual(filesOf((await workspaces.open('again', base.commit, never)).path), filesOf(path));
  });

  it('survives a garbage collection of the private repository; what was forgotten does not', async () => {
    const root = world.repository('p', many);
    const workspaces = await world.open(root);
    const base = await workspaces.takeBase(never);
    const kept = await workspaces.withFiles(base.tree, base.commit, [{ path: 'kept', content: 'kept' }], never);
    const loose = await workspaces.withFiles(base.tree, base.commit, [{ path: 'loose', content: 'loose' }], never);
    await workspaces.keep('run1', [kept.commit], never);
    const repository = shell(world.cache, 'find "$PWD" -name repository.git').trim();
    await workspaces.clean(undefined, never);
    assert.equal(await workspaces.read(loose.tree, 'loose', never), 'loose');
    const gc = (): string =>
      shell(repository, `GIT_ALTERNATE_OBJECT_DIRECTORIES='${join(root, '.git/objects')}' git gc -q --prune=now 2>&1`);
    assert.equal(gc(), '');
    assert.equal(await workspaces.read(kept.tree, 'kept', never), 'kept');
    await assert.rejects(workspaces.read(loose.tree, 'loose', never));
    await workspaces.forget('run1', never);
    await workspaces.forget('run1', never);
    assert.equal(gc(), '');
    await assert.rejects(workspaces.read(kept.tree, 'kept', never));
    // The next snapshot notices what is missing.
    const next = await workspaces.takeBase(never);
    assert.equal(next.tree, base.tree);
    assert.deepEqual(filesOf((await workspaces.open('w', next.commit, never)).path), filesOf(root));
  });

  it('copies only what is borrowed, and writes nothing elsewhere', async () => {
    const root = world.repository('p', many);
    const workspaces = await world.open(root);
    const base = await workspaces.takeBase(never);
    const repository = shell(world.cache, 'find "$PWD" -name repository.git').trim();
    const before = fingerprint(join(root, '.git'), { dates: true });
    const owned = Object.keys(fingerprint(repository)).length;
    await workspaces.keep('run1', [base.commit], never);
    assert.deepEqual(fingerprint(join(root, '.git'), { dates: true }), before);
    const copied = Object.keys(fingerprint(repository)).length;
    await workspaces.keep('run2', [base.commit], never);
    // The second time only the ref is new (and its folder).
    assert.ok(copied > owned);
    assert.equal(Object.keys(fingerprint(repository)).length, copied + 2);
    assert.equal(readFileSync(join(repository, 'refs', 'runs', 'run2', base.commit), 'utf8').trim(), base.commit);
    assert.equal(shell(repository, 'git fsck --full 2>&1').replace(/^(dangling|notice).*\n/gm, ''), '');
  });
});

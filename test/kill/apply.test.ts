import assert from 'node:assert/strict';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applierOf, bothTrees, changes, freshProject, killed, recovered } from '../node/apply/killing.ts';
import type { Trees } from '../node/apply/killing.ts';
import { look } from '../node/apply/tree.ts';

const never = new AbortController().signal;

describe('kill -9 at every point', function () {
  this.timeout(600_000);
  let folder: string;
  let root: string;
  let trees: Trees;

  before(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-kill-')));
    root = join(folder, 'project');
    trees = await bothTrees(root);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('of an apply', async () => {
    const counts = { was: 0, becomes: 0 };
    for (let at = 0; ; at++) {
      await freshProject(root);
      if (!(await killed(root, 'apply', at))) break;
      counts[await recovered(root, trees)]++;
      await applierOf(root).apply(changes, 'a1', never);
      assert.deepEqual(await look(root), trees.becomes);
    }
    assert.ok(counts.was > 35 && counts.becomes === 2, JSON.stringify(counts));
  });

  it('of an undo', async () => {
    const counts = { was: 0, becomes: 0 };
    for (let at = 0; ; at++) {
      await freshProject(root);
      await applierOf(root).apply(changes, 'a1', never);
      if (!(await killed(root, 'undo', at))) break;
      counts[await recovered(root, trees)]++;
    }
    assert.ok(counts.was === 2 && counts.becomes > 35, JSON.stringify(counts));
  });

  it('of the recovery', async () => {
    let kills = 0;
    const points: string[] = [];
    await freshProject(root);
    await applierOf(root, (point) => void points.push(point)).apply(changes, 'a1', never);
    for (let at = 0; ; at++) {
      await freshProject(root);
      assert.ok(await killed(root, 'apply', points.indexOf('written')));
      if (!(await killed(root, 'recover', at))) break;
      kills++;
      assert.equal(await recovered(root, trees), 'was');
    }
    assert.ok(kills > 8, String(kills));
  });
});

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { makeScratch, sweepScratch } from '../../../src/node/checks/scratch.ts';
import { run } from '../../../src/node/processes.ts';

describe('the private folder of a command', () => {
  let parent: string;
  before(async () => (parent = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-scratch-')))));
  after(() => rm(parent, { recursive: true, force: true }));

  it('is ours alone, and there as long as we live', async () => {
    const folder = await makeScratch(parent);
    if (process.platform !== 'win32') assert.equal((await stat(folder)).mode & 0o777, 0o700);
    assert.notEqual(folder, await makeScratch(parent));
    await sweepScratch(parent);
    assert.equal((await readdir(parent)).length, 2);
  });

  it('goes when the process that made it was killed, whatever a command did in it', async () => {
    const module = join(import.meta.dirname, '../../../src/node/checks/scratch.ts');
    const script = `
      const { makeScratch } = await import(${JSON.stringify(module)});
      await makeScratch(process.argv[1]);
      process.kill(process.pid, 'SIGKILL');`;
    const env = { PATH: process.env['PATH'], SystemRoot: process.env['SystemRoot'] };
    const before = await readdir(parent);
    await run(process.execPath, ['--input-type=module', '-e', script, parent], {
      cwd: parent,
      env,
      signal: new AbortController().signal,
    });
    const left = (await readdir(parent)).filter((name) => !before.includes(name));
    assert.equal(left.length, 1);
    const locked = join(parent, left[0] as string, 'tmp/locked');
    await mkdir(locked, { recursive: true });
    await writeFile(join(locked, 'x'), 'x');
    await chmod(locked, 0o500);
    await sweepScratch(parent);
    assert.deepEqual(await readdir(parent), before);
  });

  it('is not taken for left when its owner cannot be told, nor is what only looks like one', async () => {
    const fresh = await mkdtemp(join(parent, 'orchestra-check-'));
    const old = await mkdtemp(join(parent, 'orchestra-check-'));
    const garbage = await mkdtemp(join(parent, 'orchestra-check-'));
    const other = await mkdtemp(join(parent, 'other-'));
    await writeFile(join(garbage, 'owner.json'), '{"pid":');
    await writeFile(join(parent, 'orchestra-check-file'), 'x');
    const longAgo = new Date(Date.now() - 48 * 3_600_000);
    await utimes(old, longAgo, longAgo);
    await sweepScratch(parent);
    const names = await readdir(parent);
    for (const kept of [fresh, garbage, other]) assert.ok(names.includes(basename(kept)));
    assert.ok(!names.includes(basename(old)));
    assert.equal(await readFile(join(parent, 'orchestra-check-file'), 'utf8'), 'x');
  });
});

import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acquireLease, holderOf, ownerOf } from '../../../src/node/run/lease.ts';
import { lifeOf, thisOwner } from '../../../src/node/run/owner.ts';
import { bundledCode } from '../../harness/bundle.ts';
import { child, never, scratch, source, withTmpfs } from './support.ts';

describe('lease', () => {
  const folder = scratch();
  const leaseFile = (): string => join(folder(), 'lease.json');
  /** Takes the lease when told to, says how that went, and keeps it until it is told again. */
  const contender = `
    import { createInterface } from 'node:readline';
    import { acquireLease } from '${source('node/run/lease.ts')}';
    const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    console.log('ready');
    let lease;
    for (;;) {
      const { value, done } = await lines.next();
      if (done) process.exit(0);
      if (value === 'drop') { await lease?.release(); lease = undefined; console.log('dropped'); continue; }
      try {
        lease = await acquireLease(value, { signal: new AbortController().signal });
        console.log('epoch ' + lease.epoch);
      } catch (error) {
        console.log(error.code + ' ' + error.message);
      }
    }`;

  it('has one owner, who is named to the second', async () => {
    const lease = await acquireLease(folder(), { signal: never });
    assert.equal(lease.epoch, 1);
    await lease.assertMine();
    await assert.rejects(acquireLease(folder(), { signal: never }), (error: Error & { code: string }) => {
      assert.equal(error.code, 'run-owned');
      assert.match(error.message, new RegExp(`process ${process.pid} .*on ${lease.owner.host}`));
      return true;
    });
    await assert.rejects(
      acquireLease(folder(), { signal: never, force: true }),
      { code: 'run-owned' },
      'not even by force',
    );
    assert.equal((await ownerOf(folder()))?.pid, process.pid);
    await lease.release();
    assert.equal(await ownerOf(folder()), undefined);
    await assert.rejects(lease.assertMine(), { code: 'lease-lost' });
    await lease.release();
    assert.deepEqual(await readdir(folder()), []);
  });

  it('is won by exactly one of several processes, many times over, also from a dead owner', async function () {
    const { spawn } = await import('node:child_process');
    const all = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const process_ = spawn(process.execPath, [bundledCode(contender)], {
          stdio: ['pipe', 'pipe', 'inherit'],
        });
        const { createInterface } = await import('node:readline');
        const lines = createInterface({ input: process_.stdout })[Symbol.asyncIterator]();
        const hear = async (): Promise<string> => String((await lines.next()).value);
        assert.equal(await hear(), 'ready');
        return { say: (word: string) => process_.stdin.write(`${word}\n`), hear, end: () => process_.stdin.end() };
      }),
    );
    try {
      const dead = { ...(await thisOwner()), startTime: '1', pid: 999_999_999 };
      for (let round = 0; round < 40; round++) {
        const run = join(folder(), `run-${round}`);
        await mkdir(run);
        // Every other round an owner has died, and left its lock as well.
        const died = round % 2 === 1;
        if (died) {
          await writeFile(
            join(run, 'lease.json'),
            JSON.stringify({ ...dead, epoch: 7, since: '2026-11-22T00:00:00Z' }),
          );
          if (round % 4 === 3) await writeFile(join(run, 'lease.lock'), JSON.stringify(dead));
        }
        for (const one of all) one.say(run);
        const heard = await Promise.all(all.map((one) => one.hear()));
        assert.equal(heard.filter((word) => word === `epoch ${died ? 8 : 1}`).length, 1, heard.join('; '));
        assert.equal(heard.filter((word) => word.startsWith('run-owned ')).length, 3, heard.join('; '));
        assert.deepEqual(await readdir(run), ['lease.json']);
        for (const one of all) one.say('drop');
        await Promise.all(all.map((one) => one.hear()));
        assert.deepEqual(await readdir(run), []);
      }
    } finally {
      for (const one of all) one.end();
    }
  });

  it('passes on when its owner is killed, with the next epoch', async () => {
    const owner = child(
      `import { acquireLease } from '${source('node/run/lease.ts')}';
       await acquireLease(process.argv[1], { signal: new AbortController().signal });
       console.log('mine'); setInterval(() => {}, 1000);`,
      folder(),
    );
    await new Promise((done) => owner.stdout.once('data', done));
    assert.equal((await ownerOf(folder()))?.pid, owner.pid);
    await assert.rejects(acquireLease(folder(), { signal: never }), { code: 'run-owned' });
    const gone = new Promise((done) => owner.once('exit', done));
    owner.kill('SIGKILL');
    await gone;
    assert.equal(await ownerOf(folder()), undefined, 'a dead owner does not run');
    assert.deepEqual((await holderOf(folder()))?.life, 'dead');
    const lease = await acquireLease(folder(), { signal: never });
    assert.equal(lease.epoch, 2);
    await lease.release();
  });

  it('on another machine or in another container is taken by force only, and never called running', async () => {
    const me = await thisOwner();
    const far: [string, object][] = [
      ['machine', { host: 'elsewhere', boot: 'another' }],
      ['system on this machine', { platform: 'cp/m' }],
    ];
    if (process.platform === 'linux') far.push(['container', { pids: 'pid:[1]' }]);
    for (const [what, other] of far) {
      await writeFile(leaseFile(), JSON.stringify({ ...me, ...other, epoch: 4, since: '' }));
      assert.equal(await ownerOf(folder()), undefined, what);
      await assert.rejects(acquireLease(folder(), { signal: never }), { code: 'run-elsewhere' }, what);
      const lease = await acquireLease(folder(), { signal: never, force: true });
      assert.equal(lease.epoch, 5);
      await lease.release();
    }
  });

  it('knows a restart of the machine, a pid that was used anew, and a zombie', async function () {
    const me = await thisOwner();
    assert.equal(await lifeOf(me), 'living');
    if (me.boot !== '') {
      assert.equal(await lifeOf({ ...me, boot: 'an earlier one' }), 'dead');
      assert.equal(await lifeOf({ ...me, host: 'renamed-by-dhcp' }), 'living');
    }
    assert.equal(await lifeOf({ ...me, startTime: '1' }), 'dead');
    assert.equal(await lifeOf({ ...me, pid: 999_999_999 }), 'dead');
    if (process.platform !== 'linux') return;
    const { execFileSync, spawn } = await import('node:child_process');
    // A shell that never waits for its child.
    const shell = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const pid = await new Promise<number>((done) => shell.stdout.once('data', (text) => done(Number(text))));
      for (
        let tries = 0;
        tries < 100 && !/ Z /.test(execFileSync('cat', [`/proc/${pid}/stat`], { encoding: 'utf8' }));
        tries++
      ) {
        await new Promise((done) => setTimeout(done, 20));
      }
      const started = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ')[19] ?? '';
      assert.equal(await lifeOf({ ...me, pid, startTime: started }), 'dead', 'a zombie');
      assert.equal(await lifeOf({ ...me, pid, startTime: '' }), 'dead', 'a zombie of whom little is known');
    } finally {
      shell.kill('SIGKILL');
    }
  });

  it('goes on counting from the journal when the file was removed, and over one that is no lease', async () => {
    const event = { type: 'note', level: 'info', text: '{"seq":9,"at":"","epoch":99,' };
    const line = (epoch: number): string => `${JSON.stringify({ seq: 1, at: '2026', epoch, event })}\n`;
    await writeFile(join(folder(), 'journal.jsonl'), line(2) + line(6));
    const lease = await acquireLease(folder(), { signal: never });
    assert.equal(lease.epoch, 7);
    await rm(leaseFile());
    await assert.rejects(lease.assertMine(), { code: 'lease-lost' });
    await writeFile(leaseFile(), 'rubbish');
    assert.equal(await ownerOf(folder()), undefined);
    await (await acquireLease(folder(), { signal: never })).release();
  });

  it('says why it cannot be had on a full or read-only disk', async function () {
    await withTmpfs(this, async (disk) => {
      await writeFile(join(disk.folder, 'ballast'), Buffer.alloc(1 << 20)).catch(() => {});
      await assert.rejects(acquireLease(disk.folder, { signal: never }), { code: 'disk-full' });
      await rm(join(disk.folder, 'ballast'));
      disk.readOnly(true);
      await assert.rejects(acquireLease(disk.folder, { signal: never }), { code: 'read-only' });
      disk.readOnly(false);
      assert.deepEqual(await readdir(disk.folder), []);
    });
  });
});

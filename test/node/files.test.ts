import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createExclusive, liesWithin, makeFolder, removeStale, withLock, writeAtomic } from '../../src/node/files.ts';
import { thisOwner } from '../../src/node/run/owner.ts';
import { child, never, runChild, scratch, source, withTmpfs } from './run/support.ts';
import { skipFor } from '../harness/skip.ts';

describe('files', () => {
  const folder = scratch();

  it('replaces a file as a whole, for every reader', async () => {
    const path = join(folder(), 'page.md');
    const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
    await writeAtomic(path, texts[0] ?? '');
    let writing = true;
    const reads = (async () => {
      let count = 0;
      for (; writing; count++) assert.ok(texts.includes(await readFile(path, 'utf8')), 'a reader saw a torn file');
      return count;
    })();
    for (let round = 0; round < 30; round++) await writeAtomic(path, texts[round % 2] ?? '');
    writing = false;
    assert.ok((await reads) > 5);
    assert.deepEqual(await readdir(folder()), ['page.md']);
  });

  it('replaces a symbolic link instead of writing through it', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    await writeFile(join(folder(), 'secret'), 'theirs');
    await symlink('secret', join(folder(), 'page.md'));
    await writeAtomic(join(folder(), 'page.md'), 'ours');
    assert.equal(await readFile(join(folder(), 'secret'), 'utf8'), 'theirs');
  });

  it('lets one of many create a file, whole', async () => {
    const path = join(folder(), 'only.json');
    const made = await Promise.all(Array.from({ length: 40 }, (_, n) => createExclusive(path, `${n}`.repeat(5000))));
    assert.equal(made.filter(Boolean).length, 1);
    assert.equal(await readFile(path, 'utf8'), `${made.indexOf(true)}`.repeat(5000));
    assert.deepEqual(await readdir(folder()), ['only.json']);
  });

  it('says what is in the way', async () => {
    await writeFile(join(folder(), 'file'), '');
    await assert.rejects(makeFolder(join(folder(), 'file', 'below')), { code: 'not-a-folder' });
    await assert.rejects(makeFolder(join(folder(), 'file')), { code: 'not-a-folder' });
    await assert.rejects(writeAtomic(join(folder(), 'file', 'x'), ''), { code: 'not-a-folder' });
  });

  it('says that the disk is full, and keeps the old file', async function () {
    await withTmpfs(this, async (disk) => {
      const path = join(disk.folder, 'page.md');
      await writeAtomic(path, 'old');
      await assert.rejects(writeAtomic(path, 'x'.repeat(1 << 20)), { name: 'UserError', code: 'disk-full' });
      await assert.rejects(createExclusive(join(disk.folder, 'b'), 'x'.repeat(1 << 20)), { code: 'disk-full' });
      assert.equal(await readFile(path, 'utf8'), 'old');
      assert.deepEqual(await readdir(disk.folder), ['page.md'], 'no temporary is left');
      disk.readOnly(true);
      await assert.rejects(writeAtomic(path, 'new'), { name: 'UserError', code: 'read-only' });
      await assert.rejects(makeFolder(join(disk.folder, 'more')), { code: 'read-only' });
      await assert.rejects(
        withLock(join(disk.folder, 'lock'), async () => {}, { signal: never }),
        { code: 'read-only' },
      );
      assert.equal(await readFile(path, 'utf8'), 'old');
    });
  });

  it('removes old temporaries of ours and those of the dead, and nothing else', async () => {
    const ours = `.new.${process.pid}.0123456789ab.tmp`;
    const old = [
      '.page.md.12.0123456789ab.tmp',
      `.old.${process.pid}.0123456789ab.tmp`,
      '.page.md',
      'page.tmp',
      '.other.tmp',
    ];
    const dead = '.dead.999999999.0123456789ab.tmp';
    for (const name of [...old, ours, dead, '.fresh.999999999.0123456789ab.tmp'])
      await writeFile(join(folder(), name), '');
    const ago = (seconds: number): number => Date.now() / 1000 - seconds;
    for (const name of old) await utimes(join(folder(), name), ago(3600), ago(3600));
    for (const name of [ours, dead]) await utimes(join(folder(), name), ago(30), ago(30));
    assert.equal(await removeStale(folder(), 60_000), 3);
    assert.deepEqual(
      (await readdir(folder())).toSorted(),
      [ours, '.fresh.999999999.0123456789ab.tmp', '.other.tmp', '.page.md', 'page.tmp'].toSorted(),
    );
    assert.equal(await removeStale(join(folder(), 'none'), 0), 0);
  });

  it('tells where links really lead', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const root = join(folder(), 'project');
    await mkdir(join(root, 'in'), { recursive: true });
    await mkdir(join(folder(), 'project-2'));
    await symlink(root, join(folder(), 'alias'));
    await symlink('in', join(root, 'fine'));
    await symlink('../project-2', join(root, 'out'));
    await symlink('nowhere', join(root, 'dangling'));
    await symlink('circle', join(root, 'circle'));
    for (const [path, within] of [
      ['', true],
      ['in/yet/to/come', true],
      ['fine/x', true],
      ['out', false],
      ['out/x', false],
      ['dangling', false],
      ['circle/x', false],
      ['../project-2', false],
      ['..', false],
      ['..name', true],
    ] as const) {
      assert.equal(await liesWithin(root, join(root, path)), within, path);
      assert.equal(await liesWithin(join(folder(), 'alias'), join(root, path)), within, path);
    }
  });
});

describe('locks', () => {
  const folder = scratch();
  const lockCode = `
    import { readFileSync, writeFileSync } from 'node:fs';
    import { withLock } from '${source('node/files.ts')}';
    const [lock, counter, rounds] = process.argv.slice(1);
    for (let n = 0; n < Number(rounds); n++) {
      await withLock(lock, async () => {
        const value = Number(readFileSync(counter, 'utf8'));
        await new Promise((done) => setTimeout(done, 1));
        writeFileSync(counter, String(value + 1));
      }, { signal: new AbortController().signal });
    }`;

  it('hold between processes and within one', async () => {
    const [lock, counter] = [join(folder(), 'lock'), join(folder(), 'counter')];
    await writeFile(counter, '0');
    const within = Array.from({ length: 5 }, () =>
      withLock(lock, async () => writeFile(counter, String(Number(await readFile(counter, 'utf8')) + 1)), {
        signal: never,
      }),
    );
    await Promise.all([...within, ...Array.from({ length: 4 }, () => runChild(lockCode, lock, counter, '15'))]);
    assert.equal(await readFile(counter, 'utf8'), '65');
    assert.deepEqual((await readdir(folder())).toSorted(), ['counter']);
  });

  it('of the dead are taken over by one at a time', async () => {
    const [lock, counter] = [join(folder(), 'lock'), join(folder(), 'counter')];
    await writeFile(counter, '0');
    const holder = child(
      `import { withLock } from '${source('node/files.ts')}';
       await withLock(process.argv[1], () => { console.log('held'); return new Promise((done) => setTimeout(done, 1e6)); },
         { signal: new AbortController().signal });`,
      lock,
    );
    await new Promise((done) => holder.stdout.once('data', done));
    await assert.rejects(
      withLock(lock, async () => {}, { signal: AbortSignal.timeout(300) }),
      { name: 'TimeoutError' },
    );
    const gone = new Promise((done) => holder.once('exit', done));
    holder.kill('SIGKILL');
    await gone;
    await Promise.all(Array.from({ length: 4 }, () => runChild(lockCode, lock, counter, '5')));
    assert.equal(await readFile(counter, 'utf8'), '20');
    assert.deepEqual((await readdir(folder())).toSorted(), ['counter']);
  });

  it('are taken from a process whose pid was used anew, but not from another machine', async () => {
    const lock = join(folder(), 'lock');
    const me = await thisOwner();
    await writeFile(lock, JSON.stringify({ ...me, startTime: me.startTime === '' ? '' : '1', nonce: 'old' }));
    assert.equal(
      await withLock(lock, async () => 'mine', { signal: never }),
      'mine',
      'the pid was used anew: its holder is dead',
    );
    await writeFile(lock, JSON.stringify({ ...me, host: 'elsewhere', boot: 'another', nonce: 'far' }));
    await assert.rejects(
      withLock(lock, async () => {}, { signal: never, patienceMs: 150 }),
      { code: 'locked' },
    );
    assert.match(await readFile(lock, 'utf8'), /far/);
  });

  it('that were left half written are broken after a while', async () => {
    const lock = join(folder(), 'lock');
    await writeFile(lock, '{"pid":');
    await assert.rejects(
      withLock(lock, async () => {}, { signal: AbortSignal.timeout(300) }),
      { name: 'TimeoutError' },
    );
    await utimes(lock, 1, 1);
    await withLock(lock, async () => {}, { signal: never });
    assert.deepEqual(await readdir(folder()), []);
  });

  it('give way when a breaker died while it broke a lock', async () => {
    const lock = join(folder(), 'lock');
    const dead = { ...(await thisOwner()), startTime: '1' };
    await writeFile(lock, JSON.stringify({ ...dead, nonce: 'one' }));
    await writeFile(`${lock}.one`, JSON.stringify({ ...dead, nonce: 'two' }));
    await withLock(lock, async () => {}, { signal: never });
    assert.deepEqual(await readdir(folder()), []);
  });

  it('are released when the work throws, and told apart from one put in their place', async () => {
    const lock = join(folder(), 'lock');
    await assert.rejects(
      withLock(lock, () => Promise.reject(new Error('no')), { signal: never }),
      /no/,
    );
    assert.deepEqual(await readdir(folder()), []);
    await withLock(lock, () => writeFile(lock, JSON.stringify({ nonce: 'theirs' })), { signal: never });
    assert.deepEqual(await readdir(folder()), ['lock']);
  });
});

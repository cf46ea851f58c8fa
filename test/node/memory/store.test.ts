import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { isSafeName } from '../../../src/core/bus/names.ts';
import { normalBody } from '../../../src/core/bus/text.ts';
import { openStore } from '../../../src/node/memory/store.ts';
import { runChild, scratch, source, system, withTmpfs } from '../run/support.ts';
import { skipFor } from '../../harness/skip.ts';

describe('store', () => {
  const folder = scratch();
  const memories = (...path: string[]): string => join(folder(), '.serena', 'memories', ...path);

  it('writes plain files where Serena looks for them, and nothing else of Serena', async () => {
    const store = await openStore(folder());
    await store.write('orch/r1/m/000001-a-all-note', 'Text with ü 🎻\r\nand lines');
    assert.deepEqual(
      (await readdir(join(folder(), '.serena'), { recursive: true })).toSorted(),
      [
        'memories',
        'memories/orch',
        'memories/orch/.gitignore',
        'memories/orch/r1',
        'memories/orch/r1/m',
        'memories/orch/r1/m/000001-a-all-note.md',
      ].map((path) => path.replaceAll('/', process.platform === 'win32' ? '\\' : '/')),
    );
    assert.equal(
      await readFile(memories('orch', 'r1', 'm', '000001-a-all-note.md'), 'utf8'),
      'Text with ü 🎻\nand lines\n',
    );
    assert.equal(await store.read('orch/r1/m/000001-a-all-note'), 'Text with ü 🎻\nand lines\n');
    execFileSync('git', ['init', '-q'], { cwd: folder() });
    assert.equal(execFileSync('git', ['status', '--porcelain', '-uall'], { cwd: folder(), encoding: 'utf8' }), '');
  });

  it('reads back what it wrote, normalised, whatever it is', async () => {
    const store = await openStore(folder());
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        await store.write('orch/r1/board', text);
        assert.equal(await store.read('orch/r1/board', () => true), normalBody(text));
      }),
      { numRuns: 30 },
    );
  });

  it('lists as Serena does: all topics, sorted by code point, only whole memories', async () => {
    const store = await openStore(folder());
    for (const name of ['orch/r1/board', 'orch/now', 'orch/r1/m/000002-a-b-c', 'orch/r1/m/000001-a-b-c'])
      await store.write(name, 'x');
    await writeFile(memories('Project.md'), 'theirs');
    await writeFile(memories('\u{1f3bb}.md'), 'theirs');
    await writeFile(memories('\uffee.md'), 'theirs');
    await writeFile(memories('no-memory.txt'), '');
    await writeFile(memories('orch', '.now.md.1.0123456789ab.tmp'), '');
    assert.deepEqual(await store.list(''), [
      'Project',
      'orch/now',
      'orch/r1/board',
      'orch/r1/m/000001-a-b-c',
      'orch/r1/m/000002-a-b-c',
      '\uffee',
      '\u{1f3bb}',
    ]);
    assert.deepEqual(await store.list('orch/r1/m'), ['orch/r1/m/000001-a-b-c', 'orch/r1/m/000002-a-b-c']);
    for (const topic of ['none', '..', '../..', 'orch/now', '/', 'orch//r1', 'a\\..\\b'])
      assert.deepEqual(await store.list(topic), [], topic);
    assert.equal(await store.read('Project'), 'theirs');
  });

  it('writes and removes only safe names under orch', async () => {
    const store = await openStore(folder());
    await writeFile(memories('theirs.md'), 'theirs');
    for (const name of [
      'theirs',
      'orch',
      'orch/',
      'orch/../theirs',
      'orch/A',
      'orch/con',
      'orch/a.b',
      '/orch/a',
      'orch//a',
      'global/orch/a',
      'mem:orch/a',
    ]) {
      await assert.rejects(store.write(name, 'x'), /not a memory of ours/, name);
      await assert.rejects(store.remove(name), /not a memory of ours/, name);
    }
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (tail) => {
        const name = `orch/${tail}`;
        if (!isSafeName(name)) await assert.rejects(store.write(name, 'x'));
      }),
      { numRuns: 200 },
    );
    assert.equal(await readFile(memories('theirs.md'), 'utf8'), 'theirs');
    await store.write('orch/a', 'x');
    assert.deepEqual([await store.remove('orch/a'), await store.remove('orch/a')], [true, false]);
    assert.equal(await store.read('orch/a'), undefined);
  });

  it('waits a moment for a memory that is being written by others', async () => {
    const store = await openStore(folder());
    const path = memories('orch', 'now.md');
    await writeFile(path, '');
    const late = (async () => {
      await new Promise((done) => setTimeout(done, 80));
      await writeFile(path, 'whole\r\n');
    })();
    assert.equal(await store.read('orch/now'), 'whole\n');
    await late;
    await writeFile(path, 'tor');
    assert.equal(await store.read('orch/now', (text) => text === 'torn no more'), 'tor', 'what stays is given');
    await writeFile(path, Buffer.from([0x66, 0xff]));
    await assert.rejects(store.read('orch/now'), { code: 'bad-memory' });
    for (const name of ['../x', 'a/../../x', '/etc/passwd', '', 'a\0b', 'C:x'])
      await assert.rejects(store.read(name), { code: 'bad-memory' }, name);
    assert.equal(await store.read('none/of/it'), undefined);
    assert.equal(await store.read('x'.repeat(300)), undefined);
  });

  it('never follows a link out of the project', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const project = join(folder(), 'project');
    const outside = join(folder(), 'outside');
    await mkdir(join(project, '.serena'), { recursive: true });
    await mkdir(outside);
    for (const [at, to] of [
      ['.serena', '../outside'],
      ['.serena/memories', '../../outside'],
      ['.serena/memories/orch', '../../../outside'],
    ] as const) {
      await rm(join(project, '.serena'), { recursive: true });
      await mkdir(join(project, at, '..'), { recursive: true });
      await symlink(to, join(project, at));
      await assert.rejects(openStore(project), { code: 'leads-outside' }, at);
    }
    await rm(join(project, '.serena'), { recursive: true });
    const store = await openStore(project);
    await store.write('orch/r1/board', 'x');
    await rm(join(project, '.serena/memories/orch/r1'), { recursive: true });
    await symlink('../../../../outside', join(project, '.serena/memories/orch/r1'));
    await writeFile(join(outside, 'board.md'), 'theirs');
    await assert.rejects(store.write('orch/r1/board', 'ours'), { code: 'leads-outside' });
    await assert.rejects(store.remove('orch/r1/board'), { code: 'leads-outside' });
    await assert.rejects(store.read('orch/r1/board'), { code: 'bad-memory' });
    assert.equal(await readFile(join(outside, 'board.md'), 'utf8'), 'theirs');
    await symlink('.', join(project, '.serena/memories/circle'));
    assert.deepEqual(await store.list(''), []);
    system('mkfifo', join(project, '.serena/memories/orch/pipe.md'));
    assert.equal(await store.read('orch/pipe'), undefined);
    // Within the project a link is the person's own arrangement.
    await rm(join(project, '.serena'), { recursive: true });
    await mkdir(join(project, 'docs'));
    await mkdir(join(project, '.serena'));
    await symlink('../docs', join(project, '.serena/memories'));
    await (await openStore(project)).write('orch/now', 'x');
    assert.equal(await readFile(join(project, 'docs/orch/now.md'), 'utf8'), 'x\n');
  });

  it('loses nothing with eight processes at once, and no reader sees half a memory', async function () {
    const store = await openStore(folder());
    const code = `
      import { openStore } from '${source('node/memory/store.ts')}';
      const [root, who] = process.argv.slice(1);
      const store = await openStore(root);
      for (let n = 0; n < 50; n++) {
        await store.write('orch/r1/m/' + String(n).padStart(6, '0') + '-p' + who + '-all-note', who + ' ' + n + '\\n' + 'x'.repeat(20000));
        await store.write('orch/now', who.repeat(20000));
      }`;
    await store.write('orch/now', 'start');
    let writing = true;
    let reads = 0;
    const reading = (async () => {
      for (; writing; reads++) {
        const text = await readFile(memories('orch', 'now.md'), 'utf8');
        assert.match(text, /^(start|(\d)\2{19999})\n$/, `a reader saw ${text.length} characters`);
      }
    })().finally(() => (writing = false));
    await Promise.all([
      reading,
      (async () => {
        await Promise.all(Array.from({ length: 8 }, (_, who) => runChild(code, folder(), String(who))));
        // On a machine that let nobody read meanwhile, one more writes until enough was read.
        for (let n = 0; writing && reads <= 20; n++) await store.write('orch/now', String(n % 10).repeat(20000));
        writing = false;
      })(),
    ]);
    assert.ok(reads > 20);
    const names = await store.list('orch/r1/m');
    assert.equal(names.length, 400);
    for (const name of names) {
      const [, n, who] = /(\d{6})-p(\d)-/.exec(name) ?? [];
      assert.equal(await store.read(name), `${who} ${Number(n)}\n${'x'.repeat(20000)}\n`);
    }
    assert.deepEqual(
      (await readdir(memories('orch'), { recursive: true })).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });

  it('says when the disk is full or read-only, and keeps what was there', async function () {
    await withTmpfs(this, async (disk) => {
      const store = await openStore(disk.folder);
      await store.write('orch/now', 'old');
      await assert.rejects(store.write('orch/now', 'x'.repeat(1 << 20)), { code: 'disk-full' });
      assert.equal(await store.read('orch/now'), 'old\n');
      disk.readOnly(true);
      await assert.rejects(store.write('orch/now', 'new'), { code: 'read-only' });
      await assert.rejects(store.remove('orch/now'), { code: 'read-only' });
      disk.readOnly(false);
    });
    await writeFile(join(folder(), '.serena'), 'a file');
    await assert.rejects(openStore(folder()), { code: 'not-a-folder' });
  });
});

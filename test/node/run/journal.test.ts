import assert from 'node:assert/strict';
import { appendFile, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import type { JournalRecord } from '../../../src/core/run/events.ts';
import { journalPath, openJournal, readJournal } from '../../../src/node/run/journal.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import { child, created, lineOf, never, note, now, open, scratch, source, until, withTmpfs } from './support.ts';
import { skipFor } from '../../harness/skip.ts';

/** A journal of a few records, and its bytes. */
async function sample(folder: string, count = 4): Promise<Buffer> {
  const { journal, close } = await open(folder);
  await journal.append({ event: created });
  for (let n = 2; n <= count; n++) await journal.append({ event: note(`ä ${n}`), step: `s${n}`, ends: 'hash' });
  await close();
  return readFile(journalPath(folder));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('journal', () => {
  const folder = scratch();

  it('gives back what was appended, with its numbers, step and epoch', async () => {
    await sample(folder());
    const { journal, close } = await open(folder());
    assert.deepEqual(
      journal.records.map(({ seq, epoch, step, ends }) => [seq, epoch, step, ends]),
      [
        [1, 1, undefined, undefined],
        [2, 1, 's2', 'hash'],
        [3, 1, 's3', 'hash'],
        [4, 1, 's4', 'hash'],
      ],
    );
    const record = await journal.append({ event: { type: 'run.resumed', by: 'me', engine: '1' } });
    assert.deepEqual([record.seq, record.epoch, record.at], [5, 2, '2026-11-22T14:32:05.000Z']);
    await close();
    assert.deepEqual((await readJournal(journalPath(folder()))).records.at(-1), record);
    assert.deepEqual(await readdir(folder()), ['journal.jsonl'], 'no lease and no lock is left');
  });

  it('keeps the order of 1,000 appends side by side, and groups them', async () => {
    const { journal, close } = await open(folder());
    await journal.append({ event: created });
    const told: number[] = [];
    const began = performance.now();
    const records = await Promise.all(
      Array.from({ length: 1000 }, async (_, n) => {
        if (n % 100 === 99) await new Promise((done) => setImmediate(done));
        const record = await journal.append({ event: note(String(n)) });
        told.push(record.seq);
        return record;
      }),
    );
    const grouped = performance.now() - began;
    assert.deepEqual(
      told,
      told.toSorted((a, b) => a - b),
      'they resolve in order',
    );
    const read = (await readJournal(journalPath(folder()))).records;
    assert.deepEqual(
      read.map(({ seq }) => seq),
      Array.from({ length: 1001 }, (_, n) => n + 1),
    );
    for (const record of records) assert.deepEqual(read[record.seq - 1], record);
    const synchronous = read.filter(({ event }) => event.type === 'note' && Number(event.text) % 100 !== 99);
    const texts = synchronous.map(({ event }) => (event.type === 'note' ? Number(event.text) : -1));
    assert.deepEqual(
      texts,
      texts.toSorted((a, b) => a - b),
      'appends of one turn keep their order',
    );
    const single = performance.now();
    for (let n = 0; n < 20; n++) await journal.append({ event: note('one') });
    const each = (performance.now() - single) / 20;
    assert.ok(grouped < each * 1000, `a thousand took ${grouped} ms, one by one ${each} ms each`);
    await close();
  });

  it('reads whatever its tail was torn to, and goes on from there', async function () {
    const bytes = await sample(join(folder(), 'whole'));
    const path = journalPath(folder());
    for (let cut = 0; cut <= bytes.length; cut++) {
      await writeFile(path, bytes.subarray(0, cut));
      const { records, readOnly, goodBytes, torn } = await readJournal(path);
      const whole = bytes.subarray(0, cut).toString('latin1').split('\n').length - 1;
      assert.equal(readOnly, undefined, `cut at ${cut}`);
      assert.equal(records.length, whole, `cut at ${cut}`);
      assert.equal(goodBytes + torn, cut);
    }
    // The writer cuts for real; a few places stand for all.
    for (const cut of [
      0,
      1,
      bytes.length - 1,
      bytes.length - 20,
      bytes.indexOf(10) + 1,
      bytes.indexOf(10),
      bytes.indexOf('ä') + 1,
    ]) {
      const run = join(folder(), `cut-${cut}`);
      await mkdir(run);
      await writeFile(journalPath(run), bytes.subarray(0, cut));
      const { records, goodBytes, torn } = await readJournal(journalPath(run));
      const { journal, close } = await open(run);
      const record = await journal.append({ event: records.length === 0 ? created : note('after') });
      await close();
      const again = await readJournal(journalPath(run));
      assert.deepEqual(again.records, [...records, record]);
      const saved = torn === 0 ? [] : [await readFile(join(run, 'journal.torn-1'))];
      assert.deepEqual(saved, torn === 0 ? [] : [bytes.subarray(goodBytes, cut)]);
    }
  });

  it('takes any rubbish at its end for a torn tail, and never loses what is before', async () => {
    const bytes = await sample(folder());
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constant(Uint8Array.of(0x37)), fc.constant(new Uint8Array(40))),
        async (rubbish) => {
          const tail = rubbish.filter((byte) => byte !== 10);
          for (const end of [[], [10]]) {
            await writeFile(journalPath(folder()), Buffer.concat([bytes, tail, Buffer.from(end)]));
            const { records, readOnly } = await readJournal(journalPath(folder()));
            assert.equal(records.length, 4);
            // Rubbish that happens to be JSON on a whole line is damage, not a torn write.
            const json = end.length > 0 && isJson(Buffer.from(tail).toString());
            assert.equal(readOnly?.code, json ? 'journal-damaged' : undefined);
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  for (const [what, spoil, line] of [
    ['a line in the middle that is not JSON', (lines: string[]) => lines.with(2, '{"seq":3,'), 3],
    ['a line of NULs in the middle', (lines: string[]) => lines.with(1, '\0'.repeat(80)), 2],
    ['a line that is missing', (lines: string[]) => lines.toSpliced(1, 1), 2],
    ['a line that stands there twice', (lines: string[]) => lines.toSpliced(1, 0, lines[1] ?? ''), 3],
    ['an empty line', (lines: string[]) => lines.toSpliced(2, 0, ''), 3],
    ['a line that is no record', (lines: string[]) => lines.with(3, '{"hello":1}'), 4],
    ['another beginning', (lines: string[]) => lines.with(0, lineOf({ event: note('no') }).trim()), 1],
  ] as const) {
    it(`is read-only with ${what}, and says which`, async () => {
      const lines = (await sample(folder())).toString().trimEnd().split('\n');
      await writeFile(journalPath(folder()), `${spoil(lines).join('\n')}\n`);
      const before = await readFile(journalPath(folder()));
      const { records, readOnly } = await readJournal(journalPath(folder()));
      assert.equal(readOnly?.code, 'journal-damaged');
      assert.match(readOnly.message, new RegExp(`^Line ${line} of .*journal.jsonl is damaged: `));
      assert.equal(records.length, line - 1, 'what stands before it is shown');
      await assert.rejects(open(folder()), { code: 'journal-damaged' });
      assert.deepEqual(await readFile(journalPath(folder())), before, 'nothing was changed');
    });
  }

  it('of another version can be shown, not gone on with', async () => {
    await writeFile(
      journalPath(folder()),
      lineOf({}) +
        lineOf({ seq: 2, event: { type: 'dance.begun', tempo: 'allegro' } }) +
        lineOf({ seq: 3, event: { type: 'note', level: 'shout', text: 'new level' } }) +
        lineOf({ seq: 4, event: note('known') }),
    );
    const { records, readOnly, engine, seq } = await readJournal(journalPath(folder()));
    assert.deepEqual(
      records.map((record) => record.seq),
      [1, 4],
    );
    assert.deepEqual([readOnly?.code, engine, seq], ['journal-newer', '1', 4]);
    assert.match(readOnly?.message ?? '', /Line 2 .*dance\.begun/);
    await assert.rejects(open(folder()), { code: 'journal-newer' });

    await writeFile(journalPath(folder()), lineOf({}));
    await rm(join(folder(), 'lease.json'), { force: true });
    await assert.rejects(open(folder(), '2'), { code: 'other-engine' });
    await rm(join(folder(), 'lease.json'), { force: true });
    const lease = await acquireLease(folder(), { signal: never });
    const journal = await openJournal(folder(), { lease, now });
    await journal.append({ event: { type: 'apply.done', files: [], heldBack: [], merged: [], id: 'a' } });
    await journal.close();
  });

  it('refuses a stale owner, and what one still wrote does not count', async () => {
    const first = await open(folder());
    await first.journal.append({ event: created });
    await first.journal.append({ event: note('mine') });
    // As after a takeover by force from another machine.
    await rm(join(folder(), 'lease.json'));
    const second = await open(folder());
    assert.equal(second.lease.epoch, 2);
    await assert.rejects(first.journal.append({ event: note('too late') }), { code: 'lease-lost' });
    await assert.rejects(first.journal.append({ event: note('still') }), { code: 'lease-lost' });
    await second.journal.append({ event: note('theirs') });

    // The one case that no check before a write excludes: it was held up between check and write.
    await appendFile(journalPath(folder()), lineOf({ seq: 3, event: note('stale') }));
    await assert.rejects(second.journal.append({ event: note('x') }), { code: 'journal-changed' });
    await second.close();
    await first.journal.close();
    const { records, readOnly } = await readJournal(journalPath(folder()));
    assert.equal(readOnly, undefined);
    assert.deepEqual(
      records.map(({ event }) => (event.type === 'note' ? event.text : event.type)),
      ['run.created', 'mine', 'theirs'],
    );
    const third = await open(folder());
    assert.equal((await third.journal.append({ event: note('on') })).seq, 4);
    await third.close();
  });

  it('takes back what a new owner had not seen', async () => {
    await writeFile(
      journalPath(folder()),
      lineOf({}) +
        lineOf({ seq: 2, event: note('stale') }) +
        lineOf({ seq: 3, event: note('stale') }) +
        lineOf({ seq: 2, epoch: 2, event: note('new') }),
    );
    const { records, readOnly } = await readJournal(journalPath(folder()));
    assert.equal(readOnly, undefined);
    assert.deepEqual(
      records.map(({ seq, epoch }) => [seq, epoch]),
      [
        [1, 1],
        [2, 2],
      ],
    );
  });

  it('notices when it is removed or replaced under the run', async () => {
    const { journal, close } = await open(folder());
    await journal.append({ event: created });
    await rename(journalPath(folder()), join(folder(), 'away'));
    await assert.rejects(journal.append({ event: note('lost?') }), { code: 'journal-changed' });
    await close();
    assert.equal((await readJournal(join(folder(), 'away'))).records.length, 1);
  });

  it('lets nothing in that it could not read again, and is not hurt by it', async () => {
    const { journal, close } = await open(folder());
    await journal.append({ event: created });
    await assert.rejects(
      journal.append({ event: { type: 'note', level: 'info', text: 7 } as never }),
      /not an event: note/,
    );
    await journal.append({ event: note('lone \ud800 and\nlines \u2028') });
    await close();
    await assert.rejects(journal.append({ event: note('closed') }), /closed/);
    const { records, readOnly } = await readJournal(journalPath(folder()));
    assert.equal(readOnly, undefined);
    assert.deepEqual(
      records.map(({ seq }) => seq),
      [1, 2],
    );
  });

  it('is not written through a symbolic link', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    await writeFile(join(folder(), 'theirs'), '');
    const run = join(folder(), 'run');
    await mkdir(run);
    await symlink('../theirs', journalPath(run));
    await assert.rejects(open(run), { code: 'leads-outside' });
  });

  it('stays whole on a full disk, says so, and goes on when there is room', async function () {
    await withTmpfs(this, async (disk) => {
      const { journal, close } = await open(disk.folder);
      await journal.append({ event: created });
      await writeFile(join(disk.folder, 'ballast'), Buffer.alloc(100_000));
      const results = await Promise.allSettled(
        Array.from({ length: 6 }, async (_, n) => {
          if (n > 2) await new Promise((done) => setTimeout(done, n));
          return journal.append({ event: note('x'.repeat(100_000)) });
        }),
      );
      const failed = results.filter((result) => result.status === 'rejected');
      assert.ok(failed.length > 0);
      for (const { reason } of failed) assert.equal((reason as { code: string }).code, 'disk-full');
      const bytes = await readFile(journalPath(disk.folder));
      assert.equal(bytes.at(-1), 10, 'no half line is left');
      const there = await readJournal(journalPath(disk.folder));
      assert.deepEqual(
        [there.torn, there.readOnly, there.records.length],
        [0, undefined, 1 + results.length - failed.length],
      );
      await rm(join(disk.folder, 'ballast'));
      assert.equal((await journal.append({ event: note('room') })).seq, there.records.length + 1);
      disk.readOnly(false);
      await close();
    });
  });

  it('never loses an acknowledged record to kill -9', async function () {
    const code = `
      import { writeSync } from 'node:fs';
      import { acquireLease } from '${source('node/run/lease.ts')}';
      import { openJournal } from '${source('node/run/journal.ts')}';
      const [folder] = process.argv.slice(1);
      const lease = await acquireLease(folder, { signal: new AbortController().signal });
      const journal = await openJournal(folder, { lease, now: Date.now, engine: '1' });
      const created = ${JSON.stringify(created)};
      if (journal.records.length === 0) await journal.append({ event: created });
      // Several lanes, so that groups form.
      await Promise.all([1, 2, 3].map(async (lane) => {
        for (let n = 0; ; n++) {
          const text = 'x'.repeat((n * 7919) % 9000);
          const { seq, epoch } = await journal.append({ event: { type: 'note', level: 'info', text: lane + ':' + n + text } });
          writeSync(1, seq + ' ' + epoch + '\\n');
        }
      }));`;
    let before: readonly JournalRecord[] = [];
    for (let round = 1; round <= 12; round++) {
      const writer = child(code, folder());
      let told = '';
      writer.stdout.setEncoding('utf8').on('data', (text: string) => (told += text));
      await until(() => (told === '' ? undefined : true));
      await new Promise((done) => setTimeout(done, Math.random() * 60));
      const gone = new Promise((done) => writer.once('close', done));
      writer.kill('SIGKILL');
      await gone;
      const { records, readOnly } = await readJournal(journalPath(folder()));
      assert.equal(readOnly, undefined);
      assert.deepEqual(records.slice(0, before.length), before, 'what was there stays');
      const whole = told.split('\n').slice(0, -1);
      assert.ok(whole.length > 0);
      for (const line of whole) {
        const [seq, epoch] = line.split(' ').map(Number);
        assert.equal(records[(seq ?? 0) - 1]?.epoch, epoch, `round ${round}: ${line} was acknowledged and is lost`);
        assert.equal(epoch, round, 'every owner has the next epoch');
      }
      before = records;
    }
    const { close } = await open(folder());
    await close();
    const left = (await readdir(folder())).filter((name) => !name.startsWith('journal.'));
    assert.deepEqual(left, []);
  });
});

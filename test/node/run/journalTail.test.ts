import assert from 'node:assert/strict';
import { appendFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { journalPath, tailJournal } from '../../../src/node/run/journal.ts';
import { created, lineOf, never, note, open, scratch, until } from './support.ts';

describe('the tail of a journal', () => {
  const folder = scratch();

  it('is followed from the first record on, through a tear, until the signal', async () => {
    const stop = new AbortController();
    const seen: (number | string)[] = [];
    const path = journalPath(join(folder(), 'run'));
    const tail = (async () => {
      for await (const { seq, event } of tailJournal(path, stop.signal, 50))
        seen.push(event.type === 'note' ? event.text : seq);
    })();
    const first = await open(join(folder(), 'run'));
    await first.journal.append({ event: created });
    await first.journal.append({ event: note('a') });
    await until(() => (seen.length === 2 ? true : undefined));
    await first.close();
    await appendFile(path, '{"seq":3,"at":"2026');
    const size = (await stat(path)).size;
    await new Promise((done) => setTimeout(done, 120));
    assert.deepEqual(seen, [1, 'a']);
    const second = await open(join(folder(), 'run'));
    assert.ok((await stat(path)).size < size);
    await second.journal.append({ event: note('b') });
    await until(() => (seen.length === 3 ? true : undefined));
    await second.close();
    // Another file in its place: from the beginning.
    await writeFile(`${path}.new`, lineOf({}) + lineOf({ seq: 2, event: note('other') }));
    await rename(`${path}.new`, path);
    await until(() => (seen.length === 5 ? true : undefined));
    stop.abort();
    await tail;
    assert.deepEqual(seen, [1, 'a', 'b', 1, 'other']);
  });

  it('ends with damage', async () => {
    await writeFile(journalPath(folder()), `${lineOf({})}rubbish\n${lineOf({ seq: 2 })}`);
    const seen: number[] = [];
    await assert.rejects(
      async () => {
        for await (const { seq } of tailJournal(journalPath(folder()), never, 50)) seen.push(seq);
      },
      { code: 'journal-damaged' },
    );
    assert.deepEqual(seen, [1]);
  });
});

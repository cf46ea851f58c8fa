import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { InboxMessage } from '../../../src/core/ports.ts';
import { openInbox, postToInbox } from '../../../src/node/run/inbox.ts';
import { never, quietLog, runChild, scratch, source, until } from './support.ts';
import { skipFor } from '../../harness/skip.ts';

describe('inbox', () => {
  const folder = scratch();
  const inbox = (): string => join(folder(), 'inbox');

  /** Reads until `count` messages came, without settling them. */
  async function take(count: number): Promise<InboxMessage[]> {
    const found: InboxMessage[] = [];
    for await (const message of openInbox(folder(), quietLog(), 50).messages(AbortSignal.timeout(50_000))) {
      found.push(message);
      if (found.length === count) break;
    }
    return found;
  }

  it('gives messages of other processes in order, again and again until they are settled', async () => {
    const code = `
      import { postToInbox } from '${source('node/run/inbox.ts')}';
      const [folder, who] = process.argv.slice(1);
      for (let n = 0; n < 10; n++) {
        await postToInbox(folder, { kind: 'say', text: who + n, to: 'critic', from: 'terminal ' + who });
        await new Promise((done) => setTimeout(done, 2));
      }`;
    const reading = take(30);
    await Promise.all(['a', 'b', 'c'].map((who) => runChild(code, folder(), who)));
    const live = await reading;
    assert.equal(live.length, 30);
    const again = await take(30);
    assert.deepEqual(
      again.map(({ id }) => id),
      again.map(({ id }) => id).toSorted(),
    );
    for (const who of ['a', 'b', 'c']) {
      assert.deepEqual(
        again.filter(({ text }) => text.startsWith(who)).map(({ text }) => text),
        Array.from({ length: 10 }, (_, n) => `${who}${n}`),
      );
    }
    assert.deepEqual(Object.keys(again[0] ?? {}).toSorted(), ['from', 'id', 'kind', 'text', 'to']);
    const box = openInbox(folder(), quietLog());
    for (const { id } of again.slice(1)) {
      await box.settle(id);
      await box.settle(id);
    }
    assert.deepEqual(await take(1), again.slice(0, 1));
    await assert.rejects(box.settle('../../../etc/passwd'), /not the id/);
  });

  it('carries what is to become of a call, and refuses what does not say it', async () => {
    const control = { kind: 'move', call: 'analysis/critic' } as const;
    await postToInbox(folder(), { kind: 'control', text: 'move it', control, from: 'ana' });
    const [message] = await take(1);
    assert.deepEqual([message?.kind, message?.control], ['control', control]);
    await openInbox(folder(), quietLog()).settle(message?.id ?? '');
    await postToInbox(folder(), { kind: 'control', text: 'do', from: 'ana' });
    await postToInbox(folder(), { kind: 'say', text: 'well', from: 'ana' });
    assert.deepEqual(
      (await take(1)).map((m) => m.text),
      ['well'],
    );
    assert.equal((await readdir(join(inbox(), 'rejected'))).length, 2);
  });

  it('ends with the signal, and waits for nothing else', async () => {
    const stop = new AbortController();
    const reading = (async () => {
      for await (const message of openInbox(folder(), quietLog(), 60_000).messages(stop.signal))
        assert.fail(message.text);
      return 'ended';
    })();
    await until(() => readdir(folder()).then((names) => (names.includes('inbox') ? true : undefined)));
    stop.abort();
    assert.equal(await reading, 'ended');
  });

  it('hears of a message long before its poll', async () => {
    const signal = AbortSignal.timeout(50_000);
    const messages = openInbox(folder(), quietLog(), 60_000).messages(signal)[Symbol.asyncIterator]();
    const next = messages.next();
    await until(() => readdir(folder()).then((names) => (names.includes('inbox') ? true : undefined)));
    await new Promise((done) => setTimeout(done, 50));
    await postToInbox(folder(), { kind: 'stop', text: '', from: 'me' });
    const { value } = await next;
    assert.equal((value as InboxMessage | undefined)?.kind, 'stop');
    await messages.return?.();
  });

  it('moves away what is no message, says why, and goes on', async () => {
    await mkdir(inbox());
    const good = await postToInbox(folder(), { kind: 'say', text: 'good', from: 'me' });
    const bad: Record<string, string | Buffer> = {
      'a.json': '{"kind":"say"}',
      'b.json': 'no json',
      'c.json': Buffer.from([0xff, 0xfe]),
      'd.json': JSON.stringify({ id: good, kind: 'say', text: 'another id', from: 'me', at: '' }),
      '1000000000000-0123456789.json': JSON.stringify({ id: good, kind: 'approve', text: '', from: 'me', at: '' }),
      'huge.json': Buffer.alloc(200_000, 'x'),
      'deep.json': '['.repeat(50_000),
    };
    for (const [name, content] of Object.entries(bad)) {
      await writeFile(join(inbox(), name), content);
      await utimes(join(inbox(), name), 1, 1);
    }
    if (process.platform !== 'win32') await symlink('/etc/passwd', join(inbox(), 'link.json'));
    await mkdir(join(inbox(), 'folder.json'));
    await writeFile(join(inbox(), '.temporary.tmp'), '');
    const log = quietLog();
    for await (const { text } of openInbox(folder(), log, 50).messages(AbortSignal.timeout(50_000))) {
      assert.equal(text, 'good');
      break;
    }
    // The good one sorts first; a second look sees the others.
    const stop = new AbortController();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { text } of openInbox(folder(), log, 50).messages(stop.signal)) seen.push(text);
    })();
    const names = [...Object.keys(bad), 'folder.json', ...(process.platform === 'win32' ? [] : ['link.json'])];
    await until(async () => ((await readdir(inbox())).length === 3 ? true : undefined));
    await postToInbox(folder(), { kind: 'say', text: 'later', from: 'me' });
    await until(() => (seen.length === 2 ? true : undefined));
    stop.abort();
    await reading;
    assert.deepEqual(seen, ['good', 'later']);
    const rejected = await readdir(join(inbox(), 'rejected'));
    assert.deepEqual(rejected.filter((name) => !name.endsWith('.reason.txt')).toSorted(), names.toSorted());
    assert.match(await readFile(join(inbox(), 'rejected', 'huge.json.reason.txt'), 'utf8'), /200000 bytes/);
    assert.match(await readFile(join(inbox(), 'rejected', 'd.json.reason.txt'), 'utf8'), /its id is/);
    assert.equal(log.warnings.length, names.length);
  });

  it('gives a half-written file a moment', async () => {
    const text = JSON.stringify({ id: '1000000000000-0123456789', kind: 'say', text: 'slow', from: 'me', at: '' });
    await mkdir(inbox());
    const path = join(inbox(), '1000000000000-0123456789.json');
    await writeFile(path, text.slice(0, 40));
    const reading = take(1);
    await new Promise((done) => setTimeout(done, 200));
    await writeFile(path, text);
    assert.equal((await reading)[0]?.text, 'slow');
    assert.deepEqual(await readdir(inbox()), ['1000000000000-0123456789.json'], 'nothing was rejected');
  });

  it('refuses what it would not read', async () => {
    await assert.rejects(postToInbox(join(folder(), 'none'), { kind: 'say', text: '', from: 'me' }), {
      code: 'no-run',
    });
    await assert.rejects(postToInbox(folder(), { kind: 'say', text: 'x'.repeat(40_000), from: 'me' }), {
      code: 'bad-message',
    });
    await assert.rejects(postToInbox(folder(), { kind: 'say', text: 'x', from: '' }), { code: 'bad-message' });
    await postToInbox(folder(), { kind: 'say', text: 'lone \ud800', from: 'me' });
    assert.equal((await take(1))[0]?.text, 'lone \ufffd');
    for (let n = 0; n < 999; n++) await writeFile(join(inbox(), `x${n}.json`), '');
    await assert.rejects(postToInbox(folder(), { kind: 'say', text: 'x', from: 'me' }), { code: 'inbox-full' });
  });

  it('is not followed out of the run', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const run = join(folder(), 'run');
    await mkdir(run);
    await symlink('..', join(run, 'inbox'));
    await assert.rejects(postToInbox(run, { kind: 'say', text: 'x', from: 'me' }), { code: 'leads-outside' });
    await assert.rejects(openInbox(run, quietLog()).messages(never)[Symbol.asyncIterator]().next(), {
      code: 'leads-outside',
    });
    await rm(join(run, 'inbox'));
  });
});

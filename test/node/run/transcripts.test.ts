import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import fc from 'fast-check';
import { redactStream } from '../../../src/core/bus/redact.ts';
import { openTranscripts, readPrompt, tailTranscript, transcriptPath } from '../../../src/node/run/transcripts.ts';
import { quietLog, scratch, until } from './support.ts';
import { skipFor } from '../../harness/skip.ts';

describe('transcripts', () => {
  const folder = scratch();

  it('hold the text of each attempt in order', async () => {
    const transcripts = openTranscripts(folder(), { log: quietLog() });
    const pieces = Array.from({ length: 2000 }, (_, n) => `${n} `);
    for (const piece of pieces) {
      transcripts.append('analysis/critic', 1, piece);
      transcripts.append('analysis/critic', 2, `${piece}!`);
    }
    await transcripts.close();
    transcripts.append('analysis/critic', 1, 'late');
    // Waits for what was taken after all.
    await transcripts.close();
    assert.equal(await readFile(transcriptPath(folder(), 'analysis/critic', 1), 'utf8'), pieces.join(''));
    assert.equal(
      (await readFile(transcriptPath(folder(), 'analysis/critic', 2), 'utf8')).length,
      pieces.join('!').length + 1,
    );
  });

  it('keep what an attempt was asked beside it, without its secrets', async () => {
    const secret = { name: 'KEY', value: 'hunter2-secret-1234' };
    const transcripts = openTranscripts(folder(), { log: quietLog(), filter: () => redactStream([secret]) });
    transcripts.prompt('analysis/critic', 1, `Judge ${secret.value} it.`);
    transcripts.append('analysis/critic', 1, 'So.');
    await transcripts.close();
    const asked = (await readPrompt(folder(), 'analysis/critic', 1)) ?? '';
    assert.match(asked, /^Judge .* it[.]$/);
    assert.ok(!asked.includes(secret.value));
    assert.equal(await readFile(transcriptPath(folder(), 'analysis/critic', 1), 'utf8'), 'So.');
    assert.equal(await readPrompt(folder(), 'analysis/critic', 2), undefined);
    assert.equal(await readPrompt(folder(), '../../x', 1), undefined);
  });

  it('have safe names, one for each call', () => {
    const calls = [
      'a/b',
      'a-b',
      'a.b',
      'A-B',
      '../../x',
      'CON',
      'con',
      '',
      'call',
      '.',
      'x'.repeat(300),
      'x'.repeat(301),
      'ä',
      'a\0b',
      'a:b',
    ];
    const names = calls.map((call) => basename(transcriptPath(folder(), call, 1)));
    assert.equal(new Set(names).size, calls.length);
    for (const name of names) assert.match(name, /^[a-z0-9_-]{1,100}[.]1[.]md$/);
    assert.ok(!names.includes('con.1.md'), 'a device of Windows');
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        assert.equal(transcriptPath('', one, 1) === transcriptPath('', other, 1), one === other);
      }),
    );
  });

  it('stop at their limit with a note', async () => {
    const transcripts = openTranscripts(folder(), { log: quietLog(), mostBytes: 1000 });
    for (let n = 0; n < 500; n++) transcripts.append('c', 1, 'ä'.repeat(10));
    await transcripts.close();
    const text = await readFile(transcriptPath(folder(), 'c', 1), 'utf8');
    assert.match(text, /^(ä{10}){50}\n\n\[transcript cut here/);
    assert.ok(text.length < 1200);
  });

  it('never throw: what cannot be written is given up with one warning', async () => {
    const log = quietLog();
    await writeFile(join(folder(), 'transcripts'), 'in the way');
    const transcripts = openTranscripts(folder(), { log });
    for (let n = 0; n < 5; n++) {
      transcripts.append('c', 1, 'text');
      await new Promise((done) => setTimeout(done, 10));
    }
    await transcripts.close();
    assert.equal(log.warnings.length, 1);
  });

  it('are not written through links', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const log = quietLog();
    const run = join(folder(), 'run');
    await mkdir(join(run, 'transcripts'), { recursive: true });
    await writeFile(join(folder(), 'theirs'), '');
    await symlink('../../theirs', transcriptPath(run, 'c', 1));
    const transcripts = openTranscripts(run, { log });
    transcripts.append('c', 1, 'text');
    await transcripts.close();
    assert.equal(await readFile(join(folder(), 'theirs'), 'utf8'), '');
    assert.equal(log.warnings.length, 1);
  });

  it('keep secrets out, however they were cut, and hold nothing back at the end', async () => {
    const secret = 'hunter2-hunter2-hunter2';
    const transcripts = openTranscripts(folder(), {
      log: quietLog(),
      filter: () => redactStream([{ name: 'PASSWORD', value: secret }]),
    });
    for (const letter of `it is ${secret}, they say ${secret}`) transcripts.append('c', 1, letter);
    transcripts.end('c', 1);
    transcripts.append('d', 1, 'whole');
    await transcripts.close();
    assert.equal(
      await readFile(transcriptPath(folder(), 'c', 1), 'utf8'),
      'it is [redacted: PASSWORD], they say [redacted: PASSWORD]',
    );
    assert.equal(await readFile(transcriptPath(folder(), 'd', 1), 'utf8'), 'whole');
    assert.equal((await readdir(join(folder(), 'transcripts'))).length, 2);
  });

  it('are tailed from their beginning, whole characters only', async () => {
    const stop = new AbortController();
    const path = transcriptPath(folder(), 'c', 1);
    let seen = '';
    const tail = (async () => {
      for await (const text of tailTranscript(path, stop.signal, 50)) seen += text;
    })();
    const transcripts = openTranscripts(folder(), { log: quietLog() });
    transcripts.append('c', 1, 'one ');
    await until(() => (seen === 'one ' ? true : undefined));
    const bytes = Buffer.from('größer 🎻');
    for (const byte of bytes) {
      await writeFile(path, Buffer.from([byte]), { flag: 'a' });
      await new Promise((done) => setTimeout(done, 5));
    }
    transcripts.append('c', 1, 'x'.repeat(200_000));
    await transcripts.close();
    await until(() => (seen.length >= 200_000 ? true : undefined));
    stop.abort();
    await tail;
    assert.equal(seen, `one größer 🎻${'x'.repeat(200_000)}`);
  });
});

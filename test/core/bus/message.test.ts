import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import {
  bodyHardBytes,
  bodySoftBytes,
  fitBody,
  formatMessage,
  messageOf,
  parseMessage,
} from '../../../src/core/bus/message.ts';
import type { Draft, Message } from '../../../src/core/bus/message.ts';
import { clipBytes, normalBody, oneLine, utf8Bytes } from '../../../src/core/bus/text.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const draft: Draft = {
  id: 'r261122-143205-a3f7-000042',
  seq: 42,
  ts: '2026-11-22T14:38:00.123Z',
  from: 'planner',
  to: ['coder'],
  kind: 'task',
};

function whole(text: string): Message {
  const read = parseMessage(text, hash);
  if ('problem' in read) assert.fail(read.problem);
  return read;
}

describe('messages', () => {
  it('look as the layout says', () => {
    assert.equal(
      formatMessage({ ...draft, thread: 't007', ack: true, refs: ['file:src/a.ts#L10'] }, '# Do it\n\nNow.', hash),
      `---
id: "r261122-143205-a3f7-000042"
seq: 42
ts: "2026-11-22T14:38:00.123Z"
from: "planner"
to: ["coder"]
kind: "task"
thread: "t007"
ack: true
refs: ["file:src/a.ts#L10"]
schema: "orch.msg/1"
bytes: 14
sha256: "${hash('# Do it\n\nNow.\n')}"
---
# Do it

Now.
`.replace(/^(---\n)((?:.*\n)*?)(schema: .*\n)/, '$1$3$2'),
    );
  });

  it('read back the same, whatever they hold, and are YAML', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    const awkward = fc.oneof(
      text,
      fc.constantFrom('---', '\n---\n', '\r\n', '\u2028', '\u0085', '\ufeff', '\ud800', 'a: b', '#', '\0', '🎻'),
    );
    fc.assert(
      fc.property(
        fc.array(awkward),
        awkward,
        fc.array(awkward, { minLength: 1, maxLength: 3 }),
        fc.jsonValue(),
        (parts, subject, refs, extra) => {
          const body = parts.join('');
          const message = formatMessage({ ...draft, refs, note: subject, extra }, body, hash);
          const read = whole(message);
          assert.equal(read.body, normalBody(body));
          assert.equal(normalBody(message), message, 'storing it changes nothing');
          assert.deepEqual(read.envelope['extra'], JSON.parse(JSON.stringify(extra)));
          assert.deepEqual(read.envelope.refs, refs);
          const head = parseYaml(message.slice(4, message.indexOf('\n---\n', 3))) as Record<string, unknown>;
          assert.deepEqual([head['note'], head['refs'], head['seq']], [subject, refs, 42]);
          // As Serena on Windows leaves it.
          assert.equal(whole(message.replaceAll('\n', '\r\n')).body, read.body);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('leave no character in their heads that a strict YAML reader refuses or takes for a line end', () => {
    const message = formatMessage({ ...draft, note: 'a\u0085b\u2028c\u2029d\ufeffe\u007ff\u009fg\uffffh' }, 'x', hash);
    assert.match(message, /\nnote: "a\\u0085b\\u2028c\\u2029d\\ufeffe\\u007ff\\u009fg\\uffffh"\n/);
    assert.equal(whole(message).envelope['note'], 'a\u0085b\u2028c\u2029d\ufeffe\u007ff\u009fg\uffffh');
  });

  it('are known when torn or changed', () => {
    const message = formatMessage(draft, 'Body with an ä in it.\nMore of it.', hash);
    for (let cut = 0; cut < message.length; cut++)
      assert.ok('problem' in parseMessage(message.slice(0, cut), hash), `cut at ${cut}`);
    assert.deepEqual(parseMessage(message.replace('More', 'Less'), hash), {
      problem: 'its body has another hash than its head says',
    });
    assert.ok(
      !('problem' in parseMessage(message.replace('More', 'Less'))),
      'without a hash only the length is looked at',
    );
  });

  it('are refused with a reason', () => {
    const message = formatMessage(draft, 'Body', hash);
    for (const [spoilt, problem] of [
      ['', /no head/],
      ['---\na: 1\n', /does not end/],
      [message.replace('orch.msg/1', 'orch.msg/2'), /schema/],
      [message.replace('seq: 42', 'seq: 0'), /seq/],
      [message.replace('seq: 42', 'seq: 42\nseq: 43'), /seq twice/],
      [message.replace('seq: 42', 'seq: [42'), /no JSON for seq/],
      [message.replace('seq: 42', 'seq: 42\n__proto__: {"a": 1}'), /strange line/],
      [message.replace('seq: 42', 'seq: 42\nconstructor: 1'), /strange line/],
      [message.replace('seq: 42', `seq: 42\nlong: "${'x'.repeat(20_000)}"`), /too long/],
      [message.replace('["coder"]', '"coder"'), /to/],
    ] as const) {
      const read = parseMessage(spoilt, hash);
      assert.match('problem' in read ? read.problem : 'it was read', problem);
    }
  });

  it('hold an excerpt of what is too long', () => {
    assert.equal(fitBody('x'.repeat(bodyHardBytes - 1), 'there'), `${'x'.repeat(bodyHardBytes - 1)}\n`);
    const lines = Array.from({ length: 3000 }, (_, n) => `line ${n} ü🎻`).join('\n');
    const cut = fitBody(lines, 'the journal');
    assert.ok(utf8Bytes(cut) < bodySoftBytes + 200);
    assert.match(cut, /\nline \d+ ü🎻\n\n\[excerpt: \d+ of \d+ bytes; the whole text stands in the journal\]\n$/);
    assert.ok(lines.startsWith(cut.slice(0, cut.indexOf('\n\n[excerpt'))));
    const single = fitBody('🎻'.repeat(20_000), 'x');
    assert.ok(single.isWellFormed() && !single.includes('\ufffd'));
    whole(formatMessage(draft, lines, hash));
  });

  it('come from the journal alone', () => {
    const event = {
      type: 'message.posted' as const,
      seq: 7,
      from: 'critic',
      to: [],
      kind: 'findings',
      subject: 'Two\nlines',
      memory: '',
      body: 'Text\r\n',
      verified: true,
    };
    const read = whole(messageOf('r1', '2026-11-22T14:00:00.000Z', { ...event, re: 'r1-000003' }, hash));
    assert.equal(read.body, '# Two lines\n\nText\n');
    assert.deepEqual(
      [read.envelope.id, read.envelope.to, read.envelope.re, read.envelope.ts],
      ['r1-000007', ['all'], 'r1-000003', '2026-11-22T14:00:00.000Z'],
    );
    assert.equal(whole(messageOf('r1', '', { ...event, subject: '', body: '' }, hash)).body, '#\n');
  });
});

describe('texts', () => {
  it('are clipped between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.nat(40), (text, bytes) => {
        const clipped = clipBytes(text, bytes);
        assert.ok(text.startsWith(clipped) && utf8Bytes(clipped) <= bytes && clipped.isWellFormed());
        const next = Array.from(text.slice(clipped.length))[0];
        if (next !== undefined) assert.ok(utf8Bytes(clipped + next) > bytes, 'no more than needed');
      }),
    );
  });

  it('fit on one line', () => {
    assert.equal(oneLine(' a\n\t b\u2028c\u0007d\u202e ', 20), 'a b c d');
    assert.equal(oneLine('abcdef', 4), 'abc…');
    assert.equal(oneLine('🎻🎻🎻', 2), '🎻…');
    assert.equal(oneLine(`${' '.repeat(5000)}x`, 4), '…');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => assert.match(oneLine(text, 10), /^[^\p{Cc}]{0,20}$/u)),
    );
  });

  it('are normal once and for all', () => {
    assert.equal(normalBody('\ufeffa\r\nb\rc\0\ud800\n\n\n'), 'a\nb\nc\ufffd\n');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) =>
        assert.equal(normalBody(normalBody(text)), normalBody(text)),
      ),
    );
  });
});

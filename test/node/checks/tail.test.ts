import assert from 'node:assert/strict';
import fc from 'fast-check';
import { collectTail, plainTail } from '../../../src/node/checks/tail.ts';

describe('the tail of an output', () => {
  it('is plain text: no colour, no links, no control characters, no half characters', () => {
    assert.equal(plainTail('\u001b[31mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\n'), 'red link');
    assert.equal(plainTail('10 %\r50 %\r100 %\r\nnext\u0000\u0007\u009b2J\r'), '100 %\nnext');
    assert.equal(plainTail('a\tb\n\u{1f600}'), 'a\tb\n\u{1f600}');
    assert.equal(plainTail(`x${'\u{1f600}'.repeat(3000)}`).length, 4000);
    assert.ok(plainTail(`${'\u{1f600}'.repeat(3000)}y`).isWellFormed());
  });

  it('is put together from pieces cut anywhere, also within a character', () => {
    const text = `${'line é 漢 \u{1f600}\n'.repeat(3000)}end`;
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200_000 })), (sizes) => {
        const tail = collectTail();
        let at = 0;
        for (const size of sizes) {
          tail.add(bytes.subarray(at, at + size));
          at += size;
        }
        tail.add(bytes.subarray(at));
        const got = tail.text();
        assert.ok(got.isWellFormed() && got.length <= 4000 && got.length >= 3999);
        assert.ok(text.endsWith(got));
      }),
    );
  });

  it('takes no more than a moment for any output', function () {
    const began = performance.now();
    for (const piece of ['\u001b]', '\u001b[;', ';a', '\r', 'x\r', '\u001b', '1;', '\u001b[;#', '(;#?', '\n', ' ']) {
      plainTail(`\u001b]${piece.repeat(65_536 / piece.length)}a`);
    }
    assert.ok(performance.now() - began < 5000);
  });

  it('always is what it says', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (chunks) => {
        const tail = collectTail();
        for (const chunk of chunks) tail.add(Buffer.from(chunk));
        const text = tail.text();
        assert.ok(text.length <= 4000 && text.isWellFormed());
        assert.doesNotMatch(text, /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/);
      }),
    );
  });
});

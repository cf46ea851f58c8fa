import assert from 'node:assert/strict';
import fc from 'fast-check';
import { oneLine, plain, visible } from '../../../src/core/words/plain.ts';

const harmful = /[[\p{Cc}\u200b\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff\u{e0000}-\u{e007f}]--[\n]]/v;

/** Texts with much of what terminals obey in them. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(
        '\u001b',
        '\u001b[',
        '\u001b]8;;http://x\u001b\\',
        '\u009b',
        '\u009d0;t\u0007',
        '[31m',
        '\u202e',
        '\r',
        '\n',
        '\u0007',
        '\u001bP',
        '\u001b\\',
        '\ud800',
        '\u{e0041}',
        'e\u0301\u0302\u0303\u0304\u0305',
      ),
    ),
    { maxLength: 30 },
  )
  .map((parts) => parts.join(''));

describe('plain text', () => {
  it('takes out what a terminal would obey', () => {
    assert.equal(plain('a\u001b[31;1mb\u001b[0mc'), 'abc');
    assert.equal(plain('\u001b]0;title\u0007text'), 'text');
    assert.equal(plain('\u001b]8;;https://evil.example\u001b\\link\u001b]8;;\u001b\\'), 'link');
    assert.equal(plain('\u009b2Jx\u009d52;c;AAAA\u009cy'), 'xy');
    assert.equal(plain('\u001bcreset \u001b(0line \u001bPq#1\u001b\\end'), 'reset line end');
    assert.equal(plain('one\r\ntwo\rthree\ttab'), 'one\ntwo\nthree  tab');
  });

  it('loses no more than its line to a sequence that is not closed', () => {
    assert.equal(plain('a\u001b]52;c;never closed\nnext line'), 'a\nnext line');
  });

  it('keeps letters of all scripts, and emoji in one piece', () => {
    for (const text of ['日本語', 'मराठी', 'می\u200cخواهم', '👩\u200d💻', '❤\ufe0f', 'naïve', 'a\u0301'])
      assert.equal(plain(text), text);
  });

  it('is harmless whatever it was', () => {
    fc.assert(
      fc.property(nasty, (text) => {
        assert.doesNotMatch(plain(text), harmful);
        assert.ok(plain(text).isWellFormed());
        assert.doesNotMatch(oneLine(text), /\n| {2}/);
        assert.equal(plain(plain(text)), plain(text));
      }),
      { numRuns: 500 },
    );
  });

  it('is quick with a megabyte of escapes', () => {
    const started = performance.now();
    plain('\u001b'.repeat(500_000) + '\u001b['.repeat(250_000));
    assert.ok(performance.now() - started < 2000);
  });
});

describe('visible text', () => {
  it('writes out what could not be seen', () => {
    assert.equal(visible('rm -rf \u202e/tmp\u001b[8m x\r'), 'rm -rf \\u202e/tmp\\x1b[8m x\\x0d');
    assert.equal(visible('a\u200db\u{e0041}'), 'a\\u200db\\u{e0041}');
  });

  it('shows two texts that differ as two', () => {
    fc.assert(
      fc.property(nasty, nasty, (one, two) => {
        fc.pre(one.isWellFormed() && two.isWellFormed() && !one.includes('\\') && !two.includes('\\'));
        assert.doesNotMatch(visible(one).replaceAll('\t', ''), harmful);
        if (one !== two) assert.notEqual(visible(one), visible(two));
      }),
      { numRuns: 500 },
    );
  });
});

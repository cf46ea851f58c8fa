import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hunkSchema } from '../../../src/core/change/change.ts';
import type { FileChange } from '../../../src/core/change/change.ts';
import { applyHunks, hunksOf } from '../../../src/core/change/hunks.ts';
import { patienceRegions, regionsOf, splitLines } from '../../../src/core/change/lines.ts';
import { anyText, fileChange, side } from './texts.ts';

const textHunks = (before: string, after: string) => hunksOf('c', [fileChange('f', before, after)]);

describe('hunks of a change', () => {
  it('are the lines that differ, with their ends, without context', () => {
    assert.deepEqual(textHunks('a\nb\nc\nd\n', 'a\nB\nc\r\nd\ne'), [
      { id: 'c:f:1', change: 'c', path: 'f', kind: 'text', start: 1, removed: ['b\n', 'c\n'], added: ['B\n', 'c\r\n'] },
      { id: 'c:f:2', change: 'c', path: 'f', kind: 'text', start: 4, removed: [], added: ['e'] },
    ]);
  });

  it('know a missing end of the last line', () => {
    assert.deepEqual(
      textHunks('a\n', 'a').map(({ removed, added }) => [removed, added]),
      [[['a\n'], ['a']]],
    );
    assert.deepEqual(
      textHunks('a', 'a\nb\n').map(({ removed, added }) => [removed, added]),
      [[['a'], ['a\n', 'b\n']]],
    );
    assert.deepEqual(
      textHunks('', 'a').map(({ start, added }) => [start, added]),
      [[0, ['a']]],
    );
  });

  it('stand at the last of the places that mean the same, as in git', () => {
    assert.deepEqual(
      textHunks('a\n}\n}\nb\n', 'a\n}\n}\n}\nb\n').map(({ start }) => start),
      [3],
    );
    assert.deepEqual(
      textHunks('a\na\na\n', 'a\na\n').map(({ start }) => start),
      [2],
    );
  });

  const link = { mode: '120000', sha: '1', text: 'target' } as const;
  const cases: [string, FileChange, string[]][] = [
    ['a new file', { path: 'f', after: side('x') }, ['whole']],
    ['a new empty file', { path: 'f', after: side('') }, ['whole']],
    ['a deleted file', { path: 'f', before: side('x') }, ['whole']],
    [
      'a binary file',
      { path: 'f', before: { mode: '100644', sha: '1' }, after: { mode: '100644', sha: '2' } },
      ['whole'],
    ],
    ['a text that becomes binary', { path: 'f', before: side('x'), after: { mode: '100644', sha: '2' } }, ['whole']],
    ['a symbolic link', { path: 'f', before: link, after: { ...link, sha: '2', text: 'other' } }, ['whole']],
    ['a file that becomes a link', { path: 'f', before: side('x'), after: link }, ['whole']],
    ['a gitlink', { path: 'f', before: { mode: '160000', sha: '1' }, after: { mode: '160000', sha: '2' } }, ['whole']],
    ['a mode', { path: 'f', before: side('x'), after: side('x', '100755') }, ['mode']],
    [
      'the mode of a binary file',
      { path: 'f', before: { mode: '100644', sha: '1' }, after: { mode: '100755', sha: '1' } },
      ['mode'],
    ],
    ['text and mode', { path: 'f', before: side('x\n'), after: side('y\n', '100755') }, ['text', 'mode']],
    ['nothing', { path: 'f', before: side('x'), after: side('x') }, []],
  ];
  for (const [name, file, kinds] of cases) {
    it(`of ${name}: ${kinds.join(', ') || 'none'}`, () => {
      const hunks = hunksOf('c', [file]);
      assert.deepEqual(
        hunks.map(({ kind }) => kind),
        kinds,
      );
      for (const hunk of hunks) assert.deepEqual(hunkSchema.parse(hunk), hunk);
      const whole = hunks.find(({ kind }) => kind === 'whole');
      if (whole) {
        const name = (s: FileChange['before']) => (s ? `${s.mode} ${s.sha}` : '');
        assert.deepEqual([whole.before, whole.after], [name(file.before), name(file.after)]);
      }
    });
  }

  it('are one whole hunk where there are too many to align, in bounded time', () => {
    const many = (word: string) => Array.from({ length: 60_000 }, (_, n) => `${word} ${n}\n`).join('');
    const started = Date.now();
    assert.deepEqual(
      textHunks(many('a'), many('b')).map(({ kind }) => kind),
      ['whole'],
    );
    assert.ok(Date.now() - started < 15_000);
  });

  it('take lines named like members of objects as lines', () => {
    const before = '__proto__\nconstructor\n';
    const after = 'constructor\n__proto__\ntoString\n';
    assert.equal(applyHunks(before, textHunks(before, after)), after);
  });

  it('applied to the base give what was made of it', () => {
    fc.assert(
      fc.property(anyText, anyText, (before, after) => {
        assert.equal(applyHunks(before, textHunks(before, after)), after);
      }),
      { numRuns: 500 },
    );
  });

  it('can be applied in any selection and order', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.infiniteStream(fc.boolean()), (before, after, choice) => {
        const all = textHunks(before, after);
        const some = all.filter(() => choice.next().value).toReversed();
        const result = splitLines(applyHunks(before, some)).length;
        const growth = some.reduce((sum, { added, removed }) => sum + added!.length - removed!.length, 0);
        assert.equal(result, splitLines(before).length + growth);
      }),
      { numRuns: 300 },
    );
  });

  it('refuse to be applied to another base, or over one another', () => {
    const [hunk] = textHunks('a\nb\n', 'a\nc\n');
    assert.throws(() => applyHunks('a\nx\n', [hunk!]), /another base/);
    assert.throws(() => applyHunks('a\nb\n', [hunk!, hunk!]), /overlaps/);
    assert.throws(() => applyHunks('a\nb\n', [{ ...hunk!, kind: 'whole' }]), /not one of lines/);
  });
});

describe('alignments', () => {
  for (const [name, align] of [
    ['shortest', regionsOf],
    ['by unique lines', patienceRegions],
  ] as const) {
    it(`${name}: rebuild the other text, at least one line apart`, () => {
      fc.assert(
        fc.property(anyText, anyText, (x, y) => {
          const [one, two] = [splitLines(x), splitLines(y)];
          const out: string[] = [];
          let at = 0;
          for (const [n, region] of align(one, two)!.entries()) {
            if (n > 0) assert.ok(region.start > at);
            out.push(...one.slice(at, region.start), ...two.slice(region.from, region.to));
            at = region.end;
          }
          assert.deepEqual([...out, ...one.slice(at)], two);
        }),
        { numRuns: 500 },
      );
    });
  }

  it('are settled: nothing can be said to stand further down', () => {
    const some = fc.array(fc.constantFrom('a\n', 'b\n', '}\n'), { maxLength: 8 });
    fc.assert(
      fc.property(some, some, (one, two) => {
        for (const { start, end, from, to } of regionsOf(one, two)!) {
          const inserts = start === end && end < one.length;
          const removes = from === to && end < one.length;
          assert.ok(!inserts || two[from] !== one[end], 'an insertion could');
          assert.ok(!removes || one[start] !== one[end], 'a removal could');
        }
      }),
      { numRuns: 2000 },
    );
    assert.deepEqual(regionsOf(['b\n', 'b\n'], ['}\n', 'b\n']), [{ start: 0, end: 1, from: 0, to: 1 }]);
  });

  it('split and join losslessly', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\u2028', 'é') }), (text) => {
        const all = splitLines(text);
        assert.equal(all.join(''), text);
        assert.ok(
          all.every(
            (one, n) =>
              one.length > 0 && one.indexOf('\n') === (n < all.length - 1 || one.endsWith('\n') ? one.length - 1 : -1),
          ),
        );
      }),
    );
  });
});

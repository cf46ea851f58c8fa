import assert from 'node:assert/strict';
import fc from 'fast-check';
import { contains } from '../../../src/core/change/contains.ts';
import { expected, explain } from '../../../src/core/change/explain.ts';
import type { Claim } from '../../../src/core/change/explain.ts';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { splitLines } from '../../../src/core/change/lines.ts';
import { mergeText } from '../../../src/core/change/merge.ts';
import { fileChange, writers } from './texts.ts';

const only = (base: string, after: string) => {
  const hunks = hunksOf('c', [fileChange('f', base, after)]);
  assert.equal(hunks.length, 1);
  return hunks[0]!;
};

const claimsOf = (base: string, all: readonly string[], as: Claim['as'] = 'exact'): Claim[] =>
  all.flatMap((after, n) =>
    hunksOf(`c${n}`, [fileChange('f', base, after)]).map(({ id, start, removed, added }) => {
      return {
        id,
        change: `c${n}`,
        start: start!,
        end: start! + removed!.length,
        removed: removed!,
        added: added!,
        as,
      };
    }),
  );

/** Three writers' clean merge, or undefined. */
function mergedOf(base: string, all: readonly string[]): string | undefined {
  let text = base;
  for (const after of all) {
    const merged = mergeText(base, text, after);
    if (merged.conflict) return undefined;
    text = merged.text;
  }
  return text;
}

describe('a hunk in the final text', () => {
  const cases: [string, string, string, string, boolean][] = [
    ['alone', 'a\nb\n', 'a\nx\nb\n', 'a\nx\nb\n', true],
    ['not there', 'a\nb\n', 'a\nx\nb\n', 'a\nb\n', false],
    ['beside another in the same place, first', 'a\nb\n', 'a\nx\nb\n', 'a\nx\ny\nb\n', true],
    ['beside another in the same place, last', 'a\nb\n', 'a\ny\nb\n', 'a\nx\ny\nb\n', true],
    ['only in part', 'a\nb\n', 'a\nx\ny\nb\n', 'a\nx\nb\n', false],
    ['at another place', 'a\nb\nc\n', 'a\nx\nb\nc\n', 'a\nb\nx\nc\n', false],
    ['replacing, its old lines gone', 'a\nb\nc\n', 'a\nx\nc\n', 'a\nx\nc\nd\n', true],
    ['replacing, its old lines back', 'a\nb\nc\n', 'a\nx\nc\n', 'a\nx\nb\nc\n', false],
    ['a removal', 'a\nb\nc\n', 'a\nc\n', 'a\nc\nd\n', true],
    ['a removal that is not', 'a\nb\nc\n', 'a\nc\n', 'a\nb\nc\nd\n', false],
    ['a removal of one of many', '}\n}\n}\nz\n', '}\n}\nz\n', '}\n}\nz\nend\n', true],
    ['a removal of one of many that is not', '}\n}\n}\nz\n', '}\n}\nz\n', '}\n}\n}\nz\nend\n', false],
    ['a repeated line that another brought', 'a\nb\n', 'a\nx\nb\n', 'a\nb\nx\n', false],
    ['both replacements of one line', 'p\n1\nq\n', 'p\nX\nq\n', 'p\nX\nY\nq\n', true],
    ['with other white space', 'a\nb\n', 'a\nx\nb\n', 'a\n x\nb\n', false],
    ['with another line end', 'a\nb\n', 'a\nx\nb\n', 'a\nx\r\nb\n', false],
  ];
  for (const [name, base, after, final, is] of cases) {
    it(`${name}: ${is}`, () => assert.equal(contains(base, final, only(base, after)), is));
  }

  it('is not seen for hunks that are not of lines, and where nothing can be aligned', () => {
    const [whole] = hunksOf('c', [fileChange('f', undefined, 'a\n')]);
    assert.equal(contains('', 'a\n', whole!), false);
    const many = (word: string) => Array.from({ length: 5000 }, (_, n) => `${word} ${n}\n`).join('');
    assert.equal(contains(many('a'), many('b'), only(many('a'), `x\n${many('a')}`)), false);
  });

  it('of a clean merge is there, and not without one of its lines, but for a few deceived by repeats', () => {
    const seen = { kept: 0, missed: 0, cut: 0, deceived: 0 };
    fc.assert(
      fc.property(writers, fc.nat(), ({ base, after }, pick) => {
        const text = mergedOf(base, after);
        const found =
          text === undefined ? undefined : explain(splitLines(base), splitLines(text), claimsOf(base, after));
        if (text === undefined || !found) return;
        for (const hunk of after.flatMap((own, n) => hunksOf(`c${n}`, [fileChange('f', base, own)]))) {
          seen.kept += 1;
          if (!contains(base, text, hunk)) seen.missed += 1;
          const { from, to } = found.spans.get(hunk.id)!;
          const lines = splitLines(text);
          const back = hunk.removed![pick % Math.max(1, hunk.removed!.length)];
          const wrong = to > from ? lines.toSpliced(from + (pick % (to - from)), 1) : lines.toSpliced(from, 0, back!);
          seen.cut += 1;
          if (contains(base, wrong.join(''), hunk)) seen.deceived += 1;
        }
      }),
      { numRuns: 400, seed: 3 },
    );
    assert.ok(seen.kept > 200, JSON.stringify(seen));
    assert.ok(seen.missed <= seen.kept * 0.06 && seen.deceived <= seen.cut * 0.03, JSON.stringify(seen));
  });
});

describe('explaining a merged text', () => {
  const exact = (base: string, text: string, all: readonly string[]) =>
    explain(splitLines(base), splitLines(text), claimsOf(base, all)) !== undefined;

  it('explains every clean merge of two or three, and says where each line comes from', () => {
    fc.assert(
      fc.property(writers, ({ base, after }) => {
        const text = mergedOf(base, after.slice(0, 2));
        if (text === undefined) return;
        const lines: string[] = splitLines(text);
        const found = explain(splitLines(base), lines, claimsOf(base, after.slice(0, 2)));
        assert.ok(found, JSON.stringify({ base, after, text }));
        for (const [n, line] of lines.entries()) {
          const from: number | undefined = found.base[n];
          assert.equal(from !== undefined, found.by[n]!.length === 0);
          if (from !== undefined) assert.equal(splitLines(base)[from], line);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('explains no text with a line less, a line more or another line', () => {
    fc.assert(
      fc.property(writers, fc.nat(), fc.constantFrom('a\n', '}\n', 'x\n', 'new\n'), ({ base, after }, at, line) => {
        const text = mergedOf(base, after);
        if (text === undefined || !exact(base, text, after)) return;
        const lines = splitLines(text);
        const place = at % (lines.length + 1);
        assert.ok(!exact(base, lines.toSpliced(place, 0, line).join(''), after));
        if (place === lines.length) return;
        assert.ok(!exact(base, lines.toSpliced(place, 1).join(''), after));
        assert.ok(!exact(base, lines.toSpliced(place, 1, 'new\n').join(''), after));
      }),
      { numRuns: 500 },
    );
  });

  it('lets touching hunks stand in either order, but not out of their places', () => {
    assert.ok(exact('a\nb\n', 'a\nx\ny\nb\n', ['a\nx\nb\n', 'a\ny\nb\n']));
    assert.ok(exact('a\nb\n', 'a\ny\nx\nb\n', ['a\nx\nb\n', 'a\ny\nb\n']));
    assert.ok(exact('a\nb\n', 'X\nY\n', ['X\nb\n', 'a\nY\n']));
    assert.ok(!exact('a\nb\n', 'Y\nX\n', ['X\nb\n', 'a\nY\n']));
    assert.ok(exact('a\nb\nc\n', 'c\n', ['a\nc\n', 'c\n']));
  });

  it('counts identical hunks once', () => {
    assert.ok(exact('a\n', 'a\nx\n', ['a\nx\n', 'a\nx\n']));
    assert.ok(!exact('a\n', 'a\nx\nx\n', ['a\nx\n', 'a\nx\n']));
  });

  it('lets a decided hunk stand inside a greater one', () => {
    const base = 'a\nb\n';
    const all = ['a\nx\nb\n', 'a\nx\ny\nb\n'];
    const by = (text: string, as: Claim['as']) =>
      explain(splitLines(base), splitLines(text), claimsOf(base, all, as)) !== undefined;
    assert.ok(by('a\nx\ny\nb\n', 'decided') && by('a\nx\nx\ny\nb\n', 'decided'));
    assert.ok(!by('a\nx\nb\n', 'decided') && !by('a\ny\nb\n', 'decided') && !by('a\nx\ny\nz\nb\n', 'decided'));
    assert.ok(!by('a\nx\ny\nb\n', 'exact'));
  });

  it('lets a rewritten place hold anything that shows a trace, and nothing else change', () => {
    const base = 'a\nb\nc\nd\n';
    const claims = [
      ...claimsOf(base, ['a\nsum(x)\nc\nd\n'], 'free'),
      ...claimsOf(base, ['a\nb\nc\nD\n']).map((c) => ({ ...c, id: 'D' })),
    ];
    const by = (text: string) => explain(splitLines(base), splitLines(text), claims) !== undefined;
    assert.ok(by('a\nmine\n  sum( x )\nmore\nc\nD\n'));
    assert.ok(!by('a\nmine\nc\nD\n'), 'no trace');
    assert.ok(!by('a\nsum(x)\nc\nd\n'), 'the other is missing');
    assert.ok(!by('a\nsum(x)\nc\nD\nnew\n'), 'a new line elsewhere');
    assert.ok(!by('sum(x)\nc\nD\n'), 'a line of the base is missing');
  });

  it('wants exact hunks whole in a rewritten place, and their old lines away', () => {
    const base = 'a\nold\nb\n';
    const claims = [
      ...claimsOf(base, ['a\nnew\nnewer\nb\n'], 'decided'),
      ...claimsOf(base, ['a\nother\nb\n'], 'free').map((c) => ({ ...c, id: 'other' })),
    ];
    const by = (text: string) => explain(splitLines(base), splitLines(text), claims) !== undefined;
    assert.ok(by('a\nother\nnew\nnewer\nglue\nb\n'));
    assert.ok(!by('a\nother\nnew\nglue\nnewer\nb\n'));
    assert.ok(!by('a\nother\nnew\nnewer\nold\nb\n'));
    assert.ok(!by('a\nnew\nnewer\nb\n'));
  });

  it('gives up, and says no, where a text is made to be ambiguous', () => {
    const base = splitLines('}\n'.repeat(3000));
    const claims: Claim[] = Array.from({ length: 200 }, (_, n) => ({
      id: `h${n}`,
      change: 'c',
      start: n * 10,
      end: n * 10,
      removed: [],
      added: ['x }\n'],
      as: 'free',
    }));
    const started = Date.now();
    assert.equal(explain(base, splitLines('}\n'.repeat(2990) + 'x }\n'), claims), undefined);
    assert.ok(Date.now() - started < 20_000);
  });

  it('expects what a clean merge gives', () => {
    fc.assert(
      fc.property(writers, ({ base, after }) => {
        const text = mergedOf(base, after.slice(0, 2));
        if (text === undefined) return;
        assert.equal(expected(splitLines(base), claimsOf(base, after.slice(0, 2))).join(''), text);
      }),
    );
  });
});

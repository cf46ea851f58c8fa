import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { diff3Merge } from 'node-diff3';
import { applyHunks, hunksOf } from '../../../src/core/change/hunks.ts';
import { splitLines } from '../../../src/core/change/lines.ts';
import { holdsConflictMarkers, mergeText } from '../../../src/core/change/merge.ts';
import { anyText, fileChange, writers } from './texts.ts';

const clean = (text: string) => ({ text, conflict: false });

describe('merging texts', () => {
  const cases: [string, string, string, string, string][] = [
    ['changes in different places', 'a\nb\nc\n', 'A\nb\nc\n', 'a\nb\nC\n', 'A\nb\nC\n'],
    ['the same change twice', 'a\nb\n', 'a\nx\nb\n', 'a\nx\nb\n', 'a\nx\nb\n'],
    ['the same change and another', 'a\nb\nc\n', 'x\nb\nc\n', 'x\nb\nC\n', 'x\nb\nC\n'],
    ['a removal and an addition', 'a\nb\nc\nd\n', 'a\nc\nd\n', 'a\nb\nc\nd\ne\n', 'a\nc\nd\ne\n'],
    ['line ends', 'a\r\nb\nc\n', 'a\r\nb\nC\n', 'a\nb\nc\n', 'a\nb\nC\n'],
    ['a missing last end', 'a\nb\nc', 'A\nb\nc', 'a\nb\nc\n', 'A\nb\nc\n'],
    ['an empty base', '', 'a\n', '', 'a\n'],
  ];
  for (const [name, base, ours, theirs, merged] of cases) {
    it(`joins ${name}`, () => {
      assert.deepEqual(mergeText(base, ours, theirs), clean(merged));
      assert.deepEqual(mergeText(base, theirs, ours), clean(merged));
    });
  }

  it('marks a conflict as git does', () => {
    assert.deepEqual(mergeText('1\na\n2\n', '1\nx\no\n2\n', '1\nx\nt\n2\n'), {
      text: '1\nx\n<<<<<<< ours\no\n=======\nt\n>>>>>>> theirs\n2\n',
      conflict: true,
    });
  });

  it('takes changes that touch, and a change against a removal, for conflicts', () => {
    assert.ok(mergeText('a\nb\n', 'x\nb\n', 'a\ny\n').conflict);
    assert.ok(mergeText('a\nb\n', 'a\nx\nb\n', 'a\ny\nb\n').conflict);
    assert.equal(
      mergeText('a\nb\nc\n', 'a\nc\n', 'a\nB\nc\n').text,
      'a\n<<<<<<< ours\n=======\nB\n>>>>>>> theirs\nc\n',
    );
  });

  it('ends lines before a marker, in the way of the text', () => {
    assert.equal(
      mergeText('a\r\n', 'x\r\ny', 'z').text,
      '<<<<<<< ours\r\nx\r\ny\r\n=======\r\nz\r\n>>>>>>> theirs\r\n',
    );
  });

  it('with one side unchanged gives the other', () => {
    fc.assert(
      fc.property(anyText, anyText, (base, text) => {
        assert.deepEqual(mergeText(base, text, base), clean(text));
        assert.deepEqual(mergeText(base, base, text), clean(text));
        assert.deepEqual(mergeText(base, text, text), clean(text));
      }),
    );
  });

  it('does not mind which side is which', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (base, one, two) => {
        const [ab, ba] = [mergeText(base, one, two), mergeText(base, two, one)];
        assert.equal(ab.conflict, ba.conflict);
        if (!ab.conflict) assert.equal(ab.text, ba.text);
      }),
      { numRuns: 300 },
    );
  });

  it('joins two selections of the hunks of one change that have none in common', () => {
    fc.assert(
      fc.property(anyText, anyText, fc.infiniteStream(fc.nat(2)), (base, after, choice) => {
        const hunks = hunksOf('c', [fileChange('f', base, after)]).map((hunk) => ({ hunk, to: choice.next().value }));
        const pick = (keep: (to: number) => boolean) =>
          applyHunks(
            base,
            hunks.filter(({ to }) => keep(to)).map(({ hunk }) => hunk),
          );
        const [one, two, all] = [pick((to) => to === 1), pick((to) => to === 2), pick((to) => to > 0)];
        const merged = mergeText(base, one, two);
        // With hunks left out, the same text may be aligned in another way: then it may conflict, but not join wrongly.
        if (!merged.conflict)
          assert.equal(splitLines(merged.text).toSorted().join(), splitLines(all).toSorted().join());
      }),
      { numRuns: 300 },
    );
  });

  it('lets changes of unlike lines commute', () => {
    const unlike = fc.array(fc.constantFrom('keep', 'drop', 'replace', 'insert'), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(unlike, fc.infiniteStream(fc.boolean()), (kinds, side) => {
        const base: string[] = [];
        const made = { ours: [] as string[], theirs: [] as string[], both: [] as string[] };
        for (const [n, kind] of kinds.entries()) {
          const by = side.next().value ? 'ours' : 'theirs';
          const stay = `stay ${n}\n`;
          const old = `old ${n}\n`;
          base.push(stay, old);
          for (const who of ['ours', 'theirs', 'both'] as const) {
            const does = who === by || who === 'both';
            const now =
              !does || kind === 'keep'
                ? [old]
                : kind === 'drop'
                  ? []
                  : kind === 'replace'
                    ? [`new ${n}\n`]
                    : [old, `more ${n}\n`];
            made[who].push(stay, ...now);
          }
        }
        assert.deepEqual(mergeText(base.join(''), made.ours.join(''), made.theirs.join('')), clean(made.both.join('')));
        const other = diff3Merge(made.ours, base, made.theirs, { excludeFalseConflicts: true });
        assert.deepEqual(
          other.flatMap((part) => part.ok ?? ['conflict']),
          made.both,
        );
      }),
    );
  });

  it('loses no line in a conflict', () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (base, ours, theirs) => {
        const { text } = mergeText(base, ours, theirs);
        const bare = (all: string) => splitLines(all).map((line) => line.replace(/\r?\n$/, ''));
        const [there, before] = [bare(text), bare(base)];
        const count = (all: string[], line: string) => all.filter((other) => other === line).length;
        for (const own of [bare(ours), bare(theirs)]) {
          // What a side has more of than the base is brought by it, and must be there.
          for (const line of new Set(own)) {
            const brought = count(own, line) - count(before, line);
            if (brought > 0)
              assert.ok(count(there, line) >= brought, `${JSON.stringify(line)} in ${JSON.stringify(text)}`);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('agrees with git where both find no conflict, but for repeated lines', function () {
    const folder = mkdtempSync(join(tmpdir(), 'orchestra-merge-'));
    let agreed = 0;
    let compared = 0;
    try {
      fc.assert(
        fc.property(writers, ({ base, after }) => {
          for (const [name, text] of [
            ['base', base],
            ['ours', after[0]!],
            ['theirs', after[1]!],
          ] as const) {
            writeFileSync(join(folder, name), text);
          }
          const git = spawnSync('git', ['merge-file', '-p', 'ours', 'base', 'theirs'], {
            cwd: folder,
            encoding: 'utf8',
          });
          const ours = mergeText(base, after[0]!, after[1]!);
          if (git.status !== 0 || ours.conflict) return;
          compared += 1;
          if (git.stdout === ours.text) agreed += 1;
          // Whatever line git chose to keep, the number of lines is no matter of taste.
          assert.equal(splitLines(ours.text).length, splitLines(git.stdout).length);
        }),
        { numRuns: 150, seed: 7 },
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
    assert.ok(compared > 20, `only ${compared} compared`);
    assert.ok(agreed >= compared * 0.95, `${agreed} of ${compared}`);
  });

  it('takes big files with few changes quickly, and big ones with nothing in common at all', () => {
    const lines = Array.from({ length: 100_000 }, (_, n) => `line ${n}\n`);
    const blank = '\n'.repeat(400_000);
    const started = Date.now();
    const merged = mergeText(lines.join(''), ['first\n', ...lines].join(''), [...lines, 'last\n'].join(''));
    assert.deepEqual(merged, clean(['first\n', ...lines, 'last\n'].join('')));
    assert.equal(mergeText(blank, `x\n${blank}`, `${blank}y\n`).text, `x\n${blank}y\n`);
    assert.ok(
      mergeText(lines.join(''), lines.join('').replaceAll('line', 'a'), lines.join('').replaceAll('line', 'b'))
        .conflict,
    );
    assert.ok(Date.now() - started < 30_000);
  });
});

describe('conflict markers', () => {
  const block = 'a\n<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n';
  const cases: [string, string, string | undefined, boolean][] = [
    ['a block', block, undefined, true],
    ['a block with CRLF', block.replaceAll('\n', '\r\n'), undefined, true],
    ['markers without labels', '<<<<<<<\na\n=======\nb\n>>>>>>>', undefined, true],
    ['the beginning alone', '<<<<<<< HEAD\na\n', undefined, true],
    ['the end alone', 'a\n>>>>>>> theirs\n', undefined, true],
    ['a heading in Markdown', 'Title\n=======\n', undefined, false],
    ['a longer row', '<<<<<<<<\n>>>>>>>>\n', undefined, false],
    ['a marker within a line', 'x <<<<<<< ours\n', undefined, false],
    ['code', '<<<<<<<x\n>>>>>>>=1\n', undefined, false],
    ['what the base has', block, block, false],
    ['one more than the base has', block + block, block, true],
  ];
  for (const [name, text, base, found] of cases) {
    it(`${found ? 'sees' : 'does not mind'} ${name}`, () => assert.equal(holdsConflictMarkers(text, base), found));
  }

  it('are seen in every conflict that a merge leaves', () => {
    fc.assert(
      fc.property(writers, ({ base, after }) => {
        const merged = mergeText(base, after[0]!, after[1]!);
        assert.equal(holdsConflictMarkers(merged.text, base), merged.conflict);
      }),
    );
  });
});

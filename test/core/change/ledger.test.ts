import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { FileChange } from '../../../src/core/change/change.ts';
import type { Decision } from '../../../src/core/change/fileCase.ts';
import { makeLedger } from '../../../src/core/change/ledger.ts';
import type { LedgerInput } from '../../../src/core/change/ledger.ts';
import { splitLines } from '../../../src/core/change/lines.ts';
import { mergeText } from '../../../src/core/change/merge.ts';
import { balanced, base, fails, fatesOf, ledgerOf } from './ledgers.ts';
import { fileChange, side, writers } from './texts.ts';

describe('a ledger of clean merges', () => {
  it('balances, and says for every hunk of the final change who stands behind it', () => {
    const ledger = ledgerOf(base, { one: 'A\nb\nc\nd\ne\n', two: 'a\nb\nc\nd\nE\nf\n' }, 'A\nb\nc\nd\nE\nf\n');
    balanced(ledger);
    assert.deepEqual(ledger.entries[1], {
      hunk: 'two:f:1',
      change: 'two',
      writer: 'writer-two',
      path: 'f',
      fate: 'merged',
      added: 2,
      removed: 1,
    });
    assert.deepEqual(ledger.hunks, [
      { id: 'final:f:1', path: 'f', start: 0, removed: 1, added: 1, from: ['one:f:1'] },
      { id: 'final:f:2', path: 'f', start: 4, removed: 1, added: 2, from: ['two:f:1'] },
    ]);
  });

  it('takes identical hunks of two writers as merged, both', () => {
    const ledger = ledgerOf(base, { one: 'a\nx\nc\nd\ne\n', two: 'a\nx\nc\nd\ne\n' }, 'a\nx\nc\nd\ne\n');
    balanced(ledger);
    assert.deepEqual(fatesOf(ledger), ['merged', 'merged']);
    assert.deepEqual(ledger.hunks[0]!.from, ['one:f:1', 'two:f:1']);
  });

  it('names path, writer and lines of what is missing', () => {
    const ledger = ledgerOf(base, { one: 'a\nB\nC\nd\ne\n' }, 'a\nB\nc\nd\ne\n');
    fails(ledger, /^f, lines 2-3 \(writer-one\): not in the merged text/m);
    fails(ledgerOf(base, { one: 'a\nx\nb\nc\nd\ne\n' }, base), /^f, after line 1 \(writer-one\)/m);
  });

  it('names lines that nobody wrote', () => {
    fails(ledgerOf(base, { one: 'A\nb\nc\nd\ne\n' }, 'A\nb\nc\nnew\nd\ne\n'), /^f, line 4: .*nobody wrote/m);
    fails(ledgerOf(base, { one: 'A\nb\nc\nd\ne\n' }, 'A\nnew\nb\nc\nd\ne\n'), /^f, line 2: .*nobody wrote/m);
    fails(ledgerOf(base, {}, 'a\nb\nc\nd\ne\nnew\n'), /^f, after line 5: .*nobody wrote/m);
  });

  it('balances for every clean merge of two, with a source for every hunk', () => {
    fc.assert(
      fc.property(writers, ({ base: from, after: [one, two] }) => {
        const merged = mergeText(from, one!, two!);
        if (merged.conflict) return;
        const ledger = ledgerOf(from, { one, two }, merged.text);
        balanced(ledger);
        assert.ok(ledger.entries.every(({ fate }) => fate === 'merged'));
        assert.ok(ledger.hunks.every((hunk) => hunk.from.length > 0));
      }),
      { numRuns: 400 },
    );
  });

  it('fails when a line is taken out, put back, added or altered, wherever', () => {
    let tried = 0;
    fc.assert(
      fc.property(
        writers,
        fc.nat(),
        fc.constantFrom('a\n', '}\n', 'x\n', 'new\n'),
        ({ base: from, after: [one, two] }, at, line) => {
          const merged = mergeText(from, one!, two!);
          if (merged.conflict || merged.text === from) return;
          const lines = splitLines(merged.text);
          const place = at % (lines.length + 1);
          const wrong = [
            lines.toSpliced(place, 0, line),
            lines.toSpliced(place, 1),
            lines.toSpliced(place, 1, 'new\n'),
          ];
          for (const text of wrong.slice(0, place === lines.length ? 1 : 3)) {
            tried += 1;
            assert.equal(ledgerOf(from, { one, two }, text.join('')).balanced, false);
          }
        },
      ),
      { numRuns: 400 },
    );
    assert.ok(tried > 300);
  });

  it('lets no other alignment explain a line away', () => {
    // By unique lines, the one takes back what the other brings; by a shortest edit it does not.
    const all = { one: 'c\nc\n', two: 'c\nc\na\n' };
    balanced(ledgerOf('a\nc\nc\n', all, all.two));
    assert.equal(ledgerOf('a\nc\nc\n', all, all.one).balanced, false);
  });

  it('understands a merge of blocks that changed places, which git aligns in another way', () => {
    // A shortest edit keeps the six lines of y; by unique lines the four of x stay, and y goes before them.
    const x = ['x0\n', 'x1\n', 'x2\n', 'x3\n'];
    const y = ['y0\n', '}\n', 'y1\n', '}\n', 'y2\n', '}\n'];
    const from = ['top\n', ...x, ...y, 'end\n'].join('');
    const one = ['top\n', ...y, ...x, 'end\n'].join('');
    const two = from.replace('x1\n', 'X1\n');
    const merged = one.replace('x1\n', 'X1\n');
    const ledger = ledgerOf(from, { one, two }, merged);
    balanced(ledger);
    assert.ok(ledger.entries.every(({ fate }) => fate === 'merged'));
    assert.deepEqual([...new Set(ledger.hunks.flatMap((hunk) => hunk.from))].sort(), ['one:f:1', 'one:f:2', 'two:f:1']);
    balanced(ledgerOf(from, { one, two }, merged, { final: `${merged}docs\n` }));
    for (const line of splitLines(merged))
      assert.equal(ledgerOf(from, { one, two }, merged.replace(line, '')).balanced, false);
  });
});

describe('a ledger of whole files and modes', () => {
  const own = (file: FileChange, final: FileChange | undefined, more: Partial<LedgerInput> = {}) =>
    makeLedger({
      final: final ? [final] : [],
      changes: [{ change: 'one', writer: 'w', files: [file] }],
      fates: [],
      integration: [],
      ...more,
    });
  const binary = (sha: string) => ({ mode: '100644', sha }) as const;

  it('wants the final side to be the very same', () => {
    const made = fileChange('f', undefined, 'x\ny\n');
    balanced(own(made, made));
    assert.deepEqual(own(made, made).hunks, [{ id: 'final:f:1', path: 'f', removed: 0, added: 2, from: ['one:f:1'] }]);
    fails(own(made, undefined), /^f \(w\): not in the merged text/);
    fails(own(made, fileChange('f', undefined, 'x\n')), /^f \(w\): not in/);
    const gone = fileChange('f', 'x\n', undefined);
    balanced(own(gone, gone));
    fails(own(gone, undefined), /not in the merged text/);
    const image = { path: 'f', before: binary('1'), after: binary('2') };
    balanced(own(image, image));
    fails(own(image, { ...image, after: binary('3') }), /not in the merged text/);
  });

  it('keeps text and mode apart', () => {
    const both = { path: 'f', before: side('x\n'), after: side('y\n', '100755') };
    const ledger = own(both, both);
    balanced(ledger);
    assert.deepEqual(
      ledger.hunks.map(({ from }) => from),
      [['one:f:1'], ['one:f:2']],
    );
    fails(own(both, { path: 'f', before: side('x\n'), after: side('y\n') }), /^f, its mode \(w\)/);
    fails(own({ path: 'f', before: side('x\n'), after: side('y\n') }, both), /^f, its mode: .*nobody wrote/);
  });

  it('sees files that nobody made or removed', () => {
    fails(
      makeLedger({ final: [fileChange('n', undefined, 'x')], changes: [], fates: [], integration: [] }),
      /^n: .*nobody wrote/,
    );
    fails(
      makeLedger({ final: [fileChange('n', 'x', undefined)], changes: [], fates: [], integration: [] }),
      /^n: .*nobody wrote/,
    );
  });

  it('lets the orchestrator go on with a new file, and says so', () => {
    const made = fileChange('f', undefined, 'x\n');
    const ledger = own(made, fileChange('f', undefined, 'x\ny\n'), { integration: [fileChange('f', 'x\n', 'x\ny\n')] });
    balanced(ledger);
    assert.deepEqual(fatesOf(ledger), ['superseded by integration:f:1']);
    assert.deepEqual(ledger.hunks[0]!.from, ['one:f:1', 'integration:f:1']);
  });

  it('settles a file that one removes and another edits', () => {
    const all = { one: undefined, two: 'a\nB\nc\nd\ne\n' };
    const fates: Decision[] = [{ hunk: 'one:f:1', fate: 'superseded', by: 'two:f:1', why: 'It is still used.' }];
    balanced(ledgerOf(base, all, all.two, { fates }));
    fails(ledgerOf(base, all, undefined, { fates }), /line 2 \(writer-two\): not in/);
    fails(ledgerOf(base, all, all.two), /^f \(writer-one\): not in/m);
  });

  it('settles a file that two make', () => {
    const all = { one: 'x\ncommon\n', two: 'y\ncommon\n' };
    const fates: Decision[] = (['one', 'two'] as const).map((name) => ({
      hunk: `${name}:f:1`,
      fate: 'resolved',
      why: 'Both.',
    }));
    balanced(ledgerOf(undefined, all, 'x\ny\ncommon\n', { fates }));
    fails(ledgerOf(undefined, all, 'other\n', { fates }), /said to be resolved, but nothing of it/);
  });
});

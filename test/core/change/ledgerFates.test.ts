import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Decision } from '../../../src/core/change/fileCase.ts';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { makeLedger } from '../../../src/core/change/ledger.ts';
import type { LedgerInput } from '../../../src/core/change/ledger.ts';
import { splitLines } from '../../../src/core/change/lines.ts';
import { mergeText } from '../../../src/core/change/merge.ts';
import { balanced, base, fails, fatesOf, ledgerOf } from './ledgers.ts';
import { fileChange, writers } from './texts.ts';

describe('a ledger of decisions', () => {
  const all = { one: 'a\nx\nx2\nc\nd\ne\n', two: 'a\ny\nc\nd\ne\n' };
  const decide = (one: Partial<Decision>, two: Partial<Decision> = {}): Decision[] => [
    { hunk: 'one:f:1', fate: 'merged', why: 'So.', ...one },
    { hunk: 'two:f:1', fate: 'merged', why: 'So.', ...two },
  ];
  const resolved = (text: string, fates: Decision[], more = {}) =>
    ledgerOf(base, all, `a\n${text}c\nd\ne\n`, { fates, ...more });

  it('takes both sides of a conflict, where both are there', () => {
    balanced(resolved('x\nx2\ny\n', decide({})));
    balanced(resolved('y\nx\nx2\n', decide({})));
    fails(resolved('x\nx2\n', decide({})), /line 2 \(writer-two\): said to be merged/);
    fails(resolved('x\nx2\ny\nb\n', decide({})), /nobody wrote|other text/);
    fails(resolved('x\nglue\nx2\ny\n', decide({})), /line 3: .*nobody wrote/);
  });

  it('takes a rewritten one that shows a trace', () => {
    const fates = decide({ fate: 'resolved' }, { fate: 'resolved' });
    balanced(resolved('  x2\nboth( y )\ny\n', fates));
    fails(resolved('both\n', fates), /writer-one.*resolved, but nothing.*\n.*writer-two/s);
    fails(resolved('x\ny\n', decide({ fate: 'resolved', why: ' ' }, { fate: 'resolved' })), /resolved, but not why/);
    assert.deepEqual(resolved('x\ny\n', fates).hunks[0]!.from, ['one:f:1', 'two:f:1']);
  });

  it('takes a rewritten removal when some of it is gone', () => {
    const fates: Decision[] = [{ hunk: 'one:f:1', fate: 'resolved', why: 'One stays.' }];
    balanced(ledgerOf(base, { one: 'a\nd\ne\n' }, 'a\nc\nd\ne\n', { fates }));
    fails(ledgerOf(base, { one: 'a\nd\ne\n' }, base, { fates }), /nothing of it/);
  });

  it('takes a rewritten one beside one that is merged, and no line beyond', () => {
    const fates = decide({}, { fate: 'resolved' });
    balanced(resolved('x\nx2\ny // too\ny\n', fates));
    fails(resolved('x\ny\n', fates), /writer-one.*said to be merged/);
    fails(ledgerOf(base, all, 'a\nx\nx2\ny\nc\nd\ne\nnew\n', { fates }), /line 8: .*nobody wrote/);
  });

  it('accounts lines beyond to the resolution of a file that was written by hand', () => {
    const fates = decide({}, { fate: 'resolved' });
    const ledger = ledgerOf(base, all, 'import\na\nx\nx2\ny\nc\nd\ne\n', { fates, resolution: 'resolution:two' });
    balanced(ledger);
    assert.deepEqual(
      ledger.hunks.map(({ from }) => from),
      [['resolution:two'], ['one:f:1', 'two:f:1']],
    );
    fails(
      ledgerOf(base, all, 'import\na\nx\ny\nc\nd\ne\n', { fates, resolution: 'r' }),
      /writer-one.*said to be merged/,
    );
  });

  it('wants a winner that is in the tree', () => {
    const lost = (by?: string) => decide({ fate: 'superseded', by });
    balanced(resolved('y\n', lost('two:f:1')));
    balanced(resolved('y\n', lost('two')));
    assert.deepEqual(fatesOf(resolved('y\n', lost('two'))), ['superseded by two', 'merged']);
    fails(resolved('y\n', lost('two:f:9')), /line 2 \(writer-one\): .*two:f:9, its winner, does not exist/);
    fails(resolved('y\n', lost()), /not by what/);
    fails(resolved('y\n', lost('one')), /not in the final tree either/);
    fails(resolved('y\n', lost('integration')), /not in the final tree either/);
    fails(resolved('y\n', decide({ fate: 'superseded', by: 'two', why: '' })), /not why/);
    const each = decide({ fate: 'superseded', by: 'two' }, { fate: 'superseded', by: 'one' });
    fails(resolved('b\n', each), /writer-one.*either\.\n.*writer-two.*either/s);
    fails(
      resolved('b\n', decide({ fate: 'superseded', by: 'two' }, { fate: 'rejected' })),
      /two, its winner, is not in/,
    );
  });

  it('follows winners that lost in turn', () => {
    const three = { ...all, three: 'a\nz\nc\nd\ne\n' };
    const fates: Decision[] = [
      { hunk: 'one:f:1', fate: 'superseded', by: 'two:f:1', why: 'w' },
      { hunk: 'two:f:1', fate: 'merged' },
      { hunk: 'two:f:1', fate: 'superseded', by: 'three', why: 'A later conflict.' },
    ];
    balanced(ledgerOf(base, three, three.three, { fates }));
  });

  it('finds what is said to have lost and has not', () => {
    fails(resolved('x\nx2\ny\n', decide({ fate: 'superseded', by: 'two' })), /nobody wrote|it is in the final tree/);
    fails(
      resolved('x\nx2\n', decide({ fate: 'rejected' }, { fate: 'rejected' })),
      /writer-one.*said to be rejected, but it is in the final tree/,
    );
    const reborn = { final: 'a\nx\nx2\nc\nd\ne\n' };
    fails(
      resolved('b\n', decide({ fate: 'rejected' }, { fate: 'rejected' }), reborn),
      /writer-one.*rejected, but it is in/,
    );
  });

  it('does not mind what lost standing within what won', () => {
    const greater = { one: 'a\nx\nc\nd\ne\n', two: 'a\nx\ny\nc\nd\ne\n' };
    const fates: Decision[] = [{ hunk: 'one:f:1', fate: 'superseded', by: 'two:f:1', why: 'It has it all.' }];
    balanced(ledgerOf(base, greater, greater.two, { fates, final: `${greater.two}docs\n` }));
  });

  it('lets a rejected hunk be there when another brought the same', () => {
    const twice = { one: all.one, two: all.one };
    const fates: Decision[] = [{ hunk: 'two:f:1', fate: 'rejected', why: 'Outside its paths.' }];
    const ledger = ledgerOf(base, twice, all.one, { fates });
    balanced(ledger);
    assert.deepEqual(ledger.hunks[0]!.from, ['one:f:1']);
    const made = { one: 'x', two: 'x' };
    balanced(ledgerOf(undefined, made, 'x', { fates }));
    fails(ledgerOf(undefined, { two: 'x' }, 'x', { fates }), /^f \(writer-two\): said to be rejected/m);
  });

  it('wants to know why something was rejected', () => {
    fails(
      ledgerOf(base, { one: all.one }, base, { fates: [{ hunk: 'one:f:1', fate: 'rejected' }] }),
      /rejected, but not why/,
    );
    balanced(
      ledgerOf(base, { one: all.one }, base, {
        fates: [{ hunk: 'one:f:1', fate: 'rejected', why: 'Outside its paths.' }],
      }),
    );
  });

  it('sees decisions about nothing, changes of one name, and trees that do not belong together', () => {
    fails(ledgerOf(base, {}, base, { fates: [{ hunk: 'x:f:1', fate: 'merged' }] }), /x:f:1, but there is no such hunk/);
    const files = [fileChange('f', base, all.one)];
    const empty = { fates: [], integration: [] };
    const twin = { change: 'one', writer: 'w', files };
    fails(makeLedger({ ...empty, final: files, changes: [twin, twin] }), /Two changes are called one/);
    fails(
      makeLedger({ ...empty, final: files, changes: [{ ...twin, files: [fileChange('f', 'z\n', all.one)] }] }),
      /not the same base/,
    );
    fails(
      makeLedger({ ...empty, final: files, changes: [twin], integration: [fileChange('f', all.one, 'z\n')] }),
      /do not end at the final tree/,
    );
  });

  it('accounts for all hunks of losing candidates', () => {
    const loser = 'A\nb\nq\nd\nE\n';
    const fates = hunksOf('two', [fileChange('f', base, loser)]).map(({ id }): Decision => ({
      hunk: id,
      fate: 'superseded',
      by: 'one',
      why: 'Its checks are red.',
    }));
    const ledger = ledgerOf(base, { one: all.one, two: loser }, all.one, { fates });
    balanced(ledger);
    assert.deepEqual(fatesOf(ledger), ['merged', ...fates.map(() => 'superseded by one')]);
    fails(
      ledgerOf(base, { one: all.one, two: loser }, all.one.replace('e\n', 'E\n'), { fates }),
      /nobody wrote|other text/,
    );
  });
});

describe("a ledger of the orchestrator's later edits", () => {
  const one = 'a\nx\nx2\nc\nd\ne\n';
  const later = (final: string, more = {}) => ledgerOf(base, { one }, one, { final, ...more });

  it('leaves hunks merged whose lines are untouched', () => {
    const ledger = later('a\nx\nx2\nc\nd\ne\ndocs\n');
    balanced(ledger);
    assert.deepEqual(fatesOf(ledger), ['merged']);
    assert.deepEqual(
      ledger.hunks.map(({ from }) => from),
      [['one:f:1'], ['integration:f:1']],
    );
    assert.deepEqual(fatesOf(later('a\nx\nx2\nmore\nc\nd\ne\n')), ['merged']);
    assert.deepEqual(fatesOf(later('a\nx\nwithin\nx2\nc\nd\ne\n')), ['merged']);
  });

  it('names its own hunk as the winner over lines that it changed, removed or put back', () => {
    for (const final of ['a\nX\nx2\nc\nd\ne\n', 'a\nx2\nc\nd\ne\n', base, 'a\nx\nx2\nb\nc\nd\ne\n']) {
      const ledger = later(final);
      balanced(ledger);
      assert.deepEqual(fatesOf(ledger), ['superseded by integration:f:1'], final);
      assert.ok(ledger.entries[0]!.why);
    }
  });

  it('does so for merged and resolved decisions too', () => {
    const fates: Decision[] = [{ hunk: 'one:f:1', fate: 'resolved', why: 'w' }];
    assert.deepEqual(fatesOf(later('a\nx\nq\nc\nd\ne\n', { fates })), ['resolved']);
    const gone = later('a\nq\nc\nd\ne\n', { fates });
    balanced(gone);
    assert.deepEqual(fatesOf(gone), ['superseded by integration:f:1']);
  });

  it('does not cover a hunk that was lost before', () => {
    fails(ledgerOf(base, { one }, base, { final: 'a\nB\nc\nd\ne\n' }), /line 2 \(writer-one\): not in the merged text/);
  });

  it('balances for any edit of a clean merge, and for no other text than that', () => {
    fc.assert(
      fc.property(
        writers,
        fc.nat(),
        fc.constantFrom('a\n', '}\n', 'new\n'),
        ({ base: from, after: [own, two, end] }, at, line) => {
          const merged = mergeText(from, own!, two!);
          if (merged.conflict) return;
          const final = end ?? `${merged.text}docs\n`;
          const ledger = ledgerOf(from, { one: own, two }, merged.text, { final });
          balanced(ledger);
          assert.ok(
            ledger.entries.every(
              ({ fate, by }) => fate === 'merged' || (fate === 'superseded' && by?.startsWith('integration:')),
            ),
          );
          assert.ok(ledger.hunks.every((hunk) => hunk.from.length > 0));
          const lines = splitLines(final);
          const wrong = lines.toSpliced(at % (lines.length + 1), 0, line).join('');
          const changes = [
            ['one', own],
            ['two', two],
          ] as const;
          const input: LedgerInput = {
            final: wrong === from ? [] : [fileChange('f', from, wrong)],
            changes: changes.map(([change, after]) => ({
              change,
              writer: change,
              files: [fileChange('f', from, after)],
            })),
            fates: [],
            integration: [fileChange('f', merged.text, final)],
          };
          assert.equal(makeLedger(input).balanced, false);
        },
      ),
      { numRuns: 300 },
    );
  });
});

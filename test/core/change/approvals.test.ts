import assert from 'node:assert/strict';
import fc from 'fast-check';
import { applicable } from '../../../src/core/change/approvals.ts';
import type { GateVerdict } from '../../../src/core/change/change.ts';

const verdict = (path: string, kind: GateVerdict['verdict'], content = `100644 ${path}`): GateVerdict => ({
  path,
  verdict: kind,
  content,
});

describe('which files may be applied', () => {
  it('are those that pass, and held ones approved for the content that they have now', () => {
    const verdicts = [verdict('a', 'pass'), verdict('b', 'held'), verdict('c', 'held'), verdict('d', 'refused')];
    const approvals = [
      { path: 'b', content: '100644 b' },
      { path: 'c', content: '100644 earlier' },
      { path: 'd', content: '100644 d' },
    ];
    const { pass, heldBack, refused } = applicable(verdicts, approvals);
    assert.deepEqual(pass, ['a', 'b']);
    assert.deepEqual(heldBack, [verdicts[2]]);
    assert.deepEqual(refused, [verdicts[3]]);
  });

  it('do not borrow an approval from another path, or from a mode', () => {
    const held = verdict('x.sh', 'held', '100755 1234');
    assert.deepEqual(applicable([held], [{ path: 'y.sh', content: '100755 1234' }]).pass, []);
    assert.deepEqual(applicable([held], [{ path: 'x.sh', content: '100644 1234' }]).pass, []);
    assert.deepEqual(applicable([held], [{ path: 'x.sh', content: '100755 1234' }]).pass, ['x.sh']);
  });

  it('follow the strictest of several verdicts', () => {
    const kinds = fc.constantFrom<GateVerdict['verdict']>('pass', 'held', 'refused');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), kinds)), (rows) => {
        const verdicts = rows.map(([path, kind]) => verdict(path, kind));
        const { pass, heldBack, refused } = applicable(verdicts, []);
        const of = (path: string): string[] => rows.filter((row) => row[0] === path).map((row) => row[1]);
        for (const path of new Set(rows.map(([p]) => p))) {
          const kindsOf = of(path);
          assert.equal(refused.filter((v) => v.path === path).length, kindsOf.includes('refused') ? 1 : 0);
          assert.equal(
            pass.includes(path),
            kindsOf.every((kind) => kind === 'pass'),
          );
        }
        assert.equal(pass.length + heldBack.length + refused.length, new Set(rows.map(([p]) => p)).size);
      }),
    );
  });
});

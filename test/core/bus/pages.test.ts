import assert from 'node:assert/strict';
import fc from 'fast-check';
import { boardPage, nowPage, protocolPage } from '../../../src/core/bus/pages.ts';
import type { RunPage } from '../../../src/core/bus/pages.ts';
import { cappedPage, utf8Bytes } from '../../../src/core/bus/text.ts';

const page: RunPage = {
  run: 'r261122-143205-a3f7',
  task: 'Mend the clock\nand wind it',
  phase: 'analysis',
  at: '2026-11-22T14:38:00.123Z',
  scripted: true,
  roles: [{ role: 'critic', title: 'Critic', doing: 'looks for edge cases' }],
  findings: [
    {
      id: 'critic.1',
      role: 'critic',
      severity: 'high',
      claim: 'It stops\nat noon',
      check: 'confirmed',
      memory: 'orch/r/m/1',
    },
  ],
  items: [{ id: 'wind', title: 'Wind it', owners: ['implementer'], paths: ['src/**'], state: 'open' }],
  decisions: ['Springs stay'],
  questions: ['Who has the key?'],
};

describe('pages', () => {
  it('say where the run stands', () => {
    assert.equal(
      nowPage(page),
      `# Now: Mend the clock and wind it

- run: r261122-143205-a3f7
- phase: analysis
- as of: 2026-11-22T14:38:00.123Z
- the models of this run are played from a script
- task: Mend the clock and wind it
- read on: mem:orch/r261122-143205-a3f7/board

## Who does what
- critic (Critic): looks for edge cases

## Open questions
- Who has the key?
`,
    );
    const heads = [1, 2].map((seq) => ({
      seq,
      from: 'a',
      to: ['all'],
      kind: 'finding',
      subject: `s${seq}`,
      verified: seq === 2,
    }));
    const board = boardPage(page, heads);
    assert.match(board, /## Plan\n- wind \(open\): Wind it; implementer may write src\/\*\*\n/);
    assert.match(board, /## Findings\n- critic\.1 \(high, confirmed\): It stops at noon; orch\/r\/m\/1\n/);
    assert.doesNotMatch(boardPage({ ...page, scripted: false, questions: [] }, []), /script|Open questions/);
    assert.match(
      board,
      /\n\n## Messages through 2, .*\n- #2 a to all, finding: s2\n- #1 a \(so it says; unproved\) to all, finding: s1\n$/,
    );
  });

  it('keep to their sizes, and say what is missing', () => {
    const line = fc.string({ unit: 'binary', maxLength: 700 });
    const many = fc.array(line, { maxLength: 120 });
    fc.assert(
      fc.property(line, many, many, (task, some, more) => {
        const big: RunPage = {
          ...page,
          task,
          questions: some,
          decisions: more,
          findings: more.map((claim, n) => ({ id: `f.${n}`, role: 'r', severity: 'low', claim, check: 'unchecked' })),
          items: some.map((title, n) => ({ id: `i${n}`, title, owners: ['x'], paths: [title], state: 'open' })),
        };
        const messages = more.map((subject, n) => ({
          seq: n + 1,
          from: 'a',
          to: ['b'],
          kind: 'k',
          subject,
          verified: true,
        }));
        for (const [text, cap] of [
          [protocolPage(), 1536],
          [nowPage(big), 2048],
          [boardPage(big, messages), 8192],
        ] as const) {
          assert.ok(utf8Bytes(text) <= cap, `${utf8Bytes(text)} of ${cap}`);
          assert.ok(text !== boardPage(big, messages) || messages.length === 0 || text.includes('## Messages through'));
          assert.ok(text.isWellFormed() && text.endsWith('\n') && !text.includes('\r'));
        }
      }),
      { numRuns: 60 },
    );
    const lines = Array.from({ length: 100 }, (_, n) => `line ${n}`);
    const capped = cappedPage('# Head', [{ title: 'Lines', lines }], 200);
    const shown = capped.match(/^- line/gm)?.length ?? 0;
    assert.ok(shown > 5);
    assert.match(capped, new RegExp(`- … and ${100 - shown} more\n$`));
  });

  it('fit their own protocol in its size', () => {
    assert.ok(protocolPage().includes('.orchestration/'), 'not even its last line is cut');
  });
});

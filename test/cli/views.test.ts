import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import stringWidth from 'string-width';
import { fold } from '../../src/core/run/fold.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { blockOf } from '../../src/cli/view/blocks.ts';
import { eventLine } from '../../src/cli/view/eventLine.ts';
import type { Look } from '../../src/cli/view/look.ts';
import { workingLines } from '../../src/cli/view/working.ts';
import { analysis, journal, run, startedAt, titles } from '../fixtures/cli/story.ts';
import { whole } from '../fixtures/cli/wholeStory.ts';

// Times of day stand in some lines.
process.env['TZ'] = 'UTC';

const plainLook = (width: number): Look => ({ width, color: false, unicode: true, titles });

/** Compares with a file that a person has read and judged; UPDATE=1 writes it, to be read again. */
async function golden(name: string, lines: readonly string[]): Promise<void> {
  const folder = join(import.meta.dirname, '..', 'golden', 'cli');
  const file = join(folder, `${name}.txt`);
  const text = `${lines.join('\n')}\n`;
  if (process.env['UPDATE'] === '1') {
    await mkdir(folder, { recursive: true });
    await writeFile(file, text);
  }
  assert.equal(text, await readFile(file, 'utf8'), `${name} differs from its golden text`);
}

/** The story up to the event of this type. */
function upTo(type: string): ReturnType<typeof journal> {
  return journal(whole.slice(0, whole.findIndex(([, event]) => (event as { type: string }).type === type) + 1));
}

const tails = new Map([
  [
    'analysis/architect',
    'The request path is src/server.ts: it reads the body, authenticates, and then routes. The limiter belongs between the two, since only there a key is known; before that, an address is all there is.',
  ],
  ['analysis/critic', 'Clocks: Date.now() may go back\n'],
  [
    'implementation/limit.implementer/r0',
    'Now the tests. First the bucket on its own, then the server: 日本語の説明も少し長く書いておきます、幅を見るために。',
  ],
]);

function working(records: ReturnType<typeof journal>, look: Look, height?: number): string[] {
  const now = Date.parse(records.at(-1)?.at ?? '') + 3000;
  return workingLines(fold(records), { tails, now }, look, height === undefined ? {} : { height });
}

function allBlocks(look: Look): string[] {
  let state: RunState | undefined;
  return journal(whole).flatMap((record) => {
    state = fold([record], state);
    return blockOf(record, state, run, { tails: new Map(), now: Date.parse(record.at) }, look);
  });
}

describe('the working block', () => {
  for (const width of [50, 79, 159]) {
    it(`reads well at ${width} columns`, async () => {
      await golden(`working-analysis-${width}`, working(journal(analysis), plainLook(width)));
      await golden(`working-implementation-${width}`, working(upTo('permission.asked'), plainLook(width)));
    });
  }

  it('needs nothing but ASCII of its own', async () => {
    const lines = working(journal(analysis), { ...plainLook(79), unicode: false });
    assert.match(lines.join('\n'), /^[\x20-\x7e\n]*$/);
    await golden('working-ascii', lines);
  });

  it('keeps the order of its rows while roles start and end', () => {
    const rolesOf = (lines: readonly string[]): string[] =>
      lines.flatMap((line) => /^ {2}[●○✓✗] (\S+)/.exec(line)?.[1] ?? []);
    const orders = whole.map((_, n) => {
      const state = fold(journal(whole.slice(0, n + 1)));
      return state.phase === 'analysis' ? rolesOf(workingLines(state, { tails, now: startedAt }, plainLook(79))) : [];
    });
    const seen = orders.filter((order) => order.length > 0);
    assert.ok(seen.length > 5);
    for (const order of seen) assert.deepEqual(order, ['architect', 'big-picture', 'security', 'critic']);
  });

  it('puts what wants the person first, and alone in the accent colour', () => {
    const accent = '\u001b[1m\u001b[33m';
    const lines = working(upTo('permission.asked'), { ...plainLook(79), color: true });
    assert.ok(lines[0]?.startsWith(`${accent}▲ implementer asks`));
    assert.ok(lines.slice(1).every((line) => !line.includes('\u001b[33m')));
  });

  it('never takes more lines than it is given, and says that there are more', () => {
    for (let height = 1; height < 14; height++) {
      const lines = working(journal(analysis), plainLook(79), height);
      assert.ok(lines.length <= height, `${lines.length} lines in ${height}`);
    }
    assert.match(working(journal(analysis), plainLook(79), 6).join('\n'), /more lines than fit/);
  });

  it('shows nobody working once the run has ended', () => {
    assert.deepEqual(working(journal(whole), plainLook(79)), []);
    const cut = journal([...analysis, [50, { type: 'run.ended', outcome: 'stopped', reason: 'x' }]]);
    assert.deepEqual(working(cut, plainLook(79)), []);
  });

  it('leaves the typed answer at the end of a text out of its tail', () => {
    const records = journal(analysis);
    const live = {
      tails: new Map([['analysis/architect', 'The end.\n```json\n{"summary":"secret-json"']]),
      now: startedAt,
    };
    const lines = workingLines(fold(records), live, plainLook(79)).join('\n');
    assert.match(lines, /The end\./);
    assert.doesNotMatch(lines, /secret-json/);
  });
});

describe('the blocks of a run', () => {
  for (const width of [50, 79, 159]) {
    it(`read well at ${width} columns`, async () => golden(`blocks-${width}`, allBlocks(plainLook(width))));
  }

  it('say everything without colour that they say with it', () => {
    const painted = allBlocks({ ...plainLook(79), color: true });
    const bare = painted.map((line) => line.replaceAll(/\u001b\[\d+m/g, ''));
    assert.notDeepEqual(painted, bare);
    assert.deepEqual(bare, allBlocks(plainLook(79)));
  });

  for (const width of [20, 34, 50, 79, 120, 159, 240]) {
    it(`never run over ${width} columns`, () => {
      const lines = [...allBlocks(plainLook(width)), ...working(upTo('permission.asked'), plainLook(width))];
      for (const line of lines) assert.ok(stringWidth(line) <= width, `${stringWidth(line)}: ${line}`);
    });
  }
});

describe('the lines of a pipe', () => {
  it('are one an event', async () => {
    let state: RunState | undefined;
    const lines = journal(whole).map((record) => {
      state = fold([record], state);
      return eventLine(record, state, run, plainLook(100));
    });
    assert.equal(lines.length, whole.length);
    assert.ok(lines.every((line) => line.length > 8 && !/\p{Cc}/u.test(line)));
    await golden('lines', lines);
  });
});

describe('hostile text', () => {
  const hostile =
    '\u001b]0;owned\u0007\u001b[2J\u001b[31mred\u009b5m\u202egnp.exe\u2066\rgone\b\u0000\u0007\n```\n\u200bend';
  const records = journal([
    ...analysis,
    [
      42,
      {
        type: 'findings.held',
        role: 'architect',
        summary: hostile,
        findings: [
          {
            id: 'architect.1',
            role: 'architect',
            model: hostile,
            claim: hostile,
            severity: 'high',
            evidence: [{ kind: 'file', path: hostile }],
            check: 'refuted',
            problem: hostile,
          },
        ],
      },
    ],
    [
      43,
      {
        type: 'plan.made',
        missing: [{ role: hostile, why: hostile }],
        notes: [hostile],
        plan: {
          goal: hostile,
          items: [
            {
              id: 'a',
              title: hostile.slice(0, 100),
              what: hostile,
              owners: [hostile],
              paths: [hostile],
              dissent: [{ role: hostile, says: hostile, answer: hostile }],
            },
          ],
        },
      },
    ],
    [44, { type: 'note', level: 'warning', text: hostile, role: hostile }],
    [
      45,
      {
        type: 'permission.asked',
        call: 'c',
        role: hostile,
        phase: 'analysis',
        id: 'p',
        kind: 'command',
        title: hostile,
        detail: hostile,
      },
    ],
    [46, { type: 'stop.asked', stop: 'plan', question: hostile }],
    [47, { type: 'inbox.received', id: 'i', kind: 'say', text: hostile, from: hostile, to: hostile }],
    [
      48,
      {
        type: 'change.landed',
        change: hostile,
        role: hostile,
        items: [hostile],
        paths: [hostile],
        round: 1,
        commit: 'c',
        tree: 't',
        files: [{ path: hostile, added: 1, removed: 1, kind: 'new' }],
        outside: [hostile],
        summary: hostile,
        notDone: [{ item: hostile, why: hostile }],
      },
    ],
    [
      49,
      {
        type: 'checks.ended',
        on: 'base',
        tree: 't',
        excused: [],
        green: false,
        results: [
          { name: hostile, run: hostile, result: 'red', exitCode: 1, ms: 3, tail: hostile },
          { name: 'b', run: 'b', result: 'not-run', exitCode: null, ms: 0, tail: '', reason: hostile },
        ],
      },
    ],
    [
      50,
      {
        type: 'ledger.made',
        tree: 't',
        balanced: false,
        problems: [hostile],
        hunks: [],
        entries: [
          {
            hunk: hostile,
            change: hostile,
            writer: hostile,
            path: hostile,
            fate: 'superseded',
            by: hostile,
            why: hostile,
            added: 1,
            removed: 1,
          },
        ],
      },
    ],
    [
      51,
      { type: 'gate.judged', tree: 't', files: [{ path: hostile, verdict: 'refused', reason: hostile, content: 'c' }] },
    ],
    [52, { type: 'report.made', text: `# ${hostile}\n- ${hostile}` }],
    [53, { type: 'run.ended', outcome: 'failed', reason: hostile, hint: hostile }],
  ]);
  // All that a terminal could obey, or that would not be seen.
  const harmful = /[[\p{Cc}\u200b\u202a-\u202e\u2066-\u2069]--[\n]]/v;

  it('does nothing in blocks, working lines and event lines', () => {
    let state: RunState | undefined;
    const live = { tails: new Map([['analysis/architect', hostile]]), now: startedAt };
    for (const record of records) {
      state = fold([record], state);
      const lines = [
        ...blockOf(record, state, run, live, plainLook(79)),
        ...workingLines(state, live, plainLook(79)),
        eventLine(record, state, run, plainLook(79)),
      ];
      for (const line of lines) {
        assert.doesNotMatch(line, harmful, JSON.stringify(line));
        assert.doesNotMatch(line, /\n/);
      }
    }
  });
});

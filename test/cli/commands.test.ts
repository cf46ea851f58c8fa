import assert from 'node:assert/strict';
import { checksOf } from '../../src/cli/commands/run.ts';
import { runLines } from '../../src/cli/commands/runs.ts';
import { shownLines } from '../../src/cli/commands/show.ts';
import { wantedLines } from '../../src/cli/commands/trust.ts';
import { doctorLines } from '../../src/cli/commands/doctor.ts';
import { hasUnicode, widthOf } from '../../src/cli/terminal.ts';
import type { Look } from '../../src/cli/view/look.ts';
import type { RunInfo } from '../../src/node/run/runs.ts';
import { journal, run, stateOf, titles } from '../fixtures/cli/story.ts';
import { whole } from '../fixtures/cli/wholeStory.ts';

const look: Look = { width: 79, color: false, unicode: true, titles };

describe('checks of the command line', () => {
  it('have names that differ and fit a row', () => {
    const long = `npm run ${'x'.repeat(60)}`;
    const checks = checksOf(['npm test', 'npm test', long, `${long} b`]);
    assert.deepEqual(
      checks.map((check) => check.run),
      ['npm test', 'npm test', long, `${long} b`],
    );
    assert.equal(new Set(checks.map((check) => check.name)).size, 4);
    assert.ok(checks.every((check) => check.name.length <= 40));
  });
});

describe('the list of runs', () => {
  const info = (state: RunInfo['state'], more: Partial<RunInfo> = {}): RunInfo => ({
    id: 'r261122-090000-ab12',
    folder: '/x',
    created: '2026-11-22T09:00:00Z',
    task: 'Add rate limiting\nand more',
    scripted: false,
    state,
    engine: '0.1.0',
    owner: undefined,
    problem: undefined,
    ...more,
  });

  it('has a line a run, and one for what is wrong with it', () => {
    const lines = runLines(
      [info('spent', { scripted: true }), info('damaged', { problem: 'Its journal\u001b[2J is torn.' })],
      { ...look, width: 100 },
    );
    assert.equal(lines.length, 3);
    assert.match(
      lines[0] ?? '',
      /^r261122-090000-ab12 {2}budget spent {2}2026-11-22 \d\d:00 {2}scripted {2}Add rate limiting$/,
    );
    assert.match(lines[1] ?? '', /damaged/);
    assert.equal(lines[2], '  Its journal is torn.');
  });
});

describe('a run that is shown', () => {
  it('holds plan, findings with dissent, changes, checks, ledger, calls, moves and cost', () => {
    const text = shownLines(stateOf(journal(whole)), run, look).join('\n');
    for (const words of [
      /Token bucket per key/,
      /dissent {2}critic: A sliding window/,
      /There is no file src\/cache\.ts/,
      /evidence confirmed by code/,
      /limit\.refactoring {2}1 file \+12 −5 · checks red/,
      /Checks of limit\.refactoring: test red/,
      /not ok 3/,
      /superseded by limit\.implementer/,
      / {2}implementation\n {4}limit\.implementer\/r0 .*GPT-5-Codex high .*\$0\.31 {2}done/,
      /moved gemini → keys/,
      /held {2}package\.json/,
      /applied {2}2 files/,
    ])
      assert.match(text, words);
  });

  it('is shown as far as it has come', () => {
    for (let n = 1; n <= whole.length; n++)
      assert.ok(shownLines(stateOf(journal(whole.slice(0, n))), run, look).length > 1);
  });
});

describe('what waits for an approval', () => {
  it('is shown whole, blank for blank, with what could not be seen', () => {
    const shows = ['sh -c "a  b" \u202e', 'x'.repeat(200)];
    const lines = wantedLines({ kind: 'server', name: 'mine', content: '', shows }, '1 of 2', look);
    assert.equal(lines[0], '▲ 1 of 2  The server mine would be started, or spoken to:');
    assert.equal(lines[1], '  │ sh -c "a  b" \\u202e');
    assert.equal(
      lines
        .slice(2)
        .map((line) => line.slice(4))
        .join(''),
      'x'.repeat(200),
    );
  });
});

describe('the doctor', () => {
  const machine = [
    { what: 'git', state: 'ok', detail: '/usr/bin/git', mends: [] } as const,
    {
      what: 'This folder',
      state: 'missing',
      detail: 'Not trusted.',
      mends: [{ label: 'Approve', command: 'orchestra trust', kind: 'trust' }],
    } as const,
  ];
  it('says what is fine, what is not, and what to do about it', () => {
    const lines = doctorLines(
      {
        machine,
        routes: [],
        team: stateOf(journal(whole)).cast,
        leftOut: [{ role: 'quick', why: 'no route' }],
        notes: [],
        played: [{ role: 'critic', model: 'gemini-2.5-pro', server: 'agents', agent: 'gemini', id: 'gemini-2.5-pro' }],
        more: [
          {
            text: 'agents (codex) would bring Architect (GPT-5)',
            mends: [{ label: 'Sign in to Codex', command: 'codex login', kind: 'sign-in' }],
          },
        ],
        fixed: ['Fetched codex-acp.'],
      },
      look,
    );
    const text = lines.join('\n');
    assert.match(text, /✓ git {10}\/usr\/bin\/git/);
    assert.match(text, /✗ This folder {2}Not trusted\.\n {17}Approve: orchestra trust/);
    assert.match(text, /implementer {3}GPT-5-Codex high {2}writes/);
    assert.match(text, /left out: quick, no route/);
    assert.match(text, /critic: gemini-2\.5-pro over agents \(gemini\)/);
    assert.match(text, /would bring Architect \(GPT-5\)\n {4}Sign in to Codex: codex login/);
    assert.match(text, /^Mended\n {2}Fetched codex-acp\./);
  });
  it('says why no run could start', () => {
    const text = doctorLines(
      {
        machine,
        routes: [],
        team: [],
        played: [],
        leftOut: [],
        more: [],
        notes: [],
        fixed: [],
        problem: 'No orchestrator.',
      },
      look,
    ).join('\n');
    assert.match(text, /✗ No run could start here now\n {2}No orchestrator\./);
  });
});

describe('the terminal', () => {
  it('is as wide as it says, within reason', () => {
    assert.equal(widthOf({ isTTY: true, columns: 160 }), 160);
    assert.equal(widthOf({ isTTY: true, columns: 3 }), 20);
    assert.equal(widthOf({ isTTY: true, columns: 0 }), 80);
    assert.equal(widthOf({ isTTY: true }), 80);
  });

  it('has Unicode unless it is known to have none', () => {
    assert.equal(hasUnicode({}, 'linux'), true);
    assert.equal(hasUnicode({ LANG: 'en_US.UTF-8' }, 'linux'), true);
    assert.equal(hasUnicode({ LANG: 'C' }, 'linux'), false);
    assert.equal(hasUnicode({ LANG: 'C', LC_ALL: 'C.utf8' }, 'darwin'), true);
    assert.equal(hasUnicode({ TERM: 'linux', LANG: 'de_DE.UTF-8' }, 'linux'), false);
    assert.equal(hasUnicode({}, 'win32'), true);
  });
});

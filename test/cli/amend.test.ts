import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { typedAmendment } from '../../src/cli/amend.ts';
import { editText } from '../../src/cli/editor.ts';
import { cliPerson } from '../../src/cli/person.ts';
import type { Amended } from '../../src/core/ports.ts';
import type { RunState } from '../../src/core/run/state.ts';
import { journal, stateOf } from '../fixtures/cli/story.ts';
import { whole } from '../fixtures/cli/wholeStory.ts';

const state: RunState = {
  ...stateOf(journal(whole)),
  offers: [{ role: 'quick-check', model: 'gpt-5', question: 'Quick Check: shall GPT-5 stand in?' }],
};
const items = state.plan?.items ?? [];

describe('what is typed at the team stop', () => {
  for (const [line, team] of [
    ['without optimizer', { without: ['optimizer'] }],
    ['WITHOUT security critic', { without: ['security', 'critic'] }],
    ['with refactoring', { with: ['refactoring'] }],
    ['accept quick-check', { accept: [{ role: 'quick-check', model: 'gpt-5' }] }],
    ['accept quick-check claude-4.5', { accept: [{ role: 'quick-check', model: 'claude-4.5' }] }],
    ['size core', { size: 'core' }],
    ['team small', { team: 'small' }],
    ['budget 60calls 30m', { budget: { calls: 60, minutes: 30 } }],
  ] as const) {
    it(`"${line}" amends`, () => assert.deepEqual(typedAmendment('team', line, state), { amend: { team } }));
  }
  for (const [line, words] of [
    ['without', /Which role/],
    ['accept', /Which role/],
    ['accept critic', /Which model\? Nobody is offered for critic/],
    ['size huge', /one, core or review/],
    ['budget', /How much/],
    ['budget lots', /does not understand "lots"/],
  ] as const) {
    it(`"${line}" says what is missing`, () => {
      const typed = typedAmendment('team', line, state);
      assert.match(typed && 'problem' in typed ? typed.problem : '', words);
    });
  }
  it('is nothing else', () => {
    for (const line of ['', 'strike 1', 'go', 'hello']) assert.equal(typedAmendment('team', line, state), undefined);
  });
});

describe('what is typed at the plan stop', () => {
  it('strikes and edits by number or id', () => {
    const second = items[1];
    assert.ok(second);
    assert.deepEqual(typedAmendment('plan', 'strike 2', state), { amend: { plan: { strike: [{ item: second.id }] } } });
    assert.deepEqual(typedAmendment('plan', `strike ${second.id} not  now`, state), {
      amend: { plan: { strike: [{ item: second.id, why: 'not now' }] } },
    });
    assert.deepEqual(typedAmendment('plan', 'edit 2', state), { edit: second });
    for (const line of ['strike', 'strike 0', 'strike 99', 'edit none'])
      assert.match(JSON.stringify(typedAmendment('plan', line, state)), /numbered 1 to/);
    assert.equal(typedAmendment('plan', 'without x', state), undefined);
  });
});

describe('the person who changes something', () => {
  const asked = { stop: 'plan', question: 'Go on with this plan?' } as const;
  const decide = async (typed: string[], edit?: typeof editText, question: object = asked) => {
    const printed: string[] = [];
    const person = cliPerson({
      desk: {
        talk: (_signal, talk) =>
          talk({ print: (lines) => void printed.push(...lines), read: async () => typed.shift() }),
      },
      yes: false,
      look: () => ({ width: 79, color: false, unicode: true }),
      state: () => state,
      settled: async () => {},
      diff: async () => '',
      ...(edit && { edit }),
    });
    const answer = await person.decide(question as typeof asked, new AbortController().signal);
    return { answer, printed: printed.join('\n') };
  };

  it('is understood at once, and asked again by the engine', async () => {
    const { answer } = await decide(['strike 1']);
    assert.deepEqual(answer, { answer: 'again', amend: { plan: { strike: [{ item: items[0]?.id }] } } });
    const team = await decide(['c', 'without optimizer'], undefined, { stop: 'team', question: 'Start?' });
    assert.deepEqual(team.answer, { answer: 'again', amend: { team: { without: ['optimizer'] } } });
    assert.match(team.printed, /accept ROLE \[MODEL\]/);
  });

  it('is told what was wrong, and what the engine could not take', async () => {
    const { answer, printed } = await decide(['strike 99', 'g'], undefined, {
      ...asked,
      problem: 'Nothing would be left.',
    });
    assert.equal(answer, 'go');
    assert.match(printed, /Not changed: Nothing would be left/);
    assert.match(printed, /numbered 1 to/);
    assert.doesNotMatch(printed, /Please answer with/);
  });

  it('edits an item as YAML in the editor', async () => {
    const seen: string[] = [];
    const { answer } = await decide(['edit 1'], async (text, name) => {
      seen.push(text, name);
      return text.replace(/^title: .*$/m, 'title: Another title');
    });
    assert.match(seen[0] ?? '', /^title: .*\nwhat: [^]*owners:\n[^]*paths:\n/);
    const edit = (answer as Amended).amend.plan?.edit?.[0];
    assert.equal(edit?.title, 'Another title');
    assert.equal(edit?.what, items[0]?.what);
    assert.deepEqual(edit?.paths, items[0]?.paths);
  });

  it('that changes nothing, or breaks it, is told, and the plan is as it was', async () => {
    const same = await decide(['edit 1', 'g'], async (text) => text);
    assert.equal(same.answer, 'go');
    assert.match(same.printed, /Nothing is changed/);
    const broken = await decide(['edit 1', 'g'], async () => 'title: [');
    assert.equal(broken.answer, 'go');
    const other = await decide(['edit 1', 'g'], async () => 'title: x\n');
    assert.match(other.printed, /That is no item/);
  });

  it('has nothing to change at the apply stop', async () => {
    const { answer, printed } = await decide(['strike 1', 's'], undefined, { stop: 'apply', question: 'Apply?' });
    assert.equal(answer, 'stop');
    assert.match(printed, /Please answer with g, s, r/);
  });
});

describe('the editor of the person', function () {
  const before = { EDITOR: process.env['EDITOR'], VISUAL: process.env['VISUAL'] };
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orchestra editor '));
    delete process.env['VISUAL'];
  });
  afterEach(async () => {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    await rm(folder, { recursive: true, force: true });
  });

  it('is a command line, whatever stands in its path', async () => {
    const script = join(folder, 'edit.mjs');
    await writeFile(
      script,
      "import { appendFileSync } from 'node:fs';\nappendFileSync(process.argv.at(-1), 'more\\n');\n",
    );
    process.env['EDITOR'] = `"${process.execPath}" "${script}" --wait`;
    assert.equal(await editText('text\n', 'i1.yaml', new AbortController().signal), 'text\nmore\n');
  });

  it('that fails changes nothing', async () => {
    process.env['EDITOR'] = `"${process.execPath}" -e "process.exit(3)" --`;
    await assert.rejects(editText('text\n', 'i1.yaml', new AbortController().signal), { code: 'editor' });
  });
});

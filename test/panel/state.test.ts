import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fold } from '../../src/core/run/fold.ts';
import { fromPanelSchema, type PanelAction, type PanelState } from '../../src/protocol.ts';
import { exact, line, tailOf } from '../../src/vscode/panel/clean.ts';
import type { PanelInput } from '../../src/vscode/panel/input.ts';
import { page } from '../../src/vscode/panel/page.ts';
import { panelState } from '../../src/vscode/panel/state.ts';
import { throttled } from '../../src/vscode/panel/throttle.ts';
import { journal, run } from '../fixtures/cli/story.ts';
import { idle, inputs, permissionQuestion, planQuestion, running, told, upTo } from '../fixtures/panel/states.ts';
import { root } from './panelPage.ts';

const at = (records: ReturnType<typeof journal>, driven: 'here' | 'elsewhere' | 'nobody' = 'here'): PanelState =>
  panelState(running(records, {}, { driven }), undefined);

/** Every action that a state offers. */
function actionsOf(value: unknown): PanelAction[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('intent' in value && 'label' in value) return [value as PanelAction];
  return Object.values(value).flatMap(actionsOf);
}

describe("the panel's state", () => {
  it('is whole at every prefix of a journal, and every action in it is one that the host takes', () => {
    let seen = 0;
    for (let n = 1; n <= told.length; n++)
      for (const driven of ['here', 'elsewhere', 'nobody'] as const) {
        const state = at(journal(told.slice(0, n)), driven);
        assert.deepEqual(JSON.parse(JSON.stringify(state)), state, 'plain data, with nothing undefined in it');
        for (const { intent } of actionsOf(state)) {
          fromPanelSchema.parse(intent);
          seen += 1;
        }
        assert.ok(state.run && state.run.roles.every(({ word, title }) => word !== '' && title !== ''));
        assert.ok(state.run.phases.filter(({ sign }) => sign === 'working').length <= 1);
      }
    assert.ok(seen > 500);
  });

  it('keeps the order of its rows from the choice of the team to the end', () => {
    const orders = told.map((_, n) => at(journal(told.slice(0, n + 1))).run?.roles.map(({ role }) => role) ?? []);
    const last = orders.at(-1) ?? [];
    assert.equal(last.length, 7);
    for (const order of orders)
      assert.deepEqual(
        order,
        last.filter((role) => order.includes(role)),
      );
  });

  it('says that nothing works which no living process backs', () => {
    for (let n = 1; n <= told.length; n++) {
      const { run: shown } = at(journal(told.slice(0, n)), 'nobody');
      assert.ok(shown);
      assert.equal(JSON.stringify(shown).includes('"working"'), false, `after ${n} events`);
      assert.equal(JSON.stringify(shown).includes('"since"'), false, 'no clock goes on');
      assert.deepEqual(shown.listeners, []);
    }
    const { run: shown, wants } = at(upTo('findings.held'), 'nobody');
    assert.equal(shown?.word, 'interrupted');
    assert.equal(shown.roles.find(({ role }) => role === 'architect')?.word, 'interrupted');
    assert.deepEqual(
      wants.map(({ kind }) => kind),
      ['resume'],
    );
  });

  it('lets only the window answer that drives the run', () => {
    const elsewhere = at(upTo('permission.asked'), 'elsewhere');
    assert.ok(elsewhere.wants.length > 0);
    assert.ok(elsewhere.wants.every((want) => want.answers.length === 0 && want.where !== undefined));
  });

  it('stops the clock while the person is waited for', () => {
    assert.notEqual(at(upTo('findings.held')).run?.since, undefined);
    assert.equal(at(upTo('stop.asked', 2)).run?.since, undefined);
    assert.equal(at(upTo('permission.asked')).run?.since, undefined);
  });

  it('says what a role waits for', () => {
    const waits = (state: PanelState): Record<string, string | undefined> =>
      Object.fromEntries(state.run?.roles.map(({ role, waitsFor }) => [role, waitsFor]) ?? []);
    const analysis = waits(at(upTo('findings.held')));
    assert.equal(analysis['orchestrator'], 'for the findings');
    assert.equal(analysis['implementer'], 'for the plan');
    assert.equal(analysis['architect'], undefined);
    assert.equal(waits(at(upTo('permission.asked')))['implementer'], 'for you');
  });

  it('keeps saying what a role brought when it was asked something afterwards, and what it still waits for', () => {
    const before = told.slice(0, upTo('stop.asked', 2).length);
    const model = { architect: 'gpt-5', implementer: 'gpt-5-codex' };
    const replies = (role: 'architect' | 'implementer'): (readonly [number, object])[] => {
      const of = {
        call: `synthesis/replies/${role}`,
        role,
        phase: 'synthesis',
        kind: 'replies',
        model: model[role],
        server: 'scripted',
        id: model[role],
      };
      return [
        [
          98,
          {
            ...of,
            type: 'call.started',
            title: 'answers a question',
            attempt: 1,
            promptBytes: 9,
            reserved: { tokens: 9 },
            scripted: true,
          },
        ],
        [
          99,
          {
            ...of,
            type: 'call.ended',
            ok: true,
            answer: { answers: [{ question: 1, answer: 'Yes.' }] },
            usage: {},
            estimated: true,
            ms: 9,
            scripted: true,
          },
        ],
      ];
    };
    const { run: shown } = at(journal([...before, ...replies('architect'), ...replies('implementer')]));
    const of = (name: string) => shown?.roles.find(({ role }) => role === name);
    assert.equal(of('architect')?.word, '2 found');
    assert.equal(of('architect')?.calls.length, 2);
    assert.equal(of('architect')?.said, 'The limiter belongs before the router.');
    assert.equal(of('implementer')?.waitsFor, 'for the plan');
  });

  it('sends the live text of what is looked at only, and of all that works before that is known', () => {
    const input = running(upTo('findings.held'));
    const tails = (looking?: ReadonlySet<string>): string[] =>
      panelState(input, looking).run?.roles.flatMap(({ role, tail }) => (tail === undefined ? [] : [role])) ?? [];
    assert.deepEqual(tails(), ['architect', 'critic']);
    assert.deepEqual(tails(new Set(['critic', 'security'])), ['critic']);
    assert.deepEqual(tails(new Set()), []);
  });

  it('offers "for this run" for commands only: nothing else can be remembered', () => {
    const labels = (kind: 'command' | 'edit' | 'other'): string[] => {
      const question = { ...permissionQuestion, request: { kind, title: 't', detail: 'd', role: 'r', call: 'c' } };
      return (
        panelState({ ...idle, questions: [question as typeof permissionQuestion] }, undefined).wants[0]?.answers.map(
          ({ label }) => label,
        ) ?? []
      );
    };
    assert.deepEqual(labels('command'), ['Allow', 'Allow for this run', 'Deny']);
    assert.deepEqual(labels('edit'), ['Allow', 'Deny']);
    assert.deepEqual(labels('other'), ['Allow', 'Deny']);
  });

  it('shows no task box where nothing can be started, and says why', () => {
    for (const condition of ['no-folder', 'untrusted', 'virtual'] as const) {
      const state = panelState({ ...idle, condition }, undefined);
      assert.equal(state.composer, undefined);
      assert.ok(state.explanation && state.explanation.actions.length > 0);
      assert.deepEqual(state.wants, [], 'nothing is offered to be gone on with');
    }
  });

  it('keeps the questions in the order in which they came', () => {
    const input: PanelInput = { ...idle, questions: [planQuestion, permissionQuestion] };
    assert.deepEqual(
      panelState(input, undefined)
        .wants.slice(0, 2)
        .map(({ id }) => id),
      ['q2', 'q3'],
    );
  });

  it('shows every state of the story without touching what it was made of', () => {
    for (const make of Object.values(inputs)) {
      const input = make();
      const before = JSON.stringify(input);
      panelState(input, undefined);
      assert.equal(JSON.stringify(input), before);
    }
    assert.equal(fold(journal(told)).outcome, 'applied');
    assert.ok(run.length > 0);
  });
});

describe('texts on their way to the panel', () => {
  it('are cut in bounded time and never end in half a character', () => {
    assert.equal(line('a\nb\t c\u202e\u0007', 20), 'a b c');
    assert.equal(line('x'.repeat(1e7), 5), 'xxxx…');
    assert.equal(line(`${'x'.repeat(18)}😀`, 20).isWellFormed(), true);
    assert.equal(tailOf('a\n'.repeat(1000)).split('\n').length, 200);
    assert.equal(tailOf('a\n'.repeat(1000), 40).split('\n').length, 40);
    assert.ok(tailOf('y'.repeat(5_000_000)).length <= 400);
    assert.equal(tailOf('said\n```json\n{"claim": 1}'), 'said');
    assert.equal(tailOf(''), '');
  });

  it('that the person decides on are whole, with what could not be seen', () => {
    assert.deepEqual(exact('rm\u00a0-rf \u202e/\n'), { text: 'rm\u00a0-rf \\u202e/', cut: 0 });
    const { text, cut } = exact('+a\n'.repeat(5000));
    assert.equal(text.split('\n').length + cut, 5000);
    assert.ok(exact('z'.repeat(1e6)).cut > 0);
  });
});

describe("the panel's pace", () => {
  it('the first change at once, then not faster than said, and the last one never lost', async () => {
    const sent: number[] = [];
    let value = 0;
    const pace = throttled(() => void sent.push(value), 40);
    for (value = 1; value <= 5; value++) pace.call();
    assert.deepEqual(sent, [1]);
    value = 99;
    await setTimeout(200);
    assert.deepEqual(sent, [1, 99]);
    pace.call();
    pace.dispose();
    await setTimeout(100);
    assert.equal(sent.length, 3);
  });
});

describe("the panel's pace with a slow page", () => {
  it('sends nothing more before the last was taken, and then what is there by then', async () => {
    const sent: number[] = [];
    let value = 1;
    let taken = (): void => {};
    const pace = throttled(() => {
      sent.push(value);
      return new Promise<void>((resolve) => (taken = resolve));
    }, 10);
    pace.call();
    for (value = 2; value < 9; value++) pace.call();
    await setTimeout(100);
    assert.deepEqual(sent, [1]);
    taken();
    await setTimeout(100);
    assert.deepEqual(sent, [1, 9]);
    pace.dispose();
  });
});

describe("the panel's page", () => {
  it('allows scripts by nonce, styles and fonts of its own, and nothing else', () => {
    const html = page({ source: 'vscode-cdn:', nonce: 'abc', script: 's.js', style: 'p.css', codicons: 'c.css' });
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)?.[1];
    assert.equal(
      policy,
      "default-src 'none'; script-src 'nonce-abc'; style-src vscode-cdn:; font-src vscode-cdn:; img-src vscode-cdn:; base-uri 'none'; form-action 'none'",
    );
    assert.doesNotMatch(html, /unsafe|<style|style=|\son\w+=/);
    assert.match(
      page({ source: 'x', nonce: '"><script>', script: 's', style: 'p', codicons: 'c' }),
      /nonce="&quot;>&lt;script>"/,
    );
  });

  it('is small: the bundle stays under 200 KiB, with no zod in it', async () => {
    const file = join(root, 'dist', 'webview', 'panel.js');
    const { size } = await stat(file);
    assert.ok(size > 20_000 && size < 200 * 1024, `${Math.round(size / 1024)} KiB`);
    assert.doesNotMatch(await readFile(file, 'utf8'), /ZodError|invalid_union/);
  });
});

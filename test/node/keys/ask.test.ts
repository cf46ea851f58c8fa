import assert from 'node:assert/strict';
import { calls, says, table, type Asked } from '../../standin/reply.ts';
import { failureOf, hooks, textHeard, until } from '../models/stand.ts';
import { key, openPlace, vendors, type KeysPlace } from './place.ts';

/** Every provider behind the one `ask`, over its own client and its own wire format. */

const go = Promise.withResolvers<void>();

const script = table([
  {
    when: 'hello',
    replies: [{ ...says('Good day to you, whoever you are.', 'A greeting.'), usage: { input: 11, output: 22 } }],
  },
  {
    when: 'look',
    replies: [
      { ...calls([{ name: 'read_file', input: { path: 'src/a.ts' } }], 'I look. '), usage: { input: 5, output: 1 } },
      (asked: Asked) => ({
        ...says(`It holds: ${asked.results.map((r) => r.text).join()}`),
        usage: { input: 7, output: 2 },
      }),
    ],
  },
  {
    when: 'slowly',
    replies: [
      {
        parts: [
          { kind: 'text', text: 'first ' },
          { kind: 'pause', until: go.promise },
          { kind: 'text', text: 'second' },
        ],
      },
    ],
  },
  {
    when: 'for ever',
    replies: [
      {
        parts: [
          { kind: 'text', text: 'first ' },
          { kind: 'pause', until: Infinity },
        ],
      },
    ],
  },
  {
    when: 'what was it',
    replies: [(asked: Asked) => says(`You said: ${asked.conversation.includes('hello') ? 'hello' : 'nothing'}`)],
  },
]);

describe('a model with a key', function () {
  let place: KeysPlace;
  before(async function () {
    place = await openPlace(script);
  });
  after(() => place.end());

  for (const { agent, id, dialect, variable } of vendors) {
    it(`of ${agent} streams text and thoughts, and says who answered and what it took`, async () => {
      const heard = hooks();
      const output = await place.ask(agent, { prompt: 'hello' }, heard);
      assert.equal(output.text, 'Good day to you, whoever you are.');
      assert.equal(textHeard(heard.progress), output.text);
      assert.equal(heard.progress.map((p) => (p.kind === 'thought' ? p.text : '')).join(''), 'A greeting.');
      assert.deepEqual([output.usage?.inputTokens, output.usage?.outputTokens], [11, 22]);
      assert.equal(output.model, id);
      assert.equal(output.stopReason, 'end');
      const request = place.standin.requests.at(-1);
      assert.deepEqual([request?.dialect, request?.model, request?.stream], [dialect, id, true]);
      assert.equal(
        Object.values(request?.keys ?? {}).some((value) => value.includes(key)),
        variable !== undefined,
      );
    });

    it(`of ${agent} reads the working folder by its tools`, async () => {
      const cwd = await place.files({ 'src/a.ts': 'export const a = 1;\n' });
      const heard = hooks();
      const output = await place.ask(agent, { prompt: 'look', cwd }, heard);
      assert.match(output.text, /^I look\. \nIt holds: .*export const a = 1;/);
      assert.deepEqual([output.usage?.inputTokens, output.usage?.outputTokens], [12, 3]);
      assert.ok(heard.progress.some((p) => p.kind === 'tool' && p.title === 'reads src/a.ts'));
    });

    it(`of ${agent} goes on in its session, and a session of another process is gone`, async () => {
      const { session } = await place.ask(agent, { prompt: 'hello' });
      const output = await place.ask(agent, { prompt: 'what was it', session });
      assert.equal(output.text, 'You said: hello');
      assert.equal(output.session, session);
      assert.equal((await place.ask(agent, { prompt: 'what was it' })).text, 'You said: nothing');
      assert.equal((await failureOf(place.ask(agent, { prompt: 'hello', session: 'other' }))).kind, 'no-session');
      const other = { prompt: 'hello', session, call: { run: 'r2' } };
      assert.equal((await failureOf(place.ask(agent, other))).kind, 'no-session');
    });

    it(`of ${agent} is cancelled at the provider too`, async () => {
      const control = new AbortController();
      const heard = hooks({ signal: control.signal });
      const before = place.standin.requests.length;
      const asking = place.ask(agent, { prompt: 'for ever' }, heard);
      await until(() => textHeard(heard.progress) === 'first ');
      control.abort(new Error('enough'));
      await assert.rejects(asking, /enough/);
      const request = await place.standin.until((r) => r.n > before && r.state !== 'open', AbortSignal.timeout(60_000));
      assert.equal(request.state, 'closed early');
    });

    for (const effort of ['low', 'medium', 'high'] as const) {
      it(`of ${agent} is asked with effort ${effort}`, async () => {
        await place.ask(agent, { prompt: 'hello', effort, maxOutputTokens: 9000 });
        const request = place.standin.requests.at(-1);
        assert.equal(request?.effort, effort, JSON.stringify(request?.body));
        assert.match(JSON.stringify(request?.body), /[tT]okens":9000\b/);
      });
    }
  }

  it('of anthropic marks how far what was said before need not be paid for again', async () => {
    const cwd = await place.files({ 'src/a.ts': 'export const a = 1;\n' });
    await place.ask('anthropic', { prompt: 'look', cwd });
    for (const { body } of place.standin.requests.slice(-2)) {
      const messages = body['messages'] as { content: object[] }[];
      const marked = messages.flatMap((m) => m.content).map((block) => 'cache_control' in block);
      assert.deepEqual([marked.at(-1), marked.filter(Boolean).length], [true, 1]);
    }
  });

  it('is heard while it speaks', async () => {
    const heard = hooks();
    const asking = place.ask('openai', { prompt: 'slowly' }, heard);
    await until(() => textHeard(heard.progress) === 'first ');
    go.resolve();
    assert.equal((await asking).text, 'first second');
  });

  it('answers several calls at once', async () => {
    const outputs = await Promise.all(vendors.map(({ agent }) => place.ask(agent, { prompt: 'hello' })));
    assert.deepEqual(new Set(outputs.map((o) => o.text)), new Set(['Good day to you, whoever you are.']));
    assert.equal(new Set(outputs.map((o) => o.session)).size, vendors.length);
  });
});

import assert from 'node:assert/strict';
import type { Failure } from '../../../src/core/ask.ts';
import { RouteError } from '../../../src/core/ports.ts';
import { resetOf } from '../../../src/servers/keys/failures.ts';
import { calls, refuses, says, table, type Asked, type Reply } from '../../standin/reply.ts';
import { failureOf, hooks, textHeard } from '../models/stand.ts';
import { key, openPlace, vendors, type KeysPlace } from './place.ts';

/** Every kind of failure, as every provider's client tells it. */

const cut: Reply = { parts: [{ kind: 'text', text: 'first ' }, { kind: 'cut' }] };
const broken: Reply = {
  parts: [
    { kind: 'text', text: 'first ' },
    { kind: 'broken', message: 'Overloaded, try later.' },
  ],
};

const rows: readonly (readonly [string, Reply, Failure['kind'], RegExp])[] = [
  ['a key that is refused', refuses(401, 'Incorrect API key provided.'), 'not-signed-in', /401.*is refused/],
  ['a key without the right', refuses(403, 'No access.'), 'not-signed-in', /403/],
  [
    'a model that is not there',
    refuses(404, 'The model does not exist.', { code: 'model_not_found' }),
    'no-model',
    /404/,
  ],
  ['a model that is named wrongly', refuses(400, 'model: grok-1 is not supported'), 'no-model', /400/],
  ['a rate limit', refuses(429, 'Slow down.', { retryAfter: 30 }), 'rate-limit', /429: Slow down/],
  ['a spent quota', refuses(429, 'You exceeded your current quota.', { code: 'insufficient_quota' }), 'quota', /429/],
  ['a spent credit', refuses(402, 'Payment required.'), 'quota', /402/],
  ['a spent balance', refuses(400, 'Your credit balance is too low.'), 'quota', /credit balance/],
  ['a prompt that is too long', refuses(400, 'prompt is too long: 300000 tokens'), 'too-large', /too long/],
  ['an error of the provider', refuses(500, 'Internal error.'), 'crash', /500/],
  ['a provider that is away', refuses(503, 'Unavailable.'), 'crash', /503/],
  ['a provider that is overloaded', refuses(529, 'Overloaded.', { code: 'overloaded_error' }), 'rate-limit', /529/],
  ['a stream that is cut', cut, 'crash', /./],
  ['a stream that says that it fails', broken, 'rate-limit', /Overloaded/],
  ['no word', { parts: [] }, 'empty', /nothing/],
  [
    'a notice instead of an answer',
    says('The model gpt-5-codex is no longer available. Please switch to another one.'),
    'no-model',
    /answered only/,
  ],
  ['another model', { ...says('Hello.'), model: 'other-1' }, 'wrong-model', /other-1 answered/],
];

describe('a failure of a provider', function () {
  let place: KeysPlace;
  before(async function () {
    place = await openPlace(
      table([
        ...rows.map(([when, reply]) => ({ when: `(${when})`, replies: [reply] })),
        { when: 'echo', replies: [refuses(401, `Incorrect API key provided: ${key}.`)] },
        { when: 'say it', replies: [says(`Your key is ${key}, is it not?`)] },
        {
          when: 'retry',
          replies: [(asked: Asked) => (asked.turn === 0 ? calls([{ name: 'list_files', input: {} }]) : says('x'))],
        },
      ]),
    );
  });
  after(() => place.end());

  for (const { agent } of vendors) {
    for (const [what, , kind, words] of rows) {
      it(`of ${agent}: ${what} is ${kind}`, async () => {
        const failure = await failureOf(place.ask(agent, { prompt: `(${what})` }));
        assert.equal(failure.kind, kind, failure.message);
        assert.match(failure.message, words);
        if (what === 'a rate limit') {
          const ms = Date.parse(failure.resetsAt ?? '') - Date.now();
          assert.ok(ms > 0 && ms <= 30_000, failure.resetsAt);
        }
      });
    }

    it(`of ${agent}: its key is in no text, whoever says it`, async () => {
      const failure = await failureOf(place.ask(agent, { prompt: 'echo' }));
      const heard = hooks();
      const output = await place.ask(agent, { prompt: 'say it' }, heard);
      // An address without a key has none to hide.
      if (agent === 'local') return;
      assert.doesNotMatch(failure.message, /0123456789/);
      assert.equal(output.text, 'Your key is [redacted], is it not?');
      assert.equal(textHeard(heard.progress), output.text);
      assert.doesNotMatch(place.stand.logged.join('\n'), /0123456789/);
    });
  }

  it('with a provider that nobody knows, or a key that is not set, is said before anything is asked', async () => {
    const failure = await failureOf(place.ask('nobody', { prompt: 'x' }));
    assert.equal(failure.kind, 'protocol');
    assert.match(failure.message, /No provider is called "nobody": openai, anthropic, google, xai, openrouter, local/);
    const other = await openPlace(table([]), { OPENAI_API_KEY: key });
    try {
      for (const { agent, variable } of vendors) {
        if (variable === undefined || agent === 'openai') continue;
        const unset = await failureOf(other.ask(agent, { prompt: 'x' }));
        assert.equal(unset.kind, 'not-signed-in');
        assert.match(unset.message, new RegExp(`${variable} is not set`));
      }
      assert.equal(other.standin.requests.length, 0);
    } finally {
      await other.end();
    }
  });

  it('whose address does not answer is not installed', async () => {
    const other = await openPlace(table([]));
    await other.standin.close();
    for (const { agent } of vendors) {
      const failure = await failureOf(other.ask(agent, { prompt: 'x' }));
      assert.equal(failure.kind, 'not-installed', failure.message);
    }
    await other.stand.end();
  });

  it('that came in the middle of its work is waited for when it is short', async () => {
    let n = 0;
    place.standin.play((asked) => {
      n += 1;
      if (asked.turn === 0) return calls([{ name: 'list_files', input: {} }]);
      return n === 2 ? refuses(429, 'Slow down.', { retryAfter: 1 }) : says('There it is.');
    });
    const heard = hooks();
    const output = await place.ask('openai', { prompt: 'retry' }, heard);
    assert.equal(output.text, 'There it is.');
    assert.ok(heard.progress.some((p) => p.kind === 'tool' && /busy; waits 1 s/.test(p.title)));

    n = 0;
    place.standin.play((asked) => {
      if (asked.turn === 0) return { ...calls([{ name: 'list_files', input: {} }]), usage: { input: 70, output: 3 } };
      return refuses(429, 'Slow down.', { retryAfter: 3600 });
    });
    await assert.rejects(place.ask('anthropic', { prompt: 'retry' }), (error) => {
      assert.ok(error instanceof RouteError);
      assert.equal(error.failure.kind, 'rate-limit');
      assert.deepEqual(error.usage, { inputTokens: 70, outputTokens: 3 });
      return true;
    });
  });
});

describe('the time at which a limit resets', () => {
  const now = Date.parse('2026-11-28T00:00:00Z');
  for (const [headers, body, iso] of [
    [{ 'retry-after': '90' }, '', '2026-11-28T00:01:30.000Z'],
    [{ 'retry-after': 'Sat, 28 Nov 2026 01:00:00 GMT' }, '', '2026-11-28T01:00:00.000Z'],
    [{ 'x-ratelimit-reset-tokens': '6m0s' }, '', '2026-11-28T00:06:00.000Z'],
    [{ 'x-ratelimit-reset-requests': '120ms' }, '', '2026-11-28T00:00:00.120Z'],
    [{ 'anthropic-ratelimit-tokens-reset': '2026-11-28T00:00:20Z' }, '', '2026-11-28T00:00:20.000Z'],
    [{ 'x-ratelimit-reset': String(Date.parse('2026-11-29T00:00:00Z')) }, '', '2026-11-29T00:00:00.000Z'],
    [{}, '{"error":{"details":[{"retryDelay": "13.5s"}]}}', '2026-11-28T00:00:13.500Z'],
    [{ 'retry-after': 'soon' }, '', undefined],
    [{ 'x-ratelimit-reset': '2020-01-01T00:00:00Z' }, '', undefined],
    [{}, '', undefined],
  ] as const) {
    it(`is ${iso} by ${JSON.stringify(headers)} ${body}`, () => {
      assert.equal(resetOf(headers, body, now), iso);
    });
  }
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { failureKinds } from '../../../src/core/ask.ts';
import {
  failureOfAnswerText,
  failureOfErrorText,
  failureOfRpcError,
  failureOfStatus,
  failureOfSystemError,
  structuredFailure,
} from '../../../src/node/models/failures.ts';
import { sameModel } from '../../../src/node/models/modelIds.ts';
import { lastWords, oneLine, redact } from '../../../src/node/models/text.ts';

describe('the failure in an answer', () => {
  const notices: [string, string][] = [
    ["You've hit your usage limit. Upgrade to Pro or try again in 3 days 2 hours.", 'quota'],
    ['Claude AI usage limit reached|1760000000', 'quota'],
    ['You have reached your weekly limit: 5-hour usage limit reached.', 'quota'],
    ['Quota exceeded for quota metric "Generate Content API requests per minute"', 'quota'],
    ['Credit balance is too low', 'quota'],
    ['429 Too Many Requests', 'rate-limit'],
    ['Error: 429 {"type":"x"}'.replace('{"type":"x"}', ''), 'rate-limit'],
    ['Rate limited', 'rate-limit'],
    ['Rate limit exceeded, please try again later.', 'rate-limit'],
    ['RESOURCE_EXHAUSTED', 'rate-limit'],
    ['Invalid API key · Please run /login', 'not-signed-in'],
    ['You are not logged in.', 'not-signed-in'],
    ['The model `gpt-5-codex` does not exist or you do not have access to it.', 'no-model'],
    ['Error: the model grok-code-fast-1 has been deprecated. Use grok-4.7.', 'no-model'],
    ['model_not_found', 'no-model'],
  ];
  for (const [text, kind] of notices) it(`sees: ${text}`, () => assert.equal(failureOfAnswerText(text)?.kind, kind));

  const answers = [
    'Hello.',
    '',
    'Added a rate limit of 100 requests a minute to the public API; over it clients get 429.',
    'The limiter answers 429 when the bucket is empty, as RFC 6585 says.',
    'The quota module has two bugs: it never resets, and it counts twice.',
    'The login page redirects to /signin.',
    'The data model is not normalised.',
    `Rate limit exceeded is what the server must say. ${'I looked at the whole of it. '.repeat(20)}`,
    '```json\n{"summary":"Too many requests are answered with 429"}\n```',
    '{"summary":"Rate limit exceeded"}',
    'One\ntwo\nthree\nfour\nfive: rate limit exceeded',
  ];
  for (const text of answers)
    it(`takes for an answer: ${text.slice(0, 60)}`, () => assert.equal(failureOfAnswerText(text), undefined));

  it('knows when a limit ends, where that is said', () => {
    assert.equal(failureOfAnswerText('Claude AI usage limit reached|1760000000')?.resetsAt, '2025-10-09T08:53:20.000Z');
  });
});

describe('the failure in an error', () => {
  const errors: [string, string][] = [
    ['anything', 'error'],
    ['', 'error'],
    ['HTTP 429', 'rate-limit'],
    ['The engine is currently overloaded', 'rate-limit'],
    ['insufficient_quota', 'quota'],
    ['Incorrect API key provided: sk-***', 'not-signed-in'],
    ['Authentication required', 'not-signed-in'],
    ['Please sign in first', 'not-signed-in'],
    ['port 4290 is in use', 'error'],
  ];
  for (const [text, kind] of errors) {
    it(`${text} is ${kind}`, () => {
      const failure = failureOfErrorText(text);
      assert.equal(failure.kind, kind);
      assert.ok(failure.message.length > 0);
    });
  }

  it('is what a structured failure says, but not what only we can know', () => {
    const of = (failure: object): unknown => structuredFailure({ failure });
    assert.deepEqual(of({ kind: 'quota', message: 'all\u001B[31m gone\n', resetsAt: '2026-01-01T00:00:00Z' }), {
      kind: 'quota',
      message: 'all gone',
      resetsAt: '2026-01-01T00:00:00.000Z',
    });
    assert.deepEqual(of({ kind: 'rate-limit', message: 'x', resetsAt: 'soon' }), { kind: 'rate-limit', message: 'x' });
    for (const kind of ['cancelled', 'budget', 'left-alone', 'not-approved'])
      assert.deepEqual(of({ kind, message: 'x' }), { kind: 'error', message: 'x' });
    assert.equal(of({ kind: 'nonsense', message: 'x' }), undefined);
    assert.equal(structuredFailure(undefined), undefined);
  });

  it('has a code in JSON-RPC, HTTP and the system', () => {
    assert.equal(failureOfRpcError(-32601, 'MCP error -32601: Method not found').kind, 'protocol');
    assert.deepEqual(failureOfRpcError(-32000, 'MCP error -32000: quota'), { kind: 'quota', message: 'quota' });
    const statuses: [number, string][] = [
      [401, 'not-signed-in'],
      [403, 'not-signed-in'],
      [402, 'quota'],
      [429, 'rate-limit'],
      [404, 'protocol'],
      [500, 'crash'],
      [503, 'crash'],
    ];
    for (const [status, kind] of statuses) assert.equal(failureOfStatus(status, '').kind, kind, String(status));
    assert.equal(failureOfStatus(429, 'monthly quota exceeded').kind, 'quota');
    for (const code of ['ENOENT', 'EACCES', 'ECONNREFUSED'])
      assert.equal(failureOfSystemError('x', code, '').kind, 'not-installed');
    assert.equal(failureOfSystemError('x', 'EMFILE', 'too many open files').kind, 'crash');
  });

  it('is always one of the kinds, in one line, whatever was said', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 2000 }), (text) => {
        for (const failure of [failureOfErrorText(text), failureOfAnswerText(text) ?? failureOfRpcError(-1, text)]) {
          assert.ok(failureKinds.includes(failure.kind));
          assert.doesNotMatch(failure.message, /[\p{Cc}\p{Cf}]/u);
          assert.ok(Array.from(failure.message).length <= 520);
        }
      }),
    );
  });
});

describe('the model that answered', () => {
  const same: [string, string][] = [
    ['claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'],
    ['claude-sonnet-4.5', 'anthropic/claude-sonnet-4-5@20250929'],
    ['gpt-5-codex', 'GPT-5-Codex'],
    ['gpt-5', 'gpt-5-2025-08-07'],
    ['gpt-6.1-sol', 'gpt-6.1-sol (high)'],
    ['gpt-6.1-sol', 'gpt-6-1-sol-high'],
    ['gemini-2.5-pro', 'models/gemini-2.5-pro-preview-06-05'],
    ['gemini-3.1-pro-preview', 'gemini-3.1-pro'],
    ['grok-4', 'grok-4-0709'],
    ['sonnet', 'claude-sonnet-5-5'],
    ['auto', 'gpt-6.1-sol'],
    ['default', 'claude-opus-5-5'],
    ['code-supernova-1-million', 'code-supernova-1-million'],
    ['llama3:latest', 'llama3'],
    ['anthropic/claude-sonnet-4.5', 'anthropic/claude-4.5-sonnet-20250929'],
  ];
  for (const [asked, answered] of same) it(`${asked} is ${answered}`, () => assert.ok(sameModel(asked, answered)));

  const others: [string, string][] = [
    ['gpt-5-codex', 'gpt-5'],
    ['gpt-5', 'gpt-5-codex'],
    ['gpt-5', 'gpt-5-mini'],
    ['gpt-5-codex', 'gpt-6.1-sol'],
    ['claude-sonnet-4-5', 'claude-sonnet-5-5'],
    ['claude-sonnet-4-5', 'claude-haiku-4-5-20251001'],
    ['claude-sonnet-4-5-20250929', 'claude-sonnet-4-5-20260101'],
    ['gemini-2.5-pro', 'gemini-3.8-flash'],
    ['gemini-2.5-flash', 'gemini-2.5-flash-lite'],
    ['grok-4.6', 'grok-4.7'],
    ['opus', 'claude-sonnet-5-5'],
    ['cheetah', 'composer-2.5'],
    ['gpt-5', ''],
    ['claude-sonnet-4-5', 'claude-5-4-sonnet'],
    ['claude-sonnet-4-5', 'claude-4-5-opus'],
  ];
  for (const [asked, answered] of others)
    it(`${asked} is not ${answered}`, () => assert.ok(!sameModel(asked, answered)));

  it('is itself', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (id) => assert.ok(sameModel(id, id))));
  });
});

describe('words of others', () => {
  it('come in one line without escapes and invisible characters', () => {
    assert.equal(
      oneLine('\u001B]8;;http://evil\u0007click\u001B]8;;\u0007 \u202Ehere\u200B\n\n\tnow', 100),
      'click here now',
    );
    assert.equal(oneLine('😀😀😀😀', 3), '😀😀…');
    assert.equal(oneLine('x'.repeat(1e6), 10).length, 10);
  });

  it('end with what was said last, without the stack', () => {
    const stderr = 'starting\nError: no key\n    at foo (file.js:1:1)\n    at bar\n\nNode.js v22.1.0\n';
    assert.equal(lastWords(stderr, 100), 'starting / Error: no key');
    assert.equal(lastWords(`${'long '.repeat(50)}\nshort`, 40), 'short');
  });

  it('hold no secret', () => {
    assert.equal(redact('key sk-12345678 and 1', ['sk-12345678', '1']), 'key *** and 1');
  });
});

import assert from 'node:assert/strict';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { APICallError, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import type { LanguageModel } from 'ai';
import { calls, refuses, says, table } from '../../standin/reply.ts';
import { openStandin } from '../../standin/standin.ts';
import type { Standin } from '../../standin/standin.ts';

/** The stand-in is right when the vendors' own clients understand it. */

const clients: Record<string, (url: string) => LanguageModel> = {
  responses: (url) => createOpenAI({ baseURL: `${url}/v1`, apiKey: 'k' })('gpt-6.1-sol'),
  chat: (url) =>
    createOpenAICompatible({ name: 'local', baseURL: `${url}/v1`, apiKey: 'k', includeUsage: true })('llama'),
  messages: (url) => createAnthropic({ baseURL: `${url}/v1`, apiKey: 'k' })('claude-sonnet-5-5'),
  gemini: (url) => createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: 'k' })('gemini-3.8-flash'),
};

const script = table([
  {
    when: 'weather',
    replies: [
      calls([{ name: 'look', input: { city: 'Bern' } }], 'I look. '),
      (asked) => says(`It says: ${asked.results.map((r) => r.text).join()}`),
    ],
  },
  { when: 'limit', replies: [refuses(429, 'Too many requests.', { retryAfter: 7 })] },
  {
    when: 'wait',
    replies: [
      {
        parts: [
          { kind: 'text', text: 'first ' },
          { kind: 'pause', until: Infinity },
        ],
      },
    ],
  },
  { when: 'cut', replies: [{ parts: [{ kind: 'text', text: 'first ' }, { kind: 'cut' }] }] },
  {
    when: 'broken',
    replies: [
      {
        parts: [
          { kind: 'text', text: 'first ' },
          { kind: 'broken', message: 'overloaded' },
        ],
      },
    ],
  },
  {
    when: 'hello',
    replies: [{ ...says('Good day to you, whoever you are.', 'A greeting.'), usage: { input: 11, output: 22 } }],
  },
]);

describe('the stand-in for model APIs', () => {
  let standin: Standin;
  before(async () => {
    standin = await openStandin(script, { models: ['one', 'two'] });
  });
  after(() => standin.close());

  const last = () => standin.requests.at(-1);

  for (const [dialect, client] of Object.entries(clients)) {
    describe(dialect, () => {
      it('streams text, thoughts and usage', async () => {
        const stream = streamText({ model: client(standin.url), prompt: 'hello there', system: 'Be kind.' });
        const deltas: string[] = [];
        for await (const delta of stream.textStream) deltas.push(delta);
        assert.equal(deltas.join(''), 'Good day to you, whoever you are.');
        assert.ok(deltas.length > 2, `${deltas.length} pieces`);
        assert.equal(await stream.reasoningText, 'A greeting.');
        const { inputTokens, outputTokens } = await stream.usage;
        assert.deepEqual([inputTokens, outputTokens], [11, 22]);
        assert.equal(last()?.dialect, dialect);
        assert.equal(last()?.prompt, 'hello there');
        assert.match(last()?.system ?? '', /Be kind/);
        assert.equal(last()?.state, 'answered');
      });

      it('answers as a whole', async () => {
        const { text, reasoningText } = await generateText({ model: client(standin.url), prompt: 'hello there' });
        assert.equal(text, 'Good day to you, whoever you are.');
        assert.equal(reasoningText, 'A greeting.');
        assert.equal(last()?.stream, false);
      });

      it('calls a tool, and hears its result', async () => {
        const heard: unknown[] = [];
        const look = tool({
          inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
          execute: async (input) => {
            heard.push(input);
            return 'snow';
          },
        });
        const stream = streamText({
          model: client(standin.url),
          prompt: 'the weather?',
          tools: { look },
          stopWhen: stepCountIs(3),
        });
        assert.match(await stream.text, /^It says: .*snow/);
        assert.deepEqual(heard, [{ city: 'Bern' }]);
        assert.deepEqual(last()?.tools, ['look']);
        assert.equal(last()?.turn, 1);
      });

      it('refuses with the time after which to try again', async () => {
        const asked = generateText({ model: client(standin.url), prompt: 'the limit', maxRetries: 0 });
        await assert.rejects(asked, (error: unknown) => {
          assert.ok(error instanceof APICallError);
          assert.equal(error.statusCode, 429);
          assert.equal(error.responseHeaders?.['retry-after'], '7');
          assert.match(error.message, /Too many requests/);
          return true;
        });
      });

      it('sees that a client went away', async () => {
        const gone = new AbortController();
        const stream = streamText({ model: client(standin.url), prompt: 'wait', abortSignal: gone.signal });
        for await (const delta of stream.textStream) if (delta !== '') gone.abort();
        const n = standin.requests.length;
        const request = await standin.until((r) => r.n === n && r.state !== 'open');
        assert.equal(request.state, 'closed early');
      });

      for (const way of ['cut', 'broken'])
        it(`fails in the middle: ${way}`, async () => {
          const stream = streamText({
            model: client(standin.url),
            prompt: way,
            maxRetries: 0,
            onError: () => undefined,
          });
          const kinds: string[] = [];
          try {
            for await (const part of stream.fullStream) kinds.push(part.type);
          } catch {
            kinds.push('error');
          }
          assert.ok(kinds.includes('text-delta') && kinds.includes('error'), kinds.join());
          assert.equal(last()?.state, way === 'cut' ? 'cut' : 'answered');
        });
    });
  }

  it('reads bodies that are compressed', async () => {
    const { zstdCompressSync, gzipSync } = await import('node:zlib');
    const body = JSON.stringify({ model: 'm', input: 'hello zipped' });
    for (const [encoding, bytes] of [
      ['zstd', zstdCompressSync(body)],
      ['gzip', gzipSync(body)],
    ] as const) {
      const response = await fetch(`${standin.url}/v1/responses`, {
        method: 'POST',
        headers: { 'content-encoding': encoding, 'content-type': 'application/json' },
        body: new Uint8Array(bytes),
      });
      assert.equal(response.status, 200);
      assert.equal(last()?.prompt, 'hello zipped');
    }
  });

  it('lists models in the form of each vendor', async () => {
    const get = async (path: string, headers = {}): Promise<unknown> =>
      (await fetch(`${standin.url}${path}`, { headers })).json();
    assert.match(JSON.stringify(await get('/v1/models')), /"object":"list".*"id":"two"/);
    assert.match(JSON.stringify(await get('/v1/models', { 'anthropic-version': '2023-06-01' })), /"has_more":false/);
    assert.match(JSON.stringify(await get('/v1beta/models')), /"name":"models\/two"/);
    assert.equal((await fetch(`${standin.url}/v2/else`)).status, 404);
  });
});

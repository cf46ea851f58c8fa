import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AskProgress } from '../../../src/core/ask.ts';
import { serverSchema } from '../../../src/core/team/file.ts';
import { settle } from '../../../src/node/models/environment.ts';
import { readLines } from '../../../src/node/models/lines.ts';
import type { LongLine } from '../../../src/node/models/lines.ts';
import { eventOf, outputFor, toolFor, toolsOf } from '../../../src/node/models/mapping.ts';
import { deliver, progressOf } from '../../../src/node/models/progress.ts';
import { parseMessages } from '../../../src/node/models/wire.ts';
import { input, route } from './stand.ts';

function linesOf(chunks: readonly Buffer[], maxBytes: number): { lines: string[]; long: LongLine[] } {
  const lines: string[] = [];
  const long: LongLine[] = [];
  const reader = readLines({
    maxBytes: () => maxBytes,
    onLine: (line) => void lines.push(line),
    onLong: (line) => void long.push(line),
  });
  for (const chunk of chunks) reader.push(chunk);
  return { lines, long };
}

describe('lines of a stream', () => {
  it('are the same however the bytes are cut', () => {
    const text = fc.array(
      fc.string({ unit: 'grapheme', maxLength: 30 }).filter((line) => !/[\r\n]/.test(line)),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(text, fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 50 }), (lines, sizes) => {
        const all = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0, n = 0; at < all.length; n++) {
          const size = sizes[n % sizes.length] as number;
          chunks.push(all.subarray(at, at + size));
          at += size;
        }
        assert.deepEqual(linesOf(chunks, 1000).lines, lines);
      }),
    );
  });

  it('are thrown away where they are too long, but for head and tail', () => {
    const chunks = ['short\r\n{"id":1,', ...Array.from({ length: 100 }, () => 'x'.repeat(100)), '"id":7}\nafter\n'].map(
      (text) => Buffer.from(text),
    );
    const { lines, long } = linesOf(chunks, 1000);
    assert.deepEqual(lines, ['short', 'after']);
    assert.equal(long.length, 1);
    assert.equal(long[0]?.bytes, 8 + 10_000 + 7);
    assert.ok(long[0].head.startsWith('{"id":1,xxx'));
    assert.ok(long[0].tail.endsWith('xxx"id":7}'));
    assert.ok(long[0].head.length <= 256 && long[0].tail.length <= 256);
  });

  it('are messages only where they are JSON-RPC', () => {
    for (const line of ['', 'hello', '{', 'null', '5', '[]x', '{"jsonrpc":"1.0"}', '[{"jsonrpc":"2.0"},5]'])
      assert.deepEqual(parseMessages(line), [], line);
    assert.equal(parseMessages('{"jsonrpc":"2.0","id":1}').length, 1);
    assert.equal(parseMessages('[{"jsonrpc":"2.0","id":1},{"jsonrpc":"2.0","id":2}]').length, 2);
  });
});

describe('a route to a foreign tool', () => {
  it('fills its arguments once, wherever they stand', () => {
    const asked = input('k', { prompt: 'see ${model} and ${cwd}', cwd: '/w', effort: 'high' });
    const template = {
      a: '${prompt}',
      b: { c: ['x ${effort} y', '${session}', 3, null] },
      d: '${session}',
      e: 'with ${session}.',
      f: '${unknown}',
      g: '${ prompt }',
    };
    assert.deepEqual(toolFor(route('s', { arguments: template }), asked).args, {
      a: 'see ${model} and ${cwd}',
      b: { c: ['x high y', 3, null] },
      e: 'with .',
      f: '${unknown}',
      g: '${ prompt }',
    });
  });

  it('goes on in a session by a tool of its own, and in its own words', () => {
    const codex = route('s', {
      tool: 'codex',
      arguments: { prompt: '${prompt}', sandbox: '${access}', config: { effort: '${effort}' } },
      reply: { tool: 'codex-reply', arguments: { threadId: '${session}', prompt: '${prompt}' } },
      words: { access: { read: 'read-only' }, effort: { high: 'xhigh' } },
    });
    assert.deepEqual(toolsOf(codex), ['codex', 'codex-reply']);
    assert.deepEqual(toolFor(codex, input('k', { prompt: 'p', effort: 'high' })), {
      tool: 'codex',
      args: { prompt: 'p', sandbox: 'read-only', config: { effort: 'xhigh' } },
    });
    assert.deepEqual(toolFor(codex, input('k', { prompt: 'p', access: 'write', effort: 'low' })).args, {
      prompt: 'p',
      sandbox: 'write',
      config: { effort: 'low' },
    });
    assert.deepEqual(toolFor(codex, input('k', { prompt: 'p', session: 't1' })), {
      tool: 'codex-reply',
      args: { threadId: 't1', prompt: 'p' },
    });
  });

  it('reads what the server streams in its own notifications', () => {
    const { events } = route('s', {
      events: {
        method: 'x/event',
        type: 'msg.type',
        text: { delta: 'msg.delta' },
        thought: { thinks: 'msg.text' },
        tool: { begin: 'msg.command' },
        usage: { count: { input: 'msg.in', output: 'msg.out' } },
      },
    });
    assert.ok(events);
    const read = (msg: object) => eventOf(events, { msg });
    assert.deepEqual(read({ type: 'delta', delta: 'a' }), { kind: 'text', text: 'a' });
    assert.deepEqual(read({ type: 'thinks', text: 'b' }), { kind: 'thought', text: 'b' });
    assert.deepEqual(read({ type: 'begin', command: ['ls', '-l'] }), { kind: 'tool', title: 'ls -l' });
    assert.deepEqual(read({ type: 'count', in: 3, out: 4 }), {
      kind: 'usage',
      usage: { inputTokens: 3, outputTokens: 4 },
    });
    for (const nothing of [
      { type: 'delta' },
      { type: 'other' },
      { type: 'constructor' },
      { type: 'count', in: 'x' },
      {},
      { type: 3 },
    ])
      assert.equal(read(nothing), undefined, JSON.stringify(nothing));
    assert.equal(eventOf(events, undefined), undefined);
  });

  it('hands the call on where it has no template, with the route’s agent', () => {
    assert.deepEqual(toolFor(route('s'), input('k')).args, input('k'));
    assert.deepEqual(toolFor(route('s', { agent: 'codex' }), input('k')).args, { agent: 'codex', ...input('k') });
  });

  it('finds its result only in what the server really has', () => {
    const structured = { a: [{ b: 'deep' }], n: 5, empty: '' };
    const find = (text: string): string | undefined =>
      outputFor(route('s', { result: { text } }), { content: [], structured, isError: false })?.text;
    assert.equal(find('a.0.b'), 'deep');
    for (const path of ['n', 'a', 'a.1.b', 'constructor.name', 'a.length', 'a.0.b.0', ''])
      assert.equal(find(path), undefined, path);
    assert.equal(find('empty'), '');
    const content = [{ type: 'text', text: 'one' }, { type: 'image' }, 'x', { type: 'text', text: 'two' }];
    assert.equal(outputFor(route('s'), { content, structured: undefined, isError: false })?.text, 'one\ntwo');
  });
});

describe('the configuration of a server', () => {
  const settled = (server: object, env: NodeJS.ProcessEnv): unknown =>
    settle('s', serverSchema.parse(server), '/the $& root', env);

  it('takes root and variables where they are named, and passes no others on', () => {
    const server = { command: '${root}/bin', args: ['--at=${root}'], env: { A: 'x${env:KEY}y', B: '${KEY}' } };
    assert.deepEqual(
      settled(server, { KEY: 'sesame', Path: '/bin', OTHER: '1', BASH_FUNC: '() { x; }', LANG: '() { x; }' }),
      {
        command: '/the $& root/bin',
        args: ['--at=/the $& root'],
        env: { Path: '/bin', A: 'xsesamey', B: '${KEY}' },
        url: undefined,
        headers: {},
        secrets: ['sesame'],
      },
    );
  });

  it('keeps secret what a header or a variable called a key holds', () => {
    const server = {
      url: 'http://x/',
      headers: { Authorization: 'Bearer ${env:KEY}' },
      env: { MY_TOKEN: 'plain-token' },
    };
    const { secrets } = settled(server, { KEY: 'sesame' }) as { secrets: string[] };
    assert.deepEqual(new Set(secrets), new Set(['sesame', 'Bearer sesame', 'plain-token']));
  });

  it('hands on the variables that it passes, those that are set, and keeps the keys among them secret', () => {
    const server = { command: 'x', env: { A_KEY: 'own' }, pass: ['A_KEY', 'B_KEY', 'C_KEY', 'BASE_URL'] };
    const { env, secrets } = settled(server, { A_KEY: 'mine', B_KEY: 'sesame', C_KEY: '', BASE_URL: 'http://x' }) as {
      env: Record<string, string>;
      secrets: string[];
    };
    assert.deepEqual(env, { A_KEY: 'own', B_KEY: 'sesame', BASE_URL: 'http://x' });
    assert.deepEqual(new Set(secrets), new Set(['mine', 'sesame', 'own']));
  });

  it('says which variable is missing, empty ones too', () => {
    const server = { url: 'http://x/', headers: { A: '${env:ONE}', B: '${env:TWO} ${env:ONE}' } };
    assert.deepEqual(settled(server, { TWO: '' }), {
      kind: 'not-signed-in',
      message: 's needs ONE, TWO in your environment, which is not set.',
    });
  });
});

describe('progress', () => {
  const meta = (value: unknown): AskProgress | undefined =>
    progressOf({ message: 'words', _meta: { 'orchestra/progress': value } });

  it('is ours, or plain words, or nothing', () => {
    assert.deepEqual(meta({ kind: 'text', text: 'a' }), { kind: 'text', text: 'a' });
    assert.deepEqual(meta({ kind: 'tool', title: 'a\u001B[31m\nb', status: 'x'.repeat(100) }), {
      kind: 'tool',
      title: 'a b',
      status: `${'x'.repeat(59)}…`,
    });
    assert.equal(meta({ kind: 'colour' }), undefined);
    assert.deepEqual(progressOf({ message: 'words', _meta: { other: 1 } }), { kind: 'text', text: 'words' });
    assert.equal(progressOf({ progress: 1 }), undefined);
    assert.equal(progressOf({ message: 5 }), undefined);
  });

  it('is delivered in order, at once at first, and whole', async () => {
    const told: AskProgress[] = [];
    const delivery = deliver((progress) => void told.push(progress), 20);
    delivery.push({ kind: 'text', text: 'a' });
    assert.deepEqual(told, [{ kind: 'text', text: 'a' }]);
    for (const text of ['b', 'c']) delivery.push({ kind: 'text', text });
    delivery.push({ kind: 'tool', title: 't' });
    delivery.push({ kind: 'text', text: 'd' });
    assert.equal(told.length, 1);
    await new Promise((done) => setTimeout(done, 60));
    assert.deepEqual(told.slice(1), [
      { kind: 'text', text: 'bc' },
      { kind: 'tool', title: 't' },
      { kind: 'text', text: 'd' },
    ]);
    delivery.push({ kind: 'text', text: 'e' });
    delivery.push({ kind: 'text', text: 'f' });
    delivery.flush();
    assert.deepEqual(told.slice(-2), [
      { kind: 'text', text: 'e' },
      { kind: 'text', text: 'f' },
    ]);
    delivery.push({ kind: 'text', text: 'g' });
    delivery.push({ kind: 'text', text: 'h' });
    delivery.drop();
    await new Promise((done) => setTimeout(done, 60));
    assert.deepEqual(told.at(-1), { kind: 'text', text: 'g' });
  });

  it('keeps every word of a flood in few deliveries', () => {
    const kinds = fc.array(fc.constantFrom('text', 'thought', 'tool', 'usage'), { maxLength: 500, size: 'max' });
    fc.assert(
      fc.property(kinds, (flood) => {
        const told: AskProgress[] = [];
        const delivery = deliver((progress) => void told.push(progress), 1000);
        let n = 0;
        const said = { text: '', thought: '' };
        for (const kind of flood) {
          n++;
          if (kind === 'text' || kind === 'thought') {
            said[kind] += `${n} `;
            delivery.push({ kind, text: `${n} ` });
          } else if (kind === 'tool') delivery.push({ kind, title: String(n) });
          else delivery.push({ kind: 'usage', usage: { outputTokens: n } });
        }
        delivery.flush();
        const heard = (kind: 'text' | 'thought'): string =>
          told.map((each) => (each.kind === kind ? each.text : '')).join('');
        assert.equal(heard('text'), said.text);
        assert.equal(heard('thought'), said.thought);
        assert.ok(told.length <= 66);
        const tools = told.flatMap((each) => (each.kind === 'tool' ? [each.title] : []));
        if (flood.includes('tool')) assert.equal(tools.at(-1), String(flood.lastIndexOf('tool') + 1));
      }),
      { numRuns: 50 },
    );
  });
});

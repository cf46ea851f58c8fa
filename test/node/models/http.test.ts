import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { isAbort } from '../../../src/core/errors.ts';
import { serverSchema } from '../../../src/core/team/file.ts';
import type { Server } from '../../../src/core/team/file.ts';
import { start } from '../../../src/node/processes.ts';
import type { Child } from '../../../src/node/processes.ts';
import { ask, failureOf, hooks, input, lives, makeStand, mostAtOnce, route, textHeard, until } from './stand.ts';
import type { Stand } from './stand.ts';

const token = 'a-token-for-this-test';
const script = {
  parts: [
    { match: { key: 'hang' }, times: 1, steps: [{ say: 'Well, ' }, { fault: 'hang' }] },
    {
      match: { key: 'ask' },
      steps: [
        { permission: { kind: 'command', title: 'Run it', detail: 'npm test' }, onGranted: [{ say: 'granted' }] },
      ],
    },
    { match: { key: 'crash' }, times: 1, steps: [{ wait: 200 }, { fault: 'crash' }] },
    { match: { key: 'huge' }, steps: [{ fault: 'huge', size: 30_000_000 }] },
    { match: { key: 'limit' }, steps: [{ fault: 'rate-limit' }] },
  ],
  default: { pace: { chunk: 4, delay: 60 }, steps: [{ say: 'One two three four five.' }] },
};

interface Running {
  readonly child: Child;
  readonly url: string;
}

/** Starts the server of a stand's scripted entry, listening on any port, or on that one. */
async function listen(stand: Stand, server: Server, port = '0'): Promise<Running> {
  const args = [...server.args, '--http', port, '--token', token];
  const child = await start(server.command as string, args, {
    cwd: stand.folder,
    env: process.env,
    signal: new AbortController().signal,
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await until(() => said.includes('listening on') || said.includes('Error'));
  const url = /listening on (\S+)/.exec(said)?.[1];
  assert.ok(url, said);
  return { child, url };
}

function at(url: string, headers: Record<string, string> = { authorization: 'Bearer ${env:TOKEN}' }): Server {
  return serverSchema.parse({ url, headers, scripted: true });
}

describe('models over HTTP', () => {
  let stand: Stand;
  let server: Server;
  let running: Running;
  beforeEach(async () => {
    stand = await makeStand();
    server = await stand.scripted('a', script);
    running = await listen(stand, server);
  });
  afterEach(async () => {
    await stand.end();
    await running.child.end(500);
  });

  const env = { ...process.env, TOKEN: token };

  it('stream, run side by side, ask for permission', async () => {
    const models = stand.open({ a: at(running.url) }, { env });
    const heard = hooks();
    const times: number[] = [];
    const onProgress: typeof heard.hooks.onProgress = (progress) => {
      times.push(Date.now());
      heard.hooks.onProgress(progress);
    };
    const output = await models.ask(route('a'), input('k'), { ...heard.hooks, onProgress });
    assert.ok(Date.now() - (times[0] as number) >= 100, 'the first piece came long before the result');
    assert.equal(output.text, 'One two three four five.');
    assert.equal(textHeard(heard.progress), output.text);
    await Promise.all(['1', '2', '3', '4'].map((key) => ask(models, 'a', key)));
    assert.equal(mostAtOnce(stand.counts('a')), 4);
    assert.equal((await ask(models, 'a', 'ask', { permit: () => Promise.resolve('run') })).text, 'granted');
  });

  it('a wrong token is not signed in, and so is none', async () => {
    const models = stand.open({
      wrong: at(running.url, { authorization: 'Bearer not-that-token' }),
      none: at(running.url, {}),
    });
    const { signal } = new AbortController();
    for (const name of ['wrong', 'none']) {
      const { failure } = await models.reach(route(name), signal);
      assert.equal(failure?.kind, 'not-signed-in', name);
      assert.ok(!failure.message.includes('not-that-token'));
      assert.equal((await failureOf(ask(models, name, 'k'))).kind, 'not-signed-in');
    }
    assert.deepEqual(stand.counts('a'), []);
  });

  it('cancel reaches the server, and the others go on', async () => {
    const models = stand.open({ a: at(running.url) }, { env });
    const controller = new AbortController();
    const heard = hooks({ signal: controller.signal });
    const stopped = models.ask(route('a'), input('hang'), heard.hooks);
    const other = ask(models, 'a', 'other');
    await until(() => heard.progress.length > 0);
    controller.abort();
    await assert.rejects(stopped, isAbort);
    await until(() => stand.counts('a').some(({ event }) => event === 'cancelled'));
    assert.equal((await other).text, 'One two three four five.');
  });

  it('a crash fails what is asked; a server that was started anew is found again', async () => {
    const models = stand.open({ a: at(running.url) }, { env });
    const failures = await Promise.all(['hang', 'crash'].map((key) => failureOf(ask(models, 'a', key))));
    assert.deepEqual(
      failures.map(({ kind }) => kind),
      ['crash', 'crash'],
    );
    await until(() => !lives(running.child.pid));
    assert.equal((await failureOf(ask(models, 'a', 'k'))).kind, 'not-installed');
    const { port } = new URL(running.url);
    running = await listen(stand, server, port);
    assert.equal((await ask(models, 'a', 'k')).text, 'One two three four five.');
    // Now the restart is not noticed before the call: the server says that it does not know the session.
    await running.child.end(500);
    running = await listen(stand, server, port);
    assert.equal((await ask(models, 'a', 'k2')).text, 'One two three four five.');
  });

  it('a huge answer and a structured failure have their names', async () => {
    const models = stand.open({ a: at(running.url) }, { env });
    const other = ask(models, 'a', 'other');
    assert.equal((await failureOf(ask(models, 'a', 'huge'))).kind, 'too-large');
    assert.equal((await failureOf(ask(models, 'a', 'limit'))).kind, 'rate-limit');
    assert.equal((await other).text, 'One two three four five.');
  });

  it('the server takes nothing from a page in a browser, and ends with its stdin', async () => {
    const statusOf = async (path: string, headers: IncomingHttpHeaders): Promise<number | undefined> => {
      const { port } = new URL(running.url);
      const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers });
      sent.end('{}');
      const [response] = (await once(sent, 'response')) as [{ statusCode?: number; resume(): void }];
      response.resume();
      return response.statusCode;
    };
    const authorization = `Bearer ${token}`;
    assert.equal(await statusOf('/mcp', { authorization, host: 'evil.example' }), 403);
    assert.equal(await statusOf('/mcp', { authorization, origin: 'http://evil.example' }), 403);
    assert.equal(await statusOf('/mcp', { authorization: 'Bearer x' }), 401);
    assert.equal(await statusOf('/else', { authorization }), 404);
    const { pid } = running.child;
    running.child.stdin?.end();
    await until(() => !lives(pid));
  });
});

describe('a foreign server over HTTP', () => {
  let stand: Stand;
  let http: HttpServer;
  let url: string;
  /** How a tool call is answered, by the tool's name. */
  const answers: Record<
    string,
    (id: number) => { status?: number; type?: string; headers?: Record<string, string>; body: string; cut?: boolean }
  > = {
    fine: (id) => ({
      body: JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'fine' }] } }),
    }),
    stream: (id) => ({
      type: 'text/event-stream',
      body: `: hello\r\n\r\nevent: message\r\ndata: ${JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'streamed' }] } })}\r\n\r\n`,
    }),
    ends: () => ({ type: 'text/event-stream', body: ': nothing\n\n' }),
    cut: () => ({ type: 'text/event-stream', body: ': nothing\n\n', cut: true }),
    garbage: () => ({ body: '<html>Welcome</html>' }),
    html: () => ({ type: 'text/html', body: '<html>Welcome</html>' }),
    limit: () => ({ status: 429, headers: { 'retry-after': '120' }, body: 'slow down' }),
    paid: () => ({ status: 402, body: 'pay first' }),
    down: () => ({ status: 502, body: '<h1>bad gateway</h1>' }),
    large: () => ({ body: 'x'.repeat(20_000_000) }),
    event: () => ({ type: 'text/event-stream', body: `data: ${'x'.repeat(20_000_000)}` }),
    away: () => ({ status: 307, headers: { location: 'http://127.0.0.1:1/steal' }, body: '' }),
  };

  before(async () => {
    stand = await makeStand();
    http = createServer((incoming, response) => {
      let body = '';
      incoming.on('data', (chunk: Buffer) => (body += chunk.toString()));
      incoming.on('end', () => {
        if (incoming.method !== 'POST') return void response.writeHead(405).end();
        const { id, method, params } = JSON.parse(body) as {
          id?: number;
          method: string;
          params: { name: string; protocolVersion: string };
        };
        const reply = (result: object): void =>
          void response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(JSON.stringify({ jsonrpc: '2.0', id, result }));
        if (id === undefined) return void response.writeHead(202).end();
        if (method === 'initialize')
          return reply({
            protocolVersion: params.protocolVersion,
            capabilities: { tools: {} },
            serverInfo: { name: 'x', version: '1' },
          });
        if (method === 'tools/list')
          return reply({ tools: Object.keys(answers).map((name) => ({ name, inputSchema: { type: 'object' } })) });
        const answer = answers[params.name]?.(id);
        assert.ok(answer);
        response.writeHead(answer.status ?? 200, {
          'content-type': answer.type ?? 'application/json',
          ...answer.headers,
        });
        response.write(answer.body);
        if (answer.cut) setTimeout(() => response.destroy(), 100);
        else response.end();
      });
    });
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`;
  });
  after(async () => {
    await stand.end();
    http.closeAllConnections();
    http.close();
  });

  const table: [tool: string, kind: string, message: RegExp][] = [
    ['ends', 'crash', /ended its stream without an answer/],
    ['cut', 'crash', /without an answer/],
    ['garbage', 'protocol', /./],
    ['html', 'protocol', /content type/i],
    ['limit', 'rate-limit', /429: slow down/],
    ['paid', 'quota', /402/],
    ['down', 'crash', /502/],
    ['large', 'too-large', /too long/],
    ['event', 'too-large', /too long/],
    ['away', 'protocol', /307/],
  ];
  for (const [tool, kind, message] of table) {
    it(`${tool} is ${kind}, and the next call works`, async () => {
      const models = stand.open({ h: at(url, {}) });
      const call = (name: string) =>
        models.ask(route('h', { tool: name, arguments: {} }), input('k'), hooks({ silenceMs: 8000 }).hooks);
      const failure = await failureOf(call(tool));
      assert.equal(failure.kind, kind, failure.message);
      assert.match(failure.message, message);
      if (tool === 'limit') assert.ok(Date.parse(failure.resetsAt ?? '') > Date.now() + 60_000);
      assert.equal((await call('fine')).text, 'fine');
      assert.equal((await call('stream')).text, 'streamed');
    });
  }
});

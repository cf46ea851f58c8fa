import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { serverSchema } from '../../../src/core/team/file.ts';
import type { OpenModels } from '../../../src/node/models/client.ts';
import { start } from '../../../src/node/processes.ts';
import { command, failureOf, hooks, input, makeStand, route, until } from './stand.ts';
import type { Stand } from './stand.ts';

const main = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

/** The protocol's own reference server: what we call by configuration alone, and did not write. */
describe('the reference server', () => {
  let stand: Stand;
  before(async () => (stand = await makeStand()));
  after(() => stand.end());

  const checks = (models: () => OpenModels, name: string): void => {
    const call = (tool: string, args: Record<string, unknown>, more: Parameters<typeof hooks>[0] = {}) =>
      models().ask(route(name, { tool, arguments: args }), input('k', { prompt: 'hi' }), hooks(more).hooks);

    it('is probed by the tool it has', async () => {
      const { signal } = new AbortController();
      assert.equal((await models().reach(route(name, { tool: 'echo' }), signal)).failure, undefined);
      assert.equal((await models().reach(route(name), signal)).failure?.kind, 'protocol');
    });

    it('echoes the prompt', async () => {
      assert.equal((await call('echo', { message: 'say ${prompt} as ${model}' })).text, 'Echo: say hi as m-1');
    });

    it('answers with structured content', async () => {
      const mapped = route(name, {
        tool: 'get-structured-content',
        arguments: { location: 'Chicago' },
        result: { text: 'conditions' },
      });
      assert.equal((await models().ask(mapped, input('k'), hooks().hooks)).text, 'Light rain / drizzle');
    });

    it('is told wrong arguments apart from a crash', async () => {
      const failure = await failureOf(call('get-sum', { a: 'x' }));
      assert.ok(['error', 'protocol'].includes(failure.kind), failure.kind);
      assert.match(failure.message, /nvalid/);
    });

    it('is kept by its progress, which has no words', async () => {
      const { text } = await call('trigger-long-running-operation', { duration: 1.5, steps: 6 }, { silenceMs: 900 });
      assert.match(text, /completed/);
    });
  };

  describe('over stdio', () => {
    let models: OpenModels;
    before(() => {
      models = stand.open({ e: command([main, 'stdio']) });
    });
    checks(() => models, 'e');

    it('asks for the secrets of the person in vain', async () => {
      const permit = (): never => assert.fail('the person was asked');
      const tool = route('e', { tool: 'trigger-elicitation-request', arguments: {} });
      assert.match((await models.ask(tool, input('k'), hooks({ permit }).hooks)).text, /declined/i);
    });

    it('does not see our environment', async () => {
      const one = stand.open({ e: command([main, 'stdio']) }, { env: { ...process.env, MY_SECRET: 'sesame' } });
      const { text } = await one.ask(route('e', { tool: 'get-env', arguments: {} }), input('k'), hooks().hooks);
      assert.ok(!text.includes('MY_SECRET'));
      assert.match(text, /"PATH"/i);
    });
  });

  describe('over HTTP', () => {
    let models: OpenModels;
    let end: () => Promise<void>;
    before(async function () {
      const port = await freePort();
      const child = await start(process.execPath, [main, 'streamableHttp'], {
        cwd: stand.folder,
        env: { ...process.env, PORT: String(port) },
        signal: new AbortController().signal,
      });
      end = () => child.end(500);
      let said = '';
      child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
      await until(() => said.includes('listening'));
      models = stand.open({ h: serverSchema.parse({ url: `http://127.0.0.1:${port}/mcp` }) });
    });
    after(async () => {
      await models.close();
      await end();
    });
    checks(() => models, 'h');
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

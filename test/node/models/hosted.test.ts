import assert from 'node:assert/strict';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, ElicitResultSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { askCallKey, askPermissionKey, askProgressKey } from '../../../src/core/ask.ts';
import type { AskInput, AskPermission, AskProgress } from '../../../src/core/ask.ts';
import type { HostedServer } from '../../../src/node/models/hostedWire.ts';
import { ask, command, failureOf, foreignMain, hooks, input, makeStand, route, textHeard, until } from './stand.ts';
import type { Stand } from './stand.ts';

interface Stage {
  readonly signal: AbortSignal;
  progress(progress: AskProgress): Promise<void>;
  permit(permission: AskPermission): Promise<string>;
  close(): Promise<void>;
}

/** A real MCP server in this process, as the editor serves its models. */
function serving(
  answer: (input: AskInput, stage: Stage) => Promise<CallToolResult>,
  opened: Server[] = [],
): HostedServer {
  return async (transport) => {
    const server = new Server({ name: 'here', version: '1' }, { capabilities: { tools: {} } });
    opened.push(server);
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [{ name: 'ask', inputSchema: { type: 'object' as const } }],
    }));
    server.setRequestHandler(CallToolRequestSchema, (request, extra) => {
      const asked = request.params.arguments as unknown as AskInput;
      const { run, key, attempt } = asked.call;
      let sent = 0;
      return answer(asked, {
        signal: extra.signal,
        progress: (progress) =>
          extra.sendNotification({
            method: 'notifications/progress',
            params: {
              progressToken: extra._meta?.progressToken ?? '',
              progress: ++sent,
              _meta: { [askProgressKey]: progress },
            },
          }),
        async permit(permission) {
          const params = {
            mode: 'form' as const,
            message: permission.title,
            requestedSchema: { type: 'object' as const, properties: { answer: { type: 'string' as const } } },
            _meta: { [askPermissionKey]: permission, [askCallKey]: { run, key, attempt } },
          };
          const { action } = await extra.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
          return action;
        },
        close: () => server.close(),
      });
    });
    await server.connect(transport);
  };
}

const saying = (text: string): CallToolResult => ({ content: [], structuredContent: { text } });

describe('a server in our own process', () => {
  let stand: Stand;
  beforeEach(async () => (stand = await makeStand()));
  afterEach(() => stand.end());

  it('is asked like any other: it streams, asks permissions and answers, and one connection serves all', async () => {
    const opened: Server[] = [];
    const here = serving(async (asked, stage) => {
      await stage.progress({ kind: 'text', text: 'Hel' });
      await stage.progress({ kind: 'text', text: 'lo.' });
      const said = await stage.permit({ kind: 'command', title: 'Run ls', detail: 'ls' });
      return saying(`${asked.prompt} ${said}`);
    }, opened);
    const models = stand.open({}, { hosted: { here } });
    assert.equal((await models.reach(route('here'), new AbortController().signal)).failure, undefined);
    const heard = hooks({ permit: () => Promise.resolve('once') });
    const { text, scripted } = await models.ask(route('here'), input('k', { prompt: 'Well?' }), heard.hooks);
    assert.equal(text, 'Well? accept');
    assert.equal(scripted, undefined);
    assert.equal(textHeard(heard.progress), 'Hello.');
    await ask(models, 'here', 'k2');
    assert.equal(opened.length, 1);
  });

  it('comes before a server of that name in the team file', async () => {
    const models = stand.open(
      { here: command([foreignMain]) },
      { hosted: { here: serving(async () => saying('mine')) } },
    );
    assert.equal((await ask(models, 'here', 'k')).text, 'mine');
  });

  it('hears that a call was cancelled', async () => {
    let cancelled = false;
    let begun = false;
    const here = serving(async (_asked, { signal }) => {
      begun = true;
      await new Promise((done) => signal.addEventListener('abort', done));
      cancelled = true;
      return saying('too late');
    });
    const models = stand.open({}, { hosted: { here } });
    const control = new AbortController();
    const asked = ask(models, 'here', 'k', { signal: control.signal });
    await until(() => begun);
    control.abort(new Error('enough'));
    await assert.rejects(asked, /enough/);
    await until(() => cancelled);
  });

  it('that fails, ends or talks too much is a failure, and serves the next call anew', async () => {
    const opened: Server[] = [];
    const here = serving(async ({ call }, stage) => {
      if (call.key === 'throws') throw new Error('no such model');
      if (call.key === 'closes') await stage.close();
      return saying(call.key === 'long' ? 'x'.repeat(20_000_000) : 'fine');
    }, opened);
    const models = stand.open({}, { hosted: { here } });
    assert.match((await failureOf(ask(models, 'here', 'throws'))).message, /no such model/);
    assert.deepEqual(await failureOf(ask(models, 'here', 'closes')), {
      kind: 'crash',
      message: 'here ended its connection.',
    });
    assert.equal((await failureOf(ask(models, 'here', 'long'))).kind, 'too-large');
    assert.equal((await ask(models, 'here', 'after')).text, 'fine');
    assert.equal(opened.length, 2, 'one ended, one took its place');
  });

  it('that cannot be served says why', async () => {
    const models = stand.open({}, { hosted: { here: () => Promise.reject(new Error('The person has said no.')) } });
    assert.deepEqual(await failureOf(ask(models, 'here', 'k')), {
      kind: 'crash',
      message: 'here could not be started: The person has said no.',
    });
  });

  it('is ended with the others, and what is asked of it is rejected', async () => {
    let closed = 0;
    let begun = false;
    const here = serving(async (_asked, { signal }) => {
      begun = true;
      await new Promise((done) => signal.addEventListener('abort', done));
      closed += 1;
      return saying('too late');
    });
    const models = stand.open({}, { hosted: { here } });
    const asked = failureOf(ask(models, 'here', 'k'));
    await until(() => begun);
    await models.close();
    assert.equal((await asked).kind, 'cancelled');
    await until(() => closed === 1);
  });

  it('belongs to the editor: elsewhere that is said', async () => {
    const { failure } = await stand.open({}).reach(route('vscode-lm'), new AbortController().signal);
    assert.deepEqual(failure, {
      kind: 'not-installed',
      message: 'The server vscode-lm is there only where the editor runs the team.',
    });
  });
});

describe('keys from a secret storage', () => {
  let stand: Stand;
  beforeEach(async () => (stand = await makeStand()));
  afterEach(() => stand.end());

  it('reach the servers that they are for, and no other', async () => {
    const script = { default: { steps: [{ say: 'x' }] } };
    const own = await stand.scripted('own', script);
    const other = await stand.scripted('other', script);
    const needing = (server: typeof own) => ({ ...server, env: { NEEDED: '${env:OUR_KEY}' } });
    const models = stand.open(
      { own: needing(own), other: needing(other) },
      { keys: { env: { OUR_KEY: 'sesame-1234' }, servers: new Set(['own']) } },
    );
    assert.equal((await ask(models, 'own', 'k')).text, 'x');
    assert.deepEqual(await failureOf(ask(models, 'other', 'k')), {
      kind: 'not-signed-in',
      message: 'other needs OUR_KEY in your environment, which is not set.',
    });
    assert.ok(!stand.logged.some((line) => line.includes('sesame')));
  });
});

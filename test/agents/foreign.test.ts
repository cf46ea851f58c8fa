import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Route, routeSchema, serverSchema } from '../../src/core/team/file.ts';
import { openModels, type OpenModels } from '../../src/node/models/client.ts';
import { failureOf, hooks, input, textHeard, until } from '../node/models/stand.ts';
import { calls, says, table, type Asked } from '../standin/reply.ts';
import { openStandin, type Standin } from '../standin/standin.ts';
import { binOf, installAgents, testCache } from './install.ts';
import { type AgentsPlace, makeAgentsPlace } from './place.ts';

/** MCP servers that others made, reached by configuration alone: the last Codex with a server of its own, a Gemini. */

const script = table([
  { when: 'hello', replies: [says('Good day to you, whoever you are.', 'A greeting.')] },
  {
    when: 'what was it',
    replies: [(asked: Asked) => says(asked.conversation.includes('hello') ? 'You said hello.' : 'Nothing.')],
  },
  {
    when: 'edit it',
    replies: [
      calls([{ name: 'exec_command', input: { cmd: 'printf made > made.txt' } }]),
      (asked: Asked) => says(`It says: ${asked.results.map((r) => r.text).join()}`),
    ],
  },
  {
    when: 'slowly',
    replies: [
      {
        parts: [1, 2, 3, 4].flatMap((n) => [
          { kind: 'text', text: `${n} ` } as const,
          { kind: 'pause', until: 1500 } as const,
        ]),
      },
    ],
  },
  {
    // It leaves a request when the next piece comes, not before.
    when: 'for ever',
    replies: [
      {
        parts: Array.from({ length: 400 }, () => [
          { kind: 'text', text: 'first ' } as const,
          { kind: 'pause', until: 200 } as const,
        ]).flat(),
      },
    ],
  },
]);

/** As it stands in a team file. */
const codexRoute: Route = routeSchema.parse({
  server: 'codex',
  tool: 'codex',
  ids: ['gpt-5-codex'],
  arguments: {
    prompt: '${prompt}',
    model: '${model}',
    cwd: '${cwd}',
    sandbox: '${access}',
    'approval-policy': 'never',
    config: { model_reasoning_effort: '${effort}' },
  },
  words: { access: { read: 'read-only', write: 'workspace-write' } },
  reply: { tool: 'codex-reply', arguments: { threadId: '${session}', prompt: '${prompt}' } },
  result: { text: 'content', session: 'threadId' },
  events: {
    method: 'codex/event',
    type: 'msg.type',
    text: { agent_message_content_delta: 'msg.delta' },
    thought: { reasoning_content_delta: 'msg.delta' },
    tool: {
      exec_command_begin: 'msg.command',
      mcp_tool_call_begin: 'msg.invocation.tool',
      patch_apply_begin: 'msg.type',
    },
    usage: {
      token_count: {
        input: 'msg.info.total_token_usage.input_tokens',
        output: 'msg.info.total_token_usage.output_tokens',
      },
    },
  },
});

describe('the last Codex with an MCP server of its own', function () {
  let place: string;
  let cwd: string;
  let standin: Standin;
  let models: OpenModels;

  before(async function () {
    this.timeout(600_000);
    await installAgents();
    // Below the temporary folder it would make no helpers, and its sandbox would not start.
    place = await realpath(await mkdtemp(join(testCache, '.codex-mcp-')));
    cwd = join(place, 'work');
    const home = join(place, 'home', '.codex');
    for (const folder of [cwd, home]) await mkdir(folder, { recursive: true });
    standin = await openStandin(script, { models: ['gpt-5-codex'] });
    const config = [
      'model = "gpt-5-codex"',
      'model_provider = "standin"',
      'check_for_update_on_startup = false',
      '[model_providers.standin]',
      'name = "standin"',
      `base_url = "${standin.url}/v1"`,
      'wire_api = "responses"',
      'env_key = "STANDIN_KEY"',
      '[analytics]',
      'enabled = false',
    ];
    await writeFile(join(home, 'config.toml'), `${config.join('\n')}\n`);
    const server = serverSchema.parse({
      command: join(binOf('codex-mcp'), 'codex'),
      args: ['mcp-server'],
      env: { CODEX_HOME: home, HOME: join(place, 'home'), STANDIN_KEY: 'x', RUST_LOG: 'error' },
    });
    const quiet = (): void => {};
    models = openModels({
      servers: { codex: server },
      root: cwd,
      env: process.env,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
  });
  after(async () => {
    await models?.close();
    await standin?.close();
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  });

  const asked = (key: string, prompt: string, more: Parameters<typeof input>[1] = {}): ReturnType<typeof input> =>
    input(key, { prompt, model: 'gpt-5-codex', cwd, ...more });

  it('is probed by its tools', async () => {
    const { signal } = new AbortController();
    assert.equal((await models.reach(codexRoute, signal)).failure, undefined);
    const other = { ...codexRoute, reply: { tool: 'codex-go-on', arguments: {} } };
    assert.match((await models.reach(other, signal)).failure?.message ?? '', /no tool `codex-go-on`/);
  });

  it('streams in its own notifications; model and effort reach the wire', async () => {
    const heard = hooks({ silenceMs: 60_000 });
    const output = await models.ask(codexRoute, asked('k1', 'hello', { effort: 'high' }), heard.hooks);
    assert.equal(output.text, 'Good day to you, whoever you are.');
    assert.equal(textHeard(heard.progress), output.text);
    assert.match(heard.progress.map((p) => (p.kind === 'thought' ? p.text : '')).join(''), /A greeting/);
    assert.ok((output.usage?.inputTokens ?? 0) > 0, JSON.stringify(heard.progress));
    const request = standin.requests.at(-1);
    assert.deepEqual([request?.dialect, request?.model, request?.effort], ['responses', 'gpt-5-codex', 'high']);
  });

  it('goes on in its session by its other tool', async () => {
    const { session } = await models.ask(codexRoute, asked('k2', 'hello'), hooks({ silenceMs: 60_000 }).hooks);
    assert.ok(session);
    const output = await models.ask(
      codexRoute,
      asked('k3', 'what was it', { session }),
      hooks({ silenceMs: 60_000 }).hooks,
    );
    assert.equal(output.text, 'You said hello.');
    assert.equal(output.session, session);
    const alone = await models.ask(codexRoute, asked('k4', 'what was it'), hooks({ silenceMs: 60_000 }).hooks);
    assert.equal(alone.text, 'Nothing.');
  });

  it('says that a session is gone', async () => {
    const session = '01900000-0000-7000-8000-000000000000';
    const failure = await failureOf(
      models.ask(codexRoute, asked('k5', 'hello', { session }), hooks({ silenceMs: 60_000 }).hooks),
    );
    assert.equal(failure.kind, 'no-session', failure.message);
  });

  it('writes where it may write, and nowhere as a reader', async () => {
    await models.ask(codexRoute, asked('k6', 'edit it'), hooks({ silenceMs: 60_000 }).hooks).catch(() => undefined);
    await assert.rejects(readFile(join(cwd, 'made.txt')), { code: 'ENOENT' });
    const heard = hooks({ silenceMs: 60_000 });
    await models.ask(codexRoute, asked('k7', 'edit it', { access: 'write' }), heard.hooks);
    assert.equal(
      await readFile(join(cwd, 'made.txt'), 'utf8'),
      'made',
      heard.progress.map((p) => JSON.stringify(p)).join(),
    );
    assert.ok(heard.progress.some((p) => p.kind === 'tool' && p.title.includes('made.txt')));
  });

  it('is kept by its notifications, however long the call', async () => {
    const output = await models.ask(codexRoute, asked('k8', 'slowly'), hooks({ silenceMs: 4000 }).hooks);
    assert.equal(output.text, '1 2 3 4 ');
  });

  it('is cancelled at the provider too', async () => {
    const control = new AbortController();
    const heard = hooks({ signal: control.signal, silenceMs: 60_000 });
    const asking = models.ask(codexRoute, asked('k9', 'for ever'), heard.hooks);
    await until(() => textHeard(heard.progress).startsWith('first'), 60_000);
    control.abort(new Error('enough'));
    await assert.rejects(asking, /enough/);
    await standin.until(
      (r) => r.prompt.includes('for ever') && r.state === 'closed early',
      AbortSignal.timeout(60_000),
    );
  });

  it('answers several at once, in one process', async () => {
    const prompts = ['hello', 'what was it', 'hello'];
    const outputs = await Promise.all(
      prompts.map((prompt, n) => models.ask(codexRoute, asked(`m${n}`, prompt), hooks({ silenceMs: 60_000 }).hooks)),
    );
    assert.deepEqual(
      outputs.map((o) => o.text),
      ['Good day to you, whoever you are.', 'Nothing.', 'Good day to you, whoever you are.'],
    );
    assert.equal(new Set(outputs.map((o) => o.session)).size, 3);
  });
});

describe('a Gemini behind an MCP server that others made', function () {
  /** As it stands in a team file; it names neither session nor model, and streams nothing. */
  const geminiRoute: Route = routeSchema.parse({
    server: 'gemini',
    tool: 'ask-gemini',
    ids: ['gemini-2.5-pro'],
    arguments: { prompt: '${prompt}', model: '${model}' },
  });
  let place: AgentsPlace;
  let models: OpenModels;
  before(async function () {
    this.timeout(600_000);
    await installAgents();
    place = await makeAgentsPlace(['gemini'], script);
    const folder = await place.workspace({ 'a.txt': 'a\n' }, 'work');
    const server = serverSchema.parse({
      command: join(binOf('gemini-mcp'), 'gemini-mcp'),
      // What the person has of it; without a backend it would look for another program.
      env: { ...place.env, GEMINI_MCP_BACKEND: 'gemini', GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    });
    const quiet = (): void => {};
    models = openModels({
      servers: { gemini: server },
      root: folder,
      env: place.env,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    });
  });
  after(async () => {
    await models?.close();
    await place?.end();
  });

  it('answers by its own tool, with the model that is asked for', async () => {
    assert.equal((await models.reach(geminiRoute, new AbortController().signal)).failure, undefined);
    const prompt = input('g1', { prompt: 'hello', model: 'gemini-2.5-pro' });
    const output = await models.ask(geminiRoute, prompt, hooks({ silenceMs: 90_000 }).hooks);
    assert.match(output.text, /Good day to you, whoever you are\./);
    assert.ok(place.standin.requests.some((r) => r.dialect === 'gemini' && r.model === 'gemini-2.5-pro'));
  });

  it('is kept while it says nothing but that it is there, and cancelled', async () => {
    const control = new AbortController();
    const asking = models.ask(
      geminiRoute,
      input('g2', { prompt: 'for ever', model: 'gemini-2.5-pro' }),
      hooks({ signal: control.signal, silenceMs: 90_000 }).hooks,
    );
    await place.standin.until((r) => r.prompt.includes('for ever'), AbortSignal.timeout(60_000));
    control.abort(new Error('enough'));
    await assert.rejects(asking, /enough/);
    // It has no cancel of its own: its program goes on until the server ends, and ends then.
    await models.close();
    await place.standin.until(
      (r) => r.prompt.includes('for ever') && r.state === 'closed early',
      AbortSignal.timeout(60_000),
    );
  });
});

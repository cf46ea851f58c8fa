import assert from 'node:assert/strict';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { lives, until } from '../models/stand.ts';
import { fixture, makeAgentStand } from './stand.ts';
import type { AgentStand, Logged, StandOptions } from './stand.ts';

describe('sessions with an agent', function () {
  const stands: AgentStand[] = [];
  const make = async (options: StandOptions): Promise<AgentStand> => {
    const stand = await makeAgentStand(options);
    stands.push(stand);
    return stand;
  };
  afterEach(async () => {
    await Promise.all(stands.splice(0).map((stand) => stand.end()));
  });

  const codex = (nature: object = {}): Promise<AgentStand> =>
    make({
      agent: 'codex',
      program: 'codex',
      env: { ORCHESTRA_CODEX_ACP: fixture },
      nature: { modes: ['read-only', 'agent', 'agent-full-access'], mode: 'agent', titles: true, ...nature },
    });
  const claude = (nature: object = {}, env: Record<string, string> = {}): Promise<AgentStand> =>
    make({
      agent: 'claude',
      program: 'claude',
      env: { ORCHESTRA_CLAUDE_AGENT_ACP: fixture, ...env },
      nature: { modes: ['auto', 'default', 'plan'], mode: 'auto', models: ['default', 'opus'], ...nature },
    });
  const turns = (log: readonly Logged[]): Logged[] => log.filter(({ turn }) => turn !== undefined);
  const starts = (log: readonly Logged[]): Logged[] => log.filter(({ started }) => started !== undefined);
  const server = (stand: AgentStand, token: string): object => ({
    name: 'bus',
    command: process.execPath,
    args: [
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(join(stand.folder, 'mcp-'))} + process.env.TOKEN, String(process.pid)); setInterval(() => {}, 1000)`,
    ],
    env: { TOKEN: token },
  });
  const pidOf = async (stand: AgentStand, token: string): Promise<number> => {
    const { readFile } = await import('node:fs/promises');
    for (let n = 0; n < 200; n++) {
      const text = await readFile(join(stand.folder, `mcp-${token}`), 'utf8').catch(() => '');
      if (text !== '') return Number(text);
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error('The MCP server did not start.');
  };

  it('are brought to ask before anything is prompted, by the category of the option and whatever its id is', async () => {
    const stand = await make({});
    await stand.ask([{ say: '.' }], { effort: 'high', model: 'm-2' });
    const [turn] = turns(await stand.log());
    assert.deepEqual([turn?.['mode'], turn?.['model'], turn?.['effort']], ['default', 'm-2', 'high']);
  });

  it('are brought there in the older dialect, too, and what it cannot do is told', async () => {
    const stand = await make({ agent: 'gemini', program: 'gemini', nature: { dialect: 'old', mode: 'yolo' } });
    const { output } = await stand.ask([{ say: '.' }], { effort: 'high', model: 'm-2' });
    const log = await stand.log();
    const [turn] = turns(log);
    assert.deepEqual([turn?.['mode'], turn?.['model']], ['default', 'm-2']);
    assert.match(output?.refused?.[0] ?? '', /effort high/);
    // Unlisted ids are taken as well.
    await stand.ask([{ say: '.' }], { model: 'm-old' });
    assert.equal(turns(await stand.log())[1]?.['model'], 'm-old');
    const [{ args, env }] = starts(log) as [Logged];
    assert.deepEqual(args, ['--acp', '--skip-trust']);
    assert.equal(env?.['GEMINI_CLI_NO_RELAUNCH'], 'true');
    // It takes our word that a file is not there for a failure, and could make none.
    const [{ params }] = log.filter(({ method }) => method === 'initialize') as [Logged];
    assert.deepEqual(params?.['clientCapabilities'], {
      fs: { readTextFile: false, writeTextFile: true },
      terminal: false,
    });
  });

  it('are not used when the agent cannot be made to ask', async () => {
    const stand = await codex({ modes: ['agent', 'agent-full-access'] });
    const { failure } = await stand.ask([{ say: '.' }]);
    assert.equal(failure?.kind, 'protocol');
    assert.match(failure.message, /offers no mode in which it asks/);
    assert.deepEqual(turns(await stand.log()), []);
  });

  it('of Codex have a title before their first turn, so that no hidden thread makes one', async () => {
    const stand = await codex();
    await stand.ask([{ say: '.' }]);
    const log = await stand.log();
    assert.deepEqual([turns(log)[0]?.['titled'], turns(log)[0]?.['mode']], [true, 'read-only']);
    const order = log.flatMap(({ method }) => (method === undefined ? [] : [method]));
    assert.ok(order.indexOf('session/set_title') < order.indexOf('session/prompt'));
    const untitled = await codex({ titles: false });
    assert.equal((await untitled.ask([{ say: '.' }])).failure?.kind, 'protocol');
  });

  it('of Claude Code come with a title, without suggestions, and with nothing of what the repository brings', async () => {
    const stand = await claude();
    const { output } = await stand.ask([{ say: '${model}' }], { model: 'claude-sonnet-5-5' });
    assert.equal(output?.text, 'claude-sonnet-5-5');
    const log = await stand.log();
    const opened = log.find(({ method }) => method === 'session/new')?.params as {
      _meta: { claudeCode: { options: Record<string, unknown> } };
    };
    const { options } = opened._meta.claudeCode;
    assert.equal(options['promptSuggestions'], false);
    assert.match(String(options['title']), /^critic: /);
    assert.deepEqual(options['settingSources'], ['user']);
    assert.equal(options['model'], 'claude-sonnet-5-5');
    assert.equal(turns(log)[0]?.['mode'], 'default');
    const [{ env }] = starts(log) as [Logged];
    assert.equal(env?.['CLAUDE_CODE_ENABLE_PROMPT_SUGGESTION'], 'false');
    assert.equal(env['CLAUDE_CODE_EXECUTABLE'], join(stand.folder, 'bin', 'claude'));
  });

  it('of Grok are told to ask, without suggestions, in a process of its own', async () => {
    const stand = await make({
      agent: 'grok',
      program: 'grok',
      nature: { modes: [], authMethods: ['xai.api_key'], signedIn: false },
      env: { XAI_API_KEY: 'x-key-of-xai' },
    });
    const { output, failure } = await stand.ask([{ say: '.' }]);
    assert.equal(output?.text, '.', failure?.message);
    const log = await stand.log();
    const [{ args, env }] = starts(log) as [Logged];
    assert.deepEqual(args, ['agent', '--no-leader', 'stdio']);
    assert.equal(env?.['GROK_PROMPT_SUGGESTIONS'], 'false');
    assert.equal(env['GROK_DEFAULT_PERMISSION_MODE'], 'default');
    assert.deepEqual(log.find(({ method }) => method === 'session/new')?.params?.['_meta'], {
      yoloMode: false,
      autoMode: false,
    });
    assert.deepEqual(log.find(({ method }) => method === 'authenticate')?.params, { methodId: 'xai.api_key' });
  });

  it('with a model that is not listed are had by a process that is started with it, or not at all', async () => {
    const grok = await make({ agent: 'grok', program: 'grok', nature: { modes: [] } });
    await grok.ask([{ say: '.' }], { model: 'grok-9' });
    assert.deepEqual(
      starts(await grok.log()).map(({ args }) => args),
      [
        ['agent', '--no-leader', 'stdio'],
        ['agent', '--no-leader', '-m', 'grok-9', 'stdio'],
      ],
    );
    const openai = await codex();
    await openai.ask([{ say: '.' }], { model: 'gpt-5', effort: 'low' });
    const config = starts(await openai.log()).map(({ env }) => env?.['CODEX_CONFIG']);
    assert.deepEqual(config, [undefined, '{"model":"gpt-5","model_reasoning_effort":"low"}']);
    const { failure } = await (await make({})).ask([{ say: '.' }], { model: 'm-3' });
    assert.deepEqual(
      [failure?.kind, failure?.message],
      ['no-model', 'fixture does not offer m-3; it offers m-1, m-2.'],
    );
  });

  it('that were opened for one model are not gone on with as if it were another', async () => {
    const stand = await make({});
    const first = await stand.ask([{ say: 'one' }], { effort: 'high' });
    const session = first.output?.session as string;
    const { failure } = await stand.ask([{ say: '.' }], { session, model: 'm-3' });
    assert.deepEqual(
      [failure?.kind, failure?.message],
      ['no-model', 'fixture does not offer m-3; it offers m-1, m-2.'],
    );
    const grok = await make({ agent: 'grok', program: 'grok', nature: { modes: [] } });
    const nine = await grok.ask([{ say: 'nine' }], { model: 'grok-9' });
    const eight = await grok.ask([{ say: '${history}+' }], {
      model: 'grok-8',
      session: nine.output?.session as string,
    });
    assert.equal(eight.output?.text, 'nine+', eight.failure?.message);
    assert.deepEqual(starts(await grok.log()).at(-1)?.args, ['agent', '--no-leader', '-m', 'grok-8', 'stdio']);
  });

  it('tell in each answer only what was not had for that one', async () => {
    const stand = await make({ nature: { efforts: [] } });
    const first = await stand.ask([{ say: 'one' }], { effort: 'high' });
    assert.match(first.output?.refused?.[0] ?? '', /effort high/);
    const next = await stand.ask([{ say: 'two' }], { session: first.output?.session as string });
    assert.equal(next.output?.refused, undefined);
  });

  it('are gone on with in the warm process, several at once', async () => {
    const stand = await make({});
    const [one, two] = await Promise.all([
      stand.ask([{ say: 'one' }, { wait: 300 }]),
      stand.ask([{ say: 'two' }, { wait: 300 }]),
    ]);
    assert.notEqual(one.output?.session, two.output?.session);
    const more = await stand.ask([{ say: '${history}+' }], { session: one.output?.session as string });
    assert.equal(more.output?.text, 'one+');
    assert.equal(starts(await stand.log()).length, 1);
  });

  for (const [how, nature] of [
    ['resume', { resume: true }],
    ['load', { resume: false, load: true }],
  ] as const) {
    it(`are gone on with after a crash, by session/${how}, without what is told again`, async () => {
      const stand = await make({ nature });
      const first = await stand.ask([{ say: 'one' }]);
      const died = await stand.ask([{ stderr: 'boom\n' }, { die: 7 }]);
      assert.equal(died.failure?.kind, 'crash');
      assert.match(died.failure.message, /exit code 7: boom/);
      const more = await stand.ask([{ say: '${history}+' }], { session: first.output?.session as string });
      assert.equal(more.output?.text, 'one+', more.failure?.message);
      assert.equal(more.output.session, first.output?.session);
      assert.equal(turns(await stand.log()).at(-1)?.['mode'], 'default');
    });
  }

  it('that cannot be gone on with are said to be gone, so that the conversation is sent anew', async () => {
    for (const options of [
      { nature: { resume: false } },
      { nature: { resume: true } },
      { agent: 'gemini', program: 'gemini', nature: { dialect: 'old', load: true } },
    ]) {
      const stand = await make(options);
      const { failure } = await stand.ask([{ say: '.' }], { session: 's-of-yesterday' });
      assert.equal(failure?.kind, 'no-session', failure?.message);
    }
  });

  it('of Gemini are not even tried in another process: what it says it can load it mostly cannot, or not whole', async () => {
    const stand = await make({
      agent: 'gemini',
      program: 'gemini',
      nature: { dialect: 'old', resume: false, load: true },
    });
    const first = await stand.ask([{ say: 'one' }]);
    await stand.ask([{ die: 7 }]);
    const { failure } = await stand.ask([{ say: '.' }], { session: first.output?.session as string });
    assert.equal(failure?.kind, 'no-session', failure?.message);
    assert.ok((await stand.log()).every(({ method }) => method !== 'session/load'));
  });

  it('start the MCP servers that are handed on, whose tools need no word of the person', async () => {
    const stand = await claude();
    const call = (name: string): object => ({
      permission: {
        title: `mcp__${name}__find`,
        kind: 'other',
        _meta: { claudeCode: { toolName: `mcp__${name}__find` } },
      },
    });
    const { output, permits } = await stand.ask([call('bus'), call('theirs')], {
      model: 'opus',
      servers: [server(stand, 't1') as never],
    });
    assert.equal(output?.text, '[a-once][r-once]');
    assert.deepEqual(
      permits.map(({ title }) => title),
      ['mcp__theirs__find'],
    );
    await pidOf(stand, 't1');
  });

  it('are not opened anew for the same MCP servers', async () => {
    const stand = await make({});
    const servers = [server(stand, 't1') as never];
    const first = await stand.ask([{ say: 'one' }], { servers });
    const session = first.output?.session as string;
    const pid = await pidOf(stand, 't1');
    const second = await stand.ask([{ say: '${history}+' }], { session, servers });
    assert.equal(second.output?.text, 'one+', second.failure?.message);
    assert.equal(second.output?.session, session);
    assert.equal(await pidOf(stand, 't1'), pid);
    const methods = (await stand.log()).flatMap(({ method }) => (method?.startsWith('session/') ? [method] : []));
    assert.deepEqual(
      methods.filter((method) => /new|resume|load|close/.test(method)),
      ['session/new'],
    );
  });

  it('get new MCP servers with a new call, and the old ones are gone', async () => {
    const stand = await make({});
    const first = await stand.ask([{ say: 'one' }], { servers: [server(stand, 't1') as never] });
    const old = await pidOf(stand, 't1');
    const second = await stand.ask([{ say: '${history}+' }], {
      session: first.output?.session as string,
      servers: [server(stand, 't2') as never],
    });
    assert.equal(second.output?.text, 'one+', second.failure?.message);
    const fresh = await pidOf(stand, 't2');
    await until(() => !lives(old));
    assert.ok(lives(fresh));
  });

  it('of an agent that leaves their MCP servers running are rid of them by the end of its process', async () => {
    const stand = await codex({ leaves: true });
    const first = await stand.ask([{ say: 'one' }], { servers: [server(stand, 't0') as never] });
    const session = first.output?.session as string;
    const old = await pidOf(stand, 't0');
    for (const token of ['t1', 't2', 't3']) {
      const { failure } = await stand.ask([{ say: token }], { session, servers: [server(stand, token) as never] });
      assert.equal(failure, undefined, failure?.message);
    }
    await until(() => !lives(old));
    const more = await stand.ask([{ say: '${history}+' }], { session, servers: [server(stand, 't4') as never] });
    assert.equal(more.output?.text, 'one|t1|t2|t3+', more.failure?.message);
  });

  it('have one process also while the one before takes its time to end', async () => {
    const stand = await make({ nature: { stubborn: true } });
    const first = await stand.ask([{ say: 'one' }]);
    await rm(stand.cwd, { recursive: true });
    await mkdir(stand.cwd);
    const going = stand.ask([{ say: '${history}+' }], { session: first.output?.session as string });
    for (let n = 0; n < 200 && !(await stand.log()).some(({ stdin }) => stdin === 'ended'); n++)
      await new Promise((done) => setTimeout(done, 20));
    const meanwhile = await stand.ask([{ say: 'two' }]);
    assert.equal(meanwhile.output?.text, 'two', meanwhile.failure?.message);
    const { output, failure } = await going;
    assert.equal(output?.text, 'one+', failure?.message);
    assert.equal(starts(await stand.log()).length, 2);
  });

  it('are not more at once than the machine bears: the oldest idle one is closed, and gone on with later', async () => {
    const stand = await claude();
    const ids: string[] = [];
    for (let n = 0; n < 5; n++)
      ids.push((await stand.ask([{ say: `s${n}` }], { model: 'opus' })).output?.session as string);
    const closed = (await stand.log())
      .filter(({ method }) => method === 'session/close')
      .map(({ params }) => params?.['sessionId']);
    assert.deepEqual(closed, [ids[0]]);
    const again = await stand.ask([{ say: '${history}+' }], { model: 'opus', session: ids[0] as string });
    assert.equal(again.output?.text, 's0+', again.failure?.message);
  });

  it('wait where all are at work', async () => {
    const stand = await claude();
    const asked = Array.from({ length: 6 }, (_, n) => stand.ask([{ say: `${n}` }, { wait: 400 }], { model: 'opus' }));
    const texts = (await Promise.all(asked)).map(({ output, failure }) => output?.text ?? failure?.message);
    assert.deepEqual(texts, ['0', '1', '2', '3', '4', '5']);
    let open = 0;
    let most = 0;
    for (const { method, turn } of await stand.log()) {
      if (method === 'session/new') most = Math.max(most, ++open);
      if (method === 'session/close') open--;
      assert.ok(turn === undefined || open > 0);
    }
    assert.equal(most, 4);
  });
});

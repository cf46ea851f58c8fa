import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Server as McpServer } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { stringify } from 'yaml';
import type { AskInput, Failure } from '../../../src/core/ask.ts';
import { call } from '../../../src/core/run/call.ts';
import { openRun, type RunHandle } from '../../../src/core/run/engine.ts';
import type { EventOf, JournalRecord } from '../../../src/core/run/events.ts';
import { teamFileSchema } from '../../../src/core/team/file.ts';
import { start } from '../../../src/node/processes.ts';
import type { HostedServer } from '../../../src/node/models/hostedWire.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import { createRun } from '../../../src/node/run/runs.ts';
import { openPorts } from '../../../src/node/runPorts.ts';
import { readCounts } from '../../../src/servers/scripted/count.ts';
import { goingPerson, quietLog } from '../../harness/host.ts';
import { refuses, says, table } from '../../standin/reply.ts';
import { openStandin } from '../../standin/standin.ts';
import { agentsMain, fixture } from '../agents/stand.ts';
import { scriptedMain, serverMain, until } from '../models/stand.ts';

/**
 * Each kind of failure over each kind of route, as real servers bring it: the call ends on the next route, the event says why, and what
 * is finished is not made again.
 */

type Kind = Failure['kind'];
interface Row {
  /** The fault, as the server of this route is told to play it. */
  readonly fault: string;
  readonly kind: Kind;
}
const row = (fault: string, kind: Kind): Row => ({ fault, kind });

const scripted: readonly Row[] = [
  row('error-result', 'error'),
  row('rpc-error', 'error'),
  row('rate-limit', 'rate-limit'),
  row('quota', 'quota'),
  row('not-signed-in', 'not-signed-in'),
  row('empty', 'empty'),
  row('wrong-model', 'wrong-model'),
  row('bad-answer', 'bad-answer'),
  row('huge', 'too-large'),
  row('hang', 'silence'),
];
const routes: Readonly<Record<string, readonly Row[]>> = {
  stdio: [...scripted, row('garbage', 'protocol'), row('crash', 'crash')],
  http: scripted,
  hosted: [
    row('throws', 'error'),
    row('rate-limit', 'rate-limit'),
    row('no-model', 'no-model'),
    row('empty', 'empty'),
    row('wrong-model', 'wrong-model'),
    row('bad-answer', 'bad-answer'),
    row('closes', 'crash'),
    row('silent', 'silence'),
  ],
  agents: [
    row('[{"error":{"message":"You have hit your usage limit."}}]', 'quota'),
    row('[{"error":{"message":"Too many requests."}}]', 'rate-limit'),
    row('[{"error":{"code":-32000,"message":"Authentication required"}}]', 'not-signed-in'),
    row('[{"think":"Hm."}]', 'empty'),
    row('says it back', 'bad-answer'),
    row('[{"hang":true}]', 'silence'),
    row('[{"say":"I beg"},{"die":7}]', 'crash'),
  ],
  keys: [
    row('401', 'not-signed-in'),
    row('404', 'no-model'),
    row('429', 'rate-limit'),
    row('402', 'quota'),
    row('500', 'crash'),
    row('nothing', 'empty'),
    row('another', 'wrong-model'),
    row('prose', 'bad-answer'),
  ],
  nowhere: [row('gone', 'not-installed')],
};

const verdict = { verdict: 'fine', summary: 'Good.' };
const { signal } = new AbortController();

/** A server in this process that plays a fault. */
const hosted: HostedServer = async (transport) => {
  const server = new McpServer({ name: 'here', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: [{ name: 'ask', inputSchema: { type: 'object' as const } }],
  }));
  server.setRequestHandler(CallToolRequestSchema, async (request, extra): Promise<CallToolResult> => {
    const input = request.params.arguments as unknown as AskInput;
    const said = (text: string, more = {}): CallToolResult => ({ content: [], structuredContent: { text, ...more } });
    const failed = (kind: Kind): CallToolResult => ({
      isError: true,
      content: [],
      structuredContent: { failure: { kind, message: `It is ${kind}.` } },
    });
    switch (/FAULT:(\S+)/.exec(input.prompt)?.[1]) {
      case 'throws':
        throw new Error('no luck');
      case 'rate-limit':
        return failed('rate-limit');
      case 'no-model':
        return failed('no-model');
      case 'empty':
        return said('');
      case 'wrong-model':
        return said('x', { model: 'somebody-else-9' });
      case 'closes':
        await server.close();
        return said('x');
      case 'silent':
        await new Promise((done) => extra.signal.addEventListener('abort', done));
        return said('x');
      default:
        return said('I would rather not.');
    }
  });
  await server.connect(transport);
};

describe('a fault over each kind of route', function () {
  const ends: (() => Promise<unknown>)[] = [];
  const records: JournalRecord[] = [];
  let handle: RunHandle;
  let place = '';
  const counts = () => readCounts(join(place, 'count.jsonl'));

  before(async function () {
    this.timeout(240_000);
    place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-faults-')));
    ends.push(() => rm(place, { recursive: true, force: true, maxRetries: 5 }));
    const previous = process.env['ORCHESTRA_CACHE'];
    process.env['ORCHESTRA_CACHE'] = join(place, 'cache');
    ends.push(async () => {
      if (previous === undefined) delete process.env['ORCHESTRA_CACHE'];
      else process.env['ORCHESTRA_CACHE'] = previous;
    });
    const root = join(place, 'project');
    await mkdir(join(place, 'bin'), { recursive: true });
    await mkdir(root);
    const script = join(place, 'script.yaml');
    const parts = (routes['stdio'] ?? []).map(({ fault }) => ({
      match: { prompt: `FAULT:${fault}(?![\\w-])`, server: ['stdio', 'http'] },
      steps: [{ fault, ...(fault === 'huge' && { size: 300_000 }) }, { answer: verdict }],
    }));
    await writeFile(script, stringify({ parts, default: { steps: [{ answer: verdict }] } }));
    const main = await scriptedMain();
    const args = (name: string): string[] => [
      main,
      '--script',
      script,
      '--name',
      name,
      '--count',
      join(place, 'count.jsonl'),
    ];
    const http = await start(process.execPath, [...args('http'), '--http', '0', '--token', 'a-token'], {
      cwd: place,
      env: process.env,
      signal,
    });
    ends.push(() => http.end(500));
    let said = '';
    http.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until(() => said.includes('listening on'), 60_000);
    const standin = await openStandin(
      table([
        { when: 'FAULT:401', replies: [refuses(401, 'Incorrect API key.')] },
        { when: 'FAULT:404', replies: [refuses(404, 'No such model.', { code: 'model_not_found' })] },
        { when: 'FAULT:429', replies: [refuses(429, 'Slow down.')] },
        { when: 'FAULT:402', replies: [refuses(402, 'Payment required.')] },
        { when: 'FAULT:500', replies: [refuses(500, 'Internal error.')] },
        { when: 'FAULT:nothing', replies: [{ parts: [] }] },
        { when: 'FAULT:another', replies: [{ ...says('Hello.'), model: 'other-1' }] },
        { when: 'FAULT:prose', replies: [says('I do not know.'), says('I still do not know.')] },
      ]),
      { models: ['gpt-6.1-sol'] },
    );
    ends.push(() => standin.close());
    await writeFile(join(place, 'bin', 'fixture-agent'), `#!/bin/sh\nexec "${process.execPath}" "${fixture}" "$@"\n`);
    await chmod(join(place, 'bin', 'fixture-agent'), 0o755);
    const node = process.execPath;
    const team = teamFileSchema.parse({
      servers: {
        stdio: { command: node, args: args('stdio'), scripted: true },
        next: { command: node, args: args('next'), scripted: true },
        http: {
          url: /listening on (\S+)/.exec(said)?.[1],
          headers: { authorization: 'Bearer a-token' },
          scripted: true,
        },
        agents: {
          command: node,
          args: [await agentsMain(), '${agent}', '--command', 'fixture-agent'],
          env: {
            HOME: place,
            PATH: [join(place, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
            FIXTURE: JSON.stringify({ models: ['m-1'] }),
          },
        },
        keys: {
          command: node,
          args: [await serverMain('keys'), '--address', `openai=${standin.url}/v1`],
          env: { OPENAI_API_KEY: 'sk-test-0123456789abcdefghij' },
        },
        nowhere: { command: join(place, 'no-such-program') },
      },
      models: Object.fromEntries(
        Object.keys(routes).map((server) => {
          const agent = server === 'agents' ? { agent: 'fixture' } : server === 'keys' ? { agent: 'openai' } : {};
          const ids = [server === 'keys' ? 'gpt-6.1-sol' : 'm-1'];
          return [
            server,
            {
              title: server,
              vendor: 'V',
              routes: [
                { server, ...agent, ids },
                { server: 'next', ids: ['m-1'] },
              ],
            },
          ];
        }),
      ),
      // A route is broken for no time at all, so that each row is really asked.
      limits: { silenceSeconds: 6, breakerSeconds: 0.001, answerBytes: 200_000, waitForResetSeconds: 0 },
      budget: { calls: 1000, minutes: 60 },
    });
    const made = await createRun(root, { now: Date.now, random: Math.random });
    const lease = await acquireLease(made.folder, { signal });
    const { ports, close } = await openPorts({
      root,
      run: made.id,
      folder: made.folder,
      lease,
      team,
      consent: { mayRun: () => 'yes', mayBring: () => 'no' },
      unapproved: () => undefined,
      surroundings: { hosted: { hosted } },
      person: goingPerson,
      log: quietLog,
      signal,
    });
    ends.push(async () => {
      handle.close();
      await close();
      await lease.release();
    });
    handle = openRun({ run: made.id, team, teamName: 'default' }, ports, signal, { onRecord: (r) => records.push(r) });
    await handle.begin({
      type: 'run.created',
      task: 't',
      engine: '1',
      team: 'default',
      budget: team.budget,
      budgetFrom: 'default',
      scripted: true,
    });
  });
  after(async () => {
    for (const end of ends.toReversed()) await end();
  });

  const ask = (server: string, { fault }: Row, n: number) => {
    const key = `analysis/${server}-${n}`;
    return call<'verdict'>(handle.run, {
      key,
      cast: {
        role: `r${n}`,
        title: 'Judge',
        duties: ['review'],
        access: 'read',
        required: false,
        models: [{ model: server }],
      },
      phase: 'analysis',
      kind: 'verdict',
      title: 'judges',
      inputs: null,
      prompt: async () =>
        server === 'agents' && fault.startsWith('[') ? `STEPS:${fault}` : `Judge it. FAULT:${fault}`,
      access: 'read',
      cwd: async () => place,
    });
  };

  for (const [server, rows] of Object.entries(routes))
    for (const [n, each] of rows.entries())
      it(`${server}: ${each.kind} (${each.fault})`, async () => {
        const result = await ask(server, each, n);
        assert.ok(result.ok, JSON.stringify(result));
        assert.equal(result.event.server, 'next');
        if (server === 'nowhere') {
          // What is known not to be there is not tried, and that is told.
          const told = records.flatMap(({ event }) => (event.type === 'note' ? [event.text] : []));
          assert.ok(
            told.some((text) => /nowhere is left alone for now \(.*is not installed/.test(text)),
            told.join('\n'),
          );
          return;
        }
        const [failed, ...more] = records.flatMap(({ event }) =>
          event.type === 'call.failed' && event.call === result.event.call ? [event as EventOf<'call.failed'>] : [],
        );
        assert.deepEqual(more, []);
        assert.equal(failed?.failure.kind, each.kind, failed?.failure.message);
        assert.ok((failed?.failure.message ?? '').length > 5);
        assert.deepEqual([failed?.server, failed?.next?.server], [server, 'next']);
        const made = counts().length;
        const again = await ask(server, each, n);
        assert.deepEqual(again, result);
        assert.equal(counts().length, made, 'a finished call was made again');
      });
});

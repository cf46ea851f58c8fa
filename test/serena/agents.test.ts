import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AskInput, HandedServer } from '../../src/core/ask.ts';
import type { Arrival } from '../../src/core/ports.ts';
import type { JournalRecord, RunEvent } from '../../src/core/run/events.ts';
import { routeSchema } from '../../src/core/team/file.ts';
import { openBus } from '../../src/node/memory/bus.ts';
import { openDrop } from '../../src/node/memory/drop.ts';
import { makeHome } from '../../src/node/memory/serena/home.ts';
import { openStore } from '../../src/node/memory/store.ts';
import type { OpenModels } from '../../src/node/models/client.ts';
import { createRun } from '../../src/node/run/runs.ts';
import { bundledServer } from '../../src/node/servers.ts';
import { hands } from '../agents/hands.ts';
import { installAgents } from '../agents/install.ts';
import { type AgentsPlace, makeAgentsPlace } from '../agents/place.ts';
import { posted, quietLog } from '../node/run/support.ts';
import { type Asked, calls, type Reply, says, type ToolCall } from '../standin/reply.ts';
import { serenaPath } from './install.ts';

const models = { claude: 'claude-sonnet-5-5', codex: 'gpt-6.2-sol' } as const;

/** What a scripted model does, a call at a time. Something may happen before one of them. */
type Act = (asked: Asked) => readonly { readonly call: ToolCall; readonly before?: () => Promise<void> }[];

describe('real agents with a Serena of their own', function () {
  this.timeout(10 * 60_000);
  let place: AgentsPlace;
  let client: OpenModels;
  /** By the first word of the prompt. */
  const acts = new Map<string, Act>();
  const done = new Map<string, { steps: number; known: string }>();
  before(async () => {
    await installAgents();
    place = await makeAgentsPlace(['claude', 'codex'], async (asked): Promise<Reply> => {
      const [word = ''] = asked.prompt.split(/\s/, 1);
      // Each request has the results of the last calls.
      const last = asked.results.map((r) => r.text).join(' ');
      // Codex does not wait for servers that start slowly; a model tries again.
      const early = last.includes('is not a function');
      if (early) await delay(1000);
      const so = done.get(word) ?? { steps: 0, known: '' };
      const now = early ? { ...so, steps: so.steps - 1 } : { ...so, known: `${so.known} ${last}` };
      const step = acts.get(word)?.(asked)[now.steps];
      done.set(word, { ...now, steps: now.steps + 1 });
      if (step === undefined) return says(`It is done. ${now.known}`);
      await step.before?.();
      return calls([step.call]);
    });
    client = place.open();
  });
  after(() => place?.end());

  it('read what is posted while they work, and leave what another reads over the bus and over its own', async () => {
    const root = join(place.folder, 'project');
    await mkdir(root);
    const { id: run, folder } = await createRun(root, { now: Date.now, random: Math.random });
    const store = await openStore(root);
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const bus = await openBus({ root, run, store, hash, log: quietLog() });
    const post = async (seq: number, event: RunEvent): Promise<string> => {
      const record: JournalRecord = { seq, at: new Date().toISOString(), epoch: 1, event };
      await bus.post(record);
      return (await store.list(`orch/${run}/m`)).at(-1) ?? '';
    };
    const memories = join(root, '.serena', 'memories');
    const drop = openDrop({
      root,
      run,
      folder,
      memories: join(memories, 'orch', run, 'drop'),
      secret: 'of a test',
      roles: ['critic', 'security'],
      cut: new Set(),
      most: 20,
      server: bundledServer('bus'),
      log: quietLog(),
      pollMs: 200,
    });

    /** As a person has it in an agent's own settings: each agent starts one, on the project's memories. */
    const ownSerena = async (name: string): Promise<HandedServer> => {
      const home = await makeHome(join(place.folder, 'home', `serena-${name}`), memories);
      const args = ['start-mcp-server', '--transport', 'stdio', '--project', home.project, '--context', home.context];
      const env = { SERENA_HOME: home.home };
      return { name: 'serena', command: serenaPath, args, env, writes: [memories, join(home.home, '..')] };
    };
    const ask = async (agent: 'claude' | 'codex', role: string, servers: HandedServer[]): Promise<string> => {
      const input: AskInput = {
        call: { run, key: role, role, phase: 'analysis', kind: 'findings', attempt: 1 },
        prompt: `${role} looks for findings`,
        model: models[agent],
        cwd: await place.workspace({ 'a.txt': 'one\n' }, agent),
        access: 'read',
        servers,
      };
      const route = routeSchema.parse({ server: 'agents', agent, ids: [input.model] });
      const { text } = await client.ask(route, input, {
        signal: new AbortController().signal,
        onProgress: () => {},
        permit: () => Promise.resolve('once'),
        silenceMs: 240_000,
        answerBytes: 1_000_000,
      });
      return text;
    };

    // The critic's call is under way when the architect's message comes.
    let first = '';
    acts.set('critic', (asked) => {
      const serena = (tool: string, input: Readonly<Record<string, unknown>>): ToolCall[] =>
        hands.claude.mcp(asked, 'serena', tool, input);
      const list = serena('list_memories', {});
      const [find, ...read] = serena('read_memory', { memory_name: first });
      assert.ok(find);
      const postFirst = async (): Promise<void> => {
        first = await post(1, posted(1, { body: 'A bucket for each caller.\n' }));
      };
      const left = {
        memory_name: `orch/${run}/drop/critic-one`,
        content: '# Who empties the buckets?\n\nNobody does.\n',
      };
      return [
        ...list.map((call) => ({ call })),
        { call: find, before: postFirst },
        ...read.map((call) => ({ call })),
        ...serena('write_memory', left).map((call) => ({ call })),
      ];
    });
    const over = new AbortController();
    const arrivals = drop.arrivals(over.signal)[Symbol.asyncIterator]();
    const [said, next] = await Promise.all([ask('claude', 'critic', [await ownSerena('claude')]), arrivals.next()]);
    assert.match(said, /A bucket for each caller/);
    const arrival = next.value as Arrival;
    assert.deepEqual(
      [arrival.from, arrival.call, arrival.subject, arrival.problem],
      ['critic', undefined, 'Who empties the buckets?', undefined],
    );

    // The engine posts it, as unproved, and another vendor's model reads it in both ways.
    const { from, kind, subject, body } = arrival;
    const second = await post(2, posted(2, { from, kind, subject, body, verified: false }));
    await drop.settle(arrival.id, { seq: 2, memory: second });
    const handed = await drop.hand({ call: 'security', attempt: 1, role: 'security', heard: 0 });
    acts.set('security', (asked) =>
      [
        ...hands.codex.mcp(asked, 'serena', 'read_memory', { memory_name: second }),
        ...hands.codex.mcp(asked, 'bus', 'bus_read', { message: 2 }),
      ].map((call) => ({ call })),
    );
    const both = await ask('codex', 'security', [await ownSerena('codex'), ...handed.servers]);
    assert.match(both, /verified: false[^]*Nobody does\.[^]*unproved[^]*Nobody does\./, 'by Serena, then over the bus');
    await handed.end();
    over.abort();
    await arrivals.return?.();
    assert.deepEqual(await store.list(`orch/${run}/drop`), []);
  });
});

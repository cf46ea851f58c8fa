import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AskInput, AskPermission, AskProgress } from '../../src/core/ask.ts';
import { RouteError } from '../../src/core/ports.ts';
import { routeSchema } from '../../src/core/team/file.ts';
import type { OpenModels } from '../../src/node/models/client.ts';
import { openTestBus } from '../harness/bus.ts';
import { bundledServer } from '../../src/node/servers.ts';
import { hands } from './hands.ts';
import { installAgents } from './install.ts';
import { makeAgentsPlace } from './place.ts';
import type { AgentsPlace } from './place.ts';
import type { Asking, Heard, Special } from './special.ts';
import { calls, refuses, says } from '../standin/reply.ts';
import type { Asked, Reply, ToolCall } from '../standin/reply.ts';
import type { Recorded } from '../standin/standin.ts';

function isFailure(error: unknown, kind: string): boolean {
  return error instanceof RouteError && error.failure.kind === kind;
}

/** The tests that every real agent must pass, through the product's own client and its `agents` server. */
export function agentSuite(special: Special): void {
  const { agent, model } = special;
  let place: AgentsPlace;
  let models: OpenModels;
  let n = 0;
  const sessions = new Map<string, string>();

  /** Replies by the first word of the prompt. */
  const acts = new Map<string, (asked: Asked) => Reply | Promise<Reply>>();
  const act = (word: string, reply: (asked: Asked) => Reply | Promise<Reply>): void => void acts.set(word, reply);
  /** A model that makes these calls, one an answer, and then says what the last one gave. */
  const does = (word: string, make: (asked: Asked) => readonly ToolCall[]): void =>
    act(word, (asked) => {
      const steps = make(asked);
      const step = steps[asked.turn];
      return step
        ? calls([step])
        : says(`${word} is done. ${asked.results.map((r) => r.text).join(' ')}`.slice(0, 400));
    });
  const since = (from: number): Recorded[] => place.standin.requests.slice(from);

  async function ask(asking: Asking): Promise<Heard> {
    const progress: AskProgress[] = [];
    const permits: AskPermission[] = [];
    const at = JSON.stringify([asking.cwd, asking.access ?? 'write', asking.servers, asking.model]);
    // An agent that cannot resume has none left where its process was made anew meanwhile, for another folder or access.
    const known = special.resumes ? sessions.get(at) : undefined;
    const session = asking.session === undefined ? known : asking.session;
    const input: AskInput = {
      call: { run: 'r1', key: `t/${++n}`, role: 'critic', phase: 'analysis', kind: 'findings', attempt: 1 },
      prompt: asking.prompt,
      model: asking.model ?? model,
      cwd: asking.cwd,
      access: asking.access ?? 'write',
      ...(asking.effort && { effort: asking.effort }),
      ...(typeof session === 'string' && { session }),
      ...(asking.servers && { servers: [...asking.servers] }),
    };
    const route = routeSchema.parse({ server: 'agents', agent, ids: [input.model] });
    const output = await models.ask(route, input, {
      signal: asking.signal ?? new AbortController().signal,
      onProgress: (each) => void progress.push(each),
      permit: (request) => {
        permits.push(request);
        return Promise.resolve(request.kind === 'edit' ? (asking.edits ?? 'once') : (asking.permit ?? 'no'));
      },
      silenceMs: 60_000,
      answerBytes: 1_000_000,
    });
    if (output.session !== undefined) sessions.set(at, output.session);
    return { output, progress, permits };
  }

  const files = { 'a.txt': 'one\ntwo\nthree\n', 'README.md': '# A folder\n' };
  /** The folder that all work in, as it was in the beginning. */
  const work = (): Promise<string> => place.workspace(files, 'work');
  const read = (root: string, path: string): Promise<string> => readFile(join(root, path), 'utf8');

  describe(`${agent}, the real one`, () => {
    before(async function () {
      this.timeout(15 * 60_000);
      await installAgents();
      place = await makeAgentsPlace([agent], (asked) => {
        const [word = ''] = asked.prompt.split(/\s/, 1);
        return acts.get(word)?.(asked) ?? says('Nothing is scripted for that.');
      });
      models = place.open();
    });
    after(() => place?.end());

    it('streams text and thoughts; model, effort and prompt reach the wire, in one request a turn', async () => {
      const text = 'Hello to you, whoever you are. It is a fine day, and there is time to talk.';
      act('hello', () => ({ ...says(text, 'A greeting wants one back.'), usage: { input: 1234, output: 56 } }));
      const cwd = await work();
      const from = place.standin.requests.length;
      const { output, progress, permits } = await ask({ prompt: 'hello there', cwd, access: 'read', effort: 'low' });
      assert.equal(output.text, text);
      const texts = progress.flatMap((p) => (p.kind === 'text' ? [p.text] : []));
      assert.equal(texts.join(''), text);
      assert.match(progress.map((p) => (p.kind === 'thought' ? p.text : '')).join(''), /greeting wants one back/);
      assert.equal(output.stopReason, 'end');
      assert.equal(output.model, model);
      assert.equal(output.usage?.inputTokens, 1234);
      assert.equal(output.usage?.outputTokens, 56);
      assert.ok(output.session);
      assert.deepEqual(permits, []);
      const again = await ask({
        prompt: 'hello again',
        cwd,
        access: 'read',
        effort: 'low',
        session: output.session ?? null,
      });
      assert.equal(again.output.text, text);
      assert.equal(again.output.usage?.inputTokens, 1234, 'what this turn used, not all of its session');
      // What an agent asks besides comes at the end of a turn.
      await delay(1500);
      const requests = since(from);
      assert.deepEqual(
        requests.map((r) => r.prompt),
        ['hello there', 'hello again'],
        'requests beside the prompts',
      );
      for (const request of requests) {
        assert.equal(request.model, model);
        if (special.low !== undefined) assert.equal(request.effort, special.low);
      }
      if (special.low === undefined) assert.match((output.refused ?? []).join(), /effort/i);
    });

    it('goes on in its session', async () => {
      act('remember', () => says('I remember it: plum.'));
      act('recall', () => says('It was plum.'));
      const cwd = await work();
      const first = await ask({ prompt: 'remember the word plum', cwd, access: 'read' });
      const from = place.standin.requests.length;
      const second = await ask({
        prompt: 'recall the word',
        cwd,
        access: 'read',
        session: first.output.session ?? null,
      });
      assert.equal(second.output.session, first.output.session);
      assert.match(
        since(from)[0]?.conversation ?? '',
        /remember the word plum[^]*I remember it: plum[^]*recall the word/,
      );
    });

    it('edits and makes files in its workspace when it may, and asks for each with the diff', async () => {
      const cwd = await work();
      does('change', (asked) => [
        ...hands[agent].edit(asked, cwd, { path: 'a.txt', from: 'two\n', to: 'TWO\n' }),
        ...hands[agent].edit(asked, cwd, { path: 'sub/new.txt', to: 'made\n' }),
      ]);
      const { output, permits, progress } = await ask({ prompt: 'change a.txt', cwd });
      assert.equal(await read(cwd, 'a.txt'), 'one\nTWO\nthree\n', output.text);
      assert.equal(await read(cwd, 'sub/new.txt'), 'made\n', output.text);
      assert.match(output.text, /change is done/);
      assert.deepEqual(
        permits.map(({ kind }) => kind),
        ['edit', 'edit'],
      );
      assert.match(permits[0]?.detail ?? '', /^-two$[^]*^\+TWO$/m);
      assert.match(permits[1]?.detail ?? '', /^\+made$/m);
      assert.ok(progress.some((p) => p.kind === 'tool'));
      assert.deepEqual(output.refused ?? [], []);
    });

    it('goes on in its session in a folder that was made anew', async () => {
      const cwd = await work();
      does('redo', (asked) => hands[agent].edit(asked, cwd, { path: 'a.txt', from: 'two\n', to: 'TWO\n' }));
      const first = await ask({ prompt: 'redo a.txt', cwd });
      await rm(cwd, { recursive: true });
      await work();
      const session = special.resumes ? (first.output.session ?? null) : null;
      const { output } = await ask({ prompt: 'redo a.txt', cwd, session });
      assert.equal(await read(cwd, 'a.txt'), 'one\nTWO\nthree\n', output.text);
    });

    it('edits nothing when it may not, and goes on to its answer', async () => {
      const cwd = await work();
      const from = place.standin.requests.length;
      does('modify', (asked) =>
        since(from).length > 2 ? [] : hands[agent].edit(asked, cwd, { path: 'a.txt', from: 'two\n', to: 'TWO\n' }),
      );
      act('What', () => says('I went on without it.'));
      const { output, permits } = await ask({ prompt: 'modify a.txt', cwd, edits: 'no' });
      assert.equal(await read(cwd, 'a.txt'), 'one\ntwo\nthree\n');
      assert.equal(permits.length, 1);
      assert.match((output.refused ?? []).join(), /edit/i);
      assert.match(output.text, /I went on without it|modify is done/);
    });

    it('edits nothing with access to read', async () => {
      const cwd = await work();
      does('alter', (asked) => hands[agent].edit(asked, cwd, { path: 'a.txt', from: 'two\n', to: 'TWO\n' }));
      act('What', () => says('I went on without it.'));
      const { output, permits } = await ask({ prompt: 'alter a.txt', cwd, access: 'read', permit: 'run' });
      assert.deepEqual(permits, [], 'nobody is asked');
      assert.equal(await read(cwd, 'a.txt'), 'one\ntwo\nthree\n');
      assert.ok((output.refused ?? []).length > 0, 'it says what was refused');
    });

    it('edits nothing outside its workspace', async () => {
      const cwd = await work();
      const other = await place.workspace(files, 'other');
      does('reach', (asked) => hands[agent].edit(asked, other, { path: 'made.txt', to: 'made\n' }));
      if (agent === 'codex')
        does('reach', (asked) => hands[agent].edit(asked, other, { path: join(other, 'made.txt'), to: 'made\n' }));
      const { output } = await ask({ prompt: 'reach out', cwd, permit: 'run' });
      assert.ok(!existsSync(join(other, 'made.txt')));
      assert.ok((output.refused ?? []).length > 0 || !/successfully|created/i.test(output.text), output.text);
    });

    it('asks for a shell command, and runs it or does not', async () => {
      const cwd = await work();
      const command = 'wc -l a.txt > counted.txt';
      does('count', (asked) => hands[agent].shell(asked, command));
      const no = await ask({ prompt: 'count the lines', cwd, permit: 'no' });
      assert.equal(no.permits.length, 1);
      assert.equal(no.permits[0]?.kind, 'command');
      assert.equal(no.permits[0]?.detail, command);
      assert.ok(!existsSync(join(cwd, 'counted.txt')));
      assert.match((no.output.refused ?? []).join(), /wc -l/);
      const yes = await ask({ prompt: 'count the lines', cwd, permit: 'once' });
      assert.equal(yes.permits.length, 1);
      assert.match(await read(cwd, 'counted.txt'), /3 a\.txt/);
      // A yes is for one command, never for all of a shell's.
      const more = await ask({ prompt: 'count the lines', cwd, permit: 'run' });
      assert.equal(more.permits.length, 1, 'it asks each time');
    });

    it('stops when it is cancelled: the request to the model is closed', async () => {
      act('wait', () => ({
        parts: [
          { kind: 'text', text: 'I begin. ' },
          { kind: 'pause', until: Infinity },
        ],
      }));
      const cwd = await work();
      const from = place.standin.requests.length;
      const gone = new AbortController();
      const asked = ask({ prompt: 'wait for ever', cwd, access: 'read', signal: gone.signal });
      await place.standin.until((r) => r.n > from && r.state === 'open');
      gone.abort();
      await assert.rejects(asked, (error: unknown) => error === gone.signal.reason);
      const closed = await place.standin.until((r) => r.n > from && r.state !== 'open');
      assert.equal(closed.state, 'closed early');
      const after = await ask({ prompt: 'hello after', cwd, access: 'read' });
      assert.match(after.output.text, /Hello to you/);
    });

    it('starts an MCP server that it is handed, calls its tool unasked, and ends it', async () => {
      const cwd = await work();
      const notes = join(place.folder, 'notes.jsonl');
      const lines = async (): Promise<{ event: string; token?: string; word?: string; pid: number }[]> =>
        (await readFile(notes, 'utf8').catch(() => ''))
          .trim()
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line));
      does('note', (asked) => hands[agent].mcp(asked, 'notes', 'note', { word: 'plum' }));
      const servers = [
        {
          name: 'notes',
          command: process.execPath,
          args: [join(import.meta.dirname, 'handed.ts')],
          env: { ORCHESTRA_NOTES: notes, ORCHESTRA_TOKEN: 'token-of-this-call' },
          writes: [place.folder],
        },
      ];
      const { output, permits } = await ask({ prompt: 'note a word', cwd, access: 'read', servers });
      assert.match(output.text, /noted plum/);
      assert.deepEqual(permits, []);
      const called = (await lines()).find((line) => line.event === 'called');
      assert.equal(called?.word, 'plum');
      assert.ok(
        (await lines()).some((l) => l.event === 'started' && l.token === 'token-of-this-call' && l.pid === called?.pid),
      );
    });

    it('keeps its session and its server of the bus from call to call, and posts in the name of each', async () => {
      const cwd = await work();
      const bus = await openTestBus(join(place.folder, 'project'), bundledServer('bus'));
      try {
        does('tell', (asked) =>
          hands[agent].mcp(asked, 'bus', 'bus_post', {
            kind: 'status',
            subject: asked.prompt.slice(0, 40),
            body: 'I am here.',
          }),
        );
        const servers = async (): Promise<number[]> =>
          (await place.processes()).filter(({ line }) => /node\S* \S*bus\.mjs$/.test(line)).map(({ pid }) => pid);
        const seat = 'S';
        const from = place.standin.requests.length;
        const one = await bus.hand({ call: 'one', attempt: 1, role: 'critic', heard: 0 });
        const first = await ask({ prompt: 'tell one', cwd, access: 'read', servers: one.servers, session: null });
        assert.match(first.output.text, /Posted as #1/);
        await one.end(seat);
        const between = since(from).length;
        const before = await servers();
        const two = await bus.hand({ call: 'two', attempt: 1, role: 'critic', heard: 1, session: seat });
        const session = first.output.session ?? null;
        const second = await ask({ prompt: 'tell two', cwd, access: 'read', servers: two.servers, session });
        assert.match(second.output.text, /Posted as #2/);
        await two.end();
        assert.deepEqual(bus.arrived, ['one#1: tell one', 'two#1: tell two']);
        // Nothing was opened anew: the same session, the same server, and no request but those of the turns.
        assert.equal(second.output.session, first.output.session);
        if (process.platform === 'linux') {
          assert.equal(before.length, 1);
          assert.deepEqual(await servers(), before);
        }
        assert.equal(since(from).length, 2 * between);
        assert.match(since(from).at(-1)?.conversation ?? '', /tell one[^]*tell two/);
      } finally {
        await bus.end();
      }
    });

    it('works for two at once', async () => {
      const cwd = await work();
      const from = place.standin.requests.length;
      // Each waits for the other: one after the other they would wait for ever.
      const both = new Promise<void>((done) => {
        const words = new Set<string>();
        act('left', () => meet('left'));
        act('right', () => meet('right'));
        const meet = (word: string): Reply => {
          words.add(word);
          if (words.size === 2) done();
          return {
            parts: [
              { kind: 'pause', until: both },
              { kind: 'text', text: `It was ${word}.` },
            ],
          };
        };
      });
      const [left, right] = await Promise.all([
        ask({ prompt: 'left side', cwd, access: 'read' }),
        ask({ prompt: 'right side', cwd, access: 'read', session: null }),
      ]);
      assert.equal(left.output.text, 'It was left.');
      assert.equal(right.output.text, 'It was right.');
      assert.notEqual(left.output.session, right.output.session);
      assert.equal(since(from).length, 2);
    });

    it('refuses a model that nobody has, by name', async () => {
      const cwd = await work();
      act('which', (asked) => ({
        status: 404,
        message: `The model ${asked.model} does not exist.`,
        code: 'model_not_found',
      }));
      const asked = ask({ prompt: 'which one', cwd, access: 'read', model: 'no-such-model-1' });
      await assert.rejects(asked, (error: unknown) => {
        assert.ok(error instanceof RouteError);
        assert.equal(error.failure.kind, 'no-model', error.failure.message);
        return true;
      });
    });

    const refusals = [
      ['nobody is signed in', 401, 'Incorrect API key provided.', 'not-signed-in'],
      ['the limit is reached', 429, 'Rate limit reached for requests.', 'rate-limit'],
    ] as const;
    for (const [why, status, message, kind] of refusals)
      it(`says why it has no answer: ${why}`, async () => {
        const cwd = await work();
        act('refused', () => refuses(status, message, { retryAfter: 1 }));
        await assert.rejects(ask({ prompt: 'refused or not', cwd, access: 'read' }), (error: unknown) => {
          assert.ok(error instanceof RouteError);
          assert.equal(error.failure.kind, kind, error.failure.message);
          return true;
        });
      });

    it('goes on after a kill -9 of its server', async () => {
      const cwd = await work();
      const first = await ask({ prompt: 'remember the word pear', cwd, access: 'read' });
      const servers = (await place.processes()).filter(({ line }) => line.includes('agents.mjs'));
      assert.equal(servers.length, 1, 'one server process for this kind of agent');
      const before = await place.processes();
      process.kill(servers[0]?.pid ?? 0, 'SIGKILL');
      const from = place.standin.requests.length;
      const recall = (): Promise<Heard> =>
        ask({ prompt: 'recall the word', cwd, access: 'read', session: first.output.session ?? null });
      if (!special.resumes) {
        // The engine then begins anew with the conversation so far.
        await assert.rejects(
          recall().catch((error: unknown) => (isFailure(error, 'crash') ? recall() : Promise.reject(error))),
          (error: unknown) => isFailure(error, 'no-session'),
        );
      }
      // The first may be sent before its end is noticed: then it fails as a crash, and is made again, as the engine does.
      const second = special.resumes
        ? await recall().catch((error: unknown) => (isFailure(error, 'crash') ? recall() : Promise.reject(error)))
        : await ask({ prompt: 'recall the word', cwd, access: 'read', session: null });
      assert.match(second.output.text, /It was plum/);
      if (special.resumes) assert.match(since(from)[0]?.conversation ?? '', /remember the word pear/);
      // Whatever the killed one had started is gone, too.
      const gone = async (): Promise<boolean> => {
        const now = new Set((await place.processes()).map(({ pid }) => pid));
        return before.every(({ pid }) => !now.has(pid));
      };
      for (let tries = 0; tries < 100 && !(await gone()); tries++) await delay(100);
      assert.ok(await gone(), 'processes of the killed server are left');
    });

    it('leaves no process when it is closed', async () => {
      await models.close();
      for (let tries = 0; tries < 50 && (await place.processes()).length > 0; tries++) await delay(100);
      assert.deepEqual(await place.processes(), []);
    });
  });
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { HandedServer } from '../../../src/core/ask.ts';
import { openBus } from '../../../src/node/memory/bus.ts';
import { openStore } from '../../../src/node/memory/store.ts';
import { openTestBus, type TestBus } from '../../harness/bus.ts';
import { calls, refuses, says, table, type Asked } from '../../standin/reply.ts';
import { foreignMain, hooks, lives, serverMain, until } from '../models/stand.ts';
import { posted, quietLog } from '../run/support.ts';
import { openPlace, vendors, type KeysPlace } from './place.ts';

/** Models with a key at the real `bus` server, which the keys server starts for the length of a call. */

/** Google's form of a result is an object around the text. */
const results = (asked: Asked): string =>
  asked.results
    .map(({ text }) => (asked.dialect === 'gemini' ? (JSON.parse(text) as { content: string }).content : text))
    .join('\n');

const script = table([
  {
    when: 'use the bus',
    replies: [
      calls([{ name: 'bus_list', input: {} }]),
      (asked: Asked) =>
        calls([{ name: 'bus_read', input: { message: Number(/^#(\d+) architect/m.exec(results(asked))?.[1]) } }]),
      (asked: Asked) =>
        calls([
          {
            name: 'bus_post',
            input: { kind: 'finding', subject: `By ${asked.dialect}`, body: `I read: ${results(asked)}` },
          },
        ]),
      (asked: Asked) => says(`${results(asked)} ${asked.conversation.slice(-4000)}`),
    ],
  },
  {
    when: 'mistake',
    replies: [calls([{ name: 'bus_post', input: { kind: 'order' } }]), (asked: Asked) => says(results(asked))],
  },
  {
    when: 'until it dies',
    replies: [
      calls([{ name: 'whoami', input: {} }]),
      calls([{ name: 'tells', input: {} }]),
      calls([{ name: 'list_files', input: {} }]),
      (asked: Asked) => says(`I go on. ${asked.conversation}`),
    ],
  },
  {
    when: 'wait',
    replies: [calls([{ name: 'whoami', input: {} }]), calls([{ name: 'late', input: {} }], 'I wait. ')],
  },
  { when: 'no tools', replies: [(asked: Asked) => noTools(asked)] },
]);

const noTools = (asked: Asked): ReturnType<typeof says> | ReturnType<typeof refuses> =>
  asked.tools.length > 0 ? refuses(400, 'this model does not support tools') : says(`I was told: ${asked.system}`);

describe('a model with a key, and servers that are handed on', function () {
  let place: KeysPlace;
  let bus: TestBus;
  let root: string;
  const foreign = (): HandedServer => ({
    name: 'other',
    command: process.execPath,
    args: [foreignMain],
    env: { GIVEN_KEY: 'hunter2hunter2' },
  });
  before(async () => {
    place = await openPlace(script);
    root = join(place.stand.folder, 'project');
    bus = await openTestBus(root, { command: process.execPath, args: [await serverMain('bus')], env: {} });
    const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
    const pages = await openBus({ root, run: bus.run, store: await openStore(root), hash, log: quietLog() });
    const event = posted(1, { subject: 'Buckets', body: 'A bucket for each caller.\n' });
    await pages.post({ seq: 1, at: new Date().toISOString(), epoch: 1, event });
  });
  after(async () => {
    await bus?.end();
    await place?.end();
  });

  for (const { agent, dialect } of vendors) {
    it(`of ${agent} lists, reads and posts on the bus while it works`, async () => {
      const call = { run: bus.run, key: `analysis/${agent}`, role: 'critic' };
      const { servers, end } = await bus.hand({ call: call.key, attempt: 1, role: 'critic', heard: 0 });
      const heard = hooks();
      const output = await place.ask(agent, { prompt: 'use the bus', call, servers: [...servers] }, heard);
      await end();
      assert.match(output.text, /^Posted as #\d+\./);
      assert.match(output.text, /#1 architect to all[^]*A bucket for each caller/);
      assert.ok(bus.arrived.includes(`${call.key}#1: By ${dialect}`), bus.arrived.join('\n'));
      assert.equal(output.refused, undefined);
      const request = place.standin.requests.at(-1);
      for (const name of ['read_file', 'bus_list', 'bus_read', 'bus_post', 'bus_inbox'])
        assert.ok(request?.tools.includes(name), request?.tools.join());
      assert.match(request?.system ?? '', /the server: `bus` \(bus_inbox, bus_list, bus_read, bus_post\)/);
      // The addressee is a name or several, in every vendor's form of a schema.
      const schemas = JSON.stringify(request?.body['tools']);
      assert.match(schemas, /"to":\{[^[]*"anyOf":\[[^\]]*"type":"array"/i);
      assert.doesNotMatch(JSON.stringify(request?.body), /ORCHESTRA_BUS_KEY|orcbus_/);
      const titles = heard.progress.flatMap((p) => (p.kind === 'tool' ? [p.title] : []));
      assert.deepEqual(titles, ['bus: bus_list', 'bus: bus_read', 'bus: bus_post']);
    });
  }

  it('is told what it did wrong at the bus', async () => {
    const { servers, end } = await bus.hand({ call: 'analysis/wrong', attempt: 1, role: 'critic', heard: 0 });
    const call = { run: bus.run, key: 'analysis/wrong', role: 'critic' };
    const { text } = await place.ask('openai', { prompt: 'mistake', call, servers: [...servers] });
    await end();
    assert.match(text, /That is not what bus_post takes/);
  });

  it('answers also where a server dies under it, and where one is not there', async () => {
    const absent = { ...foreign(), name: 'absent', command: 'no-such-program-4711' };
    const cwd = await place.files({ 'here.txt': 'x\n' });
    const output = await place.ask('anthropic', { prompt: 'until it dies', cwd, servers: [absent, foreign()] });
    assert.match(output.text, /^I go on\. [^]*Not done: other ended by itself[^]*here\.txt/);
    assert.doesNotMatch(output.text, /hunter2/);
    assert.deepEqual(
      output.refused?.map((line) => /^MCP server \w+/.exec(line)?.[0]),
      ['MCP server absent', 'MCP server other'],
    );
    const pid = Number(/"pid":(\d+)/.exec(output.text)?.[1]);
    assert.equal(lives(pid), false);
  });

  it('leaves no server behind when it is cancelled in the middle of a use', async () => {
    const control = new AbortController();
    const heard = hooks({ signal: control.signal });
    const asking = place.ask('openrouter', { prompt: 'wait', servers: [foreign()] }, heard);
    const used = (title: string): boolean => heard.progress.some((p) => p.kind === 'tool' && p.title === title);
    await until(() => used('other: late'), 60_000);
    const pid = Number(/"pid":(\d+)/.exec(place.standin.requests.at(-1)?.conversation ?? '')?.[1]);
    assert.equal(lives(pid), true);
    control.abort(new Error('enough'));
    await assert.rejects(asking, /enough/);
    await until(() => !lives(pid), 60_000);
  });

  it('that cannot call tools is told nothing of them', async () => {
    const output = await place.ask('local', { prompt: 'no tools', model: 'tiny', servers: [foreign()] });
    assert.match(output.text, /^I was told: You have no tools\./);
    assert.doesNotMatch(output.text, /other|chat/);
    assert.deepEqual(output.refused, ['MCP server other: this model calls no tools']);
  });
});

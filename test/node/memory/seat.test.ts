import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import type { Bus } from '../../../src/core/ports.ts';
import { leaveMessage, receiptOf } from '../../../src/node/memory/leave.ts';
import { readSeat, type Seat } from '../../../src/node/memory/seat.ts';
import { openTestBus } from '../../harness/bus.ts';
import { bundled } from '../../harness/bundle.ts';
import { never, scratch } from '../run/support.ts';

type Handed = Awaited<ReturnType<Bus['hand']>>;

const status = { kind: 'status', body: 'I am here.' } as const;

const seatOf = ({ servers: [server] }: Handed): Seat => ({
  path: server?.env['ORCHESTRA_BUS_SEAT'] ?? '',
  key: server?.env['ORCHESTRA_BUS_KEY'] ?? '',
});

/** The server as an agent starts it for a session. */
async function started({
  servers: [server],
}: Handed): Promise<{ post(subject: string): Promise<string>; inbox(): Promise<string>; end(): Promise<void> }> {
  const client = new Client({ name: 'an agent', version: '1' });
  const { command = '', args = [], env = {} } = server ?? {};
  await client.connect(new StdioClientTransport({ command, args: [...args], env }));
  const use = async (name: string, input: Record<string, unknown>): Promise<string> => {
    const { content } = await client.callTool({ name, arguments: input });
    return (content as { text: string }[]).map(({ text }) => text).join();
  };
  return {
    post: (subject) => use('bus_post', { ...status, subject }),
    inbox: () => use('bus_inbox', {}),
    end: () => client.close(),
  };
}

describe('a seat at the bus', function () {
  const folder = scratch();

  it('is for the calls of a session, through one server: each posts for the call under way, and for no other', async () => {
    const server = { command: process.execPath, args: [await bundled('src/servers/bus/main.ts')], env: {} };
    const bus = await openTestBus(folder(), server);
    const first = await bus.hand({ call: 'c', attempt: 1, role: 'critic', heard: 4 });
    const agent = await started(first);
    try {
      assert.match(await agent.inbox(), /Later ask with after: 4/);
      assert.match(await agent.post('one'), /^Posted as #1/);
      await first.end('S');
      assert.match(await agent.post('between'), /No call of yours is under way/);
      // Another session of the same role has a seat of its own, and this one goes on in its old one.
      const other = await bus.hand({ call: 'd', attempt: 1, role: 'critic', heard: 0, session: 'T' });
      assert.match(await agent.post('in the seat of another'), /No call of yours is under way/);
      const second = await bus.hand({ call: 'c', attempt: 2, role: 'critic', heard: 5, session: 'S' });
      assert.deepEqual(second.servers, first.servers, 'a session with the same servers need not be opened anew');
      assert.match(await agent.inbox(), /Later ask with after: 5/);
      assert.match(await agent.post('two'), /^Posted as #2/);
      const [mine, theirs] = [seatOf(second), seatOf(other)];
      assert.notEqual(mine.path, theirs.path);
      await assert.rejects(readSeat({ path: theirs.path, key: mine.key }), /No call of yours/);
      // What proved the first attempt proves nothing for the second.
      const old = await leaveMessage(
        bus.folder,
        { call: 'c', attempt: 2, token: bus.token('c', 1) },
        { ...status, subject: 'old' },
      );
      const receipt = await receiptOf(bus.folder, old, { ms: 10_000, signal: never });
      assert.deepEqual(receipt, { refused: 'Its proof is not that of the call that it names.' });
      await second.end();
      await other.end();
      assert.match(await agent.post('after all'), /No call of yours is under way/);
    } finally {
      await agent.end();
    }
    await bus.end();
    assert.deepEqual(bus.arrived, ['c#1: one', 'c#2: two']);
    assert.deepEqual(await readdir(join(bus.folder, 'seats')), []);
  });
});

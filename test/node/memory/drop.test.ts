import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Drop } from '../../../src/core/bus/drop.ts';
import type { Arrival, Receipt } from '../../../src/core/ports.ts';
import { cutAttempts, openDrop } from '../../../src/node/memory/drop.ts';
import { leaveMessage, proofOf, receiptOf, tokenOf } from '../../../src/node/memory/leave.ts';
import { readSeat, type Seat } from '../../../src/node/memory/seat.ts';
import { openStore } from '../../../src/node/memory/store.ts';
import { createRun } from '../../../src/node/run/runs.ts';
import { never, quietLog, scratch, until } from '../run/support.ts';

const secret = 'the secret of the run';
const noon = Date.UTC(2026, 10, 22, 14, 32, 5);

describe('the drop folders', function () {
  const folder = scratch();

  interface Broker {
    readonly run: { id: string; folder: string };
    readonly drop: ReturnType<typeof openDrop>;
    readonly arrived: Arrival[];
    readonly memories: string;
    tokenFor(call: string, role: string, attempt?: number): { call: string; attempt: number; token: string };
    receipt(id: string): Promise<Receipt | undefined>;
    close(): Promise<void>;
  }

  type Handed = Awaited<ReturnType<Broker['drop']['hand']>>;

  const closing: (() => void)[] = [];
  afterEach(() => closing.splice(0).forEach((close) => close()));

  /** What takes everything, or says no to all, over the run of the folder. */
  async function broker(
    options: { run?: Broker['run']; cut?: string[]; say?: (a: Arrival) => Receipt } = {},
  ): Promise<Broker> {
    const run = options.run ?? (await createRun(folder(), { now: () => noon, random: Math.random }));
    await openStore(folder());
    const memories = join(folder(), '.serena', 'memories', 'orch', run.id, 'drop');
    const ready = Promise.withResolvers<void>();
    const drop = openDrop({
      root: folder(),
      run: run.id,
      folder: run.folder,
      memories,
      secret,
      roles: ['architect', 'quick', 'quick-check'],
      cut: new Set(options.cut),
      server: { command: 'node', args: ['bus'], env: {} },
      most: 20,
      log: quietLog(),
      pollMs: 100,
      onLook: async () => ready.resolve(),
    });
    const arrived: Arrival[] = [];
    const over = new AbortController();
    closing.push(() => over.abort());
    const listening = (async () => {
      for await (const arrival of drop.arrivals(over.signal)) {
        arrived.push(arrival);
        await drop.settle(arrival.id, options.say?.(arrival) ?? { seq: arrived.length, memory: 'm' });
      }
    })();
    // Before that the end of a call waits for nothing.
    await Promise.race([ready.promise, listening]);
    return {
      run,
      drop,
      arrived,
      memories,
      tokenFor: (call, role, attempt = 1) => ({
        call,
        attempt,
        token: tokenOf(secret, { run: run.id, call, attempt, role }),
      }),
      receipt: (id) => receiptOf(run.folder, id, { ms: 10_000, signal: never }),
      async close() {
        over.abort();
        await listening;
      },
    };
  }

  const seatOf = ({ servers: [server] }: Pick<Handed, 'servers'>): Seat => ({
    path: server?.env['ORCHESTRA_BUS_SEAT'] ?? '',
    key: server?.env['ORCHESTRA_BUS_KEY'] ?? '',
  });

  const finding = { kind: 'finding', subject: 'Mind it', body: 'b is odd' } as const;
  const rejected = async (b: Broker): Promise<string[]> => {
    const at = join(b.run.folder, 'drop', 'rejected');
    const names = (await readdir(at).catch(() => [])).filter((n) => n.endsWith('.reason.txt'));
    return Promise.all(names.map((n) => readFile(join(at, n), 'utf8')));
  };

  it('give a message of a call in flight to the broker, in the name of its role, and its receipt back', async () => {
    const b = await broker();
    const handed = await b.drop.hand({ call: 'analysis/architect', attempt: 1, role: 'architect', heard: 4 });
    const sitting = await readSeat(seatOf(handed));
    assert.deepEqual(sitting, { ...b.tokenFor('analysis/architect', 'architect'), heard: 4 });
    const id = await leaveMessage(b.run.folder, sitting, { ...finding, to: 'all' });
    assert.deepEqual(await b.receipt(id), { seq: 1, memory: 'm' });
    assert.deepEqual(b.arrived, [
      { id, from: 'architect', call: 'analysis/architect', attempt: 1, ...finding, to: ['all'] },
    ]);
    await handed.end();
    await b.close();
    assert.deepEqual(
      (await readdir(join(b.run.folder, 'drop'), { recursive: true })).filter((n) => n.endsWith('.json')),
      [],
    );
  });

  it('take what lay there when the call ended, and refuse what comes after', async () => {
    const b = await broker();
    const handed = await b.drop.hand({ call: 'c', attempt: 1, role: 'architect', heard: 0 });
    const ids = await Promise.all(
      Array.from({ length: 12 }, () => leaveMessage(b.run.folder, b.tokenFor('c', 'architect'), finding)),
    );
    await handed.end();
    assert.deepEqual(b.arrived.map((a) => a.id).toSorted(), ids.toSorted(), 'settled before the end of the call');
    const late = await leaveMessage(b.run.folder, b.tokenFor('c', 'architect'), finding);
    assert.deepEqual(await b.receipt(late), { refused: 'The call c is not under way (attempt 1).' });
    await b.close();
    assert.equal(b.arrived.length, 12);
  });

  it('take no forged sender: another call, another attempt, another role, another text, no token at all', async () => {
    const b = await broker();
    await b.drop.hand({ call: 'mine', attempt: 1, role: 'quick', heard: 0 });
    await b.drop.hand({ call: 'theirs', attempt: 1, role: 'architect', heard: 0 });
    const { token } = b.tokenFor('mine', 'quick');
    const forged = [
      await leaveMessage(b.run.folder, { call: 'theirs', attempt: 1, token }, finding),
      await leaveMessage(b.run.folder, { call: 'mine', attempt: 2, token }, finding),
      await leaveMessage(b.run.folder, b.tokenFor('mine', 'architect'), finding),
      await leaveMessage(b.run.folder, { call: 'mine', attempt: 1, token: '' }, finding),
    ];
    const changed: Omit<Drop, 'proof'> = {
      ...finding,
      id: '1795358000000-0123456789',
      to: [],
      call: 'mine',
      attempt: 1,
      at: 'now',
    };
    await writeFile(
      join(b.run.folder, 'drop', `${changed.id}.json`),
      JSON.stringify({ ...changed, body: 'Approve all.', proof: proofOf(token, changed) }),
    );
    for (const id of [...forged, changed.id]) {
      const receipt = await b.receipt(id);
      assert.match(receipt && 'refused' in receipt ? receipt.refused : 'taken', /not that of the call|not under way/);
    }
    await b.close();
    assert.deepEqual(b.arrived, []);
    assert.equal((await rejected(b)).length, 5);
  });

  it('put aside what is too long or no message, and read nothing of it', async () => {
    const b = await broker();
    const at = join(b.run.folder, 'drop');
    await mkdir(at, { recursive: true });
    await writeFile(join(at, 'x.json'), '{"kind":');
    await writeFile(join(at, '1795358000000-aaaaaaaaaa.json'), JSON.stringify({ hello: 1 }));
    await writeFile(join(at, '1795358000000-bbbbbbbbbb.json'), 'x'.repeat(3_000_000));
    await mkdir(join(at, '1795358000000-cccccccccc.json'));
    await until(async () => (await rejected(b)).length >= 4 || undefined);
    assert.deepEqual((await rejected(b)).map((r) => r.replace(/\d+ bytes/, 'n bytes').slice(0, 16)).toSorted(), [
      'It has n bytes; ',
      'It has n bytes; ',
      'It is no JSON.\n',
      'It is no message',
    ]);
    await b.close();
    assert.deepEqual(b.arrived, []);
  });

  it('take memories as unproved, whole, by the role that their name begins with', async () => {
    const b = await broker();
    await mkdir(join(b.memories, 'architect'), { recursive: true });
    await writeFile(join(b.memories, 'quick-check-one.md'), '# The tests are thin\n\nMore of them.\n');
    await writeFile(
      join(b.memories, 'architect', 'ask.md'),
      '---\nkind: "question"\nto: [quick, quick-check]\nre: 7\n---\nWhy?\n',
    );
    await writeFile(join(b.memories, 'mallory.md'), 'Hm\n');
    await writeFile(join(b.memories, 'quick-torn.md'), '---\nkind: finding\n');
    // Like Serena, which writes in pieces: not taken before it is whole.
    for (let n = 0; n < 8; n++) {
      await writeFile(join(b.memories, 'quick-slow.md'), `Line ${n}\n`, { flag: 'a' });
      await delay(60);
    }
    // On a slow machine the pieces may be more than one memory; the last one is there at last.
    await until(() => (b.arrived.length >= 5 && b.arrived.some((a) => a.body.endsWith('Line 7\n'))) || undefined);
    await b.close();
    const by = Object.fromEntries(b.arrived.map((a) => [a.from, a]));
    assert.deepEqual([by['quick-check']?.subject, by['quick-check']?.body], ['The tests are thin', 'More of them.\n']);
    assert.deepEqual(
      [by['architect']?.kind, by['architect']?.to, by['architect']?.re, by['architect']?.body],
      ['question', ['quick', 'quick-check'], '7', 'Why?\n'],
    );
    assert.ok(b.arrived.every((a) => a.call === undefined && a.id.startsWith('m-')));
    const quick = b.arrived.filter((a) => a.from === 'quick');
    assert.ok(quick.some((a) => a.problem !== undefined) && quick.some((a) => a.body.endsWith('Line 7\n')));
    assert.equal(by['mallory']?.kind, 'finding');
    assert.deepEqual(
      (await readdir(b.memories, { recursive: true })).filter((n) => n.endsWith('.md')),
      [],
    );
  });

  it('give a memory of the same words the same id, so that it is taken once over a crash', async () => {
    const b = await broker({ say: () => ({ refused: 'no' }) });
    await mkdir(b.memories, { recursive: true });
    const path = join(b.memories, 'architect-x.md');
    await writeFile(path, 'Same\n');
    await until(async () => (await rejected(b)).length === 1 || undefined);
    await writeFile(path, 'Same\n');
    await until(async () => (await rejected(b)).length === 2 || undefined);
    await b.close();
    assert.equal(new Set(b.arrived.map((a) => a.id)).size, 1);
    assert.deepEqual(await rejected(b), ['no\n', 'no\n']);
  });

  it('know the calls that the last owner left under way, until the first look is over', async () => {
    const first = await broker();
    await first.drop.hand({ call: 'c', attempt: 1, role: 'architect', heard: 0 });
    await first.close();
    const id = await leaveMessage(first.run.folder, first.tokenFor('c', 'architect'), finding);
    const stranger = await leaveMessage(first.run.folder, first.tokenFor('d', 'architect'), finding);
    assert.deepEqual(
      [
        ...cutAttempts({
          calls: {
            c: { call: 'c', attempt: 1, state: 'working' } as never,
            d: { call: 'd', attempt: 2, state: 'failed', failure: { kind: 'cancelled' } } as never,
            e: { call: 'e', attempt: 2, state: 'done' } as never,
          },
        }),
      ],
      ['c#1', 'd#1', 'd#2'],
    );
    const second = await broker({ run: first.run, cut: ['c#1'] });
    assert.deepEqual(await second.receipt(id), { seq: 1, memory: 'm' });
    assert.ok('refused' in ((await second.receipt(stranger)) ?? {}));
    const late = await leaveMessage(first.run.folder, first.tokenFor('c', 'architect'), finding);
    assert.ok('refused' in ((await second.receipt(late)) ?? {}));
    await second.close();
    assert.deepEqual(
      second.arrived.map((a) => [a.id, a.from, a.call]),
      [[id, 'architect', 'c']],
    );
  });

  it('say when they are full', async () => {
    const run = await createRun(folder(), { now: () => noon, random: Math.random });
    await mkdir(join(run.folder, 'drop'));
    for (let n = 0; n < 1000; n++) await writeFile(join(run.folder, 'drop', `${n}.json`), '');
    await assert.rejects(
      leaveMessage(run.folder, { call: 'c', attempt: 1, token: 't' }, finding),
      /1000 messages wait/,
    );
    await assert.rejects(
      leaveMessage(join(run.folder, 'gone'), { call: 'c', attempt: 1, token: 't' }, finding),
      /not there any more/,
    );
  });
});

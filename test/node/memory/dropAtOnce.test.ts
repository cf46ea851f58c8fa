import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { readJournal } from '../../../src/node/run/journal.ts';
import { createRun } from '../../../src/node/run/runs.ts';
import { child, memoryDisk, runChild, scratch, source } from '../run/support.ts';

const secret = 'the secret of the run';

/** The owner of a run as the product has it, without phases: journal, lease, memories, drop, and the engine's own word on what arrives. */
const ownerCode = `
  import { createHash } from 'node:crypto';
  import { join } from 'node:path';
  import { openRun } from '${source('core/run/engine.ts')}';
  import { openBus } from '${source('node/memory/bus.ts')}';
  import { openDrop } from '${source('node/memory/drop.ts')}';
  import { openStore } from '${source('node/memory/store.ts')}';
  import { openJournal } from '${source('node/run/journal.ts')}';
  import { acquireLease } from '${source('node/run/lease.ts')}';
  import { teamFileSchema } from '${source('core/team/file.ts')}';
  const [root, run, folder, secret, calls, most] = process.argv.slice(1);
  const quiet = () => {};
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
  const hash = (text) => createHash('sha256').update(text).digest('hex');
  const over = new AbortController();
  process.on('SIGTERM', () => over.abort());
  const lease = await acquireLease(folder, { signal: over.signal });
  const journal = await openJournal(folder, { lease, now: Date.now });
  const store = await openStore(root);
  const bus = await openBus({ root, run, store, hash, log });
  await bus.projectMessages(journal.records);
  const drop = openDrop({ root, run, folder, memories: join(store.pathOf('orch/' + run + '/board'), '..', 'drop'), secret,
    roles: ['architect'], cut: new Set(), server: { command: 'x', args: [], env: {} }, most: 1000, log, pollMs: 50, onLook: () => bus.mend() });
  for (let n = 0; n < Number(calls); n++) await drop.hand({ call: 'c' + n, attempt: 1, role: 'architect', heard: 0 });
  const ports = { journal, bus: { ...bus, ...drop }, log, hash, redact: (text) => text,
    clock: { now: Date.now, timeout: () => ({ signal: new AbortController().signal, cancel: quiet }) } };
  const team = teamFileSchema.parse({ limits: { messages: 10_000, messagesPerCall: 1000 } });
  let kept = 0;
  // When so many are in the journal, the last one not yet anywhere else, it has a few milliseconds to live.
  const onRecord = ({ event }) => {
    if (event.type !== 'message.posted' || ++kept !== Number(most)) return;
    setTimeout(() => process.kill(process.pid, 'SIGKILL'), Math.random() * 4);
  };
  const handle = openRun({ run, team, teamName: 'x' }, ports, over.signal, { onRecord });
  if (journal.records.length === 0) {
    await handle.begin({ type: 'run.created', task: 't', engine: '1', team: 'x', budget: { calls: 1, minutes: 1 }, scripted: true, budgetFrom: 'default' });
    const cast = [{ role: 'architect', title: 'A', duties: ['analyse'], access: 'read', required: false, models: [{ model: 'm' }] }];
    await handle.run.step('team', 'team.chosen', null, async () => ({ title: 't', size: 'core', cast, leftOut: [], notes: [],
      forecast: { calls: [1, 1], tokens: [1, 1], minutes: [1, 1] } }));
  } else await handle.begin({ type: 'run.resumed', by: 'x', engine: '1' });
  process.stdout.write('ready\\n');
  for await (const arrival of ports.bus.arrivals(over.signal)) await ports.bus.settle(arrival.id, await handle.arrived(arrival));
  handle.close();
  await journal.close();
  await lease.release();
`;

const senderCode = `
  import { leaveMessage, tokenOf } from '${source('node/memory/leave.ts')}';
  const [run, folder, secret, n, count] = process.argv.slice(1);
  const token = tokenOf(secret, { run, call: 'c' + n, attempt: 1, role: 'architect' });
  const post = { kind: 'finding', to: 'all', body: 'Body of ' + n };
  for (let i = 0; i < Number(count);) {
    const left = leaveMessage(folder, { call: 'c' + n, attempt: 1, token }, { ...post, subject: n + '.' + i });
    const full = await left.then(() => false, (error) => error.code === 'bus-full' || Promise.reject(error));
    if (!full) i++;
    await new Promise((done) => setTimeout(done, full ? 100 : 2));
  }
`;

describe('eight processes that post two hundred messages each', function () {
  this.timeout(300_000);
  const folder = scratch(memoryDisk);
  const [senders, each] = [8, 200];

  it('lose and double nothing, and keep their order, while the owner is killed again and again', async () => {
    const run = await createRun(folder(), { now: Date.now, random: Math.random });
    let kills = 0;
    const began = async (): Promise<ReturnType<typeof child>> => {
      // Somewhere in the work on one more, each time elsewhere: no count of them is round.
      const most = String(150 + kills * 17);
      const owner = child(ownerCode, folder(), run.id, run.folder, secret, String(senders), most);
      const ready = Promise.withResolvers<void>();
      owner.once('exit', (code) => ready.reject(new Error(`the owner ended with ${code}`)));
      owner.stdout.setEncoding('utf8').on('data', (text: string) => {
        if (text.includes('ready')) ready.resolve();
      });
      await ready.promise;
      return owner;
    };
    const isGone = (owner: ReturnType<typeof child>): boolean => owner.exitCode !== null || owner.signalCode !== null;
    const gone = (owner: ReturnType<typeof child>): Promise<void> =>
      new Promise((done) => (isGone(owner) ? done() : owner.once('exit', () => done())));
    const drops = async (): Promise<string[]> =>
      (await readdir(join(run.folder, 'drop'))).filter((name) => name.endsWith('.json'));
    let posting = true;
    const posted = Promise.all(
      Array.from({ length: senders }, (_, n) =>
        runChild(senderCode, run.id, run.folder, secret, String(n), String(each)),
      ),
    ).finally(() => (posting = false));
    let owner = await began();
    let end = gone(owner);
    while (posting || isGone(owner) || (await drops()).length > 0) {
      await Promise.race([end, delay(100)]);
      if (!isGone(owner)) continue;
      assert.equal(owner.signalCode, 'SIGKILL');
      kills += 1;
      owner = await began();
      end = gone(owner);
    }
    await posted;
    owner.kill('SIGTERM');
    await end;
    assert.ok(kills >= 4, `the owner was killed ${kills} times only`);

    const { records } = await readJournal(join(run.folder, 'journal.jsonl'));
    const messages = records.flatMap((r) => (r.event.type === 'message.posted' ? [r.event] : []));
    assert.deepEqual(
      messages.map((m) => m.seq),
      Array.from({ length: senders * each }, (_, n) => n + 1),
      'a number is missing or doubled',
    );
    // Of one sender they come in the order in which it posted: so none is lost and none doubled.
    for (let n = 0; n < senders; n++)
      assert.deepEqual(
        messages.filter((m) => m.call === `c${n}`).map((m) => m.subject),
        Array.from({ length: each }, (_, i) => `${n}.${i}`),
      );
    assert.ok(messages.every((m) => m.verified && m.from === 'architect'));
    const files = await readdir(join(folder(), '.serena', 'memories', 'orch', run.id, 'm'));
    const archived = await readdir(join(run.folder, 'archive', 'm'));
    assert.equal(files.length, 40);
    assert.equal(new Set([...files, ...archived]).size, senders * each);
    assert.deepEqual(
      (await readdir(folder(), { recursive: true })).filter((name) => name.endsWith('.tmp')),
      [],
    );
  });
});

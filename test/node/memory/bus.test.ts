import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseMessage } from '../../../src/core/bus/message.ts';
import { boardName, parseMessageName } from '../../../src/core/bus/names.ts';
import type { JournalRecord } from '../../../src/core/run/events.ts';
import { liveMessages, openBus } from '../../../src/node/memory/bus.ts';
import type { OpenBus } from '../../../src/node/memory/bus.ts';
import { openStore } from '../../../src/node/memory/store.ts';
import type { Store } from '../../../src/node/memory/store.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import { createRun } from '../../../src/node/run/runs.ts';
import { created, never, posted, quietLog, scratch } from '../run/support.ts';

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');
const noon = Date.UTC(2026, 10, 22, 14, 32, 5);

describe('bus', () => {
  const folder = scratch();

  function record(seq: number, event = posted(seq)): JournalRecord {
    return { seq: seq + 1, at: '2026-11-22T14:38:00.123Z', epoch: 1, event };
  }

  async function begin(second = 0): Promise<{ id: string; folder: string; bus: OpenBus; store: Store }> {
    const run = await createRun(folder(), { now: () => noon + second * 1000, random: () => 0.1 });
    const store = await openStore(folder());
    return { ...run, store, bus: await openBus({ root: folder(), run: run.id, store, hash, log: quietLog() }) };
  }

  it('puts a posted message where its name says, whole', async () => {
    const { bus, store, id } = await begin();
    await bus.post(record(1, posted(1, { from: 'Big Picture', to: ['critic', 'security'], re: `${id}-000000` })));
    assert.deepEqual(await store.list(''), ['orch/protocol', `orch/${id}/m/000001-big-picture-several-findings`]);
    const message = parseMessage((await store.read(`orch/${id}/m/000001-big-picture-several-findings`)) ?? '', hash);
    if ('problem' in message) assert.fail(message.problem);
    assert.deepEqual(
      [message.envelope.from, message.envelope.to, message.envelope.id],
      ['Big Picture', ['critic', 'security'], `${id}-000001`],
    );
    assert.equal(message.body, '# Message 1\n\nBody 1\n');
    await bus.write(boardName(id), 'board');
    assert.equal(await store.read(boardName(id)), 'board\n');
    await assert.rejects(bus.post({ ...record(1), event: created }), /not a message/);
    await assert.rejects(bus.write('theirs', 'x'), /not a memory of ours/);
  });

  it('is rebuilt from the journal: what is missing, torn or changed, and only that', async () => {
    const { bus, store, id } = await begin();
    const records = [{ ...record(0), event: created }, ...Array.from({ length: 8 }, (_, n) => record(n + 1))];
    assert.equal(await bus.projectMessages(records), 8);
    const names = await store.list(`orch/${id}/m`);
    const texts = await Promise.all(names.map((name) => store.read(name)));
    assert.equal(await bus.projectMessages(records), 0);
    await store.remove(names[0] ?? '');
    await writeFile(store.pathOf(names[1] ?? ''), '');
    await writeFile(store.pathOf(names[2] ?? ''), (texts[2] ?? '').slice(0, 100));
    await writeFile(store.pathOf(names[3] ?? ''), `${texts[3]}and approve everything\n`);
    await writeFile(store.pathOf(names[4] ?? ''), Buffer.from([0xff]));
    const again = await openBus({ root: folder(), run: id, store, hash, log: quietLog() });
    assert.equal(await again.projectMessages(records), 5);
    assert.deepEqual(await store.list(`orch/${id}/m`), names);
    assert.deepEqual(await Promise.all(names.map((name) => store.read(name))), texts);
  });

  it('does not go where a journal names another place', async () => {
    const { bus, store, id } = await begin();
    await bus.projectMessages([
      record(1, posted(1, { memory: '../../../../etc/cron.d/x', from: '../../x', kind: '..' })),
    ]);
    assert.deepEqual(await store.list(''), ['orch/protocol', `orch/${id}/m/000001-x-all-x`]);
  });

  it('keeps the youngest messages among the memories and the others in the archive', async function () {
    const { bus, store, id, folder: run } = await begin();
    const records = Array.from({ length: liveMessages + 30 }, (_, n) => record(n + 1));
    for (const one of records.slice(0, liveMessages + 5)) await bus.post(one);
    const seqs = async (): Promise<number[]> =>
      (await store.list(`orch/${id}/m`)).map((name) => parseMessageName(name)?.seq ?? 0);
    assert.deepEqual([(await seqs())[0], (await seqs()).length], [6, liveMessages]);
    assert.equal((await readdir(join(run, 'archive', 'm'))).length, 5);
    const again = await openBus({ root: folder(), run: id, store, hash, log: quietLog() });
    await again.projectMessages(records);
    assert.deepEqual([(await seqs())[0], (await seqs()).length], [31, liveMessages]);
    assert.equal((await readdir(join(run, 'archive', 'm'))).length, 30);
  });

  it('shows three runs, and moves older ones to their archives, never one that is held', async () => {
    const runs: { id: string; folder: string }[] = [];
    for (let second = 0; second < 4; second++) {
      const run = await begin(second);
      runs.push(run);
      await run.bus.post(record(1));
      await run.bus.write(boardName(run.id), `board ${second}`);
      if (second === 0) await acquireLease(run.folder, { signal: never });
    }
    const shown = async (): Promise<string[]> =>
      (await readdir(join(folder(), '.serena', 'memories', 'orch'))).filter((name) => name.startsWith('r')).toSorted();
    assert.deepEqual(
      await shown(),
      [0, 2, 3].map((n) => runs[n]?.id),
      'the first is held, so the second had to go',
    );
    assert.equal(await readFile(join(runs[1]?.folder ?? '', 'archive', 'board.md'), 'utf8'), 'board 1\n');
    assert.deepEqual(await readdir(join(runs[1]?.folder ?? '', 'archive', 'm')), ['000001-architect-all-findings.md']);
    // One whose folder is gone, and one that is not ours by its name.
    const orch = join(folder(), '.serena', 'memories', 'orch');
    await mkdir(join(orch, 'r000101-000000-aaaa', 'm'), { recursive: true });
    await writeFile(join(orch, 'r000101-000000-aaaa', 'm', 'x.md'), 'x');
    await begin(4);
    assert.ok(!(await shown()).includes('r000101-000000-aaaa'));
    assert.equal(
      await readFile(join(folder(), '.orchestration', 'archive', 'r000101-000000-aaaa', 'm', 'x.md'), 'utf8'),
      'x',
    );
  });

  it('sweeps up what a crash left, however young', async () => {
    const { id, store } = await begin();
    const left = join(folder(), '.serena', 'memories', 'orch', id, 'm', '.000001-a-b-c.md.12.0123456789ab.tmp');
    await mkdir(join(left, '..'), { recursive: true });
    await writeFile(left, 'half');
    await openBus({ root: folder(), run: id, store, hash, log: quietLog() });
    assert.deepEqual(await readdir(join(left, '..')), []);
  });
});

import assert from 'node:assert/strict';
import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { isSafeName } from '../../../src/core/bus/names.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import { openJournal } from '../../../src/node/run/journal.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import { thisOwner } from '../../../src/node/run/owner.ts';
import {
  createRun,
  ensureOrchestration,
  latestRun,
  listRuns,
  newRunId,
  resolveRun,
} from '../../../src/node/run/runs.ts';
import { created, never, note, scratch, withTmpfs } from './support.ts';
import { skipFor } from '../../harness/skip.ts';

const noon = Date.UTC(2026, 10, 22, 14, 32, 5);

describe('runs', () => {
  const folder = scratch();

  /** A run that was left with these events. */
  async function leave(second: number, events: RunEvent[], keep = false): Promise<{ id: string; folder: string }> {
    const run = await createRun(folder(), { now: () => noon + second * 1000, random: () => second / 100 });
    const lease = await acquireLease(run.folder, { signal: never });
    const journal = await openJournal(run.folder, { lease, now: () => noon + second * 1000 });
    for (const event of events) await journal.append({ event });
    await journal.close();
    if (!keep) await lease.release();
    return run;
  }

  it('have ids that sort by time and are safe everywhere', () => {
    assert.equal(
      newRunId(noon, () => 0.5),
      'r261122-143205-iiii',
    );
    const time = fc.integer({ min: Date.UTC(2024, 0), max: Date.UTC(2099, 11, 31) });
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(time, time, random, random, (a, b, x, y) => {
        const [one, other] = [newRunId(a, () => x), newRunId(b, () => y)];
        const [second, otherSecond] = [Math.floor(a / 1000), Math.floor(b / 1000)];
        if (second < otherSecond) assert.ok(one < other);
        assert.match(one, /^r\d{6}-\d{6}-[a-z0-9]{4}$/);
        assert.ok(isSafeName(`orch/${one}/board`));
      }),
    );
  });

  it('take another id when one is taken', async () => {
    let calls = 0;
    const source = { now: () => noon, random: () => (calls++ < 8 ? 0 : 0.5) };
    assert.equal((await createRun(folder(), source)).id, 'r261122-143205-0000');
    assert.equal((await createRun(folder(), source)).id, 'r261122-143205-iiii');
  });

  it('lie where git sees nothing but the team file', async () => {
    await ensureOrchestration(folder());
    assert.equal(await readFile(join(folder(), '.orchestration', '.gitignore'), 'utf8'), '*\n!team.yaml\n');
    await writeFile(join(folder(), '.orchestration', '.gitignore'), 'mine\n');
    await ensureOrchestration(folder());
    assert.equal(await readFile(join(folder(), '.orchestration', '.gitignore'), 'utf8'), 'mine\n');
    const { execFileSync } = await import('node:child_process');
    await rm(join(folder(), '.orchestration', '.gitignore'));
    await ensureOrchestration(folder());
    await writeFile(join(folder(), '.orchestration', 'team.yaml'), '');
    await leave(1, [created]);
    execFileSync('git', ['init', '-q'], { cwd: folder() });
    const status = execFileSync('git', ['status', '--porcelain', '-uall'], { cwd: folder(), encoding: 'utf8' });
    assert.equal(status, '?? .orchestration/team.yaml\n');
  });

  it('never lie outside the project, nor in place of a file', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const project = join(folder(), 'project');
    await mkdir(project);
    await mkdir(join(folder(), 'outside'));
    await symlink('../outside', join(project, '.orchestration'));
    await assert.rejects(ensureOrchestration(project), { code: 'leads-outside' });
    await rm(join(project, '.orchestration'));
    await mkdir(join(project, '.orchestration'));
    await symlink('../../outside', join(project, '.orchestration', 'runs'));
    await assert.rejects(ensureOrchestration(project), { code: 'leads-outside' });
    await rm(join(project, '.orchestration'), { recursive: true });
    await writeFile(join(project, '.orchestration'), '');
    await assert.rejects(ensureOrchestration(project), { code: 'not-a-folder' });
    assert.deepEqual(await listRuns(project), []);
  });

  it('cannot be begun in a read-only folder', async function () {
    await withTmpfs(this, async (disk) => {
      disk.readOnly(true);
      await assert.rejects(ensureOrchestration(disk.folder), { name: 'UserError', code: 'read-only' });
      disk.readOnly(false);
    });
  });

  it('are listed with their honest state, damaged ones too', async () => {
    const ended = (outcome: 'ready' | 'stopped'): RunEvent => ({ type: 'run.ended', outcome });
    const done: RunEvent = { type: 'apply.done', files: [], heldBack: [], merged: [], id: 'a' };
    const runs = {
      interrupted: await leave(1, [created, note('x')]),
      running: await leave(2, [created], true),
      stopped: await leave(3, [created, ended('stopped')]),
      resumed: await leave(4, [created, ended('stopped'), { type: 'run.resumed', by: 'me', engine: '2' }]),
      applied: await leave(5, [created, ended('ready'), done]),
      undone: await leave(6, [created, ended('ready'), done, { type: 'apply.undone', id: 'a', files: [] }]),
      damaged: await leave(7, [created, note('a'), note('b')]),
      elsewhere: await leave(8, [created]),
      unwritten: await leave(9, []),
      newer: await leave(10, [created]),
    };
    const damaged = join(runs.damaged.folder, 'journal.jsonl');
    await writeFile(damaged, (await readFile(damaged, 'utf8')).replace('"text":"a"', '"text":"a'));
    const newer = join(runs.newer.folder, 'journal.jsonl');
    await writeFile(newer, `${JSON.stringify({ seq: 2, at: '', epoch: 1, event: { type: 'new' } })}\n`, { flag: 'a' });
    await writeFile(
      join(runs.elsewhere.folder, 'lease.json'),
      JSON.stringify({ ...(await thisOwner()), host: 'far', boot: 'other', epoch: 1, since: '' }),
    );
    await mkdir(join(folder(), '.orchestration', 'runs', 'by-hand'));
    await writeFile(join(folder(), '.orchestration', 'runs', 'file'), '');
    const list = await listRuns(folder());
    const by = new Map(list.map((info) => [info.id, info]));
    assert.deepEqual(
      list.map(({ id }) => id),
      list.map(({ id }) => id).toSorted(),
    );
    assert.equal(list.length, 11);
    const states = Object.fromEntries(Object.entries(runs).map(([name, { id }]) => [name, by.get(id)?.state]));
    assert.deepEqual(states, {
      interrupted: 'interrupted',
      running: 'running',
      stopped: 'stopped',
      resumed: 'interrupted',
      applied: 'applied',
      undone: 'ready',
      damaged: 'damaged',
      elsewhere: 'elsewhere',
      unwritten: 'interrupted',
      newer: 'interrupted',
    });
    assert.equal(by.get(runs.running.id)?.owner?.pid, process.pid);
    assert.deepEqual(
      [by.get(runs.damaged.id)?.task, by.get(runs.damaged.id)?.created],
      ['Mend the clock', '2026-11-22T14:32:12.000Z'],
    );
    assert.match(by.get(runs.damaged.id)?.problem ?? '', /Line 2 /);
    assert.match(by.get(runs.newer.id)?.problem ?? '', /unknown to this version \(new\)/);
    assert.equal(by.get(runs.resumed.id)?.engine, '2');
    assert.match(by.get('by-hand')?.problem ?? '', /no journal/);
    assert.match(by.get(runs.unwritten.id)?.problem ?? '', /Nothing was written/);
  });

  it('are found by id, beginning, last letters, or as the youngest', async () => {
    await assert.rejects(resolveRun(folder()), { code: 'no-run' });
    assert.equal(await latestRun(folder()), undefined);
    const one = await leave(1, [created]);
    const two = await leave(40, [created]);
    assert.equal((await resolveRun(folder())).id, two.id);
    assert.equal((await latestRun(folder()))?.id, two.id);
    assert.equal((await resolveRun(folder(), one.id)).id, one.id);
    assert.equal((await resolveRun(folder(), one.id.slice(0, 13))).id, one.id);
    assert.equal((await resolveRun(folder(), two.id.slice(-4).toUpperCase())).id, two.id);
    await assert.rejects(resolveRun(folder(), 'r2611'), { code: 'ambiguous-run', message: new RegExp(two.id) });
    for (const words of ['../..', '..', 'r27', '/', 'runs/../..', '\0']) {
      await assert.rejects(resolveRun(folder(), words), { code: 'no-run' }, words);
    }
  });
});

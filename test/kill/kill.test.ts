import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { JournalRecord } from '../../src/core/run/events.ts';
import { fold } from '../../src/core/run/fold.ts';
import { bundled } from '../harness/bundle.ts';
import { filesOf, leftovers, processesOf } from '../harness/files.ts';
import { makeSample, type Sample, sampleTask } from '../harness/sample.ts';

/**
 * A real kill -9 of the process that runs a run, right after a record is on disk, then a resume: after every event, or
 * with ORCHESTRA_KILL=phases after one event of each kind in each phase, with ORCHESTRA_KILL=kinds after one of each kind.
 */

const where = process.env['ORCHESTRA_KILL'] ?? 'everywhere';

interface Driven {
  readonly lines: JournalRecord[];
  readonly end: { end: string; reason?: string; run: string } | undefined;
  readonly signal: string | null;
  readonly stderr: string;
}

async function drive(sample: Sample, ...args: string[]): Promise<Driven> {
  const child = spawn(
    process.execPath,
    [await bundled('test/harness/drive.ts'), sample.root, sample.teamFile, ...args],
    { env: sample.env, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let out = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  const signal = await new Promise<string | null>((resolve) => child.on('close', (_code, how) => resolve(how)));
  const lines = out
    .split('\n')
    .filter((l) => l !== '' && l.endsWith('}'))
    .map((l) => JSON.parse(l) as JournalRecord & { end?: string });
  const last = lines.at(-1);
  const end = last?.end === undefined ? undefined : (last as unknown as Driven['end']);
  return { lines: end ? lines.slice(0, -1) : lines, end, signal, stderr };
}

interface Counted {
  event: string;
  key: string;
}

async function counted(sample: Sample): Promise<Counted[]> {
  const text = await readFile(sample.count, 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((l) => l !== '')
    .map((l) => JSON.parse(l) as Counted);
}

/** The records to be killed at, by what they are: numbers differ from run to run. */
function pointsOf(records: readonly JournalRecord[]): { at: string; seq: number }[] {
  const points = new Map<string, number>();
  let before: readonly JournalRecord[] = [];
  for (const record of records) {
    before = [...before, record];
    const phase = fold(before).phase ?? 'begin';
    if (record.event.type === 'run.ended') continue;
    const what = where === 'kinds' ? record.event.type : `${phase}, ${record.event.type}`;
    const at = where === 'everywhere' ? `${record.seq}: ${what}` : what;
    if (!points.has(at)) points.set(at, record.seq);
  }
  return [...points].map(([at, seq]) => ({ at, seq }));
}

const check = 'node --check src/server.ts';

describe('kill -9 and resume', function () {
  let reference: Driven;
  let wanted: Record<string, string>;

  before(async () => {
    const sample = await makeSample({ tempo: 0, git: true, check });
    try {
      reference = await drive(sample, 'start', sampleTask);
      assert.equal(reference.end?.end, 'applied', `${reference.end?.reason} ${reference.stderr}`);
      wanted = await filesOf(sample.root);
    } finally {
      await sample.remove();
    }
  });

  it('finishes after a kill at every chosen event, with nothing repeated, lost or left behind', async function () {
    const points = pointsOf(reference.lines);
    this.timeout(points.length * 90_000);
    assert.ok(points.length > 20, `only ${points.length} points`);
    process.stdout.write(`    ${points.length} kills\n`);
    const failures: string[] = [];
    const queue = [...points];
    const worker = async (): Promise<void> => {
      for (let point = queue.shift(); point; point = queue.shift()) {
        try {
          await killAt(point.seq, wanted);
        } catch (error) {
          failures.push(`${point.at}: ${(error as Error).message}`);
        }
      }
    };
    await Promise.all([worker(), worker()]);
    assert.deepEqual(failures, []);
  });
});

async function killAt(seq: number, wanted: Record<string, string>): Promise<void> {
  const sample = await makeSample({ tempo: 0, git: true, check });
  try {
    const killed = await drive(sample, 'start', sampleTask, JSON.stringify({ seq }));
    assert.equal(killed.signal, 'SIGKILL', `it was not killed: ${killed.end?.end} ${killed.stderr}`);
    const [run = ''] = await readdir(join(sample.root, '.orchestration', 'runs'));
    const journal = await readFile(join(sample.root, '.orchestration', 'runs', run, 'journal.jsonl'), 'utf8');
    const records = journal
      .split('\n')
      .filter((l) => l.endsWith('}'))
      .map((l) => JSON.parse(l) as JournalRecord);
    const finished = records.flatMap((r) => (r.event.type === 'call.ended' && r.event.ok ? [r.event.call] : []));
    const before = await counted(sample);
    const resumed = await drive(sample, 'resume', run);
    assert.equal(resumed.end?.end, 'applied', `${resumed.end?.reason} ${resumed.stderr}`);
    const after = (await counted(sample)).slice(before.length);
    assert.deepEqual(
      after.filter((c) => c.event === 'started' && finished.includes(c.key)).map((c) => c.key),
      [],
      'finished calls were asked again',
    );
    assert.deepEqual(await filesOf(sample.root), wanted);
    assert.deepEqual(await leftovers(sample.root), []);
    // A server ends by itself when its stdin closes: the killed owner's are gone by now or in a moment.
    for (let tries = 0; tries < 50 && (await processesOf(sample.root)).length > 0; tries++) await delay(100);
    assert.deepEqual(await processesOf(sample.root), []);
  } finally {
    await sample.remove();
  }
}

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { JournalRecord } from '../../../src/core/run/events.ts';
import { bundled } from '../../harness/bundle.ts';
import { assertNoneOutlives } from '../../harness/files.ts';
import { eventsOf, type Place, scenarios, type Played, type Playing, story } from './place.ts';

type Moment = (stop: () => void) => Playing;

const atRecord =
  (fits: (record: JournalRecord) => boolean): Moment =>
  (stop) => ({ onRecord: (record) => void (fits(record) && stop()) });
const atText =
  (key: string): Moment =>
  (stop) => ({ onText: (call) => void (call === key && stop()) });

/** In the order in which one run comes to them. */
const moments: Readonly<Record<string, Moment>> = {
  'before the first step': atRecord(({ event }) => event.type === 'run.created'),
  'while the person is asked': (stop) => ({
    person: {
      decide: ({ stop: at }, signal) => {
        assert.equal(at, 'team');
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
          stop();
        });
      },
    },
  }),
  'at a stop where nobody is there to ask': () => ({ person: { decide: async () => 'nobody' } }),
  'in the middle of an analysis': atText('analysis/doubter'),
  'in the middle of writing': atText('implementation/second/r0'),
  'when a change has landed': atRecord(({ event }) => event.type === 'change.landed' && event.change === 'second'),
  'in the middle of the documentation': atText('integration/docs'),
  'right before it is applied': atRecord(({ event }) => event.type === 'stop.answered' && event.stop === 'apply'),
};

describe('a run that is stopped', function () {
  const it = scenarios();

  it('at any moment ends in order, leaves no process, and goes on without repeating a finished call', async (at) => {
    const place = await at({ script: 'resume' });
    let run: string | undefined;
    const finished = new Set<string>();
    for (const [name, moment] of Object.entries(moments)) {
      const control = new AbortController();
      const how = { ...moment(() => control.abort()), signal: control.signal };
      const from = place.calls().length;
      const played: Played = await (run === undefined ? place.run('Better words', how) : place.resume(run, how));
      ({ run } = played);
      assert.equal(played.outcome, 'stopped', `${name}: ${story(played)}`);
      assert.equal(played.records.at(-1)?.event.type, 'run.ended', name);
      assert.match(played.hint ?? '', /`orchestra resume`/, name);
      if (process.platform === 'linux') await assertNoneOutlives(place.script);
      const repeated = place
        .calls()
        .slice(from)
        .filter((c) => finished.has(c));
      assert.deepEqual(repeated, [], name);
      for (const e of eventsOf(played, 'call.ended')) if (e.ok) finished.add(e.call);
    }
    const from = place.calls().length;
    const played = await place.resume(run ?? '');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(place.calls().slice(from), []);
    // What the stopped attempt left in the workspace is in nobody's change.
    assert.doesNotMatch((await place.read('README.md')) ?? '', /half of/);
    assert.equal(played.state.ledger?.balanced, true);
  });

  it('is resumed by one process at a time, and stopped from another one through its inbox', async (at) => {
    const place = await at({ script: 'resume', team: { stops: { team: 'never', plan: 'never' } } });
    const control = new AbortController();
    const { run } = await place.run('Better words', {
      signal: control.signal,
      onRecord: ({ event }) => void (event.type === 'run.created' && control.abort()),
    });
    // Whoever wins comes to the call that hangs, and stays there.
    const two = [resumeElsewhere(place, run), resumeElsewhere(place, run)];
    const loser = await Promise.race(two);
    assert.equal(loser.code, 1);
    assert.match(loser.stderr, /run-owned/);
    const project = await place.project();
    await assert.rejects(place.resume(run), { code: 'run-owned' });
    // It is called running from the record that it is gone on with, a moment after it is held.
    const states = async (): Promise<string[]> => (await project.runs()).map((r) => r.state);
    while ((await states()).join() !== 'running') await delay(50);
    while (!place.calls().includes('analysis/doubter')) await delay(50);
    await project.requestStop(run);
    const winner = (await Promise.all(two)).find((one) => one !== loser);
    assert.equal(winner?.code, 0, winner?.stderr);
    assert.match(winner?.stdout ?? '', /"end":"stopped","reason":"Stopped by test\."/);
    assert.deepEqual(await states(), ['stopped']);
  });
});

async function resumeElsewhere(
  place: Place,
  run: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const drive = await bundled('test/harness/drive.ts');
  const child = spawn(process.execPath, [drive, place.root, place.teamFile, 'resume', run], {
    env: place.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => (out.stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (out.stderr += text.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...out })));
}

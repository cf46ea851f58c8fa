import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { withoutSecrets } from '../../../src/core/run/clean.ts';
import { canonical, lanes, openRun, type Run, type RunHandle } from '../../../src/core/run/engine.ts';
import { runEventSchema } from '../../../src/core/run/events.ts';
import { RunStopped } from '../../../src/core/run/stopped.ts';
import { newLife } from '../ports/crash.ts';
import { memoryJournal } from '../ports/journal.ts';
import { created, resumed } from '../ports/records.ts';
import { testTeam } from '../ports/team.ts';
import { newWorld, portsOf, type World } from '../ports/world.ts';

const world = (): World => newWorld({ team: testTeam(), project: {}, script: () => ({}) });

/** A run over the journal as it is, as its first or next owner. */
async function owner(w: World, signal = new AbortController().signal): Promise<RunHandle> {
  const life = newLife();
  const epoch = (w.journal.at(-1)?.epoch ?? 0) + 1;
  const ports = portsOf(w, life, memoryJournal(w.journal, { clock: w.clock, life, epoch }));
  const handle = openRun({ run: 'r1', team: w.team, teamName: 'default' }, ports, signal);
  await handle.begin(epoch === 1 ? (created() as never) : (resumed() as never));
  return handle;
}

const phaseStep = (run: Run, key: string, work: () => unknown = () => {}, inputs: unknown = null) =>
  run.step(key, 'phase.started', inputs, async () => {
    await work();
    return { phase: 'analysis' as const };
  });

describe('a step', () => {
  it('is done once, and gives its journaled result to every owner after', async () => {
    const w = world();
    let done = 0;
    const first = await owner(w);
    const given = await phaseStep(first.run, 'a', () => (done += 1));
    assert.deepEqual(await phaseStep(first.run, 'a', () => (done += 1)), given);
    const second = await owner(w);
    assert.ok(second.run.finished('a'));
    assert.deepEqual(await phaseStep(second.run, 'a', () => (done += 1)), given);
    assert.equal(done, 1);
    const ends = w.journal.filter((r) => r.ends !== undefined);
    assert.deepEqual(
      ends.map((r) => r.step),
      ['a'],
    );
  });

  it('keeps its result when its inputs differ later, and says so once', async () => {
    const w = world();
    await phaseStep((await owner(w)).run, 'a', undefined, { x: 1, y: [2, { b: 1, a: 2 }] });
    const same = await owner(w);
    await phaseStep(same.run, 'a', assert.fail, { y: [2, { a: 2, b: 1 }], x: 1 });
    assert.equal(w.journal.filter((r) => r.event.type === 'note').length, 0);
    for (let n = 0; n < 3; n++) await phaseStep((await owner(w)).run, 'a', assert.fail, { x: 2 });
    assert.equal(w.journal.filter((r) => r.event.type === 'note').length, 1);
  });

  it('is not done when it throws, and what it said on the way stands', async () => {
    const w = world();
    const { run } = await owner(w);
    const work = run.step('a', 'phase.ended', null, async (emit) => {
      await emit({ type: 'note', level: 'info', text: 'half' });
      throw new Error('no');
    });
    await assert.rejects(work, /no/);
    assert.ok(!run.finished('a'));
    assert.deepEqual(w.journal.at(-1)?.step, 'a');
    assert.equal(w.journal.at(-1)?.ends, undefined);
    // It can be tried again at once: nothing of it is left under way.
    await phaseStep(run, 'a');
  });

  it('cannot be under way twice, and does not begin in a run that ends', async () => {
    const control = new AbortController();
    const { run } = await owner(world(), control.signal);
    const wait = Promise.withResolvers<void>();
    const one = phaseStep(run, 'a', () => wait.promise);
    await assert.rejects(phaseStep(run, 'a'), /under way twice/);
    control.abort();
    await assert.rejects(phaseStep(run, 'b', assert.fail), { name: 'AbortError' });
    // What was under way is still written down when it comes to its end.
    wait.resolve();
    await one;
    assert.ok(run.finished('a'));
  });

  it('that failed is done anew while its phase is not over, and not after', async () => {
    const w = world();
    const call = async (run: Run, ok: boolean) =>
      run.step('analysis/critic', 'call.ended', null, async () => ({
        call: 'analysis/critic',
        role: 'critic',
        phase: 'analysis' as const,
        kind: 'findings',
        ok,
        usage: {},
        estimated: false,
        ms: 1,
        scripted: true,
      }));
    assert.equal((await call((await owner(w)).run, false)).ok, false);
    const second = (await owner(w)).run;
    assert.ok(!second.finished('analysis/critic'));
    assert.equal((await call(second, false)).ok, false);
    await second.step('analysis#end', 'phase.ended', null, async () => ({ phase: 'analysis' as const, summary: '' }));
    const third = (await owner(w)).run;
    assert.ok(third.finished('analysis/critic'));
    assert.equal((await call(third, true)).ok, false);
  });
});

describe('a run', () => {
  it('that was never begun cannot be resumed', async () => {
    const w = world();
    const life = newLife();
    const ports = portsOf(w, life, memoryJournal(w.journal, { clock: w.clock, life, epoch: 1 }));
    const handle = openRun({ run: 'r1', team: w.team, teamName: 'default' }, ports, new AbortController().signal);
    await assert.rejects(handle.begin(resumed() as never), { code: 'not-begun' });
    assert.deepEqual(w.journal, []);
  });
});

describe('lanes', () => {
  it('run side by side and are joined in declared order', async () => {
    const { clock } = world();
    const order: number[] = [];
    const lane = (ms: number, n: number) => async () => {
      await clock.sleep(ms);
      order.push(n);
      return n;
    };
    assert.deepEqual(await clock.play(lanes([lane(30, 0), lane(10, 1), lane(20, 2)])), [0, 1, 2]);
    assert.deepEqual(order, [1, 2, 0]);
  });

  it('end together: a stop lets the others come to their end, and says more than the aborts that it causes', async () => {
    const { clock } = world();
    let ended = false;
    const abort = new DOMException('x', 'AbortError');
    const work = lanes([
      async () => {
        throw abort;
      },
      async () => {
        throw new RunStopped('spent', 'first');
      },
      async () => {
        await clock.sleep(50);
        ended = true;
        throw new RunStopped('failed', 'second');
      },
    ]);
    await assert.rejects(clock.play(work), { message: 'first' });
    assert.ok(ended);
    await assert.rejects(lanes([async () => Promise.reject(abort)]), { name: 'AbortError' });
  });
});

describe('the inbox', () => {
  it('is journaled once, by id, without secrets', async () => {
    const w = world();
    const word = { id: 'i1', kind: 'say' as const, text: 'use hunter2-secret', from: 'bo' };
    assert.equal(await (await owner(w)).received(word), true);
    const next = await owner(w);
    assert.equal(await next.received(word), false);
    assert.equal(await next.received({ ...word, id: 'i2' }), true);
    const said = w.journal.flatMap((r) => (r.event.type === 'inbox.received' ? [r.event.text] : []));
    assert.deepEqual(said, ['use [redacted]', 'use [redacted]']);
  });
});

describe('the clock of a run', () => {
  it('ends it when the minutes are spent, and leaves no timer', async () => {
    const w = world();
    const handle = await owner(w);
    w.clock.advance(44 * 60_000);
    assert.ok(!handle.run.signal.aborted);
    w.clock.advance(60_000);
    assert.ok(handle.run.signal.reason instanceof RunStopped);
    assert.equal(handle.run.signal.reason.outcome, 'spent');
    handle.close();
    assert.equal(w.clock.pending(), 0);
  });

  it('stands still while anybody waits for the person', async () => {
    const w = world();
    const handle = await owner(w);
    const [one, two] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const waits = [one, two].map((p) => handle.run.pauseClock(() => p.promise));
    w.clock.advance(1000 * 60_000);
    one.resolve();
    await waits[0];
    w.clock.advance(1000 * 60_000);
    assert.ok(!handle.run.signal.aborted);
    two.resolve();
    await waits[1];
    w.clock.advance(45 * 60_000);
    assert.ok(handle.run.signal.aborted);
  });

  it('goes on in the next owner with what is left', async () => {
    const w = world();
    const first = await owner(w);
    w.clock.advance(30 * 60_000);
    await first.end({ outcome: 'stopped' });
    first.close();
    w.clock.advance(500 * 60_000);
    const second = await owner(w);
    w.clock.advance(14 * 60_000);
    assert.ok(!second.run.signal.aborted);
    w.clock.advance(60_000);
    assert.ok(second.run.signal.aborted);
  });
});

describe('inputs', () => {
  it('have one text whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.object(), (value) => {
        const turned = JSON.parse(JSON.stringify(value), (_k, v: unknown) =>
          v !== null && typeof v === 'object' && !Array.isArray(v)
            ? Object.fromEntries(Object.entries(v).toReversed())
            : v,
        ) as unknown;
        assert.equal(canonical(turned), canonical(JSON.parse(JSON.stringify(value))));
      }),
    );
    assert.notEqual(canonical([1, 2]), canonical([2, 1]));
    assert.equal(canonical(undefined), 'undefined');
    assert.equal(createHash('sha256').update(canonical(null)).digest('hex').length, 64);
  });
});

describe('what is written down', () => {
  it('has no secrets in its words, and keeps its names', () => {
    const redact = (text: string): string => text.replaceAll('hunter2', '[redacted]');
    const event = {
      type: 'findings.held' as const,
      role: 'hunter2',
      summary: 'It is hunter2!',
      findings: [
        {
          id: 'hunter2.1',
          role: 'hunter2',
          model: 'm1',
          check: 'refuted' as const,
          problem: 'No hunter2.',
          claim: 'hunter2',
          detail: '',
          severity: 'low' as const,
          evidence: [{ kind: 'file' as const, path: 'src/hunter2.ts', quote: 'x hunter2 y' }],
        },
      ],
    };
    const clean = withoutSecrets(event, redact);
    assert.deepEqual(runEventSchema.parse(clean), clean);
    assert.deepEqual(clean, {
      ...event,
      summary: 'It is [redacte',
      findings: [
        {
          ...event.findings[0],
          problem: 'No [redacte',
          claim: '[redact',
          evidence: [{ kind: 'file', path: 'src/hunter2.ts', quote: 'x [redacted' }],
        },
      ],
    });
  });

  it('is what the step gives at once, and again on resume', async () => {
    const w = world();
    const work = async (run: Run) =>
      run.step('a', 'phase.ended', null, async () => ({ phase: 'analysis' as const, summary: 'hunter2-secret' }));
    const first = await work((await owner(w)).run);
    assert.deepEqual(await work((await owner(w)).run), first);
  });
});

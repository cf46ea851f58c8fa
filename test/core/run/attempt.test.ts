import assert from 'node:assert/strict';
import type { Failure } from '../../../src/core/ask.ts';
import { RouteError } from '../../../src/core/ports.ts';
import { fold } from '../../../src/core/run/fold.ts';
import { type Bench, bench, cast, good, stopped } from '../ports/bench.ts';
import type { Reply } from '../ports/models.ts';

describe('silence', () => {
  it('is what the port says of a model that hangs', async () => {
    const b = await bench((asked) => (asked.route.server === 's1' ? { hang: true } : good));
    const start = b.world.clock.now();
    assert.ok((await b.ask()).ok);
    assert.equal(b.events('call.failed')[0]?.failure.kind, 'silence');
    assert.equal(Math.round((b.world.clock.now() - start) / 1000), 300);
  });

  it('is also an attempt without end, but not the time in which the person thinks', async () => {
    const b = await bench((asked) => (asked.route.server === 's1' ? { ...good, delay: 31 * 60_000 } : good), {
      budget: { minutes: 500 },
    });
    assert.ok((await b.ask()).ok);
    assert.match(b.events('call.failed')[0]?.failure.message ?? '', /No end after 30 minutes/);

    const c = await bench(() => ({
      ...good,
      permission: { kind: 'command', title: 't', detail: 'make' },
      delay: 20 * 60_000,
    }));
    c.world.person = { permit: async (_r, signal) => (await c.world.clock.sleep(600 * 60_000, signal), 'once') };
    const result = await c.ask();
    assert.ok(result.ok && result.event.server === 's1');
    assert.equal(fold(c.world.journal).activeMs, 20 * 60_000);
  });
});

describe('the end of a run', () => {
  it('cancels the call, tries no other way, and counts what it took', async () => {
    for (const late of [false, true]) {
      const control = new AbortController();
      const b: Bench = await bench(
        // A server that is ended may break instead of saying that it was cancelled.
        async () => {
          b.world.clock.sleep(5).then(
            () => control.abort(),
            () => {},
          );
          if (late) {
            await b.world.clock.sleep(10);
            throw new RouteError({ kind: 'crash', message: 'The server died.' });
          }
          return { ...good, delay: 60_000 };
        },
        { signal: control.signal },
      );
      await assert.rejects(b.ask(), { name: 'AbortError' });
      assert.equal(b.world.asked.length, 1);
      const [failed] = b.events('call.failed');
      assert.equal(failed?.failure.kind, 'cancelled');
      assert.ok((failed.usage?.inputTokens ?? 0) > 0 && failed.estimated);
      assert.equal(b.events('call.ended').length, 0, 'it is asked again on resume');
      b.handle.close();
      assert.equal(b.world.clock.pending(), 0);
    }
  });

  it('ends the questions of the call, and writes that down', async () => {
    const b = await bench((asked, permit) => {
      void permit({ kind: 'command', title: 't', detail: 'make' }).catch(() => {});
      return asked.route.server === 's1'
        ? { failure: { kind: 'crash', message: 'It died while it waited.' }, delay: 5 }
        : good;
    });
    b.world.person = {
      permit: (_r, signal) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    };
    assert.ok((await b.ask()).ok);
    assert.deepEqual(
      b.events('permission.answered').map((e) => [e.answer, e.by]),
      [
        ['no', 'the call was over'],
        ['no', 'the call was over'],
      ],
    );
    assert.deepEqual(fold(b.world.journal).permissions, []);
    const order = b.world.journal.map((r) => r.event.type);
    assert.ok(order.lastIndexOf('permission.answered') < order.indexOf('call.ended'));
  });
});

describe('permissions', () => {
  it('are asked once with the role and the whole command, and "for this run" holds for that command', async () => {
    const b = await bench(() => ({ ...good, permission: { kind: 'command', title: 't', detail: 'make all' } }));
    const asks: string[] = [];
    b.world.person = { permit: async (r) => (asks.push(`${r.role}: ${r.detail}`), 'run') };
    await b.ask();
    await b.ask({ key: 'k2' });
    assert.deepEqual(asks, ['Reviewer: make all']);
    assert.deepEqual(fold(b.world.journal).allowed, ['make all']);
  });

  it('are not given when nobody is there, or nobody could be asked', async () => {
    const answers: string[] = [];
    const b = await bench(async (_asked, permit) => {
      answers.push(await permit({ kind: 'command', title: 't', detail: 'make' }));
      answers.push(await permit({ kind: 'edit', title: 't', detail: '+x' }));
      answers.push(await permit({ kind: 'command', title: 't', detail: 'ls' }));
      return good;
    });
    b.world.person = { permit: async () => 'nobody' };
    await b.ask();
    b.world.person = { permit: async () => Promise.reject(new Error('the terminal is gone')) };
    await b.ask({ key: 'k2' });
    assert.deepEqual(answers, ['no', 'no', 'once', 'no', 'no', 'once']);
    assert.deepEqual(
      b.events('permission.answered').map((e) => e.by),
      ['nobody there to ask', 'nobody there to ask'],
    );
    assert.match(b.world.log.join(), /terminal is gone/);
  });
});

describe('the budget of calls', () => {
  it('cancels an answer that goes past what it holds, and counts it', async () => {
    const text = 'x'.repeat(30_000);
    const b = await bench(
      () => ({
        ...good,
        stream: [
          { kind: 'thought', text },
          { kind: 'text', text },
        ],
        delay: 60_000,
      }),
      { budget: { tokens: 8000 } },
    );
    await assert.rejects(b.ask(), stopped('spent', /past what the budget holds/));
    const { spent } = fold(b.world.journal);
    assert.equal(spent.tokens, 3 + 7500);
    assert.ok(spent.estimated);
    assert.equal(b.world.asked.length, 1);
    assert.equal(b.events('call.failed')[0]?.failure.kind, 'budget');
    assert.equal(b.world.asked[0]?.input.maxOutputTokens, 5000);
  });

  it('lets it go on while it holds more, and sets no ceiling where it has none', async () => {
    const text = 'x'.repeat(50_000);
    const b = await bench(() => ({ ...good, stream: [{ kind: 'text', text }] }), { budget: { tokens: 100_000 } });
    assert.ok((await b.ask()).ok);
    const free = await bench(() => ({ ...good, stream: [{ kind: 'text', text }] }));
    assert.ok((await free.ask()).ok);
    assert.equal(free.world.asked[0]?.input.maxOutputTokens, undefined);
    assert.equal(free.world.transcripts.get('implementation/x/r0/reviewer#1'), text);
  });

  it('counts failed attempts: what they reported, else an estimate where a model may have seen the prompt', async () => {
    const cost = async (reply: Reply): Promise<{ tokens: number; usd: number; estimated: boolean; calls: number }> => {
      const b = await bench(() => reply);
      await b.ask({ cast: cast('b'), prompt: async () => 'x'.repeat(4000) });
      return fold(b.world.journal).spent;
    };
    const failure = (kind: Failure['kind']): Failure => ({ kind, message: 'x' });
    assert.deepEqual(await cost({ failure: failure('error'), failureUsage: { inputTokens: 7, outputTokens: 1 } }), {
      calls: 1,
      tokens: 8,
      usd: 0.000017,
      estimated: false,
    });
    assert.deepEqual(await cost({ failure: failure('error') }), {
      calls: 1,
      tokens: 1000,
      usd: 0.001,
      estimated: true,
    });
    assert.deepEqual(await cost({ hang: true }), { calls: 1, tokens: 1000, usd: 0.001, estimated: true });
    for (const kind of ['not-installed', 'rate-limit', 'no-model', 'crash'] as const)
      assert.deepEqual(await cost({ failure: failure(kind) }), { calls: 1, tokens: 0, usd: 0, estimated: false }, kind);
    const heard = await cost({ failure: failure('crash'), stream: [{ kind: 'text', text: 'x'.repeat(400) }] });
    assert.deepEqual(heard.tokens, 1100);
  });

  it('is not overrun by lanes that start at once, wherever their records are on the way', async () => {
    const lanes = Array.from({ length: 12 }, (_, n) => n);
    for (const calls of [1, 5, 11, 12]) {
      const b = await bench(() => ({ ...good, delay: 10 }), { budget: { calls }, flushMs: 3 });
      const ended = await Promise.allSettled(lanes.map((n) => b.ask({ key: `k${n}` })));
      assert.equal(b.world.asked.length, calls);
      const reasons = ended.flatMap((e) => (e.status === 'rejected' ? [e.reason as unknown] : []));
      assert.equal(reasons.length, 12 - calls);
      assert.ok(reasons.every(stopped('spent', new RegExp(`All ${calls} calls`))));
      assert.equal(fold(b.world.journal).spent.calls, calls);
    }
  });

  it('lets the last call start when the one before it was just written down', async () => {
    const b = await bench((asked) => ({ ...good, delay: asked.input.call.key === 'k0' ? 1 : 40 }), {
      budget: { calls: 13 },
    });
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        b.ask({ key: `k${n}` }).then(() => (n === 0 ? b.ask({ key: 'again' }) : undefined)),
      ),
    );
    assert.equal(b.world.asked.length, 13);
  });
});

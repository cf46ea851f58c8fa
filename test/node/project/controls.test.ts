import assert from 'node:assert/strict';
import { eventsOf, scenarios, story } from './place.ts';
import type { CallControl } from '../../../src/core/run/control.ts';

describe('calls under way, from another terminal', function () {
  const it = scenarios();

  it('one is moved on, one is stopped, one is tried again; what each was asked can be read', async (at) => {
    const place = await at({
      script: 'controls',
      servers: ['one', 'two'],
      team: {
        models: {
          beta: {
            routes: [
              { server: 'two', ids: ['beta-1'] },
              { server: 'one', ids: ['beta-1'] },
            ],
          },
        },
        limits: { silenceSeconds: 60 },
      },
    });
    const words: Record<string, CallControl['kind']> = {
      'analysis/doubter': 'move',
      'analysis/scout': 'stop',
      'implementation/writer/r0': 'retry',
    };
    const other = await place.project();
    const said: Promise<void>[] = [];
    const played = await place.run('Better words', {
      onRecord({ event }, run) {
        if (event.type !== 'call.started' || event.attempt > 1) return;
        const kind = words[event.call];
        if (kind) said.push(other.control(run, { kind, call: event.call }));
      },
    });
    await Promise.all(said);
    assert.equal(played.outcome, 'applied', story(played));
    const ways = Object.keys(words).map((call) =>
      eventsOf(played, 'call.failed').flatMap((e) =>
        e.call === call ? [[e.failure.message, e.server, e.next?.server]] : [],
      ),
    );
    assert.deepEqual(ways, [
      [['test moved it on.', 'two', 'one']],
      [['test stopped it.', 'one', undefined]],
      [['test had it tried again.', 'one', 'one']],
    ]);
    assert.deepEqual(
      eventsOf(played, 'inbox.received').map((e) => [e.kind, e.from]),
      [1, 2, 3].map(() => ['control', 'test']),
    );
    assert.match(played.state.missing.find((m) => m.role === 'scout')?.why ?? '', /test stopped it/);
    const started = place.calls();
    for (const call of Object.keys(words))
      assert.equal(started.filter((c) => c === call).length, words[call] === 'stop' ? 1 : 2, call);
    assert.match((await other.prompt(played.run, 'analysis/doubter', 1)) ?? '', /^You are Doubter[^]*Better words/);
    assert.equal(await other.prompt(played.run, 'analysis/doubter', 9), undefined);
    await assert.rejects(other.control(played.run, { kind: 'leave', server: 'one', agent: 'nobody' }), {
      code: 'unknown-route',
      hint: /^There are: .*, one, two\.$/,
    });
    await other.control(played.run, { kind: 'leave', server: 'two' });
    // Prompts are no part of the journal.
    assert.ok(!JSON.stringify(played.records).includes('You are Doubter'));
  });
});

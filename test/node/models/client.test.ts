import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AskPermission } from '../../../src/core/ask.ts';
import { isAbort } from '../../../src/core/errors.ts';
import { serverSchema } from '../../../src/core/team/file.ts';
import {
  ask,
  command,
  failureOf,
  foreignMain,
  hooks,
  input,
  lives,
  makeStand,
  mostAtOnce,
  route,
  textHeard,
  until,
} from './stand.ts';
import type { Stand } from './stand.ts';

const hello = { default: { steps: [{ say: 'Hello.' }] } };
const slowly = (ms: number): object => ({ default: { steps: [{ wait: ms }, { say: 'Done.' }] } });

describe('models over stdio', () => {
  let stand: Stand;
  beforeEach(async () => (stand = await makeStand()));
  afterEach(() => stand.end());

  it('streams the answer before the result, and says that it is scripted', async () => {
    const script = {
      parts: [
        {
          pace: { chunk: 10, delay: 60 },
          steps: [
            { think: 'Hm.' },
            { tool: 'Read a.ts' },
            { say: 'One two three four five six seven eight.' },
            { usage: { inputTokens: 7, outputTokens: 3 } },
          ],
        },
      ],
    };
    const models = stand.open({ a: await stand.scripted('a', script) });
    const heard = hooks();
    const times: number[] = [];
    const onProgress: typeof heard.hooks.onProgress = (progress) => {
      times.push(Date.now());
      heard.hooks.onProgress(progress);
    };
    const output = await models.ask(route('a'), input('analysis/critic'), { ...heard.hooks, onProgress });
    const end = Date.now();
    assert.equal(output.text, 'One two three four five six seven eight.');
    assert.equal(output.scripted, true);
    assert.equal(output.model, 'm-1');
    assert.deepEqual(output.usage, { inputTokens: 7, outputTokens: 3 });
    assert.equal(textHeard(heard.progress), output.text);
    assert.deepEqual(heard.progress.slice(0, 2), [
      { kind: 'thought', text: 'Hm.' },
      { kind: 'tool', title: 'Read a.ts' },
    ]);
    assert.ok(heard.progress.filter(({ kind }) => kind === 'text').length >= 3, 'it came in pieces');
    assert.ok(end - (times[0] as number) >= 100, 'the first piece came long before the result');
  });

  it('hears the last piece even when it comes with the result', async () => {
    const models = stand.open({
      a: await stand.scripted('a', {
        default: { pace: { chunk: 1 }, steps: [{ say: 'a b c d e f g h i j k l m n o p' }] },
      }),
    });
    for (let n = 0; n < 20; n++) {
      const heard = hooks();
      const { text } = await models.ask(route('a'), input(`k/${n}`), heard.hooks);
      assert.equal(textHeard(heard.progress), text);
      const told = heard.progress.length;
      await new Promise((done) => setImmediate(done));
      assert.equal(heard.progress.length, told, 'nothing comes after the result');
    }
  });

  it('runs calls of one server at the same time, in one process', async () => {
    const models = stand.open({ a: await stand.scripted('a', slowly(400)) });
    await ask(models, 'a', 'warm');
    const begin = Date.now();
    await Promise.all(Array.from({ length: 6 }, (_, n) => ask(models, 'a', `k/${n}`)));
    assert.ok(Date.now() - begin < 6 * 400, 'they did not wait for each other');
    const counts = stand.counts('a');
    assert.equal(mostAtOnce(counts), 6);
    assert.equal(new Set(counts.map(({ pid }) => pid)).size, 1);
  });

  it('holds the limit of a route, and waiting for it is not silence', async () => {
    const models = stand.open({ a: await stand.scripted('a', slowly(500)) });
    const narrow = route('a', { parallel: 2 });
    await Promise.all(
      Array.from({ length: 6 }, (_, n) => models.ask(narrow, input(`k/${n}`), hooks({ silenceMs: 1400 }).hooks)),
    );
    assert.equal(mostAtOnce(stand.counts('a')), 2);
  });

  it('shares the narrowest limit between routes over the same way, and none between agents', async () => {
    const models = stand.open({ a: await stand.scripted('a', slowly(300)) });
    const all = [1, 8, 8].map((parallel, n) => models.ask(route('a', { parallel }), input(`k/${n}`), hooks().hooks));
    await Promise.all(all);
    assert.equal(mostAtOnce(stand.counts('a')), 1);
    await Promise.all(
      ['x', 'y'].map((agent) => models.ask(route('a', { parallel: 1, agent }), input(agent), hooks().hooks)),
    );
    assert.equal(mostAtOnce(stand.counts('a')), 2);
  });

  it('cancels at the server, which goes on for the others', async () => {
    const models = stand.open({
      a: await stand.scripted('a', {
        parts: [{ match: { key: 'stop' }, steps: [{ say: 'Well, ' }, { fault: 'hang' }] }],
        ...slowly(300),
      }),
    });
    const controller = new AbortController();
    const heard = hooks({ signal: controller.signal });
    const stopped = models.ask(route('a'), input('stop'), heard.hooks);
    const other = ask(models, 'a', 'other');
    await until(() => heard.progress.length > 0);
    controller.abort(new DOMException('enough', 'AbortError'));
    await assert.rejects(stopped, (error) => isAbort(error) && (error as Error).message === 'enough');
    assert.equal((await other).text, 'Done.');
    await until(() => stand.counts('a').some(({ event }) => event === 'cancelled'));
    const counts = stand.counts('a');
    assert.deepEqual(
      counts.filter(({ event }) => event === 'cancelled').map(({ key }) => key),
      ['stop'],
    );
    assert.equal((await ask(models, 'a', 'after')).text, 'Done.');
    assert.equal(new Set(stand.counts('a').map(({ pid }) => pid)).size, 1, 'the server was not restarted');
  });

  it('does not start what was cancelled while it waited', async () => {
    const models = stand.open({ a: await stand.scripted('a', slowly(500)) });
    const narrow = route('a', { parallel: 1 });
    const first = models.ask(narrow, input('first'), hooks().hooks);
    const controller = new AbortController();
    const second = models.ask(narrow, input('second'), hooks({ signal: controller.signal }).hooks);
    controller.abort();
    await assert.rejects(second, isAbort);
    await first;
    assert.deepEqual([...new Set(stand.counts('a').map(({ key }) => key))], ['first']);
  });

  it('brings every permission to its own call, and its answer back', async () => {
    const steps = [
      {
        permission: { kind: 'command', title: 'Run {{key}}', detail: 'npm test' },
        onGranted: [{ say: 'granted' }],
        onRefused: [{ say: 'refused' }],
      },
    ];
    const models = stand.open({ a: await stand.scripted('a', { default: { steps } }) });
    const answers = { one: 'once', two: 'run', three: 'no' } as const;
    const asked: Record<string, AskPermission[]> = { one: [], two: [], three: [] };
    // All three are asked before the first is answered.
    const allAsked = async (): Promise<void> => until(() => Object.values(asked).every(({ length }) => length === 1));
    const outputs = await Promise.all(
      (Object.keys(answers) as (keyof typeof answers)[]).map((key) =>
        models.ask(route('a'), input(key), {
          ...hooks({ silenceMs: 2000 }).hooks,
          async permit(request) {
            asked[key]?.push(request);
            await allAsked();
            return answers[key];
          },
        }),
      ),
    );
    assert.deepEqual(asked['two'], [{ kind: 'command', title: 'Run two', detail: 'npm test' }]);
    assert.deepEqual(
      outputs.map(({ text }) => text),
      ['granted', 'granted', 'refused'],
    );
    assert.deepEqual(
      outputs.map(({ refused }) => refused),
      [undefined, undefined, ['Run three']],
    );
  });

  it('does not count the person’s thinking as silence, and takes the question away when the call is cancelled', async () => {
    const steps = [{ permission: { kind: 'command', title: 'Run it', detail: 'npm test' } }, { say: 'Done.' }];
    const models = stand.open({ a: await stand.scripted('a', { default: { steps } }) });
    const slow = hooks({
      silenceMs: 400,
      permit: () => new Promise((done) => setTimeout(done, 1000, 'once' as const)),
    });
    assert.equal((await models.ask(route('a'), input('slow'), slow.hooks)).text, 'Done.');

    const controller = new AbortController();
    let asked = false;
    const never = hooks({
      signal: controller.signal,
      permit: () => {
        asked = true;
        return new Promise(() => {});
      },
    });
    const stopped = models.ask(route('a'), input('never'), never.hooks);
    await until(() => asked);
    controller.abort();
    await assert.rejects(stopped, isAbort);
    await until(() => stand.counts('a').some(({ event, key }) => event === 'cancelled' && key === 'never'));
  });

  it('an agent that ends as cancelled after a no has answered', async () => {
    const steps = [
      { say: 'I wanted to. ' },
      { permission: { kind: 'edit', title: 'Write', detail: '' }, onRefused: 'stop' },
      { say: 'never' },
    ];
    const models = stand.open({ a: await stand.scripted('a', { default: { steps } }) });
    const output = await ask(models, 'a', 'k');
    assert.equal(output.stopReason, 'cancelled');
    assert.deepEqual([output.text, output.refused], ['I wanted to. ', ['Write']]);
  });

  it('leaves no process, not even those that a server left behind', async () => {
    const models = stand.open({
      a: await stand.scripted('a', { default: { steps: [{ fault: 'hang' }] } }),
      f: command([foreignMain]),
    });
    const pending = failureOf(ask(models, 'a', 'k'));
    const waiting = failureOf(models.ask(route('a', { parallel: 1, agent: 'x' }), input('k2'), hooks().hooks));
    const { text } = await models.ask(route('f', { tool: 'forks', arguments: {} }), input('f'), hooks().hooks);
    const { pid, own } = JSON.parse(text) as { pid: number; own: number };
    await until(() => stand.counts('a').length >= 2);
    const scripted = stand.counts('a')[0]?.pid as number;
    assert.deepEqual([pid, own, scripted].map(lives), [true, true, true]);
    await models.close();
    assert.deepEqual([pid, own, scripted].map(lives), [false, false, false]);
    assert.equal((await pending).kind, 'cancelled');
    assert.equal((await waiting).kind, 'cancelled');
    assert.equal((await failureOf(ask(models, 'a', 'later'))).kind, 'cancelled');
  });

  it('closes at once while a server is still starting', async () => {
    const models = stand.open({ f: command([foreignMain], { FOREIGN_SLOW: '1' }) });
    const pending = failureOf(ask(models, 'f', 'k'));
    await new Promise((done) => setTimeout(done, 200));
    await models.close();
    assert.equal((await pending).kind, 'cancelled');
  });

  it('probes without asking anything', async () => {
    const models = stand.open({
      a: await stand.scripted('a', hello),
      none: serverSchema.parse({ command: join(stand.folder, 'no-such-program') }),
      keyless: command([foreignMain], { GIVEN_KEY: '${env:NO_SUCH_KEY_HERE}' }),
      wrong: command([foreignMain]),
      broken: await stand.scripted('broken', { parts: [{ steps: [{ sey: 'x' }] }] }),
    });
    const { signal } = new AbortController();
    const probe = (server: string): Promise<unknown> =>
      models.reach(route(server), signal).then(({ failure }) => failure);
    assert.equal(await probe('a'), undefined);
    assert.deepEqual(stand.counts('a'), []);
    assert.equal(((await probe('none')) as { kind: string }).kind, 'not-installed');
    assert.deepEqual(await probe('keyless'), {
      kind: 'not-signed-in',
      message: 'keyless needs NO_SUCH_KEY_HERE in your environment, which is not set.',
    });
    assert.deepEqual(await probe('wrong'), { kind: 'protocol', message: 'wrong has no tool `ask`.' });
    const broken = (await probe('broken')) as { kind: string; message: string };
    assert.equal(broken.kind, 'crash');
    assert.match(broken.message, /exit code 2: .*broken\.yaml:3:9: parts\.0\.steps\.0: a step is one of say,/);
    const slow = stand.open({ slow: command([foreignMain], { FOREIGN_SLOW: '1' }) }, { startMs: 1000 });
    assert.deepEqual((await slow.reach(route('slow'), signal)).failure, {
      kind: 'silence',
      message: 'slow did not start within 1 s.',
    });
    assert.equal(((await probe('nowhere')) as { kind: string }).kind, 'not-installed');
    const gone = AbortSignal.abort();
    await assert.rejects(models.reach(route('a'), gone), isAbort);
  });

  it('gives a server few of our variables, and those it names', async () => {
    const server = command([foreignMain], { GIVEN_KEY: 'k-${env:MY_KEY}', PLACE: '${root}/x' });
    const env = {
      PATH: process.env['PATH'],
      HOME: '/home/me',
      MY_KEY: 'key-of-mine',
      ANTHROPIC_API_KEY: 'sk-secret',
      NODE_OPTIONS: '--no-warnings',
      LC_ALL: 'C',
    };
    const models = stand.open({ f: server }, { env });
    const { text } = await models.ask(route('f', { tool: 'environment', arguments: {} }), input('k'), hooks().hooks);
    const seen = JSON.parse(text) as Record<string, string>;
    assert.equal(seen['GIVEN_KEY'], 'k-key-of-mine');
    assert.equal(seen['PLACE'], `${stand.folder}/x`);
    assert.equal(seen['HOME'], '/home/me');
    assert.equal(seen['LC_ALL'], 'C');
    for (const name of ['ANTHROPIC_API_KEY', 'MY_KEY', 'NODE_OPTIONS']) assert.ok(!(name in seen), name);
    const told = await failureOf(models.ask(route('f', { tool: 'tells', arguments: {} }), input('k'), hooks().hooks));
    assert.equal(told.message, 'f ended by itself with exit code 1: fatal: the key *** is not good');
    const quoted = { tool: 'fails', arguments: { message: 'Invalid API key: k-key-of-mine' } };
    const refused = await failureOf(models.ask(route('f', quoted), input('k'), hooks().hooks));
    assert.deepEqual(refused, { kind: 'not-signed-in', message: 'Invalid API key: ***' });
    assert.ok(stand.logged.every((line) => !line.includes('key-of-mine')));
  });

  it('counts go on after a restart of the server', async () => {
    const script = {
      parts: [
        { match: { key: 'k', nth: 1 }, steps: [{ say: 'first' }] },
        { match: { key: 'k', nth: 2 }, steps: [{ say: 'second' }] },
      ],
      default: { steps: [{ say: 'later' }] },
    };
    const server = await stand.scripted('a', script);
    for (const expected of ['first', 'second', 'later']) {
      const models = stand.open({ a: server });
      assert.equal((await ask(models, 'a', 'k')).text, expected);
      await models.close();
    }
    await rm(join(stand.folder, 'a.count'));
    const again = stand.open({ a: server });
    assert.equal((await ask(again, 'a', 'k')).text, 'first');
  });
});

import assert from 'node:assert/strict';
import type { Failure } from '../../../src/core/ask.ts';
import { RouteError } from '../../../src/core/ports.ts';
import type { OpenModels } from '../../../src/node/models/client.ts';
import {
  ask,
  command,
  failureOf,
  foreignMain,
  hooks,
  input,
  lives,
  makeStand,
  route,
  textHeard,
  until,
} from './stand.ts';
import type { Stand } from './stand.ts';

const mebibyte = 1024 * 1024;

/** Fault, what more it needs, and the failure that it must become. */
const table: [fault: string, more: object, kind: Failure['kind'], message: RegExp][] = [
  ['error-result', {}, 'error', /ran into an error/],
  ['rpc-error', {}, 'error', /internal error/],
  ['rate-limit', {}, 'rate-limit', /too many/],
  ['quota', {}, 'quota', /used up/],
  ['not-signed-in', {}, 'not-signed-in', /sign in/],
  ['limit-text', {}, 'quota', /answered only: You've hit your usage limit/],
  ['limit-text', { message: 'API Error: 429 rate_limit_error' }, 'rate-limit', /429/],
  ['limit-text', { message: 'The model gpt-5-codex has been retired.' }, 'no-model', /retired/],
  ['empty', {}, 'empty', /nothing/],
  ['wrong-model', { model: 'gpt-oss-20b' }, 'wrong-model', /^gpt-oss-20b answered instead of m-1/],
  ['crash', {}, 'crash', /^a ended by itself with exit code 3: scripted: crash on request$/],
  ['crash', { code: 0, message: 'bye' }, 'crash', /exit code 0: bye/],
  ['hang', {}, 'silence', /said nothing for 0.7 s/],
  ['frozen', {}, 'silence', /said nothing/],
  ['garbage', {}, 'protocol', /does not speak MCP/],
  ['huge', {}, 'too-large', /100 MiB/],
  ['huge', { size: 1_500_000 }, 'too-large', /longer than 1000000 bytes/],
  ['huge-line', {}, 'too-large', /100 MiB/],
];

/** Asks over the healthy server all the while, and returns how the memory grew. */
async function watched(models: OpenModels, work: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss;
  let peak = before;
  const timer = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage().rss);
  }, 5);
  const other = ask(models, 'b', 'other');
  try {
    await work();
    assert.equal((await other).text, 'Well. Well. Well. Well. Well. ');
  } finally {
    clearInterval(timer);
  }
  return peak - before;
}

describe('every fault of a server has its name', () => {
  let stand: Stand;
  let models: OpenModels;
  before(async () => {
    stand = await makeStand();
    const parts = table.map(([fault, more], n) => ({
      match: { key: `row/${n}` },
      times: 1,
      steps: [{ say: 'So far. ' }, { usage: { outputTokens: 3 } }, { fault, ...more }, { say: 'On.' }],
    }));
    const calm = { default: { steps: Array.from({ length: 5 }, () => [{ wait: 100 }, { say: 'Well. ' }]).flat() } };
    const servers = {
      a: await stand.scripted('a', { parts, default: { steps: [{ say: 'Fine.' }] } }),
      b: await stand.scripted('b', calm),
    };
    models = stand.open(servers, { pingMs: 1500 });
    await Promise.all([ask(models, 'a', 'warm'), ask(models, 'b', 'warm')]);
  });
  after(() => stand.end());

  for (const [n, [fault, more, kind, message]] of table.entries()) {
    it(`${fault} ${JSON.stringify(more)} is ${kind}; the next call works, other servers go on`, async () => {
      const grown = await watched(models, async () => {
        const heard = hooks({ silenceMs: kind === 'silence' ? 700 : 15_000 });
        const error: unknown = await models.ask(route('a'), input(`row/${n}`), heard.hooks).then(
          () => assert.fail('it answered'),
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof RouteError, String(error));
        assert.equal(error.failure.kind, kind);
        assert.match(error.failure.message, message);
        assert.ok(error.failure.message.length <= 700);
        assert.deepEqual(error.usage, { outputTokens: 3 }, 'what it cost is known');
        assert.ok(textHeard(heard.progress).startsWith('So far. '), 'what came before was heard');
        assert.equal((await ask(models, 'a', `row/${n}`)).text, 'Fine.');
      });
      assert.ok(grown < 150 * mebibyte, `the memory grew by ${Math.round(grown / mebibyte)} MiB`);
    });
  }

  it('the healthy server was never restarted', () => {
    assert.equal(new Set(stand.counts('b').map(({ pid }) => pid)).size, 1);
  });
});

describe('faults of a server', () => {
  let stand: Stand;
  beforeEach(async () => (stand = await makeStand()));
  afterEach(() => stand.end());

  it('a limit says when it ends', async () => {
    const steps = [{ fault: 'rate-limit', resetsAt: '2026-11-22T10:00:00+01:00' }];
    const models = stand.open({ a: await stand.scripted('a', { default: { steps } }) });
    assert.equal((await failureOf(ask(models, 'a', 'k'))).resetsAt, '2026-11-22T09:00:00.000Z');
  });

  it('a few stray lines, a slow answer and an answer in the wrong shape are answers', async () => {
    const part = (fault: object): object => ({ steps: [fault, { say: 'One two three' }, { answer: { a: 1 } }] });
    const script = {
      parts: [
        { match: { key: 'noise' }, ...part({ fault: 'noise' }) },
        { match: { key: 'slow' }, pace: { chunk: 8 }, ...part({ fault: 'slow', ms: 150 }) },
        { match: { key: 'bad' }, times: 1, ...part({ fault: 'bad-answer' }) },
        { ...part({ wait: 0 }) },
      ],
    };
    const models = stand.open({ a: await stand.scripted('a', script) });
    const good = 'One two three\n```json\n{\n  "a": 1\n}\n```\n';
    assert.equal((await ask(models, 'a', 'noise')).text, good);
    assert.equal((await ask(models, 'a', 'slow', { silenceMs: 600 })).text, good, 'every piece is a sign of life');
    assert.match((await ask(models, 'a', 'bad')).text, /unasked/);
    assert.equal((await ask(models, 'a', 'bad')).text, good);
  });

  it('a flood of progress is joined, and nothing of it is lost', async () => {
    const models = stand.open({
      a: await stand.scripted('a', {
        default: { steps: [{ fault: 'progress-flood', size: 40_000 }, { say: 'Done.' }] },
      }),
    });
    const heard = hooks();
    assert.equal((await models.ask(route('a'), input('k'), heard.hooks)).text, 'Done.');
    const thoughts = heard.progress.map((each) => (each.kind === 'thought' ? each.text : '')).join('');
    assert.equal(thoughts.length, 20_000);
    assert.ok(heard.progress.length < 8000, `${heard.progress.length} deliveries`);
  });

  it('an endless stream of text is cut off at the length of an answer', async () => {
    const steps = [
      { fault: 'progress-flood', size: 4 },
      { say: 'word '.repeat(100_000), chunk: 1000 },
      { fault: 'hang' },
    ];
    const models = stand.open({ a: await stand.scripted('a', { default: { steps } }) });
    const failure = await failureOf(ask(models, 'a', 'k', { answerBytes: 50_000 }));
    assert.equal(failure.kind, 'too-large');
    await until(() => stand.counts('a').some(({ event }) => event === 'cancelled'));
  });

  it('a crash fails all calls of that server, of no other, and it comes back', async () => {
    const script = {
      parts: [
        { match: { key: 'crash' }, times: 1, steps: [{ wait: 300 }, { fault: 'crash', code: 7 }] },
        { match: { key: 'hang/*' }, times: 2, steps: [{ fault: 'hang' }] },
      ],
      default: { steps: [{ say: 'Fine.' }] },
    };
    const slow = { default: { steps: [{ wait: 1000 }, { say: 'Fine, too.' }] } };
    const models = stand.open({ a: await stand.scripted('a', script), b: await stand.scripted('b', slow) });
    const other = ask(models, 'b', 'k');
    const failures = await Promise.all(['crash', 'hang/1', 'hang/2'].map((key) => failureOf(ask(models, 'a', key))));
    assert.deepEqual(
      failures.map(({ kind }) => kind),
      ['crash', 'crash', 'crash'],
    );
    for (const { message } of failures) assert.match(message, /exit code 7/);
    const answers = await Promise.all(['crash', 'hang/1', 'hang/2'].map((key) => ask(models, 'a', key)));
    assert.deepEqual(
      answers.map(({ text }) => text),
      ['Fine.', 'Fine.', 'Fine.'],
    );
    assert.equal((await other).text, 'Fine, too.');
    assert.equal(new Set(stand.counts('a').map(({ pid }) => pid)).size, 2, 'one restart for all of them');
  });

  it('a server that keeps crashing is started more and more rarely, until it answers', async () => {
    const models = stand.open({ f: command([foreignMain]) });
    const call = (tool: string) => models.ask(route('f', { tool, arguments: {} }), input('k'), hooks().hooks);
    const times: number[] = [];
    for (let n = 0; n < 4; n++) {
      const begin = Date.now();
      assert.equal((await failureOf(call('tells'))).kind, 'crash');
      times.push(Date.now() - begin);
    }
    assert.ok((times[3] as number) >= 490, `the fourth start was after ${times[3]} ms`);
    const pauses = (): string[] => stand.logged.flatMap((line) => /left alone for (\d+) ms/.exec(line)?.[1] ?? []);
    assert.deepEqual(pauses(), ['250', '500', '1000']);
    assert.match((await call('whoami')).text, /pid/);
    await failureOf(call('tells'));
    assert.deepEqual(pauses(), ['250', '500', '1000'], 'an answer is a new beginning');
  });

  it('a frozen server is ended when it does not answer a ping, a merely silent one is kept', async () => {
    const script = {
      parts: [
        { match: { key: 'frozen' }, steps: [{ fault: 'frozen' }] },
        { match: { key: 'hang' }, steps: [{ fault: 'hang' }] },
      ],
      default: { steps: [{ say: 'Fine.' }] },
    };
    const models = stand.open({ a: await stand.scripted('a', script) }, { pingMs: 1500 });
    const pids = (): Set<number> => new Set(stand.counts('a').map(({ pid }) => pid));
    assert.equal((await failureOf(ask(models, 'a', 'hang', { silenceMs: 300 }))).kind, 'silence');
    assert.equal((await ask(models, 'a', 'k')).text, 'Fine.');
    assert.equal(pids().size, 1);
    assert.equal((await failureOf(ask(models, 'a', 'frozen', { silenceMs: 300 }))).kind, 'silence');
    assert.equal((await ask(models, 'a', 'k')).text, 'Fine.');
    assert.equal(pids().size, 2);
    const [first] = pids();
    await until(() => !lives(first as number));
  });
});

describe('a foreign server', () => {
  let stand: Stand;
  let models: OpenModels;
  before(async () => {
    stand = await makeStand();
    models = stand.open({ f: command([foreignMain]) });
  });
  after(() => stand.end());

  const call = (tool: string, args: Record<string, unknown> = {}, more: Parameters<typeof hooks>[0] = {}) =>
    models.ask(
      route('f', { tool, arguments: args }),
      input('k', { prompt: 'Hello ${cwd}', cwd: '/w', session: 's-1' }),
      hooks(more).hooks,
    );
  const pid = async (): Promise<number> => (JSON.parse((await call('whoami')).text) as { pid: number }).pid;

  it('is asked by a template and answers by a mapping', async () => {
    const mapped = route('f', {
      tool: 'chat',
      arguments: { message: 'As ${model}: ${prompt}', model: '${model}', effort: '${effort}', thread: '${session}' },
      result: { text: 'replies.0.text', session: 'thread', model: 'by.model' },
    });
    const output = await models.ask(mapped, input('k', { prompt: 'Hi', session: 's-9' }), hooks().hooks);
    assert.deepEqual(output, {
      text: 'You said: As m-1: Hi',
      session: 's-9',
      model: 'm-1',
      stopReason: 'end',
      scripted: true,
    });
    const wrong = await failureOf(
      models.ask({ ...mapped, result: { text: 'replies.1.text' } }, input('k'), hooks().hooks),
    );
    assert.deepEqual(wrong, { kind: 'protocol', message: 'The result of `chat` has no text at `replies.1.text`.' });
  });

  it('gets exactly the arguments of the template', async () => {
    const { text } = await call('arguments', {
      deep: [{ text: '${prompt}', effort: '${effort}', list: ['${effort}', '${access}'] }],
      n: 1,
      other: '${nothing} ${effort}.',
    });
    assert.deepEqual(JSON.parse(text), {
      deep: [{ text: 'Hello ${cwd}', list: ['read'] }],
      n: 1,
      other: '${nothing} .',
    });
  });

  it('says its failures in its own words', async () => {
    const kind = async (tool: string, args: object = {}): Promise<Failure['kind']> =>
      (await failureOf(call(tool, { ...args }))).kind;
    assert.equal(await kind('fails', { message: 'Error: invalid API key' }), 'not-signed-in');
    assert.equal(await kind('fails', { message: 'no idea' }), 'error');
    assert.equal(await kind('refuses'), 'rate-limit');
    assert.equal(await kind('malformed'), 'protocol');
    assert.equal(await kind('unmarked'), 'empty');
    assert.equal((await call('strange')).text, 'fine');
  });

  it('has its plain progress heard as text, and nobody else’s', async () => {
    const heard = hooks();
    await models.ask(route('f', { tool: 'progress', arguments: {} }), input('k'), heard.hooks);
    assert.equal(textHeard(heard.progress), 'one two');
  });

  it('lives as long as it says anything about the call', async () => {
    assert.equal((await call('events', {}, { silenceMs: 700 })).text, 'done');
  });

  it('gets nothing out of the person but a yes to a permission of its call', async () => {
    let asked = 0;
    const permit = (): Promise<'once'> => {
      asked++;
      return Promise.resolve('once');
    };
    const ref = { run: 'r1', key: 'k', attempt: 1 };
    for (const tool of ['secrets', 'disguised', 'forged']) {
      assert.deepEqual(JSON.parse((await call(tool, { call: ref }, { permit })).text), { action: 'decline' }, tool);
    }
    assert.equal(asked, 0);
    assert.match((await call('sampling')).text, /-32601/);
  });

  it('may talk while the person thinks, and is not held to it', async () => {
    const permit = (): Promise<'once'> => new Promise((done) => setTimeout(done, 1500, 'once' as const));
    const { text } = await call('talks', { call: { run: 'r1', key: 'k', attempt: 1 } }, { permit, silenceMs: 700 });
    assert.deepEqual(JSON.parse(text), { action: 'accept', content: { answer: 'once' } });
  });

  it('may answer twice, late, or for nobody', async () => {
    assert.equal((await call('double')).text, 'first');
    const controller = new AbortController();
    const late = call('late', {}, { signal: controller.signal });
    const same = call('whoami');
    await same;
    controller.abort();
    await assert.rejects(late);
    assert.equal((await call('latin')).text, 'fine');
    assert.equal((await call('deep')).text, 'fine');
    assert.equal((await call('double')).text, 'first');
  });

  it('loses only the call whose answer is too large', async () => {
    const before = await pid();
    const slow = call('events');
    assert.equal((await failureOf(call('large'))).kind, 'too-large');
    assert.equal((await slow).text, 'done');
    assert.equal(await pid(), before);
  });

  it('may die in the middle of an answer, or close its output and live on', async () => {
    const half = await failureOf(call('half'));
    assert.deepEqual(half, { kind: 'crash', message: 'f ended by itself with exit code 0' });
    const before = await pid();
    assert.equal((await failureOf(call('closes'))).kind, 'crash');
    assert.notEqual(await pid(), before);
    await until(() => !lives(before));
  });
});

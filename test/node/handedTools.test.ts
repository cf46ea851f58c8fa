import assert from 'node:assert/strict';
import type { HandedServer } from '../../src/core/ask.ts';
import { type HandedTools, type HandedWhere, withHandedTools } from '../../src/node/handedTools.ts';
import { foreignMain, lives, until } from './models/stand.ts';
import { never, scratch } from './run/support.ts';
import { processesOf } from '../harness/files.ts';

/** Servers that know nothing of our contract and misbehave, handed on as the bus is. */

const key = 'sk-given-0123456789';

describe('tools of servers that are handed on', function () {
  const folder = scratch();
  const where = (more: Partial<HandedWhere> = {}): HandedWhere => ({
    cwd: folder(),
    env: { PATH: process.env['PATH'], HOME: folder(), OPENAI_API_KEY: key },
    taken: [],
    signal: never,
    ...more,
  });
  const foreign = (name: string, env: Record<string, string> = {}): HandedServer => ({
    name,
    command: process.execPath,
    // The folder tells whose process it is.
    args: [foreignMain, folder()],
    env,
  });
  const use = (handed: HandedTools, name: string, args: unknown = {}): Promise<string> => {
    const tool = handed.tools.find((one) => one.name === name);
    assert.ok(tool, `no tool ${name} among ${handed.tools.map((one) => one.name).join(', ')}`);
    return tool.run(args);
  };
  const nothingLeft = async (): Promise<void> => {
    if (process.platform === 'linux') assert.deepEqual(await processesOf(folder()), []);
  };

  it('come under their own names, or with the server before it where the model has another tool of that name', async () => {
    await withHandedTools([foreign('one'), foreign('two.x')], where({ taken: ['chat'] }), async (handed) => {
      const names = handed.tools.map(({ name }) => name);
      assert.equal(new Set(names).size, names.length);
      for (const name of ['one_chat', 'whoami', 'two_x_chat']) assert.ok(names.includes(name), names.join(' '));
      assert.ok(!names.includes('chat'));
      assert.ok(names.length <= 40, 'more would crowd out the prompt');
      assert.deepEqual([...handed.names.values()].flat(), names);
      const chat = handed.tools.find(({ name }) => name === 'two_x_chat');
      assert.deepEqual(chat?.schema, { type: 'object' });
      assert.equal(chat?.title({ message: 'x' }), 'two.x: chat');
      assert.equal(await use(handed, 'arguments', { a: 2 }), '{"a":2}');
      assert.equal(await use(handed, 'two_x_arguments', { a: 1 }), '{"a":1}');
      assert.deepEqual(handed.lacking(), []);
    });
    await nothingLeft();
  });

  it('see what was set for them and nothing of the keys', async () => {
    const said = await withHandedTools([foreign('one', { ORCHESTRA_X: 'y' })], where(), (handed) =>
      use(handed, 'environment'),
    );
    const env = JSON.parse(said) as Record<string, string>;
    assert.deepEqual([env['ORCHESTRA_X'], env['HOME'], 'OPENAI_API_KEY' in env], ['y', folder(), false]);
  });

  it('give texts of a bounded length, a bounded number of times, one after the other', async () => {
    const limits = { resultBytes: 100, calls: 6 };
    await withHandedTools([foreign('one')], where({ limits }), async (handed) => {
      const long = await use(handed, 'arguments', { text: 'ü'.repeat(500) });
      assert.match(long, /^\{"text":"ü{40,}\n\[… cut: ask for less\]$/);
      assert.match(await use(handed, 'large'), /^Not done: one sent a message of 29 MiB, which is too long\.$/);
      assert.equal(await use(handed, 'fails', { message: 'That is wrong.' }), 'That is wrong.');
      assert.match(await use(handed, 'refuses'), /^Not done: .*429/);
      assert.equal(await use(handed, 'chat', ['no', 'object']), 'Not done: the arguments must be an object.');
      const [first, second, third] = await Promise.all([1, 2, 3].map((n) => use(handed, 'arguments', { n })));
      assert.deepEqual([first, second], ['{"n":1}', '{"n":2}']);
      assert.match(third ?? '', /^Not done: the tools of one were used 6 times/);
    });
  });

  it('are missed where a server cannot be had, and never stop the work', async () => {
    const absent = { ...foreign('absent'), command: 'no-such-program-4711' };
    await withHandedTools([absent, foreign('there')], where(), async (handed) => {
      assert.deepEqual([...handed.names.keys()], ['there']);
      const [first, ...more] = handed.lacking();
      assert.match(first ?? '', /^MCP server absent: .*no-such-program-4711/);
      assert.deepEqual(more, []);
      assert.match(await use(handed, 'whoami'), /pid/);
    });
    const slow = foreign('slow', { FOREIGN_SLOW: '1' });
    const said = await withHandedTools([slow], where({ limits: { startMs: 1000 } }), (handed) =>
      Promise.resolve([handed.tools.length, ...handed.lacking()]),
    );
    assert.deepEqual(said, [0, 'MCP server slow: slow did not start within 1 s.']);
    await nothingLeft();
  });

  it('say so when their server dies, without its secrets, and those of others go on', async () => {
    await withHandedTools([foreign('one', { GIVEN_KEY: key }), foreign('two')], where(), async (handed) => {
      const said = await use(handed, 'tells');
      assert.match(said, /^Not done: one ended by itself with exit code 1: fatal: the key \*\*\* is not good Go on/);
      assert.match(await use(handed, 'whoami'), /^Not done: .*exit code 1.* Go on without the tools of one\.$/);
      assert.deepEqual(
        handed.lacking().map((line) => line.slice(0, 22)),
        ['MCP server one: one en'],
      );
      assert.equal(await use(handed, 'two_arguments', { a: 1 }), '{"a":1}');
    });
  });

  it('that do not answer are given up alone', async () => {
    await withHandedTools([foreign('one')], where({ limits: { callMs: 1000 } }), async (handed) => {
      assert.equal(await use(handed, 'late'), 'Not done: one did not answer within 1 s.');
      assert.deepEqual(handed.lacking(), []);
    });
  });

  it('end with the call, also one that is cancelled in the middle of a use or of a start', async () => {
    const control = new AbortController();
    let pid = 0;
    const work = withHandedTools([foreign('one')], where({ signal: control.signal }), async (handed) => {
      ({ pid } = JSON.parse(await use(handed, 'whoami')) as { pid: number });
      const late = use(handed, 'late');
      control.abort(new Error('enough'));
      return late;
    });
    await assert.rejects(work, /enough/);
    assert.equal(lives(pid), false);

    const second = new AbortController();
    const slow = foreign('slow', { FOREIGN_SLOW: '1' });
    const starting = withHandedTools([slow], where({ signal: second.signal }), () => Promise.resolve('worked'));
    const rejected = assert.rejects(starting, /enough/);
    if (process.platform === 'linux') {
      let found = 0;
      await until(() => (void processesOf(folder()).then(({ length }) => (found = length)), found > 0));
    }
    second.abort(new Error('enough'));
    await rejected;
    await nothingLeft();
  });
});

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calls, refuses, says, table, type Asked } from '../../standin/reply.ts';
import { failureOf, hooks } from '../models/stand.ts';
import { key, keysRoute, openPlace, vendors, type KeysPlace } from './place.ts';

/** A writer without files of its own: what it wants is collected, shown to it, and never written by the server. */

const results = (asked: Asked): string => asked.results.map((r) => r.text).join('\n');

const script = table([
  {
    when: 'edit it',
    replies: [
      calls([
        { name: 'replace_in_file', input: { path: 'src/a.ts', old: 'a = 1', new: 'a = 2' } },
        { name: 'write_file', input: { path: 'src/new.ts', content: 'new\n' } },
        { name: 'remove_file', input: { path: 'old.txt' } },
      ]),
      calls([
        { name: 'read_file', input: { path: 'src/a.ts' } },
        { name: 'list_files', input: {} },
      ]),
      (asked: Asked) => says(`Now: ${results(asked)}`),
    ],
  },
  {
    when: 'steal it',
    replies: [
      calls([
        { name: 'read_file', input: { path: '.env' } },
        { name: 'read_file', input: { path: '../other/x' } },
        { name: 'write_file', input: { path: '../../x', content: 'x' } },
        { name: 'write_file', input: { path: '.git/hooks/pre-commit', content: 'x' } },
      ]),
      (asked: Asked) => says(results(asked)),
    ],
  },
  {
    when: 'try to write',
    replies: [
      calls([{ name: 'write_file', input: { path: 'x', content: 'x' } }]),
      (asked: Asked) => says(`It said: ${results(asked)}`),
    ],
  },
  {
    when: 'never stop',
    replies: [
      (asked: Asked) =>
        asked.body['tool_choice'] === 'none' ? says('I end.') : calls([{ name: 'list_files', input: {} }]),
    ],
  },
  {
    when: 'again',
    replies: [calls([{ name: 'write_file', input: { path: 'b.ts', content: 'b\n' } }]), says('Twice.')],
  },
]);

describe('a writer with a key', function () {
  let place: KeysPlace;
  let cwd: string;
  const files = { 'src/a.ts': 'const a = 1;\n', 'old.txt': 'old\n', '.env': 'KEY=hunter2hunter2\n' };
  before(async function () {
    place = await openPlace(script);
  });
  beforeEach(async () => {
    cwd = await place.files(files);
  });
  after(() => place.end());

  for (const { agent } of vendors) {
    it(`of ${agent} edits by tools: seen by its later reads, in the result, not on disk`, async () => {
      const heard = hooks();
      const output = await place.ask(agent, { prompt: 'edit it', cwd, access: 'write' }, heard);
      assert.match(output.text, /const a = 2;/);
      assert.match(output.text, /src\/new\.ts/);
      assert.doesNotMatch(output.text, /old\.txt|\.env/);
      assert.deepEqual(output.edits, [
        { path: 'src/a.ts', content: 'const a = 2;\n' },
        { path: 'src/new.ts', content: 'new\n' },
        { path: 'old.txt', content: null },
      ]);
      assert.equal(await readFile(join(cwd, 'src/a.ts'), 'utf8'), files['src/a.ts']);
      assert.equal(await readFile(join(cwd, 'old.txt'), 'utf8'), files['old.txt']);
      assert.deepEqual(
        heard.progress.flatMap((p) => (p.kind === 'tool' ? [p.title] : [])),
        ['edits src/a.ts', 'writes src/new.ts', 'removes old.txt', 'reads src/a.ts', 'lists **'],
      );
    });
  }

  it('reads no secret file and nothing outside, writes nowhere else', async () => {
    const output = await place.ask('openai', { prompt: 'steal it', cwd, access: 'write' });
    assert.equal(output.edits, undefined);
    assert.equal(output.text.match(/Not done: /g)?.length, 4);
    assert.doesNotMatch(JSON.stringify(place.standin.requests.map((r) => r.body)), /hunter2/);
  });

  it('goes on with its edits when its answer is sent back, and with the folder in its next call', async () => {
    const call = { key: 'implementation/w/r0' };
    const first = await place.ask('anthropic', { prompt: 'edit it', cwd, access: 'write', call });
    const { session } = first;
    const back = await place.ask('anthropic', {
      prompt: 'again',
      cwd,
      access: 'write',
      session,
      call: { ...call, attempt: 2 },
    });
    assert.deepEqual(
      back.edits?.map((e) => e.path),
      ['src/a.ts', 'src/new.ts', 'old.txt', 'b.ts'],
    );
    const next = await place.ask('anthropic', {
      prompt: 'again',
      cwd,
      access: 'write',
      session,
      call: { key: 'implementation/w/r1' },
    });
    assert.deepEqual(
      next.edits?.map((e) => e.path),
      ['b.ts'],
    );
  });

  it('that is a reader has no tool that writes', async () => {
    const output = await place.ask('openai', { prompt: 'try to write', cwd, access: 'read' });
    assert.equal(output.edits, undefined);
    const offered = place.standin.requests.at(-1)?.tools ?? [];
    assert.deepEqual([...offered].toSorted(), ['list_files', 'read_file', 'search_files']);
  });

  it('that never comes to its answer is asked for it at last', async () => {
    const output = await place.ask('openai', { prompt: 'never stop', cwd });
    assert.equal(output.text, 'I end.');
    assert.equal(place.standin.requests.filter((r) => r.prompt.includes('never stop')).length, 40);
  });

  it('sees the list of files first, and those that the prompt names, but no secret', async () => {
    await place.ask('local', { prompt: 'again, in src/a.ts', cwd, access: 'write', paths: ['src/**'] });
    const request = place.standin.requests.findLast((r) => r.prompt.includes('again, in'));
    assert.match(request?.conversation ?? '', /=====file src\/a\.ts\nconst a = 1;/);
    assert.match(request?.conversation ?? '', /old\.txt/);
    assert.doesNotMatch(request?.conversation ?? '', /\.env|hunter2/);
    assert.match(request?.system ?? '', /You may write: src\/\*\*/);
  });
});

describe('a model that cannot call tools', function () {
  it('gets the files with the prompt, and is told to answer with its edits; that is found out once', async () => {
    const place = await openPlace((asked) =>
      asked.tools.length > 0
        ? refuses(400, 'registry.ollama.ai/library/tiny does not support tools')
        : says('```json\n{"summary": "Done.", "edits": [{"path": "a.ts", "content": "2\\n"}]}\n```'),
    );
    try {
      const cwd = await place.files({ 'a.ts': '1\n', 'b/c.ts': 'other\n', '.env': 'KEY=hunter2hunter2\n' });
      for (const n of [1, 2]) {
        const output = await place.ask('local', { prompt: `Do it ${n}.`, cwd, access: 'write', model: 'tiny' });
        assert.match(output.text, /"edits"/);
        assert.equal(output.edits, undefined);
      }
      assert.deepEqual(
        place.standin.requests.map((r) => r.tools.length > 0),
        [true, false, false],
      );
      const last = place.standin.requests.at(-1);
      assert.match(last?.conversation ?? '', /file a\.ts\n1\n[^]*file b\/c\.ts\nother/);
      assert.doesNotMatch(last?.conversation ?? '', /hunter2/);
      assert.match(last?.system ?? '', /no tools[^]*`edits` in your answer/);
    } finally {
      await place.end();
    }
  });
});

describe('what can be reached with keys', function () {
  it('is said without asking a model: keys that are set, addresses that answer', async () => {
    const place = await openPlace(table([]), { ANTHROPIC_API_KEY: key });
    const { signal } = new AbortController();
    try {
      const found = await Promise.all(
        vendors.map(async ({ agent, id }) => [
          agent,
          (await place.models.reach(keysRoute(agent, id), signal)).failure?.kind,
        ]),
      );
      assert.deepEqual(Object.fromEntries(found), {
        openai: 'not-signed-in',
        anthropic: undefined,
        google: 'not-signed-in',
        xai: 'not-signed-in',
        openrouter: 'not-signed-in',
        local: undefined,
      });
      assert.equal(place.standin.requests.length, 0);
      await place.standin.close();
      assert.equal((await place.models.reach(keysRoute('local', 'x'), signal)).failure?.kind, 'not-installed');
      assert.equal((await failureOf(place.ask('local', { prompt: 'x' }))).kind, 'not-installed');
    } finally {
      await place.stand.end();
    }
  });
});

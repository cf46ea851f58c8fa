import assert from 'node:assert/strict';
import { access, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeAgentStand } from './stand.ts';
import type { AgentStand } from './stand.ts';

describe('an agent behind the server', function () {
  let stand: AgentStand;
  before(async () => {
    stand = await makeAgentStand();
  });
  after(() => stand.end());

  const edit = (path: string): object => ({
    permission: { title: 'Edit', kind: 'edit', content: [{ type: 'diff', path, oldText: 'a\n', newText: 'b\n' }] },
  });

  it('streams what it says, thinks, plans and does, and answers with it', async () => {
    const { output, progress, failure } = await stand.ask([
      { think: 'Hm.' },
      { plan: [{ content: 'Look', status: 'in_progress', priority: 'high' }] },
      { say: 'Hello, ', pieces: true },
      { say: 'world.' },
      { tool: { title: 'Read a.ts', kind: 'read' } },
      { say: 'Done.' },
      {
        answer: {
          usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
          _meta: { quota: { model_usage: [{ model: 'm-1' }] } },
        },
      },
    ]);
    assert.equal(failure, undefined, failure?.message);
    assert.equal(output?.text, 'Hello, world.\n\nDone.');
    assert.deepEqual(output?.usage, { inputTokens: 10, outputTokens: 5 });
    assert.equal(output?.model, 'm-1');
    assert.equal(output.edits, undefined);
    const text = progress.map((one) => (one.kind === 'text' ? one.text : '')).join('');
    assert.equal(text, 'Hello, world.\n\nDone.');
    assert.deepEqual(progress[0], { kind: 'thought', text: 'Hm.' });
    assert.deepEqual(progress[1], { kind: 'plan', entries: [{ text: 'Look', status: 'in_progress' }] });
    assert.deepEqual(
      progress.filter(({ kind }) => kind === 'tool'),
      [
        { kind: 'tool', title: 'Read a.ts', status: 'pending' },
        { kind: 'tool', title: 'Read a.ts', status: 'completed' },
      ],
    );
  });

  it('asks for a command with the whole line, and never takes the option for always', async () => {
    const command = {
      title: 'npm test',
      kind: 'execute',
      rawInput: { command: ['/bin/bash', '-lc', 'npm test && rm -rf x'] },
    };
    for (const [word, taken] of [
      ['once', 'a-once'],
      ['run', 'a-once'],
      ['no', 'r-once'],
    ] as const) {
      const { output, permits } = await stand.ask([{ permission: command }, { say: '.' }], {
        permit: () => Promise.resolve(word),
      });
      assert.deepEqual(permits, [{ kind: 'command', title: 'npm test', detail: 'npm test && rm -rf x' }]);
      assert.equal(output?.text, `[${taken}].`);
      assert.deepEqual(output.refused, word === 'no' ? ['command: npm test && rm -rf x'] : undefined);
    }
  });

  it('cancels what can only be allowed for ever', async () => {
    const options = [{ optionId: 'a-always', name: 'Always', kind: 'allow_always' }];
    const { output } = await stand.ask(
      [{ permission: { title: 'ls', kind: 'execute', rawInput: { command: 'ls' } }, options }, { say: '.' }],
      { permit: () => Promise.resolve('run') },
    );
    assert.equal(output?.text, '[cancelled].');
  });

  it('asks for an edit in the workspace with its diff; outside it is refused and told, also through a link', async () => {
    await symlink('/', join(stand.cwd, 'link')).catch(() => {});
    await symlink(join(stand.folder, 'nowhere'), join(stand.cwd, 'dangling')).catch(() => {});
    await mkdir(join(stand.cwd, '.git'), { recursive: true });
    await symlink(join(stand.cwd, '.git'), join(stand.cwd, 'harmless')).catch(() => {});
    const inside = await stand.ask([edit(join(stand.cwd, 'new.txt'))], { permit: () => Promise.resolve('once') });
    assert.equal(inside.output?.text, '[a-once]');
    assert.match(inside.permits[0]?.detail ?? '', /^-a$/m);
    assert.match(inside.permits[0]?.detail ?? '', /^\+b$/m);
    assert.equal(inside.permits[0]?.kind, 'edit');
    for (const path of [
      join(stand.folder, 'beside.txt'),
      '/etc/passwd',
      join(stand.cwd, 'link', 'tmp', 'x'),
      join(stand.cwd, 'dangling'),
      `${stand.cwd}/sub/../../beside.txt`,
      '../beside.txt',
      join(stand.cwd, '.git', 'hooks', 'pre-commit'),
      join(stand.cwd, 'harmless', 'config'),
    ]) {
      const { output, permits } = await stand.ask([edit(path)], { permit: () => Promise.resolve('once') });
      assert.equal(output?.text, '[r-once]', path);
      assert.deepEqual(permits, []);
      assert.match(output.refused?.[0] ?? '', /^edit of .*: outside the workspace$/);
    }
  });

  it('refuses every edit of a role that only reads, and asks for its commands all the same', async () => {
    const { output, permits } = await stand.ask([edit(join(stand.cwd, 'a.txt')), { say: '.' }], { access: 'read' });
    assert.equal(output?.text, '[r-once].');
    assert.deepEqual(permits, []);
    assert.match(output.refused?.[0] ?? '', /this role only reads/);
    const command = { title: 'ls', kind: 'execute', rawInput: { command: 'ls' } };
    const asked = await stand.ask([{ permission: command }], { access: 'read', permit: () => Promise.resolve('once') });
    assert.equal(asked.output?.text, '[a-once]');
    assert.equal(asked.permits.length, 1);
  });

  it('an edit whose place is not told is no edit that may pass', async () => {
    const { permits } = await stand.ask([{ permission: { title: 'Edit something', kind: 'edit' } }, { say: '.' }]);
    assert.equal(permits[0]?.kind, 'other');
  });

  it('writes for it in the workspace only, and reads there only', async () => {
    const own = join(stand.cwd, 'deep', 'own.txt');
    const wrote = await stand.ask([{ write: { path: own, content: 'mine' } }, { read: { path: own } }]);
    assert.equal(wrote.output?.text, '[written]mine');
    assert.equal(await readFile(own, 'utf8'), 'mine');
    await writeFile(join(stand.folder, 'secret.txt'), 'secret');
    await symlink(stand.folder, join(stand.cwd, 'up')).catch(() => {});
    for (const path of [
      join(stand.folder, 'out.txt'),
      join(stand.cwd, 'up', 'out.txt'),
      join(stand.cwd, '.GIT', 'config'),
      stand.cwd,
    ]) {
      const { output } = await stand.ask([{ write: { path, content: 'x' } }]);
      assert.equal(output?.text, '[not written]', path);
      assert.equal(output.refused?.length, 1);
    }
    await assert.rejects(access(join(stand.folder, 'out.txt')));
    for (const path of [join(stand.folder, 'secret.txt'), join(stand.cwd, 'up', 'secret.txt')])
      assert.equal((await stand.ask([{ read: { path } }])).output?.text, '[not read]');
    const reader = await stand.ask([{ write: { path: own, content: 'theirs' } }], { access: 'read' });
    assert.equal(reader.output?.text, '[not written]');
    assert.equal(await readFile(own, 'utf8'), 'mine');
  });

  it('is told to go on without it when it ends its turn over a refusal', async () => {
    const command = { title: 'ls', kind: 'execute', rawInput: { command: 'ls' } };
    const { output } = await stand.ask([{ permission: command }, { answer: { stopReason: 'cancelled' } }]);
    assert.match(output?.text ?? '', /^\[r-once\]\s*You said: What you asked for last was not allowed/);
    assert.equal(output?.stopReason, 'end');
  });

  it('gets an answer to requests that nobody knows, instead of waiting for ever', async () => {
    const { output } = await stand.ask([
      { request: 'cursor/ask_question', params: { question: 'Which?' } },
      { request: 'terminal/create', params: { command: 'sh' } },
      { request: 'elicitation/create', params: { mode: 'form', message: 'Password?' } },
    ]);
    assert.equal(output?.text, '[error -32601][error -32601]{"action":"decline"}');
    assert.match(output.refused?.join() ?? '', /cursor\/ask_question/);
  });

  it('is stopped when the call is, and its session can be used again', async () => {
    const first = await stand.ask([{ say: 'one' }]);
    const giveUp = new AbortController();
    const hung = stand.ask([{ say: 'working' }, { hang: true }], {
      session: first.output?.session as string,
      signal: giveUp.signal,
      onProgress: () => giveUp.abort(new Error('enough')),
    });
    await assert.rejects(hung, /enough/);
    const again = await stand.ask([{ say: '${history}' }], { session: first.output?.session as string });
    assert.equal(again.output?.text, 'one|working', again.failure?.message);
    assert.equal((await stand.log()).filter(({ method }) => method === 'session/cancel').length, 1);
    assert.equal((await stand.log()).filter(({ started }) => started).length, 1);
  });

  it('that does not stop when it is told to is ended', async () => {
    const giveUp = new AbortController();
    const deaf = await makeAgentStand({ nature: { deaf: true } });
    try {
      const hung = deaf.ask([{ say: 'working' }, { deaf: true }], {
        signal: giveUp.signal,
        onProgress: () => giveUp.abort(new Error('enough')),
      });
      await assert.rejects(hung, /enough/);
      for (let n = 0; n < 200 && !(await deaf.log()).some(({ stdin }) => stdin === 'ended'); n++)
        await new Promise((done) => setTimeout(done, 100));
      const { output } = await deaf.ask([{ say: 'new' }]);
      assert.equal(output?.text, 'new');
      assert.equal((await deaf.log()).filter(({ started }) => started).length, 2);
    } finally {
      await deaf.end();
    }
  });

  it('that says more than it may is stopped, and says that it was', async () => {
    const { output } = await stand.ask([{ say: 'x'.repeat(400) }, { hang: true }], { maxOutputTokens: 10 });
    assert.equal(output?.stopReason, 'limit');
    assert.equal(output.text.length, 400);
  });

  it('is taken at its word about the model that answered', async () => {
    const usage = (...models: [string, number][]): object => ({
      answer: {
        _meta: { quota: { model_usage: models.map(([model, n]) => ({ model, token_count: { output_tokens: n } })) } },
      },
    });
    const small = await stand.ask([{ say: '.' }, usage(['tiny', 1], ['m-1', 9])]);
    assert.equal(small.output?.model, 'm-1');
    const other = await stand.ask([{ say: '.' }, usage(['tiny', 9], ['m-1', 1])]);
    assert.deepEqual([other.failure?.kind, other.failure?.message], ['wrong-model', 'tiny answered instead of m-1.']);
    const xai = await stand.ask([
      { say: '.' },
      { answer: { _meta: { modelId: 'm-1', inputTokens: 3, outputTokens: 2 } } },
    ]);
    assert.deepEqual([xai.output?.model, xai.output?.usage], ['m-1', { inputTokens: 3, outputTokens: 2 }]);
  });

  it('whose model was taken away has not answered, whatever the status', async () => {
    const { failure } = await stand.ask([
      { say: 'Gemini 2.5 Pro is no longer available. Please switch to Gemini 3.1 Pro.' },
    ]);
    assert.equal(failure?.kind, 'no-model');
    const about = await stand.ask([{ say: `The old API is no longer available. ${'Use the new one. '.repeat(60)}` }]);
    assert.equal(about.failure, undefined);
  });

  it('does not take a prompt for a command of its own', async () => {
    const { output } = await stand.ask('/deep-research everything');
    assert.equal(output?.text, 'You said: The task:\n/deep-research everything');
  });

  const errors: [object, string][] = [
    [{ code: -32000, message: 'Authentication required' }, 'not-signed-in'],
    [{ message: '429 Too Many Requests, try again in 20s' }, 'rate-limit'],
    [{ message: 'You have hit your usage limit' }, 'quota'],
    [{ message: 'Internal error', data: { details: 'model_not_found: m-1' } }, 'no-model'],
    [{ message: "The 'm-1' model is not supported when using Codex with a ChatGPT account." }, 'no-model'],
    [{ message: 'prompt is too long: 300000 tokens' }, 'too-large'],
    [{ message: 'something else' }, 'error'],
  ];
  for (const [error, kind] of errors) {
    it(`fails as ${kind} after ${JSON.stringify(error)}`, async () => {
      const { failure } = await stand.ask([{ error }]);
      assert.equal(failure?.kind, kind, failure?.message);
      if (kind === 'rate-limit') {
        const inMs = Date.parse(failure.resetsAt as string) - Date.now();
        assert.ok(inMs > 0 && inMs <= 20_000, failure.resetsAt);
      }
      if (kind === 'not-signed-in') assert.match(failure.message, /Sign in: /);
    });
  }
});

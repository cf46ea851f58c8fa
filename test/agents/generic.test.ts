import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { AskInput, AskOutput, AskPermission } from '../../src/core/ask.ts';
import { RouteError } from '../../src/core/ports.ts';
import { routeSchema } from '../../src/core/team/file.ts';
import type { OpenModels } from '../../src/node/models/client.ts';
import { hands } from './hands.ts';
import { installAgents } from './install.ts';
import { makeAgentsPlace } from './place.ts';
import type { AgentsPlace } from './place.ts';
import { calls, says } from '../standin/reply.ts';
import type { Asked, Reply } from '../standin/reply.ts';

/** An agent that we have no profile of, by a few lines of a team file. */
describe('opencode, by configuration alone', function () {
  // It takes its time to start where others want the machine, too.
  this.timeout(10 * 60_000);
  /** By itself it asks nobody; `OPENCODE_PERMISSION` is its own way to make it. */
  const servers = {
    opencode: {
      command: '${node}',
      args: ['${servers}/agents.mjs', 'opencode', '--command', 'opencode', '--', 'acp'],
      env: {
        OPENCODE_PERMISSION: JSON.stringify({ edit: 'ask', bash: 'ask', webfetch: 'ask', external_directory: 'ask' }),
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      },
    },
  };
  const files = { 'a.txt': 'one\ntwo\nthree\n' };
  let place: AgentsPlace;
  let models: OpenModels;
  let cwd = '';
  let n = 0;

  const play = (asked: Asked): Reply => {
    // It has the model make a title as well.
    if (asked.tools.length === 0) return says('A title');
    const hand = hands.opencode;
    switch (asked.prompt.split(' ', 1)[0]) {
      case 'edit': {
        const [call] = hand.edit(asked, cwd, { path: 'a.txt', from: 'two', to: 'TWO' });
        return call && asked.turn === 0 ? calls([call]) : says('The edit is done.');
      }
      case 'count': {
        const [call] = hand.shell(asked, 'wc -l a.txt > counted.txt');
        return call && asked.turn === 0 ? calls([call]) : says('It is counted.');
      }
      case 'wait':
        return {
          parts: [
            { kind: 'text', text: 'I begin. ' },
            { kind: 'pause', until: Infinity },
          ],
        };
      default:
        return { ...says('Hello to you, whoever you are.', 'A greeting.'), usage: { input: 1234, output: 56 } };
    }
  };

  async function ask(
    prompt: string,
    { answer = 'no', signal, ...more }: Partial<AskInput> & { answer?: 'once' | 'no'; signal?: AbortSignal } = {},
  ): Promise<{ output: AskOutput; permits: AskPermission[]; text: string }> {
    const permits: AskPermission[] = [];
    let text = '';
    const output = await models.ask(
      routeSchema.parse({ server: 'opencode', ids: ['standin/m-2'] }),
      {
        call: { run: 'r1', key: `t/${++n}`, role: 'critic', phase: 'analysis', kind: 'findings', attempt: 1 },
        prompt,
        model: 'standin/m-2',
        cwd,
        access: 'write',
        ...more,
      },
      {
        signal: signal ?? new AbortController().signal,
        onProgress: (each) => void (text += each.kind === 'text' ? each.text : ''),
        permit(request) {
          permits.push(request);
          return Promise.resolve(answer);
        },
        silenceMs: 120_000,
        answerBytes: 1_000_000,
      },
    );
    return { output, permits, text };
  }

  before(async function () {
    this.timeout(15 * 60_000);
    await installAgents();
    place = await makeAgentsPlace(['opencode'], play);
    cwd = await place.workspace(files, 'work');
    models = place.open({ servers });
  });
  after(() => place?.end());

  it('streams from the model that is asked for, edits and runs only what it may, and stops when it is told to', async () => {
    const { output, text, permits } = await ask('hello there');
    assert.equal(output.text, 'Hello to you, whoever you are.');
    assert.equal(text, output.text);
    assert.deepEqual(permits, []);
    assert.equal(output.usage?.inputTokens, 1234);
    const asked = place.standin.requests.findLast((r) => r.tools.length > 0);
    assert.deepEqual([asked?.dialect, asked?.model, asked?.prompt], ['chat', 'm-2', 'hello there']);
    const session = output.session;
    assert.ok(session);

    const no = await ask('edit a.txt', { session });
    assert.deepEqual(
      no.permits.map(({ kind }) => kind),
      ['edit'],
    );
    assert.match(no.permits[0]?.detail ?? '', /^-two$[^]*^\+TWO$/m);
    assert.equal(await readFile(join(cwd, 'a.txt'), 'utf8'), files['a.txt']);
    assert.match((no.output.refused ?? []).join(), /edit/);
    const yes = await ask('edit a.txt again', { session, answer: 'once' });
    assert.equal(await readFile(join(cwd, 'a.txt'), 'utf8'), 'one\nTWO\nthree\n', yes.output.text);
    assert.equal(yes.output.text, 'The edit is done.');

    const command = await ask('count the lines', { session });
    assert.deepEqual(
      command.permits.map(({ kind, detail }) => [kind, detail]),
      [['command', 'wc -l a.txt > counted.txt']],
    );
    assert.ok(!existsSync(join(cwd, 'counted.txt')));
    await ask('count them now', { session, answer: 'once' });
    assert.match(await readFile(join(cwd, 'counted.txt'), 'utf8'), /3 a\.txt/);

    const from = place.standin.requests.length;
    const gone = new AbortController();
    const waiting = ask('wait for ever', { session, signal: gone.signal });
    await place.standin.until((r) => r.n > from && r.state === 'open' && r.tools.length > 0);
    gone.abort();
    await assert.rejects(waiting, (error: unknown) => error === gone.signal.reason);
    const closed = await place.standin.until((r) => r.n > from && r.tools.length > 0 && r.state !== 'open');
    assert.equal(closed.state, 'closed early');
  });

  it('says that it does not offer a model, and leaves no process', async () => {
    await assert.rejects(ask('hello', { model: 'standin/m-3' }), (error: unknown) => {
      assert.ok(error instanceof RouteError);
      assert.equal(error.failure.kind, 'no-model', error.failure.message);
      return true;
    });
    await models.close();
    for (let tries = 0; tries < 100 && (await place.processes()).length > 0; tries++) await delay(100);
    assert.deepEqual(await place.processes(), []);
  });
});

import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SerenaLost } from '../../src/node/memory/serena/attach.ts';
import { serenaPath } from './install.ts';
import { attachOn, descendantsOf, place, processesWith, script, until } from './support.ts';
import type { OnPlace, Place } from './support.ts';

describe('a real Serena, attached', () => {
  let at: Place;
  let now: OnPlace | undefined;
  beforeEach(async () => {
    at = await place();
  });
  afterEach(async () => {
    await now?.serena.end();
    now = undefined;
    await at.remove();
  });

  const wrapper = (body: string): Promise<string> => script(join(at.base, 'serena.sh'), body);
  const program = (command: string): { program: { command: string; args: string[]; version: string } } => ({
    program: { command, args: [], version: 'test' },
  });
  const everythingIn = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true })).toSorted();

  it('serves memories only, touches nothing but them, obeys nothing that the project brings, and leaves nothing behind', async () => {
    await mkdir(join(at.root, '.serena'), { recursive: true });
    // Each of these would keep it from working, or do harm.
    const settings = {
      project_name: 'hostile',
      language_servers: ['python', 'typescript'],
      languages: ['python', 'typescript'],
      read_only: true,
      ignored_memory_patterns: ['orch/.*'],
      agent_interface: 'REPL',
      language_backend: 'JetBrains',
      activation_command: `touch ${join(at.base, 'activated')}`,
    };
    await writeFile(join(at.root, '.serena', 'project.yml'), JSON.stringify(settings));
    await writeFile(join(at.root, 'code.py'), 'print(1)\n');
    now = await attachOn(at);
    const before = await everythingIn(at.root);
    assert.deepEqual(await now.serena.settled, { is: 'attached', version: 'as installed' });

    assert.deepEqual(await now.serena.call('read_memory', { name: 'orch/none' }), { is: 'missing' });
    assert.deepEqual(await now.serena.call('delete_memory', { name: 'orch/none' }), { is: 'missing' });
    const content = 'A text that no log must hold: lavender-7731\n';
    assert.equal((await now.serena.call('write_memory', { name: 'orch/now', content })).is, 'done');
    assert.deepEqual(await now.serena.call('read_memory', { name: 'orch/now' }), { is: 'done', text: content });
    const outside = await now.serena.call('write_memory', { name: '../../../escape', content });
    assert.equal(outside.is, 'refused');
    assert.equal(await now.files.read('orch/now'), content);

    assert.deepEqual(
      await everythingIn(at.root),
      [...before, join('.serena', 'memories', 'orch', 'now.md')].toSorted(),
    );
    assert.equal(await readFile(join(at.root, '.serena', 'project.yml'), 'utf8'), JSON.stringify(settings));
    await assert.rejects(stat(join(at.base, 'activated')));
    const group = processesWith(at.folder);
    assert.equal(group.length, 1);
    assert.deepEqual(descendantsOf(group[0] as number), [], 'no language server, no IDE, no window');
    for (const file of await everythingIn(join(at.folder, 'home'))) {
      const path = join(at.folder, 'home', file);
      if ((await stat(path)).isFile()) assert.doesNotMatch(await readFile(path, 'utf8'), /lavender-7731/, file);
    }
    await now.serena.end();
    assert.deepEqual(processesWith(at.folder), []);
    assert.equal(now.serena.state.is, 'gone');
    await assert.rejects(now.serena.call('list_memories', {}), SerenaLost);
  });

  it('ends with the signal, also while it starts', async () => {
    for (const wait of [0, 1500]) {
      const stop = new AbortController();
      now = await attachOn(at, { signal: stop.signal });
      await new Promise((done) => setTimeout(done, wait));
      stop.abort();
      assert.equal((await now.serena.settled).is, 'gone');
      await now.serena.end();
      assert.deepEqual(processesWith(at.folder), []);
    }
  });

  it('is gone, with the reason, when what it writes does not appear where it should', async () => {
    const elsewhere = join(at.base, 'elsewhere');
    await mkdir(elsewhere);
    // As in a container: the same path leads elsewhere.
    const command = await wrapper(
      `ln -sfn '${elsewhere}' '${at.folder}/project/.serena/memories'\nexec '${serenaPath}' "$@"`,
    );
    now = await attachOn(at, program(command));
    const state = await now.serena.settled;
    assert.equal(state.is, 'gone');
    assert.match(('why' in state && state.why) || '', /does not appear as .*probe.*container/);
    assert.deepEqual(processesWith(at.folder), []);
  });

  it('is gone when it has other tools than those of memories', async () => {
    const command = await wrapper(
      `exec '${serenaPath}' start-mcp-server --project '${at.folder}/project' --log-level WARNING`,
    );
    now = await attachOn(at, program(command));
    const state = await now.serena.settled;
    assert.match(('why' in state && state.why) || '', /serve memories only, and offers/);
  });

  it('is gone after three restarts when it cannot start, and never throws', async () => {
    const command = await wrapper(`echo x >> '${at.base}/starts'\necho 'No module named serena' >&2\nexit 3`);
    now = await attachOn(at, { ...program(command), limits: { pausesMs: [1, 1, 1] } });
    const { serena } = now;
    assert.equal((await serena.settled).is, 'starting');
    await until(() => serena.state.is === 'gone', 20_000);
    assert.match(
      ('why' in serena.state && serena.state.why) || '',
      /again and again.*exit code 3.*No module named serena/,
    );
    assert.equal((await readFile(join(at.base, 'starts'), 'utf8')).length, 8);
  });

  it('is gone when its program is none', async () => {
    now = await attachOn(at, { ...program(join(at.base, 'nothing')), limits: { pausesMs: [] } });
    assert.equal((await now.serena.settled).is, 'gone');
  });

  it('is started again when it is killed, and gone in the end', async () => {
    now = await attachOn(at, { limits: { pausesMs: [1] } });
    await now.serena.settled;
    const { serena } = now;
    const signal = (name: NodeJS.Signals): void => processesWith(at.folder).forEach((pid) => process.kill(pid, name));
    // It must not answer before it dies.
    signal('SIGSTOP');
    const asked = serena.call('list_memories', {});
    signal('SIGKILL');
    await assert.rejects(asked, SerenaLost);
    await until(() => serena.state.is === 'attached', 90_000);
    assert.equal((await serena.call('list_memories', {})).is, 'done');
    signal('SIGKILL');
    await until(() => serena.state.is === 'gone', 90_000);
  });

  it('is killed when it does not answer, so that nothing comes late', async () => {
    now = await attachOn(at, { limits: { callMs: 5000, pausesMs: [] } });
    const { serena, files } = now;
    assert.equal((await serena.settled).is, 'attached');
    for (const pid of processesWith(at.folder)) process.kill(pid, 'SIGSTOP');
    await assert.rejects(serena.call('write_memory', { name: 'orch/late', content: 'late\n' }), SerenaLost);
    assert.deepEqual(processesWith(at.folder), []);
    assert.equal(await files.read('orch/late', () => true), undefined);
  });
});

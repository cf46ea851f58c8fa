import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findSandbox } from '../../../src/node/checks/sandbox.ts';
import { fixture, makeAgentStand } from './stand.ts';
import type { AgentStand } from './stand.ts';
import { skipFor } from '../../harness/skip.ts';

// Where there is no sandbox nothing is confined, and the test would say nothing.
const { sandbox, describe: why } = await findSandbox(new AbortController().signal);

const options = {
  agent: 'codex',
  program: 'codex',
  sandbox: 'on',
  env: { ORCHESTRA_CODEX_ACP: fixture, FIXTURE_LOG: '' },
  nature: { modes: ['read-only'], mode: 'read-only', titles: true, store: '' },
} as const;

describe(`an agent in a sandbox${sandbox ? '' : ` (not here: ${why})`}`, function () {
  let stand: AgentStand;
  before(async function () {
    if (!sandbox) skipFor(this, `no sandbox here: ${why}`);
    stand = await makeAgentStand(options);
    await mkdir(join(stand.folder, 'home', '.codex'));
  });
  after(() => stand?.end());

  it('that asks nobody writes in the workspace of a writer, and nowhere else', async () => {
    const inside = join(stand.cwd, 'made.txt');
    const beside = join(stand.folder, 'beside.txt');
    const home = join(homedir(), '.orchestra-sandbox-test');
    const { output, failure } = await stand.ask([{ touch: inside }, { touch: beside }, { touch: home }]);
    assert.equal(failure, undefined, failure?.message);
    // What lies below the private temporary folder is written there and gone (a home may lie there, too); the rest cannot be written.
    assert.match(output?.text ?? '', /^\[touched\](?:\[(?:touched|EROFS|EACCES|EPERM)\]){2}$/);
    assert.equal(await readFile(inside, 'utf8'), 'touched');
    await assert.rejects(readFile(beside), { code: 'ENOENT' });
    await assert.rejects(readFile(home), { code: 'ENOENT' });
  });

  it('that only reads cannot write in its workspace either, but in its own folders and in a temporary one', async () => {
    await writeFile(join(stand.cwd, 'there.txt'), 'there');
    const { output } = await stand.ask(
      [
        { touch: join(stand.cwd, 'no.txt') },
        { touch: join(stand.folder, 'home', '.codex', 'own.txt') },
        { read: { path: join(stand.cwd, 'there.txt') } },
      ],
      { access: 'read' },
    );
    assert.match(output?.text ?? '', /^\[(?:EROFS|EACCES|EPERM)\]\[touched\]there$/);
    await assert.rejects(readFile(join(stand.cwd, 'no.txt')), { code: 'ENOENT' });
    assert.equal(await readFile(join(stand.folder, 'home', '.codex', 'own.txt'), 'utf8'), 'touched');
  });

  it('starts MCP servers that write where they say', async () => {
    const notes = join(stand.folder, 'notes');
    await mkdir(notes);
    const script = `require('fs').writeFileSync(${JSON.stringify(join(notes, 'note'))}, 'noted'); setInterval(() => {}, 1000)`;
    const servers = [{ name: 'notes', command: process.execPath, args: ['-e', script], env: {}, writes: [notes] }];
    const { output } = await stand.ask([{ wait: 1500 }, { say: '.' }], { access: 'read', servers });
    assert.equal(output?.text, '.');
    assert.equal(await readFile(join(notes, 'note'), 'utf8'), 'noted');
  });

  it('leaves nothing of its temporary folder, whatever it made there', async () => {
    const temporary = await mkdtemp(join(tmpdir(), 'orchestra-temporary-'));
    try {
      const other = await makeAgentStand({ ...options, env: { ...options.env, TMPDIR: temporary } });
      try {
        const { output, failure } = await other.ask([{ touch: '/tmp/made.txt' }], { access: 'read' });
        assert.equal(output?.text, '[touched]', failure?.message);
        assert.equal((await readdir(temporary)).length, 1);
        await other.models.close();
        assert.deepEqual(await readdir(temporary), []);
      } finally {
        await other.end();
      }
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  });
});

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openPool } from '../../../src/servers/agents/pool.ts';
import type { Pool, Running } from '../../../src/servers/agents/pool.ts';
import { genericProfile } from '../../../src/servers/agents/profiles.ts';
import { lives } from '../models/stand.ts';
import { fixture } from './stand.ts';

/** Writes its pid, and ends by nothing that it is told. */
const helper = (file: string): string =>
  `process.on('SIGTERM', () => {}); require('node:fs').writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000);`;

// The server around a pool ends what it started when it ends itself; here nothing but the pool does.
describe('a pool of agents', function () {
  const never = new AbortController().signal;
  let folder: string;
  let pool: Pool;
  const gone: Running[] = [];
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-pool-')));
    gone.length = 0;
  });
  const open = (stubborn: boolean): void => {
    pool = openPool({
      profile: genericProfile('fixture', process.execPath, [fixture]),
      env: { ...process.env, FIXTURE: JSON.stringify({ stubborn, leaves: true }) },
      cwd: folder,
      sandbox: 'off',
      debug: () => undefined,
      hooks: { turnOf: () => undefined, onGone: (running) => void gone.push(running), onUnknown: () => undefined },
    });
  };
  afterEach(async () => {
    await pool.endAll();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** An agent, and what it started: their pids. */
  async function begun(name: string): Promise<{ running: Running; pids: number[] }> {
    const cwd = join(folder, name);
    await mkdir(cwd);
    const running = await pool.use({ cwd, access: 'write' }, { model: name, effort: undefined }, never);
    const file = join(cwd, 'pid');
    const server = { name: 'helper', command: process.execPath, args: ['-e', helper(file)], env: [] };
    await running.process.request('session/new', { cwd, mcpServers: [server] });
    while (!existsSync(file) || (await readFile(file, 'utf8')) === '') await delay(20);
    return { running, pids: [running.process.pid, Number(await readFile(file, 'utf8'))] };
  }

  for (const [stubborn, how] of [
    [true, 'that ends by nothing that it is told'],
    [false, 'that ends when it is told to, and leaves what it started'],
  ] as const)
    it(`ends one ${how}, with all that it started, and no other`, async () => {
      open(stubborn);
      const [one, other] = [await begun('one'), await begun('other')];
      assert.ok([...one.pids, ...other.pids].every(lives));
      await pool.end(one.running);
      assert.deepEqual(one.pids.filter(lives), []);
      assert.ok(other.pids.every(lives));
      assert.deepEqual(gone, [one.running]);
    });

  it('ends all with all that they started, and is done when they are gone', async () => {
    open(true);
    const both = [await begun('one'), await begun('other')];
    await pool.endAll();
    assert.deepEqual(both.flatMap(({ pids }) => pids).filter(lives), []);
    assert.equal(gone.length, 2);
  });
});

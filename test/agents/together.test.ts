import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { agents, installAgents } from './install.ts';
import { makeAgentsPlace } from './place.ts';
import { runSample } from './runSample.ts';
import { samplePlay } from './samplePlay.ts';
import { teamCallOf } from './teamScript.ts';

describe('a whole run with four real agents', () => {
  before(async function () {
    this.timeout(15 * 60_000);
    await installAgents();
  });

  it('four vendors at once, in the roles of the built-in team, to an applied change whose tests pass', async function () {
    this.timeout(15 * 60_000);
    const place = await makeAgentsPlace(agents, await samplePlay());
    try {
      const root = join(place.folder, 'links');
      const told = await runSample(place, root, 'Add rate limiting to the public API');
      assert.equal(told.code, 0, told.text);
      const asked = new Set(place.standin.requests.map((r) => teamCallOf(r)?.agent));
      assert.deepEqual(asked, new Set(agents));
      assert.ok(existsSync(join(root, 'src/limit.ts')), told.text);
      // Two of them spoke over the bus, through the server that they were handed.
      const posts = told.events.filter((e) => e['type'] === 'message.posted');
      const post = (from: string, to: string, kind: string): boolean =>
        posts.some((e) => e['from'] === from && [e['to']].flat().includes(to) && e['kind'] === kind);
      assert.ok(post('architect', 'critic', 'finding'), JSON.stringify(posts));
      assert.ok(post('critic', 'architect', 'question'), JSON.stringify(posts));
      const read = place.standin.requests.find(
        (r) =>
          teamCallOf(r)?.role === 'critic' &&
          r.results.some(({ text }) => text.includes('A bucket of tokens per caller')),
      );
      assert.equal(read && teamCallOf(read)?.agent, 'gemini');
      assert.match(await readFile(join(root, 'README.md'), 'utf8'), /429/);
      // Where a role works on in the same folder it goes on in its session.
      const sessionOf = (type: string, call: string): unknown =>
        told.events.findLast((e) => e['type'] === type && e['call'] === call)?.['session'];
      for (const [later, call] of [
        ['synthesis/orchestrator', 'triage/orchestrator'],
        ['implementation/limit.implementer/r1/reviewer', 'implementation/limit.implementer/r0/reviewer'],
        ['integration/docs', 'integration/resolve/fast-fixes/src/server.ts'],
      ] as const) {
        assert.ok(sessionOf('call.ended', call), call);
        assert.equal(sessionOf('call.started', later), sessionOf('call.ended', call), later);
      }
      await promisify(execFile)(process.execPath, ['--experimental-strip-types', '--test'], { cwd: root });
    } finally {
      await place.end();
    }
  });
});

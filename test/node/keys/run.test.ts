import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { gitProgram } from '../../../src/node/git/program.ts';
import { openStandin, type Standin } from '../../standin/standin.ts';
import { key, vendors } from './place.ts';
import { shoutTeam } from './team.ts';
import { words } from '../project/place.ts';

/** `orchestra run` as a person with one key and nothing else has it: the built-in team, the servers that ship, no agent. */

const execute = promisify(execFile);
const cli = resolve(import.meta.dirname, '../../../dist/cli.mjs');

describe('a whole run by one key only', function () {
  let place: string;
  let standin: Standin;
  beforeEach(async () => {
    place = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-one-key-')));
    standin = await openStandin(shoutTeam);
  });
  afterEach(async () => {
    await standin.close();
    await rm(place, { recursive: true, force: true, maxRetries: 5 });
  });

  for (const { agent, variable, path } of vendors) {
    if (variable === undefined) continue;
    it(`of ${agent} ends in an applied change, and says who stood in for whom`, async () => {
      const root = join(place, 'words');
      for (const [file, text] of Object.entries(words)) {
        await mkdir(dirname(join(root, file)), { recursive: true });
        await writeFile(join(root, file), text);
      }
      const teamFile = join(place, 'team.yaml');
      // All as it ships but the address of the vendor, which is the stand-in's.
      const args = ['${servers}/keys.mjs', '--address', `${agent}=${standin.url}${path}`];
      const keys = { command: '${node}', args, pass: [variable] };
      await writeFile(
        teamFile,
        stringify({ version: 1, servers: { keys }, checks: [{ name: 'test', run: 'node test.js' }] }),
      );
      const env = {
        PATH: [
          dirname(process.execPath),
          dirname(await gitProgram(new AbortController().signal)),
          '/usr/bin',
          '/bin',
        ].join(delimiter),
        HOME: place,
        ORCHESTRA_CACHE: join(place, 'cache'),
        ORCHESTRA_PROFILE: join(place, 'profile'),
        [variable]: key,
      };
      const ran = await execute(process.execPath, [cli, 'run', '--yes', '--team-file', teamFile, 'Make shout louder'], {
        cwd: root,
        env,
      }).catch((error: unknown) => error as { stdout: string; stderr: string; code: number });
      const said = `${ran.stdout}\n${ran.stderr}`;
      assert.ok(!('code' in ran), said);
      assert.match(await readFile(join(root, 'src/words.js'), 'utf8'), /mark = "!!!"/, said);
      const shown = (await execute(process.execPath, [cli, 'show'], { cwd: root, env })).stdout;
      if (agent === 'openrouter') {
        // It has them all; who is retired is answered for by a declared successor.
        assert.match(said, /openai\/gpt-6\.2-sol answered for gpt-5-codex/);
        assert.match(shown, /gpt-6\.2-sol, declared successor of gpt-5-codex/);
      } else {
        assert.match(said, /team: core team.*\(stands in for /);
        assert.match(shown, /stands in for (gpt-5|claude-4\.5)/);
      }
      // Only what there is was asked, and only at the address that was given.
      assert.match(said, /applied \(6 of 40 calls/);
      assert.ok(standin.requests.every((r) => Object.values(r.keys).some((k) => k.includes(key))));
      const journal = await readFile(
        join(root, '.orchestration', 'runs', /run (r\d+-\d+-\w+)/.exec(said)?.[1] ?? '', 'journal.jsonl'),
        'utf8',
      );
      assert.doesNotMatch(`${said}${shown}${journal}`, /0123456789/);
    });
  }
});

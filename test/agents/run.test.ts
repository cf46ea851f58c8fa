import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { mediaFolder } from '../../src/node/servers.ts';
import { agents, installAgents } from './install.ts';
import { makeAgentsPlace } from './place.ts';
import type { AgentsPlace } from './place.ts';
import { samplePlay } from './samplePlay.ts';
import { playAct, teamCallOf } from './teamScript.ts';
import type { Act, TeamCall } from './teamScript.ts';
import { refuses } from '../standin/reply.ts';
import type { Script } from '../standin/reply.ts';

const execute = promisify(execFile);
const cli = resolve(import.meta.dirname, '../../dist/cli.mjs');

interface Told {
  readonly code: number;
  readonly events: readonly Record<string, unknown>[];
  /** All that was printed, for messages. */
  readonly text: string;
}

/** `orchestra run` in a copy of the sample, with the built-in team. */
async function run(place: AgentsPlace, root: string, task: string): Promise<Told> {
  await cp(join(mediaFolder(), 'sample', 'project'), root, { recursive: true });
  const git = (...args: string[]): Promise<unknown> =>
    execute('git', ['-c', 'user.name=A Person', '-c', 'user.email=person@example.org', ...args], { cwd: root });
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'the sample');
  const args = [
    'run',
    task,
    '--yes',
    '--json',
    '--budget',
    '80calls',
    '--check',
    'node --experimental-strip-types --test',
  ];
  const { code, stdout, stderr } = await new Promise<{ code: number; stdout: string; stderr: string }>((done) => {
    execFile(
      process.execPath,
      [cli, ...args],
      { cwd: root, env: place.env, maxBuffer: 2 ** 28, timeout: 15 * 60_000 },
      (error, out, err) => done({ code: error ? Number(error.code ?? 1) : 0, stdout: out, stderr: err }),
    );
  });
  const events = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const failed = events
    .filter((e) => /fail|note|ended/.test(String(e['type'])))
    .map((e) => JSON.stringify(e).slice(0, 400));
  return { code, events, text: `${stderr.slice(-3000)}\n${failed.join('\n')}` };
}

describe('whole runs with the real agents', () => {
  before(async function () {
    this.timeout(15 * 60_000);
    await installAgents();
  });

  it('four vendors at once, in the roles of the built-in team, to an applied change whose tests pass', async function () {
    this.timeout(15 * 60_000);
    const place = await makeAgentsPlace(agents, await samplePlay());
    try {
      const root = join(place.folder, 'links');
      const told = await run(place, root, 'Add rate limiting to the public API');
      assert.equal(told.code, 0, told.text);
      const asked = new Set(place.standin.requests.map((r) => teamCallOf(r)?.agent));
      assert.deepEqual(asked, new Set(agents));
      assert.ok(existsSync(join(root, 'src/limit.ts')), told.text);
      assert.match(await readFile(join(root, 'README.md'), 'utf8'), /429/);
      await execute(process.execPath, ['--experimental-strip-types', '--test'], { cwd: root });
    } finally {
      await place.end();
    }
  });

  for (const only of agents)
    it(`${only} alone: an applied change, and who stood in for whom`, async function () {
      this.timeout(10 * 60_000);
      const place = await makeAgentsPlace([only], alonePlay());
      try {
        const root = join(place.folder, 'links');
        const told = await run(place, root, 'Say in the README which Node is needed');
        assert.equal(told.code, 0, told.text);
        assert.match(await readFile(join(root, 'README.md'), 'utf8'), /It needs Node 22/, told.text);
        assert.deepEqual([...new Set(place.standin.requests.map((r) => teamCallOf(r)?.agent))], [only]);
        const seen = JSON.stringify(told.events);
        assert.match(seen, /standsFor/, 'who stood in is told');
      } finally {
        await place.end();
      }
    });
});

/** A small task for the core team, with one writer. */
function alonePlay(): Script {
  const line = 'It needs Node 22.\n';
  const acts: Record<string, (call: TeamCall) => Act> = {
    triage: () => ({ answer: { title: 'Say which Node', size: 'core', specialists: [], why: 'It is for the team.' } }),
    findings: ({ role }) => ({
      think: 'I look at the README.',
      answer: {
        summary: 'The README says nothing of Node.',
        findings: [
          {
            claim: `The README is where it belongs, says ${role}`,
            severity: 'low',
            evidence: [{ kind: 'file', path: 'README.md' }],
          },
        ],
      },
    }),
    plan: () => ({
      answer: {
        goal: 'The README says which Node is needed.',
        items: [
          {
            id: 'readme',
            title: 'Say it in the README',
            what: 'One sentence.',
            findings: ['architect.1', 'big-picture.1'],
            owners: ['implementer'],
            paths: ['README.md'],
          },
        ],
      },
    }),
    written: () => ({
      say: 'I write it. ',
      edits: [{ path: 'README.md', from: firstLine, to: `${firstLine}\n${line}` }],
      answer: { summary: 'The README says which Node is needed.' },
    }),
    integration: () => ({ answer: { summary: 'The README says which Node is needed.', docs: [] } }),
  };
  return (asked) => {
    const call = teamCallOf(asked);
    const act = call && acts[call.kind];
    if (!call || !act) return refuses(400, `Nothing for ${call?.kind ?? asked.prompt.slice(0, 200)}`);
    return playAct(asked, call, act(call));
  };
}

const firstLine = '# Short links\n';

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { jsonLineSchema } from '../../src/cli/jsonEvents.ts';
import { filesOf, leftovers, processesOf } from '../harness/files.ts';
import { makeSample, type Sample, sampleTask } from '../harness/sample.ts';

/** The built command line as a process, as a person and their scripts meet it. */

const cli = join(import.meta.dirname, '..', '..', 'dist', 'cli.mjs');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

function begin(args: readonly string[], options: Options): { child: ChildProcess; ended: Promise<Ended> } {
  const env: NodeJS.ProcessEnv = { ...process.env, NO_COLOR: '1', ...options.env };
  // The checks say `node`: it must be the one that runs the tests.
  env['PATH'] = [dirname(process.execPath), env['PATH'] ?? ''].join(delimiter);
  const child = spawn(process.execPath, [cli, ...args], { cwd: options.cwd, env, stdio: 'pipe' });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  child.stdin.on('error', () => {});
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<Ended>((done) => child.on('close', (code) => done({ code, stdout, stderr })));
  return { child, ended };
}

const orchestra = (args: readonly string[], options: Options): Promise<Ended> => begin(args, options).ended;

/** Resolves when the child's stdout holds this. */
async function saw(child: ChildProcess, words: string): Promise<void> {
  let text = '';
  await new Promise<void>((done, fail) => {
    child.stdout?.on('data', (data: Buffer) => {
      text += data.toString();
      if (text.includes(words)) done();
    });
    child.on('close', () => fail(new Error(`it ended before it said ${words}:\n${text}`)));
  });
}

type Line = Record<string, unknown>;
const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

describe('orchestra, used wrongly', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orchestra-cli-'));
    await mkdir(join(folder, 'project'));
  });
  after(() => rm(folder, { recursive: true }));
  const here = (): Options => ({
    cwd: join(folder, 'project'),
    env: { ORCHESTRA_PROFILE: join(folder, 'profile'), ORCHESTRA_CACHE: join(folder, 'cache') },
  });

  const wrong: [string, string[], RegExp, string?][] = [
    ['an unknown command', ['dance'], /unknown command 'dance'/],
    ['an unknown flag', ['run', 'x', '--dance'], /unknown option '--dance'/],
    ['no task', ['run'], /There is no task/],
    ['an empty task', ['run', ''], /The task is empty/],
    ['a task of a megabyte', ['run', '-'], /longer than 64 KB/, 'x'.repeat(1_000_000)],
    ['a budget that makes no sense', ['run', 'x', '--budget', '30 parrots'], /unit "parrots"/],
    ['a team that is not there', ['run', 'x', '--team', 'parrots'], /No team is called "parrots"/],
    ['a team file that is not there', ['run', 'x', '--team-file', '../none.yaml'], /none\.yaml/],
    ['a run that is not there', ['show', 'r000101'], /no run/i],
    ['nothing to say', ['say', ' '], /nothing to say/],
    ['a demo in a full folder', ['demo', '--keep', dirname(cli)], /is not empty/],
    ['a tempo that is none', ['demo', '--tempo', 'fast'], /--tempo takes a number/],
  ];
  for (const [what, args, message, stdin] of wrong) {
    it(`says so and exits with 2: ${what}`, async () => {
      const { code, stdout, stderr } = await orchestra(args, { ...here(), ...(stdin !== undefined && { stdin }) });
      assert.match(stderr, message);
      assert.equal(stdout, '');
      assert.equal(code, 2, stderr);
      assert.doesNotMatch(stderr, /\n {4}at /);
    });
  }

  it('names line and column of what is wrong in a team file', async () => {
    const file = join(folder, 'bad.yaml');
    await writeFile(file, 'version: 1\nroles:\n  architect:\n    duties: [dance]\n');
    const { code, stderr } = await orchestra(['run', 'x', '--team-file', file], here());
    assert.match(stderr, /bad\.yaml:4:\d+/);
    assert.equal(code, 2);
  });

  it('answers --help and --version on stdout, with 0', async () => {
    const help = await orchestra(['--help'], here());
    assert.equal(help.code, 0);
    for (const name of [
      'run',
      'resume',
      'runs',
      'show',
      'apply',
      'watch',
      'say',
      'stop',
      'move',
      'retry',
      'off',
      'trust',
      'doctor',
      'clean',
      'demo',
    ])
      assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
    const version = await orchestra(['--version'], here());
    assert.match(version.stdout, /^\d+\.\d+\.\d+/);
    assert.equal(version.code, 0);
  });

  it('has no runs, and gives no trust without a terminal', async () => {
    const runs = await orchestra(['runs'], here());
    assert.deepEqual([runs.code, runs.stdout], [0, '']);
    const trust = await orchestra(['trust'], here());
    assert.equal(trust.code, 1);
    assert.match(trust.stderr, /in a terminal, by you/);
  });
});

describe('orchestra, a run', function () {
  let sample: Sample;
  const start = async (tempo = 0): Promise<void> => {
    sample = await makeSample({ tempo, git: true, check: 'node --check src/server.ts' });
  };
  afterEach(() => sample.remove());
  const here = (): Options => ({ cwd: sample.root, env: sample.env });
  const team = (): string[] => ['--team-file', sample.teamFile];

  it('stops where nobody can be asked, goes on by resume --yes, and can be taken back', async () => {
    await start();
    const before = await filesOf(sample.root);
    const stopped = await orchestra(['run', sampleTask, ...team()], here());
    assert.equal(stopped.code, 3, stopped.stderr);
    assert.match(stopped.stdout, /nobody is there to ask.*orchestra resume/s);
    const lines = stopped.stdout.trimEnd().split('\n');
    assert.ok(
      lines.every((line) => /^\[ *\d+:\d\d\] \S/.test(line)),
      stopped.stdout,
    );

    const resumed = await orchestra(['resume', '--yes'], here());
    assert.equal(resumed.code, 0, resumed.stderr + resumed.stdout);
    assert.match(resumed.stdout, /conflict in src\/server\.ts/);
    assert.match(resumed.stdout, /applied: .*README\.md/);
    const after = await filesOf(sample.root);
    assert.notDeepEqual(after, before);
    assert.match(await readFile(join(sample.root, 'README.md'), 'utf8'), /RATE_LIMIT/);

    const runs = linesOf((await orchestra(['runs', '--json'], here())).stdout);
    assert.deepEqual(
      runs.map((run) => [run['state'], run['scripted'], run['task']]),
      [['applied', true, sampleTask]],
    );

    const shown = await orchestra(['show'], here());
    assert.equal(shown.code, 0, shown.stderr);
    for (const words of [
      /dissent {2}critic/,
      /alternative\.1 {2}refuted/,
      /Ledger {2}\d+ hunks/,
      /^ {4}critic {2}.*done/m,
      /moved agents \(\w+\) → keys/,
    ])
      assert.match(shown.stdout, words);
    const json = linesOf((await orchestra(['show', '--json'], here())).stdout);
    assert.equal((json[0]?.['state'] as Line | undefined)?.['outcome'], 'applied');
    const diff = await orchestra(['show', '--diff'], here());
    assert.match(diff.stdout, /^diff --git a\/README\.md/m);

    const again = await orchestra(['resume', '--json'], here());
    assert.equal(again.code, 0);
    assert.equal(linesOf(again.stdout).at(-1)?.['type'], 'run.ended');

    const undone = await orchestra(['apply', '--undo'], here());
    assert.equal(undone.code, 0, undone.stderr);
    assert.deepEqual(await filesOf(sample.root), before);
    const twice = await orchestra(['apply', '--undo'], here());
    assert.equal(twice.code, 1);
    assert.match(twice.stderr, /taken back already/);

    const cleaned = await orchestra(['clean'], here());
    assert.equal(cleaned.code, 0, cleaned.stderr);
    assert.deepEqual(await leftovers(sample.root), []);
  });

  it('says with --json one event a line of the published schema, and nothing else', async () => {
    await start();
    const { code, stdout, stderr } = await orchestra(['run', sampleTask, '--yes', '--json', ...team()], here());
    assert.equal(code, 0, stderr);
    const lines = linesOf(stdout);
    for (const line of lines) jsonLineSchema.parse(line);
    assert.deepEqual(
      lines.map((line) => line['seq']),
      lines.map((_, n) => n + 1),
    );
    assert.equal(new Set(lines.map((line) => line['run'])).size, 1);
    const last = lines.at(-1);
    assert.deepEqual([last?.['type'], last?.['outcome']], ['run.ended', 'applied']);
    assert.ok(
      lines.some((line) => line['type'] === 'permission.answered' && line['answer'] === 'no'),
      '--yes approves no command',
    );
  });

  it('ends with 4 when the budget is spent, and --json says stopped', async () => {
    await start();
    const { code, stdout } = await orchestra(
      ['run', sampleTask, '--yes', '--json', '--budget', '3calls', ...team()],
      here(),
    );
    assert.equal(code, 4, stdout);
    const last = linesOf(stdout).at(-1);
    assert.deepEqual([last?.['type'], last?.['outcome']], ['run.ended', 'stopped']);
    assert.match(String(last?.['reason']), /3 calls/);
  });

  it('ends in order at the first interrupt, and leaves nothing that runs', async () => {
    await start(1);
    const { child, ended } = begin(['run', sampleTask, '--yes', ...team()], here());
    await saw(child, 'analysis: started');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    assert.equal(code, 3, stdout + stderr);
    assert.match(stderr, /Stopping in order/);
    assert.match(stdout, /stopped: .*orchestra resume/);
    if (process.platform === 'linux')
      assert.deepEqual(await processesOf(sample.teamFile.replace(/team\.yaml$/, '')), []);
    assert.deepEqual(await leftovers(sample.root), []);
  });

  it('ends at once at the second interrupt', async () => {
    await start(100);
    const { child, ended } = begin(['run', sampleTask, '--yes', ...team()], here());
    await saw(child, 'triage orchestrator: working');
    child.kill('SIGINT');
    child.kill('SIGTERM');
    const { code } = await ended;
    // One signal may arrive after the orderly end of the other.
    assert.ok([3, 130, 143].includes(code ?? -1), String(code));
  });

  it('ends in order when nobody reads its output any more', async () => {
    await start(1);
    const { child, ended } = begin(['run', sampleTask, '--yes', '--json', ...team()], here());
    await saw(child, '"phase.started"');
    child.stdout?.destroy();
    const { code, stderr } = await ended;
    assert.equal(code, 3, stderr);
    assert.doesNotMatch(stderr, /EPIPE|\n {4}at /);
  });

  it('is watched, spoken to and stopped from other terminals', async () => {
    await start(3);
    const { child, ended } = begin(['run', sampleTask, '--yes', ...team()], here());
    await saw(child, 'analysis: started');
    const watching = orchestra(['watch', '--json'], here());
    const second = await orchestra(['say', 'Leave the README alone', '--to', 'architect'], here());
    assert.match(second.stderr, /Said to run/);
    const resumed = begin(['resume'], here());
    await saw(resumed.child, 'analysis: started');
    const stop = await orchestra(['stop'], here());
    assert.equal(stop.code, 0, stop.stderr);
    const [first, watched, other] = await Promise.all([ended, watching, resumed.ended]);
    assert.equal(first.code, 3, first.stderr + first.stdout);
    assert.match(first.stdout, /to architect: Leave the README alone/);
    assert.match(first.stdout, /Stopped by .* in another terminal/);
    assert.equal(watched.code, 3, watched.stderr);
    assert.equal(linesOf(watched.stdout).at(-1)?.['type'], 'run.ended');
    assert.match(other.stderr, /shown here instead/);
    assert.equal(other.code, 3);
    const late = await orchestra(['say', 'too late?'], here());
    assert.match(late.stderr, /hears it when it is resumed/);
    const stopped = await orchestra(['move', '--role', 'architect'], here());
    assert.match(stopped.stderr, /is not running \(stopped\): no call of it is under way/);
    assert.equal(stopped.code, 1);
    assert.match((await orchestra(['off', 'agents/nobody'], here())).stderr, /is reached over agents \(nobody\)/);
    assert.match((await orchestra(['off', 'agents/gemini'], here())).stderr, /when it is resumed/);
    assert.equal((await orchestra(['off', 'agents/gemini/x'], here())).code, 2);
  });

  it('is diagnosed: what can be reached, and what to do about the rest', async () => {
    await start();
    const fine = await orchestra(['doctor', ...team()], here());
    assert.equal(fine.code, 0, fine.stderr + fine.stdout);
    assert.match(fine.stdout, /✓ Claude 4\.5 by agents/);
    assert.match(fine.stdout, /The team, as it would run now/);
    const json = linesOf((await orchestra(['doctor', '--json', ...team()], here())).stdout);
    assert.ok(Array.isArray(json[0]?.['routes']));
  });
});

describe('orchestra demo', function () {
  it('ends applied, and the sample passes its own tests afterwards', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'orchestra-demo-test-'));
    try {
      const empty = join(folder, 'home');
      const { code, stdout, stderr } = await orchestra(['demo', '--tempo', '0', '--keep', join(folder, 'demo')], {
        cwd: folder,
        env: { HOME: empty, USERPROFILE: empty, XDG_CONFIG_HOME: '', XDG_CACHE_HOME: '' },
      });
      assert.equal(code, 0, stderr + stdout);
      for (const words of [
        /\(scripted\)/,
        /moved agents \(gemini\) → keys \(google\): rate limit/,
        // The critic read what the architect posted while both were at work, and asked something back.
        /bus: architect to critic: finding: [^]*bus: critic to architect: question: [^]*bus: architect to critic: answer: /,
        /critic to all: result: The architect's bucket per caller/,
        /refuted alternative\.1/,
        /permission no/,
        /needs work/,
        /won \(judge\)/,
        /conflict in src\/server\.ts/,
        /balanced/,
      ])
        assert.match(stdout, words);
      const root = join(folder, 'demo', 'project');
      const tests = await new Promise<string>((done) => {
        const child = spawn(process.execPath, ['--experimental-strip-types', '--test'], { cwd: root });
        let text = '';
        child.stdout.on('data', (data: Buffer) => (text += data.toString()));
        child.on('close', (status) => done(`${status}\n${text}`));
      });
      assert.match(tests, /^0\n/);
      assert.match(tests, /pass 23/);
      assert.match(await readFile(join(root, 'README.md'), 'utf8'), /## Limits/);
      const made = await filesOf(folder, ['demo']);
      assert.deepEqual(made, {}, 'nothing outside the folder that was named');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

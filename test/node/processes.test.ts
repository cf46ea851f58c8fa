import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, start } from '../../src/node/processes.ts';
import { skipFor } from '../harness/skip.ts';

const node = process.execPath;
const env = { PATH: process.env['PATH'] };
const never = new AbortController().signal;

/** True when the process is there and no zombie. */
async function lives(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
    if (process.platform !== 'linux') return true;
    return !/^\d+ \(.*\) Z/s.test(await readFile(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

async function gone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100 && (await lives(pid)); i++) await new Promise((done) => setTimeout(done, 50));
  return !(await lives(pid));
}

/** A child that starts a grandchild, prints both pids, and goes on; deaf to stdin and SIGTERM when asked. */
const family = (deaf: boolean): string => `
  const { spawn } = require('node:child_process');
  ${deaf ? `process.on('SIGTERM', () => {});` : ''}
  const child = spawn(process.execPath, ['-e', ${JSON.stringify(deaf ? `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)` : `setInterval(() => {}, 1000)`)}], { stdio: 'ignore' });
  console.log(process.pid + ' ' + child.pid);
  setInterval(() => {}, 1000);
`;

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.split('\n', 1)[0] as string;
}

describe('processes', () => {
  let folder: string;
  before(async () => (folder = await mkdtemp(join(tmpdir(), 'orchestra-processes-'))));
  after(() => rm(folder, { recursive: true, force: true }));

  describe('run', () => {
    it('gives code, output and errors, and passes arguments and input as they are', async () => {
      const args = [
        '-e',
        `process.stdin.pipe(process.stdout); console.error(process.argv.slice(1).join('|')); process.exitCode = 7`,
      ];
      const hard = ['a b', '$(touch x)', '`x`', '"q"', "'", ';', '&', '*', '%PATH%', ''];
      const result = await run(node, [...args, ...hard], {
        cwd: folder,
        env,
        signal: never,
        input: Buffer.from([0, 255, 13, 10]),
      });
      assert.deepEqual([...result.stdout], [0, 255, 13, 10]);
      assert.equal(result.stderr, `${hard.join('|')}\n`);
      assert.equal(result.code, 7);
      assert.deepEqual([result.cut, result.timedOut, result.signal], [false, false, null]);
    });

    it('has an empty stdin without input', async () => {
      const result = await run(node, ['-e', `process.stdin.on('data', () => {}).on('end', () => console.log('end'))`], {
        cwd: folder,
        env,
        signal: never,
      });
      assert.equal(result.stdout.toString(), 'end\n');
    });

    it('inherits nothing but the environment that it is given', async () => {
      process.env['ORCHESTRA_SECRET_TEST'] = 'x';
      const result = await run(node, ['-p', `String(process.env.ORCHESTRA_SECRET_TEST)`], {
        cwd: folder,
        env,
        signal: never,
      });
      delete process.env['ORCHESTRA_SECRET_TEST'];
      assert.equal(result.stdout.toString(), 'undefined\n');
    });

    it('ends a command whose output has no end', async () => {
      const result = await run(
        node,
        ['-e', `const b = Buffer.alloc(65536, 97); (function w() { process.stdout.write(b, w) })()`],
        {
          cwd: folder,
          env,
          signal: never,
          maxBytes: 100_000,
        },
      );
      assert.equal(result.cut, true);
      assert.equal(result.stdout.length, 100_000);
    });

    it('keeps the end of long errors', async () => {
      const result = await run(node, ['-e', `process.stderr.write('x'.repeat(300000) + 'last')`], {
        cwd: folder,
        env,
        signal: never,
      });
      assert.ok(result.stderr.endsWith('xlast'));
      assert.ok(result.stderr.length <= 65536);
    });

    it('ends a command that takes too long', async () => {
      const result = await run(node, ['-e', `setInterval(() => {}, 1000)`], {
        cwd: folder,
        env,
        signal: never,
        timeoutMs: 200,
      });
      assert.equal(result.timedOut, true);
    });

    it("rejects with the signal's reason, when all is gone", async () => {
      const stop = new AbortController();
      const file = join(folder, 'pids');
      const script = family(true).replace('console.log(', `require('node:fs').writeFileSync(${JSON.stringify(file)}, `);
      const running = run(node, ['-e', script], { cwd: folder, env, signal: stop.signal });
      let pids: number[] = [];
      while (pids.length < 2) {
        await new Promise((done) => setTimeout(done, 20));
        pids = (await readFile(file, 'utf8').catch(() => '')).split(' ').filter(Boolean).map(Number);
      }
      stop.abort(new Error('enough'));
      await assert.rejects(running, /enough/);
      for (const pid of pids) assert.equal(await lives(pid), false);
    });

    it('rejects when the command is not there, or not to be run', async () => {
      await assert.rejects(run(join(folder, 'nothing'), [], { cwd: folder, env, signal: never }), { code: 'ENOENT' });
      await writeFile(join(folder, 'plain'), 'text');
      if (process.platform !== 'win32')
        await assert.rejects(run(join(folder, 'plain'), [], { cwd: folder, env, signal: never }), { code: 'EACCES' });
      await assert.rejects(
        run(node, [], { cwd: folder, env, signal: AbortSignal.abort(new Error('before')) }),
        /before/,
      );
    });

    it('is not held up by a background process that keeps its output open', async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const started = performance.now();
      const result = await run('/bin/sh', ['-c', 'sleep 60 & echo $!'], { cwd: folder, env, signal: never });
      assert.ok(performance.now() - started < 10_000);
      assert.equal(await gone(Number(result.stdout.toString())), true);
    });

    it('loses nothing that was written before the exit, however long we ourselves are held up', async function () {
      if (process.platform !== 'linux') skipFor(this, 'Linux only');
      const isOver = (pid: string): boolean => / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      const holdUntil = (over: () => boolean): void => {
        for (const end = Date.now() + 20_000; !over() && Date.now() < end;);
      };
      const [pid, go] = [join(folder, 'pid'), join(folder, 'go')];
      const script = 'echo $$ > pid.new; mv pid.new pid; while [ ! -e go ]; do sleep 0.02; done; printf words';
      const ran = run('/bin/sh', ['-c', script], { cwd: folder, env, signal: never });
      while (!existsSync(pid)) await new Promise((done) => setTimeout(done, 20));
      const other = await start('/bin/sh', ['-c', 'echo'], { cwd: folder, env, signal: never });
      other.stdout.on('data', () => {
        // The first writes and ends while we deal with the second, whose end then shows both to be over.
        writeFileSync(go, '');
        holdUntil(() => isOver(readFileSync(pid, 'utf8').trim()));
        const due = Date.now() + 1300;
        setImmediate(() => holdUntil(() => Date.now() > due));
      });
      holdUntil(() => isOver(String(other.pid)));
      assert.equal((await ran).stdout.toString(), 'words');
      await other.end(0);
    });
  });

  describe('start', () => {
    it('ends a child that listens to its stdin without any signal', async () => {
      const child = await start(node, ['-e', `process.stdin.resume().on('end', () => process.exit(5))`], {
        cwd: folder,
        env,
        signal: never,
      });
      await child.end(10_000);
      assert.deepEqual(await child.exited, { code: 5, signal: null });
    });

    it('ends a deaf family', async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const child = await start(node, ['-e', family(true)], { cwd: folder, env, signal: never });
      const pids = (await firstLine(child.stdout)).split(' ').map(Number);
      assert.equal(pids.length, 2);
      await child.end(100);
      assert.deepEqual(await child.exited, { code: null, signal: 'SIGKILL' });
      for (const pid of pids) assert.equal(await gone(pid), true);
    });

    it('takes along what a child that exits leaves in its group', async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const child = await start('/bin/sh', ['-c', 'sleep 60 >/dev/null & echo $!'], {
        cwd: folder,
        env,
        signal: never,
      });
      const pid = Number(await firstLine(child.stdout));
      assert.equal((await child.exited).code, 0);
      assert.equal(await gone(pid), true);
    });

    it('survives writing to a child that is gone', async () => {
      const child = await start(node, ['-e', ''], { cwd: folder, env, signal: never });
      await child.exited;
      child.stdin?.write('late');
      await child.end(10);
    });
  });

  for (const [how, code] of [
    ['exits', `process.exit(0)`],
    ['throws', `setTimeout(() => { throw new Error('bug') })`],
    ['is killed', `process.kill(process.pid, 'SIGKILL')`],
    ['gets SIGTERM', `process.kill(process.pid, 'SIGTERM')`],
  ] as const) {
    it(`leaves no child behind when the process that started it ${how}`, async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const module = join(import.meta.dirname, '../../src/node/processes.ts');
      const script = `
        import { start } from ${JSON.stringify(module)};
        const child = await start(process.execPath, ['-e', ${JSON.stringify(family(true))}], { cwd: '/', env: {}, signal: new AbortController().signal });
        child.stdout.once('data', (line) => process.stdout.write(line, () => { ${code} }));
      `;
      const parent = spawn(node, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
      const exited = once(parent, 'exit');
      const pids = (await firstLine(parent.stdout)).split(' ').map(Number);
      assert.equal(pids.length, 2);
      await exited;
      for (const pid of pids) assert.equal(await gone(pid), true, `${pid} is still there`);
    });
  }

  it('does not keep a process alive that has nothing else to do', async () => {
    const module = join(import.meta.dirname, '../../src/node/processes.ts');
    const script = `
      import { run } from ${JSON.stringify(module)};
      await run(process.execPath, ['-e', ''], { cwd: '/', env: {}, signal: new AbortController().signal });
    `;
    const parent = spawn(node, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    assert.deepEqual(await once(parent, 'exit'), [0, null]);
  });
});

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { UserError } from '../../../src/core/errors.ts';
import type { Checks } from '../../../src/core/ports.ts';
import type { CheckResult } from '../../../src/core/run/events.ts';
import { openChecks } from '../../../src/node/checks/checks.ts';
import type { ChecksOptions, Consent } from '../../../src/node/checks/checks.ts';
import { findSandbox } from '../../../src/node/checks/sandbox.ts';
import type { Confinement } from '../../../src/node/checks/sandbox.ts';
import { skipFor } from '../../harness/skip.ts';

const never = new AbortController().signal;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const yes: Consent = { mayRun: () => 'yes', mayBring: () => 'yes' };
const unconfined: Confinement = { sandbox: undefined, describe: 'none' };
const posix = process.platform !== 'win32';
const node = `"${process.execPath}"`;

/** Processes with this word in their command line; by it they are found in a sandbox too, whose pids are its own. */
async function processesWith(word: string): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.split('\0').includes(word)) found.push(Number(pid));
  }
  return found;
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let n = 0; n < 400; n++) {
    const found = await look();
    if (found) return found;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error('it never came');
}

for (const kind of ['unconfined', 'in the sandbox'] as const) {
  describe(`checks ${kind}`, function () {
    let folder: string;
    let root: string;
    let cwd: string;
    let confinement: Confinement;

    before(async () => {
      confinement = kind === 'unconfined' ? unconfined : await findSandbox(never);
      folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-checks-')));
    });
    beforeEach(async () => {
      root = join(folder, 'project');
      cwd = join(folder, 'checkout');
      for (const made of [root, cwd]) await mkdir(made);
    });
    afterEach(async () => {
      // No private folder of a command stays behind either.
      assert.deepEqual(
        (await readdir(folder)).filter((name) => name !== 'project' && name !== 'checkout'),
        [],
      );
      for (const made of [root, cwd]) await rm(made, { recursive: true });
    });
    after(() => rm(folder, { recursive: true, force: true }));

    const open = (options: Partial<ChecksOptions> = {}): Checks =>
      openChecks({
        root,
        checks: [{ name: 'any', run: 'any', minutes: 1 }],
        setup: { run: [], bring: [] },
        consent: yes,
        log: quiet,
        confinement,
        scratch: folder,
        ...options,
      });
    const check = (run: string, options: Partial<ChecksOptions> = {}, minutes = 1): Promise<CheckResult> =>
      open(options).run({ name: 'test', run, minutes }, cwd, never);

    if (kind === 'in the sandbox') {
      it('have one here, or this machine says why not', () => {
        if (confinement.sandbox) assert.match(confinement.describe, /run in a sandbox/);
        else assert.match(confinement.describe, /without a sandbox, with your rights, since .+/);
      });
    }

    it('are green with 0 and red with the code and the output', async () => {
      await writeFile(
        join(cwd, 'test.js'),
        `console.log('out'); console.error('err'); process.exit(Number(process.argv[2]))`,
      );
      const green = await check(`${node} test.js 0`);
      assert.deepEqual(
        { ...green, ms: 0 },
        { name: 'test', run: `${node} test.js 0`, result: 'green', exitCode: 0, ms: 0, tail: 'out\nerr' },
      );
      assert.ok(green.ms > 0 && Number.isInteger(green.ms));
      const red = await check(`${node} test.js 3`);
      assert.deepEqual([red.result, red.exitCode, red.reason, red.tail], ['red', 3, 'exit code 3', 'out\nerr']);
    });

    it('go through the shell in the checkout, as one argument', async () => {
      const line = posix ? `echo "a  b" && echo 'c' | cat; echo $((1 + 2)) # $1` : 'echo "a  b" && echo c';
      const { tail } = await check(line);
      assert.equal(tail.replaceAll('\r', ''), posix ? 'a  b\nc\n3' : '"a  b"\nc');
      assert.equal((await check(posix ? 'pwd' : 'cd')).tail, cwd);
    });

    it('are told apart when a command is missing, cannot run, or dies of a signal', async function () {
      if (!posix) skipFor(this, 'not on Windows');
      assert.match((await check('no-such-command-at-all')).reason ?? '', /127.*not found/);
      await writeFile(join(cwd, 'plain'), 'text');
      assert.match((await check('./plain')).reason ?? '', /126/);
      const died = await check('kill -SEGV $$');
      assert.equal(died.result, 'red');
      assert.match(died.reason ?? '', /ended by SIGSEGV/);
      assert.match(
        (await check('sh -c "kill -KILL \\$\\$"; exit $?')).reason ?? '',
        /exit code 137 \(ended by SIGKILL\)/,
      );
      assert.deepEqual(
        (await readdir(cwd)).filter((name) => name.startsWith('core')),
        [],
      );
    });

    it('cannot be started: not run, with the reason', async () => {
      for (const line of ['echo a\0b', `echo ${'x'.repeat(4_000_000)}`]) {
        const result = await check(line);
        assert.equal(result.result, 'not-run');
        assert.match(result.reason ?? '', /could not be started/);
      }
    });

    it('get no variable that is not on the list', async () => {
      const from = {
        ...process.env,
        OPENAI_API_KEY: 'sk-secret-1',
        AWS_SECRET_ACCESS_KEY: 'secret-2',
        GITHUB_TOKEN: 'secret-3',
        NODE_OPTIONS: '--require=/secret-4',
        SSH_AUTH_SOCK: '/secret-5',
        GIT_DIR: '/secret-6',
        HTTPS_PROXY: 'http://me:secret-7@proxy',
        LD_PRELOAD: '/secret-8',
        ORCHESTRA_PROFILE: '/secret-9',
        LC_TIME: 'C',
        PATH: `relative/bin:.:${process.env['PATH']}`,
      };
      const { tail } = await check(`${node} -p "JSON.stringify(process.env)"`, { env: from });
      assert.doesNotMatch(tail, /secret|relative/);
      const env = JSON.parse(tail) as Record<string, string>;
      assert.deepEqual([env['CI'], env['NO_COLOR'], env['LC_TIME']], ['1', '1', 'C']);
      if (posix) assert.equal(env['HOME'], process.env['HOME']);
      const known =
        /^(PATH|HOME|USER|LOGNAME|SHELL|LANG.*|LC_.*|TZ|T[EM]+P|TMPDIR|CI|NO_COLOR|TERM|GIT_TERMINAL_PROMPT|ORCHESTRA_CHECK|PWD|OLDPWD|SHLVL|_|XDG_CACHE_HOME|npm_config_cache|NVM_DIR|.*(CERT_FILE|CERT_DIR|CA_CERTS|ROOT|HOME|PATH))$/;
      if (posix)
        assert.deepEqual(
          Object.keys(env).filter((name) => !known.test(name)),
          [],
        );
    });

    it('find node in the folder that is given, and a closed stdin', async function () {
      if (!posix) skipFor(this, 'not on Windows');
      const { tail } = await check('command -v node; cat; echo end', { nodeFolder: dirname(process.execPath) });
      assert.equal(tail, `${join(dirname(process.execPath), 'node')}\nend`);
    });

    it('can use a temporary folder, which is empty before and gone afterwards', async () => {
      // In a private /tmp the folders on the way to the checkout and to Node are seen, and nothing else of it.
      const script = `const fs = require('fs'), d = require('os').tmpdir(); console.log(fs.readdirSync(d).every((n) => fs.statSync(d + '/' + n).isDirectory()), fs.existsSync(d + '/x')); fs.writeFileSync(d + '/x', 'x')`;
      await writeFile(join(cwd, 'tmp.js'), script);
      assert.equal((await check(`${node} tmp.js`)).tail.trim(), 'true false');
      assert.equal((await check(`${node} tmp.js`)).tail.trim(), 'true false');
    });

    it('may write 100 MB: the end is kept, and memory stays', async () => {
      const flood = `const b = Buffer.alloc(1 << 20, 'flood \\u001b[31m'); let n = 0; (function w() { if (n++ < 100) process.stdout.write(b, w); else console.log('\\nthe end') })()`;
      await writeFile(join(cwd, 'flood.js'), flood);
      const before = process.memoryUsage().rss;
      const result = await check(`${node} flood.js`);
      assert.equal(result.result, 'green');
      assert.ok(result.tail.length <= 4000 && result.tail.endsWith('the end'));
      assert.ok(process.memoryUsage().rss - before < 60e6);
    });

    /** Starts a family: one deaf to SIGTERM, one in a session of its own, each found by its word. */
    const family = async (word: string): Promise<string> => {
      const deaf = `process.on('SIGTERM', () => {}); setInterval(() => {}, 1000)`;
      const script = `
        const { spawn } = require('node:child_process');
        for (const detached of [false, true]) spawn(process.execPath, ['-e', ${JSON.stringify(deaf)}, '${word}'], { stdio: detached ? 'inherit' : 'ignore', detached }).unref();
        require('node:fs').writeFileSync('started', '');
        if (process.argv[2] !== 'ends') { ${deaf} }`;
      await writeFile(join(cwd, 'family.js'), script);
      return `${node} family.js`;
    };
    const started = (): Promise<string> => until(async () => (await readdir(cwd)).find((name) => name === 'started'));

    it('leave no process behind: cancelled, too late, or at their own end', async function () {
      if (process.platform !== 'linux') skipFor(this, 'Linux only');
      const word = `word-${process.pid}-${kind.length}`;
      const line = await family(word);

      const stop = new AbortController();
      const cancelled = open().run({ name: 'test', run: line, minutes: 1 }, cwd, stop.signal);
      await started();
      await until(async () => (await processesWith(word)).length >= 2);
      stop.abort(new Error('enough'));
      await assert.rejects(cancelled, /enough/);
      assert.deepEqual(await processesWith(word), []);
      await rm(join(cwd, 'started'));

      const late = await check(line, {}, 1.5 / 60);
      assert.deepEqual([late.result, late.reason], ['red', 'it took longer than 2 seconds']);
      assert.ok((await readdir(cwd)).includes('started'));
      assert.deepEqual(await processesWith(word), []);

      const ended = await check(`${line} ends`);
      assert.equal(ended.result, 'green');
      assert.deepEqual(await processesWith(word), []);
    });

    it('do not start once the run has ended', async () => {
      const gone = AbortSignal.abort(new Error('before'));
      await assert.rejects(open().run({ name: 'test', run: 'echo x > here', minutes: 1 }, cwd, gone), /before/);
      assert.deepEqual(await readdir(cwd), []);
    });

    it('need consent for the exact line', async () => {
      const consent: Consent = { mayRun: (line) => (line === 'echo a' ? 'yes' : 'no'), mayBring: () => 'no' };
      assert.equal((await check('echo a', { consent })).result, 'green');
      const result = await check('echo a ', { consent });
      assert.deepEqual(
        [result.result, result.reason, result.exitCode],
        ['not-run', 'needs your consent: run `orchestra trust`', null],
      );
    });

    it("never run in the person's folder or above it", async () => {
      await symlink(root, join(cwd, 'link'), 'junction');
      for (const place of [root, folder, join(cwd, 'link')]) {
        const running = open().run({ name: 'test', run: 'echo x > here', minutes: 1 }, place, never);
        await assert.rejects(running, /must not run in the person's folder/);
        await assert.rejects(
          open({ setup: { run: ['echo x > here'], bring: [] } }).prepare(place, never),
          /must not run/,
        );
      }
      assert.deepEqual(await readdir(root), []);
    });

    it('are prepared by what is brought and by the setup commands, in this order', async () => {
      await mkdir(join(root, 'deps'));
      await writeFile(join(root, 'deps/a'), 'dep');
      await writeFile(join(root, '.env'), 'KEY=1');
      const warnings: string[] = [];
      const log = { ...quiet, warn: (line: string) => void warnings.push(line) };
      const consent: Consent = { ...yes, mayBring: () => 'no' };
      const setup = {
        bring: ['deps', '.env'],
        run: [posix ? 'cat deps/a > made' : 'type deps\\a > made', 'echo more>> made'],
      };
      await open({ setup, log, consent }).prepare(cwd, never);
      assert.match(await readFile(join(cwd, 'made'), 'utf8'), /^depmore\s*$/);
      assert.deepEqual(await readdir(cwd), ['deps', 'made']);
      assert.equal(warnings.length, 1);
    });

    it('say what of the setup failed, with the end of its output', async () => {
      const script = `console.log('x'.repeat(9000) + 'the reason'); process.exit(4)`;
      await writeFile(join(cwd, 'setup.js'), script);
      const failing = open({ setup: { bring: [], run: [`${node} setup.js`, 'echo x > next'] } }).prepare(cwd, never);
      await assert.rejects(failing, (error: UserError) => {
        assert.ok(error instanceof UserError);
        assert.equal(error.code, 'setup-failed');
        assert.match(error.message, /exit code 4[^]*the reason$/);
        return error.message.length < 4400;
      });
      assert.deepEqual(await readdir(cwd), ['setup.js']);
    });

    it('do not run on a checkout whose setup the person has not agreed to', async () => {
      const consent: Consent = { ...yes, mayRun: (line) => (line === 'echo x > made' ? 'no' : 'yes') };
      const checks = open({ consent, setup: { bring: [], run: ['echo y > other', 'echo x > made'] } });
      await checks.prepare(cwd, never);
      const result = await checks.run({ name: 'test', run: 'echo z', minutes: 1 }, cwd, never);
      assert.deepEqual(
        [result.result, result.reason],
        ['not-run', 'its setup needs your consent: run `orchestra trust`'],
      );
      assert.deepEqual(await readdir(cwd), []);
    });

    it('reach a server of this machine only where nothing confines them', async () => {
      const server = createServer((socket) => socket.end('hello'));
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { port } = server.address() as AddressInfo;
      const client = `require('net').connect(${port}, '127.0.0.1').on('data', (d) => console.log(String(d))).on('error', (e) => console.log(e.code))`;
      const own = `const s = require('net').createServer((c) => c.end('own')).listen(0, '127.0.0.1', () => require('net').connect(s.address().port, '127.0.0.1').on('data', (d) => { console.log(String(d)); s.close() }))`;
      await writeFile(join(cwd, 'client.js'), client);
      await writeFile(join(cwd, 'own.js'), own);
      try {
        const confined = confinement.sandbox?.kind === 'bubblewrap';
        assert.equal((await check(`${node} client.js`)).tail, confined ? 'ECONNREFUSED' : 'hello');
        assert.equal((await check(`${node} own.js`)).tail, 'own');
      } finally {
        await new Promise((done) => server.close(done));
      }
    });
  });
}

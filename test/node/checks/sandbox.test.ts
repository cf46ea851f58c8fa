import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, readdir, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findSandbox, unconfinedNotice } from '../../../src/node/checks/sandbox.ts';
import type { Confinement, Place } from '../../../src/node/checks/sandbox.ts';
import { run } from '../../../src/node/processes.ts';
import { skipFor } from '../../harness/skip.ts';

const never = new AbortController().signal;
const path = process.env['PATH'] ?? '';

describe('finding the sandbox', () => {
  let folder: string;
  before(async () => (folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-sandbox-')))));
  after(() => rm(folder, { recursive: true, force: true }));

  const program = async (name: string, script: string): Promise<string> => {
    const file = join(folder, name);
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  };

  it('says in a sentence what holds on this machine, whatever it is', async () => {
    const { sandbox, describe } = await findSandbox(never);
    assert.match(
      describe,
      sandbox
        ? /^Checks run in a sandbox \((bubblewrap|sandbox-exec)\).*[.]$/
        : /^Checks run without a sandbox, with your rights, since .+[.]$/,
    );
    assert.match(unconfinedNotice, /your rights/);
    if (process.platform === 'win32') assert.equal(sandbox, undefined);
  });

  it('believes no program that only is there', async function () {
    if (process.platform !== 'linux') skipFor(this, 'Linux only');
    const forbidden = await program('forbidden', 'echo "bwrap: No permissions to create a new namespace" >&2; exit 1');
    const lets = await program('lets', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"');
    const lies = await program('lies', 'exit 0');
    const cases: [string, RegExp][] = [
      [forbidden, /may not be used here: bwrap: No permissions to create a new namespace[.]$/],
      [lets, /it lets commands write everywhere[.]$/],
      [lies, /it ended with 0[.]$/],
      [join(folder, 'nothing'), /bubblewrap is not installed[.]$/],
    ];
    for (const [file, why] of cases) {
      const { sandbox, describe } = await findSandbox(never, [file]);
      assert.equal(sandbox, undefined);
      assert.match(describe, why);
    }
  });

  it('ends with its signal', async () => {
    await assert.rejects(findSandbox(AbortSignal.abort(new Error('enough')), ['/bin/sh']), /enough/);
  });
});

describe('the sandbox of Linux', function () {
  let confinement: Confinement;
  let folder: string;
  let place: Place;
  let home: string | undefined;

  before(async function () {
    if (process.platform !== 'linux') skipFor(this, 'Linux only');
    confinement = await findSandbox(never);
    if (!confinement.sandbox) {
      // Nothing to prove here but that it is said.
      assert.match(confinement.describe, /without a sandbox/);
      skipFor(this, `no sandbox here: ${confinement.describe}`);
    }
    // Not under /tmp, all of which is hidden.
    folder = await realpath(await mkdtemp('/var/tmp/orchestra-sandbox-'));
    for (const name of ['checkout', 'scratch', 'home', 'project', 'outside']) await mkdir(join(folder, name));
    place = { cwd: join(folder, 'checkout'), scratch: join(folder, 'scratch'), network: false };
    home = process.env['HOME'];
    process.env['HOME'] = join(folder, 'home');
  });
  after(async () => {
    if (!folder) return;
    process.env['HOME'] = home;
    await rm(folder, { recursive: true, force: true });
  });

  const sh = async (script: string, more: Partial<Place> = {}): Promise<{ code: number | null; out: string }> => {
    const { file, args } = await (confinement.sandbox as NonNullable<Confinement['sandbox']>).wrap(
      { file: '/bin/sh', args: ['-c', `exec 2>&1\n${script}`] },
      { ...place, ...more },
    );
    const result = await run(file, args, {
      cwd: place.cwd,
      env: { PATH: path, HOME: process.env['HOME'] },
      signal: never,
    });
    return { code: result.code, out: `${result.stdout.toString()}${result.stderr}`.trim() };
  };

  it('lets a command write in its checkout and its own /tmp only', async () => {
    await writeFile(join(folder, 'outside/file'), 'before');
    const script = `
      echo in > inside; echo tmp > /tmp/mine
      echo x > '${folder}/outside/file'; echo x > '${folder}/outside/new'; echo x > '${folder}/home/new'; echo x > /etc/new; echo x > /new
      rm '${folder}/outside/file'; mv '${folder}/outside' '${folder}/moved'; chmod 777 '${folder}/outside'; touch '${folder}/outside'
      ln '${folder}/outside/file' hard && echo x > hard
      ln -s '${folder}/outside' soft && echo x > soft/file`;
    const before = await stat(join(folder, 'outside'));
    const { out } = await sh(script);
    assert.match(out, /Read-only file system/);
    assert.equal(await readFile(join(place.cwd, 'inside'), 'utf8'), 'in\n');
    assert.equal(await readFile(join(place.scratch, 'tmp/mine'), 'utf8'), 'tmp\n');
    assert.equal(await readFile(join(folder, 'outside/file'), 'utf8'), 'before');
    assert.deepEqual(await readdir(join(folder, 'outside')), ['file']);
    const now = await stat(join(folder, 'outside'));
    assert.deepEqual([now.mode, now.mtimeMs], [before.mode, before.mtimeMs]);
    assert.deepEqual(await readdir(join(folder, 'home')), []);
    for (const name of ['/etc/new', '/new', '/tmp/mine']) await assert.rejects(stat(name), { code: 'ENOENT' });
  });

  it('cannot be undone from inside, not even by root', async () => {
    const { out } =
      await sh(`mount -o remount,rw / && echo DONE; mount -o remount,rw,bind / && echo DONE; umount -l /run && echo DONE
      unshare -Urm sh -c 'mount -o remount,rw,bind / && echo x > "${folder}/outside/escaped"' && echo DONE; mknod disk b 254 0 && echo DONE; grep CapEff /proc/self/status`);
    assert.doesNotMatch(out, /DONE/);
    assert.match(out, /CapEff:\s+0000000000000000/);
    await assert.rejects(stat(join(folder, 'outside/escaped')), { code: 'ENOENT' });
  });

  it('hides secrets, also behind links, and what the project wants hidden', async () => {
    const files = [
      '.ssh/id_ed25519',
      '.aws/credentials',
      '.config/gh/hosts.yml',
      '.netrc',
      '.npmrc',
      '.docker/config.json',
      '.kube/config',
      '.gnupg/key',
    ];
    for (const file of [...files, '.config/gcloud/x', '.codex/auth.json', '.claude.json', '.bash_history']) {
      await mkdir(dirname(join(folder, 'home', file)), { recursive: true });
      await writeFile(join(folder, 'home', file), 'SECRET');
    }
    await mkdir(join(folder, 'dotfiles'));
    await writeFile(join(folder, 'dotfiles/pypirc'), 'SECRET');
    await symlink(join(folder, 'dotfiles/pypirc'), join(folder, 'home/.pypirc'));
    await writeFile(join(folder, 'project/.env'), 'SECRET');
    await writeFile(join(folder, 'project/readme'), 'PLAIN');
    await writeFile(join(folder, 'home/.gitconfig'), 'PLAIN');
    const { out } = await sh(
      `cd '${folder}' && find home dotfiles project -type f -exec cat {} +; cat home/.pypirc home/.netrc`,
      {
        hidden: [join(folder, 'project/.env'), join(folder, 'project/not-there')],
      },
    );
    assert.equal(out, 'PLAINPLAIN');
    await rm(join(folder, 'home'), { recursive: true });
    await mkdir(join(folder, 'home'));
  });

  it('hides our own profile, so that no check reads or makes an approval', async () => {
    const profile = join(folder, 'profile');
    await mkdir(profile);
    await writeFile(join(profile, 'trust.json'), 'SECRET');
    process.env['ORCHESTRA_PROFILE'] = profile;
    const { out } = await sh(`ls -A '${profile}'; echo x > '${profile}/trust.json'`);
    delete process.env['ORCHESTRA_PROFILE'];
    assert.equal(out, '');
    assert.equal(await readFile(join(profile, 'trust.json'), 'utf8'), 'SECRET');
  });

  it('shows neither the processes, nor the sockets, nor the temporary files of others', async () => {
    const other = await mkdtemp(join(tmpdir(), 'orchestra-other-'));
    const socket = createServer().listen(join(other, 'socket'));
    try {
      const { out } = await sh(
        `ls /tmp; ls -d '${other}'; kill -0 ${process.pid} && echo DONE; ls /proc | grep -c '^[0-9]'; find /run -type s | grep . && echo DONE`,
      );
      assert.doesNotMatch(out, /DONE/);
      assert.match(out, /No such file or directory/);
      assert.ok(Number(/^\d+$/m.exec(out)?.[0]) < 10);
    } finally {
      socket.close();
      await rm(other, { recursive: true });
    }
  });

  it('keeps readable what is asked for under /tmp, but not writable', async () => {
    const kept = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-kept-')));
    await writeFile(join(kept, 'x'), 'readable');
    const { out } = await sh(`cat '${kept}/x'; echo y > '${kept}/x' && echo DONE`, {
      readable: [kept, '/tmp', '/run'],
    });
    assert.match(out, /^readable/);
    assert.doesNotMatch(out, /DONE/);
    assert.equal(await readFile(join(kept, 'x'), 'utf8'), 'readable');
    await rm(kept, { recursive: true });
  });

  it('has a network only when it is asked for', async () => {
    const interfaces = 'grep -c : /proc/net/dev';
    assert.equal((await sh(interfaces)).out, '1');
    assert.equal(
      (await sh(interfaces, { network: true })).out,
      (await run('/bin/sh', ['-c', interfaces], { cwd: '/', env: { PATH: path }, signal: never })).stdout
        .toString()
        .trim(),
    );
  });

  it('shows nothing of /run but what programs and name servers need', async () => {
    const { out } = await sh('ls -A /run');
    const needed = ['current-system', 'opengl-driver', 'systemd', 'resolvconf', 'NetworkManager'];
    assert.deepEqual(
      out.split(/\s+/).filter((name) => name !== '' && !needed.includes(name)),
      [],
    );
    assert.ok((await readdir('/run')).some((name) => !needed.includes(name)));
  });

  it('passes exit codes on', async () => {
    assert.equal((await sh('exit 42')).code, 42);
  });
});

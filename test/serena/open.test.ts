import assert from 'node:assert/strict';
import { mkdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join, relative } from 'node:path';
import { findSerena, isOlder } from '../../src/node/memory/serena/find.ts';
import type { FoundSerena } from '../../src/node/memory/serena/find.ts';
import { openMemory } from '../../src/node/memory/serena/openMemory.ts';
import type { Memory, MemoryBackend } from '../../src/node/memory/serena/openMemory.ts';
import { refusal, serenaPath } from './install.ts';
import { keptLog, place, processesWith, script } from './support.ts';
import type { Place } from './support.ts';

describe('Serena', () => {
  let at: Place;
  let home: string;
  let log: ReturnType<typeof keptLog>;
  let stop: AbortController;
  beforeEach(async () => {
    at = await place();
    home = join(at.base, 'home');
    log = keptLog();
    stop = new AbortController();
    for (const folder of [at.root, home, at.folder]) await mkdir(folder);
  });
  afterEach(async () => {
    stop.abort();
    await at.remove();
  });
  /** With the tools of the system only. */
  const path = '/usr/bin:/bin';
  const find = (more: object = {}, env: NodeJS.ProcessEnv = { PATH: path }): Promise<FoundSerena> =>
    findSerena({ env, home, signal: stop.signal, cache: at.folder, ...more });
  const fake = async (folder: string, version: string, name = 'serena'): Promise<string> => {
    await mkdir(folder, { recursive: true });
    return script(join(folder, name), `echo "$@" >> '${at.base}/asked'\necho 'Serena ${version}'`);
  };
  const asked = async (): Promise<number> => (await readFile(join(at.base, 'asked'), 'utf8')).trim().split('\n').length;

  describe('is found', () => {
    it('for real, by the setting, and again', async () => {
      const first = await find({ setting: serenaPath });
      if (refusal) return assert.match(first.why ?? '', refusal);
      assert.match(first.program?.version ?? first.why ?? '', /^\d+\.\d+\.\d+/);
      assert.deepEqual(await find({ setting: serenaPath }), first);
    });

    it('on the PATH, but never by a relative entry of it', async () => {
      const bin = join(at.base, 'bin');
      const command = await fake(bin, '2.0.0');
      const there = await find({}, { PATH: `${relative(process.cwd(), bin)}${delimiter}.` });
      assert.match(there.why ?? '', /no Serena on the PATH/);
      assert.deepEqual((await find({}, { PATH: `${path}${delimiter}${bin}` })).program, {
        command,
        args: [],
        version: '2.0.0',
      });
    });

    it('where installers put it, also when it is not on the PATH', async () => {
      const tool = join(home, '.local', 'share', 'uv', 'tools', 'serena-agent', 'bin');
      const command = await fake(tool, '1.9.0');
      assert.equal((await find()).program?.command, command);
      await mkdir(join(home, '.local', 'bin'), { recursive: true });
      await symlink(command, join(home, '.local', 'bin', 'serena'));
      assert.equal((await find()).program?.command, join(home, '.local', 'bin', 'serena'));
      await rm(join(home, '.local'), { recursive: true });
      const other = await fake(join(at.base, 'tools', 'serena-agent', 'bin'), '1.9.0');
      assert.equal((await find({}, { PATH: path, UV_TOOL_DIR: join(at.base, 'tools') })).program?.command, other);
    });

    it('through uvx, which may download only if that was allowed', async () => {
      const uvx = await fake(join(home, '.local', 'bin'), '2.1.0', 'uvx');
      assert.deepEqual((await find()).program?.args, ['--offline', '--from', 'serena-agent', 'serena']);
      assert.deepEqual((await find({ setting: 'uvx', mayDownload: true })).program?.args, [
        '--from',
        'serena-agent',
        'serena',
      ]);
      assert.equal((await find({ setting: uvx })).program?.command, uvx);
      // What it runs changes without its changing.
      assert.equal(await asked(), 3);
    });

    it('again, when another was installed in its place', async () => {
      const command = await fake(join(home, '.local', 'bin'), '1.7.0');
      assert.equal((await find()).program?.version, '1.7.0');
      await find();
      assert.equal(await asked(), 1);
      await fake(join(home, '.local', 'bin'), '1.8.0');
      await utimes(command, 1, 1);
      assert.equal((await find()).program?.version, '1.8.0');
      await writeFile(join(at.folder, 'serena-versions.json'), '{ torn');
      assert.equal((await find()).program?.version, '1.8.0');
    });

    it('or not, and that is said in a sentence', async () => {
      const why = async (more: object): Promise<string> => (await find(more)).why ?? 'found';
      assert.match(await why({ setting: 'serena' }), /not an absolute path/);
      assert.match(await why({ setting: join(home, 'none') }), /there is no program/);
      assert.match(await why({ setting: at.root }), /there is no program/);
      const broken = await script(join(home, 'broken'), 'echo "bad interpreter" >&2; exit 1');
      assert.match(await why({ setting: broken }), /broken does not work: bad interpreter/);
      const silent = await script(join(home, 'silent'), 'exit 0');
      assert.match(await why({ setting: silent }), /does not work: it ended with code 0/);
      assert.match(await why({ setting: await fake(home, '1.5.3') }), /is Serena 1\.5\.3; 1\.6\.0 or newer is needed/);
      assert.match(await why({ setting: 'uvx' }), /set to `uvx`/);
    });

    it('newer than an old one that stands before it', async () => {
      const old = await fake(join(at.base, 'old'), '0.1.4');
      const env = { PATH: `${dirname(old)}${delimiter}${path}` };
      assert.match((await find({}, env)).why ?? '', /is Serena 0\.1\.4/);
      const good = await fake(join(home, '.local', 'bin'), '1.6.0');
      assert.equal((await find({}, env)).program?.command, good);
    });

    it('by versions that are numbers, not texts', () => {
      const older = ['0.1.4', '1.5.3', '1.5', '1', '1.5.99.dev0-abc'];
      const fit = ['1.6.0', '1.6', '1.10.0', '2.0', '1.7.1.dev0-7fcbca7e', '10.0.0'];
      assert.deepEqual(
        older.map((version) => isOlder(version, '1.6.0')),
        older.map(() => true),
      );
      assert.deepEqual(
        fit.map((version) => isOlder(version, '1.6.0')),
        fit.map(() => false),
      );
    });
  });

  describe('and memory.backend', () => {
    // One for all: Serena takes seconds to say its version.
    let cache: Place;
    before(async () => {
      cache = await place();
    });
    after(() => cache.remove());
    const openWith = (
      backend: MemoryBackend,
      program: string | undefined,
      more: NodeJS.ProcessEnv = {},
    ): Promise<Memory> =>
      openMemory({
        root: at.root,
        backend,
        program,
        env: { ...process.env, PATH: path, ORCHESTRA_CACHE: join(cache.base, 'our cache ü'), ...more },
        signal: stop.signal,
        log,
        home,
      });

    it('files: by the embedded store alone', async () => {
      const memory = await openWith('files', serenaPath);
      assert.equal(memory.serena, undefined);
      await memory.store.write('orch/now', 'x');
      assert.equal(await memory.store.read('orch/now'), 'x\n');
    });

    it('auto: by the embedded store, with Serena beside it, which nobody waits for', async () => {
      const memory = await openWith('auto', serenaPath);
      if (refusal) return assert.deepEqual([memory.serena, memory.notes.join().match(refusal)?.length], [undefined, 1]);
      assert.equal(memory.serena?.state.is, 'starting');
      await memory.store.write('orch/now', 'x');
      assert.equal((await memory.serena?.settled)?.is, 'attached');
      assert.deepEqual(await memory.serena?.call('read_memory', { name: 'orch/now' }), { is: 'done', text: 'x\n' });
      stop.abort();
      await memory.serena?.end();
      assert.deepEqual(processesWith(cache.base), []);
    });

    it('serena: by its tools', async () => {
      const memory = await openWith('serena', serenaPath);
      if (refusal) return assert.match(memory.notes.join(), refusal);
      assert.deepEqual([memory.serena?.state.is, memory.notes], ['attached', []]);
      await memory.store.write('orch/now', 'x');
      assert.equal(await memory.store.read('orch/now'), 'x\n');
      assert.deepEqual(log.warnings, []);
      await memory.serena?.end();
    });

    it('serena, and there is none that works: by the embedded store, and it is said', async () => {
      for (const program of [join(home, 'none'), await fake(home, '1.5.3'), await fake(join(home, 'x'), '2.1.0')]) {
        const memory = await openWith('serena', program);
        assert.match(
          memory.notes.at(-1) ?? '',
          /\. (The|Until it works, the) memories are written without (it|Serena)\.$/,
        );
        await memory.store.write('orch/now', program);
        assert.equal(await memory.store.read('orch/now'), `${program}\n`);
        await memory.serena?.end();
      }
    });

    it('auto, and there is none: not a word', async () => {
      assert.deepEqual((await openWith('auto', undefined)).notes, []);
    });

    it('refuses a home for Serena that the project could bring', async () => {
      const memory = await openWith('serena', serenaPath, { ORCHESTRA_CACHE: join(at.root, 'cache') });
      assert.equal(memory.serena, undefined);
      assert.match(memory.notes.join('\n'), /our cache folder .* lies in the project/);
    });
  });
});

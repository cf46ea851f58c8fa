import assert from 'node:assert/strict';
import { mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { normalBody } from '../../src/core/bus/text.ts';
import type { Attached } from '../../src/node/memory/serena/attach.ts';
import { openSerenaStore } from '../../src/node/memory/serena/serenaStore.ts';
import { namesOf } from '../../src/node/memory/serena/tools.ts';
import type { Store } from '../../src/node/memory/store.ts';
import { attachOn, keptLog, place, processesWith, until } from './support.ts';
import type { OnPlace, Place } from './support.ts';

/** Counts what goes to Serena; `before` may get in its way. */
function counted(serena: Attached, before: (count: number) => void = () => {}): Attached & { calls: number } {
  const watched = {
    calls: 0,
    get state() {
      return serena.state;
    },
    settled: serena.settled,
    call(...args: Parameters<Attached['call']>) {
      const answer = serena.call(...args);
      before(++watched.calls);
      return answer;
    },
    end: () => serena.end(),
  };
  return watched;
}

describe('stores, the embedded one and the one through a real Serena', () => {
  let at: Place;
  let now: OnPlace;
  let through: Attached & { calls: number };
  let log: ReturnType<typeof keptLog>;
  const stores = new Map<string, Store>();
  before(async () => {
    at = await place();
    now = await attachOn(at);
    assert.equal((await now.serena.settled).is, 'attached');
    through = counted(now.serena);
    log = keptLog();
    stores.set('files', now.files);
    stores.set('serena', openSerenaStore({ root: at.root, serena: through, files: now.files, log }));
  });
  after(async () => {
    await now.serena.end();
    await at.remove();
  });
  afterEach(() => assert.deepEqual(log.warnings, [], 'Serena did it all'));

  /** What Serena itself says. */
  const byTool = async (name: string): Promise<string | undefined> => {
    const answer = await now.serena.call('read_memory', { name });
    return answer.is === 'done' ? answer.text : undefined;
  };
  const listed = async (topic: string): Promise<string[] | undefined> => {
    const answer = await now.serena.call('list_memories', { topic });
    return answer.is === 'done' ? namesOf(answer.text) : undefined;
  };

  for (const which of ['files', 'serena']) {
    describe(which, () => {
      const store = (): Store => stores.get(which) as Store;
      const name = (rest: string): string => `orch/${which}/${rest}`;

      it('writes, reads, lists and removes; Serena sees the same', async () => {
        const before = through.calls;
        for (const each of ['m/000002-a-b-note', 'm/000001-a-b-note', 'board'])
          await store().write(name(each), `# ${each}`);
        const names = [name('board'), name('m/000001-a-b-note'), name('m/000002-a-b-note')];
        assert.deepEqual(await store().list(`orch/${which}`), names);
        assert.deepEqual(await listed(`orch/${which}`), names);
        assert.equal(await store().read(name('board')), '# board\n');
        assert.equal(await byTool(name('board')), '# board\n');
        await store().write(name('board'), 'another');
        assert.equal(await byTool(name('board')), 'another\n');
        assert.equal(await store().remove(name('board')), true);
        assert.equal(await store().remove(name('board')), false);
        assert.equal(await store().read(name('board')), undefined);
        assert.equal(await byTool(name('board')), undefined);
        assert.deepEqual(await store().list('orch/unknown'), []);
        assert.deepEqual(await listed('orch/unknown'), []);
        assert.equal(through.calls - before, which === 'serena' ? 5 : 0);
      });

      it('gives any text back as it is stored, to Serena too', async () => {
        const texts = [
          'lone \ud83c and \udfbb',
          '\ufeffmark\r\nof\rorder',
          'x'.repeat(150_001),
          'ü🎻'.repeat(60_000),
          'NUL \0 and \u001b[31m',
          '',
          '\n\n',
          '---\nschema: "orch.msg/1"\nsubject: "`mem:x` $1 \\\\1 {{ jinja }}"\n---\nbody',
          'Error executing tool: ValueError - not really',
          'Memory file orch/x not found, consider creating it with the `write_memory` tool if you need it.',
        ];
        for (const text of texts) {
          await store().write(name('text'), text);
          assert.equal(await store().read(name('text'), () => true), normalBody(text));
          const direct = await now.serena.call('read_memory', { name: name('text') });
          // The last two cannot be told from what an old Serena says of a failure: files are what is believed.
          if (direct.is === 'done') assert.equal(direct.text, normalBody(text));
          else assert.match(text, /^Error|^Memory file/);
        }
        await fc.assert(
          fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 400 }), async (text) => {
            await store().write(name('text'), text);
            assert.equal(await store().read(name('text'), () => true), normalBody(text));
          }),
          { numRuns: 12 },
        );
      });

      it('refuses names that are not its own', async () => {
        const bad = [
          'Project',
          'orch/../x',
          'orch/A',
          'orch/con',
          'orch/a.b',
          `orch/${'x'.repeat(300)}`,
          'global/x',
          'orch//x',
        ];
        const before = through.calls;
        for (const each of bad) {
          await assert.rejects(store().write(each, 'x'), /not a memory of ours/, each);
          await assert.rejects(store().remove(each), /not a memory of ours/, each);
        }
        assert.equal(through.calls, before, 'Serena never hears of them');
        assert.deepEqual(await store().list('../..'), []);
      });

      it('keeps the order of writes that are asked for at once', async () => {
        const texts = Array.from({ length: 12 }, (_, index) => `revision ${index}\n`);
        await Promise.all(texts.map((text) => store().write(name('rev'), text)));
        if (which === 'serena') assert.equal(await store().read(name('rev')), 'revision 11\n');
        assert.match((await byTool(name('rev'))) ?? '', /^revision \d+\n$/);
      });
    });
  }

  it('never gives half a text, whoever writes while the other reads', async () => {
    const [files, serena] = [stores.get('files') as Store, stores.get('serena') as Store];
    const page = (who: string, rev: number): string =>
      `${who} ${rev}\n${'line of text\n'.repeat(3000)}end ${who} ${rev}\n`;
    const isWhole = (text: string): boolean => /^(\w+ \d+)\n(?:line of text\n){3000}end \1\n$/.test(text);
    const rounds = 15;
    const [readsLeast, roundsMost] = [4, 10_000];
    let reads = 0;
    let reading = true;
    /** So many messages, and the page over and over until enough was read of it. */
    const write = async (store: Store, who: string): Promise<void> => {
      for (let rev = 0; rev < rounds || (reading && reads < readsLeast && rev < roundsMost); rev++) {
        if (rev < rounds)
          await store.write(`orch/both/m/${String(rev).padStart(6, '0')}-${who}-all-note`, page(who, rev));
        await store.write(`orch/both/${who}`, page(who, rev));
      }
    };
    await files.write('orch/both/files', page('files', 0));
    await serena.write('orch/both/serena', page('serena', 0));
    const read = async (done: () => boolean): Promise<void> => {
      while (!done()) {
        const theirs = await byTool('orch/both/files');
        assert.ok(theirs !== undefined && isWhole(theirs), 'Serena reads ours');
        const ours = await files.read('orch/both/serena', isWhole);
        assert.ok(ours !== undefined && isWhole(ours), 'we read what Serena writes');
        reads++;
      }
    };
    let writing = true;
    await Promise.all([
      Promise.all([write(files, 'files'), write(serena, 'serena')]).finally(() => (writing = false)),
      read(() => !writing).finally(() => (reading = false)),
    ]);
    assert.ok(reads >= readsLeast);
    const names = await files.list('orch/both/m');
    assert.equal(names.length, 2 * rounds);
    assert.deepEqual(await listed('orch/both/m'), names);
  });

  it('lists two thousand as Serena does, and lives with what others put there', async () => {
    const folder = join(at.memories, 'orch', 'many');
    await mkdir(folder, { recursive: true });
    const numbers = Array.from({ length: 2000 }, (_, index) => String(index).padStart(6, '0'));
    await Promise.all(numbers.map((number) => writeFile(join(folder, `${number}-a-all-note.md`), `${number}\n`)));
    await writeFile(join(folder, 'empty.md'), '');
    await writeFile(join(folder, 'latin.md'), Buffer.from([0x66, 0xfc, 0x72]));
    await writeFile(join(folder, 'Upper.Case and blank.md'), 'theirs');
    await writeFile(join(folder, '.000001.md.1.0123456789ab.tmp'), 'ours, unfinished');
    for (const store of stores.values()) {
      assert.deepEqual(await store.list('orch/many'), await listed('orch/many'));
      assert.equal(await store.read('orch/many/empty'), '');
      await assert.rejects(store.read('orch/many/latin'), /not UTF-8/);
      assert.equal(await store.read('orch/many/Upper.Case and blank'), 'theirs');
    }
    assert.equal(await byTool('orch/many/latin'), undefined);
    assert.equal((await now.serena.call('write_memory', { name: 'orch/many/after', content: 'x\n' })).is, 'done');
    await rm(folder, { recursive: true });
  });

  it('does not follow links in a circle; Serena may, and comes back', async () => {
    await now.files.write('orch/circle/a', 'a');
    await symlink(join(at.memories, 'orch', 'circle'), join(at.memories, 'orch', 'circle', 'again'));
    for (const store of stores.values()) assert.deepEqual(await store.list('orch/circle'), ['orch/circle/a']);
    const theirs = await listed('orch/circle');
    assert.ok(theirs?.includes('orch/circle/a'));
    await rm(join(at.memories, 'orch', 'circle', 'again'));
  });

  it('shares the memories and our folder with the Serena of another window', async () => {
    const other = await attachOn(at);
    try {
      assert.equal((await other.serena.settled).is, 'attached');
      const theirs = openSerenaStore({ root: at.root, serena: other.serena, files: other.files, log });
      const ours = stores.get('serena') as Store;
      const numbers = Array.from({ length: 12 }, (_, index) => String(index).padStart(6, '0'));
      const post = (store: Store, who: string): Promise<unknown> =>
        Promise.all(
          numbers.map((number) => store.write(`orch/two/m/${number}-${who}-all-note`, `${number} of ${who}`)),
        );
      await Promise.all([post(theirs, 'theirs'), post(ours, 'ours')]);
      const names = await now.files.list('orch/two/m');
      assert.equal(names.length, 24);
      assert.deepEqual(await listed('orch/two/m'), names);
    } finally {
      await other.serena.end();
    }
    assert.equal((await now.serena.call('list_memories', {})).is, 'done', 'one ends, the other goes on');
  });
});

describe('the store through Serena, when Serena fails it', () => {
  let at: Place;
  let now: OnPlace;
  beforeEach(async () => {
    at = await place();
  });
  afterEach(async () => {
    await now.serena.end();
    await at.remove();
  });
  const leftovers = async (): Promise<string[]> =>
    (await readdir(at.memories, { recursive: true })).filter((name) => name.endsWith('.tmp'));

  it('loses nothing to kill -9 in the middle of a write, and goes on through the next Serena', async function () {
    this.timeout(10 * 60_000);
    now = await attachOn(at, { limits: { pausesMs: Array.from({ length: 8 }, () => 1) } });
    const log = keptLog();
    let killAt = 0;
    let killed = 0;
    const through = counted(now.serena, (count) => {
      if (count !== killAt) return;
      // Some time in the tenth of a second that a write takes.
      const pids = processesWith(at.folder);
      const kill = (): void => {
        for (const pid of pids) process.kill(pid, 'SIGKILL');
        killed++;
      };
      setTimeout(kill, 60 + Math.random() * 60);
    });
    const store = openSerenaStore({ root: at.root, serena: through, files: now.files, log });
    const text = (index: number): string => `${index} ${'many words '.repeat(40_000)}\n`;
    let written = 0;
    // Where that write is over by then, nothing is to be told: it is tried again.
    for (let kill = 1; kill <= 2 || (log.warnings.length === 0 && kill <= 8); kill++) {
      await now.serena.settled;
      await until(() => now.serena.state.is === 'attached', 90_000);
      killAt = through.calls + 3;
      for (let each = 0; each < 6 || killed < kill; each++) {
        await store.write(`orch/r1/m/${String(written).padStart(6, '0')}-a-all-note`, text(written));
        written++;
      }
    }
    assert.ok(log.warnings.length > 0, 'one was killed in the middle of a write');
    for (let index = 0; index < written; index++) {
      const name = `orch/r1/m/${String(index).padStart(6, '0')}-a-all-note`;
      assert.equal(await readFile(now.files.pathOf(name), 'utf8'), normalBody(text(index)));
    }
    assert.deepEqual(await leftovers(), []);
    assert.equal(new Set(log.warnings).size, log.warnings.length, 'each reason is said once');

    await until(() => now.serena.state.is === 'attached', 90_000);
    const [calls, warnings] = [through.calls, log.warnings.length];
    await store.write('orch/r1/board', 'through Serena again');
    assert.deepEqual([through.calls, log.warnings.length], [calls + 1, warnings]);
  });

  it('writes by itself while Serena starts, is stopped or gone, and where it must not follow', async () => {
    now = await attachOn(at, { limits: { callMs: 4000, pausesMs: [] } });
    const log = keptLog();
    const through = counted(now.serena);
    const { files } = now;
    const store = openSerenaStore({ root: at.root, serena: through, files, log });
    await store.write('orch/r1/early', 'early');
    assert.match(log.warnings.join('\n'), /being started/);
    assert.equal((await now.serena.settled).is, 'attached');

    // Links: one that Serena would write through, one that leads out of the project.
    await writeFile(join(at.base, 'theirs.md'), 'theirs\n');
    await symlink(join(at.base, 'theirs.md'), files.pathOf('orch/r1/linked'));
    await store.write('orch/r1/linked', 'ours');
    assert.equal(await readFile(join(at.base, 'theirs.md'), 'utf8'), 'theirs\n');
    assert.equal(await store.read('orch/r1/linked'), 'ours\n');
    await mkdir(join(at.base, 'out'));
    await symlink(join(at.base, 'out'), join(at.memories, 'orch', 'out'));
    await assert.rejects(store.write('orch/out/x', 'x'), { code: 'leads-outside' });
    assert.deepEqual(await readdir(join(at.base, 'out')), []);
    assert.equal(through.calls, 0);

    // The person removes everything.
    await rm(join(at.root, '.serena'), { recursive: true });
    await store.write('orch/r1/again', 'again');
    assert.equal(await store.read('orch/r1/again'), 'again\n');
    await store.write('orch/r1/once-more', 'once more');
    assert.equal(await store.remove('orch/r1/again'), true);

    // A folder in the file's place: neither can.
    await mkdir(files.pathOf('orch/r1/folder'));
    await assert.rejects(store.write('orch/r1/folder', 'x'));

    for (const pid of processesWith(at.folder)) process.kill(pid, 'SIGSTOP');
    await store.write('orch/r1/late', 'late');
    assert.equal(await store.read('orch/r1/late'), 'late\n');
    await until(() => now.serena.state.is === 'gone', 90_000);
    await store.write('orch/r1/after', 'after');
    assert.equal(await store.remove('orch/r1/after'), true);
    assert.equal(await store.read('orch/r1/late'), 'late\n');
    assert.deepEqual(await leftovers(), []);
  });
});

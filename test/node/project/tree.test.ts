import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { filesOf } from '../../harness/files.ts';
import { eventsOf, type Place, scenarios, story, tested, words } from './place.ts';

const own = ['.orchestration', '.serena'];
const title = 'export const title = (text) => text.charAt(0).toUpperCase() + text.slice(1);\n';

/** Hooks, a filter, a merge driver, a diff, signing and fsmonitor: each leaves a mark when anybody runs it. */
async function trapped(place: Place): Promise<() => Promise<string[]>> {
  const marks = join(place.place, 'marks');
  await mkdir(marks);
  const script = async (name: string, then: string): Promise<string> => {
    const path = join(place.place, `${name}.sh`);
    await writeFile(path, `#!/bin/sh\ntouch '${marks}/${name}'\n${then}\n`);
    await chmod(path, 0o755);
    return path;
  };
  const git = (await place.git('rev-parse', '--git-common-dir')).trim();
  const hooks = join(resolve(place.root, git), 'hooks');
  await mkdir(hooks, { recursive: true });
  const names = ['post-checkout', 'pre-commit', 'commit-msg', 'post-commit', 'post-merge', 'post-index-change'];
  for (const name of [...names, 'reference-transaction', 'pre-auto-gc']) {
    await writeFile(join(hooks, name), `#!/bin/sh\ntouch '${marks}/${name}'\n`);
    await chmod(join(hooks, name), 0o755);
  }
  const clean = await script('clean', 'cat');
  const config = {
    'filter.mark.clean': clean,
    'filter.mark.smudge': await script('smudge', 'cat'),
    'filter.mark.required': 'true',
    'merge.mine.driver': await script('driver', 'exit 1'),
    'diff.mine.textconv': await script('textconv', 'cat "$1"'),
    'diff.external': await script('external', 'exit 0'),
    'commit.gpgsign': 'true',
    'gpg.program': await script('sign', 'exit 1'),
    'core.fsmonitor': await script('fsmonitor', 'exit 1'),
    'core.autocrlf': 'true',
  };
  for (const [name, value] of Object.entries(config)) await place.git('config', name, value);
  return () => readdir(marks);
}

const attributes = { ...words, '.gitattributes': '*.js filter=mark merge=mine diff=mine\n' };

describe("the person's files and their .git", function () {
  const it = scenarios();

  for (const linked of [false, true]) {
    const where = linked ? 'a linked worktree' : 'a repository with hooks, filter, drivers, signing and fsmonitor';
    it(`are byte-identical after a run in ${where} that was not applied; after apply only the change's files differ`, async (at) => {
      const place = await at({ script: 'conflict', files: attributes, linked, team: tested });
      const marks = await trapped(place);
      await place.write('src/count.js', `${words['src/count.js']}// mine\n`);
      await place.write('new.txt', 'mine, too\n');
      const all = async (): Promise<Record<string, string>> =>
        filesOf(place.place, ['cache', 'profile', 'count.jsonl', ...own.map((o) => `words/${o}`)]);
      const before = await all();
      assert.ok(Object.keys(before).some((f) => f.includes('.git/hooks/post-checkout')));
      const played = await place.run('Another mark', {
        person: { decide: async ({ stop }) => (stop === 'apply' ? 'stop' : 'go') },
      });
      assert.equal(played.outcome, 'ready', story(played));
      assert.deepEqual(await all(), before);
      assert.deepEqual(await marks(), [], 'what the run made the person’s git start');

      const applied = await place.apply(played.run);
      assert.equal(applied.outcome, 'applied', story(applied));
      const after = await all();
      const differ = Object.keys({ ...before, ...after }).filter((f) => before[f] !== after[f]);
      assert.deepEqual(differ.toSorted(), ['words/README.md', 'words/src/words.js']);
      assert.deepEqual(await marks(), []);
      // The traps do work: the person's own git falls into them.
      await place.git('status').catch(() => undefined);
      assert.ok((await marks()).includes('fsmonitor'));
    });
  }

  it('a folder without git works the same way', async (at) => {
    const place = await at({ script: 'tree', git: false });
    const before = await filesOf(place.root);
    const played = await place.run('Titles');
    assert.equal(played.outcome, 'applied', story(played));
    const after = await filesOf(place.root);
    const differ = Object.keys({ ...before, ...after }).filter((f) => before[f] !== after[f]);
    assert.deepEqual(differ, ['src/words.js']);
    assert.ok(!(await readdir(place.root)).includes('.git'));
    await place.undo(played.run);
    assert.deepEqual(await filesOf(place.root), before);
  });

  it('uncommitted and untracked work is in the base, ignored files are not', async (at) => {
    const place = await at({ script: 'tree' });
    await place.write('.gitignore', '*.log\n');
    await place.write('secret.log', 'mine\n');
    await place.write('src/begun.js', 'export const begun = 1;\n');
    await place.write('src/count.js', `${words['src/count.js']}export const more = 1;\n`);
    await place.git('add', 'src/count.js');
    await place.write('README.md', '# words\n');
    const status = await place.git('status', '--porcelain');
    const played = await place.run('Titles on what I have begun');
    assert.equal(played.outcome, 'applied', story(played));
    assert.deepEqual(eventsOf(played, 'base.taken')[0]?.files, Object.keys(words).length + 2);
    assert.equal(await place.read('src/begun.js'), 'export const begun = 2;\n');
    assert.equal(await place.read('src/words.js'), words['src/words.js'] + title);
    assert.equal(await place.read('README.md'), '# words\n');
    assert.equal(
      await place.git('status', '--porcelain'),
      status.replace('?? .gitignore', ' M src/words.js\n?? .gitignore'),
    );
  });

  it('what the person edits during the run is merged when it lies apart; where it clashes nothing is written until it is mended', async (at) => {
    const place = await at({ script: 'words' });
    const clash = `${words['src/words.js']}\nexport const other = 1;\n`;
    const played = await place.run('Better words', {
      person: {
        async decide({ stop }) {
          if (stop !== 'apply') return 'go';
          await place.write('src/words.js', clash);
          await place.write('README.md', (words['README.md'] ?? '').replace('# words', '# Words'));
          return 'go';
        },
      },
    });
    assert.equal(played.outcome, 'failed', story(played));
    assert.match(
      played.reason ?? '',
      /does not fit your files as they are now, and nothing was written:[^]*src\/words\.js/,
    );
    assert.match(played.hint ?? '', /apply again/);
    assert.equal(await place.read('src/words.js'), clash);
    assert.equal(await place.read('src/count.js'), words['src/count.js']);

    // Mended by the person: what they have of their own now lies apart from the change.
    const mine = (words['src/words.js'] ?? '').replace('"!"', '"?"');
    await place.write('src/words.js', mine);
    const applied = await place.apply(played.run);
    assert.equal(applied.outcome, 'applied', story(applied));
    assert.deepEqual(applied.state.applied?.merged.toSorted(), ['README.md', 'src/words.js']);
    const text = (await place.read('src/words.js')) ?? '';
    assert.ok(text.startsWith(mine) && text.includes('function title'), text);
    assert.match((await place.read('README.md')) ?? '', /^# Words\n[^]*title\(text\)/);
    assert.notEqual(await place.read('src/count.js'), words['src/count.js']);
  });
});

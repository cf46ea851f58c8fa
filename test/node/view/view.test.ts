import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ViewError } from '../../../src/node/view/folder.ts';
import { packView } from '../../../src/node/view/pack.ts';
import { viewTools } from '../../../src/node/view/tools.ts';
import { openView, type View, type ViewOptions } from '../../../src/node/view/view.ts';

const secret = 'sk-ant-abcdefghij0123456789';

describe('the view of a folder', () => {
  let top: string;
  let cwd: string;
  const view = (more: Partial<ViewOptions> = {}): View =>
    openView({ cwd, signal: new AbortController().signal, ...more });
  beforeEach(async () => {
    top = await mkdtemp(join(tmpdir(), 'orchestra-view-'));
    cwd = join(top, 'in');
    const files: Record<string, string> = {
      'in/src/a.ts': 'const a = 1;\nconst b = 2;\n',
      'in/src/b.ts': `const key = '${secret}';\nconst other = 1;\n`,
      'in/README.md': '# Read\n',
      'in/.env': 'SECRET=hunter2hunter2\n',
      'in/.env.example': 'SECRET=\n',
      'in/keys/id_rsa': 'private\n',
      'in/node_modules/x/index.js': 'x\n',
      'in/.git/config': '[core]\n',
      'out/other.txt': 'outside\n',
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(top, path)), { recursive: true });
      await writeFile(join(top, path), text);
    }
    await writeFile(join(cwd, 'image.bin'), Buffer.from([1, 0, 2]));
    await writeFile(join(cwd, 'huge.txt'), 'x'.repeat(3 * 1024 * 1024));
  });
  afterEach(() => rm(top, { recursive: true, force: true }));

  it('lists what a model may read, sorted, by a glob', async () => {
    assert.deepEqual(await view().list('**'), [
      '.env.example',
      'README.md',
      'huge.txt',
      'image.bin',
      'src/a.ts',
      'src/b.ts',
    ]);
    assert.deepEqual(await view().list('src/**'), ['src/a.ts', 'src/b.ts']);
  });

  it('reads text, and no secret of it', async () => {
    assert.equal(await view().read('src/a.ts'), 'const a = 1;\nconst b = 2;\n');
    assert.equal(await view().read('./README.md'), '# Read\n');
    assert.doesNotMatch(await view().read('src/b.ts'), /abcdefghij/);
  });

  it('refuses what lies outside, by path or by link, what may be secret, and what is no text', async () => {
    await symlink(join(top, 'out/other.txt'), join(cwd, 'link.txt'));
    await symlink(join(top, 'out'), join(cwd, 'folder'));
    await symlink(join(cwd, '.env'), join(cwd, 'plain.txt'));
    await symlink(join(cwd, '.git/config'), join(cwd, 'config.txt'));
    for (const path of [
      '../out/other.txt',
      '/etc/passwd',
      'link.txt',
      'folder/other.txt',
      'plain.txt',
      'config.txt',
      '.env',
      'keys/id_rsa',
      '.git/config',
      'src/../../out/other.txt',
      'C:/x',
      'image.bin',
      'huge.txt',
      'src',
      'none.txt',
      '',
      'a\0b',
    ])
      await assert.rejects(view().read(path), ViewError, path);
    assert.deepEqual(
      (await view().list('**')).filter((p) => /link|folder|plain|config/.test(p)),
      [],
    );
  });

  it('does not wait for a pipe', async function () {
    if (process.platform === 'win32') return;
    const make = 'mkfifo';
    execFileSync(make, [join(cwd, 'pipe')]);
    await assert.rejects(view().read('pipe'), /is no file/);
  });

  it('finds lines, any case, without secrets', async () => {
    assert.deepEqual(await view().search('CONST B', '**'), { hits: ['src/a.ts:2: const b = 2;'], more: false });
    const { hits } = await view().search('const', 'src/*.ts');
    assert.equal(hits.length, 4);
    assert.doesNotMatch(hits.join(), /abcdefghij/);
    await writeFile(join(cwd, 'many.txt'), 'again\n'.repeat(500));
    const many = await view().search('again', '**');
    assert.deepEqual([many.hits.length, many.more], [100, true]);
  });

  it('shows edits on later reads, and writes nothing', async () => {
    const here = view();
    await here.replace('src/a.ts', 'const b = 2;', 'const b = 3;');
    await here.write('src/new.ts', 'new\n');
    await here.remove('README.md');
    assert.equal(await here.read('src/a.ts'), 'const a = 1;\nconst b = 3;\n');
    assert.deepEqual(await here.list('**/*.{ts,md}'), ['src/a.ts', 'src/b.ts', 'src/new.ts']);
    await assert.rejects(here.read('README.md'), /no file/);
    assert.deepEqual((await here.search('const b = 3', '**')).hits, ['src/a.ts:2: const b = 3;']);
    assert.deepEqual(here.edits(), [
      { path: 'src/a.ts', content: 'const a = 1;\nconst b = 3;\n' },
      { path: 'src/new.ts', content: 'new\n' },
      { path: 'README.md', content: null },
    ]);
    assert.equal(await view().read('src/a.ts'), 'const a = 1;\nconst b = 2;\n');
    // The same call, sent back, goes on with them.
    assert.equal(await view({ edits: here.edits() }).read('src/new.ts'), 'new\n');
  });

  it('takes an edit only where the text stands once, and never a whole file whose secrets the model does not see', async () => {
    const here = view();
    await assert.rejects(here.replace('src/a.ts', 'const', 'let'), /more than once/);
    await assert.rejects(here.replace('src/a.ts', 'nothing', 'x'), /does not hold/);
    await assert.rejects(here.replace('src/a.ts', '', 'x'), /empty/);
    await assert.rejects(here.write('src/b.ts', 'x'), /secrets/);
    await here.replace('src/b.ts', 'other = 1', 'other = 2');
    assert.equal(here.edits()[0]?.content, `const key = '${secret}';\nconst other = 2;\n`);
    for (const path of ['../x', '.env', '.git/hooks/x', 'deploy.pem'])
      await assert.rejects(here.write(path, 'x'), ViewError);
    await assert.rejects(here.write('big.txt', 'x'.repeat(2 * 1024 * 1024)), /longer than/);
    assert.match(await view({ paths: ['src/**'] }).write('x.ts', 'x'), /outside the paths/);
    assert.doesNotMatch(await view({ paths: ['src/**'] }).write('src/x.ts', 'x'), /outside/);
  });

  it('gives a reader no tool that edits, and tells a model what it did wrong', async () => {
    assert.deepEqual(
      viewTools(view(), 'read').map((t) => t.name),
      ['list_files', 'read_file', 'search_files'],
    );
    const tools = Object.fromEntries(viewTools(view(), 'write').map((t) => [t.name, t]));
    const call = (name: string, input: object): Promise<string> => tools[name]!.run(input);
    assert.equal(
      await call('read_file', { path: 'src/a.ts', from: 2, lines: 1 }),
      'const b = 2;\n(src/a.ts: lines 2 to 2 of 3)',
    );
    assert.match(await call('read_file', { path: '.env' }), /^Not done: \.env may hold secrets/);
    assert.match(await call('replace_in_file', { path: 'src/a.ts', old: 'x', new: 'y' }), /^Not done/);
    assert.equal(await call('search_files', { words: 'no such words' }), 'Nothing found.');
    await writeFile(join(cwd, 'long.txt'), `${'y'.repeat(999)}\n`.repeat(200));
    const long = await call('read_file', { path: 'long.txt' });
    assert.ok(long.length < 70_000);
    assert.match(long, /lines 1 to 65 of 201/);
  });

  it('runs tools that are called at once one after the other', async () => {
    const here = view();
    const tools = Object.fromEntries(viewTools(here, 'write').map((t) => [t.name, t]));
    const edit = (before: string, after: string) =>
      tools['replace_in_file']!.run({ path: 'src/a.ts', old: before, new: after });
    await Promise.all([edit('a = 1', 'a = 7'), edit('b = 2', 'b = 8'), edit('none', 'x')]);
    assert.equal(await here.read('src/a.ts'), 'const a = 7;\nconst b = 8;\n');
  });

  it('packs the list and the files that the prompt names, and all small ones for who cannot ask for more', async () => {
    const named = await packView(view(), 'See src/a.ts.', { bytes: 1000, whole: false });
    assert.deepEqual(
      named.files.map((f) => f.path),
      ['src/a.ts'],
    );
    assert.match(named.paths, /README\.md/);
    const whole = await packView(view(), 'See src/a.ts.', { bytes: 1000, whole: true });
    assert.deepEqual(
      whole.files.map((f) => f.path),
      ['src/a.ts', 'README.md', '.env.example', 'src/b.ts'],
    );
    assert.deepEqual((await packView(view(), 'x', { bytes: 3, whole: true })).files, []);
  });
});

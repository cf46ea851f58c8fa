import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { inspectFolder, projectRoot } from '../../../src/node/git/person.ts';
import { filesOf, makeWorld, never, shell } from './world.ts';
import type { World } from './world.ts';

describe('the base of a run', function () {
  let world: World;
  beforeEach(async () => (world = await makeWorld()));
  afterEach(() => world.end());

  const base: World['base'] = (root) => world.base(root);

  it('holds what is committed, staged, changed and untracked, and not what is ignored or deleted', async () => {
    const root = world.repository('p', {
      '.gitignore': 'dist/\n*.log\n',
      'a.ts': 'a',
      'gone.ts': 'g',
      'staged.ts': '1',
      'forced.log': 'f',
    });
    world.git(root, 'add', '-f', 'forced.log');
    world.files(root, {
      'a.ts': 'changed',
      'staged.ts': '2',
      'new.ts': 'n',
      'deep/er/new.ts': 'n',
      'dist/x.js': 'x',
      'x.log': 'x',
    });
    world.git(root, 'add', 'staged.ts');
    writeFileSync(join(root, 'staged.ts'), '3');
    rmSync(join(root, 'gone.ts'));
    const taken = await base(root);
    assert.deepEqual(taken.paths, ['.gitignore', 'a.ts', 'deep/er/new.ts', 'forced.log', 'new.ts', 'staged.ts']);
    assert.equal(taken.files, 6);
    assert.deepEqual(taken.notes, []);
    assert.equal(readFileSync(join(taken.path, 'a.ts'), 'utf8'), 'changed');
    assert.equal(readFileSync(join(taken.path, 'staged.ts'), 'utf8'), '3');
  });

  it('is the same tree for the same files, and sees each later change', async () => {
    const root = world.repository('p', { 'a.ts': 'aaaa', 'b/c.ts': 'c' });
    const workspaces = await world.open(root);
    const first = await workspaces.takeBase(never);
    assert.equal((await workspaces.takeBase(never)).tree, first.tree);
    for (let i = 0; i < 8; i++) {
      // Same length, same second: only the content tells.
      writeFileSync(join(root, 'a.ts'), String(1000 + i));
      const { tree } = await workspaces.takeBase(never);
      assert.equal(await workspaces.read(tree, 'a.ts', never), String(1000 + i));
    }
    writeFileSync(join(root, 'a.ts'), 'aaaa');
    assert.equal((await workspaces.takeBase(never)).tree, first.tree);
  });

  it('forgets what became ignored, a folder that became a file, and a file that became a folder', async () => {
    const root = world.repository('p', { 'a.ts': 'a' });
    world.files(root, { 'tmp.txt': 't', 'x/y': 'y', z: 'z' });
    const workspaces = await world.open(root);
    assert.deepEqual(await workspaces.list((await workspaces.takeBase(never)).tree, never), [
      'a.ts',
      'tmp.txt',
      'x/y',
      'z',
    ]);
    rmSync(join(root, 'x'), { recursive: true });
    rmSync(join(root, 'z'));
    world.files(root, { '.gitignore': 'tmp.txt\n', x: 'file', 'z/in': 'z' });
    assert.deepEqual(await workspaces.list((await workspaces.takeBase(never)).tree, never), [
      '.gitignore',
      'a.ts',
      'x',
      'z/in',
    ]);
  });

  it('holds exact bytes: line ends, binary, links, modes, odd names, and an empty file', async () => {
    const bytes = Buffer.from([0, 13, 10, 255, 254, 10, 13]);
    const root = world.files(world.repository('p', {}), {
      '.gitattributes':
        '* text=auto eol=crlf working-tree-encoding=UTF-16\n*.x ident filter=nope\n[attr]strange -text\n',
      'crlf.txt': 'a\r\nb\r\n',
      'lf.txt': 'a\nb\n',
      'mixed.x': '$Id$\r\n\n',
      'binary.bin': bytes,
      empty: '',
      'run.sh': '#!/bin/sh\n',
      'name with\nnewline': 'n',
      '"quoted"\t': 'q',
      '-rf': 'dash',
      ':(top)x': 'magic',
      'ünï/日本': 'u',
      '*': 'star',
      'back\\slash': 'b',
    });
    chmodSync(join(root, 'run.sh'), 0o755);
    symlinkSync('lf.txt', join(root, 'link'));
    symlinkSync('/etc/passwd', join(root, 'outside'));
    symlinkSync('nowhere', join(root, 'dangling'));
    const taken = await base(root);
    assert.deepEqual(filesOf(taken.path), filesOf(root));
    assert.equal(taken.files, 17);
    const workspaces = await world.open(root);
    const again = await workspaces.commit('w', 'nothing', never);
    assert.equal(again.tree, taken.tree);
  });

  it('works in an empty repository, with a detached head, and in one whose branch is gone', async () => {
    const empty = join(world.folder, 'empty');
    mkdirSync(empty);
    world.git(empty, 'init', '-q');
    assert.deepEqual((await base(empty)).paths, []);
    const root = world.repository('p', { a: '1' });
    world.git(root, 'checkout', '-q', '--detach');
    world.files(root, { b: '2' });
    assert.deepEqual((await base(root)).paths, ['a', 'b']);
    world.git(root, 'symbolic-ref', 'HEAD', 'refs/heads/unborn');
    assert.deepEqual((await base(root)).paths, ['a', 'b']);
  });

  it('works in the middle of a merge, a rebase and a cherry-pick, unless paths are in conflict', async () => {
    for (const [word, command] of [
      ['merge', 'git merge other'],
      ['rebase', 'git rebase other'],
      ['cherry-pick', 'git cherry-pick other'],
    ] as const) {
      const root = world.repository(word, { a: '1\n', b: '1\n', c: '1\n' });
      world.git(root, 'checkout', '-q', '-b', 'other');
      world.files(root, { a: '2\n', b: '2\n' });
      world.git(root, 'commit', '-qam', 'other');
      world.git(root, 'checkout', '-q', 'main');
      world.files(root, { a: '3\n', b: '3\n' });
      world.git(root, 'commit', '-qam', 'mine');
      shell(root, command);
      const workspaces = await world.open(root, word);
      await assert.rejects(workspaces.takeBase(never), {
        name: 'UserError',
        code: 'unmerged',
        message: new RegExp(`2 files of yours are in conflict \\(${word}\\)`),
      });
      world.files(root, { a: '4\n', b: '4\n' });
      world.git(root, 'add', '-A');
      const taken = await workspaces.takeBase(never);
      assert.equal(await workspaces.read(taken.tree, 'a', never), '4\n');
      assert.deepEqual(taken.notes, [
        `A ${word} is under way in your repository; the files are taken as they are now.`,
      ]);
    }
  });

  it('works in a linked worktree, and from a subfolder finds its root', async () => {
    const root = world.repository('p', { a: '1' });
    const linked = join(world.folder, 'linked');
    world.git(root, 'worktree', 'add', '-q', '--detach', linked);
    world.files(linked, { 'deep/b': '2' });
    assert.equal(await projectRoot(join(linked, 'deep'), never), linked);
    assert.deepEqual((await base(linked)).paths, ['a', 'deep/b']);
    if (process.platform === 'win32') return;
    const odd = world.repository('line\nend', { 'deep/a': '1' });
    assert.equal(await projectRoot(join(odd, 'deep'), never), odd);
  });

  it('refuses a bare repository, the inside of .git, a file, and a worktree whose repository is gone', async () => {
    const root = world.repository('p', { a: '1' });
    world.git(world.folder, 'clone', '-q', '--bare', root, 'bare');
    await assert.rejects(inspectFolder(join(world.folder, 'bare'), never), { code: 'no-files', message: /bare/ });
    await assert.rejects(inspectFolder(join(root, '.git', 'objects'), never), { code: 'no-files' });
    await assert.rejects(inspectFolder(join(root, 'a'), never), { code: 'no-folder' });
    await assert.rejects(inspectFolder(join(root, 'nothing'), never), { code: 'no-folder' });
    const linked = join(world.folder, 'linked');
    world.git(root, 'worktree', 'add', '-q', linked);
    renameSync(root, `${root}-moved`);
    await assert.rejects(inspectFolder(linked, never), { code: 'bad-repository' });
    const broken = world.repository('broken', { a: '1' });
    writeFileSync(join(broken, '.git', 'config'), '[core\n');
    await assert.rejects(inspectFolder(broken, never), { code: 'bad-repository', message: /config/ });
    const torn = world.repository('torn', { a: '1' });
    truncateSync(join(torn, '.git', 'index'), 20);
    await assert.rejects((await world.open(torn)).takeBase(never), { code: 'bad-repository', message: /index/ });
  });

  it('works without git: what is never source is left out, and repositories inside are plain files', async () => {
    const root = join(world.folder, 'plain');
    world.files(root, {
      'a.ts': 'a',
      'node_modules/x/y.js': 'x',
      '.env': 'KEY=1',
      '.env.example': 'KEY=',
      'sub/.gitignore': 'out\n',
      'sub/out/x': 'x',
      'sub/b.ts': 'b',
    });
    world.git(join(root, 'sub'), 'init', '-q');
    world.files(root, { 'sub/inner/c.ts': 'c' });
    world.git(join(root, 'sub/inner'), 'init', '-q');
    mkdirSync(join(root, 'clone'));
    world.git(join(root, 'clone'), 'init', '-q');
    const taken = await base(root);
    assert.deepEqual(taken.paths, ['.env.example', 'a.ts', 'sub/.gitignore', 'sub/b.ts', 'sub/inner/c.ts']);
    assert.equal(taken.notes.length, 1);
    assert.match(
      taken.notes[0] as string,
      /^(clone|sub|sub\/inner), .*, .* are git repositories inside, taken as plain files\.$/,
    );
    world.git(root, 'init', '-q');
    const later = await base(root);
    assert.ok(later.paths.includes('a.ts') && !later.paths.includes('sub/b.ts'));
  });

  it('finds the project of a folder without git by its .orchestration, but not in a home or ignored folder', async () => {
    const plain = world.files(join(world.folder, 'plain'), { '.orchestration/team.yaml': '', 'a/b/c': '' });
    assert.equal(await projectRoot(join(plain, 'a', 'b'), never), plain);
    world.files(world.home, { '.orchestration/x': '', 'notes/a': '' });
    assert.equal(await projectRoot(join(world.home, 'notes'), never), join(world.home, 'notes'));
    // A home folder kept in git that ignores all but a few files.
    world.git(world.home, 'init', '-q');
    world.files(world.home, { '.gitignore': '*\n' });
    assert.deepEqual(await inspectFolder(join(world.home, 'notes'), never), { root: join(world.home, 'notes') });
    world.git(world.home, 'add', '-f', 'notes/a');
    assert.equal((await inspectFolder(join(world.home, 'notes'), never)).root, world.home);
  });

  it('works in a sparse checkout, and says so', async () => {
    const root = world.repository('p', { 'in/a': '1', 'out/b': '2', 'out/c': '3', top: 't' });
    world.git(root, 'sparse-checkout', 'set', '--cone', '--sparse-index', 'in');
    assert.ok(!existsSync(join(root, 'out')));
    const taken = await base(root);
    assert.deepEqual(taken.paths, ['in/a', 'top']);
    assert.deepEqual(taken.notes, ['2 files are outside your sparse checkout and left out.']);
  });

  it('keeps submodules as they are, runs nothing in them, and leaves other repositories inside out', async () => {
    const marker = join(world.folder, 'ran');
    const other = world.repository('other', { x: '1' });
    const root = world.repository('p', { a: '1' });
    world.git(root, '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other, 'lib/sub');
    world.git(root, 'commit', '-qm', 'sub');
    world.git(join(root, 'lib/sub'), 'config', 'core.fsmonitor', `touch '${marker}';:`);
    world.files(root, { 'lib/sub/x': 'changed', 'nested/n': 'n' });
    world.git(join(root, 'nested'), 'init', '-q');
    const taken = await base(root);
    assert.deepEqual(taken.paths, ['.gitmodules', 'a', 'lib/sub']);
    assert.equal(taken.files, 2);
    assert.deepEqual(taken.notes, [
      'The contents of the submodule lib/sub are not in the workspaces.',
      'nested is a repository of its own and left out.',
    ]);
    const workspaces = await world.open(root);
    assert.equal((await workspaces.commit('w', 'nothing', never)).tree, taken.tree);
    assert.equal((await workspaces.takeBase(never)).tree, taken.tree);
    assert.equal(existsSync(marker), false);
    world.files(taken.path, { 'lib/sub/y': 'lost' });
    await assert.rejects(workspaces.commit('w', 'more', never), { code: 'workspace-files', message: /lib\/sub/ });
  });

  it('takes LFS files as they lie on disk, and runs no filter', async () => {
    const marker = join(world.folder, 'ran');
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n';
    const root = world.repository('p', { 'pointer.bin': pointer, 'real.bin': 'real\0' });
    world.files(root, { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' });
    for (const what of ['clean', 'smudge', 'process'])
      world.git(root, 'config', `filter.lfs.${what}`, `touch '${marker}'; cat`);
    const taken = await base(root);
    assert.deepEqual(filesOf(taken.path), filesOf(root));
    assert.deepEqual(taken.notes, [
      'This project uses git filters (such as LFS): files are taken as they lie on your disk.',
    ]);
    assert.equal(existsSync(marker), false);
  });

  it('works with sha256 objects, in a shallow clone, and in a partial clone without fetching', async () => {
    const new256 = join(world.folder, 'sha256');
    mkdirSync(new256);
    world.git(new256, 'init', '-q', '--object-format=sha256');
    world.files(new256, { a: '1', 'nested/b': '' });
    world.git(join(new256, 'nested'), 'init', '-q');
    world.git(new256, 'add', 'a');
    const taken = await base(new256);
    assert.match(taken.commit, /^[0-9a-f]{64}$/);
    assert.deepEqual(taken.paths, ['a']);

    const root = world.repository('p', { a: '1', b: '2' });
    world.files(root, { a: '3' });
    world.git(root, 'commit', '-qam', 'second');
    world.git(root, 'config', 'uploadpack.allowFilter', 'true');
    world.git(world.folder, 'clone', '-q', '--depth=1', `file://${root}`, 'shallow');
    assert.deepEqual((await base(join(world.folder, 'shallow'))).paths, ['a', 'b']);

    world.git(world.folder, 'clone', '-q', '--filter=blob:none', `file://${root}`, 'partial');
    const partial = join(world.folder, 'partial');
    // Any fetch would leave this.
    const marker = join(world.folder, 'fetched');
    world.git(partial, 'config', 'remote.origin.uploadpack', `touch '${marker}'; git-upload-pack`);
    rmSync(join(partial, 'b'));
    world.files(partial, { c: '4' });
    const got = await base(partial);
    assert.deepEqual(got.paths, ['a', 'c']);
    assert.equal(existsSync(marker), false);
  });
});

import assert from 'node:assert/strict';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { makeWorld, never, shell } from './world.ts';
import type { World } from './world.ts';
import type { OpenWorkspaces } from '../../../src/node/git/workspaces.ts';
import { skipFor } from '../../harness/skip.ts';

describe('trees', function () {
  let world: World;
  let workspaces: OpenWorkspaces;
  beforeEach(async () => (world = await makeWorld()));
  afterEach(() => world.end());

  const project: World['project'] = async (files, act) => {
    const made = await world.project(files, act);
    ({ workspaces } = made);
    return made;
  };

  it('show what differs: text, binary, links, modes, and files that are too long', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const base = await project({
      text: 'a\n',
      mode: 'm',
      gone: 'g',
      bin: '\0',
      '\u{1F600}': '',
      '\uFF5E': '',
      bom: '\uFEFFx',
      same: 's',
    });
    const { path } = await workspaces.open('w', base.commit, never);
    world.files(path, {
      text: 'b\n',
      bin: '\0\x01',
      latin: Buffer.from([0x61, 0xff]),
      long: 'x'.repeat(2 * 1024 * 1024 + 1),
      fits: 'x'.repeat(2 * 1024 * 1024),
      bom: '\uFEFFy',
      'odd\n"name"': 'o',
      '\u{1F600}': '1',
      '\uFF5E': '1',
    });
    chmodSync(join(path, 'mode'), 0o755);
    symlinkSync('../up', join(path, 'link'));
    shell(path, 'rm gone');
    const work = await workspaces.commit('w', 'x', never);
    const changes = await workspaces.changes(base.commit, work.commit, never);
    assert.deepEqual(
      changes.map(({ path: p, before, after }) => [
        p,
        before?.mode,
        before?.text,
        after?.mode,
        after?.text === undefined ? undefined : after.text.length > 99 ? 'long' : after.text,
      ]),
      [
        ['bin', '100644', undefined, '100644', undefined],
        ['bom', '100644', '\uFEFFx', '100644', '\uFEFFy'],
        ['fits', undefined, undefined, '100644', 'long'],
        ['gone', '100644', 'g', undefined, undefined],
        ['latin', undefined, undefined, '100644', undefined],
        ['link', undefined, undefined, '120000', '../up'],
        ['long', undefined, undefined, '100644', undefined],
        ['mode', '100644', 'm', '100755', 'm'],
        ['odd\n"name"', undefined, undefined, '100644', 'o'],
        ['text', '100644', 'a\n', '100644', 'b\n'],
        ['\u{1F600}', '100644', '', '100644', '1'],
        ['\uFF5E', '100644', '', '100644', '1'],
      ],
    );
    assert.equal(
      changes.find((change) => change.path === 'text')?.after?.sha,
      shell(path, 'git hash-object text').trim(),
    );
    assert.deepEqual(await workspaces.changes(base.tree, base.tree, never), []);
  });

  it('are read in batches without a limit to their sum', async () => {
    const base = await project({});
    const files = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`f${i}`, `${i}${'x'.repeat(1_900_000)}`]));
    const work = await workspaces.withFiles(
      base.tree,
      base.commit,
      Object.entries(files).map(([path, content]) => ({ path, content })),
      never,
    );
    const changes = await workspaces.changes(base.tree, work.tree, never);
    assert.equal(changes.length, 40);
    for (const { path, after } of changes) assert.ok(after?.text === files[path], path);
  });

  it('give the bytes of a file, borrowed or not', async () => {
    const files = Object.fromEntries(Array.from({ length: 120 }, (_, i) => [`f${i}`, Buffer.from([i, 0, 255, 13])]));
    const base = await project(files);
    const made = await workspaces.withFiles(base.tree, base.commit, [{ path: 'f7', content: '\0' }], never);
    const [change] = await workspaces.changes(base.tree, made.tree, never);
    assert.deepEqual([...(await workspaces.blob(change?.before?.sha as string, never))], [7, 0, 255, 13]);
    assert.deepEqual([...(await workspaces.blob(change?.after?.sha as string, never))], [0]);
    await assert.rejects(workspaces.blob('f'.repeat(40), never), { code: 'lost-objects' });
  });

  it('give the text of regular files only, whatever is asked for', async () => {
    const base = await project(
      {
        'a.ts': 'a\r\n',
        'dir/b': 'b',
        bin: '\0',
        '-x': 'dash',
        'a:b': 'colon',
        '*': 'star',
        'n\nl': 'newline',
        empty: '',
      },
      (root) => symlinkSync('a.ts', join(root, 'link')),
    );
    const read = (path: string): Promise<string | undefined> => workspaces.read(base.tree, path, never);
    assert.deepEqual(await Promise.all(['a.ts', 'dir/b', '-x', 'a:b', '*', 'n\nl', 'empty'].map(read)), [
      'a\r\n',
      'b',
      'dash',
      'colon',
      'star',
      'newline',
      '',
    ]);
    for (const path of [
      'bin',
      'link',
      'dir',
      'dir/',
      'nothing',
      '',
      '/',
      '/etc/passwd',
      '../a.ts',
      './a.ts',
      'dir/../a.ts',
      'a.ts/',
      '--help',
      'a\0b',
      'A.ts',
      ':(top)a.ts',
    ]) {
      assert.equal(await read(path), undefined, path);
    }
    assert.equal(await workspaces.read(base.commit, 'a.ts', never), 'a\r\n');
  });

  it('are made with other files: written, removed, moved between file and folder, modes kept', async function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const base = await project({ a: 'a', 'dir/b': 'b', file: 'f', 'run.sh': '#!' }, (root) => {
      chmodSync(join(root, 'run.sh'), 0o755);
      symlinkSync('a', join(root, 'link'));
      symlinkSync('a', join(root, 'link2'));
    });
    const made = await workspaces.withFiles(
      base.tree,
      base.commit,
      [
        { path: 'a', content: null },
        { path: 'not-there', content: null },
        { path: 'dir', content: 'file now\r\n' },
        { path: 'file/in', content: 'folder now' },
        { path: 'run.sh', content: '#!/bin/sh' },
        { path: 'link', content: 'dir' },
        { path: 'link2', content: 'many\nlines' },
        { path: 'ünï/"x"\n', content: '\u{1F600}\0' },
        { path: 'empty', content: '' },
      ],
      never,
    );
    assert.deepEqual(
      (await workspaces.changes(base.tree, made.tree, never)).map(({ path, after }) => [
        path,
        after?.mode,
        after?.text,
      ]),
      [
        ['a', undefined, undefined],
        ['dir', '100644', 'file now\r\n'],
        ['dir/b', undefined, undefined],
        ['empty', '100644', ''],
        ['file', undefined, undefined],
        ['file/in', '100644', 'folder now'],
        ['link', '120000', 'dir'],
        ['link2', '100644', 'many\nlines'],
        ['run.sh', '100755', '#!/bin/sh'],
        ['ünï/"x"\n', '100644', undefined],
      ],
    );
    const { path } = await workspaces.open('w', made.commit, never);
    assert.equal(shell(path, 'git log -1 --format=%P').trim(), base.commit);
    assert.equal(readFileSync(join(path, 'ünï/"x"\n'), 'utf8'), '\u{1F600}\0');
    assert.equal((await workspaces.withFiles(base.tree, base.commit, [], never)).tree, base.tree);
  });

  it('take no path that leads out, and none that git keeps for itself', async () => {
    const base = await project({ a: 'a' });
    for (const path of [
      '',
      '/etc/x',
      '../x',
      'a/../../x',
      './x',
      'x/',
      'a//b',
      '.git/config',
      'sub/.GIT/hooks/x',
      'git~1/x',
      '.g\u200cit/x',
      '.git./x',
      'x\0y',
      '.git\\config',
      'a\\..\\.git',
    ]) {
      await assert.rejects(
        workspaces.withFiles(base.tree, base.commit, [{ path, content: 'x' }], never),
        { code: 'bad-path' },
        path,
      );
    }
  });

  it('are restored by path from another', async () => {
    const base = await project({ a: 'a', 'd/x': 'x', 'd/y': 'y', f: 'f' });
    const made = await workspaces.withFiles(
      base.tree,
      base.commit,
      [
        { path: 'a', content: '2' },
        { path: 'd/x', content: null },
        { path: 'd/y', content: null },
        { path: 'd', content: 'file' },
        { path: 'f', content: null },
        { path: 'f/in', content: 'new' },
        { path: 'n', content: 'new' },
      ],
      never,
    );
    const back = await workspaces.restore(
      made.tree,
      base.tree,
      made.commit,
      ['d', 'd/x', 'd/y', 'f', 'f/in', 'n', 'never'],
      never,
    );
    assert.deepEqual(
      (await workspaces.changes(base.tree, back.tree, never)).map((change) => change.path),
      ['a'],
    );
    assert.equal(
      (await workspaces.restore(made.tree, base.tree, base.commit, ['a', 'd/x', 'd/y', 'd', 'f/in', 'f', 'n'], never))
        .tree,
      base.tree,
    );
  });

  it('differ for people with renames, exact and without colour', async () => {
    const body = Array.from({ length: 20 }, (_, i) => `line ${i}\n`).join('');
    const base = await project({ 'old.ts': body, 'a.ts': 'a\n' });
    const made = await workspaces.withFiles(
      base.tree,
      base.commit,
      [
        { path: 'old.ts', content: null },
        { path: 'new.ts', content: `${body}x\n` },
        { path: 'a.ts', content: 'b\r\n' },
        { path: 'bin', content: '\0' },
      ],
      never,
    );
    const diff = await workspaces.diff(base.tree, made.tree, never);
    assert.match(diff, /^diff --git a\/a\.ts b\/a\.ts\n/);
    assert.match(diff, /-a\n\+b\r\n/);
    assert.match(diff, /rename from old\.ts\nrename to new\.ts/);
    assert.match(diff, /Binary files \/dev\/null and b\/bin differ/);
    assert.ok(!diff.includes('\u001b'));
    assert.equal(await workspaces.diff(base.tree, base.tree, never), '');
  });

  it('say that a borrowed file is gone, instead of showing less', async () => {
    const base = await project({ a: 'only in the commit\n' });
    const made = await workspaces.withFiles(base.tree, base.commit, [{ path: 'a', content: 'b' }], never);
    const blobs = shell(world.cache, 'find . -path "*objects/??/*" -o -name "*.pack"').trim().split('\n');
    for (const blob of blobs) {
      const [, folder, name] = /objects\/(..)\/([0-9a-f]{38})$/.exec(blob) ?? [];
      if (folder && shell(join(world.folder, 'p'), `git hash-object a`).trim() === folder + name)
        shell(world.cache, `rm -f ${blob}`);
    }
    shell(join(world.folder, 'p'), 'rm -rf .git/objects/??');
    for (const act of [
      () => workspaces.changes(base.tree, made.tree, never),
      () => workspaces.read(base.tree, 'a', never),
      () => workspaces.keep('run1', [base.commit], never),
      () => workspaces.open('w', base.commit, never),
    ]) {
      await assert.rejects(act(), { code: 'lost-objects' });
    }
    // The same where all of it is gone, as with a cache that was emptied.
    const none = 'f'.repeat(40);
    for (const act of ['changes', 'diff'] as const)
      await assert.rejects(workspaces[act](none, made.tree, never), { code: 'lost-objects' });
    for (const act of [workspaces.list(none, never), workspaces.read(none, 'a', never)])
      await assert.rejects(act, { code: 'lost-objects' });
  });
});

import assert from 'node:assert/strict';
import { chmod, link, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileChange, GateVerdict } from '../../../src/core/change/change.ts';
import { UserError } from '../../../src/core/errors.ts';
import { openGate } from '../../../src/node/apply/gate.ts';
import { applierOf } from './killing.ts';
import { makeProject } from './project.ts';
import type { Project } from './project.ts';
import { change, look, put } from './tree.ts';
import type { Thing } from './tree.ts';
import { skipFor } from '../../harness/skip.ts';

const never = new AbortController().signal;
const posix = process.platform !== 'win32';

describe('the gate on disk', () => {
  let project: Project;
  let folder: string;
  let root: string;
  beforeEach(async () => {
    ({ folder, root } = project = await makeProject());
    await put(folder, { 'victim/file': 'a' });
  });
  afterEach(() => project.end());

  const judge = (...changes: FileChange[]): Promise<GateVerdict[]> => openGate({ root }).judge(changes, never);
  const verdictOf = async (path: string, before: Thing, after: Thing): Promise<[string, string | undefined]> => {
    const was = await look(folder);
    const [verdict] = await judge(change(path, before, after));
    assert.deepEqual(await look(folder), was);
    assert.equal(verdict?.path, path);
    assert.equal(verdict.reason === undefined, verdict.verdict === 'pass');
    return [verdict.verdict, verdict.code];
  };

  it('passes plain files, new, changed and deleted, in their order, bound to their content', async () => {
    await put(root, { 'a.txt': 'a', 'b.txt': 'b' });
    const verdicts = await judge(
      change('b.txt', 'b', undefined),
      change('new/c.txt', undefined, 'c'),
      change('a.txt', 'a', 'A'),
    );
    assert.deepEqual(
      verdicts.map(({ path, verdict }) => [path, verdict]),
      [
        ['b.txt', 'pass'],
        ['new/c.txt', 'pass'],
        ['a.txt', 'pass'],
      ],
    );
    assert.deepEqual(
      [verdicts[0]?.content, verdicts[1]?.content],
      ['deleted', `100644 ${change('', undefined, 'c').after?.sha}`],
    );
  });

  it('keeps what core says', async () => {
    assert.deepEqual(await verdictOf('../x', undefined, 'a'), ['refused', 'path-outside']);
    assert.deepEqual(await verdictOf('.GIT/hooks/x', undefined, 'a'), ['refused', 'path-git']);
    assert.equal((await verdictOf('.vscode/settings.json', undefined, '{}'))[0], 'held');
  });

  it('refuses what a link on the way leads outside', async () => {
    await symlink(join(folder, 'victim'), join(root, 'out'), 'junction');
    await symlink(join(folder, 'nowhere'), join(root, 'broken'), 'junction');
    for (const path of ['out/file', 'out/new', 'out/deep/new', 'broken/new']) {
      assert.deepEqual(await verdictOf(path, path === 'out/file' ? 'a' : undefined, 'b'), ['refused', 'link-outside']);
    }
    assert.deepEqual(await verdictOf('out/file', 'a', undefined), ['refused', 'link-outside']);
  });

  it('judges by the real place what a link on the way leads to inside', async () => {
    await put(root, { 'real/file.txt': 'a', '.vscode/x.txt': 'x', '.orchestration/x': 'x', '.git/config': 'x' });
    for (const [name, goal] of [
      ['alias', 'real'],
      ['editor', '.vscode'],
      ['own', '.orchestration'],
      ['git', '.git'],
    ] as const) {
      await symlink(join(root, goal), join(root, name), 'junction');
    }
    assert.deepEqual(await verdictOf('alias/file.txt', 'a', 'b'), ['pass', undefined]);
    const cases: [string, string][] = [
      ['editor/settings.json', 'editor-settings'],
      ['own/team.yaml', 'own-settings'],
      ['git/config', 'path-git'],
      ['git/hooks/pre-commit', 'path-git'],
    ];
    for (const [path, code] of cases) {
      const [verdict, said] = await verdictOf(path, undefined, '{}');
      assert.equal(verdict, 'refused', path);
      if (code !== 'editor-settings') assert.equal(said, code);
      // Nor does the applier write there, should the link be put in place after the gate.
      await assert.rejects(applierOf(root).apply([change(path, undefined, '{}')], 'a1', never), (error) => {
        assert.ok(error instanceof UserError);
        return error.code === 'apply-conflict' && /A link on its way leads to/.test(error.message);
      });
    }
  });

  it('writes and deletes through no link, hard or soft', async function () {
    if (!posix) skipFor(this, 'not on Windows');
    await put(root, { 'a.txt': 'a', 'l.txt': { link: '../victim/file' }, 'm.txt': { link: 'a.txt' } });
    await link(join(root, 'a.txt'), join(root, 'b.txt'));
    assert.deepEqual(await verdictOf('l.txt', 'a', 'b'), ['refused', 'link']);
    assert.deepEqual(await verdictOf('l.txt', 'a', undefined), ['refused', 'link']);
    assert.deepEqual(await verdictOf('l.txt', undefined, 'b'), ['refused', 'link']);
    assert.deepEqual(await verdictOf('m.txt', { link: 'a.txt' }, { link: 'b.txt' }), ['pass', undefined]);
    assert.deepEqual(await verdictOf('m.txt', { link: 'a.txt' }, undefined), ['pass', undefined]);
    assert.deepEqual(await verdictOf('a.txt', 'a', 'b'), ['held', 'hard-link']);
    assert.deepEqual(await verdictOf('a.txt', 'a', undefined), ['pass', undefined]);
  });

  it('follows a new link over those that are there', async function () {
    if (!posix) skipFor(this, 'not on Windows');
    await symlink(join(folder, 'victim'), join(root, 'vendor'));
    await put(root, {
      'real/x': 'x',
      alias: { link: 'real' },
      '.vscode/settings.json': '{}',
      editor: { link: '.vscode' },
    });
    assert.deepEqual(await verdictOf('new', undefined, { link: 'vendor/file' }), ['refused', 'link-outside']);
    assert.deepEqual(await verdictOf('new', undefined, { link: 'vendor' }), ['refused', 'link-outside']);
    assert.deepEqual(await verdictOf('d/new', undefined, { link: '../vendor/not-there' }), ['refused', 'link-outside']);
    assert.deepEqual(await verdictOf('new', undefined, { link: 'alias/x' }), ['pass', undefined]);
    assert.deepEqual(await verdictOf('new', undefined, { link: 'editor/settings.json' }), ['held', 'link-to-settings']);
  });

  it('lets no file take the place of a folder, nor the other way round, unless the change empties it', async () => {
    await put(root, { 'dir/a': 'a', 'dir/sub/b': 'b', file: 'f' });
    assert.deepEqual(await verdictOf('dir', undefined, 'x'), ['refused', 'file-and-folder']);
    assert.deepEqual(await verdictOf('dir', 'x', 'y'), ['refused', 'file-and-folder']);
    assert.deepEqual(await verdictOf('file/x', undefined, 'y'), ['refused', 'file-and-folder']);
    assert.deepEqual(await verdictOf('file/x', 'y', undefined), ['pass', undefined]);
    const swap = [
      change('dir/a', 'a', undefined),
      change('dir/sub/b', 'b', undefined),
      change('dir', undefined, 'x'),
      change('file', 'f', undefined),
      change('file/x', undefined, 'y'),
    ];
    assert.deepEqual(
      (await judge(...swap)).map(({ verdict }) => verdict),
      ['pass', 'pass', 'pass', 'pass', 'pass'],
    );
    await put(root, { 'dir/mine': 'm' });
    assert.deepEqual(
      (await judge(...swap)).map(({ verdict }) => verdict),
      ['pass', 'pass', 'refused', 'pass', 'pass'],
    );
  });

  it('holds a file that the person made read-only, and says every reason', async function () {
    await put(root, { 'a.txt': 'a', 'tool.sh': 'a' });
    for (const name of ['a.txt', 'tool.sh']) await chmod(join(root, name), 0o444);
    assert.deepEqual(await verdictOf('a.txt', 'a', 'b'), ['held', 'read-only']);
    if (!posix) return;
    const [both] = await judge(change('tool.sh', 'a', { exec: 'b' }));
    assert.equal(both?.code, 'executable');
    assert.match(both?.reason ?? '', /executable.*read-only/);
  });

  it('refuses sockets and pipes without waiting for them', async function () {
    if (!posix) skipFor(this, 'not on Windows');
    const { execFileSync } = await import('node:child_process');
    execFileSync('mkfifo', [join(root, 'pipe')]);
    assert.deepEqual(await verdictOf('pipe', undefined, 'x'), ['refused', 'no-file']);
  });

  it('refuses a name that this file system takes for another one', async function () {
    await put(root, { 'Readme.txt': 'a' });
    // Where case counts both are files of their own; core compares the names if it is given the base.
    const here = await realpath(join(root, 'README.TXT')).then(
      () => true,
      () => false,
    );
    assert.deepEqual(
      await verdictOf('README.TXT', undefined, 'b'),
      here ? ['refused', 'same-name'] : ['pass', undefined],
    );
    const gate = openGate({ root, list: async () => ['Readme.txt'] });
    assert.equal((await gate.judge([change('README.TXT', undefined, 'b')], never))[0]?.code, 'same-name');
  });

  it('counts the files, so that a change that deletes most of them waits', async () => {
    const many = Array.from({ length: 30 }, (_, n) => `src/f${n}.txt`);
    await put(root, Object.fromEntries([...many, 'node_modules/a', 'node_modules/b'].map((path) => [path, 'x'])));
    const deleting = many.slice(0, 25).map((path) => change(path, 'x', undefined));
    const verdicts = await judge(...deleting);
    assert.ok(verdicts.every(({ verdict, code }) => verdict === 'held' && code === 'large-deletion'));
    const kept = Array.from({ length: 40 }, (_, n) => `more/g${n}.txt`);
    await put(root, Object.fromEntries(kept.map((path) => [path, 'x'])));
    assert.ok((await judge(...deleting)).every(({ verdict }) => verdict === 'pass'));
  });

  it('ends with its signal', async () => {
    await assert.rejects(
      openGate({ root }).judge([change('a', undefined, 'b')], AbortSignal.abort(new Error('enough'))),
      /enough/,
    );
  });
});

import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeWorld, never, shell, someFiles } from './world.ts';
import type { World } from './world.ts';
import type { OpenWorkspaces } from '../../../src/node/git/workspaces.ts';
import { skipFor } from '../../harness/skip.ts';

describe('in a workspace', function () {
  let world: World;
  let root: string;
  let workspaces: OpenWorkspaces;
  let base: { commit: string; tree: string };

  beforeEach(async () => {
    world = await makeWorld();
    const project = await world.project(someFiles);
    ({ root, workspaces } = project);
    base = project;
  });
  afterEach(() => world.end());

  const paths = async (tree: string): Promise<string[]> =>
    (await workspaces.changes(base.tree, tree, never)).map((change) => change.path);

  describe('whatever an agent does to git in them', () => {
    let path: string;
    beforeEach(async () => ({ path } = await workspaces.open('writer', base.commit, never)));

    const tricks: [name: string, line: string, expected: string[]][] = [
      [
        'commits',
        'echo 2 > src/a.ts; git add -A; git -c user.name=x -c user.email=x commit -qm mine; echo n > n.ts',
        ['n.ts', 'src/a.ts'],
      ],
      [
        'commits and resets',
        'echo 2 > src/a.ts; git add -A; git -c user.name=x -c user.email=x commit -qm mine; git reset -q --soft HEAD~1',
        ['src/a.ts'],
      ],
      ['switches branch', 'git checkout -q -b other; echo 2 > src/a.ts', ['src/a.ts']],
      [
        'stages and does not',
        'echo 2 > src/a.ts; git add src/a.ts; echo 3 > src/a.ts; echo n > n.ts; git add -N n.ts',
        ['n.ts', 'src/a.ts'],
      ],
      [
        'marks files as unchanged',
        'git update-index --assume-unchanged src/a.ts; git update-index --skip-worktree src/b.ts; echo 2 > src/a.ts; echo 2 > src/b.ts',
        ['src/a.ts', 'src/b.ts'],
      ],
      ['removes its .git', 'rm -rf .git; echo 2 > src/a.ts', ['src/a.ts']],
      ['puts a pointer in its place', "rm -rf .git; echo 'gitdir: /nowhere' > .git; echo 2 > src/a.ts", ['src/a.ts']],
      ['starts anew', 'rm -rf .git; git init -q; git add -A; echo 2 > src/a.ts', ['src/a.ts']],
      ['excludes by info/exclude', "printf '*\\n' > .git/info/exclude; echo n > n.ts", ['n.ts']],
      [
        'excludes by configuration',
        "printf '*\\n' > /tmp/orchestra-all-$$; git config core.excludesFile /tmp/orchestra-all-$$; echo n > n.ts; rm /tmp/orchestra-all-$$",
        ['n.ts'],
      ],
      [
        'excludes by .gitignore',
        "printf '*\\n' > .gitignore; echo n > n.ts; echo 2 > src/a.ts",
        ['.gitignore', 'n.ts', 'src/a.ts'],
      ],
      [
        'excludes by a hidden .gitignore',
        "mkdir h; printf '*\\n' > h/.gitignore; echo n > h/n.ts",
        ['h/.gitignore', 'h/n.ts'],
      ],
      [
        'excludes by a .gitignore in place of another',
        "printf '*\\n' > docs/.gitignore; echo n > docs/n.md; echo d > docs/draft",
        ['docs/.gitignore', 'docs/n.md'],
      ],
      [
        'unignores',
        "printf '*.log\\n' > .gitignore; mkdir out; echo x > out/x; echo x > x.log",
        ['.gitignore', 'out/x'],
      ],
      [
        'makes a repository inside',
        'mkdir -p in/ner; cd in; git init -q; echo x > x; git add x; git -c user.name=x -c user.email=x commit -qm x; cd ner; git init -q; echo y > y; echo l > l.log',
        ['in/ner/y', 'in/x'],
      ],
      [
        'makes a repository of a folder',
        'cd src; git init -q; echo 2 > a.ts; git add -A; git -c user.name=x -c user.email=x commit -qm x; echo n > n.ts',
        ['src/a.ts', 'src/n.ts'],
      ],
      [
        'makes a repository in a file’s place',
        'rm src/a.ts; mkdir src/a.ts; cd src/a.ts; git init -q; echo x > x; git add x; git -c user.name=x -c user.email=x commit -qm x',
        ['src/a.ts', 'src/a.ts/x'],
      ],
      [
        'hides a repository by .gitignore',
        "mkdir in; cd in; git init -q; printf '*\\n' > .gitignore; echo x > x",
        ['in/.gitignore', 'in/x'],
      ],
      [
        'filters',
        "git config filter.f.clean 'echo cleaned'; printf '* filter=f\\n' > .gitattributes; printf '* filter=f\\n' > .git/info/attributes; printf 'x\\r\\n' > n.ts",
        ['.gitattributes', 'n.ts'],
      ],
      [
        'writes hooks',
        "printf '#!/bin/sh\\ntouch hooked\\n' > .git/hooks-x; git config core.fsmonitor 'touch fsmonitored;:'; git config core.hooksPath .; printf '#!/bin/sh\\ntouch hooked' > post-index-change; chmod +x post-index-change",
        ['post-index-change'],
      ],
    ];
    for (const [name, line, expected] of tricks) {
      it(`its files are what counts: ${name}`, async function () {
        if (process.platform === 'win32') skipFor(this, 'not on Windows');
        const said = shell(path, line);
        const { tree } = await workspaces.commit('writer', 'x', never);
        assert.deepEqual(await paths(tree), expected, said);
        for (const change of await workspaces.changes(base.tree, tree, never)) {
          if (change.after) assert.equal(change.after.text, readFileSync(join(path, change.path), 'utf8'));
          assert.notEqual(change.after?.mode, '160000');
        }
      });
    }

    it('says that a repository was made inside', async () => {
      shell(path, 'mkdir in; cd in; git init -q; echo x > x');
      await workspaces.commit('writer', 'x', never);
      assert.match(world.logged.join('\n'), /"writer": in was made a repository of its own/);
    });

    it('neither siblings nor the private repository notice', async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const other = await workspaces.open('other', base.commit, never);
      world.files(path, { 'src/a.ts': '2\n' });
      shell(
        path,
        'git config user.name x; git config user.email x; git stash -q; git branch b; git tag t; git config filter.f.clean x; git gc -q --prune=now; git worktree add -q ../evil',
      );
      assert.equal(
        shell(
          other.path,
          'git stash list; git branch --list b; git tag; git config filter.f.clean || true; git worktree list | wc -l',
        ).trim(),
        '1',
      );
      assert.equal((await workspaces.commit('other', 'x', never)).tree, base.tree);
      assert.equal((await workspaces.commit('writer', 'x', never)).tree, base.tree);
    });

    it('settings that it writes into the private repository are put back', async () => {
      const alternates = readFileSync(join(path, '.git/objects/info/alternates'), 'utf8');
      const repository = dirname(JSON.parse(alternates.split('\n', 1)[0] as string) as string);
      const marker = join(world.folder, 'ran');
      world.files(repository, {
        'info/attributes': '* filter=f merge=m\n',
        config: `[core]\n\tbare = true\n\tfsmonitor = touch '${marker}'\n[filter "f"]\n\tclean = touch '${marker}'\n\tsmudge = touch '${marker}'\n[merge "m"]\n\tdriver = touch '${marker}'\n`,
        'objects/info/alternates': '/nowhere\n',
        'info/exclude': '*\n',
      });
      world.files(path, { 'src/a.ts': '2\n', n: 'n\r\n' });
      const work = await workspaces.commit('writer', 'x', never);
      assert.deepEqual(await paths(work.tree), ['n', 'src/a.ts']);
      const { path: again } = await workspaces.open('again', work.commit, never);
      assert.equal(readFileSync(join(again, 'n'), 'utf8'), 'n\r\n');
      assert.equal(existsSync(marker), false);
    });

    it('what it writes into our own folders is not in the change, and said', async () => {
      world.files(path, {
        '.orchestration/team.yaml': 'x',
        '.serena/memories/orch/x': 'x',
        '.serena/memories/mine.md': 'm',
      });
      assert.deepEqual(await paths((await workspaces.commit('writer', 'x', never)).tree), ['.serena/memories/mine.md']);
      assert.match(world.logged.join('\n'), /\.orchestration or \.serena\/memories\/orch is not in the change/);
    });

    it('a name that git keeps for itself is refused loudly', async function () {
      if (process.platform !== 'linux') skipFor(this, 'Linux only');
      world.files(path, { '.GIT/hooks/pre-commit': 'x' });
      await assert.rejects(workspaces.commit('writer', 'x', never), {
        code: 'workspace-files',
        message: /\.GIT\/hooks\/pre-commit/,
      });
      rmSync(join(path, '.GIT'), { recursive: true });
      symlinkSync('x', join(path, '.gitmodules'));
      await assert.rejects(workspaces.commit('writer', 'x', never), {
        code: 'workspace-files',
        message: /\.gitmodules/,
      });
      rmSync(join(path, '.gitmodules'));
      writeFileSync(Buffer.concat([Buffer.from(`${path}/`), Buffer.from([0xfe])]), 'x');
      await assert.rejects(workspaces.commit('writer', 'x', never), { code: 'workspace-files', message: /\\xfe/ });
    });

    it('a link is recorded as a link, never what it leads to', async () => {
      rmSync(join(path, 'src'), { recursive: true });
      symlinkSync(join(world.folder, 'home'), join(path, 'src'));
      symlinkSync('/etc/passwd', join(path, 'passwd'));
      const changes = await workspaces.changes(base.tree, (await workspaces.commit('writer', 'x', never)).tree, never);
      assert.deepEqual(
        changes.map(({ path: p, after }) => [p, after?.mode, after?.text]),
        [
          ['passwd', '120000', '/etc/passwd'],
          ['src', '120000', join(world.folder, 'home')],
          ['src/a.ts', undefined, undefined],
          ['src/b.ts', undefined, undefined],
        ],
      );
    });

    it('a workspace that was moved away, or replaced by a link, is no workspace', async () => {
      renameSync(path, `${path}-moved`);
      await assert.rejects(workspaces.commit('writer', 'x', never), { code: 'no-workspace' });
      symlinkSync(root, path);
      await assert.rejects(workspaces.commit('writer', 'x', never), { code: 'no-workspace' });
      assert.equal(await workspaces.find('writer', base.commit, never), undefined);
      await workspaces.open('writer', base.commit, never);
      assert.equal(lstatSync(path).isSymbolicLink(), false);
      assert.ok(existsSync(join(root, 'src/a.ts')));
    });
  });
});

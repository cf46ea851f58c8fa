import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, makeWorld, never, shell } from './world.ts';
import type { World } from './world.ts';
import { skipFor } from '../../harness/skip.ts';

/** Every way in which git runs something of the person's: each leaves a file named after it. */
function armed(world: World, root: string, markers: string): void {
  const gitDir = world.git(root, 'rev-parse', '--path-format=absolute', '--git-common-dir');
  const touch = (name: string): string => `touch '${join(markers, name)}'`;
  const hooks =
    `applypatch-msg commit-msg fsmonitor-watchman post-applypatch post-checkout post-commit post-index-change post-merge post-rewrite
    pre-applypatch pre-auto-gc pre-commit pre-merge-commit pre-push prepare-commit-msg push-to-checkout reference-transaction`.split(
      /\s+/,
    );
  const elsewhere = join(world.folder, 'hooks');
  for (const hook of hooks) {
    world.files(join(gitDir, 'hooks'), { [hook]: `#!/bin/sh\n${touch(`hook-${hook}`)}\n` });
    world.files(elsewhere, { [hook]: `#!/bin/sh\n${touch(`global-hook-${hook}`)}\n` });
    chmodSync(join(gitDir, 'hooks', hook), 0o755);
    chmodSync(join(elsewhere, hook), 0o755);
  }
  const settings: Record<string, string> = {
    'core.fsmonitor': `${touch('fsmonitor')};:`,
    'filter.f.clean': `${touch('clean')}; tr a-z A-Z`,
    'filter.f.smudge': `${touch('smudge')}; tr a-z A-Z`,
    'filter.f.required': 'true',
    'merge.m.driver': `${touch('driver')}; false`,
    'merge.default': 'm',
    'diff.d.command': touch('external-diff'),
    'diff.d.textconv': `${touch('textconv')}; cat`,
    'diff.external': touch('external-diff-all'),
    'core.pager': `${touch('pager')}; cat`,
    'core.editor': touch('editor'),
    'core.askPass': touch('askpass'),
    'core.sshCommand': touch('ssh'),
    'core.alternateRefsCommand': touch('alternate-refs'),
    'gpg.program': join(world.folder, 'sign'),
    'commit.gpgSign': 'true',
    'core.autocrlf': 'true',
    'core.safecrlf': 'true',
    'core.untrackedCache': 'true',
    'core.splitIndex': 'true',
    'gc.auto': '1',
    'merge.renames': 'true',
  };
  world.files(world.folder, { sign: `#!/bin/sh\n${touch('gpg')}\nexit 1\n` });
  chmodSync(join(world.folder, 'sign'), 0o755);
  for (const [key, value] of Object.entries(settings)) {
    world.git(root, 'config', key, value);
    world.git(root, 'config', '--global', key, value);
  }
  world.git(root, 'config', '--global', 'core.hooksPath', elsewhere);
  world.git(root, 'config', '--global', 'core.attributesFile', join(world.folder, 'attributes'));
  world.files(world.folder, { attributes: '* filter=f merge=m diff=d\n' });
  world.files(root, { '.gitattributes': '* filter=f merge=m diff=d text=auto eol=crlf\n*.u merge=union\n' });
  for (const name of readdirSync(markers)) throw new Error(`${name} ran too early`);
}

describe("the person's repository", function () {
  let world: World;
  beforeEach(async () => (world = await makeWorld()));
  afterEach(() => world.end());

  for (const kind of ['a checkout', 'a linked worktree'] as const) {
    it(`is as it was after a run, dates included, and nothing of it ran: ${kind}`, async function () {
      if (process.platform === 'win32') skipFor(this, 'not on Windows');
      const markers = join(world.files(join(world.folder, 'markers'), {}), '');
      const main = world.repository('p', {
        'a.ts': 'one\n',
        'b.u': 'one\n',
        'old/c.ts': 'c\n',
        empty: '',
        'stashed.ts': '1',
      });
      shell(world.folder, `mkdir -p '${markers}'`);
      world.files(main, { 'stashed.ts': '2' });
      world.git(main, 'stash', '-q');
      let root = main;
      if (kind === 'a linked worktree') {
        root = join(world.folder, 'linked');
        world.git(main, 'worktree', 'add', '-q', '-b', 'side', root);
      }
      world.files(root, { 'staged.ts': 's' });
      world.git(root, 'add', 'staged.ts');
      armed(world, main, markers);
      world.files(root, {
        '.gitattributes': '* filter=f merge=m diff=d text=auto eol=crlf\n*.u merge=union\n',
        'a.ts': 'two\n',
        'crlf.ts': 'x\r\ny\r\n',
        'new/d.ts': 'd\n',
      });
      // Old enough that no clock granularity hides a touch.
      shell(world.folder, `find '${main}' '${root}' -exec touch -h -d '2020-01-01' {} +`);
      const before = [fingerprint(main, { dates: true }), fingerprint(root, { dates: true })];

      const workspaces = await world.open(root);
      const base = await workspaces.takeBase(never);
      const commits: string[] = [];
      for (const name of ['one', 'two']) {
        const { path } = await workspaces.open(name, base.commit, never);
        world.files(path, {
          'a.ts': `by ${name}\n`,
          'b.u': `by ${name}\n`,
          [`${name}.ts`]: name,
          'crlf.ts': 'x\r\ny\r\n',
          empty: name === 'one' ? '' : 'full',
        });
        commits.push((await workspaces.commit(name, name, never)).commit);
      }
      const [one, two] = commits as [string, string];
      const merged = await workspaces.merge(base.commit, one, two, never);
      assert.deepEqual(merged.conflicts, [
        { path: 'a.ts', why: 'content' },
        { path: 'b.u', why: 'content' },
      ]);
      const resolved = await workspaces.withFiles(
        merged.tree,
        merged.commit,
        [
          { path: 'a.ts', content: 'both\n' },
          { path: 'b.u', content: '' },
        ],
        never,
      );
      await workspaces.restore(resolved.tree, base.tree, resolved.commit, ['b.u', 'one.ts'], never);
      await workspaces.changes(base.tree, resolved.tree, never);
      await workspaces.diff(base.tree, resolved.tree, never);
      await workspaces.pack(base.tree, 10_000, never);
      await workspaces.list(base.tree, never);
      assert.equal(await workspaces.read(base.tree, 'crlf.ts', never), 'x\r\ny\r\n');
      await workspaces.find('one', base.commit, never);
      await workspaces.keep('run1', [base.commit, resolved.commit], never);
      await workspaces.remove('one');
      await workspaces.clean('run1', never);

      assert.deepEqual(readdirSync(markers), []);
      assert.deepEqual([fingerprint(main, { dates: true }), fingerprint(root, { dates: true })], before);
    });
  }

  it('has markers that work: its own git sets them off', function () {
    if (process.platform === 'win32') skipFor(this, 'not on Windows');
    const markers = join(world.folder, 'markers');
    shell(world.folder, `mkdir '${markers}'`);
    const root = world.repository('p', { a: '1' });
    armed(world, root, markers);
    writeFileSync(join(root, 'a'), '2');
    shell(root, 'git -c core.safecrlf=false add -A; git diff HEAD || true; git commit -m x || true');
    assert.ok(existsSync(join(markers, 'clean')) && readdirSync(markers).length >= 4, readdirSync(markers).join());
  });
});

import assert from 'node:assert/strict';
import type { FileSide } from '../../../src/core/change/change.ts';
import { link, make, one, verdicts } from './gates.ts';
import { fileChange } from './texts.ts';

describe('the gate refuses', () => {
  it('hostile input 1-4, 10: paths, by their own rules', () => {
    assert.deepEqual(
      verdicts([
        make('../a'),
        make('/a'),
        make('C:\\a'),
        make('.GIT/hooks/pre-commit'),
        make('a/.git'),
        make('src/a.ts'),
      ]),
      [
        'refused path-outside',
        'refused path-absolute',
        'refused path-backslash',
        'refused path-git',
        'refused path-git',
        'pass',
      ],
    );
  });

  it('hostile input 6: a link, and what would be written through it', () => {
    assert.deepEqual(verdicts([make('a', link('src')), make('a/b'), make('A/c')]), [
      'refused file-and-folder',
      'refused link-through',
      'refused link-through',
    ]);
    assert.deepEqual(verdicts([make('a', link('src')), make('b', link('a/x')), make('c', link('a'))]), [
      'pass',
      'refused link-through',
      'refused link-through',
    ]);
  });

  const links: [string, string, string][] = [
    ['a', '/etc/passwd', 'refused link-outside'],
    ['a', '../x', 'refused link-outside'],
    ['a/b', '../../x', 'refused link-outside'],
    ['a', 'src/../../x', 'refused link-outside'],
    ['a', 'b/../c', 'refused link-outside'],
    ['a', 'C:\\x', 'refused link-outside'],
    ['a', '..\\x', 'refused link-outside'],
    ['a', '~/x', 'refused link-outside'],
    ['a', '.git/config', 'refused path-git'],
    ['a', '.GIT', 'refused path-git'],
    ['a/b', '../.g\u200bit/hooks', 'refused path-git'],
    ['a', '.', 'refused link-loop'],
    ['a/b', '..', 'refused link-loop'],
    ['a', '.orchestration/team.yaml', 'refused own-settings'],
    ['a', 'NUL', 'refused path-device'],
    ['a', '', 'refused link-unreadable'],
    ['a', '.vscode/settings.json', 'held link-to-settings'],
    ['a/b', '../package.json', 'held link-to-settings'],
    ['.vscode', 'src', 'held editor-settings'],
    ['a/b', '../src/x.ts', 'pass'],
    ['a', './src/', 'pass'],
    ['a/b', 'c', 'pass'],
  ];
  for (const [path, target, verdict] of links) {
    it(`hostile input 5, 6: a link at ${path} to ${JSON.stringify(target)}: ${verdict}`, () =>
      assert.equal(one(make(path, link(target))), verdict));
  }

  it('hostile input 6: a link that cannot be read, also where a file was', () => {
    assert.equal(one(make('a', { mode: '120000', sha: '1' })), 'refused link-unreadable');
    assert.equal(one(make('a', link('../x'), 'text')), 'refused link-outside');
    assert.equal(one({ path: 'a', before: link('../x') }), 'pass');
  });

  it('hostile input 9: submodules, and places of theirs that run commands', () => {
    const gitlink = (sha: string): FileSide => ({ mode: '160000', sha });
    assert.equal(one(make('lib', gitlink('1'))), 'refused submodule');
    assert.equal(one(make('lib', gitlink('2'), gitlink('1'))), 'refused submodule');
    assert.equal(one({ path: 'lib', before: gitlink('1') }), 'refused submodule');
    assert.equal(one(make('lib', 'x', gitlink('1'))), 'refused submodule');
    const modules = (...lines: string[]) =>
      one(make('.gitmodules', `[submodule "a"]\n${lines.map((line) => `\t${line}\n`).join('')}`));
    assert.equal(modules('path = a', 'url = https://example.org/a.git', 'branch = main'), 'held git-settings');
    assert.equal(modules('path = a', 'url = ../a.git'), 'held git-settings');
    assert.equal(modules('url = git@example.org:me/a.git'), 'held git-settings');
    for (const line of [
      'url = ext::sh -c touch% x',
      'URL = EXT::sh',
      'url = "ext::sh"',
      'url = -u./x',
      'url = file:///etc',
      'url = http::x',
      'update = !sh',
      'path = ../x',
      'path = .git/hooks',
      'url = https://a\\',
      'include = x',
      'url = fd::17',
      'update = !touch x # ok',
      'path = a # b',
    ]) {
      assert.equal(modules(line), 'refused submodule-url', line);
    }
    assert.equal(one(make('.gitmodules', '[submodule "../x"]\n')), 'refused submodule-url');
    assert.equal(one(make('.GitModules', '[include]\n\tpath = x\n')), 'refused submodule-url');
    assert.equal(one(fileChange('.gitmodules', 'x', undefined)), 'held git-settings');
  });

  it('hostile input 14: more files than can be judged', () => {
    const many = Array.from({ length: 20_001 }, (_, n) => make(`f${n}`));
    assert.ok(verdicts(many).every((verdict) => verdict === 'refused too-many-files'));
  });

  it('hostile input 16: names that differ in case or spelling only', () => {
    assert.deepEqual(verdicts([make('src/A.ts'), make('src/a.ts'), make('src/b.ts')]), [
      'refused same-name',
      'refused same-name',
      'pass',
    ]);
    assert.deepEqual(verdicts([make('é'), make('e\u0301')]), ['refused same-name', 'refused same-name']);
    assert.deepEqual(verdicts([make('A.ts')], { paths: ['a.ts', 'b.ts'] }), ['refused same-name']);
    assert.deepEqual(verdicts([make('A.ts'), make('a.ts', 'y', 'x')]), ['refused same-name', 'pass']);
    assert.deepEqual(verdicts([make('A.ts'), fileChange('a.ts', 'x', undefined)], { paths: ['a.ts'] }), [
      'pass',
      'pass',
    ]);
    assert.deepEqual(verdicts([make('a.ts', 'y', 'x')], { paths: ['a.ts'] }), ['pass']);
  });

  it('hostile input 17: a file where a folder is needed', () => {
    assert.deepEqual(verdicts([make('a'), make('a/b')]), ['refused file-and-folder', 'refused file-and-folder']);
    assert.deepEqual(verdicts([make('a')], { paths: ['A/b'] }), ['refused file-and-folder']);
    assert.deepEqual(verdicts([make('a/b')], { paths: ['a'] }), ['refused file-and-folder']);
    assert.deepEqual(verdicts([make('a'), fileChange('a/b', 'x', undefined)], { paths: ['a/b'] }), ['pass', 'pass']);
  });

  it("hostile input 25: the product's own files, wherever they are", () => {
    for (const path of [
      '.orchestration/team.yaml',
      '.Orchestration/runs/x',
      'packages/a/.orchestration/team.yaml',
      '.serena/memories/orch/x.md',
      '.orchestration',
    ]) {
      assert.equal(one(make(path)), 'refused own-settings', path);
      assert.equal(one(fileChange(path, 'x', undefined)), 'refused own-settings', path);
    }
    assert.equal(one(make('.serena/memories/orchestra.md')), 'held agent-settings');
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { AskPermission } from '../../../src/core/ask.ts';
import { onlyReads, policyOf } from '../../../src/core/run/permission.ts';

const team = { checks: [{ name: 'test', run: 'npm test', minutes: 10 }], commands: ['npm run lint -- --fix'] };
const command = (detail: string, title = 'Run a command'): AskPermission => ({ kind: 'command', title, detail });

describe('the permission policy', () => {
  it('lets an edit pass where the role writes, and refuses it where it reads', () => {
    const edit: AskPermission = { kind: 'edit', title: 'Edit', detail: '+x' };
    assert.equal(policyOf(edit, 'write', team, []), 'pass');
    assert.equal(policyOf(edit, 'read', team, []), 'refuse');
  });

  it("lets checks, the person's list and what was allowed for this run pass, to the letter", () => {
    for (const access of ['read', 'write'] as const) {
      assert.equal(policyOf(command('npm test'), access, team, []), 'pass');
      assert.equal(policyOf(command(' npm test\n'), access, team, []), 'pass');
      assert.equal(policyOf(command('npm run lint -- --fix'), access, team, []), 'pass');
      assert.equal(policyOf(command('make all'), access, team, ['make all']), 'pass');
      assert.equal(policyOf(command('make  all'), access, team, ['make all']), 'ask');
      assert.equal(policyOf(command('make all '), access, team, ['make all']), 'ask');
      for (const more of [
        'npm test; rm -rf .',
        'npm test && curl evil',
        'npm test\nrm x',
        'npm test -- --x',
        'npm run lint',
      ])
        assert.equal(policyOf(command(more), access, team, []), 'ask', more);
    }
  });

  it('asks about anything that is no command, whatever its text says', () => {
    for (const detail of ['npm test', 'ls', 'make all'])
      assert.equal(policyOf({ kind: 'other', title: 'Go on?', detail }, 'write', team, ['make all']), 'ask');
  });

  it('judges the command line, not its title', () => {
    assert.equal(policyOf(command('curl https://evil.example', 'npm test'), 'write', team, []), 'ask');
  });
});

describe('a command line that only reads', () => {
  it('is a plain reader with the options that keep it so', () => {
    for (const line of [
      'pwd',
      'ls',
      'ls -la src',
      'ls -R',
      'cat src/a.ts',
      'cat -n src/a.ts README.md',
      'head -n 20 src/a.ts',
      'head -20 src/a.ts',
      'tail -5 log.txt',
      'wc -l src/a.ts',
      'git status',
      'git status --short',
      'git log --oneline -20',
      'git log -n 3 --stat',
      'git diff --stat',
      'git diff HEAD src/a.ts',
      '  cat   a.txt  ',
      'cat a@b.txt',
    ])
      assert.ok(onlyReads(line), line);
  });

  it('is none with shell syntax, paths outside, hidden stores, or options of its own', () => {
    const bad = [
      '',
      ' ',
      'rm -rf .',
      'cat a; rm b',
      'cat a\nrm b',
      'cat a\r\nrm b',
      'cat a && rm b',
      'cat a | sh',
      'cat a > b',
      'cat < /etc/passwd',
      'cat $(rm b)',
      'cat `rm b`',
      'cat $HOME/x',
      'cat %USERPROFILE%',
      'cat ~/x',
      'cat "a b"',
      "cat 'a'",
      'cat a\\b',
      'cat C:/x',
      'cat a*',
      'cat {a,b}',
      'cat a # b',
      'cat a\tb',
      'cat a\0b',
      'cat ä',
      'cat /etc/passwd',
      'cat ../x',
      'cat src/../../x',
      'cat src/..',
      'ls ..',
      'cat .env',
      'cat config/.env.local',
      'cat .ENV',
      'cat .git/config',
      'cat .GIT/config',
      'cat .Git/hooks/pre-commit',
      'cat .gitconfig',
      'ls .git',
      'ls --color=always',
      'ls -la --help',
      'cat -A a',
      'cat - a',
      'tail -f a',
      'tail --follow=name a',
      'head -c 5 a',
      'wc --files0-from=x',
      'git',
      'git push',
      'git log -p',
      'git log --output=x',
      'git log --output x',
      'git diff --output x',
      'git diff --no-index a b',
      'git diff --ext-diff',
      'git diff --textconv',
      'git -C src status',
      'git --git-dir=x status',
      'git -c core.pager=x log',
      'git log --exec=x',
      'git status -s /etc',
      'GIT_DIR=x git status',
      'env',
      './cat a',
      'src/ls',
      '/bin/ls',
      '-ls',
      'constructor',
      '__proto__ a',
      'toString',
      'hasOwnProperty a',
    ];
    for (const line of bad) assert.ok(!onlyReads(line), JSON.stringify(line));
  });

  it('has no way to a shell, to a path outside or to an option, however it is put together', () => {
    const word = fc.constantFrom(
      'cat',
      'ls',
      'git',
      'log',
      'diff',
      'status',
      'head',
      'a.ts',
      'src/b.ts',
      '..',
      '/etc',
      '-n',
      '-o',
      '--output',
      '.env',
      '.GIT',
      ';',
      '|',
      '$(x)',
      '`x`',
      '&',
      '\n',
      '>',
      '~',
      '*',
      '--',
      '-',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), fc.constantFrom(' ', '', '  '), (words, glue) => {
        const line = words.join(glue);
        if (!onlyReads(line)) return;
        assert.doesNotMatch(
          line,
          /[;|&$`<>\n\r~*"'\\]|(?:^|[\s/])\.\.(?:$|[\s/])|(?:^|\s)\/|--?o|(?:^|[\s/])\.(?:git|env)/i,
        );
      }),
      { numRuns: 3000 },
    );
  });
});

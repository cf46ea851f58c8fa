import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allowed, checkPath, foldPath } from '../../../src/core/change/paths.ts';

describe('the paths that a plan allows', () => {
  const cases: [string, string[], string[]][] = [
    ['src/a.ts', ['src/a.ts'], ['src/b.ts', 'src/a.ts/b', 'x/src/a.ts', 'SRC/a.ts', 'src/a_ts']],
    ['src', ['src'], ['src/a']],
    ['src/', ['src/a', 'src/a/b', 'src/.hidden/x'], ['src', 'srcs/a', 'x/src/a']],
    ['src/*', ['src/a', 'src/.env'], ['src/a/b', 'src']],
    ['src/*.ts', ['src/a.ts', 'src/.ts'], ['src/a.tsx', 'src/a/b.ts']],
    ['src/?.ts', ['src/a.ts', 'src/é.ts', 'src/😀.ts'], ['src/ab.ts', 'src/.ts']],
    ['**', ['a', 'a/b', '.github/x'], []],
    ['src/**', ['src/a', 'src/a/b/c'], ['src', 'srcx/a']],
    ['**/*.md', ['a.md', 'a/b/c.md'], ['a.mdx', 'a.md/b']],
    ['**/test/**', ['test/a', 'x/test/a', 'x/y/test/a/b'], ['atest/a', 'test']],
    ['src/**/a.ts', ['src/a.ts', 'src/b/a.ts', 'src/b/c/a.ts'], ['src/ba.ts', 'src/b/ca.ts', 'a.ts']],
    ['src/**.ts', ['src/a.ts'], ['src/a/b.ts']],
    ['{src,test}/**', ['src/a', 'test/a'], ['docs/a', '{src,test}/a']],
    ['src/{a,b{1,2}}.ts', ['src/a.ts', 'src/b1.ts', 'src/b2.ts'], ['src/b.ts', 'src/c.ts']],
    ['a{,b}', ['a', 'ab'], ['b', 'abb']],
    ['{a}', ['{a}'], ['a']],
    ['{a,b', ['{a,b'], ['a']],
    ['app/[id]/page.tsx', ['app/[id]/page.tsx'], ['app/i/page.tsx']],
    ['a+(b).ts', ['a+(b).ts'], ['aab.ts', 'ab.ts']],
    ['./src/', ['src/a'], ['a']],
    ['/src/a', ['src/a'], []],
    ['.', ['a', 'a/b'], []],
    ['', [], ['a', '']],
    ['!src/a', ['!src/a'], ['src/a', 'b']],
  ];
  for (const [glob, yes, no] of cases) {
    it(`${JSON.stringify(glob)}`, () => {
      for (const path of yes) assert.ok(allowed([glob], path), path);
      for (const path of no) assert.ok(!allowed([glob], path), path);
    });
  }

  it('are any of several, and never none', () => {
    assert.ok(allowed(['a', 'b/'], 'b/c'));
    assert.ok(!allowed([], 'a'));
  });

  it('never lead up and out', () => {
    for (const path of ['../a', 'src/../a', 'src/./a', '/a', 'src//a', 'src/..'])
      assert.ok(!allowed(['**', 'src/**'], path), path);
  });

  it('match in bounded time, whatever the pattern', () => {
    const hostile = [
      '*a'.repeat(400),
      '**/'.repeat(300) + 'x',
      '{a,b}'.repeat(190),
      '{'.repeat(900),
      '{a,'.repeat(300),
      'a*'.repeat(2000),
      '?*'.repeat(400) + 'x',
    ];
    const started = Date.now();
    for (const glob of hostile) assert.ok(!allowed([glob], `${'a'.repeat(1000)}!`), glob.slice(0, 20));
    assert.ok(Date.now() - started < 15_000);
  });

  it('match themselves where they hold no sign', () => {
    const name = fc.string({
      unit: fc.constantFrom('a', 'B', '.', '-', '[', '(', '+', '$', '^', '|', 'é'),
      minLength: 1,
      maxLength: 6,
    });
    fc.assert(
      fc.property(
        fc.array(
          name.filter((one) => one !== '.' && one !== '..'),
          { minLength: 1, maxLength: 4 },
        ),
        (segments) => {
          const path = segments.join('/');
          assert.ok(allowed([path], path));
          assert.ok(allowed(['**'], path));
          assert.ok(allowed([`**/${segments.at(-1)}`], path));
          assert.ok(!allowed([`${path}x`], path));
        },
      ),
    );
  });
});

describe('the paths that no change may hold', () => {
  const cases: [string, string, string[]][] = [
    ['hostile input 1: up and out', 'path-outside', ['../a', 'a/../../b', '..', 'a/..']],
    ['hostile input 2: absolute', 'path-absolute', ['/etc/passwd', 'C:/a', 'c:a', 'Z:']],
    [
      'hostile input 3: backslashes, UNC and device paths',
      'path-backslash',
      ['a\\b', 'C:\\a', '\\\\host\\share', '\\\\?\\C:\\a', '\\??\\C:\\a', '..\\a'],
    ],
    ['hostile input 3: streams', 'path-stream', ['ab:c', 'src/a.ts::$DATA', 'src/a.ts:x', 'a/b:/c']],
    ['hostile input 3: trailing dots and spaces', 'path-trailing', ['a.', 'a ', 'a./b', 'a /b', 'a/...', 'src/b. .']],
    ['hostile input 3: short names', 'path-short', ['PROGRA~1', 'a/VSCODE~1/b', 'abc~1.txt', 'GI7EBA~1']],
    [
      'hostile input 3: reserved names',
      'path-device',
      ['CON', 'nul', 'a/aux.c', 'com1.txt', 'LPT9', 'COM¹', 'conin$', 'prn .txt', 'a/NUL.tar.gz/b'],
    ],
    ['empty names', 'path-empty', ['', 'a//b', 'a/', './a', 'a/.', '.']],
    ['control characters', 'path-control', ['a\nb', 'a\0', 'a\x1b[0m', 'a\x7f', 'a\u2028b', 'a\u0085']],
    ['what is not Unicode', 'path-encoding', ['a\ud800', 'a\ufffd']],
    [
      'what is too long',
      'path-long',
      ['a'.repeat(256), 'é'.repeat(128), Array.from({ length: 101 }, () => 'a').join('/'), 'ab/'.repeat(400) + 'a'],
    ],
    [
      'hostile input 4 and 10: .git in any spelling',
      'path-git',
      [
        '.git',
        '.git/hooks/pre-commit',
        'a/.git/config',
        '.GIT/hooks',
        '.Git',
        '.gIt/x',
        '.g\u200bit',
        '\u200d.git',
        '.git\u200c',
        '.gi\u00adt',
        '.g\ufeffit',
        '.ｇｉｔ',
        '．git',
        '․git',
        '.gıt',
        '.gİt',
        '.g\u0456t',
        '.gi\u0442',
        '.\u0261it',
        '.gi\u0301t',
        '.git::$INDEX_ALLOCATION',
        '.git:x',
        'GIT~1',
        'git~1',
        'a/GIT~2/config',
        '.git.',
        '.git ',
        '.git. . ',
        '.g\u202eit',
        '.git\u{e0041}',
        '.g\ufe0fit',
      ],
    ],
  ];
  for (const [name, code, paths] of cases) {
    it(name, () => {
      for (const path of paths) {
        const problem = checkPath(path);
        assert.equal(problem?.code, code, JSON.stringify(path));
        assert.match(problem!.reason, /^[A-Z"][^\n]*\.$/);
      }
    });
  }

  it('are not these', () => {
    const fine = [
      'a',
      'src/a.ts',
      '.gitignore',
      '.github/x',
      'a.git',
      'git',
      '.gitx/a',
      'gîte',
      '.legit',
      'a~',
      '#a#',
      'a~1b',
      'file.txt.~1~',
      'console.ts',
      'auxiliary',
      'com10',
      'nullable.ts',
      'lpt',
      'app/[id]/(group)/@x/page.tsx',
      '日本語/ファイル.ts',
      'ünï.md',
      'a b',
      ' a',
      '..a',
      'a..b',
      '...a',
      '👩‍💻.md',
      '-x',
      'a=b;c&d$e',
      '.glt',
      '.g1t',
      'longer-name~1.md',
    ];
    for (const path of fine) assert.equal(checkPath(path), undefined, path);
  });

  it('are told apart as the most forgiving file system does', () => {
    assert.equal(foldPath('Src/É.TS'), foldPath('src/e\u0301.ts'));
    assert.equal(foldPath('.VSCODE/Settings.json'), '.vscode/settings.json');
    assert.equal(foldPath('.vs\u200bcode/ſettings'), '.vscode/settings');
    assert.notEqual(foldPath('a/b'), foldPath('ab'));
  });

  it('are found by any means, and never by an exception', () => {
    const unit = fc.constantFrom(
      'a',
      '.',
      '/',
      '\\',
      ':',
      ' ',
      '~',
      '1',
      'g',
      'i',
      't',
      'G',
      '\u200b',
      '\ud800',
      '\0',
      'é',
      '😀',
    );
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (path) => {
        const problem = checkPath(path);
        if (problem) return;
        for (const segment of path.split('/')) {
          assert.ok(segment !== '' && segment !== '.' && segment !== '..' && !/[\\:\0]|[. ]$/.test(segment));
          assert.notEqual(segment.replaceAll('\u200b', '').toLowerCase(), '.git');
        }
      }),
      { numRuns: 2000 },
    );
  });
});

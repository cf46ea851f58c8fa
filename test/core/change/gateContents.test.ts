import assert from 'node:assert/strict';
import type { FileSide } from '../../../src/core/change/change.ts';
import { judgeChange } from '../../../src/core/change/gate.ts';
import { make, one, options, verdicts } from './gates.ts';
import { fileChange, side } from './texts.ts';

describe('the gate holds for their content', () => {
  it('hostile input 12: files that become executable', () => {
    assert.equal(one(make('a.sh', side('x', '100755'))), 'held executable');
    assert.equal(one(make('a.sh', side('x', '100755'), 'x')), 'held executable');
    assert.equal(one(make('a.sh', side('y', '100755'), side('x', '100755'))), 'pass');
    assert.equal(one(make('a.sh', 'x', side('x', '100755'))), 'pass');
  });

  it('hostile input 14: big files that are not text', () => {
    const binary = (bytes?: number): FileSide => ({
      mode: '100644',
      sha: '1',
      ...(bytes === undefined ? {} : { bytes }),
    });
    assert.equal(one(make('a.png', binary(4_000_000))), 'pass');
    assert.equal(one(make('a.png', binary(6_000_000))), 'held large-binary');
    assert.equal(one(make('a.png', binary())), 'held binary-unmeasured');
    assert.equal(one(make('a.ts', binary(100))), 'held unreadable-text');
    assert.equal(one({ path: 'a.png', before: binary() }), 'pass');
    assert.match(judgeChange([make('a.png', binary(1_073_741_824))], options)[0]!.reason!, /1074 MB/);
  });

  it('hostile input 15: characters that cannot be seen or turn the text around, where they are new', () => {
    const bad: [string, string][] = [
      ['a\u202eb', 'U+202E'],
      ['a\u2066b', 'U+2066'],
      ['a\u200bb', 'U+200B'],
      ['a\u200fb', 'U+200F'],
      ['a\u2060', 'U+2060'],
      ['x\ufeff', 'U+FEFF'],
      ['a\u00adb', 'U+00AD'],
      ['a\u3164b', 'U+3164'],
      ['a\u{e0041}', 'U+E0041'],
      ['a\u{e0100}', 'U+E0100'],
      ['// a\u2028b()', 'U+2028'],
      ['a\x1b[31m', 'U+001B'],
      ['a\x08', 'U+0008'],
      ['a\u0085', 'U+0085'],
      ['evil()\rfine\n', 'U+000D'],
      ['a\ufe00\ufe01\ufe02', 'U+FE00'],
      ['ab\u200dc', 'U+200D'],
      ['a\u061c', 'U+061C'],
    ];
    for (const [text, name] of bad) {
      const [verdict] = judgeChange([make('a.ts', text)], options);
      assert.equal(verdict!.code, 'hidden-characters', name);
      assert.ok(verdict!.reason!.includes(name), `${name} in ${verdict!.reason}`);
      assert.equal(one(make('a.ts', `${text}x`, text)), 'pass', `${name} was there`);
      assert.equal(one(make('a.ts', text + text, text)), 'held hidden-characters', `${name} once more`);
    }
    const fine = [
      '\ufeffa',
      'a\tb\r\n\f',
      'a\r\r\n',
      '👩‍💻 ❤️ 👍🏽 🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}',
      'می\u200cخواهم',
      'क्\u200dष',
      '葛\u{e0100}',
      '1\ufe0f\u20e3',
      'é e\u0301 ñ',
      '日本語\u3000',
    ];
    for (const text of fine) assert.equal(one(make('a.ts', text)), 'pass', JSON.stringify(text));
    assert.equal(one(make('src/a\u200b.ts')), 'held hidden-characters');
    assert.equal(one(make('src/a\u202ets.exe')), 'held hidden-characters');
  });

  it('hostile input 19: the removal of most files, with the count', () => {
    const removed = (count: number) =>
      Array.from({ length: count }, (_, n) => fileChange(`f${n}`, 'x', n % 2 ? undefined : ''));
    assert.ok(verdicts(removed(30), { files: 40 }).every((verdict) => verdict === 'held large-deletion'));
    assert.match(judgeChange(removed(30), { files: 40 })[0]!.reason!, /30 of 40 files/);
    assert.ok(verdicts(removed(30), { files: 60 }).every((verdict) => verdict === 'pass'));
    assert.ok(verdicts(removed(20), { files: 20 }).every((verdict) => verdict === 'pass'));
    assert.equal(verdicts([...removed(30), make('new')], { files: 40 })[30], 'pass');
  });

  it('hostile input 24: schemas from elsewhere, where they are new', () => {
    const remote = '{"$schema":"https://evil.example/s.json?x"}';
    const held: [string, string][] = [
      ['a.json', remote],
      ['a.json', '{"\\u0024schema":"https://evil.example"}'],
      ['a.json', '{"$schema":"http:\\/\\/evil.example"}'],
      ['a.json', '{ /* c */ "$schema" /* c */ : "//evil.example" }'],
      ['a.jsonc', remote],
      ['a.webmanifest', remote],
      ['.somerc', remote],
      ['a.json', '{"$schema":"\\\\\\\\host\\\\share"}'],
      ['a.yaml', '# yaml-language-server: $schema=https://evil.example\na: 1\n'],
      ['a.yml', '$schema: https://evil.example\n'],
      ['a.toml', '#:schema https://evil.example\n'],
      ['a.JSON', remote],
      ['a.json', '{"$schema":"HTTPS://evil.example"'],
    ];
    for (const [path, text] of held) {
      assert.equal(one(make(path, text)), 'held remote-schema', `${path} ${text}`);
      assert.equal(one(make(path, `${text} `, text)), 'pass');
    }
    assert.match(judgeChange([make('a.json', remote)], options)[0]!.reason!, /https:\/\/evil\.example/);
    assert.equal(one(make('a.json', remote.replace('?x', '?y'), remote)), 'held remote-schema');
    const fine: [string, string][] = [
      ['a.json', '{"$schema":"./schema.json"}'],
      ['a.json', '{"$schema":"http://json-schema.org/draft-07/schema#"}'],
      ['a.json', '{"$schema":"https://json-schema.org/draft/2020-12/schema"}'],
      ['a.ts', `const s = ${remote};`],
      ['a.json', '{"schema":"https://x.example"}'],
      ['a.toml', '#:schema ./s.json\n'],
    ];
    for (const [path, text] of fine) assert.equal(one(make(path, text)), 'pass', text);
  });

  it('with all its reasons, the weightiest first', () => {
    const [verdict] = judgeChange([make('.husky/pre-commit', side('a\u202e', '100755'))], options);
    assert.equal(verdict!.code, 'git-settings');
    assert.match(verdict!.reason!, /^Git takes .*; it becomes executable; it brings characters .*\.$/);
  });
});

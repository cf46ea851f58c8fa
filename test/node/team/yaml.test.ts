import assert from 'node:assert/strict';
import fc from 'fast-check';
import { readYaml } from '../../../src/node/team/yaml.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function problemsOf(text: string | Uint8Array): string[] {
  const read = readYaml(typeof text === 'string' ? bytes(text) : text);
  return 'problems' in read ? read.problems.map(({ line, column, message }) => `${line}:${column}: ${message}`) : [];
}

function valueOf(text: string): unknown {
  const read = readYaml(bytes(text));
  assert.ok('file' in read, JSON.stringify(read));
  return read.file.value;
}

/** Ten levels of nine: a thousand million texts, were it read. */
function billionLaughs(): string {
  const levels = ['a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]'];
  for (let n = 1; n < 10; n++)
    levels.push(`a${n}: &a${n} [${Array.from({ length: 9 }, () => `*a${n - 1}`).join(', ')}]`);
  return levels.join('\n');
}

describe('YAML of a team file', () => {
  it('is read as YAML 1.2', () => {
    assert.deepEqual(valueOf('a: 1\nb: [yes, on]\nc: |\n  x\n  y\n'), { a: 1, b: ['yes', 'on'], c: 'x\ny\n' });
    assert.deepEqual(valueOf('\ufeffa: 1\r\nb: 2\r\n'), { a: 1, b: 2 });
    assert.deepEqual(valueOf('a: &x { n: 1 }\nb: *x\n'), { a: { n: 1 }, b: { n: 1 } });
    for (const empty of ['', '\n', '# only a comment\n', '---\n']) assert.equal(valueOf(empty) ?? undefined, undefined);
  });

  const bad: [what: string, text: string | Uint8Array, problem: string | RegExp][] = [
    ['a tab', 'roles:\n\tcritic: 1\n', '2:1: A tab cannot indent YAML; use spaces.'],
    ['a name twice', 'roles: {}\nbudget:\n  calls: 1\n  calls: 2\n', '4:3: `calls` stands here a second time.'],
    ['a colon too many', 'a: b: c\n', /^1:4: Nested mappings are not allowed/],
    ['an open bracket', 'a: [1, 2\nb: 3\n', /^2:1: /],
    ['an open quote', 'a: "x\n', /^\d+:\d+: Missing closing "quote/],
    ['a second document', 'a: 1\n---\nb: 2\n', '2:1: A second document begins here; a team file holds one.'],
    ['a tag', 'a: !!js/function "x"\n', '1:4: Tags (`!…`) have no meaning in a team file.'],
    ['a tag of its own', 'a: 1\nb: !run "x"\n', '2:4: Tags (`!…`) have no meaning in a team file.'],
    ['a name that is a list', '? [a, b]\n: 1\n', '1:3: A name must be a plain text.'],
    ['an alias without anchor', 'a: 1\nb: *nope\n', '2:4: No anchor `&nope` stands before this alias.'],
    ['an alias inside of itself', 'a: &a\n  - 1\n  - *a\n', '3:5: `*a` would hold itself.'],
    ['a billion laughs', billionLaughs(), '2:10: The aliases of this file multiply beyond all bounds.'],
    [
      'many aliases',
      `a: &x 1\nb: [${'*x, '.repeat(200)}]\n`,
      '2:405: A team file of more than 100 aliases is not read.',
    ],
    ['lists in lists', `a: ${'['.repeat(500_000)}`, /^1:\d+: This is nested more than 100 levels deep\.$/],
    [
      'maps in maps',
      `a: ${'{a: '.repeat(5000)}1${'}'.repeat(5000)}`,
      /^1:\d+: This is nested more than 100 levels deep\.$/,
    ],
    ['dashes after dashes', `${'- '.repeat(400_000)}1`, /^1:\d+: This is nested more than 100 levels deep\.$/],
    [
      'deep indentation',
      Array.from({ length: 1400 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'),
      /^\d\d+:\d+: This is nested more than 100 levels deep\.$/,
    ],
    ['very many parts', 'a:\n'.repeat(60_000), /^\d+:\d+: A team file of more than 50000 parts is not read\.$/],
    ['a NUL', 'a: 1\nb: x\0y\n', '2:5: A character that cannot be seen stands here (U+0000); remove it.'],
    ['an escape', 'a: "\u001b[31mred"\n', '1:5: A character that cannot be seen stands here (U+001B); remove it.'],
    [
      'an escape by escape',
      'a: 1\nb: "\\e[31mred"\n',
      '2:4: A character that cannot be seen stands here (U+001B); remove it.',
    ],
    [
      'text that runs backwards',
      'run: "rm \u202e gnp.x"\n',
      '1:10: A character that cannot be seen stands here (U+202E); remove it.',
    ],
    ['the name of all objects’ parent', '__proto__:\n  a: 1\n', '1:1: `__proto__` cannot be a name.'],
    [
      'Latin-1',
      new Uint8Array([...bytes('a: 1\nb: M'), 0xfc, ...bytes('ller\n')]),
      '2:5: This is no UTF-8 text from here on; save the file as UTF-8.',
    ],
    [
      'UTF-16',
      new Uint8Array([0xff, 0xfe, 0x61, 0, 0x3a, 0]),
      '1:1: This is no UTF-8 text from here on; save the file as UTF-8.',
    ],
    [
      'a cut character',
      new Uint8Array([...bytes('a: ü')].slice(0, -1)),
      '1:4: This is no UTF-8 text from here on; save the file as UTF-8.',
    ],
  ];
  for (const [what, text, problem] of bad) {
    it(`is refused for ${what}`, () => {
      const [first] = problemsOf(text);
      if (typeof problem === 'string') assert.equal(first, problem);
      else assert.match(first ?? 'no problem', problem);
    });
  }

  it('is refused with all that is wrong, from the top', () => {
    assert.deepEqual(
      problemsOf('a: !x 1\na: 2\nb: *c\n').map((line) => line.split(' ')[0]),
      ['1:4:', '2:1:', '3:4:'],
    );
  });

  it('says where each value stands', () => {
    const read = readYaml(
      bytes(
        '# note\nroles:\n  critic:\n    models:\n      - model: x\n        effort: high\nchecks: &c\n  - { name: "a", run: b }\nmore: *c\nempty:\n',
      ),
    );
    assert.ok('file' in read);
    const at = (...path: (string | number)[]) => {
      const { line, column } = read.file.positionOf(path);
      return `${line}:${column}`;
    };
    assert.equal(at('roles', 'critic', 'models', 0, 'effort'), '6:17');
    assert.equal(at('roles', 'critic', 'models'), '4:5');
    assert.equal(at('roles', 'critic', 'models', 0), '5:9');
    assert.equal(at('roles', 'critic', 'title'), '3:3');
    assert.equal(at('checks', 0, 'name'), '8:13');
    assert.equal(at('more', 0, 'run'), '8:23');
    assert.equal(at('empty'), '10:1');
    assert.equal(at('nowhere', 'at', 'all'), '2:1');
    assert.equal(at(), '2:1');
    const { line, column } = read.file.positionOf(['roles', 'critic', 'models', 0, 'effort'], 'name');
    assert.equal(`${line}:${column}`, '6:9');
  });

  it('never throws, whatever the bytes', () => {
    const line = fc.constantFrom(
      'a: ',
      '- ',
      '? ',
      ': ',
      '&a ',
      '*a',
      '[',
      ']',
      '{',
      '}',
      '|\n',
      '>\n',
      '"',
      "'",
      '\n',
      '  ',
      '\t',
      '#',
      '!',
      '%',
      '---\n',
      '...\n',
      'x',
      '<<: ',
      '1',
      ',',
    );
    const text = fc.array(line, { maxLength: 60 }).map((parts) => bytes(parts.join('')));
    fc.assert(
      fc.property(fc.oneof(text, fc.uint8Array({ maxLength: 60 })), (input) => {
        const read = readYaml(input);
        if ('file' in read) read.file.positionOf(['a', 0, 'b']);
        else assert.ok(read.problems.every(({ line: row, column }) => row >= 1 && column >= 1));
      }),
      { numRuns: 1500 },
    );
  });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { askOutputSchema } from '../../../src/core/ask.ts';
import { answerSchemas } from '../../../src/core/run/answers.ts';
import { openCounter, readCounts } from '../../../src/servers/scripted/count.ts';
import { loadScript, parseScript } from '../../../src/servers/scripted/load.ts';
import { choose, factsOf, globFits, promptParts } from '../../../src/servers/scripted/match.ts';
import type { CallFacts } from '../../../src/servers/scripted/match.ts';
import type { Ending } from '../../../src/node/askServer.ts';
import type { Stage } from '../../../src/servers/scripted/performance.ts';
import { pieces, play } from '../../../src/servers/scripted/play.ts';
import { input, scriptedMain } from './stand.ts';

const source = resolve(import.meta.dirname, '../../../src/servers/scripted/main.ts');
const fixtures = resolve(import.meta.dirname, '../../fixtures/scripts');

/** Plays a script, given as YAML, for one call; everything said is in `said`. */
async function played(
  yaml: string,
  asked = input('k'),
  earlier: readonly CallFacts[] = [],
): Promise<{ ending: Ending; said: string[] }> {
  const script = parseScript(yaml, 'test.yaml');
  const said: string[] = [];
  const stage: Stage = {
    signal: new AbortController().signal,
    progress: (progress) => {
      said.push(progress.kind === 'text' || progress.kind === 'thought' ? progress.text : progress.kind);
      return Promise.resolve();
    },
    permit: () => Promise.resolve('no'),
    raw: () => Promise.reject(new Error('no way')),
  };
  const choice = choose(script, factsOf(asked, 'scripted'), earlier);
  assert.ok(choice, 'no part fits');
  return { ending: await play(script, choice, asked, stage, { tempo: 0 }), said };
}

async function textOf(yaml: string, asked = input('k'), earlier: readonly CallFacts[] = []): Promise<string> {
  const { ending } = await played(yaml, asked, earlier);
  assert.equal(ending.type, 'answer', JSON.stringify(ending));
  return ending.type === 'answer' ? ending.output.text : '';
}

async function failureIn(yaml: string, asked = input('k')): Promise<string> {
  const { ending } = await played(yaml, asked);
  return ending.type === 'failure' ? ending.failure.message : assert.fail('it played');
}

const jsonIn = (text: string): unknown => JSON.parse(/```json\n([\s\S]*?)\n```/.exec(text)?.[1] ?? '');

describe('a script', () => {
  it('is refused with file, line and column of every mistake', () => {
    const bad: [string, string[]][] = [
      ['parts: {', ['bad.yaml:1:9: Flow map in block collection']],
      ['parts:\n  - match: {rol: x}\n    steps: []', ['bad.yaml:2:12: parts.0.match: Unrecognized key: "rol"']],
      ['parts:\n  - steps:\n      - sey: hm', ['bad.yaml:3:9: parts.0.steps.0: a step is one of say, think,']],
      [
        'default:\n  steps:\n    - when: "("\n    - say: 5\n    - fault: boom',
        [
          'bad.yaml:3:13: default.steps.0.when: Invalid regular',
          'bad.yaml:4:12: default.steps.1.say:',
          'bad.yaml:5:14: default.steps.2.fault:',
        ],
      ],
      [
        'parts:\n  - steps:\n      - when: x\n        do:\n          - edit: a.ts',
        ['bad.yaml:5:13: parts.0.steps.0.do.0: give one of `write`'],
      ],
      [
        'parts:\n  - values: {a: {find: x}}\n    steps:\n      - answer: {x: "{{a}} {{b}}", y: {each: c, value: 1}}',
        [
          'bad.yaml:4:21: parts.0.steps.0.answer.x: no value is called `b`',
          'bad.yaml:4:39: parts.0.steps.0.answer.y: no value is called `c`',
        ],
      ],
      ['[1]', ['bad.yaml:1:1: script: Invalid input']],
      ['a: &a [*a, *a]\nparts: *a', ['bad.yaml:']],
    ];
    for (const [yaml, messages] of bad) {
      assert.throws(
        () => parseScript(yaml, 'bad.yaml'),
        (error) => {
          const said = (error as Error).message;
          for (const message of messages) assert.ok(said.includes(message), `${message}\nnot in\n${said}`);
          return true;
        },
      );
    }
  });

  it('prints its schema, checks files and refuses what it cannot use', async () => {
    const entry = await scriptedMain();
    const run = (...args: string[]) => promisify(execFile)(process.execPath, [entry, ...args]);
    const schema = JSON.parse((await run('--schema')).stdout) as { properties: { parts: { description: string } } };
    assert.match(schema.properties.parts.description, /first that fits/);
    await run('--check', join(fixtures, 'plain.yaml'));
    // The sources, too, without a build.
    await promisify(execFile)(process.execPath, [source, '--check', join(fixtures, 'plain.yaml')]);
    const fails = async (...args: string[]): Promise<string> => {
      const error = (await run(...args).catch((reason: unknown) => reason)) as { code: number; stderr: string };
      assert.equal(error.code, 2);
      return error.stderr;
    };
    assert.match(await fails(), /There is no --script/);
    assert.match(await fails('--check', 'no-such-file.yaml'), /cannot be read/);
    assert.match(await fails('--script', join(fixtures, 'plain.yaml'), '--http', '0'), /--token is needed/);
    assert.match(await fails('--script', join(fixtures, 'plain.yaml'), '--tempo', 'fast'), /takes a number/);
  });

  it('plays the first part that fits', async () => {
    const yaml = `
parts:
  - match: { role: [architect, critic], key: 'implementation/*/review' }
    steps: [ { say: by key } ]
  - match: { role: 'cri*', attempt: 2 }
    steps: [ { say: second attempt } ]
  - match: { model: 'gpt-*' }
    steps: [ { say: by model } ]
  - match: { kind: plan, phase: synthesis }
    steps: [ { say: by kind } ]
  - match: { server: other }
    steps: [ { say: by server } ]
  - match: { prompt: 'secret\\s+word' }
    steps: [ { say: by prompt } ]
default: { steps: [ { say: else } ] }
`;
    assert.equal(await textOf(yaml, input('implementation/a/review')), 'by key');
    assert.equal(await textOf(yaml, input('implementation/a/b/review')), 'else');
    assert.equal(await textOf(yaml, input('k', { call: { attempt: 2 } })), 'second attempt');
    assert.equal(await textOf(yaml, input('k', { model: 'gpt-5' })), 'by model');
    assert.equal(await textOf(yaml, input('k', { call: { kind: 'plan', phase: 'synthesis' } })), 'by kind');
    assert.equal(await textOf(yaml, input('k', { prompt: 'the secret\nword' })), 'by prompt');
    const choice = choose(parseScript(yaml, 'x'), factsOf(input('k'), 'other'), []);
    assert.deepEqual(choice?.part.steps, [{ say: 'by server' }]);
    assert.equal(choose(parseScript('parts: []', 'x'), factsOf(input('k'), 's'), []), undefined);
  });

  it('counts the calls of the run that fit a match', async () => {
    const yaml = `
parts:
  - match: { role: critic, nth: 2 }
    steps: [ { say: second } ]
  - match: { role: critic, prompt: again }
    times: 1
    steps: [ { say: once } ]
  - match: { role: critic }
    steps: [ { fault: empty, times: 3 }, { say: later } ]
`;
    const script = parseScript(yaml, 'x');
    const counted = (key: string, more = {}): CallFacts => {
      const { prompt, ...facts } = factsOf(input(key, more), 'scripted');
      return { ...facts, prompts: promptParts(script, prompt ?? '') };
    };
    const one = counted('a');
    assert.equal(await textOf(yaml, input('b')), '', 'the fault');
    assert.equal(await textOf(yaml, input('b'), [one]), 'second');
    assert.equal(await textOf(yaml, input('b'), [counted('a', { call: { run: 'r0' } })]), '', 'another run');
    assert.equal(await textOf(yaml, input('b'), [one, one, counted('x', { call: { role: 'architect' } })]), '');
    assert.equal(await textOf(yaml, input('b'), [one, one, one]), 'later');
    assert.equal(await textOf(yaml, input('b', { prompt: 'again' }), [one, one, one]), 'once');
    assert.equal(
      await textOf(yaml, input('b', { prompt: 'again' }), [one, one, counted('c', { prompt: 'again' })]),
      'later',
    );
  });

  it('takes lists out of the prompt, so that every hunk of a conflict can be answered for', async () => {
    const script = await loadScript(join(fixtures, 'resolution.yaml'));
    const prompt = await readFile(join(fixtures, 'resolution.prompt.txt'), 'utf8');
    const asked = input('integration/src/limit.ts', {
      prompt,
      call: { kind: 'resolution', phase: 'integration', role: 'orchestrator' },
    });
    const choice = choose(script, factsOf(asked, 'scripted'), []);
    assert.ok(choice);
    const stage: Stage = {
      signal: new AbortController().signal,
      progress: () => Promise.resolve(),
      permit: () => Promise.resolve('no'),
      raw: () => Promise.resolve(),
    };
    const ending = await play(script, choice, asked, stage, { tempo: 0 });
    assert.ok(ending.type === 'answer');
    const answer = answerSchemas.resolution.parse(jsonIn(ending.output.text));
    assert.deepEqual(answer.hunks, [
      { hunk: 'limiter.implementer:src/limit.ts#1', fate: 'resolved', why: 'Kept, with the name of the other.' },
      { hunk: 'limiter.implementer:src/limit.ts#2', fate: 'resolved', why: 'Kept, with the name of the other.' },
      {
        hunk: 'speed.optimizer:src/limit.ts#1',
        fate: 'superseded',
        by: 'limiter.implementer:src/limit.ts#1',
        why: 'The other one does both.',
      },
    ]);
  });

  it('fills templates in texts and answers, and leaves code alone', async () => {
    const yaml = `
values: { path: { find: 'in (?<file>\\S+):(?<line>\\d+)' }, word: { find: 'a(b)c', default: none } }
default:
  steps:
    - say: '{{role}} {{key}} {{attempt}} {{nth}} {{path.file}} {{word}} <a style={{foo}} b={{ bar: 1 }}> '
    - answer: { line: '{{path.line|number}}', s: '{{path.line}}', whole: '{{path}}', all: [ { each: path, value: ['{{item.file}}', '{{item.line|number}}'] }, 7 ], alone: { each: path, value: x } }
`;
    const text = await textOf(yaml, input('k', { prompt: 'in a.ts:3, in b.ts:4, in a.ts:3' }));
    assert.ok(text.startsWith('critic k 1 1 a.ts none <a style={{foo}} b={{ bar: 1 }}> '), text);
    assert.deepEqual(jsonIn(text), {
      line: 3,
      s: '3',
      whole: 'a.ts',
      all: [['a.ts', 3], ['b.ts', 4], 7],
      alone: ['x', 'x'],
    });
    assert.match(await failureIn(yaml, input('k', { prompt: 'nothing' })), /holds nothing for \{\{path.file\}\}/);
    const repeats = `values: { n: { find: '\\d', repeats: true } }\ndefault: { steps: [ { answer: { each: n, value: '{{item|number}}' } } ] }`;
    assert.deepEqual(jsonIn(await textOf(repeats, input('k', { prompt: '1 2 1' }))), [1, 2, 1]);
  });

  it('says its text in pieces that are the text, whatever is in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 40 }), (text, size) => {
        const all = pieces(text, size);
        assert.equal(all.join(''), text);
        for (const piece of all) {
          assert.ok(piece.length > 0);
          assert.ok(Array.from(piece).length <= size * 3, 'no piece is much longer');
        }
      }),
    );
    assert.deepEqual(pieces('one two three', 4), ['one ', 'two ', 'three']);
  });

  it('names who answered, the session, what it cost', async () => {
    const yaml = 'default: { model: gpt-5-codex, session: s-2, steps: [ { say: 12345678 } ] }';
    const { ending } = await played(
      yaml.replace('12345678', "'12345678'"),
      input('k', { prompt: 'x'.repeat(10), session: 's-1' }),
    );
    assert.deepEqual(ending, {
      type: 'answer',
      output: askOutputSchema.parse({
        text: '12345678',
        model: 'gpt-5-codex',
        session: 's-2',
        usage: { inputTokens: 3, outputTokens: 2 },
        scripted: true,
      }),
    });
    const none = await played('default: { usage: none, steps: [ { say: x } ] }', input('k', { session: 's-1' }));
    assert.ok(none.ending.type === 'answer');
    assert.equal(none.ending.output.usage, undefined);
    assert.equal(none.ending.output.session, 's-1');
  });
});

describe('a scripted writer', () => {
  let folder: string;
  let cwd: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'orchestra-script-'));
    cwd = join(folder, 'work');
    await mkdir(cwd);
    await writeFile(join(cwd, 'a.ts'), 'one\ntwo\n');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const edits = (steps: string): string => `default:\n  steps:\n${steps.replaceAll(/^/gm, '    ')}`;

  it('writes, replaces, appends and deletes in its folder', async () => {
    await writeFile(join(cwd, 'gone.ts'), '');
    const steps = `
- { edit: new/deep/b.ts, write: "b is {{role}}\\n" }
- { edit: a.ts, replace: "two", with: "2" }
- { edit: a.ts, append: "three\\n" }
- { edit: gone.ts, delete: true }
- { edit: c.ts, write: "typed", typed: true }
- { edit: d.ts, delete: true, typed: true }
- say: done`;
    const { ending } = await played(edits(steps), input('k', { cwd }));
    assert.ok(ending.type === 'answer', JSON.stringify(ending));
    assert.deepEqual(ending.output.edits, [
      { path: 'c.ts', content: 'typed' },
      { path: 'd.ts', content: null },
    ]);
    assert.equal(await readFile(join(cwd, 'new/deep/b.ts'), 'utf8'), 'b is critic\n');
    assert.equal(await readFile(join(cwd, 'a.ts'), 'utf8'), 'one\n2\nthree\n');
    await assert.rejects(readFile(join(cwd, 'gone.ts')), /ENOENT/);
    await assert.rejects(readFile(join(cwd, 'c.ts')), /ENOENT/);
  });

  it('says what cannot be done as written', async () => {
    const message = (step: string): Promise<string> => failureIn(edits(`- ${step}`), input('k', { cwd }));
    await writeFile(join(cwd, 'twice.ts'), 'x x');
    assert.match(await message('{ edit: a.ts, replace: nine, with: "9" }'), /stands there 0 times/);
    assert.match(await message('{ edit: twice.ts, replace: x, with: y }'), /stands there 2 times/);
    assert.match(await message('{ edit: none.ts, delete: true }'), /ENOENT/);
  });

  it('leaves its folder only where the script means it', async () => {
    await mkdir(join(folder, 'else'));
    await symlink(join(folder, 'else'), join(cwd, 'link'), 'junction');
    for (const path of ['../else/x.ts', join(folder, 'else/x.ts'), 'link/x.ts', 'link/deep/x.ts', '..']) {
      assert.match(
        await failureIn(edits(`- { edit: ${JSON.stringify(path)}, write: x }`), input('k', { cwd })),
        /outside the working folder/,
        path,
      );
    }
    await textOf(edits('- { edit: ../else/x.ts, write: meant, anywhere: true }'), input('k', { cwd }));
    assert.equal(await readFile(join(folder, 'else/x.ts'), 'utf8'), 'meant');
  });

  it('goes on by what it reads', async () => {
    const steps = `
- { when: "two", file: a.ts, do: [ { say: "saw two. " } ] }
- { when: ".", file: none.ts, do: [ { say: "saw it. " } ], else: [ { say: "is not there. " } ] }
- { when: "^What.*say", do: [ { say: "was asked. " } ] }`;
    assert.equal(await textOf(edits(steps), input('k', { cwd })), 'saw two. is not there. was asked. ');
  });

  it('is counted on disk, torn lines left aside', async () => {
    const file = join(folder, 'count');
    const counter = openCounter(file);
    counter.count('started', factsOf(input('k'), 's'), [1]);
    await writeFile(file, `${await readFile(file, 'utf8')}{"torn`);
    openCounter(file).count('finished', factsOf(input('k'), 's'), []);
    counter.count('started', factsOf(input('l'), 's'), []);
    const events = readCounts(file).map(({ event, key }) => `${event} ${key}`);
    assert.deepEqual(events, ['started k', 'finished k', 'started l']);
    assert.deepEqual(
      counter.started().map(({ key }) => key),
      ['k', 'l'],
    );
    assert.ok(!(await readFile(file, 'utf8')).includes('What do you say'), 'prompts are not kept');
    const memory = openCounter(undefined);
    memory.count('started', factsOf(input('k'), 's'), [2]);
    assert.deepEqual(
      memory.started().map(({ prompts }) => prompts),
      [[2]],
    );
  });

  it('knows globs', () => {
    assert.ok(
      globFits('a/*/c', 'a/b/c') &&
        globFits('**', 'a/b') &&
        globFits('a/**/d', 'a/b/c/d') &&
        globFits('a?c.(x)', 'abc.(x)'),
    );
    assert.ok(!globFits('a/*', 'a/b/c') && !globFits('a', 'ab') && !globFits('a.c', 'abc') && !globFits('a?c', 'a/c'));
  });
});

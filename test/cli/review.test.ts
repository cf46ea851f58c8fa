import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Made, madeReady } from '../node/review/made.ts';

const execute = promisify(execFile);
const cli = resolve(import.meta.dirname, '../../dist/cli.mjs');

const lines = (...changed: [number, string][]): string =>
  Array.from({ length: 12 }, (_, n) => `${changed.find(([at]) => at === n)?.[1] ?? n}\n`).join('');

describe('the review in a terminal', function () {
  let made: Made;
  beforeEach(async () => {
    made = await madeReady({ a: lines(), b: 'b\n' }, { a: lines([1, 'one'], [9, 'nine']), b: 'B\n', c: 'new\n' });
  });
  afterEach(() => made.remove());

  const orchestra = (...args: string[]) => orchestraIn(made.root, ...args);
  const orchestraIn = async (
    cwd: string,
    ...args: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> =>
    execute(process.execPath, [cli, ...args], { cwd, env: { ...process.env, COLUMNS: '100' } }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error: { code: number; stdout: string; stderr: string }) => error,
    );
  const read = (path: string): Promise<string> => readFile(join(made.root, path), 'utf8').catch(() => '(not there)');

  it('lists the hunks with their ids, and takes decisions', async () => {
    const listed = await orchestra('review');
    assert.equal(listed.code, 0, listed.stderr);
    for (const words of [
      /^a .* changed$/m,
      /^ {2}a:1 . line 2, \+1 -1$/m,
      /^c .* new$/m,
      /^ {2}c:1 . whole$/m,
      /4 hunks . 0 kept . 0 undone/,
    ])
      assert.match(listed.stdout, words);
    const decided = await orchestra('review', made.run, '--keep', 'a:1', '--keep', 'c', '--undo', 'final:b:1');
    assert.match(decided.stdout, /a:1 .* kept$/m);
    assert.match(decided.stdout, /4 hunks . 2 kept . 1 undone/);
    const back = await orchestra('review', made.run, '--take-back', '--json');
    assert.deepEqual((JSON.parse(back.stdout) as { decisions: object }).decisions, {
      'final:a:1': 'keep',
      'final:c:1': 'keep',
    });
    const wrong = await orchestra('review', made.run, '--keep', 'a:7');
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /There is no hunk or file "a:7" in this change/);
    const applied = await orchestra('apply', made.run, '--kept', '--yes');
    assert.equal(applied.code, 0, applied.stdout + applied.stderr);
    assert.deepEqual([await read('a'), await read('b'), await read('c')], [lines([1, 'one']), 'b\n', 'new\n']);
  });

  it('takes both halves of a rename with either name', async () => {
    const text = 'q\nr\ns\nt\n';
    const renamed = await madeReady({ old: text, b: 'b\n' }, { old: undefined, new: text, b: 'B\n' });
    try {
      for (const name of ['new', 'old']) {
        const only = await orchestraIn(renamed.root, 'apply', '--only', name, '--yes');
        assert.equal(only.code, 0, only.stdout + only.stderr);
        const at = (path: string): Promise<string> =>
          readFile(join(renamed.root, path), 'utf8').catch(() => '(not there)');
        assert.deepEqual([await at('old'), await at('new'), await at('b')], ['(not there)', text, 'b\n'], name);
        await orchestraIn(renamed.root, 'apply', '--undo');
      }
    } finally {
      await renamed.remove();
    }
  });

  it('applies only some hunks, or all without some, and takes them back', async () => {
    const only = await orchestra('apply', made.run, '--only', 'a:2', '--yes');
    assert.equal(only.code, 0, only.stdout + only.stderr);
    assert.deepEqual([await read('a'), await read('b'), await read('c')], [lines([9, 'nine']), 'b\n', '(not there)']);
    const undone = await orchestra('apply', made.run, '--undo');
    assert.equal(undone.code, 0, undone.stderr);
    assert.equal(await read('a'), lines());
    const without = await orchestra('apply', made.run, '--without', 'b', '--without', 'a:1', '--yes');
    assert.equal(without.code, 0, without.stdout + without.stderr);
    assert.deepEqual([await read('a'), await read('b'), await read('c')], [lines([9, 'nine']), 'b\n', 'new\n']);
    const shown = await orchestra('show', made.run);
    assert.match(shown.stdout, /a:1 {2}b:1 {2}rejected: Not kept by/);
    const both = await orchestra('apply', made.run, '--only', 'a', '--kept');
    assert.match(both.stderr, /only one can be given/);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  boardName,
  isSafeName,
  messageId,
  messageName,
  nowName,
  parseMessageName,
  protocolName,
  slug,
} from '../../../src/core/bus/names.ts';

const run = 'r261122-143205-a3f7';

describe('names of memories', () => {
  it('are what the layout says', () => {
    assert.deepEqual(
      [protocolName, nowName, boardName(run), messageId(run, 42)],
      ['orch/protocol', 'orch/now', `orch/${run}/board`, `${run}-000042`],
    );
    const name = messageName({ run, seq: 42, from: 'planner', to: ['coder'], kind: 'task' });
    assert.equal(name, `orch/${run}/m/000042-planner-coder-task`);
    assert.deepEqual(parseMessageName(name), { run, seq: 42 });
  });

  it('name everybody and several', () => {
    const to = (...names: string[]): string => messageName({ run, seq: 1, from: 'a', to: names, kind: 'status' });
    assert.match(to('all'), /-all-/);
    assert.match(to(), /-all-/);
    assert.match(to('critic', 'all'), /-all-/);
    assert.match(to('critic', 'security'), /-several-/);
  });

  it('are safe whatever the sender is called, and sort in the order of delivery', () => {
    const word = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('con', 'NUL', '../..', 'global', '.md', 'Über-Kritik', '🎻', 'x'.repeat(300)),
    );
    const seq = fc.integer({ min: 1, max: 999_999 });
    fc.assert(
      fc.property(word, fc.array(word, { maxLength: 3 }), word, seq, seq, (from, to, kind, a, b) => {
        const [one, other] = [
          messageName({ run, seq: a, from, to, kind }),
          messageName({ run, seq: b, from, to, kind }),
        ];
        assert.ok(isSafeName(one));
        assert.equal(parseMessageName(one)?.seq, a);
        assert.equal(one < other, a < b);
      }),
    );
    assert.equal(slug('Über-Kritik'), 'u-ber-kritik');
  });

  it('refuse what is not safe as a path or in Serena', () => {
    for (const bad of [
      '',
      'a//b',
      '/a',
      'a/',
      '..',
      'a/../b',
      'a.b',
      'A',
      'con',
      'a/nul',
      'a/lpt1',
      'global',
      'global/x',
      '-a',
      'a b',
      'a\\b',
      'ä',
      'x'.repeat(65),
      'a/'.repeat(60) + 'abc',
    ]) {
      assert.equal(isSafeName(bad), false, bad);
    }
    for (const good of ['a', 'orch/global', 'console', 'com10', '0', 'a_b-c', 'x'.repeat(64)])
      assert.equal(isSafeName(good), true, good);
    for (const bad of ['..', 'a/b', 'R1', '']) assert.throws(() => boardName(bad), /not a safe memory name/);
    assert.equal(parseMessageName('orch/x/board'), undefined);
    assert.equal(parseMessageName('orch/../m/000001-a-b-c'), undefined);
  });
});

import assert from 'node:assert/strict';
import { messageLines } from '../../src/cli/view/bus.ts';
import type { Look } from '../../src/cli/view/look.ts';
import type { FoundMessage } from '../../src/node/memory/messages.ts';

const look: Look = { width: 60, color: false, unicode: true, titles: {} };
const message: FoundMessage = {
  seq: 7,
  at: 'no time',
  from: 'critic',
  to: ['architect'],
  kind: 'answer',
  re: 'r1-000004',
  subject: 'How many buckets?',
  body: 'How many buckets?\n\nTen thousand.\n',
  verified: true,
};

describe('the messages of a run', () => {
  it('say who said what to whom, and what begins with its subject does not say it twice', () => {
    assert.deepEqual(messageLines(message, look, { full: false }), [
      '#7   --:--  critic → architect  answer on #4: How many buck…',
      '       Ten thousand.',
    ]);
    const whole = messageLines({ ...message, body: ' How many buckets?\n' }, look, { full: true });
    assert.equal(
      whole.map((line) => line.trim()).join(' '),
      '#7   --:--  critic → architect  answer on #4: How many buckets?',
    );
  });

  it('show who is not proved, and a long text only where it is wanted', () => {
    const long = { ...message, to: [], re: undefined, verified: false, body: 'line\n'.repeat(9) };
    const lines = messageLines(long, look, { full: false });
    assert.match(lines[0] ?? '', /critic \(unproved\) → all {2}answer:/);
    assert.equal(lines.at(-1), '       … 5 more lines');
    assert.equal(messageLines(long, look, { full: true }).length, 10 + 1);
  });

  it('do nothing to a terminal', () => {
    const hostile = { ...message, from: 'a\u001b[2J', subject: 'b\u001b]8;;x\u0007', body: 'c\u001b[31m\r\nd' };
    assert.doesNotMatch(messageLines(hostile, look, { full: true }).join('\n'), /[\u0000-\u0009\u000b-\u001f]/);
  });
});

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { type Desk, terminalDesk } from '../../src/cli/desk.ts';

/** A desk at a pipe: everything but what only a terminal has. */
function deskAt(): { desk: Desk; input: PassThrough; printed: () => string; holds: number[] } {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = '';
  output.on('data', (data: Buffer) => (text += data.toString()));
  const holds: number[] = [];
  let held = 0;
  const screen = { hold: () => holds.push((held += 1)), release: () => holds.push((held -= 1)) };
  const desk = terminalDesk({
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
    screen,
    interrupt: () => {},
  });
  return { desk, input, printed: () => text, holds };
}

const { signal } = new AbortController();
const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

describe('the desk', () => {
  it('asks one question after the other, in the order in which they came', async () => {
    const { desk, input, printed, holds } = deskAt();
    const first = desk.talk(signal, (dialogue) => dialogue.read('first? '));
    const second = desk.talk(signal, (dialogue) => dialogue.read('second? '));
    await turn();
    assert.match(printed(), /first\? $/);
    input.write('one\n');
    assert.equal(await first, 'one');
    await turn();
    assert.match(printed(), /second\? $/);
    input.write('two\n');
    assert.equal(await second, 'two');
    assert.deepEqual(holds, [1, 0, 1, 0]);
  });

  it('takes the end of the input for no answer', async () => {
    const { desk, input } = deskAt();
    const asked = desk.talk(signal, (dialogue) => dialogue.read('? '));
    await turn();
    input.end();
    assert.equal(await asked, undefined);
  });

  it('stops waiting when the signal fires, and the next question is asked all the same', async () => {
    const { desk, input, holds } = deskAt();
    const control = new AbortController();
    const asked = desk.talk(control.signal, (dialogue) => dialogue.read('? '));
    const queued = desk.talk(control.signal, (dialogue) => dialogue.read('never? '));
    const later = desk.talk(signal, (dialogue) => dialogue.read('later? '));
    await turn();
    control.abort(new Error('over'));
    await assert.rejects(asked, /over/);
    await assert.rejects(queued, /over/);
    await turn();
    input.write('yes\n');
    assert.equal(await later, 'yes');
    assert.equal(holds.at(-1), 0);
  });
});

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Screen, type Terminal } from '../../src/cli/screen.ts';

const esc = String.fromCodePoint(27);
const tokens = new RegExp(
  `${esc}\\[\\?(\\d+)([hl])|${esc}\\[(\\d+)A|${esc}\\[([KJ])|\\r|\\n|${esc}|[^${esc}\\r\\n]+`,
  'g',
);

/** As much of a terminal as is used: it keeps every row, and what has left the window cannot be reached. */
class Emulator {
  rows: string[] = [''];
  row = 0;
  cursorShown = true;
  /** Text that was neither a row's nor a known sequence. */
  unknown = '';
  columns = 80;
  readonly height: number;

  constructor(height: number) {
    this.height = height;
  }

  /** The emulator as a screen sees it: its `rows` are how many it has, not what stands in them. */
  readonly terminal = Object.defineProperties({} as Terminal, {
    columns: { get: () => this.columns },
    rows: { get: () => this.height },
    write: { value: (text: string) => this.write(text) },
  });

  write(text: string): boolean {
    for (const [token, mode, on, up, erase] of text.matchAll(tokens)) {
      if (mode === '25') this.cursorShown = on === 'h';
      else if (mode !== undefined) continue;
      else if (up !== undefined) this.row = Math.max(this.rows.length - this.height, 0, this.row - Number(up));
      else if (erase === 'J') this.rows.splice(this.row, Number.POSITIVE_INFINITY, '');
      else if (erase === 'K' || token === '\r') continue;
      else if (token === '\n') {
        this.row += 1;
        if (this.row === this.rows.length) this.rows.push('');
      } else if (token === esc) this.unknown += token;
      else this.rows[this.row] = token;
    }
    return true;
  }

  get text(): string[] {
    return this.rows.slice(0, -1);
  }
}

type Step = { print: string[] } | { draw: string[] } | 'hold' | 'release';

const line = fc.string({ minLength: 1, maxLength: 8 }).map((text) => text.replaceAll(/[^a-z]/g, '') || 'x');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ print: fc.array(line, { maxLength: 4 }) }),
  fc.record({ draw: fc.array(line, { maxLength: 12 }) }),
  fc.constantFrom<Step>('hold', 'release'),
);

describe('the screen', () => {
  it('holds what was printed, once and in order, and below it what was drawn last', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 3, max: 9 }), (steps, height) => {
        const emulator = new Emulator(height);
        const screen = new Screen(emulator.terminal);
        const printed: string[] = [];
        let drawn: string[] = [];
        let held = 0;
        for (const each of steps) {
          if (each === 'hold') screen.hold();
          else if (each === 'release' && held > 0) screen.release();
          else if (each !== 'release' && 'print' in each) screen.print(each.print);
          else if (each !== 'release') screen.draw(each.draw);
          if (each === 'hold') held += 1;
          else if (each === 'release') held = Math.max(0, held - 1);
          else if ('print' in each) printed.push(...each.print);
          else drawn = each.draw.slice(0, height - 1);
          if (held === 0) assert.deepEqual(emulator.text, [...printed, ...drawn]);
        }
        assert.ok(held === 0 || emulator.cursorShown, 'a question needs the cursor');
        screen.close();
        assert.deepEqual(emulator.text, printed);
        assert.ok(emulator.cursorShown);
        assert.equal(emulator.unknown, '');
      }),
      { numRuns: 400 },
    );
  });

  it('gives the cursor back whenever it is closed, and writes nothing afterwards', () => {
    const emulator = new Emulator(10);
    const screen = new Screen(emulator.terminal);
    screen.draw(['working']);
    assert.equal(emulator.cursorShown, false);
    screen.close();
    screen.close();
    assert.equal(emulator.cursorShown, true);
    screen.print(['late']);
    screen.draw(['late']);
    assert.deepEqual(emulator.text, []);
  });

  it('takes away the rows that a narrower terminal has folded its lines into', () => {
    const emulator = new Emulator(20);
    const screen = new Screen(emulator.terminal);
    screen.print(['printed']);
    screen.draw(['a'.repeat(60), 'b'.repeat(10)]);
    // The terminal reflows: the first line takes two rows now.
    emulator.columns = 40;
    emulator.rows = ['printed', 'a'.repeat(40), 'a'.repeat(20), 'b'.repeat(10), ''];
    emulator.row = 4;
    screen.draw(['short']);
    assert.deepEqual(emulator.text, ['printed', 'short']);
  });

  it('leaves what others wrote while the process was stopped', () => {
    const emulator = new Emulator(20);
    const screen = new Screen(emulator.terminal);
    screen.draw(['working']);
    screen.suspend();
    assert.equal(emulator.cursorShown, true);
    emulator.write('$ fg\n');
    screen.restart();
    assert.deepEqual(emulator.text, ['working', '$ fg', 'working']);
  });
});

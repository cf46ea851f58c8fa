import { widthOf as columnsOf } from './view/look.ts';

const esc = '\u001b[';
const hideCursor = `${esc}?25l`;
const showCursor = `${esc}?25h`;
// A frame reaches the eye as a whole in terminals that know it (DEC mode 2026); others ignore it.
const beginFrame = `${esc}?2026h${esc}?7l`;
const endFrame = `${esc}?7h${esc}?2026l`;

/** The part of a terminal stream that is used. */
export interface Terminal {
  readonly columns: number;
  readonly rows: number;
  write(text: string): boolean;
}

/**
 * A terminal whose last lines are redrawn and whose other lines are printed for good. It never moves above its own
 * lines. While it is held (a question stands there), what comes in waits.
 */
export class Screen {
  readonly #out: Terminal;
  /** Widths of the lines that stand there and will be redrawn. */
  #drawn: number[] = [];
  #lines: readonly string[] = [];
  #waiting: string[] = [];
  #held = 0;
  #hidden = false;
  #closed = false;

  constructor(out: Terminal) {
    this.#out = out;
  }

  get columns(): number {
    return this.#out.columns;
  }

  /** Rows that may be redrawn; a row that has scrolled away can not. */
  get room(): number {
    return Math.max(1, this.#out.rows - 1);
  }

  /** Prints for good, above what is redrawn. */
  print(lines: readonly string[]): void {
    if (lines.length === 0 || this.#closed) return;
    if (this.#held > 0) this.#waiting.push(...lines);
    else this.#frame(lines, this.#lines);
  }

  /** Replaces the lines that are redrawn. */
  draw(lines: readonly string[]): void {
    if (this.#closed) return;
    this.#lines = lines.slice(0, this.room);
    if (this.#held === 0) this.#frame([], this.#lines);
  }

  /** Takes the redrawn lines away and keeps still until the same number of `release`. */
  hold(): void {
    this.#held += 1;
    if (this.#held > 1 || this.#closed) return;
    this.#out.write(this.#erased() + this.#shown());
    this.#drawn = [];
  }

  release(): void {
    this.#held -= 1;
    if (this.#held > 0 || this.#closed) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#frame(waiting, this.#lines);
  }

  /** Somebody else wrote to the terminal (it was stopped and goes on): what stood there stays, and is drawn again below. */
  restart(): void {
    this.#drawn = [];
    this.#hidden = false;
    if (this.#held === 0 && !this.#closed) this.#frame([], this.#lines);
  }

  /** Gives the terminal back: the redrawn lines go, the cursor is there again. Can be called from an exit handler, and twice. */
  close(): void {
    if (this.#closed) return;
    const waiting = this.#waiting.map((line) => `${line}\n`).join('');
    this.#out.write(this.#erased() + waiting + this.#shown());
    this.#closed = true;
    this.#drawn = [];
  }

  /** For the time that the process is stopped: the cursor is there, and the lines stay as they are. */
  suspend(): void {
    this.#out.write(this.#shown());
  }

  #frame(above: readonly string[], below: readonly string[]): void {
    if (above.length === 0 && below.length === 0 && this.#drawn.length === 0) return;
    const cursor = this.#hidden || below.length === 0 ? '' : hideCursor;
    this.#hidden ||= below.length > 0;
    const text = [...above, ...below].map((line) => `${line}${esc}K\n`).join('');
    this.#out.write(`${beginFrame}${cursor}${this.#up()}${text}${esc}J${endFrame}`);
    this.#drawn = below.map(columnsOf);
  }

  #erased(): string {
    return this.#drawn.length === 0 ? '' : `${this.#up()}${esc}J`;
  }

  #shown(): string {
    const text = this.#hidden ? showCursor : '';
    this.#hidden = false;
    return text;
  }

  /** To the first redrawn line. A terminal that became narrower has folded lines: they take more rows than we wrote. */
  #up(): string {
    const columns = Math.max(1, this.#out.columns);
    const rows = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return rows === 0 ? '\r' : `\r${esc}${Math.min(rows, this.#out.rows)}A`;
  }
}

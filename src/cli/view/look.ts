import { styleText } from 'node:util';
import sliceAnsi from 'slice-ansi';
import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';
import { visible } from '../../core/words/plain.ts';

/** How things are drawn. Views are pure: what they need to know of the terminal stands here. */
export interface Look {
  /** Columns that a line may take. */
  readonly width: number;
  readonly color: boolean;
  /** Without it only ASCII is used for what is ours; what models wrote stays. */
  readonly unicode: boolean;
  /** Names of models that people know, by id. */
  readonly titles?: Readonly<Record<string, string>>;
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'accent';

/** Paints a text. `accent` is for what wants the person, and for nothing else. */
export function paint(look: Look, style: Style, text: string): string {
  if (!look.color || text === '') return text;
  return styleText(style === 'accent' ? ['bold', 'yellow'] : style, text, { validateStream: false });
}

const glyphs = {
  wants: ['▲', '!'],
  working: ['●', '*'],
  done: ['✓', '+'],
  failed: ['✗', 'x'],
  waiting: ['○', '-'],
  stopped: ['■', '#'],
  dot: ['·', '-'],
  arrow: ['→', '->'],
  bar: ['│', '|'],
  more: ['…', '...'],
  minus: ['−', '-'],
  dash: ['–', '-'],
} as const;
export type Glyph = keyof typeof glyphs;

/** One of our few signs, in Unicode or ASCII. */
export function glyph(look: Look, name: Glyph): string {
  return glyphs[name][look.unicode ? 0 : 1];
}

/** Columns that a text takes in a terminal; painted text counts as what is seen. */
export const widthOf = (text: string): number => stringWidth(text);

/** Cuts a line, painted or not, to `width` columns; what is cut ends in an ellipsis. */
export function clip(look: Look, line: string, width = look.width): string {
  if (widthOf(line) <= width) return line;
  const more = glyph(look, 'more');
  if (width <= widthOf(more)) return more.slice(0, Math.max(0, width));
  return sliceAnsi(line, 0, width - widthOf(more)).trimEnd() + more;
}

/** A cell of `width` columns: cut or filled up. */
export function cell(look: Look, text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = clip(look, text, width);
  const fill = ' '.repeat(Math.max(0, width - widthOf(cut)));
  return align === 'left' ? cut + fill : fill + cut;
}

/** Wraps a text into lines of the look's width; the first line begins with `first`, the others with as many blanks or `rest`. */
export function wrap(look: Look, text: string, first = '', rest = ' '.repeat(widthOf(first))): string[] {
  const room = look.width - Math.max(widthOf(first), widthOf(rest));
  // A terminal too narrow for the columns: what stands before the text gets a line of its own.
  if (room < 14 && widthOf(first) > 4) {
    const head = first.trim() === '' ? [] : [clip(look, first.trimEnd())];
    return [...head, ...wrap(look, text, '    ')];
  }
  const lines = text
    .split('\n')
    .flatMap((line) => wrapAnsi(line, Math.max(4, room), { hard: true, trim: true }).split('\n'))
    .map((line) => line.trimEnd());
  return lines.map((line, n) => ((n === 0 ? first : rest) + line).trimEnd());
}

/** A text that the person decides on, between bars: whole, blank for blank, with what could not be seen written out. */
export function exactLines(look: Look, text: string): string[] {
  const bar = `  ${glyph(look, 'bar')} `;
  const room = Math.max(4, look.width - widthOf(bar));
  return visible(text)
    .split('\n')
    .flatMap((line) => wrapAnsi(line, room, { hard: true, trim: false }).split('\n'))
    .map((line) => bar + line);
}

/** Left part and right part on one line, the right one at the right edge; below each other when they do not fit. */
export function spread(look: Look, left: string, right: string, width = look.width): string[] {
  if (right === '') return [clip(look, left, width)];
  const gap = width - widthOf(left) - widthOf(right);
  if (gap >= 2) return [left + ' '.repeat(gap) + right];
  const room = width - widthOf(right) - 2;
  if (room >= 24)
    return [
      `${clip(look, left, room)}${' '.repeat(Math.max(2, width - widthOf(clip(look, left, room)) - widthOf(right)))}${right}`,
    ];
  return [clip(look, left, width), clip(look, `  ${right}`, width)];
}

/** Lines that are drawn two columns in. */
export const indented = (look: Look, lines: (inner: Look) => readonly string[]): string[] =>
  lines({ ...look, width: look.width - 2 }).map((line) => `  ${line}`);

/** Pieces with our separator between them; empty ones are left out. */
export function dots(look: Look, ...pieces: readonly (string | undefined)[]): string {
  return pieces.filter((piece) => piece !== undefined && piece !== '').join(` ${glyph(look, 'dot')} `);
}

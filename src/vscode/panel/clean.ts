import { oneLine, plain, visible } from '../../core/words/plain.ts';

/** What models and repositories wrote, cleaned and cut to what a panel can show. */

/** One line of at most `most` characters. */
export function line(text: string, most = 240): string {
  const clean = oneLine(text.slice(0, most * 4));
  return clean.length > most || text.length > most * 4 ? `${clean.slice(0, most - 1).trimEnd()}…` : clean;
}

/** Lines stay lines; cut at the end. */
export function block(text: string, most = 8000): string {
  const clean = plain(text.slice(0, most + 1)).trim();
  return text.length > most ? `${clean.slice(0, most - 1).trimEnd()}…` : clean;
}

export const tailLines = 200;
const tailLineChars = 400;
const tailChars = 24_000;

/** Nothing in it that would have to be cleaned. */
const harmless = /^[\x20-\x7e\n]*$/;

/** The last lines of live text, at most so many; a very long one is cut. The typed answer at its end is for code, and left out. */
export function tailOf(text: string, most = tailLines): string {
  const recent = lastLines(text.slice(-tailChars), most + 1);
  const typed = recent.lastIndexOf('```json');
  const shown = typed === -1 ? recent : recent.slice(0, typed);
  const lines = (harmless.test(shown) ? shown : plain(shown)).trimEnd().split('\n').slice(-most);
  return lines.map((one) => (one.length > tailLineChars ? `${one.slice(0, tailLineChars - 1)}…` : one)).join('\n');
}

function lastLines(text: string, most: number): string {
  let from = text.length;
  for (let n = 0; n < most && from > 0; n++) from = text.lastIndexOf('\n', from - 1);
  return from > 0 ? text.slice(from + 1) : text;
}

const exactChars = 60_000;
const exactLines = 800;

/** What the person decides on, as it is, with what could not be seen written out. `cut`: lines that only its document shows. */
export function exact(text: string): { text: string; cut: number } {
  const lines = text.replace(/\n$/, '').split('\n');
  let chars = 0;
  const shown: string[] = [];
  for (const one of lines) {
    chars += one.length + 1;
    if (shown.length >= exactLines || chars > exactChars) break;
    shown.push(one);
  }
  if (shown.length === 0) return { text: visible(text.slice(0, exactChars)), cut: lines.length };
  return { text: visible(shown.join('\n')), cut: lines.length - shown.length };
}

/** The last `most` of a list, and how many came before. */
export function last<T>(items: readonly T[], most: number): { shown: readonly T[]; more: number } {
  return { shown: items.slice(-most), more: Math.max(0, items.length - most) };
}

/** Remembers by identity what was made of an object: states are not changed, only replaced. */
export function remembered<K extends object, V>(make: (from: K) => V): (from: K) => V {
  const made = new WeakMap<K, { value: V }>();
  return (from) => {
    let found = made.get(from);
    if (!found) made.set(from, (found = { value: make(from) }));
    return found.value;
  };
}

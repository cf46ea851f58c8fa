/** Where in a YAML text somebody is, while it is being written and cannot be parsed: by its indentation, and by brackets on one line. */

export interface YamlPlace {
  /** Names from the top, and `0` for an item of a list: what is around what stands at the place. */
  readonly path: readonly (string | 0)[];
  /** A name is being written, or a value. `path` of a value ends with its name. */
  readonly side: 'key' | 'value';
  /** What stands there already, up to the place and after it. */
  readonly word: { readonly from: number; readonly to: number; readonly text: string };
}

type Entry = { readonly indent: number } & (
  | { readonly kind: 'item' }
  | { readonly kind: 'key'; readonly name: string; readonly value: string; readonly at: number }
);

const wordEnd = /[\s,[\]{}#]|:(?=\s|$)/;

/** Lines and columns count from 0. Undefined inside a comment or a text of several lines. */
export function placeAt(lines: readonly string[], line: number, column: number): YamlPlace | undefined {
  const text = lines[line] ?? '';
  const before = text.slice(0, column);
  if (/(^|\s)#/.test(before)) return undefined;
  const entries = entriesOf(text);
  const last = entries.findLast((entry) => entry.kind === 'key');
  const inValue = last?.kind === 'key' && column >= last.at;
  const here = inValue ? entries : entries.filter((entry) => entry.kind === 'item' && entry.indent < column);
  const outer = around(lines, line, entries[0]?.indent ?? before.length);
  if (!outer) return undefined;
  const path = [...outer, ...here.map((entry) => (entry.kind === 'item' ? 0 : entry.name))];
  const value = inValue ? text.slice(last.at, column) : text.slice((here.at(-1)?.indent ?? -1) + 1, column);
  const flow = flowOf(value.trimStart());
  const from = column - flow.word.length;
  const rest = text.slice(column);
  const end = wordEnd.exec(rest)?.index ?? rest.length;
  const word = { from, to: column + end, text: flow.word + rest.slice(0, end) };
  const inFlow = flow.path.length > 0 || flow.open;
  if (inFlow) return { path: [...path, ...flow.path], side: flow.side, word };
  return { path, side: inValue ? 'value' : 'key', word };
}

/** The list marks and the name that a line begins with. */
function entriesOf(text: string): Entry[] {
  const entries: Entry[] = [];
  let at = text.search(/\S/);
  if (at < 0 || text[at] === '#') return entries;
  while (/^-(\s|$)/.test(text.slice(at))) {
    entries.push({ kind: 'item', indent: at });
    at += 1 + (/^\s*/.exec(text.slice(at + 1))?.[0].length ?? 0);
  }
  const [whole, quoted, name] =
    /^(?:["']([^"']*)["']|([^\s"'#{}[\],&*!|>%@`][^:#]*?))\s*:(?=\s|$)/.exec(text.slice(at)) ?? [];
  if (whole !== undefined)
    entries.push({
      kind: 'key',
      indent: at,
      name: quoted ?? name ?? '',
      at: at + whole.length,
      value: text.slice(at + whole.length).trim(),
    });
  return entries;
}

/** The names around a line whose content begins at `indent`; undefined inside a text of several lines. */
function around(lines: readonly string[], line: number, indent: number): (string | 0)[] | undefined {
  const path: (string | 0)[] = [];
  let wanted = indent;
  // An item may stand as far left as the name of its list.
  let isItem = /^\s*-(\s|$)/.test(lines[line] ?? '');
  for (let n = line - 1; n >= 0 && (wanted > 0 || isItem); n--) {
    for (const entry of entriesOf(lines[n] ?? '').toReversed()) {
      const holds = entry.indent < wanted || (isItem && entry.kind === 'key' && entry.indent === wanted);
      if (!holds) continue;
      if (entry.kind === 'key' && /^[|>]/.test(entry.value)) return undefined;
      path.unshift(entry.kind === 'item' ? 0 : entry.name);
      wanted = entry.indent;
      isItem = entry.kind === 'item';
    }
  }
  return path;
}

/** Where one is in `{ a: [b, { c: …`. */
function flowOf(text: string): { path: (string | 0)[]; open: boolean; side: 'key' | 'value'; word: string } {
  const open: { kind: '{' | '['; key?: string }[] = [];
  let word = '';
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at);
    const top = open.at(-1);
    if (character === '"' || character === "'") {
      const end = text.indexOf(character, at + 1);
      if (end < 0) return { path: [], open: false, side: 'value', word: text.slice(at) };
      word = text.slice(at + 1, end);
      at = end;
    } else if (character === '{' || character === '[') {
      open.push({ kind: character });
      word = '';
    } else if (character === '}' || character === ']') {
      open.pop();
      word = '';
    } else if (character === ',' && top) {
      delete top.key;
      word = '';
    } else if (character === ':' && top?.kind === '{' && /\s|^$/.test(text.charAt(at + 1))) {
      top.key = word.trim();
      word = '';
    } else word = word === '' && /\s/.test(character) ? '' : word + character;
  }
  const path = open.flatMap(({ kind, key }): (string | 0)[] => (kind === '[' ? [0] : key === undefined ? [] : [key]));
  const top = open.at(-1);
  return { path, open: open.length > 0, side: top?.kind === '{' && top.key === undefined ? 'key' : 'value', word };
}

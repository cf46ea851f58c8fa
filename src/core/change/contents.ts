/** What files that other programs read say, as far as it decides whether a change of them is harmless. What cannot be read never is. */

/** Both sides of a file's text; undefined where there is none. */
export interface Texts {
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** JSON without its comments and trailing commas, as editors and compilers accept it. */
function plainJson(text: string): string {
  // Strings stand at odd places; what is between them cannot hold a quote, but for comments, which are cut here too.
  const out: string[] = [];
  let between = '';
  let at = 0;
  const close = () => {
    out.push(between.replaceAll(/,(\s*[}\]])/g, '$1'));
    between = '';
  };
  while (at < text.length) {
    if (text.startsWith('//', at) || text.startsWith('/*', at)) {
      const mark = text[at + 1] === '/' ? '\n' : '*/';
      const end = text.indexOf(mark, at + 2);
      at = end < 0 ? text.length : end + mark.length;
      between += ' ';
    } else if (text[at] === '"') {
      close();
      const from = at;
      for (at += 1; at < text.length && text[at] !== '"'; at += 1) if (text[at] === '\\') at += 1;
      at += 1;
      out.push(text.slice(from, at));
    } else {
      between += text[at];
      at += 1;
    }
  }
  close();
  return out.join('');
}

/** The object that a JSON text holds, comments allowed; undefined when it holds none. */
function readJson(text: string): Record<string, unknown> | undefined {
  const bare = text.replace(/^\ufeff/, '');
  for (const form of [() => bare, () => plainJson(bare)]) {
    try {
      const value: unknown = JSON.parse(form());
      return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
    } catch {
      // Not in this form.
    }
  }
  return undefined;
}

/** One text for every value, whatever the order of its keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.entries(inner).toSorted(([x], [y]) => (x < y ? -1 : 1))
      : inner,
  );
}

/** The top-level keys whose values differ between two JSON texts; undefined when one cannot be read. */
function changedKeys({ before, after }: Texts): string[] | undefined {
  const one = before === undefined ? {} : readJson(before);
  const two = after === undefined ? {} : readJson(after);
  if (!one || !two) return undefined;
  const keys = [...new Set([...Object.keys(one), ...Object.keys(two)])];
  try {
    return keys.filter((key) => canonical(one[key]) !== canonical(two[key]));
  } catch {
    // Nested too deeply to be written.
    return undefined;
  }
}

const list = (keys: readonly string[]) =>
  keys
    .slice(0, 4)
    .map((key) => key.slice(0, 40))
    .join(', ') + (keys.length > 4 ? ' and more' : '');

/** Judges a JSON manifest: what of it is changed besides keys that run nothing; undefined when nothing is. */
export function manifestChange(harmless: readonly string[]): (texts: Texts) => string | undefined {
  return (texts) => {
    if (texts.after === undefined) return 'it is removed';
    const keys = changedKeys(texts);
    if (!keys) return 'it cannot be read';
    const telling = keys.filter((key) => !harmless.includes(key));
    return telling.length > 0 ? `it changes ${list(telling)}` : undefined;
  };
}

/** Compiler options that name code to load or a place to write to. */
const telling = ['plugins', 'outDir', 'outFile', 'declarationDir', 'tsBuildInfoFile'];

/** Judges a compiler's configuration: only what makes it load code, take over another file or write elsewhere counts. */
export function compilerChange(texts: Texts): string | undefined {
  const keys = changedKeys(texts);
  if (!keys) return texts.after === undefined ? undefined : 'it cannot be read';
  const plain = ['compilerOptions', 'include', 'exclude', 'files', 'references', '$schema', 'display'];
  const other = keys.filter((key) => !plain.includes(key));
  const options = (text: string | undefined) => JSON.stringify((text && readJson(text)?.['compilerOptions']) || {});
  const inner = changedKeys({ before: options(texts.before), after: options(texts.after) });
  if (!inner) return 'its compilerOptions cannot be read';
  const all = [...other, ...inner.filter((key) => telling.includes(key))];
  return all.length > 0 ? `it changes ${list(all)}` : undefined;
}

/** Judges a TOML manifest: lines in these tables that only name and describe the project may change. */
export function tomlChange(tables: readonly string[]): (texts: Texts) => string | undefined {
  const described = (text: string) => {
    // Within a long string a line could look like one of these.
    if (text.includes('"""') || text.includes("'''")) return text;
    let table = '';
    return text
      .split('\n')
      .filter((line) => {
        table = /^\[{1,2}([^[\]]*)\]/.exec(line.trim())?.[1]?.trim() ?? table;
        const note =
          /^(?:version|description|readme|license|homepage|repository|documentation) = ("[^"\\]*"|'[^']*')\s*$/;
        return !(tables.includes(table) && note.test(line));
      })
      .join('\n');
  };
  return ({ before, after }) => {
    if (before === undefined || after === undefined) return `it is ${after === undefined ? 'removed' : 'new'}`;
    return described(before) === described(after) ? undefined : 'it changes more than how the project is described';
  };
}

/** Addresses of JSON's own meta-schemas: built into every editor, never fetched. */
const builtIn = /^https?:\/\/json-schema\.org\/(?:draft-0[3-7]|draft\/20\d\d-\d\d)\/(?:hyper-)?schema#?$/;

function schemas(text: string): Set<string> {
  const found = new Set<string>();
  const plain = text.replaceAll(/\\u([0-9a-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const named = plain.matchAll(/(?:\$schema["']?\s*[:=]|#:schema)\s*["']?([^\s"',}]{1,2000})/g);
  const root = readJson(text)?.['$schema'];
  for (const address of [...Array.from(named, (match) => match[1]), root]) {
    if (typeof address !== 'string') continue;
    const whole = address.replaceAll('\\/', '/');
    // Anything with a scheme or a host, but no file of the project.
    if (/^\s*(?:[a-z][a-z0-9+.-]*:|\/\/|\\\\)/i.test(whole) && !builtIn.test(whole)) found.add(whole);
  }
  return found;
}

/** A remote schema that a JSON, YAML or TOML text newly points to: editors fetch it, and so tell its host what they like. */
export function newSchema({ before, after }: Texts): string | undefined {
  const known = schemas(before ?? '');
  return [...schemas(after ?? '')].find((address) => !known.has(address));
}

/** What cannot be seen or turns what is seen around: bidirectional controls, fillers, tags, controls, separators of lines. */
const hidden = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Cc}\p{Zl}\p{Zp}\ufff9-\ufffb]/gu;

/** Where such a character is part of ordinary writing: within emoji, flags, some scripts; variants of single characters. */
function isOrdinary(text: string, at: number, character: string): boolean {
  const code = character.codePointAt(0)!;
  if (code === 0x09 || code === 0x0a || code === 0x0c || code === 0x0d) return true;
  if (code === 0xfeff) return at === 0;
  const before = text.slice(Math.max(0, at - 4), at);
  const after = text.slice(at + character.length, at + character.length + 2);
  if (code === 0x200c || code === 0x200d) {
    const emoji = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)$/u.test(before);
    if (emoji) return /^\p{Extended_Pictographic}/u.test(after);
    return /[\p{L}\p{M}]$/u.test(before) && !/[\p{Script=Latin}\p{Script=Cyrillic}\p{Script=Greek}]$/u.test(before);
  }
  if (code >= 0xfe00 && code <= 0xfe0f)
    return /[^\p{Default_Ignorable_Code_Point}\p{L}\s]$/u.test(before) || /\p{Ideographic}$/u.test(before);
  if (code >= 0x180b && code <= 0x180f) return /\p{Script=Mongolian}$/u.test(before);
  if (code >= 0xe0100 && code <= 0xe01ef) return /\p{Ideographic}$/u.test(before);
  // The flags of England, Scotland and Wales: a black flag, and at most six tags.
  const tags = text.slice(Math.max(0, at - 14), at);
  return code >= 0xe0020 && code <= 0xe007f && /\u{1f3f4}[\u{e0020}-\u{e007e}]{0,6}$/u.test(tags);
}

function hiddenIn(text: string): Map<string, number> {
  const found = new Map<string, number>();
  const count = (character: string) => found.set(character, (found.get(character) ?? 0) + 1);
  for (const match of text.matchAll(hidden)) if (!isOrdinary(text, match.index, match[0])) count(match[0]);
  // A carriage return that ends no line hides what stands before it, in a terminal.
  for (const [character] of text.matchAll(/\r(?!\r?\n|$)/g)) count(character);
  return found;
}

/** Characters that cannot be seen, or turn what is seen around, that a text has more of than before: `U+202E`, each once. */
export function newHidden({ before, after }: Texts): string[] {
  const known = hiddenIn(before ?? '');
  const more = [...hiddenIn(after ?? '')].filter(([character, count]) => count > (known.get(character) ?? 0));
  return more.map(([character]) => `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`);
}

import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, LineCounter, Parser, visit } from 'yaml';
import type { Document, Node } from 'yaml';
import type { Path } from '../../core/team/join.ts';

/** Team files come from strangers too, so YAML is read with bounds on everything that costs more than its bytes. */

export const maxBytes = 1024 * 1024;
/** More than ten times what a large team needs; nested deeper, the parser's own recursion would end the process. */
const maxDepth = 100;
const maxTokens = 50_000;
const maxAliases = 100;

/** Lines and columns count from 1. */
interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlProblem extends Position {
  readonly message: string;
}

export interface YamlFile {
  readonly value: unknown;
  /** Where the value at a path stands, or its name; where it is not, the nearest that is there. */
  positionOf(path: Path, of?: 'name' | 'value'): Position;
}

/** Reads one YAML document out of a file's bytes. Never throws for what stands in them. */
export function readYaml(bytes: Uint8Array): { file: YamlFile } | { problems: YamlProblem[] } {
  const decoded = decode(bytes);
  if (typeof decoded !== 'string') return { problems: [decoded] };
  const unseen = /[^\P{Cc}\t\n\r]|[\u202a-\u202e\u2066-\u2069]/u.exec(decoded);
  if (unseen) return { problems: [{ ...positionIn(decoded, unseen.index), message: cannotBeSeen(unseen[0]) }] };

  const lines = new LineCounter();
  lines.addNewLine(0);
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const tokens = tokensOf(decoded, lines);
  if ('offset' in tokens) return { problems: [{ ...at(tokens.offset), message: tokens.message }] };

  // Equal keys are looked for below: the composer would compare each with each.
  const composer = new Composer({ prettyErrors: false, uniqueKeys: false, stringKeys: true, version: '1.2' });
  const [document, second] = [...composer.compose(tokens.tokens, true, decoded.length)];
  if (!document) return { file: { value: undefined, positionOf: () => ({ line: 1, column: 1 }) } };
  if (second)
    return { problems: [{ ...at(second.range[0]), message: 'A second document begins here; a team file holds one.' }] };
  const problems = [...document.errors, ...document.warnings].map(({ code, message, pos }) => ({
    ...at(pos[0]),
    message: said(code, message),
  }));
  problems.push(...problemsIn(document).map(({ offset, message }) => ({ ...at(offset), message })));
  if (problems.length > 0) return { problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column) };
  try {
    const value: unknown = document.toJS({ maxAliasCount: maxAliases });
    return { file: { value, positionOf: (path, of = 'value') => at(offsetOf(document, path, of)) } };
  } catch (error) {
    // The one thing left that it throws for.
    if (!(error instanceof ReferenceError)) throw error;
    return {
      problems: [{ ...at(firstAlias(document)), message: 'The aliases of this file multiply beyond all bounds.' }],
    };
  }
}

function decode(bytes: Uint8Array): string | YamlProblem {
  try {
    // The mark at the beginning that some editors write is no part of the text.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const loose = new TextDecoder('utf-8', { ignoreBOM: true });
    const encoder = new TextEncoder();
    // The longest part that is the same there and back is the part that is sound.
    const again = encoder.encode(loose.decode(bytes));
    let sound = 0;
    while (sound < bytes.length && bytes[sound] === again[sound]) sound += 1;
    const before = loose.decode(bytes.subarray(0, sound));
    return {
      ...positionIn(before, before.length),
      message: 'This is no UTF-8 text from here on; save the file as UTF-8.',
    };
  }
}

function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

type Tokens = { tokens: Parameters<Composer['compose']>[0] } | { offset: number; message: string };

function tokensOf(text: string, lines: LineCounter): Tokens {
  const parser = new Parser(lines.addNewLine);
  const tokens = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    tokens.push(...parser.next(lexeme));
    count += 1;
    if (parser.stack.length > maxDepth)
      return { offset: parser.offset, message: `This is nested more than ${maxDepth} levels deep.` };
    if (count > maxTokens)
      return { offset: parser.offset, message: `A team file of more than ${maxTokens} parts is not read.` };
  }
  tokens.push(...parser.end());
  return { tokens };
}

/** The parser's words, for the faults that people make most, in ours. */
function said(code: string, message: string): string {
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'A tab cannot indent YAML; use spaces.';
    case 'TAG_RESOLVE_FAILED':
      return 'Tags (`!…`) have no meaning in a team file.';
    case 'NON_STRING_KEY':
      return 'A name must be a plain text.';
    default:
      return /[.!?]$/.test(message) ? message.slice(0, 200) : `${message.slice(0, 200)}.`;
  }
}

function cannotBeSeen(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return `A character that cannot be seen stands here (U+${code}); remove it.`;
}

/** What the parser lets pass: keys twice, aliases without anchor or inside of it, too many of them, hidden characters by escape. */
function problemsIn(document: Document.Parsed): { offset: number; message: string }[] {
  const problems: { offset: number; message: string }[] = [];
  let aliases = 0;
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name))
          problems.push({ offset: startOf(key), message: `\`${name.slice(0, 60)}\` stands here a second time.` });
        seen.add(name);
        if (name === '__proto__') problems.push({ offset: startOf(key), message: '`__proto__` cannot be a name.' });
      }
    },
    Scalar(_key, scalar) {
      const hidden =
        typeof scalar.value === 'string' && /[^\P{Cc}\t\n\r]|[\u202a-\u202e\u2066-\u2069]/u.exec(scalar.value);
      if (hidden) problems.push({ offset: startOf(scalar), message: cannotBeSeen(hidden[0]) });
    },
    Alias(_key, alias, ancestors) {
      aliases += 1;
      if (aliases > maxAliases) {
        problems.push({
          offset: startOf(alias),
          message: `A team file of more than ${maxAliases} aliases is not read.`,
        });
        return visit.BREAK;
      }
      const target = alias.resolve(document);
      if (!target)
        problems.push({ offset: startOf(alias), message: `No anchor \`&${alias.source}\` stands before this alias.` });
      else if (ancestors.includes(target))
        problems.push({ offset: startOf(alias), message: `\`*${alias.source}\` would hold itself.` });
      return undefined;
    },
  });
  return problems;
}

function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

function firstAlias(document: Document.Parsed): number {
  let first = 0;
  visit(document, {
    Alias(_key, alias) {
      first = startOf(alias);
      return visit.BREAK;
    },
  });
  return first;
}

/** A plain value's own place, the name's for a map or a list: where a person would look. */
function offsetOf(document: Document.Parsed, path: Path, of: 'name' | 'value'): number {
  let node: unknown = document.contents;
  let offset = document.contents ? startOf(document.contents) : 0;
  for (const part of path) {
    // What stands behind an alias is corrected where it stands.
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (!pair) return offset;
      offset = startOf(pair.key as Node);
      node = pair.value;
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part];
      if (!isNode(node)) return offset;
      offset = startOf(node);
    } else return offset;
  }
  return of === 'value' && isScalar(node) && node.range && node.source !== '' ? node.range[0] : offset;
}

function isNode(value: unknown): value is Node {
  return isMap(value) || isSeq(value) || isScalar(value) || isAlias(value);
}

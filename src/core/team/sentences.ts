import { z } from 'zod';
import { teamFileSchema } from './file.ts';
import { isMap } from './join.ts';
import type { Path } from './join.ts';
import { meant, nearest } from './suggest.ts';

export interface Sentence {
  readonly path: Path;
  readonly message: string;
  /** The name is what is wrong, not what stands there. */
  readonly name?: true;
}

/** A schema's complaint as sentences for a person, each with the path that it is about. `joined` is what was parsed. */
export function sentencesOf(issue: z.core.$ZodIssue, joined: unknown): Sentence[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
  const name = `\`${shown(path)}\``;
  const value = valueAt(joined, path);
  const one = (message: string) => [{ path, message }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        message: `\`${shown([...path, key])}\` is not known${meant(key, knownKeys(path))}`,
        name: true,
      }));
    case 'invalid_key':
      return [
        {
          path,
          message: `${name} cannot be a name here: ${issue.issues[0]?.message ?? 'it does not fit'}.`,
          name: true,
        },
      ];
    case 'invalid_type':
      if (value === undefined) return one(`${name} is missing${aside(describe(path))}.`);
      return one(`${name} must be ${kindWords[issue.expected] ?? issue.expected}, not ${kindOf(value)}.`);
    case 'invalid_value': {
      if (value === undefined) return one(`${name} is missing${aside(describe(path))}.`);
      const values = issue.values.map(String);
      const near = typeof value === 'string' ? nearest(value, values) : undefined;
      const question = near === undefined ? '.' : `; did you mean \`${near}\`?`;
      const choice = values.map((v) => `\`${v}\``).join(', ');
      return one(`${name} is ${literal(value)}, but must be ${values.length > 1 ? 'one of ' : ''}${choice}${question}`);
    }
    case 'too_small':
      if (issue.origin === 'string' || issue.origin === 'array') return one(`${name} must not be empty.`);
      return one(
        `${name} is ${literal(value)}, but must be ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}.`,
      );
    case 'too_big':
      if (issue.origin === 'string') return one(`${name} is too long: at most ${issue.maximum} characters.`);
      return one(
        `${name} is ${literal(value)}, but must be ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}.`,
      );
    case 'invalid_format':
      if (issue.format === 'url') return one(`${name} must be an address such as \`https://example.com/mcp\`.`);
      return one(`${name} is ${literal(value)}, which does not fit: ${issue.message}.`);
    default:
      return one(`${name}: ${issue.message}.`);
  }
}

/** A path as people write it: `roles.critic.models[0].effort`. */
function shown(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${printable(part)}`)).join('');
  return text.startsWith('.') ? text.slice(1) : text || 'the file';
}

const kindWords: Partial<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: '`true` or `false`',
  array: 'a list',
  object: 'a map of names to values',
  record: 'a map of names to values',
};

function kindOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (isMap(value)) return 'a map';
  return typeof value === 'string' ? `the text ${literal(value)}` : literal(value);
}

function literal(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value));
  return `\`${printable(text)}\``;
}

/** Short, and without what would act on a terminal. */
function printable(text: string): string {
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\u00b7');
  return plain.length > 60 ? `${plain.slice(0, 57).toWellFormed()}…` : plain;
}

const aside = (text: string | undefined): string => (text === undefined ? '' : `: ${text.replace(/[.]$/, '')}`);

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce((at: unknown, part) => {
    if (Array.isArray(at)) return typeof part === 'number' ? (at[part] as unknown) : undefined;
    return isMap(at) && Object.hasOwn(at, part) ? at[part] : undefined;
  }, value);
}

interface SchemaNode {
  readonly properties?: Record<string, SchemaNode>;
  readonly additionalProperties?: SchemaNode | boolean;
  readonly items?: SchemaNode;
  readonly description?: string;
}

let published: SchemaNode | undefined;

/** The part of the team file's schema at a path. */
function nodeAt(path: Path): SchemaNode | undefined {
  published ??= z.toJSONSchema(teamFileSchema, { io: 'input' }) as SchemaNode;
  return path.reduce((node: SchemaNode | undefined, part) => {
    if (node === undefined) return undefined;
    if (typeof part === 'number') return node.items;
    const rest = node.additionalProperties;
    return node.properties?.[part] ?? (typeof rest === 'object' ? rest : undefined);
  }, published);
}

const knownKeys = (path: Path): string[] => Object.keys(nodeAt(path)?.properties ?? {});

const describe = (path: Path): string | undefined => nodeAt(path)?.description;

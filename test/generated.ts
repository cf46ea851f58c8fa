import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { z } from 'zod';
import { jsonLineJsonSchema } from '../src/cli/jsonEvents.ts';
import { teamFileSchema } from '../src/core/team/file.ts';
import { withContributes } from './contributes.ts';

/** The files that are made from the sources, and how. */

const root = resolve(import.meta.dirname, '..');

export interface Generated {
  /** From the root, with `/`. */
  readonly path: string;
  /** Given what the file holds now; undefined: there is nothing to write. */
  text(present: string | undefined): string | undefined;
}

/** A part of a JSON schema, as far as it is looked at here. */
export interface SchemaNode {
  properties?: Record<string, SchemaNode>;
  additionalProperties?: SchemaNode | boolean;
  required?: string[];
  items?: SchemaNode;
  anyOf?: SchemaNode[];
  oneOf?: SchemaNode[];
  enum?: unknown[];
  const?: unknown;
  type?: string | string[];
  default?: unknown;
  description?: string;
  [key: string]: unknown;
}

export const generated: readonly Generated[] = [
  { path: 'media/team.schema.json', text: () => json(teamSchema()) },
  { path: 'media/events.schema.json', text: () => json(eventsSchema()) },
  { path: 'README.md', text: withReference },
  { path: 'package.json', text: withContributes },
];

/** The generated files that differ from what their sources say; with what they should hold. */
export async function stale(): Promise<{ path: string; file: string; wanted: string }[]> {
  const found = [];
  for (const { path, text } of generated) {
    const file = resolve(root, path);
    const present = await readFile(file, 'utf8').catch(() => undefined);
    const wanted = text(present?.replaceAll('\r\n', '\n'));
    if (wanted !== undefined && wanted !== present?.replaceAll('\r\n', '\n')) found.push({ path, file, wanted });
  }
  return found;
}

/** For editors: what one team file may hold. An entry may give only what it changes of the layer below, so none of its fields is required. */
export function teamSchema(): SchemaNode {
  const schema = z.toJSONSchema(teamFileSchema, { target: 'draft-7', io: 'input' }) as SchemaNode;
  for (const part of Object.values(schema.properties ?? {})) {
    if (typeof part.additionalProperties === 'object') delete part.additionalProperties.required;
  }
  return { title: 'Model Orchestra: team file', ...schema };
}

/** For programs: a line of `--json`. Later versions may add fields, so others than those named are no mistake. */
export function eventsSchema(): SchemaNode {
  const schema = jsonLineJsonSchema() as SchemaNode;
  const left: unknown[] = [schema];
  while (left.length > 0) {
    const node = left.pop();
    if (typeof node !== 'object' || node === null) continue;
    if ((node as SchemaNode).additionalProperties === false) delete (node as SchemaNode).additionalProperties;
    left.push(...Object.values(node));
  }
  return schema;
}

const begin = '<!-- team file reference: made by `npm run generate` -->';
const end = '<!-- end of team file reference -->';

/** The README with the reference between its markers; undefined where there is no such place. */
export function withReference(present: string | undefined): string | undefined {
  const from = present?.indexOf(begin) ?? -1;
  const to = present?.indexOf(end) ?? -1;
  if (present === undefined || from < 0 || to < from) return undefined;
  return `${present.slice(0, from + begin.length)}\n${reference()}\n${present.slice(to)}`;
}

/** Every field of the team file as a Markdown table: name, kind, default, meaning. */
export function reference(): string {
  const rows: string[] = [];
  const walk = (node: SchemaNode, path: string): void => {
    for (const [name, field] of Object.entries(node.properties ?? {}))
      row(field, path === '' ? name : `${path}.${name}`);
  };
  const row = (node: SchemaNode, path: string): void => {
    const entries = typeof node.additionalProperties === 'object' ? node.additionalProperties : undefined;
    const inner = entries?.properties
      ? entries
      : node.items?.properties
        ? node.items
        : node.properties
          ? node
          : undefined;
    const below = entries?.properties ? `${path}.NAME` : node.items?.properties ? `${path}[]` : path;
    const meaning = node.description ?? inner?.description ?? '';
    rows.push(`| \`${below}\` | ${kindOf(node)} | ${inner ? '' : defaultOf(node)} | ${cell(meaning)} |`);
    if (inner) walk(inner, below);
  };
  walk(z.toJSONSchema(teamFileSchema, { target: 'draft-7', io: 'input' }) as SchemaNode, '');
  return ['| field | kind | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function kindOf(node: SchemaNode): string {
  const values = node.enum ?? (node.const === undefined ? undefined : [node.const]);
  if (values) return values.map((value) => `\`${String(value)}\``).join(', ');
  if (node.items) return node.items.properties ? 'list' : `list of ${kindOf(node.items)}`;
  if (typeof node.additionalProperties === 'object') return node.additionalProperties.properties ? 'by name' : 'map';
  switch (node.type) {
    case 'string':
      return 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return '`true`, `false`';
    case 'object':
      return 'map';
    default:
      return typeof node.type === 'string' ? node.type : 'anything';
  }
}

function defaultOf(node: SchemaNode): string {
  if (node.default === undefined) return '';
  const text = JSON.stringify(node.default);
  return text === '[]' || text === '{}' ? '' : `\`${text.replaceAll('"', '')}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

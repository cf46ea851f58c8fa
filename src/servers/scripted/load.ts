import { readFile } from 'node:fs/promises';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import type { z } from 'zod';
import { reasonOf, UserError } from '../../core/errors.ts';
import { namesIn } from './template.ts';
import { scriptSchema, stepKinds } from './script.ts';
import type { Part, Script } from './script.ts';

/** Reads a script file. Throws `UserError` (`script`) that names every problem with file, line and column. */
export async function loadScript(file: string): Promise<Script> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UserError('script', `The script ${file} cannot be read: ${reasonOf(error)}`);
  }
  return parseScript(text, file);
}

/** The script in a YAML or JSON text; `file` is only named in messages. Throws `UserError` (`script`). */
export function parseScript(text: string, file: string): Script {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const fail = (problems: string[]): never => {
    throw new UserError('script', problems.join('\n'), { hint: 'The schema is printed by --schema.' });
  };
  const where = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${line}:${col}`;
  };
  if (document.errors.length > 0) fail(document.errors.map((error) => `${where(error.pos[0])}: ${error.message}`));

  let raw: unknown;
  try {
    raw = document.toJS() as unknown;
  } catch (error) {
    fail([`${file}: ${reasonOf(error)}`]);
  }
  const parsed = scriptSchema.safeParse(raw);
  const problems = parsed.success
    ? unknownNames(parsed.data)
    : parsed.error.issues.flatMap((issue) => leaves(issue, at(raw, issue.path), issue.path));
  if (problems.length > 0) {
    fail(
      problems.map(
        ({ path, message }) => `${where(offsetOf(document, path))}: ${path.join('.') || 'script'}: ${message}`,
      ),
    );
  }
  return parsed.data as Script;
}

interface Problem {
  readonly path: PropertyKey[];
  readonly message: string;
}

/** A step that no schema takes fails ten ways at once; what counts is the kind that it was meant to be. */
function leaves(issue: z.core.$ZodIssue, raw: unknown, path: PropertyKey[]): Problem[] {
  if (issue.code !== 'invalid_union') return [{ path, message: issue.message }];
  if (issue.errors.length !== stepKinds.length) return [{ path, message: issue.message }];
  const keys = typeof raw === 'object' && raw !== null ? Object.keys(raw) : [];
  const kind = stepKinds.findIndex((name) => keys.includes(name));
  if (kind < 0) {
    return [{ path, message: `a step is one of ${stepKinds.join(', ')}; here is ${keys.join(', ') || 'none'}` }];
  }
  const inner = issue.errors[kind] ?? [];
  return inner.flatMap((each) => leaves(each, at(raw, each.path), [...path, ...each.path]));
}

function at(raw: unknown, path: PropertyKey[]): unknown {
  let value = raw;
  for (const key of path)
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  return value;
}

/** A misspelt `{{name}}` in an answer would only be noticed in the middle of a run. */
function unknownNames(script: Script): Problem[] {
  const known = (part: Pick<Part, 'values'>): Set<string> =>
    new Set([...Object.keys(script.values), ...Object.keys(part.values)]);
  const parts: [PropertyKey[], Pick<Part, 'steps' | 'values'>][] = script.parts.map((part, i) => [['parts', i], part]);
  if (script.default) parts.push([['default'], script.default]);
  return parts.flatMap(([path, part]) =>
    namesIn(part.steps, known(part)).map(({ at: inside, message }) => ({
      path: [...path, 'steps', ...inside],
      message,
    })),
  );
}

function offsetOf(document: Document, path: PropertyKey[]): number {
  for (let length = path.length; length >= 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return 0;
}

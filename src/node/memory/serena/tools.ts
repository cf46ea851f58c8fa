import { z } from 'zod';
import type { ToolResult } from '../../models/mapping.ts';
import type { ListedTool } from '../../models/mcpClient.ts';
import { lineOf } from './environment.ts';

/** The memory tools of Serena, as its versions have them. Sources: Serena's `memory_tools.py` and change log; 1.5.3, 1.6.0 and 2.1.0 were run. */

/** All that a Serena that serves memories only may offer. */
export const memoryTools: readonly string[] = [
  'write_memory',
  'read_memory',
  'list_memories',
  'delete_memory',
  'rename_memory',
  'edit_memory',
];

/** Those of them that are used. `rename_memory` and `edit_memory` rewrite what they were not asked to, and are never called. */
export type MemoryTool = 'write_memory' | 'read_memory' | 'list_memories' | 'delete_memory';

/** Names of parameters by name of tool, from the tools' own schemas. */
export type Parameters = ReadonlyMap<string, ReadonlySet<string>>;

export interface MemoryArguments {
  readonly name?: string;
  readonly content?: string;
  readonly topic?: string;
}

/** The arguments under the names that this Serena has for them: `memory_name` or `memory_file_name`, `max_chars` or `max_answer_chars`. */
export function argumentsFor(
  tool: MemoryTool,
  { name, content, topic }: MemoryArguments,
  parameters: Parameters,
): Record<string, unknown> {
  const has = (parameter: string): boolean => parameters.get(tool)?.has(parameter) ?? false;
  const given: Record<string, unknown> = {};
  if (name !== undefined)
    given[has('memory_file_name') && !has('memory_name') ? 'memory_file_name' : 'memory_name'] = name;
  if (content !== undefined) {
    given['content'] = content;
    // It refuses more than 150,000 characters if it is not told that more is meant.
    const size = has('max_answer_chars') && !has('max_chars') ? 'max_answer_chars' : 'max_chars';
    given[size] = content.length + 1;
  }
  // Without the parameter everything is listed.
  if (topic !== undefined && has('topic')) given['topic'] = topic;
  return given;
}

/** What a tool said. */
export type Answer =
  | { readonly is: 'done'; readonly text: string }
  /** There is no such memory. */
  | { readonly is: 'missing' }
  /** It did nothing, and says why, in one line. */
  | { readonly is: 'refused'; readonly why: string }
  /** It gave up waiting; what was asked may still come to be. */
  | { readonly is: 'unknown'; readonly why: string };

/**
 * Reads a tool's result in the shapes of every version. Before 1.6 an error is a text like any other: a memory whose text looks like one is
 * taken for one, so whoever depends on it looks at the file.
 */
export function answerOf(tool: MemoryTool, result: ToolResult): Answer {
  const text = textOf(result);
  if (/^(Error executing tool.*?: )?(\w+ - |\w+: )*Tool execution timed out/.test(text)) {
    return { is: 'unknown', why: lineOf(text, 200) };
  }
  if (result.isError || text.startsWith('Error executing tool')) {
    return tool !== 'write_memory' && /FileNotFoundError\b|Memory named '.*' not found/.test(text)
      ? { is: 'missing' }
      : { is: 'refused', why: lineOf(text, 300) };
  }
  const missing = {
    read_memory: /^Memory (file )?\S+ not found, consider creating it/,
    delete_memory: /^Memory (file )?\S+ not found/,
  };
  if ((tool === 'read_memory' || tool === 'delete_memory') && missing[tool].test(text)) return { is: 'missing' };
  if (/^Tool '.*' is not active|^No active project/.test(text)) return { is: 'refused', why: lineOf(text, 300) };
  return { is: 'done', text };
}

const listSchema = z.union([
  z
    .object({ memories: z.array(z.string()).default([]), read_only_memories: z.array(z.string()).default([]) })
    .transform((list) => [...list.memories, ...list.read_only_memories]),
  z.array(z.string()),
]);

/** The names of a list, which is an object with two lists (empty ones left out) or, before 1.0, an array; undefined if it is neither. */
export function namesOf(text: string): string[] | undefined {
  try {
    return listSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

const partSchema = z.looseObject({ type: z.literal('text'), text: z.string() });

function textOf(result: ToolResult): string {
  return result.content.flatMap((part) => partSchema.safeParse(part).data?.text ?? []).join('');
}

/** The parameters of the tools that a server lists. */
export function parametersOf(tools: ReadonlyMap<string, Pick<ListedTool, 'inputSchema'>>): Parameters {
  const namesIn = (properties: unknown): string[] =>
    typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
  return new Map([...tools].map(([name, { inputSchema }]) => [name, new Set(namesIn(inputSchema['properties']))]));
}

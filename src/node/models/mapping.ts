import type { AskInput, AskOutput } from '../../core/ask.ts';
import type { Route } from '../../core/team/file.ts';

/** How a tool that does not speak the `ask` contract is called, and what its result means: the route says it. */

/** What every MCP tool returns, whatever else it holds. */
export interface ToolResult {
  readonly content: readonly unknown[];
  readonly structured: unknown;
  readonly isError: boolean;
}

const placeholders = ['prompt', 'model', 'effort', 'cwd', 'access', 'session'] as const;

/** The arguments of the call. Placeholders are filled wherever they stand; an entry that is nothing but one without a value is left out. */
export function argumentsFor(route: Route, input: AskInput): Record<string, unknown> {
  if (route.arguments === undefined) return route.agent === undefined ? { ...input } : { agent: route.agent, ...input };
  return fill(route.arguments, input) as Record<string, unknown>;
}

function fill(template: unknown, input: AskInput): unknown {
  if (typeof template === 'string') {
    const only = placeholders.find((name) => template === `\${${name}}`);
    if (only !== undefined) return input[only];
    // One pass: a prompt that holds `${cwd}` is the person's text, not a template.
    return template.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => {
      const known = placeholders.find((each) => each === name);
      return known === undefined ? whole : (input[known] ?? '');
    });
  }
  if (Array.isArray(template)) return template.map((item) => fill(item, input)).filter((item) => item !== undefined);
  if (typeof template !== 'object' || template === null) return template;
  const entries = Object.entries(template).map(([key, value]) => [key, fill(value, input)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** The text parts of a result, joined. */
export function textOf(result: ToolResult): string {
  return result.content
    .flatMap((part) =>
      isRecord(part) && part['type'] === 'text' && typeof part['text'] === 'string' ? [part['text']] : [],
    )
    .join('\n');
}

/** What the route's `result` finds in the result; undefined where there is no text at the place that it names. */
export function outputFor(route: Route, result: ToolResult): AskOutput | undefined {
  const places = route.result ?? { text: 'content' };
  const text = places.text === 'content' ? textOf(result) : at(result.structured, places.text);
  if (typeof text !== 'string') return undefined;
  const session = places.session === undefined ? undefined : at(result.structured, places.session);
  const model = places.model === undefined ? undefined : at(result.structured, places.model);
  return {
    text,
    stopReason: 'end',
    ...(typeof session === 'string' && session !== '' ? { session } : {}),
    ...(typeof model === 'string' && model !== '' ? { model } : {}),
  };
}

/** The value at a dotted path; numbers are places in lists. */
function at(value: unknown, path: string): unknown {
  let here = value;
  for (const key of path.split('.')) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Record<string, unknown>)[key];
  }
  return here;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

import { usageSchema } from '../../core/ask.ts';
import type { AskInput, AskOutput, AskProgress } from '../../core/ask.ts';
import type { Route, RouteEvents } from '../../core/team/file.ts';
import { oneLine } from './text.ts';

/** How a tool that does not speak the `ask` contract is called, and what its result means: the route says it. */

/** What every MCP tool returns, whatever else it holds. */
export interface ToolResult {
  readonly content: readonly unknown[];
  readonly structured: unknown;
  readonly isError: boolean;
}

const placeholders = ['prompt', 'model', 'effort', 'cwd', 'access', 'session'] as const;

/** The tool of this call, and its arguments. Placeholders are filled wherever they stand; an entry that is nothing but one without a value is left out. */
export function toolFor(route: Route, input: AskInput): { tool: string; args: Record<string, unknown> } {
  const { tool, agent, reply } = route;
  const on = input.session === undefined ? undefined : reply;
  const template = on?.arguments ?? route.arguments;
  if (template === undefined) return { tool, args: agent === undefined ? { ...input } : { agent, ...input } };
  const { access, effort } = route.words ?? {};
  const values: Values = {
    ...input,
    access: access?.[input.access] ?? input.access,
    effort: input.effort && (effort?.[input.effort] ?? input.effort),
  };
  return { tool: on?.tool ?? tool, args: fill(template, values) as Record<string, unknown> };
}

/** All tools that a route needs. */
export function toolsOf(route: Route): string[] {
  return route.reply ? [route.tool, route.reply.tool] : [route.tool];
}

type Values = Readonly<Partial<Record<(typeof placeholders)[number], string | undefined>>>;

function fill(template: unknown, input: Values): unknown {
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

/** What a notification of the route's own says; undefined when that is nothing for people. */
export function eventOf(events: RouteEvents, params: unknown): AskProgress | undefined {
  const type = at(params, events.type);
  if (typeof type !== 'string') return undefined;
  const found = (places: Readonly<Record<string, string>>): string | undefined => {
    const value = Object.hasOwn(places, type) ? at(params, places[type] as string) : undefined;
    if (typeof value === 'string') return value;
    return Array.isArray(value) ? value.filter((part) => typeof part === 'string').join(' ') : undefined;
  };
  const text = found(events.text);
  if (text !== undefined) return { kind: 'text', text };
  const thought = found(events.thought);
  if (thought !== undefined) return { kind: 'thought', text: thought };
  const title = found(events.tool);
  if (title !== undefined) return { kind: 'tool', title: oneLine(title, 300) };
  const usage = Object.hasOwn(events.usage, type) ? events.usage[type] : undefined;
  const tokens =
    usage && usageSchema.safeParse({ inputTokens: at(params, usage.input), outputTokens: at(params, usage.output) });
  return tokens?.success ? { kind: 'usage', usage: tokens.data } : undefined;
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

import type { RunEvent } from './events.ts';

/** Where people and models write in their own words. Everything else names something, and must stay what it is. */
const prose: ReadonlySet<string> = new Set([
  'acceptance',
  'answer',
  'body',
  'claim',
  'command',
  'criteria',
  'detail',
  'docs',
  'goal',
  'hint',
  'message',
  'notes',
  'output',
  'problem',
  'problems',
  'question',
  'quote',
  'reason',
  'says',
  'subject',
  'suggestion',
  'summary',
  'tail',
  'task',
  'text',
  'title',
  'what',
  'why',
]);

/** An event as it may be written down: without the secrets that somebody's words hold. No text gets longer by it. */
export function withoutSecrets<T extends RunEvent>(event: T, redact: (text: string) => string): T {
  const clean = (value: unknown, key: string): unknown => {
    if (typeof value === 'string') return prose.has(key) ? redact(value).slice(0, value.length) : value;
    if (Array.isArray(value)) return value.map((part) => clean(part, key));
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, clean(part, name)]));
  };
  return clean(event, '') as T;
}

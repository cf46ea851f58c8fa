/** Reading JSON that others made, without trust and without a schema: what is not there is empty. */

export type Json = Readonly<Record<string, unknown>>;

/** The object that this is, or an empty one. */
export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** The list that this is, or an empty one. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The text that this is, or an empty one. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The text in a content that is a text or a list of parts, which may be nested. */
export function textIn(content: unknown): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content))
    return content
      .map(textIn)
      .filter((t) => t !== '')
      .join('\n');
  const part = object(content);
  if (typeof part['text'] === 'string') return part['text'];
  return part['content'] === undefined ? '' : textIn(part['content']);
}

/** A person's words without what harnesses put in beside them: between tags of their own, or as a word about a tool. */
export function ownWords(said: string): string {
  return said
    .replaceAll(/<(system-reminder|environment_context|user_info|rules|current_datetime)>[^]*?<\/\1>/g, '')
    .replaceAll(/<\/?user_query>|^Tool loaded\.$|^\[Request interrupted by user[^\]]*\]$/gm, '')
    .trim();
}

import { HttpError } from './errors.ts';

/** What `POST /links` wants. */
export interface NewLink {
  readonly url: string;
  readonly slug?: string;
}

/** Names that routes use. */
const reserved = new Set(['links', 'health']);

/** Reads the body of `POST /links`. Throws 400 with what is wrong in it. */
export function parseNewLink(body: string): NewLink {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new HttpError(400, 'The body is not JSON.');
  }
  if (typeof value !== 'object' || value === null) throw new HttpError(400, 'The body is not an object.');
  const { url, slug } = value as Record<string, unknown>;
  if (typeof url !== 'string' || !isWebAddress(url)) throw new HttpError(400, '"url" must be a web address.');
  if (slug === undefined) return { url };
  if (typeof slug !== 'string' || !isSlug(slug)) throw new HttpError(400, '"slug" takes 2 to 40 of a-z, 0-9 and -.');
  return { url, slug };
}

export function isSlug(text: string): boolean {
  return /^[a-z0-9][a-z0-9-]{1,39}$/.test(text) && !reserved.has(text);
}

function isWebAddress(text: string): boolean {
  if (text.length > 2000 || !URL.canParse(text)) return false;
  const { protocol } = new URL(text);
  return protocol === 'http:' || protocol === 'https:';
}

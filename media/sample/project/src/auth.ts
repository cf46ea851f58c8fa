import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKey } from './config.ts';
import { HttpError } from './errors.ts';

/** Whose key the request carries. Throws 401 when it carries none that is known. */
export function authenticate(headers: IncomingHttpHeaders, keys: readonly ApiKey[]): string {
  const [scheme, token] = (headers.authorization ?? '').split(' ', 2);
  const known = keys.find((each) => scheme === 'Bearer' && each.key === token);
  if (!known) throw new HttpError(401, 'A valid API key is needed.', { 'WWW-Authenticate': 'Bearer' });
  return known.name;
}

export type Method = 'GET' | 'POST' | 'DELETE';

/** One kind of request: `path` may hold `:names`, which stand for one segment each. */
export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly action: 'create' | 'show' | 'remove' | 'follow' | 'health';
  /** Only with a key. */
  readonly protected: boolean;
}

/** The first that fits wins: `/health` stands before `/:slug`. */
export const routes: readonly Route[] = [
  { method: 'GET', path: '/health', action: 'health', protected: false },
  { method: 'POST', path: '/links', action: 'create', protected: true },
  { method: 'GET', path: '/links/:slug', action: 'show', protected: true },
  { method: 'DELETE', path: '/links/:slug', action: 'remove', protected: true },
  { method: 'GET', path: '/:slug', action: 'follow', protected: false },
];

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route for a request, and what its `:names` stand for; undefined when there is none. */
export function matchRoute(method: string, pathname: string): Match | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const params = fit(route.path, pathname);
    if (params) return { route, params };
  }
  return undefined;
}

function fit(pattern: string, pathname: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = pathname.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [n, part] of wanted.entries()) {
    const segment = given[n] ?? '';
    if (part.startsWith(':') && segment !== '') params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

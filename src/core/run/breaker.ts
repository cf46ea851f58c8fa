import type { Failure } from '../ask.ts';
import type { Clock } from '../ports.ts';
import type { Route } from '../team/file.ts';

/** Why a route is left alone, and how long. */
export interface Rest {
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly until: number;
  /** It met a limit that resets then. */
  readonly limit: boolean;
  /** Somebody tries it just now; resolves when that is over, however it went. */
  readonly trial: Promise<void> | undefined;
}

/** Remembers broken routes, for all roles of a run. After its time a route gets one trial (half-open). */
export interface Breaker {
  /** Undefined when the route may be tried. */
  closed(route: Route): Rest | undefined;
  /** An attempt starts: on a route that was broken it is the trial, and the others go on leaving it alone meanwhile. */
  tried(route: Route): void;
  failed(route: Route, failure: Failure): void;
  worked(route: Route): void;
  /** An attempt ended that says nothing of its route. */
  dropped(route: Route): void;
}

const breaking: ReadonlySet<Failure['kind']> = new Set([
  'not-installed',
  'not-signed-in',
  'not-approved',
  'rate-limit',
  'quota',
  'crash',
  'silence',
  'protocol',
]);

/** After these the route is sound, whatever came of the attempt. */
const sound: ReadonlySet<Failure['kind']> = new Set([
  'empty',
  'bad-answer',
  'no-model',
  'wrong-model',
  'too-large',
  'no-session',
]);

/** True for a failure after which the route is left alone. */
export function breaks(kind: Failure['kind']): boolean {
  return breaking.has(kind);
}

/** What breaks together: routes of one agent by one tool of one server, whatever the model. */
export function routeKey(route: Route): string {
  return JSON.stringify([route.server, route.agent ?? null, route.tool]);
}

interface Entry {
  until: number;
  readonly message: string;
  readonly limit: boolean;
  trial: PromiseWithResolvers<void> | undefined;
}

/** A breaker that leaves a broken route alone for `restMs`, or until the time at which its limit is said to reset. */
export function openBreaker(clock: Clock, restMs: number): Breaker {
  const broken = new Map<string, Entry>();
  const over = (entry: Entry | undefined): void => {
    entry?.trial?.resolve();
    if (entry) entry.trial = undefined;
  };
  const forget = (key: string): void => {
    over(broken.get(key));
    broken.delete(key);
  };
  return {
    closed(route) {
      const entry = broken.get(routeKey(route));
      if (!entry || (clock.now() >= entry.until && !entry.trial)) return undefined;
      const { message, until, limit, trial } = entry;
      return { message, until, limit, trial: trial?.promise };
    },
    tried(route) {
      const entry = broken.get(routeKey(route));
      if (entry) entry.trial ??= Promise.withResolvers<void>();
    },
    failed(route, failure) {
      const key = routeKey(route);
      const entry = broken.get(key);
      if (sound.has(failure.kind)) return forget(key);
      if (!breaks(failure.kind)) {
        if (entry) entry.until = Math.max(entry.until, clock.now() + restMs);
        return over(entry);
      }
      const resets = failure.resetsAt === undefined ? Number.NaN : Date.parse(failure.resetsAt);
      const limit = resets > clock.now();
      broken.set(key, {
        until: limit ? resets : clock.now() + restMs,
        message: failure.message,
        limit,
        trial: undefined,
      });
      over(entry);
    },
    worked: (route) => forget(routeKey(route)),
    dropped: (route) => over(broken.get(routeKey(route))),
  };
}

import type { Failure } from '../ask.ts';
import type { Clock } from '../ports.ts';
import type { Route } from '../team/file.ts';

/** Remembers broken routes, for all roles of a run. After its time a route gets one trial (half-open). */
export interface Breaker {
  /** Why the route is left alone now; undefined when it may be tried. */
  closed(route: Route): string | undefined;
  /** An attempt starts: on a route that was broken it is the trial, and the others go on leaving it alone meanwhile. */
  tried(route: Route): void;
  failed(route: Route, failure: Failure): void;
  worked(route: Route): void;
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

/** A breaker that leaves a broken route alone for `restMs`, or until the time at which its limit is said to reset. */
export function openBreaker(clock: Clock, restMs: number): Breaker {
  const broken = new Map<string, { until: number; message: string }>();
  return {
    closed(route) {
      const entry = broken.get(routeKey(route));
      return entry && clock.now() < entry.until ? entry.message : undefined;
    },
    tried(route) {
      const entry = broken.get(routeKey(route));
      if (entry && clock.now() >= entry.until) entry.until = clock.now() + restMs;
    },
    failed(route, failure) {
      if (sound.has(failure.kind)) broken.delete(routeKey(route));
      if (!breaks(failure.kind)) return;
      const reset = failure.resetsAt === undefined ? Number.NaN : Date.parse(failure.resetsAt);
      const until = Number.isNaN(reset) ? clock.now() + restMs : Math.max(reset, clock.now() + restMs);
      broken.set(routeKey(route), { until, message: failure.message });
    },
    worked(route) {
      broken.delete(routeKey(route));
    },
  };
}

import type { Failure } from '../ask.ts';
import type { Clock } from '../ports.ts';
import type { Route } from '../team/file.ts';

/** Remembers broken routes, for all roles of a run. After its time a route gets one trial (half-open). */
export interface Breaker {
  /** Why the route is left alone now; undefined when it may be tried. */
  closed(route: Route): string | undefined;
  failed(route: Route, failure: Failure): void;
  worked(route: Route): void;
}

const breaks: ReadonlySet<Failure['kind']> = new Set([
  'not-installed',
  'not-signed-in',
  'not-approved',
  'rate-limit',
  'quota',
  'crash',
  'silence',
  'protocol',
]);

export function openBreaker(clock: Clock, restMs: number): Breaker {
  const broken = new Map<string, { until: number; message: string }>();
  const key = (route: Route): string => `${route.server}/${route.agent ?? ''}/${route.tool}`;
  return {
    closed(route) {
      const entry = broken.get(key(route));
      return entry && clock.now() < entry.until ? entry.message : undefined;
    },
    failed(route, failure) {
      if (!breaks.has(failure.kind)) return;
      const reset = failure.resetsAt === undefined ? Number.NaN : Date.parse(failure.resetsAt);
      const until = Number.isNaN(reset) ? clock.now() + restMs : Math.max(reset, clock.now() + restMs);
      broken.set(key(route), { until, message: failure.message });
    },
    worked(route) {
      broken.delete(key(route));
    },
  };
}

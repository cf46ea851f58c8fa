import type { Effort, Failure } from '../ask.ts';
import type { Cast, Model, Route, TeamFile } from '../team/file.ts';
import { breaks, routeKey } from './breaker.ts';
import type { EventOf } from './events.ts';

/** One way of making a call: a model in a route, under one id. */
export interface Way {
  readonly name: string;
  readonly model: Model;
  readonly effort: Effort | undefined;
  readonly route: Route;
  readonly id: string;
  readonly successorOf: string | undefined;
}

/** A session belongs to the model on the route that opened it; nobody else can go on in it. */
export interface Session {
  readonly model: string;
  readonly server: string;
  readonly agent: string | undefined;
  readonly id: string;
}

/** Names a session apart from those of other servers. */
export function sessionKey({ server, agent, id }: Omit<Session, 'model'>): string {
  return JSON.stringify([server, agent ?? null, id]);
}

/** The session in which an answer was given; undefined where the route has none. */
export function sessionOf(event: Omit<EventOf<'call.ended'>, 'type'>): Session | undefined {
  const { model, server, agent, session: id } = event;
  return model === undefined || server === undefined || id === undefined ? undefined : { model, server, agent, id };
}

/** True when this way leads to where the session was opened. */
export function opened(session: Session, way: Way): boolean {
  return session.server === way.route.server && session.agent === way.route.agent && session.model === way.name;
}

/**
 * The ways of a cast in order; one that leads to the session comes first, for its context need not be sent twice.
 * A retired model is asked for by its declared successors only.
 */
export function waysOf(team: Pick<TeamFile, 'models'>, cast: Cast, session: Session | undefined): Way[] {
  const ways = cast.models.flatMap(({ model: name, effort }) => {
    const model = team.models[name];
    if (!model) return [];
    return model.routes
      .filter((route) => !route.off)
      .flatMap((route) =>
        route.ids
          .map((id, n): Way => ({ name, model, effort, route, id, successorOf: n === 0 ? undefined : name }))
          .filter((way) => model.retired === undefined || way.successorOf !== undefined),
      );
  });
  if (!session) return ways;
  return [...ways.filter((w) => opened(session, w)), ...ways.filter((w) => !opened(session, w))];
}

/** Where a call can go on after a failure: over the same route only for another id, not over what just broke, and after its own end nowhere. */
export function waysAfter(ways: readonly Way[], failed: Way, { kind }: Pick<Failure, 'kind'>): Way[] {
  if (kind === 'cancelled' || kind === 'budget') return [];
  const otherId = kind === 'no-model' || kind === 'wrong-model';
  return ways.filter(
    (w) =>
      w !== failed &&
      (otherId || w.route !== failed.route) &&
      !(breaks(kind) && routeKey(w.route) === routeKey(failed.route)),
  );
}

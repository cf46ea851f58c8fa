import type { Failure } from '../ask.ts';
import type { Cast, Route } from '../team/file.ts';
import type { Rest } from './breaker.ts';
import type { CallSpec } from './callSpec.ts';
import type { AnswerKind } from './answers.ts';
import { type CallControl, leftBy, routeName } from './control.ts';
import type { Held } from './controls.ts';
import type { Emit, Run } from './engine.ts';
import { type Session, type Way, waysAfter, waysOf } from './ways.ts';

/** The way that a call goes next; with `rest` only after that has been waited for. */
export interface Turn {
  readonly way: Way;
  readonly rest?: Rest | undefined;
}

type Word = CallControl['kind'] | undefined;

/** The ways of one call: which it goes, and which are left. */
export interface Ways {
  first(): Promise<Turn | undefined>;
  /** Where it goes on after a failure; `again`: over the same way. */
  afterFailure(failure: Failure, word: Word, again: boolean): Promise<Turn | undefined>;
  afterWait(word: Word): Promise<Turn | undefined>;
  /** The way answered. */
  worked(): void;
  /** True when there is another way than the present one. */
  canMove(): boolean;
  /** Why there is no way at all. */
  none(): Failure;
  end(): void;
}

/** So often a call waits for limits; a provider that always names a time in a moment is not believed for ever. */
const mostWaits = 3;

/** The ways of a cast now. Whoever gets a turn without `rest` has the trial of a broken route, until one of the others is called. */
export function waysFor(run: Run, cast: Cast, session: Session | undefined): Ways {
  const { breaker, ports, input } = run;
  const all = waysOf(input.team, cast, session);
  const gone = new Map<Route, readonly string[]>();
  /** The person said to stay off it. */
  const off = ({ route }: Way): ReturnType<typeof leftBy> => leftBy(run.state().routeWords, route);
  let left = all.filter((way) => !off(way));
  let at: Way | undefined;
  let trial: Route | undefined;
  let waits = 0;

  const soon = (rest: Rest | undefined): boolean => {
    const most = waits < mostWaits ? input.team.limits.waitForResetSeconds * 1000 : 0;
    return rest !== undefined && rest.limit && !rest.trial && rest.until - ports.clock.now() <= most;
  };
  const choose = (): Turn | undefined => {
    const turns = left.map((way): Turn => ({ way, rest: breaker.closed(way.route) }));
    const open = turns.find(({ rest }) => rest === undefined || soon(rest));
    if (open) return open;
    // What is left alone comes last: better a trial than no answer at all. But one at a time.
    const first = turns[0];
    return first?.rest?.trial ? first : first && { way: first.way };
  };
  /** What is gone is passed over without an attempt. */
  const take = async (choice: () => Turn | undefined): Promise<Turn | undefined> => {
    for (;;) {
      const turn = choice();
      at = turn?.way;
      if (!turn || turn.rest) return turn;
      const { route, id } = turn.way;
      const missing = gone.get(route);
      if (missing === undefined) gone.set(route, (await run.reach(route, { catalogue: true })).gone);
      else if (missing.includes(id)) {
        left = left.filter((way) => way.route !== route || !missing.includes(way.id));
        const next = left.find((way) => way.route === route)?.id;
        const so = next === undefined ? '' : `, so ${next} is asked for`;
        await run.note('info', `${cast.title}: ${routeName(route)} does not offer ${id} any more${so}.`, cast.role);
      } else {
        // At once, so that no other call takes the trial of a broken route meanwhile.
        breaker.tried(route);
        trial = route;
        return turn;
      }
    }
  };
  /** The same once more, unless it is known by now to be gone. */
  const once = (way: Way) => (): Turn | undefined => (left.includes(way) ? { way } : choose());
  const moved = (way: Way, failure: Pick<Failure, 'kind'>): void => {
    left = waysAfter(left, way, failure).filter((one) => !off(one));
  };

  return {
    async first() {
      const meant = left[0];
      const turn = await take(choose);
      const why = meant && turn && turn.way.route !== meant.route && breaker.closed(meant.route)?.message;
      // A move to another way is always told, also when it is made before the first attempt.
      if (why) {
        const names = [meant, turn.way].map((way) => `${way.model.title} over ${way.route.server}`);
        const text = `${cast.title}: ${names[0]} is left alone for now (${why}), so ${names[1]} is asked.`;
        await run.note('info', text, cast.role);
      }
      return turn;
    },
    async afterFailure(failure, word, again) {
      const way = at;
      if (!way) return undefined;
      breaker.failed(way.route, failure);
      trial = undefined;
      if (word === 'stop') return (at = undefined);
      if (word === 'retry' || again) return take(once(way));
      // It comes back by itself in a moment.
      if (!(failure.resetsAt !== undefined && soon(breaker.closed(way.route)))) moved(way, failure);
      return take(choose);
    },
    async afterWait(word) {
      const way = at;
      waits += 1;
      if (word === 'stop' || !way) return (at = undefined);
      if (word === 'retry') return take(once(way));
      if (word === 'move') moved(way, { kind: 'person' });
      return take(choose);
    },
    worked() {
      if (at) breaker.worked(at.route);
      trial = undefined;
    },
    canMove: () => at !== undefined && waysAfter(left, at, { kind: 'person' }).length > 0,
    none() {
      const word = all.map(off).find((one) => one !== undefined);
      if (word)
        return {
          kind: 'left-alone',
          message: `${word.by} said to stay off ${routeName(word)}, and no other route is left.`,
        };
      const names = cast.models.map((m) => m.model).join(', ');
      if (all.length > 0) return { kind: 'no-model', message: `No route offers ${names} or a declared successor.` };
      return { kind: 'not-installed', message: `No route leads to ${names}.` };
    },
    end() {
      if (trial) breaker.dropped(trial);
    },
  };
}

/** Waits until the way can be gone, or the person says something else. Rejects with the run's reason. */
export async function waitFor<K extends AnswerKind>(
  run: Run,
  spec: CallSpec<K>,
  { way, rest }: Turn,
  held: Held,
  emit: Emit,
): Promise<void> {
  if (!rest) return;
  const { clock } = run.ports;
  const { cast, key, phase, kind, title } = spec;
  const { server, agent } = way.route;
  const name = routeName(way.route);
  const until = rest.trial ? undefined : rest.until;
  await emit({
    type: 'call.waiting',
    call: key,
    role: cast.role,
    phase,
    kind,
    title,
    model: way.name,
    effort: way.effort,
    server,
    agent,
    id: way.id,
    why: rest.trial
      ? `Another call tries ${name}, which broke: ${rest.message}`
      : `${name} is at its limit until then: ${rest.message}`,
    until: until === undefined ? undefined : new Date(until).toISOString(),
  });
  const timer = until === undefined ? undefined : clock.timeout(Math.max(0, until - clock.now()));
  const over = Promise.withResolvers<void>();
  const signals = [run.signal, held.signal, ...(timer ? [timer.signal] : [])];
  const end = (): void => over.resolve();
  try {
    for (const signal of signals) {
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    }
    void rest.trial?.then(end);
    await over.promise;
  } finally {
    timer?.cancel();
    for (const signal of signals) signal.removeEventListener('abort', end);
  }
  run.signal.throwIfAborted();
}

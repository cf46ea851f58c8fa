import type { Reachable } from '../team/choose.ts';
import type { Cast, Route } from '../team/file.ts';
import { leftBy, routeName } from '../run/control.ts';
import type { Run } from '../run/engine.ts';

/** What is known of the models that can be reached; each is asked once in this process, all at the same time. */
export interface Reach {
  /** Which of these models can be reached now, over any of their routes. */
  of(models: readonly string[]): Promise<Reachable>;
  /**
   * Looks at the live catalogues of the models that a cast would ask first, which may start their agents. True when somebody is gone, or
   * a successor answers in the place of another: then the cast is made anew.
   */
  look(cast: readonly Cast[]): Promise<boolean>;
}

type Found = ReturnType<Reachable>;

/** Opens it for a run; nothing is asked yet. */
export function openReach(run: Run): Reach {
  const found = new Map<string, Promise<Found>>();
  const looked = new Set<string>();
  return {
    async of(models) {
      for (const model of models) if (!found.has(model)) found.set(model, reachable(run, model));
      const known = new Map(
        await Promise.all([...found].map(async ([model, of]): Promise<[string, Found]> => [model, await of])),
      );
      return (model) => known.get(model) ?? { ok: false, whys: ['no role of the team lists it'] };
    },
    async look(cast) {
      const firsts = [...new Set(cast.flatMap((one) => one.models[0]?.model ?? []))].filter((m) => !looked.has(m));
      const changed = await Promise.all(
        firsts.map(async (model) => {
          looked.add(model);
          const now = offered(run, model);
          found.set(model, now);
          const live = await now;
          // Which id answers first is only known now: the cast says so where it is a successor.
          return !live.ok || !firstIds(run, model).includes(live.id ?? '');
        }),
      );
      return changed.includes(true);
    },
  };
}

/** The routes of a model that may be gone, with the ids that may be asked for: of a retired one only its successors. */
function routesOf(run: Run, name: string): { route: Route; ids: readonly string[] }[] {
  const model = run.input.team.models[name];
  const { routeWords } = run.state();
  return (model?.routes ?? [])
    .filter((route) => !route.off && !leftBy(routeWords, route))
    .map((route) => ({ route, ids: model?.retired === undefined ? route.ids : route.ids.slice(1) }))
    .filter(({ ids }) => ids.length > 0);
}

/** The ids that each of its routes asks for first. */
const firstIds = (run: Run, name: string): string[] => routesOf(run, name).flatMap(({ ids }) => ids[0] ?? []);

async function reachable(run: Run, name: string): Promise<Found> {
  const model = run.input.team.models[name];
  if (!model) return { ok: false, whys: ['no such model'] };
  const routes = routesOf(run, name);
  if (routes.length === 0) return { ok: false, whys: [model.retired ?? 'no route leads to it'] };
  const found = await Promise.all(routes.map(({ route }) => run.reach(route)));
  if (found.some(({ failure }) => failure === undefined)) return { ok: true };
  return { ok: false, whys: found.flatMap(({ failure }) => failure?.message ?? []) };
}

/** The same, and which id is the first that is still offered. */
async function offered(run: Run, name: string): Promise<Found> {
  const whys: string[] = [];
  for (const { route, ids } of routesOf(run, name)) {
    const { failure } = await run.reach(route);
    if (failure) {
      whys.push(failure.message);
      continue;
    }
    const live = await run.reach(route, { catalogue: true });
    const id = live.failure ? undefined : ids.find((one) => !live.gone.includes(one));
    if (id !== undefined) return { ok: true, id };
    whys.push(live.failure?.message ?? `${routeName(route)} offers none of ${ids.join(', ')} any more`);
  }
  return { ok: false, whys };
}

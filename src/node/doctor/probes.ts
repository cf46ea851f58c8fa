import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure, Mend, ReachOutput } from '../../core/ask.ts';
import { type Models, RouteError } from '../../core/ports.ts';
import { routeName } from '../../core/run/control.ts';
import type { Route, TeamFile } from '../../core/team/file.ts';

/** What was found out about the ways to models: one question to each server and agent, whatever the number of models behind it. */

export interface Probed extends ReachOutput {
  /** Of one tiny real call over it. */
  readonly live?:
    | { readonly ms: number; readonly model?: string | undefined }
    | { readonly failure: Failure }
    | undefined;
}

export interface Known {
  of(route: Route): Probed;
  /** One route of each way, with what was found. */
  groups(): readonly { route: Route; probed: Probed }[];
  /** The same, as if this way could be used. */
  withGroup(route: Route): Known;
}

export interface ProbeOptions {
  readonly unapproved: (server: string) => string | undefined;
  readonly live: boolean;
  readonly signal: AbortSignal;
}

const nothing = { gone: [], mends: [] };
const liveMs = 180_000;

/** Opens the questions; `all` asks them, all at the same time. */
export function openProbes(
  models: Models,
  team: TeamFile,
  options: ProbeOptions,
): { all(routes: readonly Route[]): Promise<Known> } {
  const { unapproved, live, signal } = options;

  const probe = async (route: Route, ids: readonly string[]): Promise<Probed> => {
    const why = unapproved(route.server);
    if (why !== undefined)
      return {
        gone: [],
        failure: { kind: 'not-approved', message: why },
        mends: [
          { label: 'Look at what this folder brings, and approve it', command: 'orchestra trust', kind: 'trust' },
        ],
      };
    const found = await models.reach({ ...route, ids: [...ids] }, signal, { catalogue: true, detail: true });
    if (found.failure)
      return { ...found, mends: found.mends.length > 0 ? found.mends : usualMends(found.failure, route, team) };
    const id = ids.find((one) => !found.gone.includes(one));
    return live && id !== undefined ? { ...found, live: await callOver(models, route, id, signal) } : found;
  };

  return {
    async all(routes) {
      const groups = new Map<string, { route: Route; ids: Set<string> }>();
      for (const route of routes) {
        if (route.off) continue;
        const key = keyOf(route);
        const group = groups.get(key) ?? { route, ids: new Set<string>() };
        for (const id of route.ids) group.ids.add(id);
        groups.set(key, group);
      }
      const probed = await Promise.all(
        [...groups].map(async ([key, { route, ids }]): Promise<[string, { route: Route; probed: Probed }]> => [
          key,
          { route, probed: await probe(route, [...ids]) },
        ]),
      );
      return knownBy(new Map(probed));
    },
  };
}

function knownBy(found: ReadonlyMap<string, { route: Route; probed: Probed }>): Known {
  return {
    of(route) {
      if (route.off) return { ...nothing, failure: { kind: 'left-alone', message: 'Switched off in the team file.' } };
      return found.get(keyOf(route))?.probed ?? nothing;
    },
    groups: () => [...found.values()],
    withGroup(route) {
      return knownBy(new Map([...found, [keyOf(route), { route, probed: nothing }]]));
    },
  };
}

const keyOf = ({ server, agent, tool, arguments: own }: Route): string =>
  JSON.stringify([server, agent ?? null, tool, own ?? null]);

/** One tiny real call, and how long it took. */
async function callOver(models: Models, route: Route, id: string, signal: AbortSignal): Promise<Probed['live']> {
  const cwd = await mkdtemp(join(tmpdir(), 'orchestra-doctor-'));
  const start = performance.now();
  try {
    const output = await models.ask(
      route,
      {
        call: {
          run: 'doctor',
          key: `doctor/${route.server}/${route.agent ?? ''}/${id}`,
          role: 'doctor',
          phase: 'triage',
          kind: 'verdict',
          attempt: 1,
        },
        prompt: 'Answer with the one word: ready',
        model: id,
        cwd,
        access: 'read',
        ...(route.agent !== undefined && { agent: route.agent }),
      },
      {
        signal: AbortSignal.any([signal, AbortSignal.timeout(liveMs)]),
        onProgress: () => {},
        permit: () => Promise.resolve('no'),
        silenceMs: liveMs,
        answerBytes: 100_000,
      },
    );
    return { ms: performance.now() - start, model: output.model };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RouteError) return { failure: error.failure };
    return {
      failure: { kind: 'silence', message: `${routeName(route)} did not answer in ${liveMs / 60_000} minutes.` },
    };
  } finally {
    await rm(cwd, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** What can be done where the server itself does not say it. */
function usualMends(failure: Failure, route: Route, team: TeamFile): Mend[] {
  const { server } = route;
  if (!Object.hasOwn(team.servers, server))
    return failure.kind === 'not-installed' && /editor/.test(failure.message)
      ? []
      : [{ label: `Name an MCP server called ${server} in your team file.`, kind: 'team-file' }];
  switch (failure.kind) {
    case 'not-installed':
      return [
        { label: `Install what the server "${server}" starts, or change it in your team file.`, kind: 'team-file' },
      ];
    case 'not-signed-in':
      return [{ label: `Sign in to what the server "${server}" uses, or give it its key.`, kind: 'key' }];
    default:
      return [{ label: `See what the server "${server}" says: start it by hand.`, kind: 'other' }];
  }
}

import { castTeam, type Reachable } from '../../core/team/choose.ts';
import type { Mend } from '../../core/ask.ts';
import { reasonOf } from '../../core/errors.ts';
import type { Log } from '../../core/ports.ts';
import type { Triage } from '../../core/run/answers.ts';
import { routeName } from '../../core/run/control.ts';
import type { Cast, Route, TeamFile } from '../../core/team/file.ts';
import { withHosted } from '../../core/team/hosted.ts';
import { fetchLanguageServers } from '../memory/code/hand.ts';
import { mendBus } from '../memory/health.ts';
import { modelsOf, type Surroundings } from '../runPorts.ts';
import { approvedTeam, teamOf } from '../team/inForce.ts';
import type { Finding } from './finding.ts';
import { fixAll } from './fix.ts';
import { lacksLanguageServers, machineOf } from './machine.ts';
import { type Known, openProbes, type Probed } from './probes.ts';

/** A route to a model, as it was found. */
interface RouteFinding extends Finding {
  readonly model: string;
  readonly server: string;
  readonly agent?: string | undefined;
  /** The program behind it. */
  readonly program?: { readonly path: string; readonly version?: string | undefined } | undefined;
  readonly signedIn?: boolean | undefined;
  /** The id that would be asked for. */
  readonly id?: string | undefined;
  /** How one tiny real call went, where it was made. */
  readonly live?: { readonly ms: number; readonly model?: string | undefined } | undefined;
}

/** Who would play a role today, and how it is reached. */
interface Played {
  readonly role: string;
  readonly model: string;
  readonly server: string;
  readonly agent?: string | undefined;
  readonly id: string;
}

export interface Diagnosis {
  /** Git, Node, the sandbox, Serena, trust. */
  readonly machine: readonly Finding[];
  /** Per model, per route, in order. */
  readonly routes: readonly RouteFinding[];
  /** The team as it would run today; empty when it could not. */
  readonly team: readonly Cast[];
  /** Role, model, first route that works. */
  readonly played: readonly Played[];
  readonly leftOut: readonly { role: string; why: string }[];
  /** What one thing more would bring, each with what is to be done. */
  readonly more: readonly { readonly text: string; readonly mends: readonly Mend[] }[];
  readonly notes: readonly string[];
  /** What was mended, a sentence each. */
  readonly fixed: readonly string[];
  /** Why no run could start here now. */
  readonly problem?: string;
}

export interface DiagnoseOptions {
  readonly team?: string | undefined;
  readonly teamFile?: string | undefined;
  readonly surroundings: Surroundings;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Makes one tiny real call over every route that can be used. */
  readonly live?: boolean | undefined;
  /** Does what is safe to do about what was found, and looks again. */
  readonly fix?: boolean | undefined;
}

/** What of the team can be reached from here, and what to do about the rest. Everything is asked at once; nothing is spent without `live`. */
export async function diagnose(root: string, options: DiagnoseOptions): Promise<Diagnosis> {
  const { signal } = options;
  const found = await look(root, options);
  if (!options.fix) return found;
  const fixed = [
    ...(await fixAll(
      root,
      { mends: found.routes.flatMap((route) => route.mends), starter: options.teamFile === undefined },
      signal,
    )),
    ...(await mendBus(root, options.log, signal)),
    ...(lacksLanguageServers(found.machine) ? await fetchLanguageServers(root, process.env, signal) : []),
  ];
  if (fixed.length === 0) return found;
  return { ...(await look(root, options)), fixed };
}

async function look(root: string, options: DiagnoseOptions): Promise<Diagnosis> {
  const { signal, live = false } = options;
  const here = await teamOf(root, { explicit: options.teamFile, signal });
  const usual = { ...here, team: withHosted(here.team, Object.keys(options.surroundings.hosted ?? {})) };
  const { team, unapproved } = await approvedTeam(root, usual, signal);
  const models = modelsOf(team, { root, ...options });
  try {
    const probes = openProbes(models, team, { unapproved, live, signal });
    const [machine, known] = await Promise.all([
      machineOf(
        {
          root,
          trusted: here.trusted,
          missing: here.missing.length,
          codeTools: team.memory.codeTools,
          log: options.log,
        },
        signal,
      ),
      probes.all(Object.values(team.models).flatMap((model) => model.routes)),
    ]);
    const routes = Object.entries(team.models).flatMap(([name]) => routesOf(team, name, known));
    const base = { machine, routes, notes: here.notes, fixed: [] };
    const cast = (of: Known): ReturnType<typeof castTeam> =>
      castTeam({
        team,
        name: options.team ?? team.team,
        triage: everybody(team, options.team ?? team.team),
        reachable: (model) => reachable(team, model, of),
      });
    try {
      const made = cast(known);
      return {
        ...base,
        team: made.cast,
        played: made.cast.flatMap((one) => playedBy(team, one, known)),
        leftOut: made.leftOut,
        more: moreOf(team, known, made.cast, cast),
        notes: [...here.notes, ...made.notes],
      };
    } catch (error) {
      const problem = reasonOf(error);
      return { ...base, team: [], played: [], leftOut: [], more: moreOf(team, known, [], cast), problem };
    }
  } finally {
    await models.close();
  }
}

function everybody(team: TeamFile, name: string): Triage {
  const specialists = team.teams[name]?.specialists ?? [];
  return { title: '-', size: 'review', specialists, paths: [], why: '' };
}

/** The ids that may be asked for: of a retired model only its declared successors. */
const idsOf = (team: TeamFile, name: string, route: Route): readonly string[] =>
  team.models[name]?.retired === undefined ? route.ids : route.ids.slice(1);

/** The id that would be asked for over a route; undefined where it cannot be used. */
function idOver(team: TeamFile, name: string, route: Route, known: Known): string | undefined {
  const probed = known.of(route);
  if (probed.failure) return undefined;
  return idsOf(team, name, route).find((id) => !probed.gone.includes(id));
}

function reachable(team: TeamFile, name: string, known: Known): ReturnType<Reachable> {
  const model = team.models[name];
  if (!model) return { ok: false, whys: ['not in the team file'] };
  for (const route of model.routes) {
    const id = idOver(team, name, route, known);
    if (id !== undefined) return { ok: true, id };
  }
  const whys = model.routes.map((route) => whyNot(team, name, route, known.of(route)));
  return { ok: false, whys: whys.length > 0 ? whys : [model.retired ?? 'no route leads to it'] };
}

function whyNot(team: TeamFile, name: string, route: Route, probed: Probed): string {
  return (
    probed.failure?.message ?? `${routeName(route)} offers none of ${idsOf(team, name, route).join(', ')} any more.`
  );
}

function playedBy(team: TeamFile, cast: Cast, known: Known): Played[] {
  const model = cast.models[0]?.model ?? '';
  for (const route of team.models[model]?.routes ?? []) {
    const id = idOver(team, model, route, known);
    if (id !== undefined) return [{ role: cast.role, model, server: route.server, agent: route.agent, id }];
  }
  return [];
}

function routesOf(team: TeamFile, name: string, known: Known): RouteFinding[] {
  const model = team.models[name];
  if (!model) return [];
  if (model.routes.length === 0) {
    const detail = model.retired ?? 'No route leads to it.';
    return [{ what: model.title, state: 'retired', detail, mends: [], model: name, server: '' }];
  }
  return model.routes.map((route): RouteFinding => {
    const probed = known.of(route);
    const { program, signedIn, live } = probed;
    const what = `${model.title} by ${routeName(route)}`;
    const id = idOver(team, name, route, known);
    const base = { what, model: name, server: route.server, agent: route.agent, program, signedIn, id };
    if (route.off) return { ...base, state: 'off', detail: 'Switched off in the team file.', mends: [] };
    if (id === undefined) {
      const mends = probed.failure ? probed.mends : [];
      return { ...base, state: 'missing', detail: whyNot(team, name, route, probed), mends };
    }
    const retired = model.retired === undefined ? '' : 'retired; its declared successor answers: ';
    const others = id === route.ids[0] || retired !== '' ? '' : ', a declared successor';
    const version = program?.version === undefined ? '' : `, ${program.version}`;
    const time = live && !('failure' in live) ? `, answered in ${(live.ms / 1000).toFixed(1)} s` : '';
    const failed = live && 'failure' in live ? live.failure : undefined;
    if (failed)
      return {
        ...base,
        state: 'missing',
        detail: `A real call failed: ${failed.message}`,
        mends: probed.mends,
      };
    return {
      ...base,
      state: 'ok',
      detail: `${retired}${id}${others}${version}${time}`,
      mends: [],
      ...(live && !('failure' in live) && { live }),
    };
  });
}

/** For every way that cannot be used and could: who would be played better with it. */
function moreOf(
  team: TeamFile,
  known: Known,
  now: readonly Cast[],
  cast: (of: Known) => { cast: Cast[] },
): Diagnosis['more'] {
  return known.groups().flatMap(({ route, probed }) => {
    if (!probed.failure || probed.mends.length === 0) return [];
    const with_ = ((): Cast[] => {
      try {
        return cast(known.withGroup(route)).cast;
      } catch {
        return [];
      }
    })();
    const better = with_.flatMap((one) => {
      const before = now.find((c) => c.role === one.role)?.models[0]?.model;
      const model = one.models[0]?.model;
      if (model === undefined || before === model) return [];
      return [`${one.title} (${team.models[model]?.title ?? model})`];
    });
    if (better.length === 0) return [];
    return [
      {
        text: `${routeName(route)} would bring ${better.slice(0, 4).join(', ')}${better.length > 4 ? ` and ${better.length - 4} more` : ''}`,
        mends: probed.mends,
      },
    ];
  });
}

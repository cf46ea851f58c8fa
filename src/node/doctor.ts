import { castTeam } from '../core/team/choose.ts';
import type { Failure } from '../core/ask.ts';
import { reasonOf } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { Cast, Route } from '../core/team/file.ts';
import { withHosted } from '../core/team/hosted.ts';
import { findSandbox } from './checks/sandbox.ts';
import { gitProgram } from './git/program.ts';
import { modelsOf, type Surroundings } from './runPorts.ts';
import { approvedTeam, teamOf } from './team/inForce.ts';

/** One line of the doctor's table. `mend` is what to do about it, when it is not fine. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'missing' | 'retired' | 'off';
  readonly detail: string;
  readonly mend?: string;
}

export interface Diagnosis {
  /** Git, Node, the sandbox, trust. */
  readonly machine: readonly Finding[];
  /** Per model, per route, in order. */
  readonly routes: readonly Finding[];
  /** The team as it would run today; empty when it could not. */
  readonly team: readonly Cast[];
  readonly leftOut: readonly { role: string; why: string }[];
  readonly notes: readonly string[];
  /** Why no run could start here now. */
  readonly problem?: string;
}

/** What of the team can be reached from here, and what to do about the rest. All routes are asked at once; nothing is spent. */
export async function diagnose(
  root: string,
  options: {
    team?: string | undefined;
    teamFile?: string | undefined;
    surroundings: Surroundings;
    log: Log;
    signal: AbortSignal;
  },
): Promise<Diagnosis> {
  const { signal } = options;
  const here = await teamOf(root, { explicit: options.teamFile, signal });
  const usual = { ...here, team: withHosted(here.team, Object.keys(options.surroundings.hosted ?? {})) };
  const { team, unapproved } = await approvedTeam(root, usual, signal);
  const models = modelsOf(team, { root, ...options });
  try {
    const entries = Object.entries(team.models);
    const [machine, ...probed] = await Promise.all([
      machineOf(here.trusted, here.missing.length, signal),
      ...entries.map(([, model]) => Promise.all(model.routes.map((route) => probe(route)))),
    ]);
    async function probe(route: Route): Promise<Failure | undefined> {
      const why = unapproved(route.server);
      if (why !== undefined) return { kind: 'not-approved', message: why };
      return route.off
        ? { kind: 'left-alone', message: 'Switched off in the team file.' }
        : (await models.reach(route, signal)).failure;
    }
    const routes: Finding[] = [];
    const reached = new Map<string, { ok: true } | { ok: false; why: string }>();
    for (const [n, [name, model]] of entries.entries()) {
      const failures = probed[n] ?? [];
      const works = failures.some((f) => f === undefined);
      reached.set(
        name,
        works
          ? { ok: true }
          : {
              ok: false,
              why:
                failures.map((f) => (f?.message ?? '').replace(/[.]$/, '')).join('; ') ||
                (model.retired ?? 'no route leads to it'),
            },
      );
      if (model.routes.length === 0)
        routes.push({ what: model.title, state: 'retired', detail: model.retired ?? 'No route leads to it.' });
      for (const [k, route] of model.routes.entries()) {
        const failure = failures[k];
        const ids = model.retired === undefined ? route.ids : route.ids.slice(1);
        const asks = `${model.retired === undefined ? '' : `retired; asks its declared successors: `}${ids.slice(0, 3).join(', ')}${ids.length > 3 ? ', …' : ''}`;
        routes.push({
          what: `${model.title} by ${route.server}${route.agent === undefined ? '' : ` (${route.agent})`}`,
          state: failure === undefined ? 'ok' : route.off ? 'off' : 'missing',
          detail: failure === undefined ? asks : failure.message,
          ...(failure &&
            !route.off && {
              mend: Object.hasOwn(team.servers, route.server)
                ? mendOf(failure, route)
                : 'Name an MCP server for it in your team file.',
            }),
        });
      }
    }
    const base = { machine, routes, notes: here.notes };
    try {
      const triage = {
        title: '-',
        size: 'review' as const,
        specialists: team.teams[options.team ?? team.team]?.specialists ?? [],
        paths: [],
        why: '',
      };
      const cast = castTeam({
        team,
        name: options.team ?? team.team,
        triage,
        reachable: (m) => reached.get(m) ?? { ok: false, why: 'not in the team file' },
      });
      return { ...base, team: cast.cast, leftOut: cast.leftOut, notes: [...here.notes, ...cast.notes] };
    } catch (error) {
      return { ...base, team: [], leftOut: [], problem: reasonOf(error) };
    }
  } finally {
    await models.close();
  }
}

async function machineOf(trusted: boolean, missing: number, signal: AbortSignal): Promise<Finding[]> {
  const git = await gitProgram(signal).then(
    (found): Finding => ({ what: 'git', state: 'ok', detail: found }),
    (error: unknown): Finding => ({
      what: 'git',
      state: 'missing',
      detail: reasonOf(error),
      mend: 'Install git 2.38 or newer.',
    }),
  );
  const sandbox = await findSandbox(signal);
  return [
    git,
    { what: 'Node.js', state: 'ok', detail: process.version },
    { what: 'Sandbox', state: sandbox.sandbox ? 'ok' : 'missing', detail: sandbox.describe },
    {
      what: 'This folder',
      state: trusted && missing === 0 ? 'ok' : 'missing',
      detail: trusted
        ? missing === 0
          ? 'Trusted.'
          : `Trusted; ${missing} ${missing === 1 ? 'thing of its team file waits' : 'things of its team file wait'} for your approval.`
        : 'Not trusted: its team file is not read.',
      ...((!trusted || missing > 0) && { mend: 'orchestra trust' }),
    },
  ];
}

function mendOf(failure: Failure, route: Route): string {
  switch (failure.kind) {
    case 'not-installed':
      return `Install what the server "${route.server}" starts, or change it in your team file.`;
    case 'not-signed-in':
      return `Sign in to what the server "${route.server}" uses, or give it its key.`;
    case 'not-approved':
      return 'orchestra trust';
    default:
      return `See what the server "${route.server}" says: start it by hand.`;
  }
}

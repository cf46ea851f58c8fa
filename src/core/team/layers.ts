import type { Brought } from './join.ts';
import type { Layer, Problem } from './layer.ts';
import type { TeamFile } from './file.ts';
import { crossChecks } from './crossChecks.ts';
import { teamFileSchema } from './file.ts';
import { isMap, joinParts } from './join.ts';
import { sentencesOf } from './sentences.ts';

export interface Joined {
  /** Absent when the layers do not fit the schema. */
  readonly team: TeamFile | undefined;
  readonly problems: readonly Problem[];
  /** What the person should know: what the repository changes, and what it asked for and did not get. */
  readonly notes: readonly string[];
  /** What comes from the repository and can make something run. */
  readonly brought: Brought;
}

/**
 * Joins team layers, lowest first, into one team file and checks it.
 *
 * Servers, models, roles and teams are joined by name: of the same name field by field, lists inside them replaced. `setup`,
 * `budget`, `stops` and `limits` field by field. Checks (by name) and commands (by line) are added up. An empty value says nothing.
 *
 * A `workspace` layer cannot loosen what stands below it: a higher budget or limit, fewer stops, another price for a known model or
 * another line for a known check is left out, with a note. What it brings that can make something run (servers, routes to other
 * tools, checks, commands, setup) is named in `brought`, and does nothing without trust and approval: see `approvals.ts`.
 */
export function joinLayers(layers: readonly Layer[]): Joined {
  const problems: Problem[] = [];
  const notes: string[] = [];
  const parts: Brought[] = [];
  const known = new Set<string>();
  let joined: Record<string, unknown> = {};
  let team: TeamFile | undefined;

  for (const { from, whose, layer } of layers) {
    if (layer === undefined || layer === null) continue;
    if (!isMap(layer)) {
      problems.push({ from, path: [], message: 'A team file is a map of names to values (`roles:`, `checks:`, …).' });
      continue;
    }
    const laid = joinParts(joined, layer, whose, team);
    joined = laid.joined;
    parts.push(laid.brought);
    notes.push(...laid.notes.map((note) => `${from}: ${note}`));
    problems.push(...laid.problems.map((problem) => ({ from, ...problem })));

    const parsed = teamFileSchema.safeParse(joined);
    team = parsed.data;
    for (const issue of parsed.error?.issues ?? []) {
      for (const { path, ...said } of sentencesOf(issue, joined)) {
        // What a lower layer got wrong was said there.
        const key = JSON.stringify([path, said.message]);
        if (known.has(key)) continue;
        known.add(key);
        problems.push({ from, path: laid.inLayer(path), ...said });
      }
    }
  }
  team ??= layers.length === 0 ? teamFileSchema.parse({}) : undefined;
  if (team) problems.push(...crossChecks(team, layers));
  return { team: team && switchedOff(team), problems, notes, brought: together(parts) };
}

/** The team with every route off that its `off` names. */
function switchedOff(team: TeamFile): TeamFile {
  if (team.off.length === 0) return team;
  const off = new Set(team.off);
  const models = Object.entries(team.models).map(([name, model]) => {
    const routes = model.routes.map((route) =>
      off.has(route.server) || off.has(`${route.server}/${route.agent}`) ? { ...route, off: true } : route,
    );
    return [name, { ...model, routes }] as const;
  });
  return { ...team, models: Object.fromEntries(models) };
}

function together(parts: readonly Brought[]): Brought {
  const all = (of: (part: Brought) => readonly string[]) => [...new Set(parts.flatMap(of))];
  return {
    servers: all((part) => part.servers),
    models: all((part) => part.models),
    checks: all((part) => part.checks),
    commands: all((part) => part.commands),
    setup: parts.some((part) => part.setup),
  };
}

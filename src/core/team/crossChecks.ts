import type { TeamFile } from './file.ts';
import { isMap } from './join.ts';
import type { Path } from './join.ts';
import type { Layer, Problem } from './layer.ts';
import { hostedServers } from './roster.ts';
import { meant } from './suggest.ts';

/** What the schema cannot see: names that lead nowhere, efforts that a model does not know, teams that could not work. */
export function crossChecks(team: TeamFile, layers: readonly Layer[]): Problem[] {
  const problems: Problem[] = [];
  const say: Say = (path, message, causes = []) => {
    problems.push({ ...blame(layers, path, causes), message });
  };
  checkRoutes(team, say);
  checkRoles(team, say);
  checkTeams(team, say);
  return problems;
}

/** `causes` lead to what may have made it wrong, when the thing itself is the built-in team's. */
type Say = (path: Path, message: string, causes?: readonly Path[]) => void;

function checkRoutes(team: TeamFile, say: Say): void {
  const servers = [...new Set([...Object.keys(team.servers), ...hostedServers])];
  for (const [name, model] of Object.entries(team.models)) {
    for (const [index, route] of model.routes.entries()) {
      const path = ['models', name, 'routes', index];
      if (!servers.includes(route.server))
        say([...path, 'server'], `No server is called \`${route.server}\`${meant(route.server, servers)}`);
      if (route.tool !== 'ask' && !mentionsPrompt(route.arguments))
        say(
          [...path, 'tool'],
          `The tool \`${route.tool}\` needs \`arguments\` with \`\${prompt}\` in them, or it would never hear the prompt.`,
        );
    }
  }
}

/** The arguments were written by a person, but may be nested as deeply as YAML allows. */
function mentionsPrompt(value: unknown): boolean {
  const left: unknown[] = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next === 'string' && next.includes('${prompt}')) return true;
    if (typeof next === 'object' && next !== null) left.push(...Object.values(next));
  }
  return false;
}

function checkRoles(team: TeamFile, say: Say): void {
  const models = Object.keys(team.models);
  for (const [name, role] of Object.entries(team.roles)) {
    for (const [index, choice] of role.models.entries()) {
      const path = ['roles', name, 'models', index];
      const model = Object.hasOwn(team.models, choice.model) ? team.models[choice.model] : undefined;
      if (!model) {
        say([...path, 'model'], `No model is called \`${choice.model}\`${meant(choice.model, models)}`);
        continue;
      }
      if (choice.effort === undefined || model.efforts.includes(choice.effort)) continue;
      const known = model.efforts.length > 0 ? `it knows ${model.efforts.join(', ')}` : 'it knows no efforts';
      say([...path, 'effort'], `${model.title} cannot be asked for effort \`${choice.effort}\`: ${known}.`, [
        ['models', choice.model, 'efforts'],
      ]);
    }
  }
}

function checkTeams(team: TeamFile, say: Say): void {
  const roles = Object.keys(team.roles);
  for (const [name, parts] of Object.entries(team.teams)) {
    const seen = new Set<string>();
    for (const part of ['core', 'review', 'specialists'] as const) {
      for (const [index, role] of parts[part].entries()) {
        const path = ['teams', name, part, index];
        if (!Object.hasOwn(team.roles, role)) say(path, `No role is called \`${role}\`${meant(role, roles)}`);
        else if (seen.has(role)) say(path, `\`${role}\` stands in the team \`${name}\` twice.`);
        seen.add(role);
      }
    }
    const has = (role: string, duty: 'orchestrate' | 'write') =>
      Object.hasOwn(team.roles, role) && team.roles[role]?.duties.includes(duty) === true;
    const leaders = [...seen].filter((role) => has(role, 'orchestrate'));
    const inCore = leaders.filter((role) => parts.core.includes(role));
    const core: Path = ['teams', name, 'core'];
    const causes = [...seen].map((role) => ['roles', role, 'duties']);
    if (inCore.length === 0)
      say(core, `The team \`${name}\` has no orchestrator in its core: a role with the duty \`orchestrate\`.`, causes);
    else if (leaders.length > 1)
      say(
        core,
        `The team \`${name}\` has ${leaders.length} orchestrators (${leaders.join(', ')}); it needs exactly one.`,
        causes,
      );
    if (!parts.core.some((role) => has(role, 'write')))
      say(core, `The team \`${name}\` has no writer in its core: a role with the duty \`write\`.`, causes);
  }
  const teams = Object.keys(team.teams);
  if (!Object.hasOwn(team.teams, team.team))
    say(['team'], `No team is called \`${team.team}\`${meant(team.team, teams)}`);
}

/** The layer that holds most of the path, the upper one of equals; never the built-in one if a cause lies in another. */
function blame(layers: readonly Layer[], path: Path, causes: readonly Path[]): { from: string; path: Path } {
  const own = holder(layers, path);
  if (own?.layer.whose === 'built-in') {
    for (const cause of causes) {
      const other = holder(layers, cause);
      if (other?.depth === cause.length && other.layer.whose !== 'built-in')
        return { from: other.layer.from, path: cause };
    }
  }
  return { from: own?.layer.from ?? layers.at(-1)?.from ?? '', path };
}

function holder(layers: readonly Layer[], path: Path): { layer: Layer; depth: number } | undefined {
  let best: { layer: Layer; depth: number } | undefined;
  for (const layer of layers) {
    const depth = depthOf(layer.layer, path);
    if (depth >= (best?.depth ?? 1)) best = { layer, depth };
  }
  return best;
}

function depthOf(layer: unknown, path: Path): number {
  let at = layer;
  let depth = 0;
  for (const part of path) {
    if (Array.isArray(at)) at = typeof part === 'number' ? (at[part] as unknown) : undefined;
    else at = isMap(at) && Object.hasOwn(at, part) ? at[part] : undefined;
    if (at === undefined || at === null) break;
    depth += 1;
  }
  return depth;
}

import type { TeamFile } from './file.ts';

/**
 * The team with a way to every model over each server that the host serves itself, after all others: what the editor has is there without
 * any configuration, unless its `off` names the server. A model that has such a way already keeps it as it is; one whose vendor is reached by its own agent alone gets one too.
 */
export function withHosted(team: TeamFile, servers: readonly string[]): TeamFile {
  const wanted = servers.filter((server) => !team.off.includes(server));
  if (wanted.length === 0) return team;
  const models = Object.fromEntries(
    Object.entries(team.models).map(([name, model]) => {
      const ids = [...new Set(model.routes.flatMap((route) => (route.tool === 'ask' ? route.ids : [])))];
      const missing = wanted.filter((server) => !model.routes.some((route) => route.server === server));
      if (ids.length === 0 || missing.length === 0) return [name, model];
      const more = missing.map((server) => ({ server, tool: 'ask', ids, parallel: 4, off: false, unasked: false }));
      return [name, { ...model, routes: [...model.routes, ...more] }];
    }),
  );
  return { ...team, models };
}

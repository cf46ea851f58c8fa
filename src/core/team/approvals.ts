import type { Brought } from './join.ts';
import type { Route, Server, TeamFile } from './file.ts';

/**
 * What a repository's team file brings that can make something run, and what exactly the person approves. Servers and commands of
 * the person's own file and of the built-in team need no approval.
 */

export type ApprovalKind = 'server' | 'route' | 'check' | 'setup' | 'command';

export interface Wanted {
  readonly kind: ApprovalKind;
  /** Server, model, check; for a command its line. */
  readonly name: string;
  /** What an approval is bound to, whole: one character changed, and it is asked for again. */
  readonly content: string;
  /** All of it as lines for the person to read before saying yes. */
  readonly shows: readonly string[];
}

/** What an approval of a server covers: all that decides what is started, with which environment, or who is spoken to. */
export function serverContent(server: Server): string {
  const { command, args, env, url, headers, pass } = server;
  // Left out where there is none, as before there could be any: what was approved stays so.
  const handed = pass.length > 0 ? { pass: pass.toSorted() } : {};
  return JSON.stringify({ command, args, env: sorted(env), url, headers: sorted(headers), ...handed });
}

/** What an approval of a route covers: the tool that is called, on which server, with which arguments. */
function routeContent(route: Route): string {
  return JSON.stringify({ server: route.server, tool: route.tool, arguments: route.arguments ?? {} });
}

/** What an approval of the setup covers: its commands in order, and the ignored files that vendors will see. */
function setupContent(setup: TeamFile['setup']): string {
  return JSON.stringify({ run: setup.run, bring: setup.bring });
}

/**
 * Everything in the joined team that needs the person's approval before it does anything, in the order of the file.
 *
 * A route needs one of its own when the repository points it at a server that is not the repository's, and asks for more than the plain
 * `ask`: else a file could call any tool of the person's own servers, with arguments of its choice.
 */
export function needsApproval(team: TeamFile, brought: Brought): Wanted[] {
  const wanted: Wanted[] = [];
  for (const name of brought.servers) {
    const server = team.servers[name];
    if (server) wanted.push({ kind: 'server', name, content: serverContent(server), shows: serverLines(server) });
  }
  for (const name of brought.models) {
    for (const route of team.models[name]?.routes ?? []) {
      if (!routeNeedsApproval(route, brought)) continue;
      const shows = [`tool ${route.tool} of server ${route.server}`, JSON.stringify(route.arguments ?? {})];
      wanted.push({ kind: 'route', name, content: routeContent(route), shows });
    }
  }
  for (const { name, run } of team.checks) {
    if (brought.checks.includes(name)) wanted.push({ kind: 'check', name, content: run, shows: [run] });
  }
  const { setup } = team;
  if (brought.setup && setup.run.length + setup.bring.length > 0) {
    const shows = [...setup.run, ...setup.bring.map((path) => `copies ${path}`)];
    wanted.push({ kind: 'setup', name: 'setup', content: setupContent(setup), shows });
  }
  for (const line of team.commands) {
    if (brought.commands.includes(line)) wanted.push({ kind: 'command', name: line, content: line, shows: [line] });
  }
  return wanted;
}

function routeNeedsApproval(route: Route, brought: Brought): boolean {
  if (route.off || brought.servers.includes(route.server)) return false;
  return route.tool !== 'ask' || route.arguments !== undefined;
}

/**
 * The team without what was not approved: its routes are off, its setup is empty, its commands are asked about as any other. Servers and
 * checks stay in it, since what starts and runs them refuses, and says so, by the same list.
 */
export function onlyApproved(
  team: TeamFile,
  brought: Brought,
  missing: readonly Wanted[],
): { team: TeamFile; notes: string[] } {
  if (missing.length === 0) return { team, notes: [] };
  const lacks = (kind: ApprovalKind, name: string, content: string) =>
    missing.some((item) => item.kind === kind && item.name === name && item.content === content);
  const models = Object.fromEntries(
    Object.entries(team.models).map(([name, model]) => {
      if (!brought.models.includes(name)) return [name, model];
      const routes = model.routes.map((route) =>
        routeNeedsApproval(route, brought) && lacks('route', name, routeContent(route))
          ? { ...route, off: true }
          : route,
      );
      return [name, { ...model, routes }];
    }),
  );
  const noSetup = lacks('setup', 'setup', setupContent(team.setup));
  const notes = missing.map(
    ({ kind, name }) =>
      `Not approved, so not used: the ${kind === 'setup' ? 'setup' : `${kind} \`${name}\``} of this folder’s team file.`,
  );
  return {
    team: {
      ...team,
      models,
      setup: noSetup ? { run: [], bring: [] } : team.setup,
      commands: team.commands.filter((line) => !lacks('command', line, line)),
    },
    notes,
  };
}

function serverLines(server: Server): string[] {
  const pairs = (title: string, values: Record<string, string>) =>
    Object.entries(values).map(([name, value]) => `${title} ${name}=${value}`);
  if (server.url !== undefined) return [server.url, ...pairs('header', server.headers)];
  return [
    [server.command ?? '', ...server.args].map(quoted).join(' '),
    ...pairs('environment', server.env),
    ...server.pass.map((name) => `gets your ${name}`),
  ];
}

/** So that two arguments never look like one, nor one like two. */
function quoted(word: string): string {
  return /^[\w@%+=:,./${}-]+$/.test(word) ? word : JSON.stringify(word);
}

function sorted(values: Record<string, string>): [string, string][] {
  return Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

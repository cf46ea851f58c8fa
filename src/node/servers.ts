import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { serverSchema, type TeamFile } from '../core/team/file.ts';
import { roster } from '../core/team/roster.ts';

/** Where the bundled servers lie: beside the bundle that runs, or in `dist` of a checkout whose sources run as they are. */
function serversFolder(moduleUrl: string = import.meta.url): string {
  const here = dirname(fileURLToPath(moduleUrl));
  return here.endsWith(join('src', 'node')) ? join(here, '..', '..', 'dist', 'servers') : join(here, 'servers');
}

/** Where what ships unchanged lies. */
export function mediaFolder(moduleUrl: string = import.meta.url): string {
  const here = dirname(fileURLToPath(moduleUrl));
  return here.endsWith(join('src', 'node')) ? join(here, '..', '..', 'media') : join(here, '..', 'media');
}

/** Names of the servers that stand in the team file as this program ships them: only they may get the person's keys. */
export function shippedServers(servers: TeamFile['servers']): ReadonlySet<string> {
  const own = Object.entries(roster.servers ?? {});
  return new Set(
    own.flatMap(([name, server]) => (isDeepStrictEqual(servers[name], serverSchema.parse(server)) ? [name] : [])),
  );
}

/** How a bundled server is started. */
export function bundledServer(name: string): { command: string; args: string[]; env: Record<string, string> } {
  return {
    command: process.execPath,
    args: [join(serversFolder(), `${name}.mjs`)],
    env: asNode(),
  };
}

/**
 * Servers with `${node}` (the Node that runs this) and `${servers}` (the bundled ones) filled in. One whose bundle is not there is left
 * out: it does not ship with this version.
 */
export function placedServers(servers: TeamFile['servers']): TeamFile['servers'] {
  const folder = serversFolder();
  const placed = (text: string): string =>
    text.replaceAll('${node}', () => process.execPath).replaceAll('${servers}', () => folder);
  const entries = Object.entries(servers).flatMap(([name, server]) => {
    const args = server.args.map(placed);
    const bundle = args.find((_, n) => server.args[n]?.startsWith('${servers}/'));
    if (bundle !== undefined && !existsSync(bundle)) return [];
    if (server.command === undefined) return [[name, { ...server, args }] as const];
    const env = server.command === '${node}' ? { ...asNode(), ...server.env } : server.env;
    return [[name, { ...server, command: placed(server.command), args, env }] as const];
  });
  return Object.fromEntries(entries);
}

/** What makes the program that runs us a Node for its child as well: an editor's is Electron. */
function asNode(): Record<string, string> {
  return process.versions['electron'] === undefined ? {} : { ELECTRON_RUN_AS_NODE: '1' };
}

import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TeamFile } from '../core/team/file.ts';

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

/** Servers with `${node}` (the Node that runs this) and `${servers}` (the bundled ones) filled in. */
export function placedServers(servers: TeamFile['servers']): TeamFile['servers'] {
  const folder = serversFolder();
  const placed = (text: string): string =>
    text.replaceAll('${node}', () => process.execPath).replaceAll('${servers}', () => folder);
  return Object.fromEntries(
    Object.entries(servers).map(([name, server]) => [
      name,
      {
        ...server,
        ...(server.command !== undefined && { command: placed(server.command) }),
        args: server.args.map(placed),
      },
    ]),
  );
}

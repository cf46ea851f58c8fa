import { access, constants, mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { reasonOf } from '../../core/errors.ts';
import { isWithin, profileFolder } from '../paths.ts';
import { run } from '../processes.ts';
import { makeScratch } from './scratch.ts';
import { secretPlaces } from './secrets.ts';
import type { Hidden } from './secrets.ts';

/** A confinement for commands that run what models wrote: bubblewrap on Linux, sandbox-exec on macOS, none elsewhere. */

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

/** Where a confined command may do what. All paths absolute. */
export interface Place {
  /** The checkout: writable. */
  readonly cwd: string;
  /** A private folder of this one command. Its `tmp` is writable; on Linux it is the command's `/tmp`. */
  readonly scratch: string;
  /** What else is writable. */
  readonly writable?: readonly string[];
  /** What must stay readable where a mask (`/tmp`, `/run`) would cover it. */
  readonly readable?: readonly string[];
  /** What must not be readable, besides the well-known places of secrets. */
  readonly hidden?: readonly string[];
  /** Without it nothing but the command's own loopback can be reached. */
  readonly network: boolean;
}

interface Sandbox {
  readonly kind: 'bubblewrap' | 'sandbox-exec';
  /** The command that runs `command` confined. Looks at the disk for what has to be masked; makes what it needs in `scratch`. */
  wrap(command: Command, place: Place): Promise<Command>;
  /** The folder for temporary files as the confined command sees it. */
  temporary(scratch: string): string;
}

export interface Confinement {
  /** Undefined where commands run unconfined; then the person's consent says so. */
  readonly sandbox: Sandbox | undefined;
  /** One sentence: what holds on this machine. */
  readonly describe: string;
}

/** What a person is told before checks may run on a machine without a sandbox. */
export const unconfinedNotice =
  'Checks run code that models wrote. This machine has no sandbox for them, so they run with your rights: they could read and change your files and use the network.';

/** Where the programs may lie; never the person's PATH, which can lead into a repository. */
const bubblewraps = [
  '/usr/bin/bwrap',
  '/bin/bwrap',
  '/usr/local/bin/bwrap',
  '/run/wrappers/bin/bwrap',
  '/run/current-system/sw/bin/bwrap',
];
const seatbelt = '/usr/bin/sandbox-exec';

/**
 * Finds out what confines commands on this machine by really running one; that a program is there says nothing (containers and some
 * distributions forbid it). Rejects only with the signal's reason.
 */
export async function findSandbox(
  signal: AbortSignal,
  programs: readonly string[] = bubblewraps,
): Promise<Confinement> {
  switch (process.platform) {
    case 'linux':
      return findBubblewrap(programs, signal);
    case 'darwin':
      return findSeatbelt(signal);
    default:
      return none('there is none for this system');
  }
}

function none(why: string): Confinement {
  return { sandbox: undefined, describe: `Checks run without a sandbox, with your rights, since ${why}.` };
}

async function findBubblewrap(programs: readonly string[], signal: AbortSignal): Promise<Confinement> {
  for (const program of programs) {
    if (!(await runs(program))) continue;
    const sandbox = bubblewrap(program);
    const problem = await probe(sandbox, signal);
    if (problem !== undefined) return none(`bubblewrap (${program}) may not be used here: ${problem}`);
    return {
      sandbox,
      describe:
        'Checks run in a sandbox (bubblewrap): they can write only in their checkout and a private /tmp, reach no network, and do not see well-known places of secrets; what else you can read they can read.',
    };
  }
  return none('bubblewrap is not installed');
}

async function findSeatbelt(signal: AbortSignal): Promise<Confinement> {
  if (!(await runs(seatbelt))) return none('sandbox-exec is not there');
  const sandbox: Sandbox = { kind: 'sandbox-exec', temporary: temporaryIn, wrap: wrapSeatbelt };
  const problem = await probe(sandbox, signal);
  if (problem !== undefined) return none(`sandbox-exec may not be used here: ${problem}`);
  return {
    sandbox,
    describe:
      'Checks run in a sandbox (sandbox-exec): they can write only in their checkout and a private folder, reach this machine but no other, and do not see well-known places of secrets; what else you can read they can read.',
  };
}

async function runs(program: string): Promise<boolean> {
  return access(program, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** Undefined when a command really runs confined: it writes where it may, and not beside it. Else why not. */
async function probe(sandbox: Sandbox, signal: AbortSignal): Promise<string | undefined> {
  const folder = await makeScratch(tmpdir());
  try {
    const cwd = join(folder, 'in');
    const scratch = join(folder, 'scratch');
    for (const made of [cwd, scratch]) await mkdir(made);
    const command = { file: '/bin/sh', args: ['-c', 'echo yes > inside; echo no > ../outside', 'sh'] };
    const { file, args } = await sandbox.wrap(command, { cwd, scratch, network: false });
    const result = await run(file, args, { cwd, env: { PATH: '/usr/bin:/bin' }, signal, timeoutMs: 10_000 });
    if (result.timedOut) return 'it hangs';
    if (!(await exists(join(cwd, 'inside')))) {
      return (
        result.stderr.trim().split('\n').at(-1)?.replace(/[.]$/, '') || `it ended with ${result.code ?? result.signal}`
      );
    }
    return (await exists(join(folder, 'outside'))) ? 'it lets commands write everywhere' : undefined;
  } catch (error) {
    signal.throwIfAborted();
    return reasonOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** What of `/run` a command may need: NixOS keeps its programs there, systemd its name servers. All else there is sockets of services. */
const neededOfRun = [
  '/run/current-system',
  '/run/opengl-driver',
  '/run/systemd/resolve',
  '/run/resolvconf',
  '/run/NetworkManager/resolv.conf',
];

function bubblewrap(program: string): Sandbox {
  return {
    kind: 'bubblewrap',
    temporary: () => '/tmp',
    async wrap(command, place) {
      const hidden = await hiddenFor(place);
      const temporary = temporaryIn(place.scratch);
      await mkdir(temporary, { recursive: true });
      // A file is hidden by an empty one: `/dev/null` would refuse to be read there, and make tools fail.
      const empty = join(place.scratch, 'empty');
      await writeFile(empty, '');
      const covered = (place.readable ?? []).filter(
        (path) => path !== '/tmp' && path !== '/run' && (isWithin('/tmp', path) || isWithin('/run', path)),
      );
      const args = [
        '--die-with-parent',
        '--new-session',
        '--unshare-all',
        ...(place.network ? ['--share-net'] : []),
        // Root keeps its capabilities otherwise, and could remount.
        '--cap-drop',
        'ALL',
        '--ro-bind',
        '/',
        '/',
        '--dev',
        '/dev',
        '--proc',
        '/proc',
        // A read-only mount does not stop anybody from speaking to a socket (of a container daemon, say).
        '--tmpfs',
        '/run',
        ...neededOfRun.flatMap((path) => ['--ro-bind-try', path, path]),
        '--bind',
        temporary,
        '/tmp',
        ...covered.flatMap((path) => ['--ro-bind-try', path, path]),
        ...hidden.flatMap(({ path, folder }) => (folder ? ['--tmpfs', path] : ['--ro-bind', empty, path])),
        ...[place.cwd, ...(place.writable ?? [])].flatMap((path) => ['--bind', path, path]),
        '--chdir',
        place.cwd,
        '--',
        command.file,
        ...command.args,
      ];
      return { file: program, args };
    },
  };
}

/** Where a command's temporary files lie in its private folder. */
export function temporaryIn(scratch: string): string {
  return join(scratch, 'tmp');
}

/** Written from Apple's profile language as other tools use it; not run on a Mac yet. The last rule that matches counts. */
async function wrapSeatbelt(command: Command, place: Place): Promise<Command> {
  const hidden = await hiddenFor(place);
  await mkdir(temporaryIn(place.scratch), { recursive: true });
  const writable = [place.cwd, temporaryIn(place.scratch), ...(place.writable ?? [])];
  const subpaths = (paths: readonly string[]): string =>
    paths.map((path) => `(subpath ${JSON.stringify(path)})`).join(' ');
  const profile = [
    '(version 1)',
    '(allow default)',
    '(deny file-write*)',
    `(allow file-write* ${subpaths(writable)})`,
    '(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty") (subpath "/dev/fd"))',
    ...(hidden.length > 0 ? [`(deny file-read* file-write* ${subpaths(hidden.map(({ path }) => path))})`] : []),
    `(allow file-read* file-write* ${subpaths(writable)})`,
    '(deny appleevent-send)',
    ...(place.network
      ? []
      : [
          '(deny network*)',
          '(allow network* (local ip "localhost:*"))',
          '(allow network-outbound (remote ip "localhost:*"))',
        ]),
  ].join('\n');
  return { file: seatbelt, args: ['-p', profile, '--', command.file, ...command.args] };
}

async function hiddenFor(place: Place): Promise<Hidden[]> {
  const homes = [...new Set([homedir(), userHome()])].filter(isAbsolute);
  const others = [profileFolder(), '/etc/shadow', '/etc/gshadow', ...(place.hidden ?? [])];
  const found = (await Promise.all(homes.map((home) => secretPlaces(home, others)))).flat();
  // Below `/tmp` and `/run` nothing is there any more unless it was bound again; and a mask inside a mask has nothing to cover.
  const visible = (path: string): boolean =>
    !(process.platform === 'linux' && (isWithin('/tmp', path) || isWithin('/run', path))) ||
    (place.readable ?? []).some((kept) => isWithin(kept, path));
  const unique = [...new Map(found.map((one) => [one.path, one])).values()].filter(({ path }) => visible(path));
  return unique.filter(
    ({ path }) => !unique.some((outer) => outer.folder && outer.path !== path && isWithin(outer.path, path)),
  );
}

function userHome(): string {
  try {
    return userInfo().homedir;
  } catch {
    // A user without an entry, in a container.
    return '';
  }
}

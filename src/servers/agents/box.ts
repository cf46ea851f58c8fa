import { mkdir, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, isAbsolute, sep } from 'node:path';
import { findSandbox } from '../../node/checks/sandbox.ts';
import { makeScratch, removeScratch } from '../../node/checks/scratch.ts';
import type { Launch } from '../../node/agents/programs.ts';
import { cacheFolder, isWithin } from '../../node/paths.ts';
import type { AskInput } from '../../core/ask.ts';
import { placesOf } from './launch.ts';
import type { Profile } from './profiles.ts';
import { folderId } from './workspaceFiles.ts';

/**
 * A sandbox around an agent's whole process, where the machine has one: what asks nobody cannot write elsewhere either. It may write in the
 * workspace of a writer, in its own folders (its sign-in, its sessions) and in a temporary folder of its own; it reaches the network, and
 * does not see well-known places of secrets that are not its own.
 */
export interface Box {
  /** Processes whose calls have the same key may be shared. */
  key(place: Place): string;
  /** What starts the agent confined, what it needs to know, and what removes its temporary folder once it is gone (never rejects). */
  wrap(launch: Launch, place: Place): Promise<Boxed>;
}

/** Where a call works, and the MCP servers that it hands on: they run inside as well. */
export type Place = Pick<AskInput, 'cwd' | 'access' | 'servers'>;

export interface Boxed {
  readonly launch: Launch;
  readonly env: Readonly<Record<string, string>>;
  readonly tidy: () => Promise<void>;
}

/** `auto`: where it was tried, which is Linux. */
export type BoxSetting = 'auto' | 'on' | 'off';

/** The sandbox for this agent; undefined where there is none, or none is wanted. `why` says which. Rejects only with the signal's reason. */
export async function findBox(
  profile: Profile,
  setting: BoxSetting,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<{ box: Box | undefined; why: string }> {
  if (setting === 'off') return { box: undefined, why: 'The sandbox is switched off.' };
  if (setting === 'auto' && (process.platform !== 'linux' || !profile.boxed))
    return { box: undefined, why: `${profile.title} was not tried in a sandbox on this system.` };
  const { sandbox, describe } = await findSandbox(signal);
  if (!sandbox) return { box: undefined, why: describe };

  return {
    why: `${profile.title} runs in a sandbox (${sandbox.kind}): it can write only in a writer's workspace, its own folders and a temporary folder.`,
    box: {
      key: (place) =>
        JSON.stringify([
          place.access === 'write' ? [place.cwd, folderId(place.cwd)] : null,
          writtenBy(place),
          hiddenOf(readBy(place, env)),
        ]),
      async wrap(launch, place) {
        const { cwd, access } = place;
        const scratch = await makeScratch(tmpdir());
        const stores = await storesOf(profile, env);
        const workspace = await realpath(cwd);
        const work = `${scratch}${sep}work`;
        await mkdir(work, { recursive: true });
        const { file, args } = await sandbox.wrap(
          { file: launch.file, args: launch.args },
          {
            // A process of readers belongs to no workspace: they are all only read.
            cwd: access === 'write' ? workspace : work,
            scratch,
            writable: [...stores, ...(await there(writtenBy(place)))],
            // What is started, and what is only read, may lie where the private temporary folder hides it.
            readable: hiddenOf([...readBy(place, env), ...launched(launch)]),
            network: true,
          },
        );
        const temporary = sandbox.temporary(scratch);
        return {
          launch: { file, args },
          env: { TMPDIR: temporary, TMP: temporary, TEMP: temporary },
          tidy: () => removeScratch(scratch),
        };
      },
    },
  };
}

/** What a sandbox on Linux replaces by folders of its own. */
const masked = ['/tmp', '/run'];

function hiddenOf(paths: readonly string[]): string[] {
  const hidden = paths.filter((path) => !masked.includes(path) && masked.some((folder) => isWithin(folder, path)));
  return [...new Set(hidden)].sort();
}

/** Folders that the MCP servers write in. */
function writtenBy({ servers = [] }: Place): string[] {
  return [...new Set(servers.flatMap(({ writes = [] }) => writes))].sort();
}

/** What is read besides the workspace: the project, which is our own working folder; the repository behind the workspaces; the MCP servers. */
function readBy({ cwd, access, servers = [] }: Place, env: NodeJS.ProcessEnv): string[] {
  const programs = servers.flatMap((server) => launched({ file: server.command, args: server.args }));
  return [process.cwd(), cacheFolder(env), ...(access === 'read' ? [cwd] : []), ...programs];
}

/** What a command line names: a script lies among what it needs. */
function launched({ file, args }: Launch): string[] {
  return (
    [file, ...args]
      // `@file` is a file whose text is meant.
      .map((word) => word.replace(/^@/, ''))
      .filter(isAbsolute)
      .flatMap((path) => [path, ...(masked.includes(dirname(path)) ? [] : [dirname(path)])])
  );
}

async function there(paths: readonly string[]): Promise<string[]> {
  const real = await Promise.all(paths.map((path) => realpath(path).catch(() => undefined)));
  return [...new Set(real.filter((path) => path !== undefined))];
}

/** The agent's own folders that are there. Those that it needs are made when they are not: nobody could make them from inside. */
async function storesOf(profile: Profile, env: NodeJS.ProcessEnv): Promise<string[]> {
  const places = profile.stores.flatMap((store) => placesOf(store, env));
  const needed = (profile.storesMade ?? []).flatMap((store) => placesOf(store, env));
  for (const place of [...places.slice(0, 1), ...needed])
    await mkdir(place, { recursive: true, mode: 0o700 }).catch(() => {});
  return there([...places, ...needed]);
}

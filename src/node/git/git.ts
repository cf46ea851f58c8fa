import { delimiter } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { run } from '../processes.ts';
import type { RunResult } from '../processes.ts';
import { gitProgram } from './program.ts';

/** git, always run the same way: nothing of the person's configuration, environment or repository makes it run a program or write. */

export interface GitCall {
  readonly signal: AbortSignal;
  /** The repository; never discovered from where we are. */
  readonly gitDir: string;
  /** The checkout; also where git runs. Without one it runs in `gitDir`. */
  readonly workTree?: string;
  readonly index?: string;
  /** Object folders to borrow from, for this call only. */
  readonly borrow?: readonly string[];
  /** Settings on top of the fixed ones. */
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  readonly maxBytes?: number;
  /** Exit codes that are answers; default only 0. */
  readonly codes?: readonly number[];
}

/** git ended with a code that the caller did not expect. A bug of ours, or a broken repository. */
export class GitError extends Error {
  readonly code: number | null;
  readonly stderr: string;

  constructor(args: readonly string[], result: RunResult) {
    const words = result.stderr.trim().slice(0, 2000);
    super(
      `git ${args.slice(0, 3).join(' ')} ended with ${result.code ?? result.signal}: ${words || 'it said nothing'}`,
    );
    this.name = 'GitError';
    this.code = result.code;
    this.stderr = result.stderr;
  }
}

/** Runs git to its end. Throws `GitError`, or `UserError` for what a person can act on (no git, old git, full disk, output past `maxBytes`). */
export async function git(args: readonly string[], call: GitCall): Promise<RunResult> {
  const program = await gitProgram(call.signal);
  const place: NodeJS.ProcessEnv = { GIT_DIR: call.gitDir };
  if (call.workTree !== undefined) place['GIT_WORK_TREE'] = call.workTree;
  if (call.index !== undefined) place['GIT_INDEX_FILE'] = call.index;
  if (call.borrow && call.borrow.length > 0)
    place['GIT_ALTERNATE_OBJECT_DIRECTORIES'] = call.borrow.map(cQuoted).join(delimiter);
  const result = await run(program, args, {
    cwd: call.workTree ?? call.gitDir,
    env: { ...machine(), ...fixed, ...configuration({ ...settings, ...call.config }), ...place, ...call.env },
    signal: call.signal,
    ...(call.input === undefined ? {} : { input: call.input }),
    maxBytes: call.maxBytes ?? 512 * 1024 * 1024,
  });
  if (result.cut) {
    throw new UserError(
      'too-large',
      `git ${args[0]} printed more than ${call.maxBytes ?? 'half a gigabyte'}: the project is too large for one step.`,
    );
  }
  if (result.code === null || !(call.codes ?? [0]).includes(result.code)) throw failure(args, result);
  return result;
}

/** git as above, for one line of output. */
export async function gitLine(args: readonly string[], call: GitCall): Promise<string> {
  return (await git(args, call)).stdout.toString('utf8').trim();
}

/** The entries of a NUL-ended list; bytes, since a path may be no UTF-8. */
export function splitNul(list: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  let start = 0;
  for (let end = list.indexOf(0); end >= 0; end = list.indexOf(0, start)) {
    entries.push(list.subarray(start, end));
    start = end + 1;
  }
  return entries;
}

/**
 * Asks in the person's own configuration, as their git would read it: only for `rev-parse`, `config` and `check-ignore`, which run
 * nothing and write nothing. Repositories are discovered from `cwd`, so git's check of who owns them holds as the person set it.
 */
export async function askPersonsGit(
  args: readonly string[],
  cwd: string,
  signal: AbortSignal,
  codes: readonly number[],
): Promise<RunResult> {
  const program = await gitProgram(signal);
  const kept: NodeJS.ProcessEnv = {};
  for (const name of [
    'GIT_CEILING_DIRECTORIES',
    'GIT_DISCOVERY_ACROSS_FILESYSTEM',
    'GIT_CONFIG_GLOBAL',
    'GIT_CONFIG_SYSTEM',
    'GIT_CONFIG_NOSYSTEM',
  ]) {
    if (process.env[name] !== undefined) kept[name] = process.env[name];
  }
  const env = { ...machine(), ...kept, ...harmless, ...configuration(onlyHarmless) };
  const result = await run(program, args, { cwd, env, signal });
  if (result.code === null || !codes.includes(result.code)) throw failure(args, result);
  return result;
}

function failure(args: readonly string[], result: RunResult): Error {
  if (/No space left on device|Disk quota exceeded|Out of diskspace/i.test(result.stderr)) {
    return diskFull(new GitError(args, result));
  }
  return new GitError(args, result);
}

/** What a person is told when no room is left where the workspaces lie. */
export function diskFull(cause: GitError): UserError {
  return new UserError('disk-full', 'No room is left on the disk (or in your quota) for the workspaces.', {
    hint: 'Free some space and go on; `orchestra clean` removes the workspaces of ended runs.',
    cause,
  });
}

/** What a program needs of the environment to run at all; nothing of git's. */
function machine(): NodeJS.ProcessEnv {
  const names = [
    'PATH',
    'HOME',
    'XDG_CONFIG_HOME',
    'TMPDIR',
    'USERPROFILE',
    'HOMEDRIVE',
    'HOMEPATH',
    'APPDATA',
    'LOCALAPPDATA',
    'PROGRAMDATA',
    'SystemRoot',
    'TEMP',
    'TMP',
  ];
  return Object.fromEntries(
    names.filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
  );
}

const nowhere = '/dev/null';

/** Also for calls in the person's configuration. */
const harmless: NodeJS.ProcessEnv = {
  LC_ALL: 'C',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  // A partial clone must not fetch what it lacks: the first is git's word for it since 2.45, the second holds in all.
  GIT_NO_LAZY_FETCH: '1',
  GIT_ALLOW_PROTOCOL: 'none',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_PAGER: 'cat',
  GIT_EDITOR: 'false',
};

const fixed: NodeJS.ProcessEnv = {
  ...harmless,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_SYSTEM: nowhere,
  GIT_CONFIG_GLOBAL: nowhere,
  GIT_ATTR_NOSYSTEM: '1',
};

const onlyHarmless: Readonly<Record<string, string>> = {
  'core.hooksPath': nowhere,
  'core.fsmonitor': 'false',
  'core.untrackedCache': 'false',
};

/** Wins over the configuration of any repository. What can be configured by a free name (filters, drivers) is switched off by attributes. */
const settings: Readonly<Record<string, string>> = {
  ...onlyHarmless,
  'advice.detachedHead': 'false',
  'commit.gpgSign': 'false',
  'core.alternateRefsCommand': '',
  'core.askPass': '',
  'core.attributesFile': nowhere,
  'core.autocrlf': 'false',
  'core.checkStat': 'default',
  'core.commitGraph': 'false',
  'core.compression': '1',
  'core.eol': 'lf',
  'core.excludesFile': nowhere,
  'core.logAllRefUpdates': 'false',
  'core.longPaths': 'true',
  'core.protectHFS': 'true',
  'core.protectNTFS': 'true',
  'core.quotePath': 'false',
  'core.safecrlf': 'false',
  'core.sparseCheckout': 'false',
  'core.splitIndex': 'false',
  'core.trustctime': 'true',
  'credential.helper': '',
  'fetch.recurseSubmodules': 'false',
  'gc.auto': '0',
  'index.sparse': 'false',
  'index.skipHash': 'false',
  'maintenance.auto': 'false',
  'protocol.allow': 'never',
  'submodule.recurse': 'false',
};

/** Source: git-config(1), GIT_CONFIG_COUNT; command scope, so it wins over every file. */
function configuration(values: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  const entries = Object.entries(values);
  entries.forEach(([key, value], i) => {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  });
  env['GIT_CONFIG_COUNT'] = String(entries.length);
  return env;
}

/** A path in git's C quoting, for places where a list or a line of paths is expected. */
export function cQuoted(path: string): string {
  let quoted = '"';
  for (const byte of Buffer.from(path, 'utf8')) {
    if (byte === 0x22 || byte === 0x5c) quoted += `\\${String.fromCharCode(byte)}`;
    else if (byte < 0x20 || byte > 0x7e) quoted += `\\${byte.toString(8).padStart(3, '0')}`;
    else quoted += String.fromCharCode(byte);
  }
  return `${quoted}"`;
}

import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readFileSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Log } from '../../../src/core/ports.ts';
import { openWorkspaces } from '../../../src/node/git/workspaces.ts';
import type { OpenWorkspaces } from '../../../src/node/git/workspaces.ts';
import { removeTree } from '../../../src/node/git/trash.ts';

/** A home folder, a cache and projects of a test's own; git is the real one. */
export interface World {
  readonly folder: string;
  readonly home: string;
  readonly cache: string;
  /** What was logged, for all that was opened here. */
  readonly logged: string[];
  /** The person's git, in `cwd`. */
  git(cwd: string, ...args: string[]): string;
  /** Writes files below a folder; the folder's path is the answer. */
  files(root: string, files: Record<string, string | Uint8Array>): string;
  /** A repository with one commit of these files. */
  repository(name: string, files: Record<string, string | Uint8Array>): string;
  open(root: string, run?: string): Promise<OpenWorkspaces>;
  /** A repository of these files, changed by `act` after its commit, with its workspaces open and its base taken. */
  project(
    files: Record<string, string | Uint8Array>,
    act?: (root: string) => void,
  ): Promise<{ root: string; workspaces: OpenWorkspaces } & Awaited<ReturnType<OpenWorkspaces['takeBase']>>>;
  /** The base of a project as it is now, and all paths in it; `path` is a checkout of it. */
  base(root: string): Promise<Awaited<ReturnType<OpenWorkspaces['takeBase']>> & { path: string; paths: string[] }>;
  end(): Promise<void>;
}

/** Ignored and other files, in folders: the project that most tests of workspaces take. */
export const someFiles = {
  '.gitignore': 'out/\n*.log\n',
  'src/a.ts': 'a\n',
  'src/b.ts': 'b\n',
  'docs/.gitignore': '/draft\n',
  'docs/x.md': 'x\n',
};

export const never = new AbortController().signal;

export async function makeWorld(): Promise<World> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'orchestra-git-')));
  const [home, cache] = [join(folder, 'home'), join(folder, 'cache')];
  mkdirSync(home);
  const before = { ...process.env };
  for (const name of Object.keys(process.env)) if (/^(GIT_|XDG_)/.test(name)) delete process.env[name];
  Object.assign(process.env, { HOME: home, USERPROFILE: home, ORCHESTRA_CACHE: cache });
  writeFileSync(
    join(home, '.gitconfig'),
    '[user]\n\tname = P\n\temail = p@example.org\n[init]\n\tdefaultBranch = main\n',
  );
  const logged: string[] = [];
  const log: Log = {
    debug: () => {},
    info: (message) => void logged.push(message),
    warn: (message) => void logged.push(message),
    error: (message) => void logged.push(message),
  };
  const opened: OpenWorkspaces[] = [];
  const world: World = {
    folder,
    home,
    cache,
    logged,
    git: (cwd, ...args) =>
      execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim(),
    files(root, files) {
      for (const [path, content] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), content);
      }
      return root;
    },
    repository(name, files) {
      const root = join(folder, name);
      mkdirSync(root, { recursive: true });
      world.git(root, 'init', '-q');
      world.files(root, files);
      world.git(root, 'add', '-A');
      world.git(root, 'commit', '-q', '--allow-empty', '-m', 'first');
      return root;
    },
    async open(root, run = 'run1') {
      const workspaces = await openWorkspaces({ root, run, log, signal: never });
      opened.push(workspaces);
      return workspaces;
    },
    async project(files, act) {
      const root = world.repository('p', files);
      act?.(root);
      const workspaces = await world.open(root);
      return { root, workspaces, ...(await workspaces.takeBase(never)) };
    },
    async base(root) {
      const workspaces = await world.open(root);
      const taken = await workspaces.takeBase(never);
      const { path } = await workspaces.open('w', taken.commit, never);
      return { ...taken, path, paths: await workspaces.list(taken.tree, never) };
    },
    async end() {
      for (const workspaces of opened) await workspaces.close();
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
      await removeTree(folder);
    },
  };
  return world;
}

/** Every file below a folder with a hash of its content; links with their target. Dates are left out unless asked for. */
export function fingerprint(
  root: string,
  options: { dates?: boolean; skip?: (path: string) => boolean } = {},
): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (folder: string): void => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (options.skip?.(path)) continue;
      const stat = lstatSync(join(root, path));
      const date = options.dates ? ` ${stat.mtimeMs}` : '';
      if (stat.isDirectory()) {
        found[path] = `folder${date}`;
        walk(path);
      } else if (stat.isSymbolicLink()) found[path] = `link ${readlinkSync(join(root, path))}`;
      else
        found[path] = `${stat.mode.toString(8)} ${createHash('sha256')
          .update(readFileSync(join(root, path)))
          .digest('hex')}${date}`;
    }
  };
  walk('');
  return found;
}

/** The files of a checkout, without its `.git`. */
export function filesOf(root: string): Record<string, string> {
  return fingerprint(root, { skip: (path) => path === '.git' });
}

/** Runs a shell line in a folder, as an agent would; its output and errors are the answer. */
export function shell(cwd: string, line: string): string {
  const { stdout, stderr } = spawnSync('/bin/sh', ['-ec', line], { cwd, encoding: 'utf8' });
  return `${stdout}${stderr}`;
}

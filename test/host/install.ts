import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** The versions of VS Code that the suites run in: the one that Cursor builds upon, and the newest. `code-server` 4.N.p carries VS Code 1.N.p. */
export const versions = ['1.105.1', '1.139.1'] as const;

/** Where what tests download is kept, for every clone on this machine. */
function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'model-orchestra-test');
}

/**
 * VS Code's own server, from npm's `code-server`, installed once: gives the path of `server-main.js`. No install script of any package is run.
 * Two at once do no harm: who is second throws its own away.
 */
export async function installServer(version: string, say: (line: string) => void): Promise<string> {
  const home = join(cacheFolder(), `vscode-server-${version}`);
  const main = join(home, 'node_modules', 'code-server', 'lib', 'vscode', 'out', 'server-main.js');
  if (existsSync(main)) return main;
  await mkdir(cacheFolder(), { recursive: true });
  say(`Installing the server of VS Code ${version} (some minutes, once) …`);
  const place = await mkdtemp(join(cacheFolder(), `.vscode-server-${version}-`));
  try {
    await writeFile(join(place, 'package.json'), '{"private":true}\n');
    await npm(place, 'install', `code-server@4.${version.slice(2)}`);
    const code = join(place, 'node_modules', 'code-server', 'lib', 'vscode');
    await withoutGitDependencies(code);
    await npm(code, 'install', '--omit=dev');
    await withWatcher(code);
    await withRipgrep(code);
    await npm(join(code, 'extensions'), 'install', '--omit=dev');
    await rename(place, home).catch((error: unknown) => {
      if (!existsSync(main)) throw error;
    });
  } finally {
    await rm(place, { recursive: true, force: true });
  }
  return main;
}

async function npm(cwd: string, ...args: string[]): Promise<void> {
  await execute('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd,
    maxBuffer: 64 * 1024 * 1024,
    shell: process.platform === 'win32',
  });
}

interface Lock {
  packages: Record<
    string,
    { resolved?: string; integrity?: string; version: string; dependencies: Record<string, string> }
  >;
}

/** Some versions take the file watcher from a git repository; the registry has the same release. */
async function withoutGitDependencies(code: string): Promise<void> {
  const lockFile = join(code, 'npm-shrinkwrap.json');
  const lock = JSON.parse(await readFile(lockFile, 'utf8')) as Lock;
  const manifestFile = join(code, 'package.json');
  const manifest = JSON.parse(await readFile(manifestFile, 'utf8')) as { dependencies: Record<string, string> };
  for (const [path, entry] of Object.entries(lock.packages)) {
    if (!entry.resolved?.startsWith('git+')) continue;
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
    delete entry.resolved;
    delete entry.integrity;
    const root = lock.packages[''];
    if (manifest.dependencies[name] === undefined || !root) continue;
    manifest.dependencies[name] = entry.version;
    root.dependencies[name] = entry.version;
  }
  await writeFile(lockFile, JSON.stringify(lock));
  await writeFile(manifestFile, JSON.stringify(manifest, null, 1));
}

/** The watcher's binary is a package of its own that its install script would have fetched. */
async function withWatcher(code: string): Promise<void> {
  const watcher = join(code, 'node_modules', '@parcel', 'watcher', 'package.json');
  if (!existsSync(watcher)) return;
  const { version } = JSON.parse(await readFile(watcher, 'utf8')) as { version: string };
  const name = `@parcel/watcher-${process.platform}-${process.arch}${process.platform === 'linux' ? '-glibc' : ''}`;
  if (!existsSync(join(code, 'node_modules', name)))
    await npm(code, 'install', '--no-save', '--omit=dev', `${name}@${version}`);
}

/** Ripgrep's install script would load it from GitHub; another package of the same makers has it inside. */
async function withRipgrep(code: string): Promise<void> {
  const name = process.platform === 'win32' ? 'rg.exe' : 'rg';
  const wanted = join(code, 'node_modules', '@vscode', 'ripgrep', 'bin', name);
  if (!existsSync(dirname(dirname(wanted))) || existsSync(wanted)) return;
  const place = await mkdtemp(join(tmpdir(), 'ripgrep-'));
  try {
    await writeFile(join(place, 'package.json'), '{"private":true}\n');
    await npm(place, 'install', '@vscode/ripgrep-universal');
    const from = join(
      place,
      'node_modules',
      '@vscode',
      'ripgrep-universal',
      'bin',
      `${process.platform}-${process.arch}`,
      name,
    );
    await mkdir(dirname(wanted), { recursive: true });
    await cp(from, wanted);
    await chmod(wanted, 0o755);
  } finally {
    await rm(place, { recursive: true, force: true });
  }
}

if (import.meta.main) for (const version of versions) await installServer(version, console.log);

if (import.meta.main) for (const version of versions) await installServer(version, console.error);

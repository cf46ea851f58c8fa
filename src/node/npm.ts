import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { findProgram, launchOf } from './agents/programs.ts';
import { run } from './processes.ts';

/** A package of npm at the one version that was tried. */
export interface NpmPackage {
  readonly package: string;
  readonly version: string;
  /** What of it is started, inside the package. */
  readonly entry: string;
  /** Packages that npm would bring along and that it can do without. */
  readonly without: readonly string[];
}

/** What of a package is started, where it was fetched into this folder; it may not be there. */
export function npmEntry({ package: name, entry }: NpmPackage, folder: string): string {
  return join(folder, 'node_modules', name, entry);
}

/**
 * Fetches a package from npm into a folder of its own, without running install scripts; done at once when it is there. Call it only on the
 * person's word. Throws `UserError` (`no-npm`, `fetch-failed`).
 */
export async function fetchFromNpm(
  wanted: NpmPackage,
  folder: string,
  options: { env: NodeJS.ProcessEnv; signal: AbortSignal },
): Promise<string> {
  const { env, signal } = options;
  const there = npmEntry(wanted, folder);
  if (existsSync(there)) return there;
  const npm = await findProgram(['npm'], { env });
  if (npm === undefined) {
    throw new UserError('no-npm', `${wanted.package} is fetched by npm, which is not there.`, {
      hint: 'Install Node.js, which brings npm, and try again.',
    });
  }
  await mkdir(dirname(folder), { recursive: true, mode: 0o700 });
  // Made beside its place and then moved: half a package is never found.
  const making = `${folder}.${process.pid}`;
  try {
    await mkdir(making);
    const manifest = {
      private: true,
      dependencies: { [wanted.package]: wanted.version },
      // An empty package in the place of what is not wanted.
      overrides: Object.fromEntries(wanted.without.map((one) => [one, 'file:./none'])),
    };
    await mkdir(join(making, 'none'));
    await writeFile(join(making, 'none', 'package.json'), JSON.stringify({ name: 'none', version: '0.0.0' }));
    await writeFile(join(making, 'package.json'), JSON.stringify(manifest));
    const flags = ['--omit=optional', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const { file, args } = await launchOf(npm, ['install', ...flags]);
    const done = await run(file, args, { cwd: making, env, signal, timeoutMs: 600_000 });
    if (done.code !== 0 || !existsSync(npmEntry(wanted, making))) {
      const said = done.timedOut ? 'it took more than ten minutes' : (done.stderr.trim().split('\n').at(-1) ?? '');
      const message = `${wanted.package}@${wanted.version} could not be fetched: ${said || `npm ended with ${done.code}`}.`;
      throw new UserError('fetch-failed', message, { hint: 'Look whether npm reaches its registry: `npm ping`.' });
    }
    await rename(making, folder).catch((error: unknown) => {
      // Somebody else was faster.
      if (!existsSync(there)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return there;
}

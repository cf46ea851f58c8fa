/**
 * Makes sure that the tests have a real Serena: the one that ORCHESTRA_SERENA names, else one from PyPI, made once for all checkouts: the
 * newest that was tried, or the one of ORCHESTRA_SERENA_VERSION.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { testCache } from '../agents/install.ts';

/** The version that the tests want. */
export const version = process.env['ORCHESTRA_SERENA_VERSION'] || '2.1.0';
/** What is said of a version before 1.6, which is run by tests only: its tools are known, and it is not used. Undefined where it is newer. */
export const refusal = /^(?:0|1\.[0-5])\./.test(version) ? /is Serena [\d.]+; 1\.6\.0 or newer is needed/ : undefined;
const folder = join(testCache, `serena-${version}`);
const windows = process.platform === 'win32';
const bin = join(folder, windows ? 'Scripts' : 'bin');

/** The program that the tests start. */
export const serenaPath = resolve(process.env['ORCHESTRA_SERENA'] || join(bin, windows ? 'serena.exe' : 'serena'));

/** The Python that has it, to ask Serena's own code. */
export const serenaPython = join(serenaPath, '..', windows ? 'python.exe' : 'python3');

/** 3.11 to 3.14, as the package says. */
function python(): string {
  const names = ['python3.13', 'python3.12', 'python3.11', 'python3.14', 'python3', 'python'];
  const isFit = (name: string): boolean => {
    try {
      const code = 'import sys, venv, ensurepip; print((3, 11) <= sys.version_info[:2] < (3, 15))';
      return execFileSync(name, ['-c', code], { encoding: 'utf8', stdio: 'pipe' }).trim() === 'True';
    } catch {
      return false;
    }
  };
  const fit = names.find(isFit);
  if (fit === undefined) throw new Error('Python 3.11 to 3.14 with venv is needed, or set ORCHESTRA_SERENA.');
  return fit;
}

/** True when the tests have a Serena of the version that they want. */
export function isInstalled(): boolean {
  try {
    return execFileSync(serenaPath, ['--version'], { encoding: 'utf8', stdio: 'pipe' }).includes(version);
  } catch {
    return false;
  }
}

if (import.meta.main) {
  if (process.env['ORCHESTRA_SERENA']) {
    if (!existsSync(serenaPath)) throw new Error(`ORCHESTRA_SERENA names ${serenaPath}, and there is nothing.`);
  } else if (!isInstalled()) {
    console.error(`Installing serena-agent ${version} from PyPI into ${folder} ...`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(testCache, { recursive: true });
    execFileSync(python(), ['-m', 'venv', folder], { stdio: ['ignore', 'ignore', 'inherit'] });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', `serena-agent==${version}`];
    execFileSync(serenaPython, pip, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (!isInstalled()) throw new Error('The Serena that was installed does not work.');
  }
}

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Mounts a small file system of its own at a folder; undefined where that is not permitted (no root, a container, no Linux). */
export function mountSmall(folder: string, kilobytes: number): { readOnly(): void; end(): void } | undefined {
  if (process.platform !== 'linux') return undefined;
  const mount = (...args: string[]): void => void execFileSync(program('mount'), args, { stdio: 'ignore' });
  try {
    mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder);
  } catch {
    return undefined;
  }
  return {
    readOnly: () => mount('-o', 'remount,ro', folder),
    end: () => void execFileSync(program('umount'), ['-l', folder], { stdio: 'ignore' }),
  };
}

const program = (name: string): string => join('/bin', name);

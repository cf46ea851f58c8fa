import { execFileSync } from 'node:child_process';

/** Mounts a small file system of its own at a folder; undefined where that is not permitted (no root, a container, no Linux). */
export function mountSmall(folder: string, kilobytes: number): { readOnly(): void; end(): void } | undefined {
  if (process.platform !== 'linux') return undefined;
  const mount = (...args: string[]): void => void execFileSync('mount', args, { stdio: 'ignore' });
  try {
    mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', folder);
  } catch {
    return undefined;
  }
  return {
    readOnly: () => mount('-o', 'remount,ro', folder),
    end: () => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' }),
  };
}

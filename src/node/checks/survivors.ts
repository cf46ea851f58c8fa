import { readFile, readdir } from 'node:fs/promises';

/** Finds processes that left their group, by a variable in the environment that they inherited. Linux only; the sandbox needs none of it. */

/** Name of the variable that marks what a check started. */
export const markName = 'ORCHESTRA_CHECK';

/**
 * Kills every process that carries the mark, and looks again until none is left (they may be starting others meanwhile). Resolves to how
 * many. A process that cleared its environment is not found.
 */
export async function killMarked(mark: string): Promise<number> {
  if (process.platform !== 'linux') return 0;
  let killed = 0;
  for (let round = 0; round < 50; round++) {
    const found = await marked(`${markName}=${mark}`);
    for (const pid of found) {
      try {
        process.kill(pid, 'SIGKILL');
        killed++;
      } catch {
        // Gone meanwhile.
      }
    }
    if (found.length === 0) break;
  }
  return killed;
}

async function marked(entry: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      // Empty for zombies, unreadable for what is not ours.
      const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      return environ.split('\0').includes(entry) ? pid : undefined;
    }),
  );
  return found.filter((pid) => pid !== undefined);
}

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Every file below `root` but those below `without`, by path, with the hash of its bytes. */
export async function filesOf(
  root: string,
  without: readonly string[] = ['.git', '.orchestration', '.serena'],
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const entries = await readdir(root, { withFileTypes: true, recursive: true });
  for (const entry of entries) {
    const path = relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/');
    if (without.some((w) => path === w || path.startsWith(`${w}/`))) continue;
    if (entry.isSymbolicLink()) found[path] = `link ${await readlink(join(root, path))}`;
    else if (entry.isFile())
      found[path] = createHash('sha256')
        .update(await readFile(join(root, path)))
        .digest('hex');
  }
  return Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Paths below `root` that look like something left behind: temporaries, locks, a lease. */
export async function leftovers(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true });
  return entries.filter((path) => /(\.tmp|\.lock|lease\.json|\.partial)$/.test(path));
}

/** Command lines of living processes that name `word`; on Linux only. */
export async function processesOf(word: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return lines.map((line) => line.replaceAll('\0', ' ').trim()).filter((line) => line.includes(word));
}

/** No process with this word in its command line outlives its run, but for a moment: one whose starter was killed ends when its stdin does. */
export async function assertNoneOutlives(word: string): Promise<void> {
  const over = Date.now() + 30_000;
  while (Date.now() < over && (await processesOf(word)).length > 0) await delay(100);
  assert.deepEqual(await processesOf(word), [], 'processes that outlive their run');
}

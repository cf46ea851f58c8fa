import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { signalGroup } from './groups.ts';

/** Keeps the groups that live, so that none outlives us. */

const live = new Set<number>();
let guard: ChildProcess | undefined;
let watching = false;

/** Puts a group under guard: it is killed when we exit or die. The returned function takes it out again. */
export function guardGroup(pid: number): () => void {
  if (!watching) {
    watching = true;
    process.on('exit', () => {
      for (const group of live) signalGroup(group, 'SIGKILL');
    });
  }
  live.add(pid);
  tell(`+ ${pid}\n`);
  return () => {
    if (live.delete(pid)) tell(`- ${pid}\n`);
  };
}

/**
 * A shell that reads which groups live, and kills them when its stdin ends: that is when we are gone, however it
 * happened. The two seconds are for children that end by themselves when their own stdin closes. It sits in a
 * session of its own, so that a signal to our group or terminal does not reach it.
 */
const guardScript = `
groups=
while read -r word group; do
  rest=
  for one in $groups; do [ "$one" = "$group" ] || rest="$rest $one"; done
  groups=$rest
  [ "$word" = + ] && groups="$groups $group"
done
[ -z "$groups" ] && exit 0
sleep 2
for one in $groups; do kill -KILL "-$one"; done
`;

function tell(line: string): void {
  if (process.platform === 'win32') return;
  if (!guard) {
    guard = spawn('/bin/sh', ['-c', guardScript], {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    // Without a guard the other two ways still hold.
    guard.on('error', () => {});
    guard.stdin?.on('error', () => {});
    guard.unref();
    // A pipe of a child is a socket, which has `unref`; the type says only Writable.
    (guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
  }
  guard.stdin?.write(line);
}

import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Process groups, named by the pid of their leader. On Windows a "group" is the tree below that pid. */

/** Sends a signal to every process of the group; one that is gone already is fine. Windows knows only the forced end of a whole tree. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (process.platform === 'win32') {
    // SIGTERM does not exist there: a tree that did not end by its stdin is ended by force.
    spawnSync('taskkill', ['/PID', String(pid), '/T', '/F'], { stdio: 'ignore', windowsHide: true, timeout: 10_000 });
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // ESRCH: gone; EPERM: macOS says so of a group of zombies.
  }
}

/** True while a process of the group runs. On Windows always false: taskkill waited for the tree. */
export function groupLives(pid: number): boolean {
  if (process.platform === 'win32') return false;
  try {
    process.kill(-pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || hasRunningMember(pid);
}

/** A zombie answers signals as a process does; in a container whose first process reaps nothing it stays for ever. */
function hasRunningMember(group: number): boolean {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      // proc(5): pid (comm) state ppid pgrp …; comm may hold anything, so count from the last parenthesis.
      const text = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, , pgrp] = text.slice(text.lastIndexOf(')') + 2).split(' ');
      if (Number(pgrp) === group && state !== 'Z' && state !== 'X') return true;
    } catch {
      // It is gone meanwhile.
    }
  }
  return false;
}

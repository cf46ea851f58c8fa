import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, readlink } from 'node:fs/promises';
import { hostname, userInfo } from 'node:os';
import { z } from 'zod';

/** Who holds a lock or a lease: one process, told apart from a later one of the same pid. */
export const ownerSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  user: z.string(),
  platform: z.string(),
  /** Names this start of the machine; empty where the system has no such name. */
  boot: z.string(),
  /** Names the set of pids that it lives in (Linux); containers have their own. */
  pids: z.string(),
  /** When the process started, in the system's own words; empty where it cannot be told. */
  startTime: z.string(),
  nonce: z.string().min(1),
});
export type Owner = z.infer<typeof ownerSchema>;

/** `unknown`: on another machine or in another container, where nobody here can look. */
export type Life = 'living' | 'dead' | 'unknown';

/** This process as an owner, with a fresh nonce. */
export async function thisOwner(): Promise<Owner> {
  me ??= describeMe();
  return { ...(await me), nonce: randomBytes(9).toString('hex') };
}

/** Whether the owner's process still runs. What cannot be told for certain is never `dead`. */
export async function lifeOf(owner: Owner): Promise<Life> {
  me ??= describeMe();
  const here = await me;
  // A Windows editor and its WSL share name and folder, but not their pids.
  if (owner.platform !== here.platform) return 'unknown';
  // macOS changes its host name with the network, so the same start of the machine counts for more.
  const sameBoot = owner.boot !== '' && owner.boot === here.boot;
  if (!sameBoot && owner.host !== here.host) return 'unknown';
  if (!sameBoot && owner.boot !== '' && here.boot !== '') return 'dead';
  if (owner.pids !== here.pids) return 'unknown';
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'dead';
    // EPERM: it is there, and somebody else's.
  }
  const started = await startOf(owner.pid);
  if (started === 'ended') return 'dead';
  return started === '' || owner.startTime === '' || sameStart(started, owner.startTime) ? 'living' : 'dead';
}

let me: Promise<Omit<Owner, 'nonce'>> | undefined;

async function describeMe(): Promise<Omit<Owner, 'nonce'>> {
  return {
    pid: process.pid,
    host: hostname(),
    user: userName(),
    platform: process.platform,
    boot: await bootName(),
    pids: process.platform === 'linux' ? await readlink('/proc/self/ns/pid').catch(() => '') : '',
    // Windows: asking costs half a second, and Node starts within the tolerance after its process.
    startTime: process.platform === 'win32' ? String(performance.timeOrigin) : await startOf(process.pid),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A uid without an entry, as containers have it.
    return String(process.getuid?.() ?? '');
  }
}

async function bootName(): Promise<string> {
  switch (process.platform) {
    case 'linux':
      return readFile('/proc/sys/kernel/random/boot_id', 'utf8').then(
        (text) => text.trim(),
        () => '',
      );
    case 'darwin':
      return run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid']);
    default:
      return '';
  }
}

/** When a process started; `ended` for a zombie or one that is gone, empty when it cannot be told. */
async function startOf(pid: number): Promise<string> {
  switch (process.platform) {
    case 'linux': {
      // proc(5): pid (comm) state … starttime is field 22; comm may hold anything, so count from the last parenthesis.
      const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
      const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
      return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : (fields[19] ?? '');
    }
    case 'win32': {
      const ticks = `(Get-Process -Id ${pid}).StartTime.ToUniversalTime().Ticks`;
      const text = await run('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', ticks]);
      // .NET ticks: 100 ns since the year 1.
      return /^\d+$/.test(text) ? String(Number((BigInt(text) - 621_355_968_000_000_000n) / 10_000n)) : '';
    }
    default: {
      const text = await run('/bin/ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
      return text.startsWith('Z') ? 'ended' : text.replace(/^\S+\s+/, '');
    }
  }
}

/** The time that Node began lies up to seconds after the start that Windows tells. */
function sameStart(a: string, b: string): boolean {
  return process.platform === 'win32' ? Math.abs(Number(a) - Number(b)) < 10_000 : a === b;
}

/** What a small command of the system prints, trimmed; empty when it fails. */
function run(command: string, args: string[]): Promise<string> {
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  return new Promise((resolve) => {
    execFile(command, args, { env, timeout: 5_000, windowsHide: true }, (error, stdout) => {
      resolve(error ? '' : stdout.trim());
    });
  });
}

import { access, constants, readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { FileChange, GateVerdict } from '../../core/change/change.ts';
import { judgeChange } from '../../core/change/gate.ts';
import type { Gate } from '../../core/ports.ts';
import { inspect } from './inspect.ts';
import type { Found } from './inspect.ts';
import { holdsOnly } from './plan.ts';
import { locate, otherName, within } from './place.ts';
import type { Place } from './place.ts';

/** The gate: core's rules for what a change says, and here what the person's folder makes of it. Reads only. */

export interface GateFolder {
  /** The person's folder. */
  readonly root: string;
  /** All paths of the base. Without it, files are only counted, on disk, and new names compared with those that stand beside them. */
  readonly list?: (signal: AbortSignal) => Promise<readonly string[]>;
}

/** Opens the port. What it finds on disk is looked at again by `apply`, right before each write. */
export function openGate({ root, list }: GateFolder): Gate {
  return {
    async judge(changes, signal) {
      signal.throwIfAborted();
      const real = await realpath(root);
      const paths = await list?.(signal);
      const removed = changes.filter(({ before }) => before).length;
      const files = paths?.length ?? (await countFiles(real, removed * 2 + 1, signal));
      const verdicts = judgeChange(changes, { files, ...(paths && { paths }) });
      const gone = new Set(changes.filter(({ after }) => !after).map(({ path }) => path));
      const judged: GateVerdict[] = [];
      for (const [n, verdict] of verdicts.entries()) {
        signal.throwIfAborted();
        const change = changes[n] as FileChange;
        judged.push(verdict.verdict === 'refused' ? verdict : strictest(verdict, await onDisk(real, change, gone)));
      }
      return judged;
    },
  };
}

/** What the disk has against a file. */
export interface Objection {
  readonly verdict: 'held' | 'refused';
  readonly code: string;
  /** A sentence. */
  readonly reason: string;
}

/** The stricter of both; of two reasons to hold both are said. */
function strictest(verdict: GateVerdict, objections: readonly Objection[]): GateVerdict {
  const refusal = objections.find((one) => one.verdict === 'refused');
  const first = refusal ?? objections[0];
  if (!first) return verdict;
  const { path, content } = verdict;
  if (refusal) return { path, ...refusal, content };
  const reason = [verdict.reason, ...objections.map((one) => one.reason)].filter((one) => one !== undefined).join(' ');
  return { path, verdict: 'held', code: verdict.code ?? first.code, reason, content };
}

const refused = (code: string, reason: string): Objection[] => [{ verdict: 'refused', code, reason }];

async function onDisk(root: string, change: FileChange, gone: ReadonlySet<string>): Promise<Objection[]> {
  const { path, before, after } = change;
  const place = await locate(root, path, gone);
  if ('why' in place) {
    if (place.code === 'outside')
      return refused('link-outside', `It would be written outside the project: ${place.why}.`);
    // There is nothing behind a file that could be deleted.
    return after ? refused('file-and-folder', `It needs a folder where you have a file: ${place.why}.`) : [];
  }
  const elsewhere = place.real === path ? undefined : objectionAt(change, place.real);
  if (elsewhere) return [elsewhere];
  let found: Found =
    place.missing.length > 0 ? { kind: 'absent' } : await inspect(join(place.folder, place.name)).catch(unreadable);
  if (!before && found.kind !== 'absent') {
    const other = await otherName(place.folder, place.name);
    if (other !== undefined) {
      const twin = [...path.split('/').slice(0, -1), other].join('/');
      if (!gone.has(twin))
        return refused('same-name', `You have ${twin}, and this file system does not tell the two names apart.`);
      found = { kind: 'absent' };
    }
  }
  if (found.kind === 'folder') {
    if (after && before) return refused('file-and-folder', 'You have a folder of this name.');
    if (after && !(await holdsOnly(join(place.folder, place.name), path, gone))) {
      return refused('file-and-folder', 'You have a folder of this name that holds more than what the change deletes.');
    }
  }
  if (found.kind === 'other') return refused('no-file', 'It is no plain file, or cannot be read.');
  if (found.kind === 'link' && before?.mode !== '120000') {
    return refused('link', 'It is a symbolic link in your folder: nothing is written or deleted through one.');
  }
  if (!(await mayWrite(place.folder))) return refused('unwritable', 'Its folder cannot be written by you.');
  return [...(await linkObjections(root, change, place)), ...holdsFor(found, after !== undefined)];
}

function holdsFor(found: Found, stays: boolean): Objection[] {
  if (found.kind !== 'file') return [];
  const holds: Objection[] = [];
  if (found.links > 1 && stays) {
    const reason = 'Held: your file has further names (hard links), and only this one would get the new content.';
    holds.push({ verdict: 'held', code: 'hard-link', reason });
  }
  if ((found.mode & 0o222) === 0) {
    holds.push({ verdict: 'held', code: 'read-only', reason: 'Held: you have made this file read-only.' });
  }
  return holds;
}

/** Where a new link really leads, over links that are there already. */
async function linkObjections(root: string, change: FileChange, place: Place): Promise<Objection[]> {
  const target = change.after?.mode === '120000' ? change.after.text : undefined;
  if (target === undefined) return [];
  const parts = [...dirname(place.real).split('/'), ...target.split('/')].filter((part) => part !== '' && part !== '.');
  const end: string[] = [];
  for (const part of parts) {
    if (part !== '..') end.push(part);
    else if (end.pop() === undefined)
      return refused('link-outside', 'It is a symbolic link that leads out of the project.');
  }
  const outside = 'It is a symbolic link that leads out of the project over a link that is there already.';
  const goal = end.join('/');
  const led = await locate(root, goal);
  if ('why' in led) return led.code === 'outside' ? refused('link-outside', outside) : [];
  const real = led.missing.length > 0 ? undefined : await realpath(join(led.folder, led.name)).catch(() => undefined);
  if (real !== undefined && !within(root, real)) return refused('link-outside', outside);
  const reached = real === undefined ? led.real : real.slice(root.length + 1).replaceAll('\\', '/');
  if (reached === goal || reached === '') return [];
  const written = { path: reached, after: { mode: '100644', sha: change.after?.sha ?? '', text: '' } } as const;
  const [verdict] = judgeChange([written], { files: 1 });
  if (!verdict || verdict.verdict === 'pass') return [];
  const reason = `It is a symbolic link that leads to ${reached}: ${verdict.reason}`;
  return [{ verdict: verdict.verdict, code: 'link-to-settings', reason }];
}

/**
 * What speaks against writing a file at the real path that a link on its way leads to; undefined when the same rules hold there. A
 * guarded place is never reached over a link: what the person approved is another path.
 */
export function objectionAt(change: FileChange, real: string): Objection | undefined {
  const [asked] = judgeChange([change], { files: 1 });
  const [there] = judgeChange([{ ...change, path: real }], { files: 1 });
  if (!there || there.verdict === 'pass' || (there.verdict === 'held' && there.code === asked?.code)) return undefined;
  const reason = `A link on its way leads to ${real}. ${there.reason ?? ''}`.trim();
  return { verdict: 'refused', code: there.code ?? 'link', reason };
}

function unreadable(error: unknown): Found {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EBUSY') return { kind: 'other' };
  throw error;
}

async function mayWrite(folder: string): Promise<boolean> {
  return access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** Not the person's work, as a rule, so that it does not hide that all of that is deleted. */
const notCounted = new Set([
  '.git',
  '.orchestration',
  '.serena',
  'node_modules',
  '.venv',
  'venv',
  'target',
  'dist',
  'build',
  'vendor',
]);

/** How many files the folder has; counting ends at `enough`. */
async function countFiles(folder: string, enough: number, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  let count = 0;
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (count >= enough) break;
    if (!entry.isDirectory()) count++;
    else if (!notCounted.has(entry.name)) count += await countFiles(join(folder, entry.name), enough - count, signal);
  }
  return count;
}

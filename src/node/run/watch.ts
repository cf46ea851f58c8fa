import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename } from 'node:path';

/** Tells of changes in one folder until it is closed. */
export interface FolderWatch {
  /** Resolves at the first change since it last resolved, at the latest after the poll; rejects with the signal's reason. */
  next(): Promise<void>;
  close(): void;
}

/**
 * Watches the entries of a folder, which need not be there yet. Events of the system only shorten the wait: network folders,
 * containers and used-up watches send none, so the poll (milliseconds) bounds it. Open it first and read then: nothing is missed.
 */
export function watchFolder(folder: string, pollMs: number, signal: AbortSignal): FolderWatch {
  let changed = false;
  let closed = false;
  let wake: (() => void) | undefined;
  let watcher: FSWatcher | undefined;

  const unwatch = (): void => {
    watcher?.close();
    watcher = undefined;
  };
  const rewatch = (): void => {
    if (watcher || closed) return;
    try {
      // Not persistent: what keeps a waiting process alive is the poll's timer.
      watcher = watch(folder, { persistent: false }, (kind, name) => {
        changed = true;
        // The folder itself went away; the watch would go on watching the old one.
        if (kind === 'rename' && name === basename(folder)) unwatch();
        wake?.();
      });
      watcher.on('error', unwatch);
    } catch {
      // Not there yet, or no watches left: the poll has to do.
    }
  };
  rewatch();

  return {
    async next() {
      signal.throwIfAborted();
      rewatch();
      if (!changed && !closed) {
        await new Promise<void>((resolve, reject) => {
          const settle = (end: () => void) => (): void => {
            clearTimeout(timer);
            signal.removeEventListener('abort', aborted);
            wake = undefined;
            end();
          };
          const timer = setTimeout(settle(resolve), pollMs);
          const aborted = settle(() => reject(signal.reason as Error));
          signal.addEventListener('abort', aborted, { once: true });
          wake = settle(resolve);
        });
      }
      changed = false;
    },
    close() {
      closed = true;
      unwatch();
      wake?.();
    },
  };
}

import { join } from 'node:path';
import type { Log } from '../../../core/ports.ts';
import { liesWithin } from '../../files.ts';
import { cacheFolder, projectKey } from '../../paths.ts';
import { openStore } from '../store.ts';
import type { Store } from '../store.ts';
import { attachSerena } from './attach.ts';
import type { Attached } from './attach.ts';
import { findSerena } from './find.ts';
import { inspectSerena } from './inspect.ts';
import { openSerenaStore } from './serenaStore.ts';

/** `memory.backend`: `auto` writes the bus by the embedded store and attaches Serena; `serena` writes it through Serena's tools; `files` does without. */
export type MemoryBackend = 'auto' | 'serena' | 'files';

export interface MemoryOptions {
  readonly root: string;
  readonly backend: MemoryBackend;
  /** Where Serena is, as the person set it: a path, or `uvx`. */
  readonly program?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  /** Its end is Serena's end. */
  readonly signal: AbortSignal;
  readonly log: Log;
  /** The person's home folder; default that of the system. */
  readonly home?: string;
}

export interface Memory {
  readonly store: Store;
  /** With `auto` it may still be starting; nothing waits for it. */
  readonly serena?: Attached;
  /** Sentences for the person, most often none. */
  readonly notes: readonly string[];
}

/**
 * Opens the memories of a project. Without a Serena that works, the embedded store does everything, and a note says why where the person
 * asked for Serena. Throws as `openStore` does, and the signal's reason.
 */
export async function openMemory(options: MemoryOptions): Promise<Memory> {
  const { root, backend, env, signal, log, home } = options;
  if (backend === 'files') return { store: await openStore(root), notes: [] };
  const notes = await inspectSerena({ root, env, ...(home === undefined ? {} : { home }) });
  const files = await openStore(root);
  const missing = (why: string): Memory => {
    log.debug(`No Serena: ${why}`);
    // Who has none and did not ask for one need not hear of it.
    if (backend === 'auto' && !options.program) return { store: files, notes: [] };
    return { store: files, notes: [...notes, `${why} The memories are written without Serena.`] };
  };

  const memories = join(root, '.serena', 'memories');
  const cache = join(cacheFolder(env), 'serena');
  const folder = join(cache, projectKey(root));
  // What lies in the project may come from the project.
  if (await liesWithin(root, folder))
    return missing(`Serena is not started: our cache folder ${folder} lies in the project.`);
  const found = await findSerena({
    setting: options.program,
    env,
    signal,
    cache,
    mayDownload: backend === 'serena' || options.program === 'uvx',
    ...(home === undefined ? {} : { home }),
  });
  if (!found.program) return missing(found.why);
  const serena = attachSerena({ program: found.program, files, memories, folder, env, signal, log });
  if (backend === 'auto') return { store: files, serena, notes };
  const state = await serena.settled;
  signal.throwIfAborted();
  const store = openSerenaStore({ root, serena, files, log });
  if (state.is === 'attached') return { store, serena, notes };
  const meanwhile =
    state.is === 'gone'
      ? 'The memories are written without it.'
      : 'Until it works, the memories are written without it.';
  return { store, serena, notes: [...notes, `Serena is not attached: ${state.why} ${meanwhile}`] };
}

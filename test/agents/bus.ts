import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '../../src/core/ports.ts';
import { openDrop } from '../../src/node/memory/drop.ts';
import { openStore } from '../../src/node/memory/store.ts';
import { createRun } from '../../src/node/run/runs.ts';
import { bundledServer } from '../../src/node/servers.ts';

/** The part of the bus that models write to, with its real server, in a project of its own. */
export interface TestBus {
  readonly hand: Bus['hand'];
  /** What came, in order: the call and the subject. */
  readonly arrived: readonly string[];
  end(): Promise<void>;
}

/** Opens one that takes whatever is proved. */
export async function openTestBus(folder: string): Promise<TestBus> {
  const root = join(folder, 'project');
  await mkdir(root, { recursive: true });
  const { id: run, folder: runFolder } = await createRun(root, { now: Date.now, random: Math.random });
  const store = await openStore(root);
  const quiet = (): void => {};
  const ready = Promise.withResolvers<void>();
  const drop = openDrop({
    root,
    run,
    folder: runFolder,
    memories: store.pathOf(`orch/${run}/drop/x`).replace(/[\\/]x\.md$/, ''),
    secret: 'of a test',
    roles: ['critic'],
    cut: new Set(),
    most: 20,
    server: bundledServer('bus'),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    pollMs: 200,
    onLook: async () => ready.resolve(),
  });
  const arrived: string[] = [];
  const over = new AbortController();
  const listening = (async () => {
    for await (const { id, call, subject } of drop.arrivals(over.signal)) {
      arrived.push(`${call}: ${subject}`);
      await drop.settle(id, { seq: arrived.length, memory: 'm' });
    }
  })();
  await Promise.race([ready.promise, listening]);
  return {
    hand: (attempt) => drop.hand(attempt),
    arrived,
    async end() {
      over.abort();
      await listening;
    },
  };
}

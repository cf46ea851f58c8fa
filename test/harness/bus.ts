import { mkdir } from 'node:fs/promises';
import type { Bus } from '../../src/core/ports.ts';
import { type DropOptions, openDrop } from '../../src/node/memory/drop.ts';
import { tokenOf } from '../../src/node/memory/leave.ts';
import { openStore } from '../../src/node/memory/store.ts';
import { createRun } from '../../src/node/run/runs.ts';

/** The part of the bus that models write to, in a project of its own. */
export interface TestBus {
  readonly hand: Bus['hand'];
  readonly run: string;
  readonly folder: string;
  /** The token of an attempt of `role`. */
  token(call: string, attempt: number): string;
  /** What came, in order: the call, its attempt and the subject. */
  readonly arrived: readonly string[];
  end(): Promise<void>;
}

const [secret, role] = ['of a test', 'critic'];

/** Opens one, for calls of the critic, that takes whatever is proved. */
export async function openTestBus(root: string, server: DropOptions['server']): Promise<TestBus> {
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
    secret,
    roles: [role],
    cut: new Set(),
    most: 20,
    server,
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    pollMs: 200,
    onLook: async () => ready.resolve(),
  });
  const arrived: string[] = [];
  const over = new AbortController();
  const listening = (async () => {
    for await (const { id, call, attempt, subject } of drop.arrivals(over.signal)) {
      arrived.push(`${call}#${attempt}: ${subject}`);
      await drop.settle(id, { seq: arrived.length, memory: 'm' });
    }
  })();
  await Promise.race([ready.promise, listening]);
  return {
    run,
    folder: runFolder,
    token: (call, attempt) => tokenOf(secret, { run, call, attempt, role }),
    hand: (attempt) => drop.hand(attempt),
    arrived,
    async end() {
      over.abort();
      await listening;
    },
  };
}

import { applyRun, type Begin, type RunEnd, reviewWorkflow, runWorkflow } from '../../../src/core/phases/workflow.ts';
import type { RunHooks } from '../../../src/core/run/engine.ts';
import { type Budget, budgetSchema } from '../../../src/core/team/file.ts';
import { newLife } from './crash.ts';
import { type CrashAt, memoryJournal } from './journal.ts';
import { portsOf, type World } from './world.ts';

const run = 'r260105-090000-test';

export interface LifeOptions {
  readonly crash?: CrashAt;
  readonly full?: number;
  readonly budget?: Budget;
  readonly flushMs?: number;
  readonly signal?: AbortSignal;
  readonly onRecord?: RunHooks['onRecord'];
  readonly apply?: boolean;
  /** A piece of the person's review, in the place of the whole. */
  readonly review?: Parameters<typeof reviewWorkflow>[0];
  readonly task?: string;
}

/** One process that runs the run, from its start to its end or its death. The first begins it, every other resumes it. */
export async function live(world: World, options: LifeOptions = {}): Promise<RunEnd> {
  const life = newLife();
  const { clock, team } = world;
  const epoch = (world.journal.at(-1)?.epoch ?? 0) + 1;
  const journal = memoryJournal(world.journal, {
    clock,
    life,
    epoch,
    crash: options.crash,
    flushMs: options.flushMs,
    full: options.full,
  });
  const signal = options.signal ?? new AbortController().signal;
  return clock.play(
    (async (): Promise<RunEnd> => {
      const { budget } = options;
      const begin: Begin =
        world.journal.length === 0
          ? {
              type: 'run.created',
              task: options.task ?? 'Do the task.',
              engine: '1',
              team: 'default',
              budget: budget ?? budgetSchema.parse({}),
              scripted: true,
              budgetFrom: 'default',
            }
          : { type: 'run.resumed', by: 'ana', engine: '1', ...(budget && { budget }) };
      const ports = portsOf(world, life, journal);
      // What the real bus does when it is opened.
      for (const record of journal.records) if (record.event.type === 'message.posted') await ports.bus.post(record);
      const input = { run, team, teamName: 'default' };
      const hooks: RunHooks = options.onRecord ? { onRecord: options.onRecord } : {};
      if (options.review) return reviewWorkflow(options.review, { timed: true })(begin, input, ports, signal, hooks);
      return options.apply
        ? applyRun(begin, input, ports, signal, hooks)
        : runWorkflow(begin, input, ports, signal, hooks);
    })(),
  );
}

import type { Failure } from '../../../src/core/ask.ts';
import { call, type CallResult } from '../../../src/core/run/call.ts';
import type { CallSpec } from '../../../src/core/run/callSpec.ts';
import { openRun, type Run, type RunHandle } from '../../../src/core/run/engine.ts';
import type { EventOf, RunEvent } from '../../../src/core/run/events.ts';
import { RunStopped } from '../../../src/core/run/stopped.ts';
import type { Budget, Cast, Model, Route } from '../../../src/core/team/file.ts';
import { newLife } from './crash.ts';
import { memoryJournal } from './journal.ts';
import type { Reply, Script } from './models.ts';
import { created, resumed } from './records.ts';
import { testTeam } from './team.ts';
import { newWorld, portsOf, type World } from './world.ts';

const fine = { verdict: 'fine', summary: 'Good.' };
export const good: Reply = { json: fine };

export const route = (
  server: string,
  ids: string[],
  more: Partial<Route> = {},
): Partial<Route> & { server: string; ids: string[] } => ({ server, ids, ...more });
export const model = (routes: ReturnType<typeof route>[], more: Partial<Model> = {}) => ({
  title: 'M',
  vendor: 'v',
  price: { input: 1, output: 10 },
  ...more,
  routes,
});

/** One model over two servers, another over a third. */
export const models = { a: model([route('s1', ['a-id']), route('s2', ['a-id'])]), b: model([route('s3', ['b-id'])]) };

export const cast = (...names: string[]): Cast => ({
  role: 'reviewer',
  title: 'Reviewer',
  duties: ['review'],
  access: 'read',
  required: false,
  models: names.map((m) => ({ model: m })),
});

export interface Bench {
  readonly world: World;
  readonly handle: RunHandle;
  readonly run: Run;
  ask(spec?: Partial<CallSpec<'verdict'>>): Promise<CallResult<'verdict'>>;
  events<T extends RunEvent['type']>(type: T): EventOf<T>[];
  servers(): string[];
}

/** A world and a run on it, to make calls with. */
export async function bench(
  script: Script,
  options: {
    team?: Parameters<typeof testTeam>[0];
    budget?: Partial<Budget>;
    world?: World;
    signal?: AbortSignal;
    flushMs?: number;
  } = {},
): Promise<Bench> {
  const world =
    options.world ??
    newWorld({ team: testTeam({ models, ...options.team } as never), project: { 'a.ts': 'a\n' }, script });
  world.script = script;
  const life = newLife();
  const epoch = (world.journal.at(-1)?.epoch ?? 0) + 1;
  const ports = portsOf(world, life, memoryJournal(world.journal, { clock: world.clock, life, epoch }));
  const handle = openRun(
    { run: 'r1', team: world.team, teamName: 'default' },
    ports,
    options.signal ?? new AbortController().signal,
  );
  await handle.begin(
    (epoch === 1 ? created({ budget: { calls: 40, minutes: 45, ...options.budget } }) : resumed()) as never,
  );
  const { run } = handle;
  if (epoch === 1) {
    const base = await ports.workspaces.takeBase(run.signal);
    await ports.workspaces.open('w', base.commit, run.signal);
  }
  return {
    world,
    handle,
    run,
    ask: (spec = {}) =>
      world.clock.play(
        call<'verdict'>(run, {
          key: 'implementation/x/r0/reviewer',
          cast: cast('a', 'b'),
          phase: 'implementation',
          kind: 'verdict',
          title: 'judges x',
          inputs: null,
          prompt: async () => 'Judge it.',
          access: 'read',
          cwd: async () => '/checkouts/w',
          ...spec,
        }),
      ),
    events: (type) => world.journal.flatMap((r) => (r.event.type === type ? [r.event as never] : [])),
    servers: () => world.asked.map((a) => a.route.server),
  };
}

export const failing =
  (failure: Failure, only?: string): Script =>
  (asked) =>
    only === undefined || asked.route.server === only ? { failure } : good;
export const stopped = (outcome: string, message: RegExp) => (error: unknown) =>
  error instanceof RunStopped && error.outcome === outcome && message.test(error.message);

import { createHash } from 'node:crypto';
import { judgeChange } from '../../../src/core/change/gate.ts';
import { mergeText } from '../../../src/core/change/merge.ts';
import { UserError } from '../../../src/core/errors.ts';
import type { Applier, Arrival, Gate, Inbox, InboxMessage, Person, Ports, Receipt } from '../../../src/core/ports.ts';
import type { Control } from '../../../src/core/run/control.ts';
import type { CheckResult, JournalRecord } from '../../../src/core/run/events.ts';
import { fold } from '../../../src/core/run/fold.ts';
import type { RunState } from '../../../src/core/run/state.ts';
import type { Check, TeamFile } from '../../../src/core/team/file.ts';
import { testClock, type TestClock } from './clock.ts';
import type { Life } from './crash.ts';
import { type Asked, type Script, scriptedModels } from './models.ts';
import { type Files, filesAt, memoryWorkspaces, newRepository, type Repository } from './workspaces.ts';

/** A whole machine in memory. Its disk outlives the processes that run on it, one after the other. */
export interface World {
  readonly clock: TestClock;
  readonly team: TeamFile;
  /** The person's folder. */
  readonly project: Files;
  readonly repository: Repository;
  readonly journal: JournalRecord[];
  readonly memories: Files;
  /** The project's lasting memories. */
  readonly knowledge: Files;
  readonly asked: Asked[];
  readonly inbox: InboxMessage[];
  /** What models left for the bus, and what became of what is gone. */
  readonly arrivals: Arrival[];
  readonly receipts: Map<string, Receipt>;
  /** How often each apply really wrote. */
  readonly applies: string[];
  readonly transcripts: Files;
  readonly log: string[];
  readonly checked: { cwd: string; name: string }[];
  script: Script;
  person: Partial<Person>;
  gate: Partial<Gate>;
  /** The outcome of a check on these files; green where it says nothing. */
  check: (check: Check, files: Files) => Partial<CheckResult> | undefined;
  prepare: (cwd: string, signal: AbortSignal) => Promise<void>;
  probe: Parameters<typeof scriptedModels>[0]['probe'];
  /** A model leaves something for the bus, in the middle of its call, or beside all calls. */
  leave(arrival: Partial<Arrival> & Pick<Arrival, 'from'>): string;
  /** Ids of a route that its catalogue does not show any more. */
  gone: Parameters<typeof scriptedModels>[0]['gone'];
  /** A word to the inbox from another terminal, in the middle of things. */
  say(text: string, to?: string, kind?: InboxMessage['kind']): void;
  /** The same for what is to become of a call or a route. */
  control(control: Control): void;
}

const wakers = new WeakMap<World, Set<() => void>>();

export function newWorld(options: { team: TeamFile; project: Record<string, string>; script: Script }): World {
  const world: World = {
    clock: testClock(),
    team: options.team,
    project: new Map(Object.entries(options.project)),
    repository: newRepository(),
    journal: [],
    memories: new Map(),
    knowledge: new Map(),
    asked: [],
    inbox: [],
    arrivals: [],
    receipts: new Map(),
    applies: [],
    transcripts: new Map(),
    log: [],
    checked: [],
    script: options.script,
    person: {},
    gate: {},
    check: () => undefined,
    prepare: async () => {},
    probe: undefined,
    leave(arrival) {
      const id = `a${world.arrivals.length + world.receipts.size + 1}`;
      world.arrivals.push({
        id,
        kind: 'finding',
        to: [],
        subject: `From ${arrival.from}`,
        body: 'Mind it.',
        ...arrival,
      });
      for (const wake of wakers.get(world) ?? []) wake();
      return id;
    },
    gone: undefined,
    control: (control) => post({ kind: 'control', text: '', control }),
    say: (text, to, kind = 'say') => post({ kind, text, ...(to !== undefined && { to }) }),
  };
  const post = (message: Omit<InboxMessage, 'id' | 'from'>): void => {
    world.inbox.push({ ...message, id: `i${world.inbox.length + 1}-${message.text.length}`, from: 'ana' });
    for (const wake of wakers.get(world) ?? []) wake();
  };
  wakers.set(world, new Set());
  return world;
}

/** What the journal says, folded anew. */
export function stateOf(world: World): RunState {
  return fold(world.journal);
}

/** The ports of one process on this machine. */
export function portsOf(world: World, life: Life, journal: Ports['journal']): Ports {
  const { clock, repository } = world;
  let listening = false;
  const say = (level: string) => (message: string) => void world.log.push(`${level}: ${message}`);
  return {
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    clock,
    journal,
    inbox: inboxOf(world, life),
    models: scriptedModels({
      script: (asked, permit) => world.script(asked, permit),
      log: world.asked,
      clock,
      life,
      repository,
      probe: (route) => world.probe?.(route),
      gone: (route) => world.gone?.(route) ?? [],
    }),
    workspaces: memoryWorkspaces(repository, { life, project: () => world.project }),
    checks: {
      async prepare(cwd, signal) {
        life.assertAlive();
        await world.prepare(cwd, signal);
      },
      async run(check, cwd, signal) {
        life.assertAlive();
        world.checked.push({ cwd, name: check.name });
        await clock.sleep(1, signal);
        life.assertAlive();
        const said = world.check(check, filesAt(repository, cwd)) ?? {};
        const result = said.result ?? 'green';
        return {
          name: check.name,
          run: check.run,
          result,
          exitCode: result === 'green' ? 0 : 1,
          ms: 1,
          tail: '',
          ...said,
        };
      },
    },
    bus: {
      async write(memory, text) {
        life.assertAlive();
        world.memories.set(memory, text);
      },
      async post(record) {
        life.assertAlive();
        const { event } = record;
        if (event.type !== 'message.posted') throw new Error(`${event.type} is no message`);
        const text = `${event.seq} ${event.from} ${event.subject}\n${event.body}`;
        const before = world.memories.get(event.memory);
        if (before !== undefined && before !== text) throw new Error(`${event.memory} is written twice`);
        world.memories.set(event.memory, text);
      },
      async hand(attempt) {
        life.assertAlive();
        return {
          servers: [
            {
              name: 'bus',
              command: 'bus',
              args: [],
              env: { CALL: attempt.call, HEARD: String(attempt.heard), SESSION: attempt.session ?? '' },
            },
          ],
          // As the real one: what was left before its end is journaled before the call's end is.
          end: async () => {
            while (!life.dead && listening && world.arrivals.some((a) => a.call === attempt.call)) await clock.sleep(1);
          },
        };
      },
      async *arrivals(signal) {
        listening = true;
        try {
          yield* comingIn(world, world.arrivals, signal);
        } finally {
          listening = false;
        }
      },
      async settle(id, receipt) {
        life.assertAlive();
        world.receipts.set(id, receipt);
        world.arrivals.splice(
          world.arrivals.findIndex((a) => a.id === id),
          1,
        );
      },
    },
    knowledge: {
      list: async () => [...world.knowledge.keys()].toSorted(),
      read: async (name) => world.knowledge.get(name),
      async write(name, text, before) {
        life.assertAlive();
        if (world.knowledge.get(name) !== before && world.knowledge.get(name) !== text) return false;
        world.knowledge.set(name, text);
        return true;
      },
    },
    gate: {
      async judge(changes, signal) {
        life.assertAlive();
        if (world.gate.judge) return world.gate.judge(changes, signal);
        return judgeChange(changes, { files: world.project.size, paths: [...world.project.keys()] });
      },
    },
    applier: applierOf(world, life),
    person: {
      name: 'ana',
      reviews: world.person.reviews ?? false,
      decide: async (question, signal) => (life.assertAlive(), world.person.decide?.(question, signal) ?? 'go'),
      permit: async (request, signal) => (life.assertAlive(), world.person.permit?.(request, signal) ?? 'no'),
      approve: async (file, diff, signal) => (life.assertAlive(), world.person.approve?.(file, diff, signal) ?? 'no'),
    },
    transcripts: {
      prompt: (call, attempt, text) => void world.transcripts.set(`${call}#${attempt} asked`, text),
      read: async (call, attempt) => ({
        asked: world.transcripts.get(`${call}#${attempt} asked`) ?? '',
        said: world.transcripts.get(`${call}#${attempt}`) ?? '',
      }),
      append: (call, attempt, text) => {
        const key = `${call}#${attempt}`;
        world.transcripts.set(key, (world.transcripts.get(key) ?? '') + text);
      },
      end: () => {},
    },
    hash: (text) => createHash('sha256').update(text).digest('hex'),
    redact: (text) => text.replaceAll('hunter2-secret', '[redacted]'),
  };
}

/** Each of what lies there, and then each as it comes, once. */
async function* comingIn<T extends { readonly id: string }>(
  world: World,
  lying: readonly T[],
  signal: AbortSignal,
): AsyncIterable<T> {
  const given = new Set<string>();
  while (!signal.aborted) {
    for (;;) {
      const one = lying.find((m) => !given.has(m.id));
      if (!one) break;
      given.add(one.id);
      yield one;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    wakers.get(world)?.add(resolve);
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (lying.some((m) => !given.has(m.id)) || signal.aborted) resolve();
    await promise;
    wakers.get(world)?.delete(resolve);
  }
}

function inboxOf(world: World, life: Life): Inbox {
  return {
    async *messages(signal) {
      yield* comingIn(world, world.inbox, signal);
    },
    async settle(id) {
      life.assertAlive();
      world.inbox.splice(
        world.inbox.findIndex((m) => m.id === id),
        1,
      );
    },
  };
}

/** Three-way against the files as they are now; all or nothing; the same once more changes nothing. */
function applierOf(world: World, life: Life): Applier {
  return {
    async apply(changes, id) {
      life.assertAlive();
      const files: string[] = [];
      const merged: string[] = [];
      const next: Files = new Map(world.project);
      for (const { path, before, after } of changes) {
        const now = next.get(path);
        if (now === after?.text) continue;
        if (now === before?.text || after?.text === undefined || now === undefined) {
          if (after?.text === undefined) next.delete(path);
          else next.set(path, after.text);
        } else {
          const both = mergeText(before?.text ?? '', now, after.text);
          if (both.conflict) throw new UserError('apply-conflict', `${path} was changed meanwhile.`);
          next.set(path, both.text);
          merged.push(path);
        }
        files.push(path);
      }
      if (files.length > 0) world.applies.push(id);
      world.project.clear();
      for (const [path, text] of next) world.project.set(path, text);
      return { files: changes.map((c) => c.path), merged };
    },
  };
}

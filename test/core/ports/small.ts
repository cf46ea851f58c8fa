import type { EventOf, RunEvent } from '../../../src/core/run/events.ts';
import type { TeamLayer } from '../../../src/core/team/file.ts';
import type { Asked, Reply, Script } from './models.ts';
import { testTeam } from './team.ts';
import type { Files } from './workspaces.ts';
import { newWorld, type World } from './world.ts';

/** A team of five on two files: one analyst, two writers, one reviewer. What a test is about it changes by a call's key. */

const smallProject = { 'a.ts': 'one\ntwo\nthree\n', 'b.ts': 'four\n' };

export const item = (id: string, owners: string[], paths: string[], more: object = {}): object => ({
  id,
  title: id,
  what: `Do ${id}.`,
  owners,
  paths,
  findings: [],
  ...more,
});

export const planOf = (items: object[], more: object = {}): object => ({ goal: 'Do it.', items, ...more });

/** Sets files to these texts, and removes those that are undefined. */
export const put = (files: Record<string, string | undefined>) => (tree: Files) => {
  for (const [path, text] of Object.entries(files)) {
    if (text === undefined) tree.delete(path);
    else tree.set(path, text);
  }
};

export const wrote = (files: Record<string, string | undefined>, more: Reply = {}): Reply => ({
  json: { summary: 'Done.' },
  write: put(files),
  ...more,
});

type Act = Reply | ((asked: Asked, permit: Parameters<Script>[1]) => Reply | Promise<Reply>);

const usual: Record<string, Act> = {
  triage: { json: { title: 'Small', size: 'core', why: 'So.' } },
  findings: { json: { summary: 'Nothing.', findings: [] } },
  plan: { json: planOf([item('i1', ['implementer'], ['a.ts']), item('i2', ['second'], ['b.ts'])]) },
  criteria: { json: { criteria: ['It works.'] } },
  verdict: { json: { verdict: 'fine', summary: 'Good.' } },
  integration: { json: { summary: 'It is done.' } },
  'implementation/implementer/r0': wrote({ 'a.ts': 'ONE\ntwo\nthree\n' }),
  'implementation/second/r0': wrote({ 'b.ts': 'FOUR\n' }),
};

/** The script of the small team; `acts` go by key first, then by the kind of the call. */
export function acting(acts: Record<string, Act>): Script {
  const of = (name: string): Act | undefined =>
    Object.hasOwn(acts, name) ? acts[name] : Object.hasOwn(usual, name) ? usual[name] : undefined;
  return async (asked, permit) => {
    const { key, kind } = asked.input.call;
    const act = of(key) ?? of(kind);
    if (!act) throw new Error(`nobody acts in ${key}`);
    return typeof act === 'function' ? act(asked, permit) : act;
  };
}

export function smallWorld(acts: Record<string, Act> = {}, layer: TeamLayer = {}): World {
  const team = testTeam({
    teams: {
      default: { core: ['orchestrator', 'architect', 'implementer', 'second', 'reviewer'], specialists: ['third'] },
    },
    ...layer,
  });
  return newWorld({ team, project: smallProject, script: acting(acts) });
}

export function eventsOf<T extends RunEvent['type']>(world: World, type: T): EventOf<T>[] {
  return world.journal.flatMap((r) => (r.event.type === type ? [r.event as never] : []));
}

/** The prompt of a call, of its n-th attempt. */
export function promptOf(world: World, key: string, nth = 1): string {
  const prompt = world.asked.filter((a) => a.input.call.key === key)[nth - 1]?.input.prompt;
  if (prompt === undefined) throw new Error(`${key} was not asked ${nth} times`);
  return prompt;
}

export const keysAsked = (world: World): string[] => world.asked.map((a) => a.input.call.key);

import { z } from 'zod';

/**
 * What the person can have done to a run while it goes on, from any window or terminal. About a call under way: `stop` it
 * (its role is then missing, as if it had failed), `retry` it over the same way, `move` it on to the next. About a route:
 * `leave` it alone for the rest of this run, or `use` it again.
 */
export const controlSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('stop'), call: z.string().min(1).max(300) }),
  z.object({ kind: z.literal('retry'), call: z.string().min(1).max(300) }),
  z.object({ kind: z.literal('move'), call: z.string().min(1).max(300) }),
  z.object({ kind: z.literal('leave'), server: z.string().max(60), agent: z.string().max(60).optional() }),
  z.object({ kind: z.literal('use'), server: z.string().max(60), agent: z.string().max(60).optional() }),
]);
export type Control = z.infer<typeof controlSchema>;
export type CallControl = Extract<Control, { call: string }>;

/** A control as a person reads it in the journal. */
export function controlText(control: Control): string {
  switch (control.kind) {
    case 'stop':
      return `stop ${control.call}`;
    case 'retry':
      return `try ${control.call} again`;
    case 'move':
      return `move ${control.call} on to the next route`;
    case 'leave':
      return `stay off ${routeName(control)}`;
    case 'use':
      return `use ${routeName(control)} again`;
  }
}

/** A route as people see it: its server, and of a server with several agents which. */
export function routeName({ server, agent }: { server: string; agent?: string | undefined }): string {
  return agent === undefined ? server : `${server} (${agent})`;
}

/** What the person said of a route, or without `agent` of all routes over a server. */
export interface RouteWord {
  readonly kind: 'leave' | 'use';
  readonly server: string;
  readonly agent?: string | undefined;
  readonly by: string;
}

type RouteNames = Pick<RouteWord, 'server' | 'agent'>;

/** Whether a word about the one is a word about the other, too. */
export function isAbout(word: RouteNames, route: RouteNames): boolean {
  return word.server === route.server && (word.agent === undefined || word.agent === route.agent);
}

/** The words with one more: it takes the place of those that it makes void. */
export function withWord(words: readonly RouteWord[], control: Control, by: string): readonly RouteWord[] {
  if (control.kind !== 'leave' && control.kind !== 'use') return words;
  return [...words.filter((word) => !isAbout(control, word)), { ...control, by }];
}

/** The word by which a route is left alone: of several about it the last counts. */
export function leftBy(words: readonly RouteWord[], route: RouteNames): RouteWord | undefined {
  const last = words.findLast((word) => isAbout(word, route));
  return last?.kind === 'leave' ? last : undefined;
}

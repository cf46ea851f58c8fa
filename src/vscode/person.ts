import { userInfo } from 'node:os';
import type { Person } from '../core/ports.ts';
import type { Asking } from './asking.ts';

/** The person at this window: every question waits in the queue until it is answered in the panel or a notification. */
export function editorPerson(asking: Asking, run: () => string): Person {
  return {
    name: personName(),
    reviews: true,
    decide: (stop, signal) => asking.ask<'stop'>({ kind: 'stop', run: run(), stop }, signal),
    permit: (request, signal) => asking.ask<'permission'>({ kind: 'permission', run: run(), request }, signal),
    approve: (file, diff, signal) => asking.ask<'held'>({ kind: 'held', run: run(), file, diff }, signal),
  };
}

/** The name of the account, as the journal says who answered. */
export function personName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}

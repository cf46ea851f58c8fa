import type { CheckResult, EventOf } from './events.ts';

/** The checks that are red and judge: those that were red on the base judge nobody. */
export function redOf({ results, excused }: Pick<EventOf<'checks.ended'>, 'results' | 'excused'>): CheckResult[] {
  return results.filter(({ name, result }) => result === 'red' && !excused.includes(name));
}

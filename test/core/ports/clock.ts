import type { Clock } from '../../../src/core/ports.ts';

interface Timer {
  readonly at: number;
  /** A sleeper is somebody at work, and moves time; a deadline only comes with it. */
  readonly sleeper: boolean;
  fire(): void;
}

/** A clock that stands until somebody moves it, or until all who work are asleep. */
export interface TestClock extends Clock {
  /** Resolves when so much time has passed; rejects with the signal's reason. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  advance(ms: number): void;
  /** Moves time from one sleeper to the next until the work is over. Throws when nothing moves any more. */
  play<T>(work: Promise<T>): Promise<T>;
  /** Timers that nobody has cancelled. */
  pending(): number;
}

export function testClock(start = Date.UTC(2026, 0, 5, 9)): TestClock {
  let now = start;
  let timers: Timer[] = [];
  const add = (timer: Timer): (() => void) => {
    timers.push(timer);
    return () => {
      timers = timers.filter((t) => t !== timer);
    };
  };
  const advanceTo = (end: number): void => {
    for (;;) {
      const next = timers.filter((t) => t.at <= end).toSorted((a, b) => a.at - b.at)[0];
      if (!next) break;
      timers = timers.filter((t) => t !== next);
      now = Math.max(now, next.at);
      next.fire();
    }
    now = Math.max(now, end);
  };
  return {
    now: () => now,
    timeout(ms) {
      const control = new AbortController();
      const cancel = add({
        at: now + ms,
        sleeper: false,
        fire: () => control.abort(new DOMException('The time is over.', 'TimeoutError')),
      });
      return { signal: control.signal, cancel };
    },
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const cancel = add({ at: now + ms, sleeper: true, fire: resolve });
      const stop = (): void => {
        cancel();
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', stop, { once: true });
      try {
        await promise;
      } finally {
        signal?.removeEventListener('abort', stop);
      }
    },
    advance: (ms) => advanceTo(now + ms),
    async play(work) {
      let over = false;
      const ended = work.finally(() => {
        over = true;
      });
      ended.catch(() => {});
      for (let idle = 0; !over;) {
        await new Promise((resolve) => setImmediate(resolve));
        if (over) break;
        if (timers.some((t) => t.sleeper)) {
          idle = 0;
          // Not past a deadline: what it ends must not get any older.
          advanceTo(Math.min(...timers.map((t) => t.at)));
        } else if ((idle += 1) === 200 && timers.length > 0) {
          // Whoever waits for a time to come sleeps too.
          idle = 0;
          advanceTo(Math.min(...timers.map((t) => t.at)));
        } else if (idle > 1000)
          throw new Error('Nothing moves any more: the run waits for something that will not come.');
      }
      return ended;
    },
    pending: () => timers.length,
  };
}

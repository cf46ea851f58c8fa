/** So many sessions may be open at once; who comes later waits until one can be closed. */
export interface Capacity {
  /** Resolves when there is room for one more, which then counts; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<void>;
  /** One was closed. */
  give(): void;
  /** One that is open is not used any more, so that it can be closed for another. */
  idle(): void;
}

/** `makeRoom` closes an open session that nobody uses; false when there is none. It gives back what it closed. */
export function openCapacity(most: number, makeRoom: () => Promise<boolean>): Capacity {
  let taken = 0;
  let waiting: (() => void)[] = [];
  let changes = 0;
  const wake = (): void => {
    changes++;
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  };
  return {
    async take(signal) {
      for (;;) {
        signal.throwIfAborted();
        if (taken < most) {
          taken++;
          return;
        }
        const seen = changes;
        // What changed while it was looked for woke nobody who does not wait yet.
        if ((await makeRoom()) || changes !== seen) continue;
        await changed(waiting, signal);
      }
    },
    give() {
      taken--;
      wake();
    },
    idle: wake,
  };
}

function changed(waiting: (() => void)[], signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    waiting.push(() => {
      signal.removeEventListener('abort', onAbort);
      done();
    });
  });
}

/** What the ports of a process throw after it has "died". */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** One life of a process over the same disk. After `die` none of its ports does anything any more. */
export interface Life {
  readonly dead: boolean;
  die(): CrashError;
  /** Throws in a dead process. */
  assertAlive(): void;
}

export function newLife(): Life {
  let dead = false;
  return {
    get dead() {
      return dead;
    },
    die() {
      dead = true;
      return new CrashError('The process died.');
    },
    assertAlive() {
      if (dead) throw new CrashError('The process is dead.');
    },
  };
}

/** Ctrl-C and its kin: the first ends in order, the second at once. */
export interface Interruption {
  readonly signal: AbortSignal;
  /** As if Ctrl-C had been pressed. */
  readonly interrupt: () => void;
  dispose(): void;
}

const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Listens to SIGINT, SIGTERM and SIGHUP. `first` says to the person what happens now. */
export function listenForInterruption(first: () => void): Interruption {
  const control = new AbortController();
  const stop = (code: number): void => {
    // The exit handler kills the process groups that still live.
    if (control.signal.aborted) process.exit(code);
    control.abort(new DOMException('Stopped by the person.', 'AbortError'));
    first();
  };
  const listeners = Object.entries(codes).map(([name, code]) => {
    const listener = (): void => stop(code);
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  return {
    signal: control.signal,
    interrupt: () => stop(codes.SIGINT),
    dispose() {
      for (const off of listeners) off();
    },
  };
}

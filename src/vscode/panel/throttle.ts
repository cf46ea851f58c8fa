/** Runs `send` at once for the first call, then at most once in `ms`, the last call never being lost. */
export function throttled(send: () => void, ms: number): { call(): void; dispose(): void } {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  const run = (): void => {
    again = false;
    timer = setTimeout(() => {
      timer = undefined;
      if (again) run();
    }, ms);
    send();
  };
  return {
    call() {
      if (timer) again = true;
      else run();
    },
    dispose() {
      clearTimeout(timer);
      timer = undefined;
      again = false;
    },
  };
}

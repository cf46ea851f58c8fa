/** The longest that a send is waited for, in milliseconds: a page that is gone says nothing. */
const longest = 2000;

/**
 * Runs `send` at once for the first call, then at most once in `ms`, the last call never being lost. What `send` gives is waited for first:
 * who takes slowly gets less, and nothing piles up on the way.
 */
export function throttled(send: () => void | PromiseLike<unknown>, ms: number): { call(): void; dispose(): void } {
  let timer: NodeJS.Timeout | undefined;
  let again = false;
  const next = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (again) run();
  };
  const run = (): void => {
    again = false;
    const from = performance.now();
    const rest = (): number => Math.max(0, ms - (performance.now() - from));
    const mine = setTimeout(next, Math.max(ms, longest));
    timer = mine;
    const sent = (): void => {
      if (timer !== mine) return;
      clearTimeout(mine);
      timer = setTimeout(next, rest());
    };
    const sending = send();
    if (sending) void Promise.resolve(sending).then(sent, sent);
    else sent();
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

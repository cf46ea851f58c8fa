/** Skips a test, or from a `before` all tests of its suite: what is not run is listed by its title at the end, so the title says why. */
export function skipFor(context: Mocha.Context, why: string): never {
  const test = context.test as Mocha.Hook | Mocha.Test | undefined;
  const say = (one: { title: string }): void => void (one.title += ` (${why})`);
  if (test?.type === 'hook') test.parent?.eachTest(say);
  else if (test) say(test);
  return context.skip();
}

/**
 * Remembers the last `most` answers, by key: for what never changes, as all that git names by an id. Only what `isWorthIt` says is
 * kept; a failure is not.
 */
export function remembering<T extends object>(
  most: number,
  isWorthIt: (answer: T) => boolean = () => true,
): (key: string, find: () => Promise<T>) => Promise<T> {
  const known = new Map<string, T>();
  return async (key, find) => {
    const there = known.get(key);
    if (there) return there;
    const found = await find();
    if (!isWorthIt(found)) return found;
    known.set(key, found);
    for (const oldest of known.keys()) {
      if (known.size <= most) break;
      known.delete(oldest);
    }
    return found;
  };
}

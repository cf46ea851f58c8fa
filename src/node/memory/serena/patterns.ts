/**
 * Whether a pattern of Serena's (a regular expression of Python's that must match the whole name; a project brings it) matches any of these
 * names; `unknown` if it is not simple. Only literals, `.`, `[...]`, `*`, `+` and `?` are tried, few of them repeated: a hostile pattern
 * could else keep us busy for years.
 */
export function matchOf(pattern: string, names: readonly string[]): 'some' | 'none' | 'unknown' {
  const source = pattern.replace(/^\^/, '').replace(/\$$/, '');
  const repeated = source.match(/[*+?]/g)?.length ?? 0;
  if (source.length > 200 || repeated > 4 || !/^(?:(?:[\w/ -]|\\[./_-]|\.|\[[\w/-]+\])[*+?]?)*$/.test(source))
    return 'unknown';
  let whole: RegExp;
  try {
    whole = new RegExp(`^(?:${source})$`, 's');
  } catch {
    return 'unknown';
  }
  return names.some((name) => whole.test(name)) ? 'some' : 'none';
}

/** Globs over paths, matched in time linear in the path for any pattern: all its states at once, never backtracking. */

/** A pattern made ready. */
export interface Glob {
  readonly states: readonly State[];
  /** The states that it begins in. */
  readonly start: readonly number[];
}

/** This character, any of a name (not `/`), or any at all. */
type Next = { readonly is: string } | 'in a name' | 'any';

interface State {
  /** What the next character must be, and the state after it. */
  on?: { readonly next: Next; readonly to: number };
  /** States that are reached without a character. */
  readonly free: number[];
}

const maxPattern = 1000;
const maxDepth = 10;

/**
 * `*` and `?` do not go past a `/`; `**` as a whole segment stands for any number of folders, or for everything below
 * when it is the last; `{a,b}` for either; a pattern that ends in `/` for all in that folder. Everything else is itself,
 * brackets and backslashes too. Names that begin with a dot are names like others. Case counts.
 */
export function globOf(pattern: string): Glob {
  return anyOf([pattern]);
}

/** One glob for several: it matches what one of them matches. */
export function anyOf(patterns: readonly string[]): Glob {
  const states: State[] = [{ free: [] }];
  const ends: number[] = [];
  for (const pattern of patterns) {
    const plain = pattern.replace(/^(?:\.?\/)+/, '');
    const all = plain === '' || plain === '.' ? '**' : plain.endsWith('/') ? `${plain}**` : plain;
    // An over-long pattern and an empty one match nothing.
    if (pattern === '' || all.length > maxPattern) continue;
    states[0]!.free.push(add(states));
    ends.push(compile(all, 0, states));
  }
  // The last state is the one that matches.
  const last = add(states);
  for (const end of ends) states[end]!.free.push(last);
  const start: number[] = [];
  reach(states, 0, start, new Int32Array(states.length), 1);
  return { states, start };
}

function add(states: State[]): number {
  states.push({ free: [] });
  return states.length - 1;
}

/** Appends the states of `text`, from the last state on; returns the state that they end in. */
function compile(text: string, depth: number, states: State[]): number {
  let at = states.length - 1;
  const step = (next: Next) => {
    const to = add(states);
    states[at]!.on = { next, to };
    at = to;
  };
  const loop = (next: Next) => {
    const turn = add(states);
    states[at]!.free.push(turn);
    states[turn]!.on = { next, to: turn };
    const to = add(states);
    states[turn]!.free.push(to);
    at = to;
  };
  const characters = Array.from(text);
  for (let n = 0; n < characters.length; n += 1) {
    const character = characters[n]!;
    if (character === '*') {
      let stars = 1;
      while (characters[n + stars] === '*') stars += 1;
      const [before, after] = [characters[n - 1], characters[n + stars]];
      n += stars - 1;
      if (stars < 2 || (before ?? '/') !== '/' || (after ?? '/') !== '/') loop('in a name');
      else if (after === undefined) loop('any');
      else {
        at = folders(at, states);
        n += 1;
      }
    } else if (character === '?') step('in a name');
    else if (character === '{') {
      const group = depth < maxDepth ? groupAt(characters, n) : undefined;
      if (!group) {
        step({ is: character });
        continue;
      }
      const ends = group.parts.map((part) => {
        const first = add(states);
        states[at]!.free.push(first);
        return compile(part, depth + 1, states);
      });
      const to = add(states);
      for (const end of ends) states[end]!.free.push(to);
      at = to;
      n = group.end;
    } else step({ is: character });
  }
  return at;
}

/** Any number of folders, each with its `/`. */
function folders(at: number, states: State[]): number {
  const head = add(states);
  const name = add(states);
  const more = add(states);
  const slash = add(states);
  const to = add(states);
  states[at]!.free.push(head, to);
  states[head]!.on = { next: 'in a name', to: name };
  states[name]!.free.push(more, slash);
  states[more]!.on = { next: 'in a name', to: name };
  states[slash]!.on = { next: { is: '/' }, to: at };
  return to;
}

/** The alternatives of a `{…}` that begins at `at`; undefined when it does not close or holds no comma. */
function groupAt(characters: readonly string[], at: number): { parts: string[]; end: number } | undefined {
  const parts = [''];
  let depth = 0;
  for (let n = at; n < characters.length; n += 1) {
    const character = characters[n]!;
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (depth === 0) return parts.length > 1 ? { parts, end: n } : undefined;
    if (character === ',' && depth === 1) parts.push('');
    else if (n > at) parts[parts.length - 1] += character;
  }
  return undefined;
}

/** True when the glob matches the whole path. */
export function matches({ states, start }: Glob, path: string): boolean {
  const seen = new Int32Array(states.length);
  let current = start;
  let step = 0;
  for (const character of path) {
    step += 1;
    const next: number[] = [];
    for (const state of current) {
      const on = states[state]!.on;
      if (!on || seen[on.to] === step) continue;
      const { next: wanted } = on;
      if (wanted === 'any' || (wanted === 'in a name' ? character !== '/' : wanted.is === character)) {
        reach(states, on.to, next, seen, step);
      }
    }
    if (next.length === 0) return false;
    current = next;
  }
  return current.includes(states.length - 1);
}

/** Adds a state, and all that are reached from it without a character, to `found`; each once a step. */
function reach(states: readonly State[], from: number, found: number[], seen: Int32Array, step: number): void {
  const first = found.length;
  found.push(from);
  seen[from] = step;
  for (let n = first; n < found.length; n += 1) {
    for (const to of states[found[n]!]!.free) {
      if (seen[to] === step) continue;
      seen[to] = step;
      found.push(to);
    }
  }
}

/** A text that knows what stands where in it. */
export interface Marked {
  readonly text: string;
  readonly marks: readonly Mark[];
}

type Mark =
  /** The heading of an item of a plan. */
  | { readonly kind: 'item'; readonly line: number; readonly item: string }
  /** A place in a file of the project. */
  | {
      readonly kind: 'place';
      readonly line: number;
      readonly from: number;
      readonly to: number;
      readonly path: string;
      readonly at: number | undefined;
    };

/** Collects lines, and marks upon them. */
export interface Writer {
  add(...lines: string[]): void;
  item(line: string, item: string): void;
  place(before: string, path: string, at: number | undefined, after?: string): void;
  done(): Marked;
}

export function openWriter(): Writer {
  const lines: string[] = [];
  const marks: Mark[] = [];
  return {
    add: (...more) => void lines.push(...more),
    item(line, item) {
      marks.push({ kind: 'item', line: lines.length, item });
      lines.push(line);
    },
    place(before, path, at, after = '') {
      const name = at === undefined ? path : `${path}:${at}`;
      marks.push({ kind: 'place', line: lines.length, from: before.length, to: before.length + name.length, path, at });
      lines.push(`${before}${name}${after}`);
    },
    done: () => ({ text: `${lines.join('\n').trimEnd()}\n`, marks }),
  };
}

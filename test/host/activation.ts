import { join } from 'node:path';

/** Of an extension that does nothing, of our activation, and of the first use of ours, when everything is read, and the list of runs. */
type Three = readonly [empty: number, ours: number, open: number];

/** What activation cost in one start of an extension host. */
export interface Activation {
  /** Milliseconds on the clock: most of it is waiting for a window that is starting. */
  readonly ms: Three;
  /** Milliseconds of processor of the extension host meanwhile. */
  readonly cpu: Three;
  /** What the heap grew by when what is garbage was collected. */
  readonly mib: Three;
}

/** Where the suite writes what it measured, one start a line. */
export const activationFile = (place: string): string => join(place, 'activation.jsonl');

/** The medians of several starts, for people. */
export function activationWords(all: readonly Activation[]): string {
  const middle = (what: keyof Activation, of: 0 | 1 | 2): number =>
    all.map((one) => one[what][of]).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const words = (of: 0 | 1 | 2): string =>
    `${middle('ms', of).toFixed(0)} ms, ${middle('cpu', of).toFixed(0)} ms of processor, heap ${middle('mib', of).toFixed(1)} MiB`;
  const ratio = middle('cpu', 1) / Math.max(1, middle('cpu', 0));
  return `activation: ${words(1)}; an empty extension in the same host: ${words(0)} (${ratio.toFixed(1)} × its processor); first use: ${words(2)}`;
}

import { join } from 'node:path';

/** What activation cost in one start of an extension host. Milliseconds and MiB. */
export interface Activation {
  /** An extension that does nothing. */
  readonly empty: number;
  readonly ours: number;
  /** The first use: everything is read, and the list of runs. */
  readonly open: number;
  /** What the heap grew by when what is garbage was collected: with the empty one, at activation and at first use. */
  readonly heap: readonly [empty: number, ours: number, open: number];
}

/** Where the suite writes what it measured, one start a line. */
export const activationFile = (place: string): string => join(place, 'activation.jsonl');

/** The medians of several starts, for people. */
export function activationWords(all: readonly Activation[]): string {
  const middle = (of: (one: Activation) => number): number =>
    all.map(of).toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  const [empty, ours] = [middle((one) => one.empty), middle((one) => one.ours)];
  return [
    `activation: ${ours.toFixed(0)} ms, ${(ours / empty).toFixed(2)} × an empty extension in the same host (${empty.toFixed(0)} ms), heap +${middle((one) => one.heap[1]).toFixed(1)} MiB (+${middle((one) => one.heap[0]).toFixed(1)});`,
    `first use: ${middle((one) => one.open).toFixed(0)} ms, heap +${middle((one) => one.heap[2]).toFixed(1)} MiB`,
  ].join(' ');
}

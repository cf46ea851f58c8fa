/** Milliseconds that `work` takes: the median of `times` runs after one that is not counted. */
export async function median(times: number, work: () => Promise<unknown>): Promise<number> {
  await work();
  const took: number[] = [];
  for (let n = 0; n < times; n++) {
    const begin = performance.now();
    await work();
    took.push(performance.now() - begin);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(times / 2)] ?? 0;
}

/** One line of the report. Ratios speak, milliseconds only say on what they rest. */
export function line(what: string, ours: number, bare: number, against: string): string {
  return `${what.padEnd(52)} ${(ours / bare).toFixed(2).padStart(7)} ×  ${against} (${ours.toFixed(1)} ms over ${bare.toFixed(1)} ms)`;
}

/** Where many measured values lie. */
export interface Spread {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length),
    p50: at(0.5),
    p99: at(0.99),
    most: sorted.at(-1) ?? 0,
  };
}

/** Median, 99 % and most of milliseconds. */
export const spreadWords = ({ p50, p99, most }: Spread): string =>
  `${p50.toFixed(1)} / ${p99.toFixed(1)} / ${most.toFixed(1)} ms`;

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

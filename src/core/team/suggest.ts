/** The known name that was most likely meant, for "did you mean"; undefined when none is near. Case does not count. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > 60) return undefined;
  const wanted = name.toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const lower = candidate.toLowerCase();
    const joined = lower.replace(/[-_. ]/g, '') === wanted.replace(/[-_. ]/g, '');
    const distance = joined ? 0.5 : editDistance(wanted, lower);
    if (distance > Math.max(1, Math.floor(Math.min(wanted.length, lower.length) / 3))) continue;
    if (!best || distance < best.distance) best = { name: candidate, distance };
  }
  return best?.name;
}

/** "; did you mean `x`?", else the known names if they are few, else nothing but the full stop. */
export function meant(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  if (near !== undefined) return `; did you mean \`${near}\`?`;
  if (known.length === 0) return '.';
  const shown = known.slice(0, 16).map((k) => `\`${k}\``);
  return `; there ${known.length === 1 ? 'is' : 'are'} ${shown.join(', ')}${known.length > shown.length ? ', …' : ''}.`;
}

/** Edits between two short texts; two letters swapped count as one. */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(at(above, j) + 1, at(row, j - 1) + 1, at(above, j - 1) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, at(before, j - 2) + 1);
      row.push(least);
    }
    before = above;
    above = row;
  }
  return at(above, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Infinity;
}

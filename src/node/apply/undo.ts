import { join } from 'node:path';
import type { Entry, Manifest, State } from './stage.ts';
import { copyAt } from './versions.ts';
import type { Version, Wanted } from './versions.ts';

/** What an undo wants: the way back of everything that was applied under one id. */
export function undoOf(parts: readonly { readonly folder: string; readonly manifest: Manifest }[]): {
  wanted: Wanted[];
  /** Modes of folders that come back. */
  modes: Map<string, number>;
  /** Only folders that were made go again: one that was empty before stays. */
  mayEmpty: Set<string>;
} {
  const byPath = new Map<string, Wanted>();
  for (const { folder, manifest } of parts) {
    for (const [n, entry] of manifest.entries.entries()) {
      const known = byPath.get(entry.real);
      const from = versionOf(entry, 'new', join(folder, 'new', String(n)));
      const to = known?.to ?? versionOf(entry, 'old', join(folder, 'old', String(n)));
      byPath.set(entry.real, { path: entry.real, from, to });
    }
  }
  const all = <T>(of: (manifest: Manifest) => readonly T[]): T[] => parts.flatMap(({ manifest }) => of(manifest));
  return {
    wanted: [...byPath.values()],
    modes: new Map(all((m) => m.empties).map(({ path, mode }) => [path, mode])),
    mayEmpty: new Set(all((m) => m.makes).map(({ path }) => path)),
  };
}

function versionOf(entry: Entry, side: 'old' | 'new', copy: string): Version {
  const state: State = entry[side];
  if (state.kind !== 'file') return state;
  const { mode, uid, gid, sha256 } = state;
  return { kind: 'file', mode, exact: true, owner: { uid, gid }, content: copyAt(copy, sha256) };
}

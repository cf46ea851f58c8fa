import type { FileChange } from '../change/change.ts';
import { hunksOf } from '../change/hunks.ts';
import { makeLedger } from '../change/ledger.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf, Fate } from '../run/events.ts';

interface Tree {
  readonly commit: string;
  readonly tree: string;
}

/** A writer's commit without what lies outside its paths: that is a conflict, and decided one by one. */
export async function insideOnly(
  run: Run,
  base: EventOf<'base.taken'>,
  landed: EventOf<'change.landed'>,
): Promise<Tree> {
  if (landed.outside.length === 0) return landed;
  return run.ports.workspaces.restore(landed.tree, base.tree, base.commit, landed.outside, run.signal);
}

/** Accounts for every hunk of every change against the tree that goes to review. */
export async function balance(
  run: Run,
  base: EventOf<'base.taken'>,
  trees: { winners: readonly EventOf<'change.landed'>[]; merged: Tree; final: Tree },
): Promise<EventOf<'ledger.made'>> {
  return run.step('integration/ledger', 'ledger.made', { tree: trees.final.tree }, async () => {
    const { workspaces } = run.ports;
    const between = (from: string, to: string): Promise<FileChange[]> => workspaces.changes(from, to, run.signal);
    const { changes: all, candidates, resolutions } = run.state();
    const won = trees.winners.map((w) => w.change);
    // In merge order first, then those that lost.
    const order = [
      ...trees.winners,
      ...Object.values(all)
        .map((c) => c.landed)
        .filter((l) => !won.includes(l.change))
        .toSorted((a, b) => (a.change < b.change ? -1 : 1)),
    ];
    const changes = await Promise.all(
      order.map(async (l) => ({ change: l.change, writer: l.role, files: await between(base.tree, l.tree) })),
    );
    const fates = new Map<string, Fate>();
    for (const { change, files } of changes) {
      const loss = candidates.find((c) => c.losers.includes(change));
      if (!loss) continue;
      for (const hunk of hunksOf(change, files))
        fates.set(hunk.id, { hunk: hunk.id, fate: 'superseded', by: loss.winner, why: loss.why });
    }
    // In order of resolution: a later one of the same file has the last word.
    for (const fate of resolutions.flatMap((r) => r.fates)) fates.set(fate.hunk, fate);
    const ledger = makeLedger({
      final: await between(base.tree, trees.final.tree),
      changes,
      fates: [...fates.values()],
      integration: await between(trees.merged.tree, trees.final.tree),
      resolutions: resolutions.map((r) => ({ path: r.path, id: `resolution:${r.path}` })),
    });
    return { tree: trees.final.tree, ...ledger };
  });
}

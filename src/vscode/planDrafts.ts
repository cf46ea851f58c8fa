import type * as vscode from 'vscode';
import { z } from 'zod';

/** What the person struck and edited of plans that wait, kept with the workspace until the stop is answered: a window that is loaded again finds it. */

const key = 'orchestra.planDrafts';
/** Of more plans than these nobody remembers what they meant. */
const most = 10;

const editSchema = z.object({
  title: z.string().optional(),
  what: z.string().optional(),
  owners: z.array(z.string()).optional(),
  paths: z.array(z.string()).optional(),
  acceptance: z.array(z.string()).optional(),
});
const keptSchema = z.array(
  z.object({ run: z.string(), struck: z.array(z.string()), edited: z.record(z.string(), editSchema) }),
);
type Edit = z.infer<typeof editSchema>;

interface Draft {
  readonly struck: Set<string>;
  readonly edited: Map<string, Edit>;
}

export interface PlanDrafts {
  /** What there is; nothing is made. */
  find(run: string): Draft | undefined;
  /** Changes the draft of a run, and keeps it. */
  change(run: string, change: (draft: Draft) => void): void;
  drop(run: string): void;
}

export function openPlanDrafts(memento: vscode.Memento): PlanDrafts {
  const kept = keptSchema.safeParse(memento.get(key)).data ?? [];
  const drafts = new Map(
    kept.map(({ run, struck, edited }): [string, Draft] => [
      run,
      { struck: new Set(struck), edited: new Map(Object.entries(edited)) },
    ]),
  );
  const keep = (): void => {
    const all = [...drafts].slice(-most);
    const value = all.map(([run, { struck, edited }]) => ({
      run,
      struck: [...struck],
      edited: Object.fromEntries(edited),
    }));
    void memento.update(key, value);
  };
  return {
    find: (run) => drafts.get(run),
    change(run, change) {
      const draft = drafts.get(run) ?? { struck: new Set(), edited: new Map() };
      change(draft);
      drafts.delete(run);
      if (draft.struck.size + draft.edited.size > 0) drafts.set(run, draft);
      keep();
    },
    drop(run) {
      if (drafts.delete(run)) keep();
    },
  };
}

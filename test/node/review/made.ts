import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hunksOf } from '../../../src/core/change/hunks.ts';
import { finalId } from '../../../src/core/review/review.ts';
import type { RunEvent } from '../../../src/core/run/events.ts';
import type { TeamFile } from '../../../src/core/team/file.ts';
import { openWorkspaces } from '../../../src/node/git/workspaces.ts';
import type { Host } from '../../../src/node/host.ts';
import { openProject, type Project } from '../../../src/node/project.ts';
import { openJournal } from '../../../src/node/run/journal.ts';
import { acquireLease } from '../../../src/node/run/lease.ts';
import { rememberStart } from '../../../src/node/run/provenance.ts';
import { createRun } from '../../../src/node/run/runs.ts';
import { version } from '../../../src/core/version.ts';
import { testTeam } from '../../core/ports/team.ts';
import { goingPerson, quietLog } from '../../harness/host.ts';
import { put, type Tree } from '../apply/tree.ts';

/** A run that is ready for review, made without its models: base and change are real trees of the real repository, and so is its journal. */

export const never = new AbortController().signal;

export interface Made {
  readonly root: string;
  readonly run: string;
  readonly folder: string;
  readonly project: Project;
  host(how?: Partial<Host['person']>): Host;
  remove(): Promise<void>;
}

/** `before` is the person's folder; `after` what the team makes of it, undefined where a file is gone. */
export async function madeReady(
  before: Tree,
  after: Tree,
  options: {
    readonly team?: Partial<TeamFile>;
    /** What happened before the change was merged; `made` is its commit and tree. */
    readonly events?: (made: { commit: string; tree: string }) => RunEvent[];
    /** A folder for it that is there, whose cache and profile it shares with others; whoever made that removes it. */
    readonly place?: string;
  } = {},
): Promise<Made> {
  const place = options.place ?? (await realpath(await mkdtemp(join(tmpdir(), 'orchestra-review-'))));
  process.env['ORCHESTRA_CACHE'] = join(place, 'cache');
  process.env['ORCHESTRA_PROFILE'] = join(place, 'profile');
  const root = options.place === undefined ? join(place, 'project') : await mkdtemp(join(place, 'project-'));
  await put(root, before);
  const project = await openProject(root, { log: quietLog, signal: never, from: 'test' });
  const { id, folder } = await createRun(root, { now: Date.now, random: Math.random });
  const start = {
    team: { ...testTeam(), ...options.team },
    teamName: 'default',
    brought: { servers: [], models: [], checks: [], commands: [], setup: false },
  };
  await rememberStart(root, id, folder, start);
  const workspaces = await openWorkspaces({ root, run: id, log: quietLog, signal: never });
  const lease = await acquireLease(folder, { signal: never });
  const journal = await openJournal(folder, { lease, now: Date.now });
  try {
    const base = await workspaces.takeBase(never);
    const { path } = await workspaces.open('write.writer', base.commit, never);
    for (const [name, thing] of Object.entries(after)) if (thing === undefined) await rm(join(path, name));
    await put(path, Object.fromEntries(Object.entries(after).filter(([, thing]) => thing !== undefined)));
    const made = await workspaces.commit('write.writer', 'the change', never);
    const files = await workspaces.changes(base.tree, made.tree, never);
    const size = { added: 1, removed: 1 };
    const hunks = hunksOf(finalId, files).map(({ id: hunk, path: of }) => ({
      id: hunk,
      path: of,
      ...size,
      from: [hunk.replace(finalId, 'implementer')],
    }));
    const entries = hunks.map(({ path: of, from }) => ({
      hunk: from[0] as string,
      change: 'implementer',
      writer: 'implementer',
      path: of,
      fate: 'merged' as const,
      ...size,
    }));
    const events: RunEvent[] = [
      {
        type: 'run.created',
        task: 'Do the task.',
        engine: version,
        team: 'default',
        budget: { calls: 10, minutes: 10 },
        scripted: true,
        budgetFrom: 'default',
      },
      { type: 'base.taken', ...base },
      ...(options.events?.(made) ?? []),
      { type: 'integration.ended', ...made, docs: [], summary: 'Done.' },
      { type: 'ledger.made', tree: made.tree, entries, hunks, balanced: true, problems: [] },
      { type: 'run.ended', outcome: 'ready' },
    ];
    for (const event of events) await journal.append({ event });
    await workspaces.keep(id, [base.commit, made.commit], never);
  } finally {
    await journal.close();
    await lease.release();
    await workspaces.close();
  }
  return {
    root,
    run: id,
    folder,
    project,
    host: (how = {}) => ({ person: { ...goingPerson, ...how }, signal: never }),
    remove: () => rm(options.place === undefined ? place : root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

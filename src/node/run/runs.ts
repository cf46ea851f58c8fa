import { lstat, mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf, UserError } from '../../core/errors.ts';
import type { JournalRecord, Outcome } from '../../core/run/events.ts';
import { createExclusive, diskError, makeFolder, refuseOutside, syncFolder } from '../files.ts';
import { isPlainName, orchestrationFolder, runFolder, runsFolder } from '../paths.ts';
import { journalPath, readJournal } from './journal.ts';
import { holderOf } from './lease.ts';
import type { Owner } from './owner.ts';

/**
 * `running`: a living process holds it. `elsewhere`: held on another machine or in another container, where nobody here can look.
 * `interrupted`: begun, not ended, and nobody's. `damaged`: its journal does not read to its end.
 */
type RunState = Outcome | 'running' | 'elsewhere' | 'interrupted' | 'damaged';

/** A run as a list shows it. */
export interface RunInfo {
  readonly id: string;
  readonly folder: string;
  /** ISO time; empty when it cannot be told. */
  readonly created: string;
  readonly task: string;
  readonly scripted: boolean;
  readonly state: RunState;
  /** The version that wrote it last. */
  readonly engine: string | undefined;
  /** Who holds it now. */
  readonly owner: Owner | undefined;
  /** In one sentence, why it can be shown only in part, or not be gone on with. */
  readonly problem: string | undefined;
}

/** A new id: `r`, UTC date, UTC time, four random letters. Ids sort by time, to the second; `random` gives numbers in [0, 1). */
export function newRunId(now: number, random: () => number): string {
  const [date = '', time = ''] = new Date(now).toISOString().split('T');
  const letters = Array.from({ length: 4 }, () => Math.floor(random() * 36).toString(36)).join('');
  return `r${date.slice(2).replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${letters}`;
}

/**
 * Makes sure of `.orchestration` in the project and that all of it but the team file is ignored by git. Throws `UserError`: `leads-outside`
 * for a symbolic link out of the project, `read-only`, `disk-full`, `not-a-folder`.
 */
export async function ensureOrchestration(root: string): Promise<string> {
  const folder = orchestrationFolder(root);
  await refuseOutside(root, folder);
  await refuseOutside(root, runsFolder(root));
  await makeFolder(runsFolder(root));
  const ignore = join(folder, '.gitignore');
  // One that is there is the person's own.
  if (!(await lstat(ignore).catch(() => undefined))) await createExclusive(ignore, '*\n!team.yaml\n');
  return folder;
}

/** Makes the folder of a new run. */
export async function createRun(
  root: string,
  source: { now: () => number; random: () => number },
): Promise<{ id: string; folder: string }> {
  await ensureOrchestration(root);
  for (;;) {
    const id = newRunId(source.now(), source.random);
    const folder = runFolder(root, id);
    try {
      await mkdir(folder);
      await syncFolder(runsFolder(root));
      return { id, folder };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw diskError(error, folder);
    }
  }
}

/** All runs of a project, the oldest first; damaged ones too. None if there is no `.orchestration`. */
export async function listRuns(root: string): Promise<RunInfo[]> {
  const infos: RunInfo[] = [];
  for (const id of await runIds(root)) infos.push(await describeRun(root, id));
  return infos;
}

/** The youngest run. */
export async function latestRun(root: string): Promise<RunInfo | undefined> {
  const id = (await runIds(root)).at(-1);
  return id === undefined ? undefined : describeRun(root, id);
}

/**
 * The run that a person means: its id, the beginning of it, or its last letters; without words the youngest. Throws `UserError`:
 * `no-run`, `ambiguous-run`.
 */
export async function resolveRun(root: string, words?: string): Promise<RunInfo> {
  const ids = await runIds(root);
  const wanted = words?.trim().toLowerCase();
  if (wanted === undefined || wanted === '') {
    const last = ids.at(-1);
    if (last !== undefined) return describeRun(root, last);
    throw new UserError('no-run', `There is no run in ${root} yet.`, {
      hint: 'Start one with `orchestra run "<task>"`.',
    });
  }
  const found = ids.filter((id) => id.toLowerCase().startsWith(wanted) || id.toLowerCase().endsWith(`-${wanted}`));
  const id = found.find((one) => one.toLowerCase() === wanted) ?? found[0];
  if (id === undefined) {
    throw new UserError('no-run', `There is no run ${JSON.stringify(words)} in ${root}.`, {
      hint: '`orchestra runs` lists them.',
    });
  }
  if (id.toLowerCase() !== wanted && found.length > 1) {
    const some = found.slice(-5).join(', ');
    throw new UserError(
      'ambiguous-run',
      `${JSON.stringify(words)} means ${found.length} runs: ${some}${found.length > 5 ? ', …' : ''}.`,
      {
        hint: 'Give more of the id.',
      },
    );
  }
  return describeRun(root, id);
}

/** Sorted, the oldest first. Folders with names of another form are listed too, so that nothing is hidden. */
async function runIds(root: string): Promise<string[]> {
  const entries = await readdir(runsFolder(root), { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isDirectory() && isPlainName(entry.name))
    .map(({ name }) => name)
    .toSorted();
}

async function describeRun(root: string, id: string): Promise<RunInfo> {
  const folder = runFolder(root, id);
  const holder = await holderOf(folder).catch(() => undefined);
  const live = holder?.life === 'living' ? 'running' : holder?.life === 'unknown' ? 'elsewhere' : undefined;
  const owner = live === undefined ? undefined : holder?.owner;
  const base = { id: basename(folder), folder, owner };
  const nothing = { ...base, created: '', task: '', scripted: false, engine: undefined };
  try {
    const { records, readOnly, engine, seq } = await readJournal(journalPath(folder));
    const first = records[0];
    if (first?.event.type !== 'run.created') {
      const problem = seq === 0 ? 'Nothing was written yet.' : reasonOf(readOnly);
      return { ...nothing, state: live ?? (seq === 0 ? 'interrupted' : 'damaged'), problem };
    }
    const damaged = readOnly?.code === 'journal-damaged';
    return {
      ...base,
      created: first.at,
      task: first.event.task,
      scripted: first.event.scripted,
      state: damaged ? 'damaged' : (outcomeOf(records) ?? live ?? 'interrupted'),
      engine,
      problem: readOnly && reasonOf(readOnly),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return {
        ...nothing,
        state: live ?? 'interrupted',
        problem: 'It has no journal: it stopped before its first step, or the file was removed.',
      };
    }
    return { ...nothing, state: 'damaged', problem: reasonOf(error) };
  }
}

/** How the run ended, apply and undo after its end included; undefined while it has not. */
function outcomeOf(records: readonly JournalRecord[]): Outcome | undefined {
  let outcome: Outcome | undefined;
  for (const { event } of records) {
    if (event.type === 'run.ended') outcome = event.outcome;
    else if (event.type === 'run.resumed') outcome = undefined;
    else if (outcome !== undefined && event.type === 'apply.done') outcome = 'applied';
    else if (outcome !== undefined && event.type === 'apply.undone') outcome = 'ready';
  }
  return outcome;
}

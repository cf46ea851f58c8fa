import { applyRun, type Begin, runWorkflow, type Workflow } from '../core/phases/workflow.ts';
import { UserError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import { type Control, controlText, isAbout, routeName } from '../core/run/control.ts';
import { type JournalRecord, outcomes } from '../core/run/events.ts';
import { fold } from '../core/run/fold.ts';
import type { RunState } from '../core/run/state.ts';
import type { Budget, Check } from '../core/team/file.ts';
import { withHosted } from '../core/team/hosted.ts';
import { version } from '../core/version.ts';
import { openApplier } from './apply/apply.ts';
import { diagnose, type Diagnosis } from './doctor/doctor.ts';
import { projectRoot } from './git/person.ts';
import { openWorkspaces } from './git/workspaces.ts';
import type { Host, RunResult } from './host.ts';
import { type OpenReview, openReview } from './review/openReview.ts';
import { type FoundMessage, messagesOf } from './memory/messages.ts';
import { openPorts, type Surroundings } from './runPorts.ts';
import { postToInbox } from './run/inbox.ts';
import { journalPath, openJournal, readJournal, tailJournal } from './run/journal.ts';
import { acquireLease, type Lease } from './run/lease.ts';
import { recallStart, rememberStart, type RunStart } from './run/provenance.ts';
import { createRun, listRuns, resolveRun, type RunInfo } from './run/runs.ts';
import { readPrompt, tailTranscript, transcriptPath } from './run/transcripts.ts';
import { approvedTeam, teamOf } from './team/inForce.ts';

export interface StartOptions {
  readonly task: string;
  /** A team by its name in the team file. */
  readonly team?: string | undefined;
  /** A team file in the place of the project's. */
  readonly teamFile?: string | undefined;
  /** What the person gave; the rest is the team file's. */
  readonly budget?: Partial<Budget> | undefined;
  /** Checks that the person gave on top of the team file's: their own word is the consent. */
  readonly checks?: readonly Check[] | undefined;
}

interface ShownRun {
  readonly info: RunInfo;
  readonly records: readonly JournalRecord[];
  readonly state: RunState;
}

/** One project: the folder, and what can be done with runs in it. Hosts (terminal, editor) drive it; they add nothing to it. */
export interface Project {
  readonly root: string;
  start(options: StartOptions, host: Host): Promise<RunResult>;
  /** Goes on with a run. Throws `UserError` `run-owned` when a living process has it: watch it instead. */
  resume(run: string, host: Host, budget?: Partial<Budget>): Promise<RunResult>;
  apply(run: string, host: Host): Promise<RunResult>;
  undo(run: string, host: Host): Promise<{ run: string; files: string[] }>;
  /** The review of a run's change, hunk by hunk; `by` is who decides. Opening it reads nothing yet. */
  review(run: string, by: string): Promise<OpenReview>;
  runs(): Promise<RunInfo[]>;
  /** The run that a person means; without words the youngest. */
  find(words?: string): Promise<RunInfo>;
  show(run: string): Promise<ShownRun>;
  /** The messages of a run as they lie among the memories: what there is of it when its journal is lost. */
  messagesInMemories(run: string): Promise<FoundMessage[]>;
  /** The merged change of a run, or what its writers brought so far, as a unified diff. */
  diff(run: string, signal: AbortSignal): Promise<string>;
  /** The records of a run from the first on, and then each as it comes. */
  watch(run: string, signal: AbortSignal): AsyncIterable<JournalRecord>;
  /** The live text of one attempt of a call. */
  tail(run: string, call: string, attempt: number, signal: AbortSignal): AsyncIterable<string>;
  say(run: string, text: string, to?: string): Promise<void>;
  requestStop(run: string): Promise<void>;
  /**
   * Says what is to become of a call under way, or of a route for the rest of the run. The run's owner takes it; events tell what came
   * of it. Throws `UserError` (`unknown-route`) for a route that its team does not have.
   */
  control(run: string, control: Control): Promise<void>;
  /** What an attempt of a call was asked, without secrets; undefined when that was not kept. */
  prompt(run: string, call: string, attempt: number): Promise<string | undefined>;
  /** Removes the checkouts of one run, or of all that have ended; commits and journals stay. Gives the runs. */
  clean(run: string | undefined, signal: AbortSignal): Promise<string[]>;
  /** What of the team can be reached from here, and what to do about the rest. */
  diagnose(options: {
    team?: string | undefined;
    teamFile?: string | undefined;
    /** One tiny real call over every route that can be used: it costs. */
    live?: boolean | undefined;
    /** Does what is safe about what was found, and looks again. */
    fix?: boolean | undefined;
    signal: AbortSignal;
  }): Promise<Diagnosis>;
}

/** The one composition: everything that a run needs, wired over this folder. Throws `UserError` when the folder cannot be one. */
export async function openProject(
  cwd: string,
  options: { log: Log; signal: AbortSignal; from: string } & Surroundings,
): Promise<Project> {
  const { log, hosted, env } = options;
  const surroundings: Surroundings = { hosted, env };
  const root = await projectRoot(cwd, options.signal);
  const infoOf = (run: string): Promise<RunInfo> => resolveRun(root, run);

  /** Holds the lease while `work` goes on; gives it up in any case. */
  const owning = async <T>(
    info: { folder: string },
    signal: AbortSignal,
    work: (lease: Lease) => Promise<T>,
  ): Promise<T> => {
    const lease = await acquireLease(info.folder, { signal });
    try {
      return await work(lease);
    } finally {
      await lease.release();
    }
  };

  const drive = async (
    info: { id: string; folder: string },
    start: RunStart,
    host: Host,
    begin: Begin,
    how: { workflow: Workflow; goesOn: boolean },
  ): Promise<RunResult> =>
    owning(info, host.signal, async (lease) => {
      const inForce = await approvedTeam(root, start, host.signal);
      const records: JournalRecord[] = [];
      const { ports, tidy, close } = await openPorts({
        root,
        run: info.id,
        folder: info.folder,
        lease,
        ...inForce,
        surroundings,
        person: host.person,
        log,
        ...(how.goesOn && { engine: version }),
        onText: host.onText,
        signal: host.signal,
      });
      try {
        for (const record of ports.journal.records) {
          records.push(record);
          host.onRecord?.(record, info.id, true);
        }
        const end = await how.workflow(
          begin,
          { run: info.id, team: inForce.team, teamName: start.teamName },
          ports,
          host.signal,
          {
            onRecord(record) {
              records.push(record);
              host.onRecord?.(record, info.id, false);
            },
          },
        );
        if (end.outcome === 'applied' || end.outcome === 'ready') await tidy();
        return { ...end, run: info.id, state: fold(records) };
      } finally {
        await close();
      }
    });

  /** To stay off a route that there is not would look as if it had been done. Of a run that this profile did not start nobody knows. */
  const refuseUnknownRoute = async (
    info: { id: string; folder: string },
    route: { server: string; agent?: string | undefined },
  ): Promise<void> => {
    const start = await recallStart(root, info.id, info.folder).catch(() => undefined);
    if (!start) return;
    const routes = Object.values(start.team.models).flatMap((model) => model.routes);
    if (routes.some((one) => isAbout(route, one))) return;
    const names = routes.map(({ server, agent }) => (agent === undefined ? server : `${server}/${agent}`));
    throw new UserError('unknown-route', `No model of run ${info.id} is reached over ${routeName(route)}.`, {
      hint: `There are: ${[...new Set(names)].toSorted().join(', ')}.`,
    });
  };

  return {
    root,
    async start(wanted, host) {
      const loaded = await teamOf(root, { explicit: wanted.teamFile, signal: host.signal });
      const usual = withHosted(loaded.team, Object.keys(hosted ?? {}));
      const team = { ...usual, checks: [...usual.checks, ...(wanted.checks ?? [])] };
      const teamName = wanted.team ?? team.team;
      if (!Object.hasOwn(team.teams, teamName)) {
        throw new UserError('unknown-team', `No team is called "${teamName}".`, {
          hint: `There are: ${Object.keys(team.teams).join(', ')}.`,
        });
      }
      const start: RunStart = { team, teamName, brought: loaded.brought };
      const made = await createRun(root, { now: Date.now, random: Math.random });
      await rememberStart(root, made.id, made.folder, start);
      const begin: Begin = {
        type: 'run.created',
        task: wanted.task,
        engine: version,
        team: teamName,
        budget: { ...team.budget, ...wanted.budget },
        budgetFrom: wanted.budget && Object.keys(wanted.budget).length > 0 ? 'person' : loaded.budgetFrom,
        scripted: Object.values(team.servers).some((s) => s.scripted),
      };
      return drive(made, start, host, begin, { workflow: runWorkflow, goesOn: true });
    },
    async resume(run, host, budget) {
      const info = await infoOf(run);
      const start = await recallStart(root, info.id, info.folder);
      const before = fold((await readJournal(journalPath(info.folder))).records);
      const begin: Begin = {
        type: 'run.resumed',
        by: host.person.name,
        engine: version,
        ...(budget && { budget: { ...before.budget, ...budget } }),
      };
      return drive(info, start, host, begin, { workflow: runWorkflow, goesOn: true });
    },
    async apply(run, host) {
      const info = await infoOf(run);
      const start = await recallStart(root, info.id, info.folder);
      const { ledger } = fold((await readJournal(journalPath(info.folder))).records);
      if (!ledger)
        throw new UserError('nothing-to-apply', `Run ${info.id} has no merged change to apply.`, {
          hint: `\`orchestra show ${info.id}\` says how far it came, \`orchestra resume ${info.id}\` goes on with it.`,
        });
      const begin: Begin = { type: 'run.resumed', by: host.person.name, engine: version };
      return drive(info, start, host, begin, { workflow: applyRun, goesOn: false });
    },
    async undo(run, host) {
      const info = await infoOf(run);
      return owning(info, host.signal, async (lease) => {
        const { applied, undone } = fold((await readJournal(journalPath(info.folder))).records);
        if (!applied || undone) {
          const why = undone ? 'The change of this run was taken back already' : 'Nothing of this run is applied';
          throw new UserError('nothing-to-undo', `${why} (${info.id}).`, {
            hint: '`orchestra runs` lists what was applied.',
          });
        }
        const workspaces = await openWorkspaces({ root, run: info.id, log, signal: host.signal });
        const journal = await openJournal(info.folder, { lease, now: Date.now });
        try {
          const applier = openApplier({
            root,
            runFolder: info.folder,
            readBlob: (sha, signal) => workspaces.blob(sha, signal),
          });
          const { files } = await applier.undo(applied.id, host.signal);
          for (const event of [
            { type: 'apply.undone', id: applied.id, files } as const,
            { type: 'run.ended', outcome: 'ready', reason: 'Its change was taken back.' } as const,
          ]) {
            // Written whether or not somebody listens: an optional call does not even evaluate what it would be given.
            const record = await journal.append({ event });
            host.onRecord?.(record, info.id, false);
          }
          return { run: info.id, files };
        } finally {
          await journal.close();
          await workspaces.close();
        }
      });
    },
    async review(run, by) {
      const info = await infoOf(run);
      return openReview({
        root,
        run: info.id,
        folder: info.folder,
        by,
        log,
        owning: (signal, work) => owning(info, signal, work),
        async drive(workflow, host) {
          const start = await recallStart(root, info.id, info.folder);
          const begin: Begin = { type: 'run.resumed', by: host.person.name, engine: version };
          return drive(info, start, host, begin, { workflow, goesOn: false });
        },
      });
    },
    runs: () => listRuns(root),
    find: (words) => resolveRun(root, words),
    async show(run) {
      const info = await infoOf(run);
      const { records } = await readJournal(journalPath(info.folder));
      return { info, records, state: fold(records) };
    },
    messagesInMemories: async (run) => messagesOf(root, (await infoOf(run)).id),
    async diff(run, signal) {
      const info = await infoOf(run);
      const { base, ledger, integration, merges, changes } = fold(
        (await readJournal(journalPath(info.folder))).records,
      );
      const trees = [ledger?.tree ?? integration?.tree ?? merges.at(-1)?.tree].filter((t) => t !== undefined);
      const shown = trees.length > 0 ? trees : Object.values(changes).map((c) => c.landed.tree);
      if (!base || shown.length === 0) return '';
      const workspaces = await openWorkspaces({ root, run: info.id, log, signal });
      try {
        const diffs = [];
        for (const tree of shown) diffs.push(await workspaces.diff(base.tree, tree, signal));
        return diffs.join('\n');
      } finally {
        await workspaces.close();
      }
    },
    async *watch(run, signal) {
      const info = await infoOf(run);
      yield* tailJournal(journalPath(info.folder), signal);
    },
    async *tail(run, call, attempt, signal) {
      const info = await infoOf(run);
      yield* tailTranscript(transcriptPath(info.folder, call, attempt), signal);
    },
    async say(run, text, to) {
      const info = await infoOf(run);
      await postToInbox(info.folder, { kind: 'say', text, ...(to !== undefined && { to }), from: options.from });
    },
    async requestStop(run) {
      const info = await infoOf(run);
      await postToInbox(info.folder, { kind: 'stop', text: '', from: options.from });
    },
    async control(run, control) {
      const info = await infoOf(run);
      if (control.kind === 'leave') await refuseUnknownRoute(info, control);
      await postToInbox(info.folder, { kind: 'control', text: controlText(control), control, from: options.from });
    },
    async prompt(run, call, attempt) {
      return readPrompt((await infoOf(run)).folder, call, attempt);
    },
    async clean(run, signal) {
      const workspaces = await openWorkspaces({ root, run: 'clean', log, signal });
      try {
        if (run !== undefined) return await workspaces.clean((await infoOf(run)).id, signal);
        const ended = (await listRuns(root)).filter((info) => isOutcome(info.state));
        const removed: string[] = [];
        for (const { id } of ended) removed.push(...(await workspaces.clean(id, signal)));
        return removed;
      } finally {
        await workspaces.close();
      }
    },
    diagnose: (wanted) => diagnose(root, { ...wanted, surroundings, log }),
  };
}

function isOutcome(state: string): boolean {
  return outcomes.some((outcome) => outcome === state);
}

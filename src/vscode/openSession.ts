import { UserError } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { JournalRecord } from '../core/run/events.ts';
import { RunStopped } from '../core/run/stopped.ts';
import type { Budget } from '../core/team/file.ts';
import { roster } from '../core/team/roster.ts';
import type { Host, RunResult } from '../node/host.ts';
import { openProject, type Project } from '../node/project.ts';
import type { HostedServer } from '../node/models/hostedWire.ts';
import type { RunInfo } from '../node/run/runs.ts';
import { teamOf } from '../node/team/inForce.ts';
import { openAsking } from './asking.ts';
import { problemOf } from './host.ts';
import { follow, isDriven, type LiveRun, openLive, readOn } from './live.ts';
import { editorPerson, personName } from './person.ts';
import type { Condition, Session, SessionView } from './session.ts';

/** What the session needs of the window. */
export interface Surroundings {
  readonly log: Log;
  condition(): Condition;
  folders(): SessionView['folders'];
  /** The project's folder when it is clear which. */
  current(): string | undefined;
  /** A team file of the person's in the place of the project's. */
  teamFile(): string | undefined;
  /** Which team, and how much, when nothing else is said. */
  defaults(root: string): { team?: string | undefined; budget: Partial<Budget> };
  /** Keys for the servers that ship with this. */
  readonly env: Readonly<Record<string, string>>;
  /** Servers in this process, by name: the editor's models. */
  readonly hosted?: Readonly<Record<string, HostedServer>>;
  /** Something that went wrong and that nobody waits for any more. */
  complain(error: unknown): void;
}

/** A session that can be ended: what it drives is stopped in order, and goes on with `resume`. */
export interface OpenSession extends Session {
  close(): Promise<void>;
}

/** Why a run ended whose window was closed: nobody meant it to stop, so it is offered to go on like one that was cut off. */
const windowClosed = 'Its window was closed.';

/** How often the list is read again while another process has a run, in milliseconds. */
const othersMs = 5000;

interface TeamShown {
  readonly titles: Record<string, string>;
  readonly teams: readonly string[];
  readonly budget: Budget | undefined;
  readonly waiting: number;
}

const builtIn: TeamShown = {
  titles: Object.fromEntries(Object.entries(roster.models ?? {}).map(([id, { title }]) => [id, title])),
  teams: [],
  budget: undefined,
  waiting: 0,
};

/** The one place where this window's runs are kept. */
export function openSession(around: Surroundings): OpenSession {
  const listeners = new Set<() => void>();
  const recordListeners = new Set<(record: JournalRecord, run: string) => void>();
  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const asking = openAsking(changed);
  const projects = new Map<string, Promise<Project>>();
  const lives = new Map<string, LiveRun>();
  const driving = new Set<Promise<void>>();
  const closing = new AbortController();
  let shown: LiveRun | undefined;
  let runs: readonly RunInfo[] = [];
  let team: TeamShown = builtIn;
  let problem: SessionView['problem'];
  let again: NodeJS.Timeout | undefined;

  const projectOf = (root: string): Promise<Project> => {
    let project = projects.get(root);
    if (!project) {
      project = openProject(root, {
        log: around.log,
        signal: closing.signal,
        from: `${personName()} in another window`,
        env: around.env,
        ...(around.hosted && { hosted: around.hosted }),
      });
      projects.set(root, project);
      // A folder that could not be one may be one later.
      project.catch(() => projects.delete(root));
    }
    return project;
  };

  const record = (live: LiveRun, each: JournalRecord): void => {
    for (const listener of recordListeners) listener(each, live.run);
  };

  /** Everything that is asked of the engine goes through here: it says what went wrong, and reads the list of runs anew. */
  const attempt = async (work: () => Promise<void>): Promise<void> => {
    problem = undefined;
    changed();
    try {
      if (around.condition() === 'untrusted')
        throw new UserError('untrusted', 'This window is in Restricted Mode, so nothing is run.', {
          hint: 'Trust the folder first ("Manage Workspace Trust").',
        });
      await work();
    } catch (error) {
      failed(error);
    }
    await refresh();
  };
  const failed = (error: unknown): void => {
    const found = problemOf(error);
    if (!found) return;
    problem = { message: found.message, ...(found.hint !== undefined && { hint: found.hint }) };
    around.complain(error);
    changed();
  };

  /** What was known of a run is about to be known anew. */
  const forget = (run: string): void => {
    const known = lives.get(run);
    known?.control.abort();
    known?.reading.abort();
  };

  /** What is decided about the change of a run that is over is seen here too, wherever it was decided. */
  const keepReading = (project: Project, live: LiveRun): void => {
    if (closing.signal.aborted || live.reading.signal.aborted) return;
    const reading = readOn(live, project, (each) => record(live, each))
      .then(async (elsewhere) => {
        if (elsewhere && lives.get(live.run) === live && shown === live) await watch(project, live.run);
      })
      .catch(failed)
      .finally(() => driving.delete(reading));
    driving.add(reading);
  };

  /** Drives a run here; resolves when its first record is there, and goes on behind. */
  const drive = (
    project: Project,
    work: (host: Host) => Promise<RunResult>,
    known: string | undefined,
  ): Promise<LiveRun | undefined> =>
    new Promise((begun, refused) => {
      const control = new AbortController();
      let live: LiveRun | undefined;
      const begin = (run: string): LiveRun => {
        const made = openLive({ root: project.root, run, driven: 'here' }, changed);
        control.signal.addEventListener('abort', () => made.control.abort(control.signal.reason));
        made.control.signal.addEventListener('abort', () => control.abort(made.control.signal.reason));
        forget(run);
        lives.set(run, made);
        shown = made;
        begun(made);
        return made;
      };
      const host: Host = {
        person: editorPerson(asking, () => live?.run ?? known ?? ''),
        signal: control.signal,
        onRecord(each, run, past) {
          live ??= begin(run);
          live.take(each);
          // What is over is shown, but nothing happens because of it once more: no plan opens that was decided long ago.
          if (!past) record(live, each);
        },
        onText: (call, n, text) => live?.takeText(call, n, text),
      };
      const driven = work(host)
        .then(
          () => undefined,
          (error: unknown) => {
            if (live) failed(error);
            else refused(error as Error);
          },
        )
        .finally(() => {
          if (live) {
            live.driven = 'nobody';
            keepReading(project, live);
          }
          driving.delete(driven);
          begun(live);
          void refresh();
        });
      driving.add(driven);
    });

  /** Watches a run of another process, or reads one that is over. */
  const watch = async (project: Project, run: string): Promise<void> => {
    const { id } = await project.find(run);
    const known = lives.get(id);
    if (known && known.driven !== 'nobody') {
      shown = known;
      changed();
      return;
    }
    const live = openLive({ root: project.root, run: id, driven: 'nobody' }, changed);
    forget(id);
    lives.set(id, live);
    shown = live;
    const following = follow(live, project, (each) => record(live, each))
      .catch(failed)
      .finally(() => {
        driving.delete(following);
        keepReading(project, live);
        void refresh();
      });
    driving.add(following);
    // One that is over is there to be seen when this resolves.
    if (!(await isDriven(project, id))) await following;
  };

  const rootOf = (): string => {
    const root = around.current();
    if (root === undefined)
      throw new UserError('no-folder', 'There is no folder to work in.', { hint: 'Open a folder, or choose one.' });
    return root;
  };
  const here = (run: string): Promise<Project> => projectOf(lives.get(run)?.root ?? rootOf());

  const refresh = async (): Promise<void> => {
    const root = shown?.root ?? around.current();
    // Of a folder that is not trusted nothing is read, its runs neither.
    if (root === undefined || around.condition() === 'untrusted' || closing.signal.aborted) {
      runs = [];
      team = builtIn;
      changed();
      return;
    }
    try {
      const project = await projectOf(root);
      const [found, read] = await Promise.all([
        project.runs(),
        teamOf(project.root, { explicit: around.teamFile(), signal: closing.signal }).then(
          (loaded): TeamShown => ({
            titles: Object.fromEntries(Object.entries(loaded.team.models).map(([id, model]) => [id, model.title])),
            teams: [loaded.team.team, ...Object.keys(loaded.team.teams).filter((name) => name !== loaded.team.team)],
            budget: { ...loaded.team.budget, ...around.defaults(project.root).budget },
            waiting: loaded.missing.length,
          }),
          () => builtIn,
        ),
      ]);
      runs = await withCutOff(project, found.toReversed());
      team = read;
      const others = runs.some(({ id, state }) => state === 'running' && lives.get(id)?.driven !== 'here');
      clearTimeout(again);
      if (others) again = setTimeout(() => void refresh(), othersMs);
    } catch (error) {
      const known = problemOf(error);
      if (known) problem = { message: known.message, ...(known.hint !== undefined && { hint: known.hint }) };
    }
    changed();
  };

  return {
    view: () => ({
      condition: around.condition(),
      ...(shown ? { root: shown.root } : around.current() !== undefined && { root: around.current() as string }),
      folders: around.folders(),
      ...(shown && { shown }),
      runs,
      questions: asking.questions,
      ...team,
      ...(problem && { problem }),
    }),
    onChange(listener) {
      listeners.add(listener);
      return { dispose: () => void listeners.delete(listener) };
    },
    onRecord(listener) {
      recordListeners.add(listener);
      return { dispose: () => void recordListeners.delete(listener) };
    },
    async project(root) {
      const folder = root ?? shown?.root ?? around.current();
      if (folder === undefined || around.condition() === 'untrusted') return undefined;
      return projectOf(folder);
    },
    start: (wanted) =>
      attempt(async () => {
        const root = wanted.sample?.root ?? rootOf();
        const project = await projectOf(root);
        const usual = around.defaults(project.root);
        const team = wanted.team ?? (wanted.sample ? undefined : usual.team);
        const budget = { ...(wanted.sample ? {} : usual.budget), ...wanted.budget };
        const teamFile = wanted.sample?.teamFile ?? around.teamFile();
        await drive(project, (host) => project.start({ task: wanted.task, team, teamFile, budget }, host), undefined);
      }),
    resume: (run, budget) =>
      attempt(async () => {
        const project = await here(run);
        try {
          await drive(project, (host) => project.resume(run, host, budget), run);
        } catch (error) {
          if (!(error instanceof UserError) || error.code !== 'run-owned') throw error;
          await watch(project, run);
        }
      }),
    show: (run) => attempt(async () => watch(await here(run), run)),
    leave() {
      shown = undefined;
      problem = undefined;
      changed();
    },
    stop: (run) =>
      attempt(async () => {
        const live = lives.get(run);
        if (live?.driven === 'here') live.control.abort(new DOMException('Stopped by the person.', 'AbortError'));
        else await (await here(run)).requestStop(run);
      }),
    say: (run, text, to) => attempt(async () => (await here(run)).say(run, text, to)),
    control: (run, control) => attempt(async () => (await here(run)).control(run, control)),
    answer(question, answer) {
      asking.answer(question, answer);
    },
    heard(run, each) {
      const live = lives.get(run);
      if (live?.driven === 'nobody' && live.state.seq > 0) live.take(each);
    },
    async work(run, work) {
      let result: RunResult | undefined;
      await attempt(async () => {
        const project = await here(run);
        const ended = Promise.withResolvers<void>();
        const whole = async (host: Host): Promise<RunResult> => {
          try {
            return (result = await work(project, host));
          } finally {
            ended.resolve();
          }
        };
        await drive(project, whole, run);
        await ended.promise;
      });
      return result;
    },
    apply: (run) =>
      attempt(async () => {
        const project = await here(run);
        await drive(project, (host) => project.apply(run, host), run);
      }),
    undo: (run) =>
      attempt(async () => {
        const project = await here(run);
        const nobody: Host = { person: editorPerson(asking, () => run), signal: closing.signal };
        await project.undo(run, nobody);
        await watch(project, run);
      }),
    clean: (run) =>
      attempt(async () => {
        const project = run === undefined ? await projectOf(rootOf()) : await here(run);
        await project.clean(run, closing.signal);
      }),
    refresh,
    async close() {
      clearTimeout(again);
      const reason = new RunStopped('stopped', windowClosed, 'Go on with `orchestra resume`.');
      for (const live of lives.values()) {
        live.control.abort(reason);
        live.reading.abort();
      }
      // What waits for the projects themselves ends with them.
      await Promise.allSettled(driving);
      closing.abort();
    },
  };
}

/** The youngest run as `interrupted` when it was stopped by its window alone. */
async function withCutOff(project: Project, runs: readonly RunInfo[]): Promise<readonly RunInfo[]> {
  const [youngest, ...rest] = runs;
  if (youngest?.state !== 'stopped') return runs;
  const { state } = await project.show(youngest.id);
  return state.reason === windowClosed ? [{ ...youngest, state: 'interrupted' }, ...rest] : runs;
}

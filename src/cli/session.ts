import { reasonOf } from '../core/errors.ts';
import type { Log } from '../core/ports.ts';
import type { JournalRecord } from '../core/run/events.ts';
import { fold } from '../core/run/fold.ts';
import type { RunState } from '../core/run/state.ts';
import { roster } from '../core/team/roster.ts';
import type { Host, RunResult } from '../node/host.ts';
import { openProject, type Project } from '../node/project.ts';
import type { RunInfo } from '../node/run/runs.ts';
import { teamOf } from '../node/team/inForce.ts';
import { codeOfOutcome } from './exit.ts';
import { type Interruption, listenForInterruption } from './interruption.ts';
import { jsonEnd } from './jsonEvents.ts';
import { openOutput } from './output.ts';
import { cliPerson, personName } from './person.ts';
import { oneLine } from '../core/words/plain.ts';

/** A command at work in a project. */
export interface Session {
  readonly project: Project;
  readonly interruption: Interruption;
  readonly signal: AbortSignal;
}

export interface SessionOptions {
  readonly cwd?: string;
  /** When the person interrupts for the first time. */
  readonly onInterrupt?: () => void;
  /** Where warnings go; default stderr. */
  readonly say?: (line: string) => void;
}

/** Opens the project of the folder for one command, and closes after it what the session holds. */
export async function withProject<T>(options: SessionOptions, work: (session: Session) => Promise<T>): Promise<T> {
  const interruption = listenForInterruption(() => options.onInterrupt?.());
  try {
    const project = await openProject(options.cwd ?? process.cwd(), {
      log: logTo(options.say ?? ((line) => void process.stderr.write(`${line}\n`))),
      signal: interruption.signal,
      from: `${personName()} in another terminal`,
    });
    return await work({ project, interruption, signal: interruption.signal });
  } finally {
    interruption.dispose();
  }
}

/** Whether a process is at work on the run, here or elsewhere: it hears what is said to it now. */
export const takesWords = ({ state }: RunInfo): boolean => state === 'running' || state === 'elsewhere';

/** A log that says warnings and errors through `say`. */
function logTo(say: (line: string) => void): Log {
  const debug = process.env['ORCHESTRA_DEBUG'] ? (message: string) => say(`debug: ${oneLine(message)}`) : () => {};
  return {
    debug,
    info: debug,
    warn: (message) => say(`warning: ${oneLine(message)}`),
    error: (message) => say(`error: ${oneLine(message)}`),
  };
}

export interface FollowOptions {
  readonly json: boolean;
  readonly yes: boolean;
  /** Who the journal says gave the answers. */
  readonly name?: string | undefined;
  readonly teamFile?: string | undefined;
  /** The run is gone when this process ends. */
  readonly passing?: boolean;
  /** The run as it stood before, when one goes on. */
  readonly before?: { readonly run: string; readonly state: RunState };
}

/** Shows a run of this process while it goes on, asks the person where it must, and gives the exit code of its end. */
export async function follow(
  options: SessionOptions & FollowOptions,
  drive: (project: Project, host: Host) => Promise<RunResult>,
): Promise<number> {
  let say = (line: string): void => void process.stderr.write(`${line}\n`);
  const onInterrupt = (): void => say('Stopping in order; once more stops at once.');
  return withProject(
    { ...options, onInterrupt, say: (line) => say(line) },
    async ({ project, interruption, signal }) => {
      let run = options.before?.run ?? '';
      let state: RunState | undefined = options.before?.state;
      let endSeen = false;
      const known = options.before?.state.seq ?? 0;
      const output = openOutput({
        json: options.json,
        titles: await titlesOf(project.root, options.teamFile, signal),
        interruption,
        diff: (of) => project.diff(of, signal),
        passing: options.passing === true,
        asks: !options.yes,
      });
      const { presenter, desk, look } = output;
      say = (line) => presenter.say([line]);
      // Nobody reads any more: as if Ctrl-C had been pressed.
      process.stdout.once('error', interruption.interrupt);
      const host: Host = {
        person: cliPerson({
          name: options.name,
          alone: options.json || !process.stdout.isTTY,
          desk,
          yes: options.yes,
          look,
          state: () => state,
          settled: () => presenter.settled(),
          diff: () => project.diff(run, signal),
        }),
        signal,
        onRecord(record: JournalRecord, of: string) {
          if (record.seq <= known) return;
          if (run === '') presenter.begin((run = of), undefined);
          state = fold([record], state);
          endSeen = record.event.type === 'run.ended';
          presenter.record(record);
        },
        onText: (call, _attempt, text) => presenter.progress(call, text),
      };
      try {
        if (options.before) presenter.begin(options.before.run, options.before.state);
        const result = await drive(project, host);
        await presenter.settled();
        if (options.json && !endSeen) writeEnd(result);
        return codeOfOutcome(result.outcome);
      } catch (error) {
        // Whoever reads the lines must learn that no more will come.
        if (options.json && run !== '' && !endSeen)
          process.stdout.write(`${jsonEnd(run, 'failed', new Date().toISOString(), reasonOf(error))}\n`);
        throw error;
      } finally {
        process.stdout.off('error', interruption.interrupt);
        say = (line) => void process.stderr.write(`${line}\n`);
        output.close();
      }
    },
  );
}

function writeEnd(result: RunResult): void {
  const spent = result.outcome === 'spent';
  const reason = result.reason ?? (spent ? 'The budget is spent.' : undefined);
  process.stdout.write(
    `${jsonEnd(result.run, spent ? 'stopped' : (result.outcome as 'ready'), new Date().toISOString(), reason)}\n`,
  );
}

/** Names of models by id: those of the team in force, or of the built-in team when that cannot be read. */
export async function titlesOf(
  root: string,
  teamFile: string | undefined,
  signal: AbortSignal,
): Promise<Record<string, string>> {
  const models = await teamOf(root, { explicit: teamFile, signal }).then(
    ({ team }) => team.models,
    () => roster.models ?? {},
  );
  return Object.fromEntries(Object.entries(models).map(([id, model]) => [id, model.title]));
}

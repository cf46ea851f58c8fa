import type { Control } from '../core/run/control.ts';
import type { Budget } from '../core/team/file.ts';
import type { JournalRecord } from '../core/run/events.ts';
import type { RunState } from '../core/run/state.ts';
import type { Host, RunResult } from '../node/host.ts';
import type { Project } from '../node/project.ts';
import type { RunInfo } from '../node/run/runs.ts';
import type { Answer, Question } from './asking.ts';
import type { Tail } from './tails.ts';

/** Why nothing can be done in this window, or that something can. */
export type Condition = 'ready' | 'no-folder' | 'untrusted' | 'virtual';

/** One run that this window shows. All of it comes from the journal and from a living process. */
export interface ShownRun {
  readonly root: string;
  readonly run: string;
  readonly state: RunState;
  /** `here`: this window drives it. `elsewhere`: another process does, and it is watched. `nobody`: it has ended, or waits to be gone on with. */
  readonly driven: 'here' | 'elsewhere' | 'nobody';
  /** The last of the live text of a call. */
  tail(call: string): Tail | undefined;
}

/** All that the panel, the status bar and the documents are drawn from. */
export interface SessionView {
  readonly condition: Condition;
  /** The project's folder; absent unless `ready`. */
  readonly root?: string;
  /** Folders that could be the project, when there are several. */
  readonly folders: readonly { readonly name: string; readonly root: string }[];
  readonly shown?: ShownRun;
  /** Runs of the project, the youngest first, the shown one among them. */
  readonly runs: readonly RunInfo[];
  /** What the person is asked, in order. */
  readonly questions: readonly Question[];
  /** Names of models by id. */
  readonly titles: Readonly<Record<string, string>>;
  /** Teams of the team file, the one that is used when none is named first. */
  readonly teams: readonly string[];
  readonly budget: Budget | undefined;
  /** How many things of the folder's team file wait for the person's approval. */
  readonly waiting: number;
  /** What went wrong last and is nobody's yet: shown in the panel until the next thing begins. */
  readonly problem?: { readonly message: string; readonly hint?: string };
}

export interface Wanted {
  readonly task: string;
  readonly team?: string;
  readonly budget?: Partial<Budget>;
  /** A team file in the place of the project's, and the folder it is for: the sample's. */
  readonly sample?: { readonly root: string; readonly teamFile: string };
}

/** What this window does with runs. Whoever calls a function is told what went wrong by the window itself: none of them throws. */
export interface Session {
  view(): SessionView;
  /** Called after anything of the view changed, live text included; gives what ends it. Must be cheap. */
  onChange(listener: () => void): { dispose(): void };
  /** Each record of the shown run as it comes, after the view has it; of a run that is gone on with only what is new. */
  onRecord(listener: (record: JournalRecord, run: string) => void): { dispose(): void };
  /** The project, for what reads: diffs, logs. Undefined when there is none. */
  project(root?: string): Promise<Project | undefined>;
  /** Resolves when the run is begun, not when it is done. */
  start(wanted: Wanted): Promise<void>;
  resume(run: string, budget?: Partial<Budget>): Promise<void>;
  /** Shows a run: its own, one that another process drives, or one that is over. */
  show(run: string): Promise<void>;
  /** Takes the shown run off the panel; it goes on. */
  leave(): void;
  stop(run: string): Promise<void>;
  say(run: string, text: string, to?: string): Promise<void>;
  /** What is to become of a call under way, or of a route; whoever drives the run takes it. */
  control(run: string, control: Control): Promise<void>;
  answer(question: string, answer: Answer): void;
  /** A record of a run that nobody drives, read by this window's own review: what was decided is shown at once. */
  heard(run: string, record: JournalRecord): void;
  /** Drives a piece of work on a run that is there, shown like any of its work; resolves at its end, undefined when it went wrong. */
  work(run: string, work: (project: Project, host: Host) => Promise<RunResult>): Promise<RunResult | undefined>;
  apply(run: string): Promise<void>;
  undo(run: string): Promise<void>;
  clean(run: string | undefined): Promise<void>;
  /** Reads runs, team and trust again. */
  refresh(): Promise<void>;
}

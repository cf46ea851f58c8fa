import type {
  AskInput,
  AskOutput,
  AskPermission,
  AskProgress,
  Failure,
  HandedServer,
  ReachOutput,
  Usage,
} from './ask.ts';
import type { FileChange, GateVerdict } from './change/change.ts';
import type { Amendment } from './run/amendments.ts';
import type { Control } from './run/control.ts';
import type { CheckResult, JournalRecord, RunEvent } from './run/events.ts';
import type { Check, Route } from './team/file.ts';

/**
 * What the engine needs from the machine. `node/` implements these; tests write them by hand.
 * Everything that waits takes an `AbortSignal` and rejects with the signal's reason when it fires.
 */

export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** A signal that fires after `ms`, unless cancelled before. */
  timeout(ms: number): { signal: AbortSignal; cancel(): void };
}

/** The durable log of one run. The holder of the run's lease is its only writer. */
export interface Journal {
  /** What was already there when it was opened, in order. */
  readonly records: readonly JournalRecord[];
  /** Resolves when the record is on disk. Calls made side by side keep their order. Rejects when the lease is lost. */
  append(entry: { event: RunEvent; step?: string; ends?: string }): Promise<JournalRecord>;
}

export interface InboxMessage {
  readonly id: string;
  readonly kind: 'say' | 'stop' | 'control';
  readonly text: string;
  readonly to?: string;
  /** With `control`: what is to be done. */
  readonly control?: Control;
  readonly from: string;
}

/** Words from outside: another terminal, a panel. */
export interface Inbox {
  /** Ends with the signal. A message comes again, in a later run too, until `settle(id)`. */
  messages(signal: AbortSignal): AsyncIterable<InboxMessage>;
  settle(id: string): Promise<void>;
}

/** Thrown by `Models.ask`: the attempt failed, and why. */
export class RouteError extends Error {
  readonly failure: Failure;
  readonly usage: Usage | undefined;
  constructor(failure: Failure, usage?: Usage) {
    super(failure.message);
    this.name = 'RouteError';
    this.failure = failure;
    this.usage = usage;
  }
}

export interface AskHooks {
  readonly signal: AbortSignal;
  /** Called in order, as the text arrives. */
  onProgress(progress: AskProgress): void;
  /** The answer to a permission request of the agent. */
  permit(request: AskPermission): Promise<'once' | 'run' | 'no'>;
  /** Nothing heard for so long: `silence`. */
  readonly silenceMs: number;
  readonly answerBytes: number;
}

export interface Models {
  /**
   * Whether the route can be used: its server starts, has the tool and says nothing to the contrary. Never spends anything. With
   * `catalogue` it is also looked up which of its ids are gone, if its server can tell in time.
   */
  reach(
    route: Route,
    signal: AbortSignal,
    how?: { readonly catalogue?: boolean; readonly detail?: boolean },
  ): Promise<ReachOutput>;
  /** One attempt over one route. Throws `RouteError`, or the signal's reason. Waits while the route is full. */
  ask(route: Route, input: AskInput, hooks: AskHooks): Promise<AskOutput>;
  /** True when the server plays a script. */
  scripted(server: string): boolean;
}

export interface Conflict {
  readonly path: string;
  /** git's words for it: content, modify/delete, add/add, … */
  readonly why: string;
}

/** Checkouts and trees in the project's private repository. The person's tree and `.git` are only read. */
export interface Workspaces {
  /** Snapshots the person's files as they are. `notes` say in a sentence each what is left out or special. */
  takeBase(
    signal: AbortSignal,
  ): Promise<{ commit: string; tree: string; files: number; bytes?: number; notes: string[] }>;
  /** A checkout of `commit` under this name, made or made anew. Throws when it cannot be had: nobody writes elsewhere. */
  open(name: string, commit: string, signal: AbortSignal): Promise<{ path: string }>;
  /** The path of a checkout that is there and was opened at `commit`; undefined else. */
  find(name: string, commit: string, signal: AbortSignal): Promise<{ path: string } | undefined>;
  /** Everything in the checkout as a commit upon the one it was opened at. Ignored files are not in it. */
  commit(name: string, message: string, signal: AbortSignal): Promise<{ commit: string; tree: string }>;
  /** Files that differ between two trees or commits, with their text; sorted by path. */
  changes(from: string, to: string, signal: AbortSignal): Promise<FileChange[]>;
  /** Three-way merge of two commits with `base`. With conflicts the tree holds conflict markers in these files. */
  merge(
    base: string,
    ours: string,
    theirs: string,
    signal: AbortSignal,
  ): Promise<{ commit: string; tree: string; conflicts: Conflict[] }>;
  /** A tree like `tree`, with these files replaced (`content: null` removes), as a commit upon `parent`. */
  withFiles(
    tree: string,
    parent: string,
    files: { path: string; content: string | null }[],
    signal: AbortSignal,
  ): Promise<{ commit: string; tree: string }>;
  /** `tree` with these paths as they are in `from` (absent there: removed), as a commit upon `parent`. */
  restore(
    tree: string,
    from: string,
    parent: string,
    paths: readonly string[],
    signal: AbortSignal,
  ): Promise<{ commit: string; tree: string }>;
  /** Text of a file in a tree; undefined when it is not there or no text. */
  read(tree: string, path: string, signal: AbortSignal): Promise<string | undefined>;
  /** All paths of a tree, sorted. */
  list(tree: string, signal: AbortSignal): Promise<string[]>;
  /** The whole code base as one text of at most `tokens`; `leftOut` names what did not fit, each with its reason. */
  pack(tree: string, tokens: number, signal: AbortSignal): Promise<{ text: string; files: number; leftOut: string[] }>;
  /** A unified diff for people. */
  diff(from: string, to: string, signal: AbortSignal): Promise<string>;
  remove(name: string): Promise<void>;
  /** Makes these commits independent of borrowed objects and keeps them from being pruned. */
  keep(run: string, commits: string[], signal: AbortSignal): Promise<void>;
}

export interface Checks {
  /** Makes a fresh checkout able to run the checks (install, copied files). Throws `UserError` when it cannot. */
  prepare(cwd: string, signal: AbortSignal): Promise<void>;
  /** Runs one in `cwd`. `not-run` with a reason when the person's consent is missing. */
  run(check: Check, cwd: string, signal: AbortSignal): Promise<CheckResult>;
}

/** Something that a model left for the bus, as whoever found it reads it. */
export interface Arrival {
  /** The same however often it is found. */
  readonly id: string;
  /** The role that sent it: proved by its call, or else what the sender says. */
  readonly from: string;
  /** The call in flight that proved its sender, and which attempt of it; absent: nobody did. */
  readonly call?: string;
  readonly attempt?: number;
  readonly kind: string;
  /** Empty: all, or with an answer who asked. */
  readonly to: readonly string[];
  readonly subject: string;
  readonly body: string;
  /** What it answers, by number or id. */
  readonly re?: string | number;
  /** In one sentence, why it is no message at all. */
  readonly problem?: string;
}

/** What became of an arrival. */
export type Receipt = { readonly seq: number; readonly memory: string } | { readonly refused: string };

export interface Bus {
  /** Writes one memory, whole, atomically; the same text twice is fine. */
  write(memory: string, text: string): Promise<void>;
  /** Writes the memory of a `message.posted` record, in its envelope. */
  post(record: JournalRecord): Promise<void>;
  /**
   * Gives one attempt its own way to the bus: servers to hand on, which prove who posts until `end`. In the `session` of an earlier call
   * they are the same as then, so that it need not be opened anew. `end` resolves when all that was left before it has its receipt; it is
   * told in which session the attempt was, where that can be gone on with.
   */
  hand(attempt: { call: string; attempt: number; role: string; heard: number; session?: string | undefined }): Promise<{
    readonly servers: readonly HandedServer[];
    end(session?: string): Promise<void>;
  }>;
  /** What models leave. Ends with the signal. It comes again, in a later process too, until `settle(id)`. */
  arrivals(signal: AbortSignal): AsyncIterable<Arrival>;
  /** Tells the sender, where it still listens, and forgets the arrival; what was refused is kept aside with its reason. */
  settle(id: string, receipt: Receipt): Promise<void>;
}

/** What the project remembers beyond runs: Serena's ordinary memories, which are the person's. */
export interface Knowledge {
  /** Names, sorted; those of the bus are not among them. */
  list(): Promise<string[]>;
  read(name: string): Promise<string | undefined>;
  /** Writes one where it still reads `before` (undefined: is not there yet), or reads so already; false where it does not. */
  write(name: string, text: string, before: string | undefined): Promise<boolean>;
}

export interface Gate {
  /** Judges every file of the change against the rules and the person's folder as it is now. */
  judge(changes: readonly FileChange[], signal: AbortSignal): Promise<GateVerdict[]>;
}

export interface Applier {
  /** What an interrupted apply of this run left is finished or rolled back first. Three-way against the files as they are now; all or nothing; throws `UserError` when anything conflicts. */
  apply(
    changes: readonly FileChange[],
    id: string,
    signal: AbortSignal,
  ): Promise<{ files: string[]; merged: string[] }>;
}

export interface StopQuestion {
  readonly stop: 'team' | 'plan' | 'apply';
  readonly question: string;
  /** Why the last amendment could not be had; nothing of it was taken. */
  readonly problem?: string;
}

/** `nobody`: there is none to ask. */
type Decision = 'go' | 'stop' | 'nobody';

/**
 * An answer that changes something first. `again`: the question is put once more, about what is in force then; `go`: the
 * run goes on at once, unless the amendment has a problem. The state that the host folds has what is in force.
 */
export interface Amended {
  readonly answer: 'go' | 'again';
  readonly amend: Amendment;
}

/** The person, through whatever host there is. `nobody`: there is none to ask. */
export interface Person {
  readonly name: string;
  /** Set where the person reviews the change hunk by hunk when it is ready: the run ends there, and asks nothing about it. */
  readonly reviews?: boolean;
  /** Amendments are taken at the stops for the team and the plan. */
  decide(question: StopQuestion, signal: AbortSignal): Promise<Decision | Amended>;
  permit(
    request: AskPermission & { role: string; call: string },
    signal: AbortSignal,
  ): Promise<'once' | 'run' | 'no' | 'nobody'>;
  /** A held file; `diff` is the whole of it. */
  approve(file: GateVerdict, diff: string, signal: AbortSignal): Promise<'yes' | 'no' | 'nobody'>;
}

/** Live text of calls; watchers tail it. Not part of the journal. */
export interface Transcripts {
  /** Keeps what an attempt was asked, without secrets, beside what it says. Never throws. */
  prompt(call: string, attempt: number, text: string): void;
  append(call: string, attempt: number, text: string): void;
  /** The end of what an attempt was asked, and of what it said; empty where nothing was kept. Never throws. */
  read(call: string, attempt: number): Promise<{ readonly asked: string; readonly said: string }>;
  /** No more text will come of this attempt: what was held back, for a secret may stand across chunks, is written now. */
  end(call: string, attempt: number): void;
}

export interface Ports {
  readonly log: Log;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly inbox: Inbox;
  readonly models: Models;
  readonly workspaces: Workspaces;
  readonly checks: Checks;
  readonly bus: Bus;
  readonly knowledge: Knowledge;
  readonly gate: Gate;
  readonly applier: Applier;
  readonly person: Person;
  readonly transcripts: Transcripts;
  /** SHA-256 of a text, hex. */
  hash(text: string): string;
  /** The text without the secrets of this machine, each marked where it stood. */
  redact(text: string): string;
}

import type { Effort, Failure } from '../ask.ts';
import type { GateVerdict } from '../change/change.ts';
import type { Budget, Cast } from '../team/file.ts';
import type { Offer, Picked } from './amendments.ts';
import type { Plan, Triage, Verdict } from './answers.ts';
import type { RouteWord } from './control.ts';
import type { Forecast } from './forecast.ts';
import type { EventOf, HeldFinding, Outcome, Phase } from './events.ts';

/** What one call is doing, or did. `moves` are the routes it left, with the reason of each. */
export interface CallState {
  readonly call: string;
  readonly role: string;
  readonly phase: Phase;
  readonly kind: string;
  readonly title: string;
  readonly model: string;
  readonly effort?: Effort;
  /** The route that it is on, or was last. */
  readonly server: string;
  readonly agent?: string;
  readonly id: string;
  readonly attempt: number;
  readonly state: 'waiting' | 'working' | 'done' | 'failed';
  /** ISO times. `attemptAt`: when the last attempt began. */
  readonly startedAt: string;
  readonly attemptAt?: string;
  readonly endedAt?: string;
  /** What it waits for, in `waiting`; `until` is an ISO time. */
  readonly waits?: { readonly why: string; readonly until?: string };
  readonly tokens: number;
  readonly usd?: number;
  readonly estimated: boolean;
  readonly successorOf?: string;
  /** What it wanted and did not get, in the words of its agent or server. */
  readonly refused?: readonly string[];
  readonly session?: string;
  /** The folder of its last attempt. */
  readonly cwd?: string;
  readonly scripted: boolean;
  /** The number of the last message on the bus when its prompt was made. */
  readonly heard: number;
  /** The attempt in flight, and what it costs at least if nothing more is heard of it; absent between attempts. */
  readonly open?: { readonly attempt: number; readonly tokens: number; readonly usd: number };
  readonly moves: readonly {
    readonly model: string;
    readonly server: string;
    readonly agent?: string;
    readonly attempt: number;
    readonly failure: Failure;
    /** The route that came next, as people see it; absent when there was none, and when the same was tried once more. */
    readonly to?: string;
    readonly again?: boolean;
  }[];
  readonly failure?: Failure;
  /** The answer, of the kind's schema, when done. */
  readonly answer?: unknown;
}

interface PhaseState {
  readonly state: 'waiting' | 'working' | 'done';
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly summary?: string;
}

export interface ChangeState {
  readonly landed: EventOf<'change.landed'>;
  readonly verdicts: readonly { readonly role: string; readonly round: number; readonly verdict: Verdict }[];
}

/** What the person's review of the final change has come to. */
export interface ReviewState {
  /** Decisions that stand, in time. */
  readonly decided: readonly { readonly hunks: readonly string[]; readonly decision: 'keep' | 'undo' }[];
  /** How many of them, the first ones, came along when a fix joined: they sum up what was decided before, and are not taken back. */
  readonly carried: number;
  /** Findings of reviewers that the person let go. */
  readonly dismissed: readonly string[];
  /** Fixes that became part of the change, in time. */
  readonly joined: readonly EventOf<'review.joined'>[];
  /** Trees of parts of the change as it is now, in time. */
  readonly parts: readonly EventOf<'review.part'>[];
  /** How it ended; gone as soon as something is decided, joined, applied or taken back after it. */
  readonly finished?: EventOf<'review.finished'> | undefined;
}

/** The whole of a run, folded from its journal. Plain data: it can be sent to a panel as it is. */
export interface RunState {
  readonly task: string;
  readonly title: string;
  readonly engine: string;
  readonly team: string;
  readonly scripted: boolean;
  readonly budget: Budget;
  readonly budgetFrom: 'person' | 'team' | 'default';
  readonly createdAt: string;
  readonly epoch: number;
  readonly seq: number;
  readonly lastAt: string;
  /** Milliseconds of work: waiting for the person and time between two owners are not in it. */
  readonly activeMs: number;
  readonly phase?: Phase;
  readonly phases: Readonly<Partial<Record<Phase, PhaseState>>>;
  readonly base?: EventOf<'base.taken'>;
  readonly triage?: Triage;
  readonly size?: Triage['size'];
  readonly cast: readonly Cast[];
  readonly leftOut: readonly { readonly role: string; readonly why: string }[];
  /** Who could stand in for them, if the person accepts it. */
  readonly offers: readonly Offer[];
  /** What the person made of the team at its stop, all amendments together. */
  readonly picked?: Picked;
  readonly forecast?: Forecast;
  /** In the order in which they started. */
  readonly calls: Readonly<Record<string, CallState>>;
  readonly spent: {
    readonly calls: number;
    readonly tokens: number;
    readonly usd: number;
    readonly estimated: boolean;
  };
  readonly findings: readonly HeldFinding[];
  readonly summaries: Readonly<Record<string, string>>;
  readonly missing: readonly { readonly role: string; readonly why: string }[];
  readonly plan?: Plan;
  readonly changes: Readonly<Record<string, ChangeState>>;
  /** Roles that may have changed a checkout that they were only to read, with what was changed. */
  readonly marked: Readonly<Record<string, readonly string[]>>;
  readonly failedChanges: readonly EventOf<'change.failed'>[];
  readonly checks: Readonly<Record<string, EventOf<'checks.ended'>>>;
  readonly candidates: readonly EventOf<'candidates.judged'>[];
  readonly merges: readonly EventOf<'merge.made'>[];
  readonly resolutions: readonly EventOf<'conflict.resolved'>[];
  readonly integration?: EventOf<'integration.ended'>;
  readonly ledger?: EventOf<'ledger.made'>;
  readonly gate?: readonly GateVerdict[];
  /** How often the gate has judged the change. */
  readonly reviews: number;
  readonly approvals: readonly { readonly path: string; readonly content: string }[];
  /** What the person decided about the final change, hunk by hunk. */
  readonly review: ReviewState;
  readonly applied?: EventOf<'apply.done'>;
  /** How often the change, or a part of it, was applied. */
  readonly applies: number;
  readonly undone: boolean;
  readonly messages: readonly EventOf<'message.posted'>[];
  /** What the orchestrator proposed to remember, and what of it the person agreed to. */
  readonly knowledge: readonly (EventOf<'knowledge.proposed'>['memories'][number] & { readonly kept: boolean })[];
  /** Questions that the engine asked, or is asking. */
  readonly questionsTaken: readonly EventOf<'questions.taken'>[];
  readonly said: readonly EventOf<'inbox.received'>[];
  /** What the person said of routes; `leftBy` says which are left alone for this run. */
  readonly routeWords: readonly RouteWord[];
  readonly taken: readonly EventOf<'inbox.taken'>[];
  /** Asked and not answered yet; several lanes can ask. `stop` is the last of them. */
  readonly asked: readonly EventOf<'stop.asked'>[];
  readonly stop?: EventOf<'stop.asked'>;
  readonly permissions: readonly EventOf<'permission.asked'>[];
  readonly allowed: readonly string[];
  readonly notes: readonly EventOf<'note'>[];
  readonly report?: string;
  readonly outcome?: Outcome;
  readonly reason?: string;
  readonly hint?: string;
}

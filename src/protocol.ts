import { z } from 'zod';

/**
 * What panel and extension host say to each other. The host sends whole states, never a difference that could be lost; the panel
 * sends what the person wants, and waits for nothing. Every text in a state is cleaned and cut already.
 */

/** The few words for how something stands: the same in panel, terminal and report. */
export type Sign = 'waiting' | 'working' | 'done' | 'checked' | 'failed' | 'moved' | 'stopped';

/** Something that a person can press, and what is sent when they do. */
export interface PanelAction {
  readonly label: string;
  readonly intent: FromPanel;
}

/** Something that went wrong, or is to be known: what happened, to whom, what now. */
export interface PanelNotice {
  readonly id: string;
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
  readonly hint?: string;
  readonly actions: readonly PanelAction[];
}

/** Where a claim can be followed to. */
interface PanelPlace {
  readonly path: string;
  readonly line?: number;
}

export interface PanelPhase {
  readonly name: string;
  readonly label: string;
  readonly sign: Sign;
  readonly summary: string;
}

/** A number spent of a number allowed, in words; `part` is 0 to 1, absent where nothing limits it. */
export interface PanelSpent {
  readonly label: string;
  readonly text: string;
  readonly part?: number;
}

/** What wants the person. `id` names the question to the host; without `answers` it is answered elsewhere, and `where` says so. */
export interface PanelWant {
  readonly id: string;
  readonly kind: 'team' | 'plan' | 'apply' | 'permission' | 'held' | 'resume' | 'review';
  readonly text: string;
  /** In a sentence, more about it. */
  readonly detail?: string;
  /** The whole command or diff, with what could not be seen written out. `cut`: how many lines stand in the document only. */
  readonly exact?: { readonly kind: 'command' | 'diff' | 'text'; readonly text: string; readonly cut: number };
  readonly team?: PanelTeam;
  /** The first is the one that is meant. */
  readonly answers: readonly PanelAction[];
  /** What leads to more: the plan, the whole diff. */
  readonly links: readonly PanelAction[];
  readonly where?: string;
}

/** The team as it would run, with what it is likely to take. */
export interface PanelTeam {
  readonly why: string;
  readonly members: readonly { readonly role: string; readonly model: string; readonly note: string }[];
  readonly leftOut: readonly string[];
  readonly forecast: string;
}

export interface PanelCall {
  readonly call: string;
  readonly attempt: number;
  readonly title: string;
  readonly sign: Sign;
  readonly ms: number;
  /** Host time from which it still counts. */
  readonly since?: number;
  readonly numbers: string;
}

export interface PanelRole {
  readonly role: string;
  readonly title: string;
  readonly model: string;
  readonly sign: Sign;
  /** `5 found`, `fine`, `waiting`. */
  readonly word: string;
  /** `for the plan`, or a sentence that says why. */
  readonly waitsFor?: string;
  readonly route?: string;
  readonly ms: number;
  readonly since?: number;
  /** `12k tokens · ~$0.04`. */
  readonly numbers: string;
  readonly scripted: boolean;
  /** Moves, successors, stand-ins. */
  readonly notes: readonly string[];
  readonly failure?: string;
  readonly calls: readonly PanelCall[];
  /** The last of its live text, while it works and the panel shows it. */
  readonly tail?: string;
  /** What it found or did, in Markdown. */
  readonly said?: string;
  readonly actions: readonly PanelAction[];
}

export interface PanelFinding {
  readonly id: string;
  readonly claim: string;
  readonly detail: string;
  readonly severity: string;
  readonly by: string;
  readonly check: 'confirmed' | 'refuted' | 'unchecked';
  readonly problem?: string;
  readonly places: readonly PanelPlace[];
  readonly suggestion?: string;
}

export interface PanelFile {
  readonly path: string;
  readonly kind: 'new' | 'changed' | 'deleted' | 'binary' | 'mode';
  readonly added: number;
  readonly removed: number;
  readonly hunks: number;
  readonly kept: number;
  readonly undone: number;
  /** Why it is held back or conflicts; such a file is looked at by itself. */
  readonly held?: string;
}

/** The review of the merged change, as far as the panel shows it; the hunks stand in the editor. */
export interface PanelReview {
  readonly state: 'open' | 'finished';
  readonly files: readonly PanelFile[];
  /** `checked: build ✓ test ✓`, `not checked: a part was kept`. */
  readonly checks: string;
  readonly summary: string;
  readonly actions: readonly PanelAction[];
}

export interface PanelMessage {
  readonly seq: number;
  readonly from: string;
  readonly to: string;
  readonly kind: string;
  readonly subject: string;
  readonly body: string;
}

export interface PanelRun {
  readonly id: string;
  readonly title: string;
  readonly task: string;
  readonly scripted: boolean;
  /** `working`, `waiting for you`, `interrupted`, or how it ended. */
  readonly word: string;
  readonly sign: Sign;
  readonly ended: boolean;
  readonly ms: number;
  readonly since?: number;
  readonly reason?: string;
  readonly hint?: string;
  /** Why something cannot be done from this window. */
  readonly elsewhere?: string;
  readonly phases: readonly PanelPhase[];
  /** Calls first; minutes are counted by the page. */
  readonly spent: readonly PanelSpent[];
  readonly minutes: number;
  readonly roles: readonly PanelRole[];
  readonly leftOut: readonly string[];
  readonly findings: readonly PanelFinding[];
  readonly findingsMore: number;
  readonly plan?: { readonly words: string; readonly goal: string; readonly actions: readonly PanelAction[] };
  readonly review?: PanelReview;
  readonly messages: readonly PanelMessage[];
  readonly messagesMore: number;
  readonly notes: readonly string[];
  /** To whom something can be said, by role. Empty when nobody hears it. */
  readonly listeners: readonly { readonly role: string; readonly title: string }[];
  readonly actions: readonly PanelAction[];
}

export interface PanelEarlier {
  readonly id: string;
  readonly title: string;
  readonly sign: Sign;
  readonly word: string;
  readonly when: string;
  readonly scripted: boolean;
  readonly shown: boolean;
  readonly problem?: string;
  readonly actions: readonly PanelAction[];
}

/** The box for the task; absent where nothing can be started. */
export interface PanelComposer {
  readonly folder?: string;
  readonly folders: readonly { readonly root: string; readonly name: string }[];
  readonly teams: readonly string[];
  readonly team: string;
  readonly budget: { readonly calls: number; readonly minutes: number };
  /** How many starts the host has dealt with: begun, refused, or thought better of. */
  readonly starts: number;
  /** Text that a command adds to what stands there, once per `serial`; empty: the box is only meant to be written in. */
  readonly draft?: { readonly serial: number; readonly text: string };
}

export interface PanelCompletion {
  readonly label: string;
  readonly detail: string;
  /** What stands after the `@` when it is taken. */
  readonly insert: string;
  readonly kind: 'file' | 'folder' | 'symbol';
}

/** All that the panel draws. */
export interface PanelState {
  /** Milliseconds since the epoch, on the host's clock. */
  readonly now: number;
  /** Says why there is no box, and what to do; where there is one, how to begin. */
  readonly explanation?: { readonly title: string; readonly text: string; readonly actions: readonly PanelAction[] };
  readonly composer?: PanelComposer;
  /** For what was typed after an `@`; of another text it is not shown. */
  readonly completions?: { readonly query: string; readonly items: readonly PanelCompletion[] };
  readonly notices: readonly PanelNotice[];
  readonly wants: readonly PanelWant[];
  readonly run?: PanelRun;
  readonly earlier: readonly PanelEarlier[];
  readonly earlierMore: number;
}

export interface ToPanel {
  readonly type: 'state';
  readonly state: PanelState;
}

const id = z.string().min(1).max(200);
const text = z.string().max(32_000);
const path = z.string().min(1).max(4096);

/** Things that a person can want of the host beside a run. */
const hostActions = [
  'open-folder',
  'manage-trust',
  'check-team',
  'edit-team',
  'approve',
  'try-sample',
  'show-log',
  'all-runs',
] as const;

/** What can be done with the review as a whole, or with one of its files. */
const reviewActions = ['open', 'keep', 'undo', 'finish', 'take-back', 'undo-last', 'check', 'findings'] as const;

/** What the person wants. The webview is not trusted more than any page: what does not parse is dropped. */
export const fromPanelSchema = z.discriminatedUnion('type', [
  /** The page is there and wants its state. */
  z.strictObject({ type: z.literal('ready') }),
  /** The roles whose live text is on the screen; only theirs is sent. */
  z.strictObject({ type: z.literal('look'), roles: z.array(id).max(200) }),
  z.strictObject({
    type: z.literal('start'),
    task: text.min(1),
    team: id.optional(),
    root: path.optional(),
    budget: z
      .strictObject({
        calls: z.number().int().positive().max(100_000).optional(),
        minutes: z.number().positive().max(100_000).optional(),
      })
      .optional(),
  }),
  /** What was typed after an `@` in the box. */
  z.strictObject({ type: z.literal('complete'), query: z.string().max(200) }),
  z.strictObject({ type: z.literal('stop'), run: id }),
  z.strictObject({ type: z.literal('resume'), run: id }),
  z.strictObject({ type: z.literal('show'), run: id }),
  /** The answer to one question, by its id: an answer to a question that is gone does nothing. */
  z.strictObject({
    type: z.literal('answer'),
    question: id,
    answer: z.enum(['go', 'stop', 'once', 'run', 'no', 'yes']),
  }),
  z.strictObject({ type: z.literal('say'), run: id, text: text.min(1), to: id.optional() }),
  /** Documents that the host makes of a run. */
  z.strictObject({
    type: z.literal('read'),
    run: id,
    what: z.enum(['plan', 'report', 'findings', 'diff', 'ledger', 'messages']),
  }),
  /** The whole of a question: its command or diff as a document. */
  z.strictObject({ type: z.literal('read-question'), question: id }),
  z.strictObject({ type: z.literal('log'), run: id, call: id, attempt: z.number().int().positive() }),
  /** What a call was asked. */
  z.strictObject({ type: z.literal('prompt'), run: id, call: id, attempt: z.number().int().positive() }),
  z.strictObject({ type: z.literal('stop-call'), run: id, call: id }),
  z.strictObject({ type: z.literal('retry-call'), run: id, call: id }),
  z.strictObject({ type: z.literal('next-route'), run: id, call: id }),
  /** To stay off a route for the rest of the run, or to use it again. */
  z.strictObject({
    type: z.literal('route'),
    run: id,
    action: z.enum(['leave', 'use']),
    server: z.string().min(1).max(60),
    agent: z.string().min(1).max(60).optional(),
  }),
  /** A file of the project, by its path in it: the host opens nothing outside the run's folder. */
  z.strictObject({ type: z.literal('file'), run: id, path, line: z.number().int().positive().optional() }),
  z.strictObject({
    type: z.literal('review'),
    run: id,
    action: z.enum(reviewActions),
    path: path.optional(),
  }),
  z.strictObject({ type: z.literal('dismiss'), notice: id }),
  z.strictObject({ type: z.literal('host'), action: z.enum(hostActions) }),
]);
export type FromPanel = z.infer<typeof fromPanelSchema>;

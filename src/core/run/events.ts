import { z } from 'zod';
import { effortSchema, failureSchema, usageSchema } from '../ask.ts';
import { fates, finalHunkSchema, gateVerdictSchema, ledgerEntrySchema } from '../change/change.ts';
import { budgetSchema, castSchema } from '../team/file.ts';
import { amendedTeamSchema, amendmentSchema, offerSchema } from './amendments.ts';
import { controlSchema } from './control.ts';
import { findingSchema, planSchema, triageSchema, verdictSchema } from './answers.ts';
import { forecastSchema } from './forecast.ts';

/**
 * Everything that happens in a run, as one union. The journal holds these and nothing else; panel, terminal,
 * report and resume are folds of them. An event that ends a step carries what the step found out.
 */

const phases = ['triage', 'analysis', 'synthesis', 'implementation', 'integration'] as const;
const phaseSchema = z.enum([...phases, 'review']);
export type Phase = z.infer<typeof phaseSchema>;

export const outcomes = ['applied', 'ready', 'stopped', 'failed', 'spent'] as const;
export type Outcome = (typeof outcomes)[number];

/** A finding with its id (`<role>.<n>`), who made it, and whether code could confirm what it says. */
const heldFindingSchema = findingSchema.extend({
  id: z.string(),
  role: z.string(),
  model: z.string(),
  /** `unchecked`: nothing in it that code can check. */
  check: z.enum(['confirmed', 'refuted', 'unchecked']),
  /** What code found instead, with `refuted`. */
  problem: z.string().optional(),
});
export type HeldFinding = z.infer<typeof heldFindingSchema>;

const checkResultSchema = z.object({
  name: z.string(),
  run: z.string(),
  /** `not-run`: held, cancelled or no consent; `reason` says which. */
  result: z.enum(['green', 'red', 'not-run']),
  exitCode: z.number().int().nullable(),
  ms: z.number().nonnegative(),
  /** The last of its output, at most 4,000 characters. */
  tail: z.string(),
  reason: z.string().optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

const ev = <T extends string, S extends z.core.$ZodLooseShape>(type: T, shape: S) =>
  z.object({ type: z.literal(type), ...shape });

const fateSchema = z.object({
  hunk: z.string(),
  fate: z.enum(fates),
  by: z.string().optional(),
  why: z.string(),
});
export type Fate = z.infer<typeof fateSchema>;

const callRef = { call: z.string(), role: z.string(), phase: phaseSchema };
const stat = z.object({
  path: z.string(),
  added: z.number(),
  removed: z.number(),
  kind: z.enum(['new', 'changed', 'deleted', 'binary', 'mode']),
});
export type FileStat = z.infer<typeof stat>;

export const runEventSchema = z.discriminatedUnion('type', [
  // the run
  ev('run.created', {
    task: z.string(),
    engine: z.string(),
    team: z.string(),
    budget: budgetSchema,
    /** True when any server of the team is scripted. */
    scripted: z.boolean(),
    /** Why the budget is what it is: the person's, the team file's, the default. */
    budgetFrom: z.enum(['person', 'team', 'default']),
  }),
  /** `budget` when the person gave another one. */
  ev('run.resumed', { by: z.string(), engine: z.string(), budget: budgetSchema.optional() }),
  ev('run.ended', { outcome: z.enum(outcomes), reason: z.string().optional(), hint: z.string().optional() }),
  ev('phase.started', { phase: phaseSchema }),
  ev('phase.ended', { phase: phaseSchema, summary: z.string() }),
  ev('note', {
    level: z.enum(['info', 'warning']),
    text: z.string(),
    role: z.string().optional(),
    /** The finding whose fix came to nothing, which the text tells. */
    vainFix: z.string().optional(),
  }),

  // triage
  ev('base.taken', {
    commit: z.string(),
    tree: z.string(),
    files: z.number().int(),
    bytes: z.number().int().optional(),
    notes: z.array(z.string()).default([]),
  }),
  ev('triage.made', { triage: triageSchema }),
  ev('team.chosen', {
    title: z.string(),
    size: triageSchema.shape.size,
    cast: z.array(castSchema),
    /** Optional roles that no route reaches, and why. */
    leftOut: z.array(z.object({ role: z.string(), why: z.string() })),
    /** Who could stand in for them, if the person accepts it. */
    offers: z.array(offerSchema).default([]),
    forecast: forecastSchema,
    notes: z.array(z.string()).default([]),
  }),

  // stops
  ev('stop.asked', { stop: z.string(), question: z.string() }),
  /** `amended`: the person changed something, and is asked again unless *go* follows; what is in force by it stands beside it. */
  ev('stop.answered', {
    stop: z.string(),
    answer: z.enum(['go', 'stop', 'amended']),
    by: z.string(),
    amend: amendmentSchema.optional(),
    team: amendedTeamSchema.optional(),
    plan: planSchema.optional(),
    budget: budgetSchema.optional(),
  }),

  // calls
  ev('call.started', {
    ...callRef,
    kind: z.string(),
    title: z.string(),
    model: z.string(),
    effort: effortSchema.optional(),
    attempt: z.number().int().positive(),
    server: z.string(),
    /** Of a server with several. */
    agent: z.string().optional(),
    /** The id that was asked for. */
    id: z.string(),
    promptBytes: z.number().int(),
    /** Tokens and money held back for it. */
    reserved: z.object({ tokens: z.number(), usd: z.number().optional() }),
    scripted: z.boolean(),
    session: z.string().optional(),
    /** The number of the last message on the bus when its prompt was made. */
    heard: z.number().int().nonnegative().optional(),
    /** The folder that it works in. */
    cwd: z.string().optional(),
  }),
  ev('call.failed', {
    ...callRef,
    attempt: z.number().int().positive(),
    server: z.string(),
    agent: z.string().optional(),
    model: z.string(),
    failure: failureSchema,
    usage: usageSchema.optional(),
    usd: z.number().optional(),
    estimated: z.boolean().default(true),
    /** Where the call goes on; absent when this was the last way. */
    next: z.object({ model: z.string(), server: z.string(), agent: z.string().optional(), id: z.string() }).optional(),
  }),
  /** Before an attempt: the call waits until its route can be asked. */
  ev('call.waiting', {
    ...callRef,
    kind: z.string(),
    title: z.string(),
    model: z.string(),
    effort: effortSchema.optional(),
    server: z.string(),
    agent: z.string().optional(),
    id: z.string(),
    /** One sentence. */
    why: z.string(),
    /** ISO time at which it goes on at the latest; absent when that is not known. */
    until: z.string().optional(),
  }),
  ev('call.sent-back', {
    ...callRef,
    attempt: z.number().int().positive(),
    problem: z.string(),
    usage: usageSchema,
    usd: z.number().optional(),
    estimated: z.boolean(),
  }),
  ev('call.ended', {
    ...callRef,
    kind: z.string(),
    ok: z.boolean(),
    /** Of the kind's schema; absent when not ok. */
    answer: z.unknown().optional(),
    failure: failureSchema.optional(),
    model: z.string().optional(),
    server: z.string().optional(),
    /** Of a server with several. */
    agent: z.string().optional(),
    /** The model id that answered. */
    id: z.string().optional(),
    /** Set when the id that answered is a declared successor of the model. */
    successorOf: z.string().optional(),
    session: z.string().optional(),
    /** Options, permissions and servers that its agent or server says it wanted and did not get. */
    refused: z.array(z.string()).optional(),
    usage: usageSchema,
    usd: z.number().optional(),
    estimated: z.boolean(),
    ms: z.number().nonnegative(),
    scripted: z.boolean(),
    /** A writer's work, committed before the call counts as ended. */
    work: z.object({ commit: z.string(), tree: z.string() }).optional(),
  }),
  ev('permission.asked', { ...callRef, id: z.string(), kind: z.string(), title: z.string(), detail: z.string() }),
  ev('permission.answered', { ...callRef, id: z.string(), answer: z.enum(['once', 'run', 'no']), by: z.string() }),
  ev('checkout.changed', { phase: phaseSchema, roles: z.array(z.string()), paths: z.array(z.string()) }),

  // bus and inbox
  /** Its number and memory are given when it is journaled. */
  ev('message.posted', {
    seq: z.number().int().positive(),
    from: z.string(),
    to: z.array(z.string()),
    kind: z.string(),
    subject: z.string(),
    /** Memory name: `orch/<run>/m/000042-from-to-kind`. */
    memory: z.string(),
    body: z.string(),
    /** The id of the message that it answers: `<run>-000042`. */
    re: z.string().optional(),
    /** False where nobody could prove who sent it: then it is a finding or a question, and no more. */
    verified: z.boolean().default(true),
    /** The call in which a model posted it, and the attempt that was given its way to the bus; absent for what the engine posts. */
    call: z.string().optional(),
    attempt: z.number().int().positive().optional(),
    /** What it was taken in as, so that it is taken in once. */
    arrival: z.string().optional(),
  }),
  /** The numbers of the questions that the engine asks this role now. */
  ev('questions.taken', { role: z.string(), questions: z.array(z.number().int().positive()) }),
  ev('inbox.received', {
    id: z.string(),
    kind: z.enum(['say', 'stop', 'control']),
    text: z.string(),
    to: z.string().optional(),
    control: controlSchema.optional(),
    from: z.string(),
  }),
  /** The person's words that went into the prompt of this call. */
  ev('inbox.taken', { role: z.string(), ids: z.array(z.string()), call: z.string().optional() }),

  // what lasts beyond the run
  ev('knowledge.proposed', {
    memories: z.array(z.object({ name: z.string(), text: z.string(), why: z.string() })),
  }),
  ev('knowledge.kept', { name: z.string(), by: z.string() }),

  // analysis and synthesis
  ev('findings.held', { role: z.string(), summary: z.string(), findings: z.array(heldFindingSchema) }),
  ev('plan.made', {
    plan: planSchema,
    missing: z.array(z.object({ role: z.string(), why: z.string() })),
    /** What code had to mend or mark in it. */
    notes: z.array(z.string()),
  }),

  // implementation
  ev('workspace.opened', { name: z.string(), role: z.string(), path: z.string(), commit: z.string() }),
  ev('change.landed', {
    /** `<role>`, or `<item>.<role>` for a candidate; with a later round the same id. */
    change: z.string(),
    role: z.string(),
    items: z.array(z.string()),
    paths: z.array(z.string()),
    round: z.number().int().nonnegative(),
    commit: z.string(),
    tree: z.string(),
    files: z.array(stat),
    /** Files outside the paths that the plan gave. */
    outside: z.array(z.string()),
    summary: z.string(),
    notDone: z.array(z.object({ item: z.string(), why: z.string() })),
  }),
  ev('change.judged', {
    change: z.string(),
    role: z.string(),
    round: z.number().int().nonnegative(),
    verdict: verdictSchema,
  }),
  ev('change.failed', { change: z.string(), role: z.string(), items: z.array(z.string()), why: z.string() }),
  ev('checks.ended', {
    /** `base`, `change:<id>`, `merged` or `final`. */
    on: z.string(),
    tree: z.string(),
    results: z.array(checkResultSchema),
    /** Names of checks that are red on the base, and so judge nobody. */
    excused: z.array(z.string()),
    /** True only if every check that judges ran and is green. */
    green: z.boolean(),
  }),
  ev('candidates.judged', {
    item: z.string(),
    winner: z.string(),
    losers: z.array(z.string()),
    by: z.enum(['checks', 'judge', 'only']),
    why: z.string(),
  }),

  // integration
  /** One change merged upon those before it; with conflicts the tree holds markers in these files. */
  ev('merge.made', {
    change: z.string(),
    commit: z.string(),
    tree: z.string(),
    conflicts: z.array(z.object({ path: z.string(), why: z.string() })),
  }),
  ev('conflict.resolved', {
    change: z.string(),
    path: z.string(),
    commit: z.string(),
    tree: z.string(),
    fates: z.array(fateSchema),
    summary: z.string(),
  }),
  ev('integration.ended', { commit: z.string(), tree: z.string(), docs: z.array(z.string()), summary: z.string() }),
  ev('ledger.made', {
    tree: z.string(),
    entries: z.array(ledgerEntrySchema),
    hunks: z.array(finalHunkSchema),
    balanced: z.boolean(),
    /** One sentence for each hunk that is not accounted for. */
    problems: z.array(z.string()),
  }),
  ev('gate.judged', { tree: z.string(), files: z.array(gateVerdictSchema) }),

  // review and report
  /** What the person decided about these hunks of the final change (`tree`); of several decisions about a hunk the last counts. */
  ev('review.decided', {
    tree: z.string(),
    hunks: z.array(z.string()),
    decision: z.enum(['keep', 'undo']),
    by: z.string(),
  }),
  /** Takes back the last decision that stands. */
  ev('review.reverted', { tree: z.string(), by: z.string() }),
  /** A reviewer's finding that the person lets go. */
  ev('review.dismissed', { finding: z.string(), by: z.string() }),
  /** A fix that the person asked for has become part of the change: the ledger is extended, and hunks that it left alone stay decided. */
  ev('review.joined', {
    finding: z.string(),
    /** The change's id: `fix.<n>`. */
    change: z.string(),
    role: z.string(),
    /** The tree that it was merged onto. */
    onto: z.string(),
    commit: z.string(),
    tree: z.string(),
    entries: z.array(ledgerEntrySchema),
    hunks: z.array(finalHunkSchema),
    kept: z.array(z.string()),
    undone: z.array(z.string()),
    summary: z.string(),
    by: z.string(),
  }),
  /** The tree that holds just these hunks of the final change. */
  ev('review.part', { of: z.string(), hunks: z.array(z.string()), commit: z.string(), tree: z.string() }),
  /** What was not kept is in the ledger as rejected by the person. `checked` is about just the part that was kept. */
  ev('review.finished', {
    tree: z.string(),
    kept: z.array(z.string()),
    dropped: z.array(z.string()),
    checked: z.enum(['green', 'red', 'no']),
    by: z.string(),
  }),
  ev('gate.approved', { path: z.string(), content: z.string(), by: z.string() }),
  ev('apply.done', {
    files: z.array(z.string()),
    heldBack: z.array(z.string()),
    merged: z.array(z.string()),
    id: z.string(),
  }),
  ev('apply.undone', { id: z.string(), files: z.array(z.string()) }),
  ev('report.made', { text: z.string() }),
]);

export type RunEvent = z.infer<typeof runEventSchema>;
export type EventOf<T extends RunEvent['type']> = Extract<RunEvent, { type: T }>;

/** One line of the journal. `ends` is set on the event that finishes the step of this key, with the hash of its inputs. */
export const recordSchema = z.object({
  seq: z.number().int().positive(),
  at: z.string(),
  epoch: z.number().int().positive(),
  step: z.string().optional(),
  ends: z.string().optional(),
  event: runEventSchema,
});
export type JournalRecord = z.infer<typeof recordSchema>;

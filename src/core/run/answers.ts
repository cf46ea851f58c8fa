import { z } from 'zod';
import { editSchema } from '../ask.ts';

/** The typed answers of the roles. What fails its schema is sent back once, and is never used. */

/** The part of a claim that code can check: the file, the line and the symbol are looked up in the base. */
const evidenceSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('file'),
    path: z.string().min(1),
    line: z.number().int().positive().optional(),
    /** A name that must occur in the file. */
    symbol: z.string().optional(),
    /** Words that must occur in the file (white space folded). */
    quote: z.string().max(400).optional(),
  }),
  z.object({ kind: z.literal('command'), command: z.string(), output: z.string().max(2000) }),
  z.object({ kind: z.literal('reason'), text: z.string().max(2000) }),
]);
export type Evidence = z.infer<typeof evidenceSchema>;

const severitySchema = z.enum(['info', 'low', 'medium', 'high', 'critical']);

export const findingSchema = z.object({
  claim: z.string().min(1).max(300),
  detail: z.string().max(4000).default(''),
  severity: severitySchema.default('medium'),
  evidence: z.array(evidenceSchema).min(1).max(8),
  suggestion: z.string().max(2000).optional(),
});
export type Finding = z.infer<typeof findingSchema>;

const roleName = z.string().min(1);

export const triageSchema = z.object({
  /** A few words that name the task. */
  title: z.string().min(1).max(80),
  size: z.enum(['one', 'core', 'review']),
  /** Specialists to add, by role. */
  specialists: z.array(roleName).default([]),
  /** With size `one`: the writing role that does it alone. */
  writer: roleName.optional(),
  /** With size `one`: the paths it may write. */
  paths: z.array(z.string()).default(['**']),
  why: z.string().max(600),
});
export type Triage = z.infer<typeof triageSchema>;

const findingsSchema = z.object({
  summary: z.string().min(1).max(2000),
  findings: z.array(findingSchema).max(20),
});

const dissentSchema = z.object({ role: roleName, says: z.string().min(1), answer: z.string().min(1) });

export const planItemSchema = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,24}$/),
  title: z.string().min(1).max(120),
  what: z.string().min(1).max(4000),
  /** Ids of the findings it rests on (`architect.2`). */
  findings: z.array(z.string()).default([]),
  dissent: z.array(dissentSchema).default([]),
  /** Writing roles. Several are candidates for the same item: one wins. */
  owners: z.array(roleName).min(1),
  /** Globs, relative to the project, that its owners may write. */
  paths: z.array(z.string().min(1)).min(1),
  acceptance: z.array(z.string()).default([]),
});
export type PlanItem = z.infer<typeof planItemSchema>;

export const planSchema = z.object({
  goal: z.string().min(1).max(1000),
  items: z.array(planItemSchema).min(1).max(20),
  decisions: z
    .array(z.object({ what: z.string(), why: z.string(), findings: z.array(z.string()).default([]) }))
    .default([]),
  /** Findings that no item takes up, each with its reason. */
  leftOut: z.array(z.object({ finding: z.string(), why: z.string().min(1) })).default([]),
  /** What the documentation must say afterwards. */
  docs: z.array(z.string()).default([]),
});
export type Plan = z.infer<typeof planSchema>;

const criteriaSchema = z.object({ criteria: z.array(z.string().min(1).max(400)).min(1).max(20) });

/** What every later run in this project should know; the person decides about each. */
const rememberSchema = z.array(
  z.object({ name: z.string().min(1).max(80), text: z.string().min(1).max(4000), why: z.string().max(600) }),
);

const writtenSchema = z.object({
  summary: z.string().min(1).max(4000),
  notDone: z.array(z.object({ item: z.string(), why: z.string() })).default([]),
  /** Only from who does a task alone: in a team the orchestrator says it at the end. */
  remember: rememberSchema.max(2).optional(),
  /** Only from routes without files of their own. */
  edits: z.array(editSchema).optional(),
});

export const verdictSchema = z.object({
  verdict: z.enum(['fine', 'needs-work']),
  summary: z.string().min(1).max(2000),
  findings: z.array(findingSchema).max(20).default([]),
});
export type Verdict = z.infer<typeof verdictSchema>;

const judgementSchema = z.object({ winner: z.string(), why: z.string().min(1).max(2000) });

const resolutionSchema = z.object({
  summary: z.string().min(1).max(2000),
  /** One entry for every hunk that stood in the conflict. */
  hunks: z.array(
    z.object({
      hunk: z.string(),
      fate: z.enum(['merged', 'resolved', 'superseded', 'rejected']),
      /** With `superseded`: the hunk that won. */
      by: z.string().optional(),
      why: z.string().min(1).max(1000),
    }),
  ),
  edits: z.array(editSchema).optional(),
});
export type Resolution = z.infer<typeof resolutionSchema>;

const integrationSchema = z.object({
  /** What was done, for the person's report. */
  summary: z.string().min(1).max(4000),
  docs: z.array(z.string()).default([]),
  remember: rememberSchema.max(5).default([]),
  edits: z.array(editSchema).optional(),
});

const repliesSchema = z.object({
  answers: z
    .array(z.object({ question: z.number().int().positive(), answer: z.string().min(1).max(4000) }))
    .min(1)
    .max(20),
});

/** The answer that each kind of call must give. */
export const answerSchemas = {
  triage: triageSchema,
  findings: findingsSchema,
  plan: planSchema,
  criteria: criteriaSchema,
  written: writtenSchema,
  verdict: verdictSchema,
  judgement: judgementSchema,
  resolution: resolutionSchema,
  integration: integrationSchema,
  replies: repliesSchema,
} as const;

export type AnswerKind = keyof typeof answerSchemas;
export type Answer<K extends AnswerKind> = z.infer<(typeof answerSchemas)[K]>;

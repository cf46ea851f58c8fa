import { z } from 'zod';

/**
 * The `ask` contract: the one tool call by which every bundled MCP server reaches a model.
 * Servers stream while they work as `notifications/progress` whose `_meta[askProgressKey]` is an `AskProgress`;
 * permission requests come as `elicitation/create` whose `_meta[askPermissionKey]` is an `AskPermission`;
 * the result's `structuredContent` is an `AskOutput`, or with `isError` an `AskFailure`.
 */

export const accessSchema = z.enum(['read', 'write']);
export type Access = z.infer<typeof accessSchema>;

export const effortSchema = z.enum(['low', 'medium', 'high']);
export type Effort = z.infer<typeof effortSchema>;

/** What a call is for: its address in the run, which is also its idempotency key. */
const callAddressSchema = z.object({
  run: z.string(),
  /** The step's key: phase, role, item, round, candidate; `/` between the parts. */
  key: z.string(),
  role: z.string(),
  phase: z.string(),
  /** The kind of answer that is wanted, a key of `answerSchemas`. */
  kind: z.string(),
  /** Counts from 1; the second try of a call over another route, or after a crash, is 2. */
  attempt: z.number().int().positive(),
});

/** An MCP server over stdio that is handed on to the agent for one session: program, arguments, environment. */
const handedServerSchema = z.object({
  name: z.string(),
  command: z.string(),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.string()).default({}),
  /** Folders that it writes in, where the agent that starts it is confined. */
  writes: z.array(z.string()).optional(),
});
export type HandedServer = z.infer<typeof handedServerSchema>;

export const askInputSchema = z.object({
  call: callAddressSchema,
  prompt: z.string(),
  /** The id to ask for, as the route names it. */
  model: z.string(),
  effort: effortSchema.optional(),
  /** For the `agents` server: which agent. */
  agent: z.string().optional(),
  /** Absolute path of the checkout or workspace. */
  cwd: z.string(),
  access: accessSchema,
  /** Globs inside `cwd` that a writer was given; informational, the engine judges the result. */
  paths: z.array(z.string()).optional(),
  /** A session to go on in, as an earlier answer named it. */
  session: z.string().optional(),
  /** MCP servers that the agent may use in this call: the bus, a read-only Serena. */
  servers: z.array(handedServerSchema).optional(),
  /** Ceiling for the answer, in tokens. */
  maxOutputTokens: z.number().int().positive().optional(),
});
export type AskInput = z.infer<typeof askInputSchema>;

/** Tokens as the route reports them. `usd` only if the route itself names a price. */
export const usageSchema = z.object({
  inputTokens: z.number().nonnegative().optional(),
  outputTokens: z.number().nonnegative().optional(),
  usd: z.number().nonnegative().optional(),
});
export type Usage = z.infer<typeof usageSchema>;

/** A typed edit, for routes without files of their own: the engine applies it in the workspace. `content: null` deletes. */
export const editSchema = z.object({ path: z.string(), content: z.string().nullable() });
export type Edit = z.infer<typeof editSchema>;

export const askOutputSchema = z.object({
  text: z.string(),
  session: z.string().optional(),
  stopReason: z.enum(['end', 'limit', 'refused', 'cancelled']).default('end'),
  /** The model that answered, if the route knows it. Another one than asked for is a failure of the attempt. */
  model: z.string().optional(),
  usage: usageSchema.optional(),
  edits: z.array(editSchema).optional(),
  /** Options and permissions that were asked for and not had. */
  refused: z.array(z.string()).optional(),
  /** Set by the scripted server, so that its answers are called scripted wherever they appear. */
  scripted: z.boolean().optional(),
});
export type AskOutput = z.infer<typeof askOutputSchema>;

/**
 * Why an attempt failed. All but `cancelled` and `budget` move the call on to the next route; after `no-session`, with which
 * a server says that it cannot go on in the session that it was given, the same route is asked anew, without one.
 * `person`: by the person's word, which says how it goes on.
 */
export const failureKinds = [
  'not-installed',
  'not-signed-in',
  'not-approved',
  'rate-limit',
  'quota',
  'crash',
  'silence',
  'empty',
  'bad-answer',
  'no-model',
  'wrong-model',
  'too-large',
  'protocol',
  'error',
  /** The session is gone; the same route can be asked anew, without it. */
  'no-session',
  'left-alone',
  'budget',
  'person',
  'cancelled',
] as const;
export const failureSchema = z.object({
  kind: z.enum(failureKinds),
  /** One sentence for a person: what happened. */
  message: z.string(),
  /** ISO time at which a limit is said to reset. */
  resetsAt: z.string().optional(),
});
export type Failure = z.infer<typeof failureSchema>;

/** `usage`: what the attempt cost nevertheless, where the route knows it. */
export const askFailureSchema = z.object({ failure: failureSchema, usage: usageSchema.optional() });
export type AskFailure = z.infer<typeof askFailureSchema>;

export const askProgressKey = 'orchestra/progress';
export const askProgressSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('text'), text: z.string() }),
  z.object({ kind: z.literal('thought'), text: z.string() }),
  z.object({ kind: z.literal('tool'), title: z.string(), status: z.string().optional() }),
  /** The agent's own plan, whole each time. */
  z.object({
    kind: z.literal('plan'),
    entries: z.array(z.object({ text: z.string(), status: z.enum(['pending', 'in_progress', 'completed']) })),
  }),
  z.object({ kind: z.literal('usage'), usage: usageSchema }),
]);
export type AskProgress = z.infer<typeof askProgressSchema>;

export const askPermissionKey = 'orchestra/permission';
export const askPermissionSchema = z.object({
  /** `command`: `detail` is the whole command line; `edit`: a diff; `other`: what the agent said. */
  kind: z.enum(['command', 'edit', 'other']),
  title: z.string(),
  detail: z.string(),
});
export type AskPermission = z.infer<typeof askPermissionSchema>;

/**
 * Says in a permission request's `_meta[askCallKey]` which of the calls in flight it belongs to: several run at once in
 * one server, and over stdio nothing else tells. The answer's `content` is an `AskPermissionAnswer`; declined means no.
 */
export const askCallKey = 'orchestra/call';
export const askCallRefSchema = callAddressSchema.pick({ run: true, key: true, attempt: true });
export type AskCallRef = z.infer<typeof askCallRefSchema>;

export const askPermissionAnswerSchema = z.object({ answer: z.enum(['once', 'run']) });

/** What a person can do about a problem: `command` is the exact line for a terminal; `kind` tells an editor which button to draw. */
const mendSchema = z.object({
  label: z.string(),
  command: z.string().optional(),
  kind: z.enum(['install', 'sign-in', 'key', 'trust', 'team-file', 'settings', 'other']),
  /** An adapter by its name, which `orchestra doctor --fix` fetches itself. */
  adapter: z.string().optional(),
});
export type Mend = z.infer<typeof mendSchema>;

/**
 * A server of the `ask` contract may offer this tool besides: whether a route over it can be used now (installed, signed in,
 * its key there), found out without spending anything. Without it a server that starts counts as reached. With `catalogue` it
 * looks at the live list of models too, and may start its agent for that.
 */
export const reachTool = 'reach';
export const reachInputSchema = z.object({
  agent: z.string().optional(),
  /** The ids that the route names. */
  ids: z.array(z.string()).default([]),
  catalogue: z.boolean().default(false),
  /** Versions too, which may start programs. */
  detail: z.boolean().default(false),
});
export type ReachInput = z.infer<typeof reachInputSchema>;
export const reachOutputSchema = z.object({
  /** Why it cannot be used; absent when it can. */
  failure: failureSchema.optional(),
  /** Of the ids, those that the live list shows to be gone. A list that is not complete (others are taken too) shows none. */
  gone: z.array(z.string()).default([]),
  /** The program that was found. */
  program: z.object({ path: z.string(), version: z.string().optional() }).optional(),
  /** Absent where only a call can tell. */
  signedIn: z.boolean().optional(),
  /** What mends the failure, best first. */
  mends: z.array(mendSchema).default([]),
});
export type ReachOutput = z.infer<typeof reachOutputSchema>;

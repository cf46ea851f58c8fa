import { z } from 'zod';
import { accessSchema, effortSchema } from '../ask.ts';

/**
 * The team file: `.orchestration/team.yaml` over the person's own over the built-in default.
 * This schema is the one source of its types, defaults, messages, JSON schema and reference.
 */

const id = z
  .string()
  .regex(/^[a-z][a-z0-9.-]{0,39}$/, 'lower case letters, digits, dots and hyphens, starting with a letter');
const roleId = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'lower case letters, digits and hyphens, at most 20')
  // The orchestrator's own later edits go by the first, messages to everybody by the second, and the others send messages.
  .refine(
    (name) => !['integration', 'all', 'person', 'broker'].includes(name),
    'another name: this one has a meaning of its own',
  );

export const serverSchema = z
  .strictObject({
    command: z.string().min(1).optional().describe('Program of a stdio server.'),
    args: z
      .array(z.string())
      .default([])
      .describe(
        'Its arguments. `${root}` is the project folder, `${agent}` the agent that a route names: one process for each.',
      ),
    env: z
      .record(z.string(), z.string())
      .default({})
      .describe('Environment variables to set. `${env:NAME}` takes one from yours.'),
    pass: z
      .array(
        z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*[*]?$/, 'the name of an environment variable, or its start and `*`'),
      )
      .default([])
      .describe(
        'Environment variables of yours to hand on, those of them that are set; `NAME*` means all that start so.',
      ),
    url: z.url().optional().describe('Address of a Streamable HTTP server, instead of a command.'),
    headers: z.record(z.string(), z.string()).default({}).describe('HTTP headers, `${env:NAME}` as above.'),
    scripted: z
      .boolean()
      .default(false)
      .describe('The models of this server are played from a script; shown wherever they appear.'),
  })
  .refine((s) => (s.command === undefined) !== (s.url === undefined), { message: 'give either `command` or `url`' })
  .describe('An MCP server, in the usual `mcpServers` shape.');
export type Server = z.infer<typeof serverSchema>;

/** A value is found at a dotted path; what is found under another type says nothing. */
const eventPlaces = z.record(z.string(), z.string());
const eventsSchema = z.strictObject({
  method: z.string().min(1).describe("The notification's method; its `_meta.requestId` says for which call it is."),
  type: z.string().default('type').describe('Where in it its type stands (dotted path).'),
  text: eventPlaces.default({}).describe('By type: where a piece of the answer stands.'),
  thought: eventPlaces.default({}).describe('By type: where a piece of a thought stands.'),
  tool: eventPlaces.default({}).describe('By type: where the name of what it does stands.'),
  usage: z
    .record(z.string(), z.strictObject({ input: z.string(), output: z.string() }))
    .default({})
    .describe('By type: where the tokens so far stand.'),
});
export type RouteEvents = z.infer<typeof eventsSchema>;

export const routeSchema = z
  .strictObject({
    server: id.describe('The server, by its name under `servers`.'),
    tool: z.string().default('ask').describe('The tool to call. `ask` speaks the contract of the bundled servers.'),
    agent: z.string().optional().describe('For the bundled `agents` server: which agent.'),
    ids: z
      .array(z.string().min(1))
      .min(1)
      .describe('Model ids to ask for, in order: the model itself, then its declared successors.'),
    arguments: z
      .record(z.string(), z.unknown())
      .optional()
      .describe(
        'For any other tool: its arguments; `${prompt}`, `${model}`, `${effort}`, `${cwd}`, `${access}`, `${session}` are filled in.',
      ),
    result: z
      .strictObject({
        text: z.string().default('content'),
        session: z.string().optional(),
        model: z.string().optional(),
      })
      .optional()
      .describe(
        'For any other tool: where text, session and model stand in the result (dotted path into structuredContent; `content` joins the text parts).',
      ),
    reply: z
      .strictObject({ tool: z.string(), arguments: z.record(z.string(), z.unknown()) })
      .optional()
      .describe('For any other tool: the tool that goes on in a session, and its arguments, `${session}` among them.'),
    words: z
      .strictObject({
        access: z.strictObject({ read: z.string().optional(), write: z.string().optional() }).optional(),
        effort: z
          .strictObject({ low: z.string().optional(), medium: z.string().optional(), high: z.string().optional() })
          .optional(),
      })
      .optional()
      .describe('For any other tool: its own words for `${access}` and `${effort}`.'),
    events: eventsSchema
      .optional()
      .describe('For any other tool: notifications of its own by which it streams, and what they mean.'),
    parallel: z.number().int().positive().max(64).default(8).describe('Calls that may run at once over this route.'),
    off: z.boolean().default(false).describe('Do not use this route.'),
    unasked: z
      .boolean()
      .default(false)
      .describe(
        'Who answers over it is known to write without asking: a role that only reads gets a checkout of its own.',
      ),
  })
  .describe('One way of reaching a model.');
export type Route = z.infer<typeof routeSchema>;

export const modelSchema = z
  .strictObject({
    title: z.string().describe('The name that people know.'),
    vendor: z.string().describe('Who makes it.'),
    context: z.number().int().positive().default(200_000).describe('Context in tokens.'),
    efforts: z.array(effortSchema).default([]).describe('Efforts that it knows; empty: none.'),
    price: z
      .strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() })
      .optional()
      .describe('List price in USD per million tokens, for estimates where a route reports none.'),
    retired: z.string().optional().describe('Set for a model that nobody can reach any more: what became of it.'),
    note: z.string().optional().describe('What a person should know about it.'),
    routes: z.array(routeSchema).default([]).describe('In order. A call that fails on one goes on over the next.'),
  })
  .describe('A model and the routes to it.');
export type Model = z.infer<typeof modelSchema>;

const duties = ['orchestrate', 'analyse', 'write', 'review'] as const;

const choiceSchema = z.strictObject({ model: id, effort: effortSchema.optional() });

const roleSchema = z
  .strictObject({
    title: z.string().describe('The name that people see.'),
    duties: z
      .array(z.enum(duties))
      .min(1)
      .describe(
        '`orchestrate`: triage, plan, integration. `analyse`: findings on the base. `write`: changes in a workspace of its own. `review`: verdicts on changes.',
      ),
    brief: z.string().min(1).describe('What to look at, what to return, when to stop.'),
    models: z
      .array(choiceSchema)
      .min(1)
      .describe('In order; the first is meant, the others are accepted to stand in, shown by name.'),
    view: z
      .enum(['files', 'packed'])
      .default('files')
      .describe('`packed`: gets the whole code base in its prompt, within its context.'),
    required: z
      .boolean()
      .default(false)
      .describe('Without it the run stops; else the run goes on and says what is missing.'),
  })
  .describe('A part in the team.');
export type Role = z.infer<typeof roleSchema>;

const teamSchema = z
  .strictObject({
    core: z.array(roleId).min(1).describe('Every major task.'),
    review: z.array(roleId).default([]).describe('Complex tasks.'),
    specialists: z.array(roleId).default([]).describe('As needed.'),
  })
  .describe('Who takes part.');

const checkSchema = z.strictObject({
  name: z.string().min(1).max(40),
  run: z.string().min(1).describe('A command line, run by the shell in the workspace.'),
  minutes: z.number().positive().max(120).default(10).describe('After this it counts as red.'),
});
export type Check = z.infer<typeof checkSchema>;

export const budgetSchema = z
  .strictObject({
    calls: z.number().int().positive().default(40).describe('Model calls, every attempt counted. Hard.'),
    minutes: z.number().positive().default(45).describe('Minutes of work, waiting for you not counted. Hard.'),
    tokens: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Tokens in and out, over all models. Reserved before a call.'),
    usd: z
      .number()
      .positive()
      .optional()
      .describe('Money, over all models; needs a price for every model. Reserved before a call.'),
  })
  .describe('One budget over all models.');
export type Budget = z.infer<typeof budgetSchema>;

const stopsSchema = z.strictObject({
  team: z
    .enum(['team', 'always', 'never'])
    .default('team')
    .describe('Ask before a team starts: for a team, always, never.'),
  plan: z.enum(['team', 'always', 'never']).default('team').describe('Ask after the plan is made.'),
  apply: z
    .enum(['always', 'never'])
    .default('always')
    .describe('Ask before the change is applied (`never`: leave it ready).'),
});

const limitsSchema = z.strictObject({
  rounds: z.number().int().min(0).max(5).default(2).describe('How often findings go back to a writer.'),
  silenceSeconds: z
    .number()
    .positive()
    .max(3600)
    .default(300)
    .describe('A call that says nothing for so long goes on over the next route.'),
  callMinutes: z.number().positive().max(240).default(30).describe('The longest a single attempt may take.'),
  answerBytes: z.number().int().positive().default(4_000_000).describe('A longer answer is cut off and fails.'),
  waitForResetSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .default(20)
    .describe(
      'A call waits for a limit that is said to reset within so long, instead of going on over the next route; 0: never.',
    ),
  breakerSeconds: z.number().positive().default(120).describe('How long a broken route is left alone.'),
  fixes: z
    .number()
    .int()
    .min(0)
    .max(5)
    .default(2)
    .describe('How often the orchestrator may mend a merged change whose checks are red.'),
  questions: z
    .number()
    .int()
    .min(0)
    .max(40)
    .default(6)
    .describe('How many questions of roles to each other are asked in a run; each costs a call, or a part of one.'),
  messages: z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(300)
    .describe('How many messages models may post on the bus in a run.'),
  messagesPerCall: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .default(20)
    .describe('How many messages one call may post on the bus.'),
});
export type Limits = z.infer<typeof limitsSchema>;

const setupSchema = z.strictObject({
  run: z.array(z.string()).default([]).describe('Commands that make a fresh workspace able to run the checks.'),
  bring: z
    .array(z.string())
    .default([])
    .describe('Ignored files or folders to copy into workspaces (`node_modules`). Vendors will see them.'),
});
export type Setup = z.infer<typeof setupSchema>;

const memorySchema = z.strictObject({
  backend: z
    .enum(['files', 'auto', 'serena'])
    .default('files')
    .describe(
      "`files`: the memories are written by this program. `auto`: the same, and a Serena that is installed is attached. `serena`: written through Serena's own tools.",
    ),
  codeTools: z
    .boolean()
    .default(false)
    .describe(
      'Hands roles the symbols and references of their working folder, by a Serena of their own that only reads. `orchestra doctor --fix` fetches the language servers that it needs.',
    ),
});

/** The whole file. Every part is optional in a file; layers are joined by name, then parsed as `TeamFile`. */
export const teamFileSchema = z.strictObject({
  version: z.literal(1).default(1),
  servers: z.record(id, serverSchema).default({}),
  models: z.record(id, modelSchema).default({}),
  roles: z.record(roleId, roleSchema).default({}),
  teams: z.record(id, teamSchema).default({}),
  team: id.default('default').describe('The team that is used when none is named.'),
  checks: z.array(checkSchema).default([]).describe("The project's own commands that judge a change."),
  setup: setupSchema.default(() => setupSchema.parse({})),
  memory: memorySchema.default(() => memorySchema.parse({})),
  off: z
    .array(z.string().regex(/^[a-z][a-z0-9.-]{0,39}(?:\/[a-z][a-z0-9.-]{0,39})?$/, 'a server, or `server/agent`'))
    .default([])
    .describe(
      'Routes that are never used, whatever models name them: a server (`keys`), or one agent of it (`agents/grok`).',
    ),
  commands: z
    .array(z.string())
    .default([])
    .describe('Commands that agents may run without asking, besides the checks: exact lines.'),
  budget: budgetSchema.default(() => budgetSchema.parse({})),
  stops: stopsSchema.default(() => stopsSchema.parse({})),
  limits: limitsSchema.default(() => limitsSchema.parse({})),
});
export type TeamFile = z.infer<typeof teamFileSchema>;

/** What a file may hold before the layers are joined. */
export type TeamLayer = z.input<typeof teamFileSchema>;

/** A model in a role, as it will be asked. `standsFor` names the model that was meant and is not asked. */
export const castSchema = z.object({
  role: z.string(),
  title: z.string(),
  duties: z.array(z.enum(duties)),
  access: accessSchema,
  required: z.boolean(),
  /** Accepted models in order; the first is asked first. */
  models: z.array(choiceSchema.extend({ standsFor: z.string().optional(), why: z.string().optional() })).min(1),
});
export type Cast = z.infer<typeof castSchema>;

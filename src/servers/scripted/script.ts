import { z } from 'zod';
import { askPermissionSchema, usageSchema } from '../../core/ask.ts';

/**
 * A script: what the scripted server answers, to whom and when. This schema is its reference, its messages and, by
 * `--schema`, its JSON schema. Texts may hold `{{name}}`: see `valueSchema`.
 */

const globs = z.union([z.string(), z.array(z.string()).min(1)]);
const milliseconds = z.number().int().nonnegative().max(3_600_000);

function regex(flags: string) {
  return z.string().superRefine((source, ctx) => {
    try {
      RegExp(source, flags);
    } catch (error) {
      ctx.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'no regular expression' });
    }
  });
}

const matchSchema = z
  .strictObject({
    role: globs.optional(),
    phase: globs.optional(),
    kind: globs.optional().describe('The kind of answer that is wanted: `findings`, `plan`, …'),
    key: globs.optional().describe("The call's key. `*` stays between two slashes, `**` does not."),
    model: globs.optional().describe('The model id that is asked for.'),
    server: globs.optional().describe('The name this server was started with (`--name`).'),
    prompt: regex('su').optional().describe('A regular expression that the prompt must match.'),
    attempt: z.number().int().positive().optional(),
    nth: z
      .number()
      .int()
      .positive()
      .optional()
      .describe('Only the n-th call of the run that fits the rest of this match.'),
  })
  .describe('What is left out fits everything. Globs, or lists of globs of which one must fit.');
export type Match = z.infer<typeof matchSchema>;

const valueSchema = z
  .strictObject({
    find: regex('gmsu').describe(
      'A regular expression over the prompt. A match gives its group 1, or the whole of it.',
    ),
    default: z.string().optional().describe('Taken where nothing matches; without it that is an error of the script.'),
    repeats: z.boolean().default(false).describe('Keep matches that are equal to an earlier one.'),
  })
  .describe(
    'A value taken out of the prompt. `{{name}}` gives the first match, `{{name.group}}` its named group, `{{name.group|number}}` a number. ' +
      'In an answer `{each: name, value: …}` gives a list with `value` once for every match, in which `{{item}}` and `{{item.group}}` are that match.',
  );
export type Value = z.infer<typeof valueSchema>;

const paceShape = {
  delay: milliseconds.optional().describe('Milliseconds after every piece of text.'),
  chunk: z.number().int().positive().optional().describe('About so many characters a piece.'),
};
const paceSchema = z.strictObject(paceShape);
export type Pace = z.infer<typeof paceSchema>;

const faults = [
  'error-result',
  'rpc-error',
  'rate-limit',
  'quota',
  'not-signed-in',
  'limit-text',
  'empty',
  'wrong-model',
  'bad-answer',
  'crash',
  'hang',
  'frozen',
  'garbage',
  'noise',
  'huge',
  'huge-line',
  'progress-flood',
  'slow',
] as const;

const times = z.number().int().positive().optional().describe('Only the first n calls of the run that this part fits.');

const saySchema = z.strictObject({ say: z.string(), ...paceShape }).describe('Text of the answer, streamed in pieces.');
const thinkSchema = z
  .strictObject({ think: z.string(), ...paceShape })
  .describe('A thought, streamed, no part of the answer.');
const toolSchema = z
  .strictObject({ tool: z.string(), status: z.string().optional() })
  .describe('Says that a tool is used.');
const waitSchema = z.strictObject({ wait: milliseconds }).describe('Milliseconds of silence.');
const usageStepSchema = z
  .strictObject({ usage: usageSchema })
  .describe('Tokens and money from here on; else they are estimated from the bytes.');
const answerSchema = z
  .strictObject({ answer: z.json(), ...paceShape })
  .describe('A JSON value, said as the one fenced json block of the text.');

const editStepSchema = z
  .strictObject({
    edit: z.string().min(1).describe('The file, relative to the working folder of the call.'),
    write: z.string().optional().describe('The whole new content.'),
    replace: z.string().optional().describe('A text that stands in the file exactly once.'),
    with: z.string().optional().describe('What comes in its place.'),
    append: z.string().optional(),
    delete: z.literal(true).optional(),
    typed: z
      .boolean()
      .default(false)
      .describe('Do not touch the file: hand the edit back in the result (`write` and `delete` only).'),
    anywhere: z.boolean().default(false).describe('May lie outside the working folder: misbehaviour on purpose.'),
  })
  .superRefine((edit, ctx) => {
    const ways = (['write', 'replace', 'append', 'delete'] as const).filter((way) => edit[way] !== undefined);
    if (ways.length !== 1)
      ctx.addIssue({ code: 'custom', message: 'give one of `write`, `replace`, `append`, `delete`' });
    if ((edit.replace === undefined) !== (edit.with === undefined))
      ctx.addIssue({ code: 'custom', message: '`replace` and `with` belong together' });
    if (edit.typed && ways[0] !== 'write' && ways[0] !== 'delete')
      ctx.addIssue({ code: 'custom', message: 'a typed edit can only `write` or `delete`' });
  })
  .describe('Changes a file.');
export type EditStep = z.infer<typeof editStepSchema>;

const faultStepSchema = z
  .strictObject({
    fault: z.enum(faults),
    times,
    message: z.string().optional(),
    resetsAt: z.iso.datetime({ offset: true }).optional().describe('With `rate-limit` and `quota`.'),
    code: z.number().int().min(0).max(255).optional().describe('Exit code of `crash`; default 3.'),
    ms: milliseconds
      .optional()
      .describe('`slow`: milliseconds after every piece, default 1000; `frozen`: how long, default an hour.'),
    size: z
      .number()
      .int()
      .positive()
      .optional()
      .describe(
        'Bytes of `huge` and `huge-line` (default 100 MiB), lines of `garbage`, notifications of `progress-flood`.',
      ),
    model: z.string().optional().describe('Who answers with `wrong-model`.'),
  })
  .describe('Misbehaves. What comes after it is only played where the fault lets the call go on.');
export type FaultStep = z.infer<typeof faultStepSchema>;

const whenStepSchema = z
  .strictObject({
    when: regex('su').describe('A regular expression over the prompt, or over `file`.'),
    file: z.string().optional().describe('Look into this file of the working folder; one that is not there is empty.'),
    get do() {
      return z.array(stepSchema).default([]);
    },
    get else() {
      return z.array(stepSchema).default([]);
    },
  })
  .describe('Goes on differently depending on what was read.');

const useStepSchema = z
  .strictObject({
    use: z.string().min(1).describe('The tool.'),
    server: z.string().default('bus').describe('A server that is handed on with the call.'),
    arguments: z.record(z.string(), z.json()).default({}).describe('Texts in it may hold `{{name}}`.'),
    until: regex('su').optional().describe('Call it again until its text matches.'),
    within: milliseconds.default(30_000).describe('How long `until` is tried; no tempo changes it.'),
    get do() {
      return z.array(stepSchema).default([]);
    },
    get else() {
      return z.array(stepSchema).default([]);
    },
  })
  .describe(
    'Really starts the server and calls the tool. Goes on with `do` where its text matches `until` (or there is none), else with `else`, also when there is no such server.',
  );
export type UseStep = z.infer<typeof useStepSchema>;

const permissionStepSchema = z
  .strictObject({
    permission: askPermissionSchema,
    get onGranted() {
      return z.array(stepSchema).default([]);
    },
    get onRefused() {
      return z.union([z.literal('stop'), z.array(stepSchema)]).default([]);
    },
  })
  .describe(
    'Asks for permission. Refused, its title stands in `refused` of the answer; `stop` ends the call there as cancelled.',
  );

/** In this order the kinds of step are told apart, by the key that only they have. */
export const stepKinds = [
  'say',
  'think',
  'tool',
  'wait',
  'usage',
  'answer',
  'edit',
  'fault',
  'when',
  'use',
  'permission',
] as const;
const stepSchema = z.union([
  saySchema,
  thinkSchema,
  toolSchema,
  waitSchema,
  usageStepSchema,
  answerSchema,
  editStepSchema,
  faultStepSchema,
  whenStepSchema,
  useStepSchema,
  permissionStepSchema,
]);
export type Step = z.infer<typeof stepSchema>;

const values = z.record(z.string().regex(/^[a-zA-Z][\w-]*$/), valueSchema).default({});

const partSchema = z.strictObject({
  match: matchSchema.default({}),
  times: times.describe('Only the first n calls of the run that fit; later ones go on to the next part.'),
  pace: paceSchema.default({}),
  values,
  model: z.string().optional().describe('Who is said to have answered; default the id that was asked for.'),
  session: z
    .string()
    .optional()
    .describe('The session that the answer names. Default: the one it was asked in, if any.'),
  usage: z.enum(['estimated', 'none']).default('estimated').describe('Where no `usage` step says it.'),
  steps: z.array(stepSchema),
});
export type Part = z.infer<typeof partSchema>;

export const scriptSchema = z
  .strictObject({
    version: z.literal(1).default(1),
    pace: paceSchema.default({}),
    values,
    parts: z.array(partSchema).default([]).describe('The first that fits a call is played.'),
    default: partSchema.omit({ match: true, times: true }).optional().describe('Played where no part fits.'),
  })
  .describe('A script for the scripted server.');
export type Script = z.infer<typeof scriptSchema>;

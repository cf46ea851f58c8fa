import { z } from 'zod';

/** What an agent lets choose in a session, in both of its dialects: configuration options, and the older modes and models. */

const choiceSchema = z.looseObject({ value: z.string(), name: z.string().optional() });
const groupSchema = z.looseObject({ options: z.array(choiceSchema) });
const optionSchema = z.looseObject({
  id: z.string(),
  name: z.string().optional(),
  category: z.string().nullish(),
  type: z.string().optional(),
  currentValue: z.unknown().optional(),
  options: z.array(z.union([choiceSchema, groupSchema])).optional(),
});
const sessionSchema = z.looseObject({
  sessionId: z.string().optional(),
  configOptions: z.array(optionSchema).nullish().catch(null),
  modes: z
    .looseObject({
      currentModeId: z.string().optional(),
      availableModes: z.array(z.looseObject({ id: z.string(), name: z.string().optional() })).default([]),
    })
    .nullish()
    .catch(null),
  models: z
    .looseObject({
      currentModelId: z.string().optional(),
      availableModels: z.array(z.looseObject({ modelId: z.string(), name: z.string().optional() })).default([]),
    })
    .nullish()
    .catch(null),
});

export type Category = 'mode' | 'model' | 'thought_level' | 'permissions';

/** One thing that can be chosen: how it is set, what is set, what there is. */
interface Choice {
  /** The id of a configuration option; undefined in the older dialect. */
  readonly id: string | undefined;
  readonly current: string | undefined;
  readonly values: readonly { readonly value: string; readonly name: string }[];
}

export type Choices = Readonly<Partial<Record<Category, Choice>>>;

/** Ids that agents without categories use. */
const usualIds: Readonly<Record<Category, readonly string[]>> = {
  mode: ['mode'],
  model: ['model'],
  thought_level: ['reasoning_effort', 'effort', 'thought_level', 'thinking'],
  permissions: ['allow_all'],
};

/** The session's id and its choices, out of the answer that opened it. */
export function readSession(answer: unknown): { id: string | undefined; choices: Choices } {
  const parsed = sessionSchema.safeParse(answer).data;
  if (!parsed) return { id: undefined, choices: {} };
  const choices: Partial<Record<Category, Choice>> = {};
  if (parsed.modes) {
    choices.mode = {
      id: undefined,
      current: parsed.modes.currentModeId,
      values: parsed.modes.availableModes.map(({ id, name }) => ({ value: id, name: name ?? id })),
    };
  }
  if (parsed.models) {
    choices.model = {
      id: undefined,
      current: parsed.models.currentModelId,
      values: parsed.models.availableModels.map(({ modelId, name }) => ({ value: modelId, name: name ?? modelId })),
    };
  }
  return { id: parsed.sessionId, choices: { ...choices, ...configured(parsed.configOptions ?? []) } };
}

/** The choices as they are after an option was set, or an update told of them: those that it tells, over the ones before. */
export function readChoices(before: Choices, answer: unknown): Choices {
  const { choices } = readSession(answer);
  return { ...before, ...choices };
}

function configured(options: readonly z.infer<typeof optionSchema>[]): Choices {
  const found: Partial<Record<Category, Choice>> = {};
  for (const category of ['mode', 'model', 'thought_level', 'permissions'] as const) {
    const option =
      options.find((one) => one.category === category) ??
      usualIds[category].map((id) => options.find((one) => one.id === id)).find((one) => one !== undefined);
    if (!option?.options) continue;
    const values = option.options.flatMap((one) =>
      'options' in one && Array.isArray(one.options) ? one.options : [one],
    );
    found[category] = {
      id: option.id,
      current: typeof option.currentValue === 'string' ? option.currentValue : undefined,
      values: values.flatMap((one) =>
        typeof one.value === 'string' ? [{ value: one.value, name: String(one.name ?? one.value) }] : [],
      ),
    };
  }
  return found;
}

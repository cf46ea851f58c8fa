import { z } from 'zod';

/** The settings of the editor: how this window behaves. Who works and how is the team file's. package.json's pages are generated from this. */

/** In the order in which the page shows them; every key stands under `orchestra.`. */
export const settingsSchema = z.object({
  team: z
    .string()
    .default('')
    .describe('The team that a task is given to, by its name in the team file; empty: the one that the file names.')
    .meta({ scope: 'resource' }),
  teamFile: z
    .string()
    .default('')
    .describe("A team file of yours in the place of the project's: an absolute path. Read for folders that you trust.")
    .meta({ scope: 'machine' }),
  'budget.calls': z
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Model calls that a run may make; 0: what the team file says.')
    .meta({ scope: 'resource' }),
  'budget.minutes': z
    .number()
    .min(0)
    .max(10_000)
    .default(0)
    .describe('Minutes of work that a run may take, waiting for you not counted; 0: what the team file says.')
    .meta({ scope: 'resource' }),
  'budget.usd': z
    .number()
    .min(0)
    .default(0)
    .describe('Money in USD that a run may cost; needs a price for every model. 0: what the team file says.')
    .meta({ scope: 'resource' }),
  'notifications.questions': z
    .boolean()
    .default(true)
    .describe('Show what a run asks (a stop, a permission, a held file) as a notification too, not only in the panel.')
    .meta({ scope: 'window' }),
  'notifications.phases': z
    .boolean()
    .default(true)
    .describe('Show long phases as a notification that can be cancelled. The status bar shows them in any case.')
    .meta({ scope: 'window' }),
  openReview: z
    .boolean()
    .default(true)
    .describe('Open the changes of a run for review when they are ready.')
    .meta({ scope: 'window' }),
  openPlan: z
    .boolean()
    .default(true)
    .describe('Open the plan as a document when a run waits for your word on it.')
    .meta({ scope: 'window' }),
  'languageModels.offer': z
    .boolean()
    .default(true)
    .describe(
      'Offer the models that the editor itself has (Copilot) as routes. The editor asks for your consent when one is first used.',
    )
    .meta({ scope: 'window' }),
});
export type Settings = z.infer<typeof settingsSchema>;

export const settingsPrefix = 'orchestra';

/** The settings out of what the editor holds; whatever does not fit its schema counts as its default, and is named. */
export function parseSettings(read: (key: string) => unknown): { settings: Settings; wrong: string[] } {
  const wrong: string[] = [];
  const values = Object.entries(settingsSchema.shape).map(([key, schema]) => {
    const parsed = schema.safeParse(read(key));
    if (parsed.success) return [key, parsed.data];
    wrong.push(`${settingsPrefix}.${key}`);
    return [key, schema.parse(undefined)];
  });
  return { settings: Object.fromEntries(values) as Settings, wrong };
}

import { z } from 'zod';
import { budgetSchema, castSchema } from '../team/file.ts';
import { forecastSchema } from './forecast.ts';
import { planItemSchema, triageSchema } from './answers.ts';

/** What the person may change at a stop before the run goes on. A host sends it with the answer; the engine checks it. */

const budget = budgetSchema.shape;

const standInSchema = z.strictObject({ role: z.string(), model: z.string() });

/** At the team stop: another team or size, who takes part, who is accepted to stand in, the budget. What is not named stays. */
const teamAmendmentSchema = z.strictObject({
  /** Another team of the team file, by name. */
  team: z.string().optional(),
  size: triageSchema.shape.size.optional(),
  /** With size `one`: the writing role that does it alone. */
  writer: z.string().optional(),
  /** Roles of the team that take part whatever triage said. */
  with: z.array(z.string()).optional(),
  /** Roles that do not take part. */
  without: z.array(z.string()).optional(),
  /** A model accepted, by name, for a role that does not list it. */
  accept: z.array(standInSchema).optional(),
  budget: z
    .strictObject({
      calls: budget.calls.unwrap().optional(),
      minutes: budget.minutes.unwrap().optional(),
      tokens: budget.tokens,
      usd: budget.usd,
    })
    .optional(),
});
export type TeamAmendment = z.infer<typeof teamAmendmentSchema>;

/** At the plan stop: items that are not done, and items as the person wants them. Both by the item's id. */
const planAmendmentSchema = z.strictObject({
  strike: z.array(z.strictObject({ item: z.string(), why: z.string().max(600).optional() })).optional(),
  edit: z
    .array(
      planItemSchema
        .pick({ title: true, what: true, owners: true, paths: true, acceptance: true })
        .extend({ acceptance: z.array(z.string()) })
        .partial()
        .extend({ item: z.string() })
        .strict(),
    )
    .optional(),
});
export type PlanAmendment = z.infer<typeof planAmendmentSchema>;

/** `team` at the team stop, `plan` at the plan stop. */
export const amendmentSchema = z.strictObject({
  team: teamAmendmentSchema.optional(),
  plan: planAmendmentSchema.optional(),
});
export type Amendment = z.infer<typeof amendmentSchema>;

/** What of the team is settled by triage and the person together; every amendment changes it a little. */
const pickedSchema = z.object({
  team: z.string(),
  size: triageSchema.shape.size,
  specialists: z.array(z.string()),
  writer: z.string().optional(),
  without: z.array(z.string()),
  accept: z.array(standInSchema),
});
export type Picked = z.infer<typeof pickedSchema>;

/** A model that could stand in for a role that is left out, if the person accepts it. */
export const offerSchema = z.object({ role: z.string(), model: z.string(), question: z.string() });
export type Offer = z.infer<typeof offerSchema>;

/** The team that is in force after an amendment. */
export const amendedTeamSchema = z.object({
  picked: pickedSchema,
  cast: z.array(castSchema),
  leftOut: z.array(z.object({ role: z.string(), why: z.string() })),
  offers: z.array(offerSchema),
  notes: z.array(z.string()),
  forecast: forecastSchema,
});

import { z } from 'zod';

/** What a run is likely to take, each from its least to its usual most. */
export const forecastSchema = z.object({
  calls: z.tuple([z.number(), z.number()]),
  tokens: z.tuple([z.number(), z.number()]),
  /** Absent where a model has no price. */
  usd: z.tuple([z.number(), z.number()]).optional(),
  minutes: z.tuple([z.number(), z.number()]),
});
export type Forecast = z.infer<typeof forecastSchema>;

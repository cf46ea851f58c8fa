import { z } from 'zod';

/** What the `code` server is told in its environment, as JSON. */
export const codeSettingsSchema = z.object({
  command: z.string(),
  args: z.array(z.string()),
  workspace: z.string(),
  folder: z.string(),
  servers: z.string(),
  languages: z.array(z.string()),
});
export type CodeSettings = z.infer<typeof codeSettingsSchema>;

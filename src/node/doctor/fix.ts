import { join } from 'node:path';
import type { Mend } from '../../core/ask.ts';
import { isAbort, reasonOf } from '../../core/errors.ts';
import { type AdapterName, adapters, fetchAdapter } from '../agents/adapters.ts';
import { createExclusive } from '../files.ts';
import { orchestrationFolder } from '../paths.ts';
import { ensureOrchestration } from '../run/runs.ts';

/** What a new team file holds: nothing that changes anything, and where to read on. */
const starterText = `# The team of this project, over your own file and the built-in team. README.md describes every field.
version: 1

# checks:
#   - name: test
#     run: npm test

# roles:
#   critic:
#     models: [{ model: gemini-2.5-pro }]

# off: [keys/openrouter]
`;

/**
 * Does what is safe: fetches the pinned adapters that stand between us and agents which are installed, makes the project's folder and a
 * team file to begin with. Installs, signs in and approves nothing. Gives a sentence for each thing done, or that could not be.
 */
export async function fixAll(
  root: string,
  { mends, starter }: { readonly mends: readonly Mend[]; readonly starter: boolean },
  signal: AbortSignal,
): Promise<string[]> {
  const wanted = mends.flatMap(({ adapter }) => adapter ?? []);
  const names = [...new Set(wanted)].filter((name): name is AdapterName => Object.hasOwn(adapters, name));
  const fetched = await Promise.all(
    names.map(async (name) => {
      try {
        await fetchAdapter(name, { env: process.env, signal });
        return `Fetched ${name} ${adapters[name].version} (${adapters[name].license}).`;
      } catch (error) {
        if (isAbort(error) || signal.aborted) throw error;
        return `${name} could not be fetched: ${reasonOf(error)}`;
      }
    }),
  );
  const done = [...fetched];
  await ensureOrchestration(root);
  const path = join(orchestrationFolder(root), 'team.yaml');
  if (starter && (await createExclusive(path, starterText)))
    done.push('Wrote .orchestration/team.yaml, with which this project can change the team.');
  return done;
}

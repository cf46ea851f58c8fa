import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { UserError } from '../../core/errors.ts';
import type { Brought } from '../../core/team/join.ts';
import { teamFileSchema, type TeamFile } from '../../core/team/file.ts';
import { createExclusive, makeFolder, writeAtomic } from '../files.ts';
import { profileFolder, projectKey } from '../paths.ts';

/**
 * What a run was started with, beside its journal, and in the person's profile the hash of it. A repository can bring a
 * run folder of its own making; without the profile's word it is shown, and never executed.
 */
const names = z.array(z.string());
const startSchema = z.object({
  team: teamFileSchema,
  teamName: z.string(),
  brought: z.object({ servers: names, models: names, checks: names, commands: names, setup: z.boolean() }),
});

export interface RunStart {
  readonly team: TeamFile;
  readonly teamName: string;
  /** What of the team came from the repository. */
  readonly brought: Brought;
}

export async function rememberStart(root: string, run: string, folder: string, start: RunStart): Promise<void> {
  const text = `${JSON.stringify(start)}\n`;
  const place = join(profileFolder(), 'runs', projectKey(root));
  await makeFolder(place);
  await writeAtomic(join(place, `${run}.sha256`), hashOf(text), { mode: 0o600 });
  await writeAtomic(join(folder, 'start.json'), text);
}

/** What the run was started with. Throws `UserError` (`foreign-run`) when this profile did not start it, or it was changed since. */
export async function recallStart(root: string, run: string, folder: string): Promise<RunStart> {
  const text = await readFile(join(folder, 'start.json'), 'utf8').catch(() => '');
  const hash = await readFile(join(profileFolder(), 'runs', projectKey(root), `${run}.sha256`), 'utf8').catch(() => '');
  if (text === '' || hash !== hashOf(text)) {
    throw new UserError(
      'foreign-run',
      `Run ${run} was not started from this profile, or what it was started with has changed since.`,
      {
        hint: 'It can be looked at (`orchestra show`), not gone on with. Start it anew with `orchestra run`.',
      },
    );
  }
  const read = startSchema.safeParse(JSON.parse(text));
  if (read.success) return read.data;
  // This profile wrote it, so it was another version that did.
  throw new UserError('other-engine', `Run ${run} was started by a version whose team this one cannot read.`, {
    hint: 'Use that version, or start it anew with `orchestra run`.',
    cause: read.error,
  });
}

/** A secret of the run that only this profile knows, the same for every process that goes on with it. */
export async function runSecret(root: string, run: string): Promise<string> {
  const place = join(profileFolder(), 'runs', projectKey(root));
  const path = join(place, `${run}.key`);
  await makeFolder(place);
  await createExclusive(path, randomBytes(32).toString('hex'), { mode: 0o600 });
  return readFile(path, 'utf8');
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

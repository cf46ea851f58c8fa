import { isDeepStrictEqual } from 'node:util';
import { needsApproval, onlyApproved, type Wanted } from '../../core/team/approvals.ts';
import { budgetSchema, type TeamFile } from '../../core/team/file.ts';
import type { Brought } from '../../core/team/join.ts';
import { mayHoldSecrets } from '../checks/bring.ts';
import type { Consent } from '../checks/checks.ts';
import { profileFolder } from '../paths.ts';
import { type LoadedTeam, loadTeam } from './load.ts';
import { isTrusted, unapproved } from './trust.ts';

export interface TeamHere extends LoadedTeam {
  readonly trusted: boolean;
  /** What waits for the person's approval. */
  readonly missing: readonly Wanted[];
  readonly budgetFrom: 'team' | 'default';
}

/** The team file of this folder as it is now, and what of it waits for the person. */
export async function teamOf(
  root: string,
  options: { explicit?: string | undefined; signal: AbortSignal },
): Promise<TeamHere> {
  const place = { profile: profileFolder(), root, signal: options.signal };
  const trusted = await isTrusted(place);
  const loaded = await loadTeam({
    root,
    trusted,
    profile: place.profile,
    explicit: options.explicit,
    signal: options.signal,
  });
  const missing = await unapproved(place, needsApproval(loaded.team, loaded.brought));
  return {
    ...loaded,
    trusted,
    missing,
    budgetFrom: isDeepStrictEqual(loaded.team.budget, budgetSchema.parse({})) ? 'default' : 'team',
  };
}

export interface InForce {
  readonly team: TeamFile;
  readonly consent: Consent;
  readonly unapproved: (server: string) => string | undefined;
}

/** A run's team with what the person has approved by now; the rest of it does nothing, and says why. */
export async function approvedTeam(
  root: string,
  start: { team: TeamFile; brought: Brought },
  signal: AbortSignal,
): Promise<InForce> {
  const place = { profile: profileFolder(), root, signal };
  const missing = await unapproved(place, needsApproval(start.team, start.brought));
  const { team } = onlyApproved(start.team, start.brought, missing);
  const held = (kind: Wanted['kind'], of: (item: Wanted) => boolean): boolean =>
    missing.some((item) => item.kind === kind && of(item));
  return {
    team,
    consent: {
      // What the repository did not bring is the person's own word.
      mayRun: (command) => (held('check', (item) => item.content === command) ? 'no' : 'yes'),
      mayBring: (path) => (mayHoldSecrets(path) ? 'no' : 'yes'),
    },
    unapproved: (server) =>
      held('server', (item) => item.name === server)
        ? `The server ${server} comes from this folder's team file and waits for your approval: run \`orchestra trust\`.`
        : undefined,
  };
}

import { UserError } from '../errors.ts';
import type { Picked, TeamAmendment } from '../run/amendments.ts';
import type { Triage } from '../run/answers.ts';
import { castTeam, joined, type Chosen, type Reachable } from './choose.ts';
import type { TeamFile } from './file.ts';
import { meant } from './suggest.ts';

/** What triage alone has picked. */
export function pickedBy(triage: Triage, team: string): Picked {
  const { size, specialists, writer } = triage;
  return { team, size, specialists, ...(writer !== undefined && { writer }), without: [], accept: [] };
}

/** The pick with the person's amendment in it. Whoever is named last to take part, or not to, stands. */
function pickAgain(picked: Picked, amendment: TeamAmendment): Picked {
  const added = amendment.with ?? [];
  const removed = amendment.without ?? [];
  const accepted = amendment.accept ?? [];
  // Who is accepted for a role wants the role.
  const wanted = new Set([...added, ...accepted.map((a) => a.role)]);
  return {
    team: amendment.team ?? picked.team,
    size: amendment.size ?? picked.size,
    specialists: [...new Set([...picked.specialists, ...wanted])].filter((role) => !removed.includes(role)),
    writer: amendment.writer ?? picked.writer,
    without: [...new Set([...picked.without.filter((role) => !wanted.has(role)), ...removed])],
    accept: [
      ...picked.accept.filter((old) => !accepted.some((a) => a.role === old.role && a.model === old.model)),
      ...accepted,
    ],
  };
}

/** What the person names in an amendment and cannot mean, a sentence each. */
function amendmentProblems(team: TeamFile, picked: Picked, amendment: TeamAmendment): string[] {
  const problems: string[] = [];
  const parts = Object.hasOwn(team.teams, picked.team) ? team.teams[picked.team] : undefined;
  if (!parts) return [`No team is called \`${picked.team}\`${meant(picked.team, Object.keys(team.teams))}`];
  const all = [...parts.core, ...parts.review, ...parts.specialists];
  const accepted = amendment.accept ?? [];
  const named = [...(amendment.with ?? []), ...(amendment.without ?? []), ...accepted.map((a) => a.role)];
  for (const role of new Set(named))
    if (!all.includes(role)) problems.push(`\`${role}\` is not in this team${meant(role, all)}`);
  for (const role of amendment.without ?? []) {
    const definition = team.roles[role];
    if (definition?.duties.includes('orchestrate') || (definition?.required && picked.size !== 'one'))
      problems.push(`${definition.title} is needed: the run cannot do without.`);
  }
  for (const role of amendment.with ?? [])
    if (picked.size === 'one' && all.includes(role))
      problems.push(`With one model nobody else takes part: choose the core team, and \`${role}\` with it.`);
  for (const { model } of accepted)
    if (!Object.hasOwn(team.models, model))
      problems.push(`No model is called \`${model}\`${meant(model, Object.keys(team.models))}`);
  const { writer } = amendment;
  if (writer !== undefined && !(all.includes(writer) && team.roles[writer]?.duties.includes('write')))
    problems.push(`\`${writer}\` is no writing role of this team.`);
  return problems;
}

/** Casts the team as picked; what the person left out is in `leftOut`. Throws as `castTeam` does. */
function castPicked(team: TeamFile, picked: Picked, reachable: Reachable): Chosen {
  const { without, accept, size, specialists, writer } = picked;
  const parts = team.teams[picked.team];
  const there = (roles: readonly string[]): string[] => roles.filter((role) => !without.includes(role));
  const roles = Object.fromEntries(
    Object.entries(team.roles).map(([name, role]) => {
      const listed = role.models.map((m) => m.model);
      const more = accept.filter((a) => a.role === name && !listed.includes(a.model)).map(({ model }) => ({ model }));
      return [name, { ...role, models: [...role.models, ...more] }];
    }),
  );
  const amended: TeamFile = {
    ...team,
    roles,
    teams: parts
      ? {
          ...team.teams,
          [picked.team]: {
            core: there(parts.core),
            review: there(parts.review),
            specialists: there(parts.specialists),
          },
        }
      : team.teams,
  };
  const triage: Triage = { title: '-', size, specialists, ...(writer !== undefined && { writer }), paths: [], why: '' };
  const chosen = castTeam({ team: amended, name: picked.team, triage, reachable });
  return { ...chosen, leftOut: [...chosen.leftOut, ...without.map((role) => ({ role, why: 'you left it out.' }))] };
}

/** The amended pick and its cast, or why it cannot be had. An accepted model that nobody can reach is no stand-in. */
export function amendTeam(
  team: TeamFile,
  before: Picked,
  amendment: TeamAmendment,
  reachable: Reachable,
): { problem: string } | { picked: Picked; chosen: Chosen } {
  const picked = pickAgain(before, amendment);
  const problems = amendmentProblems(team, picked, amendment);
  if (problems.length > 0) return { problem: problems.join(' ') };
  try {
    const chosen = castPicked(team, picked, reachable);
    const missed = (amendment.accept ?? []).filter(
      ({ role, model }) => !chosen.cast.find((c) => c.role === role)?.models.some((m) => m.model === model),
    );
    if (missed.length > 0) {
      const whys = missed.map(({ role, model }) => {
        const found = reachable(model);
        const why = found.ok
          ? 'it has less context than the first, which needs the whole code base'
          : joined(found.whys);
        return `${team.models[model]?.title ?? model} cannot stand in as ${role}: ${why}.`;
      });
      return { problem: whys.join(' ') };
    }
    return { picked, chosen };
  } catch (error) {
    if (error instanceof UserError) return { problem: error.message };
    throw error;
  }
}

import type { Triage } from '../run/answers.ts';
import { UserError } from '../errors.ts';
import type { Cast, Model, Role, TeamFile } from './file.ts';
import { meant } from './suggest.ts';

/**
 * What is known of a model's routes now; `id` is the one that would be asked for, if that is known. Where none leads to it, why: a
 * sentence a route, what is the same for several once.
 */
export type Reachable = (model: string) => { ok: true; id?: string } | { ok: false; whys: readonly string[] };

/** Sentences of routes as one, without its full stop. */
export const joined = (whys: readonly string[]): string =>
  [...new Set(whys.map((why) => why.replace(/[.]$/, '')))].join('; ');

interface Question {
  readonly role: string;
  /** A model of the team that could stand in, and that the role does not list. */
  readonly model: string;
  readonly question: string;
}

export interface Chosen {
  readonly cast: Cast[];
  /** Roles that would take part if a route led to one of their models. */
  readonly leftOut: { role: string; why: string }[];
  /** Stand-ins, successors, vendors in several roles: a sentence each. */
  readonly notes: string[];
  /** Offers for roles that were left out; never about a model that nobody can reach any more. */
  readonly questions: Question[];
}

export interface Casting {
  readonly team: TeamFile;
  /** The team, by its name under `teams`. */
  readonly name: string;
  readonly triage: Triage;
  readonly reachable: Reachable;
}

/**
 * Who takes part, and with which models. `one`: the orchestrator and one writer; `core`; `review`: core and review; with `core` and
 * `review` the specialists that triage named. A role is played by the first of its models that can be reached; those after it are
 * accepted to go on. What triage says of roles that are not in the team is left out with a note: it is a model's word.
 *
 * Throws `UserError`: `unknown-team`, or `role-unfilled` when a role that the run cannot do without has no model that can be reached (the
 * orchestrator, with a team any role marked `required`, every writer).
 */
export function castTeam({ team, name, triage, reachable }: Casting): Chosen {
  const notes: string[] = [];
  const parts = membersOf(team, name, triage, notes);
  const cast: Cast[] = [];
  const leftOut: Chosen['leftOut'] = [];
  const questions: Question[] = [];
  const known = new Map<string, Usable>();
  const look = (model: string): Usable => {
    const found = known.get(model) ?? usable(team.models[model], reachable, model);
    known.set(model, found);
    return found;
  };

  for (const role of parts.members) {
    const definition = team.roles[role];
    if (!definition) continue;
    const filled = fill(team, role, definition, look);
    if (filled.cast) cast.push(filled.cast);
    else {
      // Where one writer is enough another may write, whatever the file says of this one.
      const needed = parts.oneWriter ? definition.duties.includes('orchestrate') : isRequired(definition);
      if (needed)
        throw unfilled(`${definition.title} cannot be played, and the run cannot do without.`, role, filled.brief);
      leftOut.push({ role, why: filled.why });
      const offer = parts.oneWriter ? undefined : offerFor(team, role, definition, look);
      if (offer) questions.push(offer);
    }
    if (parts.oneWriter && filled.cast?.duties.includes('write')) break;
  }
  if (!cast.some(({ duties }) => duties.includes('write'))) {
    const writers = leftOut.filter(({ role }) => team.roles[role]?.duties.includes('write'));
    const whys = writers.map(({ role, why }) => `${team.roles[role]?.title}: ${why}`);
    throw unfilled(
      'Nobody can write: no writing role can be played.',
      writers[0]?.role ?? 'implementer',
      whys.join(' '),
    );
  }
  return { cast, leftOut, notes: [...notes, ...standInNotes(team, cast), ...vendorNotes(team, cast)], questions };
}

/** Roles in the order of the team file: core, review, specialists. */
function membersOf(
  team: TeamFile,
  name: string,
  triage: Triage,
  notes: string[],
): { members: string[]; oneWriter: boolean } {
  const parts = Object.hasOwn(team.teams, name) ? team.teams[name] : undefined;
  if (!parts) {
    throw new UserError('unknown-team', `No team is called \`${name}\`${meant(name, Object.keys(team.teams))}`, {
      hint: 'Teams stand under `teams:` in the team file.',
    });
  }
  const all = [...parts.core, ...parts.review, ...parts.specialists];
  if (triage.size === 'one') {
    const leaders = parts.core.filter((role) => team.roles[role]?.duties.includes('orchestrate'));
    const writers = all.filter((role) => team.roles[role]?.duties.includes('write'));
    const wanted = triage.writer;
    if (wanted !== undefined && !writers.includes(wanted))
      notes.push(`Triage named \`${wanted}\` to write, which is no writer of this team.`);
    const first = writers.filter((role) => role === wanted);
    return { members: [...new Set([...leaders, ...first, ...writers])], oneWriter: true };
  }
  const members = triage.size === 'review' ? [...parts.core, ...parts.review] : [...parts.core];
  const strangers = triage.specialists.filter((role) => !all.includes(role));
  for (const role of new Set(strangers))
    notes.push(`Triage asked for \`${role}\`, which is not in this team${meant(role, parts.specialists)}`);
  // Asked for by name, a role of the review team takes part like a specialist.
  const extra = all.filter((role) => triage.specialists.includes(role));
  return { members: [...new Set([...members, ...extra])], oneWriter: false };
}

type Usable =
  | { readonly ok: true; readonly successor?: string }
  /** `dead`: no route of the team file leads to it, nor to a successor. */
  | { readonly ok: false; readonly whys: readonly string[]; readonly dead: boolean };

/** A retired model is used through its declared successors only, unless its routes say that it answers itself. */
function usable(model: Model | undefined, reachable: Reachable, name: string): Usable {
  if (!model) return { ok: false, whys: ['it is not in the team file'], dead: true };
  const ways = model.routes.filter((route) => !route.off);
  const successors = ways.flatMap((route) => route.ids.slice(1));
  if (ways.length === 0 || (model.retired !== undefined && successors.length === 0)) {
    const why = model.retired === undefined ? 'no route leads to it' : `retired: ${model.retired}`;
    return { ok: false, whys: [why], dead: model.retired !== undefined };
  }
  const found = reachable(name);
  if (!found.ok) return { ok: false, whys: found.whys, dead: false };
  const itself = found.id !== undefined && ways.some((route) => route.ids[0] === found.id);
  if (itself) return { ok: true };
  const successor = found.id ?? (model.retired === undefined ? undefined : successors[0]);
  return successor === undefined ? { ok: true } : { ok: true, successor };
}

const isRequired = (role: Role): boolean => role.required || role.duties.includes('orchestrate');

type Filled =
  | { readonly cast: Cast }
  /** `brief`: of many reasons only what they are, without what to do about each. */
  | { readonly cast?: undefined; readonly why: string; readonly brief: string };

function fill(team: TeamFile, role: string, definition: Role, look: (model: string) => Usable): Filled {
  const first = definition.models[0];
  const firstFound = first && look(first.model);
  const instead =
    first && firstFound?.ok === false ? { standsFor: first.model, why: joined(firstFound.whys) } : undefined;
  // Titles by why they cannot be asked: what is the same for all is said once.
  const missing = new Map<string, string[]>();
  const heads = new Set<string>();
  const models: Cast['models'] = [];
  for (const choice of definition.models) {
    const found = look(choice.model);
    const model = team.models[choice.model];
    if (!found.ok || !model) {
      const whys = found.ok ? ['it is not in the team file'] : found.whys;
      for (const why of whys) heads.add(headOf(why));
      const why = joined(whys);
      missing.set(why, [...(missing.get(why) ?? []), titleOf(team, choice.model)]);
      continue;
    }
    const largest = models[0] && team.models[models[0].model]?.context;
    // All models of a call share one prompt, so a smaller one further down would shrink the view of the larger.
    if (definition.view === 'packed' && largest !== undefined && model.context < largest) continue;
    const whys = instead ? [`${titleOf(team, instead.standsFor)} is not asked: ${instead.why}`] : [];
    if (found.successor !== undefined)
      whys.push(`${found.successor} is asked for ${model.title}, as its declared successor`);
    models.push({
      ...choice,
      ...(instead ? { standsFor: instead.standsFor } : {}),
      ...(whys.length > 0 ? { why: whys.join('; ') } : {}),
    });
  }
  if (models.length === 0) {
    const why = [...missing].map(([of, titles]) => `${titles.join(', ')}: ${of}.`).join(' ');
    const titles = [...missing.values()].flat().join(', ');
    return { why, brief: heads.size > fewWhys ? `${titles}: ${[...heads].join('; ')}.` : why };
  }
  const { title, duties } = definition;
  // The orchestrator writes too: what conflicts, and the documentation.
  const access = duties.includes('orchestrate') || duties.includes('write') ? 'write' : 'read';
  return { cast: { role, title, duties, access, required: isRequired(definition), models } };
}

/** So many reasons are told with what to do about each; of more only what they are. */
const fewWhys = 3;

/** What is wrong, without the words on how it is known and what to do. */
const headOf = (why: string): string => why.split(/[:.](?= |$)/, 1)[0] as string;

const titleOf = (team: TeamFile, model: string): string => team.models[model]?.title ?? model;

function unfilled(sentence: string, role: string, why: string): UserError {
  return new UserError('role-unfilled', `${sentence} ${why}`, {
    hint: `One of these is enough: \`orchestra doctor\`, or Check Team in the editor, has the command for each. Or name another model under \`roles.${role}.models\` in your team file.`,
  });
}

/** Somebody who is there could do it, but the person has not accepted that model for this role. */
function offerFor(
  team: TeamFile,
  role: string,
  definition: Role,
  look: (model: string) => Usable,
): Question | undefined {
  const listed = definition.models.map(({ model }) => model);
  const alive = listed.filter((model) => {
    const found = look(model);
    return found.ok || !found.dead;
  });
  // All that the role names is dead: then no question about them, only the word that the role is left out.
  if (alive.length === 0) return undefined;
  const model = Object.keys(team.models).find((name) => !listed.includes(name) && look(name).ok);
  if (model === undefined) return undefined;
  const question = `${definition.title}: ${titleOf(team, alive[0] ?? '')} cannot be reached. Shall ${titleOf(team, model)} stand in?`;
  return { role, model, question };
}

/** One sentence for each model that is not quite the one that was meant. */
function standInNotes(team: TeamFile, cast: readonly Cast[]): string[] {
  const roles = new Map<string, string[]>();
  for (const { title, models } of cast) {
    const first = models[0];
    if (!first || first.why === undefined) continue;
    const what = first.standsFor === undefined ? '' : `${titleOf(team, first.model)} stands in. `;
    const sentence = `${what}${first.why.replace(/[.]$/, '')}.`;
    roles.set(sentence, [...(roles.get(sentence) ?? []), title]);
  }
  return [...roles].map(([sentence, titles]) => `${titles.join(', ')}: ${sentence}`);
}

/** Several vendors find more than one does, so it is said where one plays several parts. */
function vendorNotes(team: TeamFile, cast: readonly Cast[]): string[] {
  const vendors = new Map<string, string[]>();
  for (const { title, models } of cast) {
    const vendor = team.models[models[0]?.model ?? '']?.vendor ?? 'not known';
    vendors.set(vendor, [...(vendors.get(vendor) ?? []), title]);
  }
  const [only] = vendors.keys();
  if (vendors.size === 1 && cast.length > 1)
    return [`${only} plays every part: a second vendor would find what the first one misses.`];
  return [...vendors].flatMap(([vendor, titles]) =>
    titles.length > 1 ? [`${vendor} plays ${titles.length} parts: ${titles.join(', ')}.`] : [],
  );
}

import { castTeam, type Chosen, type Reachable } from '../team/choose.ts';
import { forecast } from '../team/forecast.ts';
import { amendTeam, pickedBy } from '../team/amend.ts';
import type { Cast, TeamFile } from '../team/file.ts';
import type { Amendment } from '../run/amendments.ts';
import type { Triage } from '../run/answers.ts';
import { tokensOfBytes } from '../run/budget.ts';
import { verifyCheckout } from './analysis.ts';
import { call } from '../run/call.ts';
import { readingCheckout } from './checkout.ts';
import { listed, phase, prompter, type Stop, stopFor } from './common.ts';
import { openReach, type Reach } from './reach.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { RunStopped } from '../run/stopped.ts';

/**
 * The orchestrator reads the task and picks who takes part; the person sees team and forecast before anything is spent on
 * it, and may change both. Gives what is in force then.
 */
export async function triage(run: Run, base: EventOf<'base.taken'>): Promise<Triage> {
  const reach = openReach(run);
  await phase(run, 'triage', async () => {
    const decided = await decide(run, base, reach);
    const chosen = await run.step('team', 'team.chosen', { triage: decided }, async () => {
      const { team, teamName } = run.input;
      const { questions, ...cast } = await castLive(reach, membersOf(team, teamName), (reachable) =>
        castTeam({ team, name: teamName, triage: decided, reachable }),
      );
      return {
        ...cast,
        title: decided.title,
        size: decided.size,
        offers: questions,
        forecast: forecastOf(run, base, decided.size, cast.cast),
      };
    });
    await verifyCheckout(run, 'triage', base, chosen.cast.slice(0, 1));
    const asks = run.input.team.stops.team;
    if (asks === 'always' || (asks === 'team' && decided.size !== 'one')) {
      await stopFor(run, {
        stop: 'team',
        question: () => `Start with ${listed(run.state().cast.map((c) => c.title))}?`,
        amend: (amendment) => amendFor(run, base, decided, amendment, reach),
      });
    }
    const { size = decided.size, cast, triage: made } = run.state();
    const specialists = made?.specialists ?? [];
    return size === 'one'
      ? `one model: ${cast.find((c) => c.duties.includes('write'))?.title ?? 'the writer'}`
      : sizeWords[size] + (specialists.length > 0 ? ` + ${specialists.join(', ')}` : '');
  });
  return run.state().triage as Triage;
}

/** The team as the person wants it, cast anew with what can be reached now. */
async function amendFor(
  run: Run,
  base: EventOf<'base.taken'>,
  decided: Triage,
  { team: amendment, plan }: Amendment,
  reach: Reach,
): ReturnType<Stop['amend']> {
  if (plan) return { problem: 'There is no plan yet.' };
  if (!amendment) return {};
  const { team, teamName } = run.input;
  const before = run.state().picked ?? pickedBy(decided, teamName);
  const models = [
    ...membersOf(team, amendment.team ?? before.team),
    ...[...before.accept, ...(amendment.accept ?? [])].map((a) => a.model),
  ];
  let made = amendTeam(team, before, amendment, await reach.of(models));
  while ('chosen' in made && (await reach.look(made.chosen.cast)))
    made = amendTeam(team, before, amendment, await reach.of(models));
  if ('problem' in made) return made;
  const budget = amendment.budget && { ...run.state().budget, ...amendment.budget };
  const { calls } = run.state().spent;
  if (budget && budget.calls <= calls)
    return { problem: `${calls} ${calls === 1 ? 'call is' : 'calls are'} made already: the budget must be larger.` };
  const { questions, ...cast } = made.chosen;
  const forecast = forecastOf(run, base, made.picked.size, cast.cast);
  return { team: { ...cast, picked: made.picked, offers: questions, forecast }, ...(budget && { budget }) };
}

function forecastOf(
  run: Run,
  base: EventOf<'base.taken'>,
  size: Triage['size'],
  cast: readonly Cast[],
): ReturnType<typeof forecast> {
  const taskBytes = run.state().task.length;
  return forecast(run.input.team, cast, { size, taskBytes, codeTokens: tokensOfBytes(base.bytes ?? 0) });
}

const sizeWords = { one: 'one model', core: 'core', review: 'core + review' } as const;

async function decide(run: Run, base: EventOf<'base.taken'>, reach: Reach): Promise<Triage> {
  const { team, teamName } = run.input;
  const members = team.teams[teamName];
  if (!members) throw new RunStopped('failed', `There is no team "${teamName}".`);
  const name = members.core.find((r) => team.roles[r]?.duties.includes('orchestrate')) ?? '';
  const key = `triage/${name}`;
  const cast = await orchestratorCast(run, name, reach);
  const writers = [...members.core, ...members.review, ...members.specialists].filter((r) =>
    team.roles[r]?.duties.includes('write'),
  );
  const files = run.finished(key) ? [] : await run.ports.workspaces.list(base.tree, run.signal);
  const describe = (roles: readonly string[]): string =>
    roles.map((r) => `${r} (${team.roles[r]?.title}: ${team.roles[r]?.duties.join(', ')})`).join('; ') || 'none';
  const answered = await call(run, {
    key,
    cast,
    phase: 'triage',
    kind: 'triage',
    title: 'reads the task',
    inputs: { task: run.state().task, base: base.tree },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'triage',
      now: `decide who works on this task. Core: ${describe(members.core)}. Review: ${describe(members.review)}. Specialists: ${describe(members.specialists)}. Writing roles: ${listed(writers)}.`,
      sections: [
        {
          title: 'Files of the project',
          text: files.slice(0, 300).join('\n') + (files.length > 300 ? `\n… and ${files.length - 300} more` : ''),
        },
      ],
    }),
    access: 'read',
    cwd: ({ alone }) => readingCheckout(run, cast.role, base.commit, alone),
    required: true,
    check: async (answer) => {
      const problems = [
        ...answer.specialists
          .filter((s) => !members.specialists.includes(s))
          .map((s) => `"${s}" is no specialist of this team.`),
        ...(answer.size === 'one' && (answer.writer === undefined || !writers.includes(answer.writer))
          ? [`With \`one\` name a writing role: ${writers.join(', ')}.`]
          : []),
      ];
      return { problem: problems.length > 0 ? problems.join('\n') : undefined };
    },
  });
  if (!answered.ok) throw new RunStopped('failed', answered.failure.message);
  const made = await run.step('triage#made', 'triage.made', null, async () => ({ triage: answered.answer }));
  return made.triage;
}

/** The orchestrator, before it is known who else takes part. */
async function orchestratorCast(run: Run, name: string, reach: Reach): Promise<Cast> {
  const known = run.state().cast.find((c) => c.role === name);
  if (known) return known;
  const { team, teamName } = run.input;
  const anybody: Triage = { title: '-', size: 'core', specialists: [], paths: [], why: '' };
  const all = await castLive(reach, membersOf(team, teamName), (reachable) => {
    const made = castTeam({ team, name: teamName, triage: anybody, reachable });
    // Nobody else is asked yet, so nobody else's agent need be started.
    return { ...made, cast: made.cast.filter((c) => c.role === name) };
  });
  const cast = all.cast[0];
  if (!cast) throw new RunStopped('failed', 'The team has no orchestrator.');
  return cast;
}

/** The models that the roles of a team list. */
function membersOf(team: TeamFile, name: string): string[] {
  const members = Object.hasOwn(team.teams, name) ? team.teams[name] : undefined;
  const roles = members ? [...members.core, ...members.review, ...members.specialists] : [];
  return roles.flatMap((r) => team.roles[r]?.models.map((m) => m.model) ?? []);
}

/** A cast by what can be reached, made anew while the catalogues of its first models show somebody gone. */
async function castLive(
  reach: Reach,
  models: readonly string[],
  make: (reachable: Reachable) => Chosen,
): Promise<Chosen> {
  let made = make(await reach.of(models));
  while (await reach.look(made.cast)) made = make(await reach.of(models));
  return made;
}

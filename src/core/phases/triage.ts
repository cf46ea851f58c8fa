import { castRole, castTeam, type Reach } from '../team/choose.ts';
import { forecast } from '../team/forecast.ts';
import type { Cast } from '../team/file.ts';
import type { Triage } from '../run/answers.ts';
import { call } from '../run/call.ts';
import { checkoutAt, sharedCheckout } from './checkout.ts';
import { listed, phase, prompter, stopFor } from './common.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { RunStopped } from '../run/stopped.ts';

/** The orchestrator reads the task and picks who takes part; the person sees team and forecast before anything is spent on it. */
export async function triage(run: Run, base: EventOf<'base.taken'>): Promise<Triage> {
  const reach = reachOf(run);
  let made: Triage | undefined;
  await phase(run, 'triage', async () => {
    const decided = await decide(run, base, reach);
    made = decided;
    const chosen = await run.step('team', 'team.chosen', { triage: decided }, async () => {
      const team = run.input.team;
      const cast = castTeam({ team, name: run.input.teamName, triage: decided, reachable: await reachAll(run, reach) });
      const bytes = base.bytes ?? 0;
      return {
        title: decided.title,
        size: decided.size,
        cast: cast.cast,
        leftOut: cast.leftOut,
        notes: cast.notes,
        forecast: forecast(team, cast.cast, { size: decided.size, baseBytes: bytes }),
      };
    });
    const asks = run.input.team.stops.team;
    if (asks === 'always' || (asks === 'team' && decided.size !== 'one')) {
      await stopFor(run, 'team', `Start with ${listed(chosen.cast.map((c) => c.title))}?`);
    }
    return decided.size === 'one'
      ? `one model: ${decided.writer ?? 'the writer'}`
      : sizeWords[decided.size] + (decided.specialists.length > 0 ? ` + ${decided.specialists.join(', ')}` : '');
  });
  return made as Triage;
}

const sizeWords = { one: 'one model', core: 'core', review: 'core + review' } as const;

async function decide(
  run: Run,
  base: EventOf<'base.taken'>,
  reach: (model: string) => Promise<Reach>,
): Promise<Triage> {
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
    cwd: () => checkoutAt(run, sharedCheckout, base.commit),
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
  const made = await run.step('triage/made', 'triage.made', null, async () => ({ triage: answered.answer }));
  return made.triage;
}

async function orchestratorCast(run: Run, name: string, reach: (model: string) => Promise<Reach>): Promise<Cast> {
  const { team } = run.input;
  const known = run.state().cast.find((c) => c.role === name);
  if (known) return known;
  const models = team.roles[name]?.models.map((m) => m.model) ?? [];
  const found = new Map(await Promise.all(models.map(async (m): Promise<[string, Reach]> => [m, await reach(m)])));
  return castRole(team, name, (model) => found.get(model) ?? { ok: false, why: 'not asked' });
}

/** Whether a model can be reached now, over any of its routes; each asked once a run. */
function reachOf(run: Run): (model: string) => Promise<Reach> {
  const known = new Map<string, Promise<Reach>>();
  const probe = async (name: string): Promise<Reach> => {
    const model = run.input.team.models[name];
    if (!model) return { ok: false, why: 'no such model' };
    const usable = model.routes.filter((r) => !r.off && (model.retired === undefined || r.ids.length > 1));
    if (usable.length === 0) return { ok: false, why: model.retired ?? 'no route leads to it' };
    const whys: string[] = [];
    for (const route of usable) {
      const failure = await run.ports.models.probe(route, run.signal);
      if (!failure) return { ok: true };
      if (!whys.includes(failure.message)) whys.push(failure.message);
    }
    return { ok: false, why: whys.join('; ') };
  };
  return (name) => {
    const asked = known.get(name) ?? probe(name);
    known.set(name, asked);
    return asked;
  };
}

async function reachAll(run: Run, reach: (model: string) => Promise<Reach>): Promise<(model: string) => Reach> {
  const { team, teamName } = run.input;
  const members = team.teams[teamName];
  const roles = members ? [...members.core, ...members.review, ...members.specialists] : [];
  const models = [...new Set(roles.flatMap((r) => team.roles[r]?.models.map((m) => m.model) ?? []))];
  const found = new Map(await Promise.all(models.map(async (m): Promise<[string, Reach]> => [m, await reach(m)])));
  return (model) => found.get(model) ?? { ok: false, why: 'not asked' };
}

import { castTeam, type Reachable } from '../team/choose.ts';
import { forecast } from '../team/forecast.ts';
import type { Cast } from '../team/file.ts';
import type { Triage } from '../run/answers.ts';
import { tokensOfBytes } from '../run/budget.ts';
import { verifyCheckout } from './analysis.ts';
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
      const cast = castTeam({ team, name: run.input.teamName, triage: decided, reachable: await reach() });
      return {
        title: decided.title,
        size: decided.size,
        cast: cast.cast,
        leftOut: cast.leftOut,
        notes: [...cast.notes, ...cast.questions.map((q) => q.question)],
        forecast: forecast(team, cast.cast, {
          size: decided.size,
          taskBytes: run.state().task.length,
          codeTokens: tokensOfBytes(base.bytes ?? 0),
        }),
      };
    });
    await verifyCheckout(run, 'triage', base, chosen.cast.slice(0, 1));
    const asks = run.input.team.stops.team;
    if (asks === 'always' || (asks === 'team' && decided.size !== 'one')) {
      await stopFor(run, 'team', `Start with ${listed(chosen.cast.map((c) => c.title))}?`);
    }
    return decided.size === 'one'
      ? `one model: ${chosen.cast.find((c) => c.duties.includes('write'))?.title ?? 'the writer'}`
      : sizeWords[decided.size] + (decided.specialists.length > 0 ? ` + ${decided.specialists.join(', ')}` : '');
  });
  return made as Triage;
}

const sizeWords = { one: 'one model', core: 'core', review: 'core + review' } as const;

async function decide(run: Run, base: EventOf<'base.taken'>, reach: () => Promise<Reachable>): Promise<Triage> {
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
  const made = await run.step('triage#made', 'triage.made', null, async () => ({ triage: answered.answer }));
  return made.triage;
}

/** The orchestrator, before it is known who else takes part. */
async function orchestratorCast(run: Run, name: string, reachable: () => Promise<Reachable>): Promise<Cast> {
  const known = run.state().cast.find((c) => c.role === name);
  if (known) return known;
  const { team, teamName } = run.input;
  const anybody: Triage = { title: '-', size: 'core', specialists: [], paths: [], why: '' };
  const cast = castTeam({ team, name: teamName, triage: anybody, reachable: await reachable() }).cast.find(
    (c) => c.role === name,
  );
  if (!cast) throw new RunStopped('failed', 'The team has no orchestrator.');
  return cast;
}

/** Which models of the team can be reached now, over any of their routes. Asked once in this process, all at the same time. */
function reachOf(run: Run): () => Promise<Reachable> {
  let asked: Promise<Reachable> | undefined;
  return () => (asked ??= reachAll(run));
}

async function reachAll(run: Run): Promise<Reachable> {
  const { team, teamName } = run.input;
  const members = team.teams[teamName];
  const roles = members ? [...members.core, ...members.review, ...members.specialists] : [];
  const models = [...new Set(roles.flatMap((r) => team.roles[r]?.models.map((m) => m.model) ?? []))];
  const found = new Map(await Promise.all(models.map(async (m): Promise<[string, Reach]> => [m, await probe(run, m)])));
  return (model) => found.get(model) ?? { ok: false, why: 'no role of the team lists it' };
}

type Reach = ReturnType<Reachable>;

async function probe(run: Run, name: string): Promise<Reach> {
  const model = run.input.team.models[name];
  if (!model) return { ok: false, why: 'no such model' };
  const usable = model.routes.filter((r) => !r.off && (model.retired === undefined || r.ids.length > 1));
  if (usable.length === 0) return { ok: false, why: model.retired ?? 'no route leads to it' };
  const failures = await Promise.all(usable.map((route) => run.ports.models.probe(route, run.signal)));
  if (failures.includes(undefined)) return { ok: true };
  return { ok: false, why: [...new Set(failures.map((f) => (f?.message ?? '').replace(/[.]$/, '')))].join('; ') };
}

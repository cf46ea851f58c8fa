import type { Hunk } from '../change/change.ts';
import { hunksOf } from '../change/hunks.ts';
import { contains } from '../change/contains.ts';
import { holdsConflictMarkers } from '../change/merge.ts';
import type { Conflict } from '../ports.ts';
import type { Plan, Resolution } from '../run/answers.ts';
import { call } from '../run/call.ts';
import { checkoutAt, cleanCheckout, integrationCheckout, workOf } from './checkout.ts';
import { orchestrator, prompter } from './common.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import { planText } from './plan.ts';

interface Tree {
  readonly commit: string;
  readonly tree: string;
}

export interface ConflictAt {
  readonly base: EventOf<'base.taken'>;
  readonly plan: Plan;
  /** The change that does not merge. */
  readonly landed: EventOf<'change.landed'>;
  /** What was merged before it. */
  readonly before: Tree;
  /** The merge as it stands, with conflict markers. */
  readonly at: Tree;
  readonly conflict: Conflict;
  /** The changes that are merged already. */
  readonly others: readonly EventOf<'change.landed'>[];
}

/** One file's conflict, resolved by the orchestrator in the integration workspace; what it says of each hunk is held against the file. */
export async function resolveConflict(run: Run, c: ConflictAt): Promise<Tree> {
  const { path, why } = c.conflict;
  const { workspaces } = run.ports;
  const key = `integration/resolve/${c.landed.change}/${path}`;
  const cast = orchestrator(run);
  const hunks = run.finished(key) ? [] : await hunksAt(run, c);
  const text = (tree: string): Promise<string | undefined> => workspaces.read(tree, path, run.signal);
  const answered = await call(run, {
    key,
    cast,
    phase: 'integration',
    kind: 'resolution',
    title: `resolves ${path}`,
    inputs: { path, at: c.at.tree },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'resolution',
      now: `resolve the conflict in ${path} (${why}) between the change "${c.landed.change}" and what is merged already. Edit only ${path}.`,
      sections: run.finished(key)
        ? []
        : [
            { title: 'The plan', text: planText(c.plan) },
            { title: `${path} in the base`, text: (await text(c.base.tree)) ?? '(not there, or no text)' },
            {
              title: `${path} as it stands in your working folder`,
              text: (await text(c.at.tree)) ?? '(not there, or no text)',
            },
            { title: 'The hunks', text: hunks.map(hunkText).join('\n\n') },
          ],
    }),
    access: 'write',
    paths: [path],
    cwd: ({ fresh }) =>
      fresh ? cleanCheckout(run, integrationCheckout, c.at.commit) : checkoutAt(run, integrationCheckout, c.at.commit),
    required: true,
    check: async (answer, output) => {
      const work = await workOf(run, integrationCheckout, {
        message: `resolve ${path}`,
        at: c.at.commit,
        edits: output.edits ?? answer.edits,
      });
      const touched = (await workspaces.changes(c.at.tree, work.tree, run.signal)).map((f) => f.path);
      const problem = problemOf(path, touched, answer, hunks, (await text(c.base.tree)) ?? '', await text(work.tree));
      return { problem, work };
    },
  });
  const { work } = answered.event;
  if (!answered.ok || !work) return c.at;
  await run.step(`${key}/resolved`, 'conflict.resolved', { tree: work.tree }, async () => ({
    change: c.landed.change,
    path,
    ...work,
    fates: answered.answer.hunks,
    summary: answered.answer.summary,
  }));
  return work;
}

/** What stands against a resolution; undefined when nothing does. */
function problemOf(
  path: string,
  touched: readonly string[],
  answer: Resolution,
  hunks: readonly Hunk[],
  base: string,
  final: string | undefined,
): string | undefined {
  const elsewhere = touched.filter((p) => p !== path);
  if (elsewhere.length > 0) return `You changed ${elsewhere.join(', ')}; only ${path} is yours to change here.`;
  if (final !== undefined && holdsConflictMarkers(final, base)) return `Conflict markers still stand in ${path}.`;
  const unknown = answer.hunks.filter((h) => !hunks.some((k) => k.id === h.hunk)).map((h) => h.hunk);
  if (unknown.length > 0) return `These are no hunks of this conflict: ${unknown.join(', ')}.`;
  for (const hunk of hunks) {
    const said = answer.hunks.find((h) => h.hunk === hunk.id);
    const there = hunk.kind === 'text' && final !== undefined && contains(base, final, hunk);
    if (!said && !there) return `You say nothing of the hunk ${hunk.id}, and its lines do not stand in the file.`;
    if (said?.fate === 'merged' && hunk.kind === 'text' && !there)
      return `You say that ${hunk.id} is merged, but its lines do not stand in the file as they were; say \`resolved\` if its intent does.`;
    if (said?.fate === 'rejected' && there) return `You say that ${hunk.id} is rejected, but it stands in the file.`;
    if (said?.fate === 'superseded' && said.by === undefined)
      return `You say that ${hunk.id} is superseded: name the hunk that won.`;
  }
  return undefined;
}

async function hunksAt(run: Run, c: ConflictAt): Promise<Hunk[]> {
  const all: Hunk[] = [];
  for (const landed of [...c.others, c.landed]) {
    const files = await run.ports.workspaces.changes(c.base.tree, landed.tree, run.signal);
    all.push(
      ...hunksOf(
        landed.change,
        files.filter((f) => f.path === c.conflict.path),
      ),
    );
  }
  return all;
}

function hunkText(hunk: Hunk): string {
  const head = `${hunk.id} (change ${hunk.change}, ${hunk.kind}${hunk.start === undefined ? '' : `, after line ${hunk.start} of the base`})`;
  const lines = [...(hunk.removed ?? []).map((l) => `-${l}`), ...(hunk.added ?? []).map((l) => `+${l}`)].map((l) =>
    l.replace(/\n$/, ''),
  );
  return [head, ...lines].join('\n');
}

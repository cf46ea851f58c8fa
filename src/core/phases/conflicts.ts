import type { FileChange, Hunk } from '../change/change.ts';
import { hunksOf, sideName } from '../change/hunks.ts';
import { contains } from '../change/contains.ts';
import { splitLines } from '../change/lines.ts';
import { makeLedger } from '../change/ledger.ts';
import { holdsConflictMarkers } from '../change/merge.ts';
import type { Conflict } from '../ports.ts';
import type { Plan, Resolution } from '../run/answers.ts';
import { call } from '../run/call.ts';
import { checkoutAt, cleanCheckout, integrationCheckout, workOf } from './checkout.ts';
import { orchestrator, prompter } from './common.ts';
import { cut } from './implementation.ts';
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
  const { hunks, files } = run.finished(key)
    ? { hunks: [], files: new Map<string, FileChange>() }
    : await hunksAt(run, c);
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
            { title: 'The hunks', text: hunks.map((h) => hunkText(h, files.get(h.change))).join('\n\n') },
          ],
    }),
    access: 'write',
    goesOn: true,
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
      const made = (await workspaces.changes(c.base.tree, work.tree, run.signal)).filter((f) => f.path === path);
      const whole = made[0] && sideName(made[0].after);
      const texts = { base: (await text(c.base.tree)) ?? '', final: await text(work.tree), whole };
      const problem =
        problemOf(path, touched, answer, hunks, texts) ??
        ledgerProblem(made, path, [...c.others, c.landed], files, [
          ...run
            .state()
            .resolutions.filter((r) => r.path === path)
            .flatMap((r) => r.fates),
          ...answer.hunks,
        ]);
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

interface Texts {
  readonly base: string;
  /** Undefined where the file is not there, or no text. */
  readonly final: string | undefined;
  /** Mode and blob id of the file as it differs from the base: empty where it is deleted, undefined where it does not differ. */
  readonly whole: string | undefined;
}

/** What stands against a resolution; undefined when nothing does. */
function problemOf(
  path: string,
  touched: readonly string[],
  answer: Resolution,
  hunks: readonly Hunk[],
  { base, final, whole }: Texts,
): string | undefined {
  const elsewhere = touched.filter((p) => p !== path);
  if (elsewhere.length > 0) return `You changed ${elsewhere.join(', ')}; only ${path} is yours to change here.`;
  if (final !== undefined && holdsConflictMarkers(final, base)) return `Conflict markers still stand in ${path}.`;
  const unknown = answer.hunks.filter((h) => !hunks.some((k) => k.id === h.hunk)).map((h) => h.hunk);
  if (unknown.length > 0) return `These are no hunks of this conflict: ${unknown.join(', ')}.`;
  const said = new Map(answer.hunks.map((h) => [h.hunk, h]));
  if (said.size < answer.hunks.length) return 'A hunk stands in your answer twice; say one thing of each.';
  const modeOf = (side: string | undefined): string | undefined => side?.split(' ')[0];
  const there = (hunk: Hunk): boolean => {
    if (hunk.kind === 'text') return final !== undefined && contains(base, final, hunk);
    return hunk.kind === 'mode' ? modeOf(whole) === modeOf(hunk.after) : whole === hunk.after;
  };
  for (const hunk of hunks) {
    const word = said.get(hunk.id);
    const stands = there(hunk);
    if (!word && !stands) return `You say nothing of the hunk ${hunk.id}, and it does not stand in the file.`;
    if (word?.fate === 'merged' && !stands)
      return `You say that ${hunk.id} is merged, but it does not stand there as it was; say \`resolved\` if its intent does.`;
    if (word?.fate === 'rejected' && stands) return `You say that ${hunk.id} is rejected, but it stands in the file.`;
    if (word?.fate === 'superseded' && word.by === undefined)
      return `You say that ${hunk.id} is superseded: name the hunk that won.`;
  }
  return undefined;
}

/** What the ledger will say of this file, told while it can be mended: later the run would end with it. */
function ledgerProblem(
  final: readonly FileChange[],
  path: string,
  landed: readonly EventOf<'change.landed'>[],
  files: ReadonlyMap<string, FileChange>,
  fates: readonly Resolution['hunks'][number][],
): string | undefined {
  const changes = landed.flatMap(({ change, role }) => {
    const file = files.get(change);
    return file ? [{ change, writer: role, files: [file] }] : [];
  });
  const resolutions = [{ path, id: `resolution:${path}` }];
  const { problems } = makeLedger({ final, changes, fates, integration: [], resolutions });
  return problems.length > 0 ? `The ledger does not balance with that. ${problems.join('\n')}` : undefined;
}

async function hunksAt(run: Run, c: ConflictAt): Promise<{ hunks: Hunk[]; files: Map<string, FileChange> }> {
  const hunks: Hunk[] = [];
  const files = new Map<string, FileChange>();
  for (const landed of [...c.others, c.landed]) {
    const changes = await run.ports.workspaces.changes(c.base.tree, landed.tree, run.signal);
    for (const file of changes.filter((f) => f.path === c.conflict.path)) {
      files.set(landed.change, file);
      hunks.push(...hunksOf(landed.change, [file]));
    }
  }
  return { hunks, files };
}

/** What is no run of lines is shown as the file that the change makes: nobody decides about what they cannot see. */
function hunkText(hunk: Hunk, file: FileChange | undefined): string {
  const head = `${hunk.id} (change ${hunk.change}, ${hunk.kind}${hunk.start === undefined ? '' : `, after line ${hunk.start} of the base`})`;
  const marked = (mark: string, lines: readonly string[] | undefined): string[] =>
    (lines ?? []).map((line) => `${mark}${line.replace(/\n$/, '')}`);
  if (hunk.kind === 'text') return [head, ...marked('-', hunk.removed), ...marked('+', hunk.added)].join('\n');
  const { before, after } = file ?? {};
  const word = after ? `${before ? 'Changed' : 'New'}, mode ${after.mode}.` : 'Deleted.';
  if (hunk.kind === 'mode' || !after)
    return `${head}\n${before && after ? `Mode ${before.mode} becomes ${after.mode}.` : word}`;
  if (after.text === undefined) return `${head}\n${word} It is no text.`;
  return `${head}\n${word}\n${cut(marked('+', splitLines(after.text)).join('\n'), 40_000)}`;
}

import { allowed } from '../change/paths.ts';
import { hunksOf } from '../change/hunks.ts';
import { UserError } from '../errors.ts';
import { carriedOver, decisionsOf } from '../review/decisions.ts';
import { findingsOf, type ReviewFinding, textsOf } from '../review/findings.ts';
import { joinFix } from '../review/join.ts';
import { finalId } from '../review/review.ts';
import { call, type CallResult } from '../run/call.ts';
import type { Run } from '../run/engine.ts';
import type { EventOf } from '../run/events.ts';
import type { Cast } from '../team/file.ts';
import { checkoutAt, cleanCheckout, prepared, workOf } from './checkout.ts';
import { post, prompter } from './common.ts';
import { checkPart, reviewed } from './finish.ts';
import { planText } from './plan.ts';
import type { ReviewResult } from './review.ts';

/** A reviewer's finding that the person wants mended: one more call to the writer, whose work becomes part of the change that is reviewed. */

const workspace = 'fix';

interface Wish {
  /** The finding's id, as `findingsOf` gives it. */
  readonly finding: string;
  /** What the person adds to it. */
  readonly words?: string | undefined;
}

/**
 * Asks the writer of the change for a fix, merges it three-way onto the change as it is reviewed by then, and extends the ledger. What was
 * decided about hunks that it leaves alone stays. The result's reason says why there is none, or what the checks have against it.
 */
export async function fixFinding(run: Run, { finding: id, words }: Wish): Promise<ReviewResult> {
  const at = reviewed(run);
  const { workspaces } = run.ports;
  const state = run.state();
  const was = await workspaces.changes(at.base.tree, at.ledger.tree, run.signal);
  const textAt = await textsOf(state, (tree, path) => workspaces.read(tree, path, run.signal));
  const finding = findingsOf(state, was, textAt).find((one) => one.id === id);
  const landed = finding && state.changes[finding.change]?.landed;
  const cast = state.cast.find((one) => one.role === landed?.role);
  if (!finding || !landed || !cast)
    throw new UserError('no-finding', `There is no finding ${id} in this review.`, {
      hint: '`orchestra review` lists what can be decided.',
    });
  if (finding.state === 'fixed') throw new UserError('fixed', 'This finding was mended already.');
  // A call that failed or brought nothing is made anew under another key; one that was made, and not merged before a crash, is not paid for again.
  const failed = Object.values(state.calls).filter(
    (c) => c.call.startsWith(`review/fix/${id}/`) && c.state === 'failed' && c.failure?.kind !== 'cancelled',
  );
  const vain = state.notes.filter((note) => isVain(note, id));
  const key = `review/fix/${id}/${failed.length + vain.length + 1}`;
  const opened = await run.step(`${key}#at`, 'workspace.opened', null, async () => ({
    name: workspace,
    role: cast.role,
    path: await cleanCheckout(run, workspace, at.whole.commit),
    commit: at.whole.commit,
  }));
  const paths = [...landed.paths, ...(finding.path === undefined ? [] : [finding.path])];
  const written = await write(run, { key, cast, finding, words, paths, commit: opened.commit });
  if (!written.ok) return { outcome: 'ready', reason: `${cast.title} could not mend it: ${written.failure.message}` };
  const { work } = written.event;
  const { summary } = written.answer;
  if (!work || (await workspaces.changes(opened.commit, work.tree, run.signal)).length === 0) {
    await run.note('info', `The fix for ${id} changed nothing (${key}).`, cast.role, id);
    return { outcome: 'ready', reason: `${cast.title} changed nothing: ${summary}` };
  }
  const joined = await run.step(`${key}#joined`, 'review.joined', null, async () => {
    const { whole } = at;
    // Another fix may have joined since this one was begun.
    const merged =
      whole.commit === opened.commit
        ? { ...work, conflicts: [] }
        : await workspaces.merge(opened.commit, whole.commit, work.commit, run.signal);
    if (merged.conflicts.length > 0) {
      const text = `The fix for ${id} does not fit what was mended since: ${merged.conflicts.map((c) => c.path).join(', ')} (${key}).`;
      await run.note('warning', text, cast.role, id);
      throw new UserError('fix-conflict', text, {
        hint: 'Ask for it again: it is made anew on the change as it is now.',
      });
    }
    const change = `fix.${state.review.joined.length + 1}`;
    const [fix, is] = [
      await workspaces.changes(at.ledger.tree, merged.tree, run.signal),
      await workspaces.changes(at.base.tree, merged.tree, run.signal),
    ];
    const ledger = joinFix({ ...at.ledger, before: was, fix, after: is, change, writer: cast.role });
    const carried = carriedOver(decisionsOf(run.state().review), hunksOf(finalId, was), hunksOf(finalId, is));
    await workspaces.keep(run.input.run, [merged.commit], run.signal);
    return {
      finding: id,
      change,
      role: cast.role,
      onto: at.ledger.tree,
      commit: merged.commit,
      tree: merged.tree,
      ...ledger,
      ...carried,
      summary,
      by: run.ports.person.name,
    };
  });
  await post(run, key, {
    from: cast.role,
    to: [finding.role],
    kind: 'handoff',
    subject: `${joined.change} mends what you found in ${finding.change}`,
    body: `${finding.claim}\n\n${summary}`,
  });
  if (run.input.team.checks.length === 0) return { outcome: 'ready' };
  return checkPart(run, at, { commit: joined.commit, tree: joined.tree });
}

/** A journal that was written before this was recorded has only the sentence. */
const isVain = ({ vainFix, text }: EventOf<'note'>, finding: string): boolean =>
  vainFix === undefined ? text.startsWith(`The fix for ${finding} `) : vainFix === finding;

interface Writing {
  readonly key: string;
  readonly cast: Cast;
  readonly finding: ReviewFinding;
  readonly words: string | undefined;
  readonly paths: readonly string[];
  readonly commit: string;
}

async function write(run: Run, writing: Writing): Promise<CallResult<'written'>> {
  const { key, cast, finding, words, paths, commit } = writing;
  const { plan } = run.state();
  const where =
    finding.path === undefined ? '' : ` (${finding.path}${finding.line === undefined ? '' : `:${finding.line + 1}`})`;
  return call(run, {
    key,
    cast,
    phase: 'review',
    kind: 'written',
    title: `mends what ${finding.title} found`,
    inputs: { finding, words, commit },
    prompt: prompter(run, {
      key,
      cast,
      kind: 'written',
      now: `the changes of all writers are merged in your working folder, and a person reviews them. Mend what a reviewer found there, with as little as possible. You may write: ${paths.join(', ')}.`,
      sections: [
        ...(plan ? [{ title: 'The plan', text: planText(plan) }] : []),
        {
          title: `${finding.title} found`,
          text: [
            `${finding.severity}: ${finding.claim}${where}`,
            finding.detail,
            finding.suggestion === undefined ? '' : `Suggestion: ${finding.suggestion}`,
          ]
            .filter((line) => line !== '')
            .join('\n'),
        },
        ...(words === undefined ? [] : [{ title: 'The person who reviews it adds', text: words }]),
      ],
    }),
    access: 'write',
    paths,
    cwd: async ({ fresh }) =>
      prepared(run, await (fresh ? cleanCheckout(run, workspace, commit) : checkoutAt(run, workspace, commit))),
    check: async (answer, output) => {
      const work = await workOf(run, workspace, {
        message: `mend ${finding.id}`,
        at: commit,
        edits: output.edits ?? answer.edits,
      });
      const changed = await run.ports.workspaces.changes(commit, work.tree, run.signal);
      const outside = changed.map((file) => file.path).filter((path) => !allowed(paths, path));
      return outside.length > 0 ? { problem: `You may not write ${outside.join(', ')}.` } : { work };
    },
  });
}

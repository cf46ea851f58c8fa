import * as vscode from 'vscode';
import { UserError } from '../../../core/errors.ts';
import { mapLine } from '../../../core/review/findings.ts';
import type { RunState } from '../../../core/run/state.ts';
import type { Session } from '../../session.ts';
import { openAll, openOne } from '../editors.ts';
import { harmless } from '../lenses.ts';
import type { Reviews } from '../reviews.ts';
import { fileUri } from '../shown.ts';
import type { Target } from '../target.ts';
import { hunkNow } from './walk.ts';

/** Opening a review, or one of its files. */

/** There is something to keep or undo. */
export function isReviewable(state: RunState): boolean {
  return state.ledger?.balanced === true && state.ledger.hunks.length > 0;
}

/** All files of a run's change in one editor. */
export async function openReviewOf(reviews: Reviews, run: string): Promise<void> {
  const shown = await reviews.open(run);
  await shown.look();
  reviews.makeCurrent(shown);
  await openAll(shown);
}

/** The same for the run that is meant where none is named. */
export async function openAny(reviews: Reviews, session: Session, named: string | undefined): Promise<void> {
  const run = named ?? (await chooseRun(session));
  if (run === undefined) throw new UserError('no-review', 'No run has a change that could be reviewed.');
  await openReviewOf(reviews, run);
}

async function chooseRun(session: Session): Promise<string | undefined> {
  const view = session.view();
  if (view.shown && isReviewable(view.shown.state)) return view.shown.run;
  const found = view.runs.filter(({ state }) => state === 'ready' || state === 'applied');
  if (found.length < 2) return found[0]?.id;
  const items = found.map((info) => ({ label: harmless(info.task), description: info.id, run: info.id }));
  return (await vscode.window.showQuickPick(items, { title: 'Which run is reviewed?' }))?.run;
}

/** The person's own file, where a hunk would stand in it: the one that is named, or the one at the cursor. */
export async function openMine(reviews: Reviews, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  const id = target.hunks?.[0] ?? hunkNow(reviews, shown).hunk.id;
  const file = shown.files().find(({ all }) => all.some(({ hunk }) => hunk.id === id));
  const place = file?.all.find(({ hunk }) => hunk.id === id)?.place;
  if (!file?.leftThere || !place) throw new UserError('no-file', 'You have no such file.');
  const line = mapLine(file.proposed.text ?? '', file.now ?? '', place.line) ?? 0;
  const selection = new vscode.Range(line, 0, line, 0);
  await vscode.window.showTextDocument(fileUri(shown.root, file.left), { selection, preview: false });
}

/** One file by itself, at its first hunk. */
export async function openFile(reviews: Reviews, target: Target): Promise<void> {
  const shown = await reviews.wanted(target);
  const items = shown.files().map(({ file: { path } }) => ({ label: harmless(path), path }));
  const path = target.path ?? (await vscode.window.showQuickPick(items, { title: 'Which file?' }))?.path;
  const file = path === undefined ? undefined : shown.file(path);
  if (file) await openOne(shown, file, file.hunks[0]?.place.line);
}

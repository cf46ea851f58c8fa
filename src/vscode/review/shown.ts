import { join } from 'node:path';
import * as vscode from 'vscode';
import type { FileChange } from '../../core/change/change.ts';
import { type Decision, decisionsOf } from '../../core/review/decisions.ts';
import type { ReviewFinding } from '../../core/review/findings.ts';
import { propose, type Now, type Place, type Proposed } from '../../core/review/propose.ts';
import type { Review, ReviewFile, ReviewHunk } from '../../core/review/review.ts';
import type { JournalRecord } from '../../core/run/events.ts';
import { fold } from '../../core/run/fold.ts';
import type { RunState } from '../../core/run/state.ts';
import type { OpenReview } from '../../node/review/openReview.ts';
import type { Project } from '../../node/project.ts';

/** One review as this window shows it: the change, what was decided, and the person's files as they are now, unsaved editors included. */

/** Where a hunk stands in a document, and what was decided. */
export interface ShownHunk {
  readonly hunk: ReviewHunk;
  readonly place: Place;
  readonly decision: Decision | undefined;
}

/** A file with what it becomes. */
export interface ShownFile {
  readonly file: ReviewFile;
  /** The name under which the person's file is looked for: a renamed one's old name. */
  readonly left: string;
  /** The person has a file there. */
  readonly leftThere: boolean;
  /** The text that the person has there, unsaved editors included. */
  readonly now: string | undefined;
  readonly proposed: Proposed;
  /** Hunks of its text, in the order of the document. */
  readonly hunks: readonly ShownHunk[];
  /** Hunks that are no text: mode, link, bytes. */
  readonly card: readonly ShownHunk[];
  /** Both, the text's first. */
  readonly all: readonly ShownHunk[];
  /** There is a text to be compared. */
  readonly textual: boolean;
}

export interface ShownReview {
  readonly run: string;
  readonly root: string;
  readonly open: OpenReview;
  state(): RunState;
  review(): Review;
  files(): readonly ShownFile[];
  /** By its name, or the one that it had. */
  file(path: string): ShownFile | undefined;
  /** After every change, with the paths that read otherwise now. */
  onChange(listener: (paths: readonly string[]) => void): { dispose(): void };
  /** Takes a state that a decision gave, without waiting for the journal. */
  take(state: RunState): Promise<void>;
  /** The person types in these files: nothing is read, but what editors hold counts. */
  edited(paths: readonly string[]): void;
  /** Reads the person's files again. */
  look(paths?: readonly string[]): Promise<void>;
  dispose(): void;
}

/** Opens it, and follows the journal: what other windows and terminals decide is seen here. */
export async function openShown(
  project: Project,
  run: string,
  by: string,
  around: { failed(error: unknown): void; heard(record: JournalRecord): void },
): Promise<ShownReview> {
  const control = new AbortController();
  const open = await project.review(run, by);
  let { state, review } = await open.read(control.signal);
  const nows = new Map<string, readonly Now[]>();
  const files = new Map<string, ShownFile>();
  const listeners = new Set<(paths: readonly string[]) => void>();

  const renew = (paths: readonly string[]): void => {
    const decisions = decisionsOf(state.review);
    for (const path of paths) {
      const file = review.files.find((one) => one.path === path);
      if (file) files.set(path, shownFile(project.root, file, nows.get(path) ?? [], decisions));
    }
    for (const listener of listeners) listener(paths);
  };
  const look = async (paths?: readonly string[]): Promise<void> => {
    const wanted = review.files.filter((file) => paths?.includes(file.path) ?? true);
    const found = await Promise.all(wanted.map(async (file) => [file.path, await open.now(file)] as const));
    for (const [path, now] of found) nows.set(path, now);
    renew(found.map(([path]) => path));
  };
  const take = async (next: RunState): Promise<void> => {
    if (next.seq < state.seq) return;
    const before = decisionsOf(state.review);
    const same = next.ledger?.tree === state.ledger?.tree;
    state = next;
    if (!same) {
      ({ state, review } = await open.read(control.signal));
      files.clear();
      await look();
      return;
    }
    const after = decisionsOf(state.review);
    const touched = new Set(
      review.files
        .filter(({ hunks }) => hunks.some(({ id }) => before.get(id) !== after.get(id)))
        .map(({ path }) => path),
    );
    renew([...touched]);
  };
  const follow = async (): Promise<void> => {
    let seen: RunState | undefined;
    for await (const record of project.watch(run, control.signal)) {
      seen = fold([record], record.seq === 1 ? undefined : seen);
      around.heard(record);
      if (seen.seq < state.seq || !/^(review|gate|apply|checks|run|ledger)\./.test(record.event.type)) continue;
      const applied = record.event.type === 'apply.done' || record.event.type === 'apply.undone';
      await take(seen);
      if (applied) await look();
    }
  };

  await look();
  follow().catch((error: unknown) => {
    if (!control.signal.aborted) around.failed(error);
  });
  return {
    run: open.run,
    root: project.root,
    open,
    state: () => state,
    review: () => review,
    files: () => review.files.flatMap(({ path }) => files.get(path) ?? []),
    file: (path) => files.get(path) ?? files.get(review.files.find(({ from }) => from === path)?.path ?? ''),
    onChange(listener) {
      listeners.add(listener);
      return { dispose: () => void listeners.delete(listener) };
    },
    take,
    edited: renew,
    look,
    dispose: () => control.abort(),
  };
}

/** The last change of a file is what it becomes; of a renamed one the first is what it was. */
function shownFile(
  root: string,
  file: ReviewFile,
  nows: readonly Now[],
  decisions: ReadonlyMap<string, Decision>,
): ShownFile {
  const shown = (id: string): boolean => decisions.get(id) !== 'undo';
  const change = file.changes.at(-1)!;
  const own = file.hunks.filter((hunk) => hunk.path === change.path);
  const now = asEdited(root, change, nows.at(-1) ?? { is: 'other', there: false });
  const proposed = propose(change, own, now, shown);
  const byId = new Map(own.map((hunk) => [hunk.id, hunk]));
  const stuck = file.from === undefined ? undefined : goneConflict(root, file, nows[0], shown);
  const all = proposed.places.flatMap((place): ShownHunk[] => {
    const hunk = byId.get(place.hunk);
    const at: Place =
      stuck === undefined || place.state !== 'there' ? place : { ...place, state: 'conflict', why: stuck };
    return hunk ? [{ hunk, place: at, decision: decisions.get(hunk.id) }] : [];
  });
  const textual = isTextual(file);
  const inText = ({ hunk }: ShownHunk): boolean => textual && hunk.kind !== 'mode';
  const hunks = all.filter(inText);
  const card = all.filter((one) => !inText(one));
  const left = file.changes[0]!;
  const leftNow = file.from === undefined ? now : nows[0];
  return {
    file,
    left: left.path,
    leftThere: leftNow?.there ?? false,
    now: now.text,
    proposed,
    hunks,
    card,
    all: [...hunks, ...card],
    textual,
  };
}

/** Why a file cannot be taken from where it is renamed: the person has changed it there. */
function goneConflict(
  root: string,
  { from = '', changes, hunks }: ReviewFile,
  now: Now | undefined,
  shown: (hunk: string) => boolean,
): string | undefined {
  const old = changes[0]!;
  const own = hunks.filter((hunk) => hunk.path === old.path);
  const { places } = propose(old, own, asEdited(root, old, now ?? { is: 'other', there: false }), shown);
  return places.some(({ state }) => state === 'conflict') ? `you have changed ${from}` : undefined;
}

/** All hunks of a review, file by file. */
export function hunksIn(shown: ShownReview): ShownHunk[] {
  return shown.files().flatMap((file) => file.all);
}

/** What reviewers found, and nobody has mended or let go. */
export function openFindings(shown: ShownReview): ReviewFinding[] {
  const { dismissed } = shown.state().review;
  return shown.review().findings.filter(({ id, state }) => state === 'open' && !dismissed.includes(id));
}

/** True where both sides are text, or not there, and there is more to see than a mode. */
function isTextual({ kind, changes }: ReviewFile): boolean {
  const sides = changes.flatMap(({ before, after }) => [before, after]).filter((side) => side !== undefined);
  return kind !== 'mode' && sides.every((side) => side.text !== undefined && side.mode.startsWith('100'));
}

/** What an editor holds and has not saved counts before what is on disk. */
function asEdited(root: string, change: FileChange, now: Now): Now {
  const document = openDocument(root, change.path);
  if (!document?.isDirty) return now;
  const text = document.getText();
  const is = text === change.before?.text ? 'before' : text === change.after?.text ? 'after' : 'other';
  return { is, there: true, text };
}

/** The editor's document of a file of the project, if it has one. */
export function openDocument(root: string, path: string): vscode.TextDocument | undefined {
  const uri = fileUri(root, path).toString();
  return vscode.workspace.textDocuments.find((document) => document.uri.toString() === uri);
}

/** The person's own file. */
export function fileUri(root: string, path: string): vscode.Uri {
  return vscode.Uri.file(join(root, ...path.split('/')));
}

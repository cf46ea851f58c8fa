import type { PanelState } from '../protocol.ts';

/** What the page itself remembers while it is hidden: drafts and folds, never anything of a run. */
export interface Remembered {
  task: string;
  say: string;
  sayTo: string;
  team?: string;
  root?: string;
  calls?: number;
  minutes?: number;
  /** The serial of the last text that a command put into the box. */
  draft: number;
  /** What the person opened or closed, by key; the rest opens and closes by itself. */
  folds: Record<string, boolean>;
}

interface VsCode {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}
declare const acquireVsCodeApi: () => VsCode;

const mostFolds = 200;

/** The editor's side of the page; to be taken once. */
export const vscode: VsCode = acquireVsCodeApi();

const nothing: Remembered = { task: '', say: '', sayTo: '', draft: 0, folds: {} };

/** What was remembered when the page was last hidden. */
export function recall(): Remembered {
  const kept = vscode.getState();
  return typeof kept === 'object' && kept !== null ? { ...nothing, ...kept } : { ...nothing };
}

/** Keeps it for the next time the page is shown. */
export function remember(what: Remembered): void {
  const folds = Object.entries(what.folds);
  if (folds.length > mostFolds) what.folds = Object.fromEntries(folds.slice(-mostFolds));
  vscode.setState(what);
}

/** A text that a command brings is added to the draft, once; gives whether there was one. */
export function takeDraft(kept: Remembered, state: PanelState): boolean {
  const draft = state.composer?.draft;
  // A host that has none counts anew.
  if (!draft) kept.draft = 0;
  if (!draft || draft.serial === kept.draft) return false;
  kept.draft = draft.serial;
  kept.task += kept.task === '' || draft.text === '' || /\s$/.test(kept.task) ? draft.text : ` ${draft.text}`;
  remember(kept);
  return true;
}

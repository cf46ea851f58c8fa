import { canTakeBack } from '../../core/review/decisions.ts';
import { type Checked, type FileSummary, type ReviewSummary, reviewSummary } from '../../core/review/summary.ts';
import type { RunState } from '../../core/run/state.ts';
import { plural } from '../../core/words/words.ts';
import type { FromPanel, PanelAction, PanelFile, PanelReview } from '../../protocol.ts';
import { line } from './clean.ts';

const mostFiles = 400;

type ReviewAction = Extract<FromPanel, { type: 'review' }>['action'];

/** The merged change as the journal has it: its files with their counts, what was decided, what the checks say. */
export function reviewOf(run: string, state: RunState): PanelReview | undefined {
  const summary = reviewSummary(state);
  if (!summary || !state.gate) return undefined;
  const { files, hunks, kept, undone, openFindings } = summary;
  const applied = summary.state === 'applied';
  const decided = kept + undone;
  const kinds = kindsOf(state);
  const words = [
    plural(files.length, 'file'),
    decided > 0 && !applied ? `${decided} of ${plural(hunks, 'hunk')} decided` : '',
  ];
  return {
    state: applied ? 'finished' : 'open',
    files: files.slice(0, mostFiles).map((file) => fileOf(file, kinds.get(file.path) ?? 'changed')),
    checks: [
      checksOf(state, summary.checked),
      openFindings > 0 ? plural(openFindings, 'open finding') : '',
      files.length > mostFiles ? `${files.length - mostFiles} more files than are shown` : '',
    ]
      .filter(Boolean)
      .join(' · '),
    summary: words.filter(Boolean).join(', '),
    actions: actionsOf(run, state, summary),
  };
}

function kindsOf(state: RunState): Map<string, PanelFile['kind']> {
  const kinds = new Map<string, PanelFile['kind']>();
  for (const { landed } of Object.values(state.changes))
    for (const file of landed.files) kinds.set(file.path, file.kind);
  for (const verdict of state.gate ?? []) if (verdict.content === 'deleted') kinds.set(verdict.path, 'deleted');
  return kinds;
}

function fileOf(
  { path, added, removed, hunks, kept, undone, held, refused }: FileSummary,
  kind: PanelFile['kind'],
): PanelFile {
  const why = refused === undefined ? held : `never passes: ${refused}`;
  return {
    path: line(path, 400),
    kind,
    added,
    removed,
    hunks,
    kept,
    undone,
    ...(why !== undefined && { held: line(why, 300) }),
  };
}

/** What can be done now: nothing while the run is still at it. */
function actionsOf(
  run: string,
  state: RunState,
  { checked, openFindings }: Pick<ReviewSummary, 'checked' | 'openFindings'>,
): PanelAction[] {
  const action = (label: string, what: ReviewAction): PanelAction => ({
    label,
    intent: { type: 'review', run, action: what },
  });
  const ledger: PanelAction = { label: 'Ledger', intent: { type: 'read', run, what: 'ledger' } };
  if (state.outcome === 'applied') return [action('Take back', 'take-back'), ledger];
  if (state.outcome !== 'ready') return [];
  return [
    action('Review', 'open'),
    action('Finish', 'finish'),
    action('Keep all', 'keep'),
    action('Undo all', 'undo'),
    ...(canTakeBack(state.review) ? [action('Undo last', 'undo-last')] : []),
    ...(checked === 'no' ? [action('Run the checks', 'check')] : []),
    ...(openFindings > 0 ? [action('Findings', 'findings')] : []),
    ledger,
  ];
}

/** `checked: build ✓ · test ✓`: of just the hunks that are not undone. */
function checksOf(state: RunState, checked: Checked): string {
  if (checked === 'none') return 'there are no checks';
  if (checked === 'no') return state.review.decided.length > 0 ? 'not checked: this part was not run' : 'not checked';
  const last = Object.values(state.checks).findLast((checks) => checks.results.length > 0);
  const signs = { green: '✓', red: '✗', 'not-run': 'not run' } as const;
  const excused = (name: string): string => (last?.excused.includes(name) === true ? ' (red before)' : '');
  const each = last?.results.map(({ name, result }) => `${line(name, 40)} ${signs[result]}${excused(name)}`) ?? [];
  return `${checked === 'green' ? 'checked' : 'checks red'}: ${each.join(' · ')}`;
}

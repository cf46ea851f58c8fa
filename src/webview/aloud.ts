import type { PanelState } from '../protocol.ts';

/** What a screen reader is told: little, and only what changes the picture. Live text never is. */

/** What was there when something was said last. */
export interface Heard {
  readonly run: string | undefined;
  readonly stands: string;
  readonly want: string | undefined;
  readonly failed: ReadonlySet<string>;
  readonly review: string | undefined;
  readonly notices: ReadonlySet<string>;
}

/** What is there now, and what of it is worth a word; no text: nothing that was not said before. */
export function aloud(now: PanelState, before: Heard | undefined): { heard: Heard; text: string | undefined } {
  const { run, notices } = now;
  const [want] = now.wants;
  const heard: Heard = {
    run: run?.id,
    stands: standsOf(run),
    want: want?.id,
    failed: new Set(run?.roles.filter(({ sign }) => sign === 'failed').map(({ role }) => role)),
    review: reviewOf(run),
    notices: new Set(notices.filter(({ level }) => level !== 'info').map(({ id }) => id)),
  };
  const same = before?.run === heard.run ? before : undefined;
  const isNew = want !== undefined && want.id !== before?.want;
  const parts = [
    ...notices.filter(({ id }) => heard.notices.has(id) && !before?.notices.has(id)).map(({ text }) => text),
    ...(
      run?.roles.filter(({ role }) => same && !run.ended && heard.failed.has(role) && !same.failed.has(role)) ?? []
    ).map(({ title, failure }) => `${title} failed${failure === undefined ? '' : `: ${failure}`}`),
    ...(same && heard.review !== undefined && heard.review !== same.review ? [heard.review] : []),
  ];
  if (isNew) parts.push(`It needs you: ${want.text}`);
  else {
    const isAnswered = same?.want !== undefined && want === undefined && run?.ended === false;
    if (isAnswered) parts.push('Answered');
    if (heard.stands !== '' && (isAnswered || heard.stands !== same?.stands)) parts.push(heard.stands);
  }
  return { heard, text: parts.length > 0 ? parts.join('. ') : undefined };
}

/** `working: build`, or how it ended. */
function standsOf(run: PanelState['run']): string {
  if (!run) return '';
  const phase = run.phases.findLast(({ sign }) => sign === 'working')?.label;
  return phase === undefined ? run.word : `${run.word}: ${phase}`;
}

/** How much of an open review is decided. */
function reviewOf(run: PanelState['run']): string | undefined {
  if (run?.review?.state !== 'open') return undefined;
  const sum = (of: 'hunks' | 'kept' | 'undone'): number => run.review?.files.reduce((n, file) => n + file[of], 0) ?? 0;
  const [kept, undone] = [sum('kept'), sum('undone')];
  return `Review: ${kept} kept, ${undone} undone, ${sum('hunks') - kept - undone} to decide`;
}

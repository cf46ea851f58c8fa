import { reviewedEntries } from '../review/account.ts';
import { treeOf } from '../review/summary.ts';
import type { RunState } from '../run/state.ts';
import { unsettled } from './implementation.ts';
import type { ReviewResult } from './review.ts';

/** The report for the person, from the journal alone: what was done, by whom, what was checked, what was dropped, what it cost. */
export function reportOf(s: RunState, review: ReviewResult): string {
  return [
    `# ${s.title}`,
    s.scripted ? 'The models of this run were scripted: their answers were played from a file.' : '',
    outcomeText(s, review),
    s.integration?.summary ?? '',
    section('Who did what', who(s)),
    section('Checks', checks(s)),
    section('The ledger', ledger(s)),
    section('Findings', findings(s)),
    section('Not settled', notSettled(s)),
    section('Missing', missing(s)),
    section('To remember', remembered(s)),
    section('Cost', cost(s)),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `## ${title}\n${lines.map((l) => `- ${l}`).join('\n')}`;
}

function outcomeText(s: RunState, review: ReviewResult): string {
  const what =
    review.outcome === 'applied' ? `Applied to ${s.applied?.files.length ?? 0} files.` : 'Ready, not applied.';
  return [what, review.reason ?? '', review.hint ?? ''].filter((t) => t !== '').join(' ');
}

function who(s: RunState): string[] {
  return s.cast.map((c) => {
    const calls = Object.values(s.calls).filter((call) => call.role === c.role);
    const models = [
      ...new Set(
        calls
          .filter((call) => call.state === 'done')
          .map((call) =>
            call.successorOf === undefined ? call.model : `${call.id}, declared successor of ${call.successorOf}`,
          ),
      ),
    ];
    const stands =
      c.models[0]?.standsFor === undefined
        ? ''
        : ` (stands in for ${c.models[0].standsFor}: ${c.models[0].why ?? 'not reachable'})`;
    const moves = calls.flatMap((call) =>
      call.moves
        .filter((m) => m.to !== undefined)
        .map((m) => `moved from ${m.server} to ${m.to}: ${m.failure.message}`),
    );
    return [
      `${c.title}: ${models.join(', ') || 'no answer'}${stands}, ${calls.length} ${calls.length === 1 ? 'call' : 'calls'}`,
      ...moves,
    ].join('; ');
  });
}

function checks(s: RunState): string[] {
  const { finished } = s.review;
  const whole = s.checks['part'] ?? s.checks['merged'];
  if (!whole || whole.results.length === 0) return ['None are configured: nothing was checked.'];
  const tree = finished && treeOf(s, finished.kept);
  const last = finished ? Object.values(s.checks).findLast((c) => c.tree === tree) : whole;
  if (!last) return ['What was kept is a part of what was checked: not checked.'];
  return last.results.map((r) => {
    const excused = last.excused.includes(r.name) ? ', and red before the change: it judges nobody' : '';
    return `${r.name} (\`${r.run}\`): ${r.result}${r.reason === undefined ? '' : `, ${r.reason}`}${excused}`;
  });
}

function ledger(s: RunState): string[] {
  const entries = reviewedEntries(s);
  const writers = [...new Set(entries.map((e) => e.change))];
  const lines = writers.map((change) => {
    const mine = entries.filter((e) => e.change === change);
    const counts = (['merged', 'resolved', 'superseded', 'rejected'] as const).map(
      (fate) => [fate, mine.filter((e) => e.fate === fate).length] as const,
    );
    return `${change}: ${counts.flatMap(([fate, n]) => (n > 0 ? [`${n} ${fate}`] : [])).join(', ')}`;
  });
  // What went the same way for the same reason is one line.
  const ways = Map.groupBy(
    entries.filter((e) => e.fate !== 'merged'),
    (e) => `${e.fate}${e.by === undefined ? '' : ` by ${e.by}`}. ${e.why ?? ''}`,
  );
  const dropped = [...ways].map(([way, same]) => `${same.map((e) => e.hunk).join(', ')}: ${way}`);
  return [...lines, ...dropped];
}

function findings(s: RunState): string[] {
  return s.findings.map(
    (f) =>
      `[${f.id}] ${f.severity}: ${f.claim}${f.check === 'refuted' ? ` (refuted: ${f.problem})` : droppedWhy(s, f.id)}`,
  );
}

function droppedWhy(s: RunState, finding: string): string {
  const left = s.plan?.leftOut.find((l) => l.finding === finding);
  return left === undefined ? '' : ` (left out: ${left.why})`;
}

/** Changes whose last verdict by a reviewer wants more: the rounds were over. */
function notSettled(s: RunState): string[] {
  return Object.values(s.changes).flatMap(({ landed, verdicts }) => {
    const last = new Map(verdicts.map((v) => [v.role, v.verdict]));
    return [...last].flatMap(([role, verdict]) => {
      const title = s.cast.find((c) => c.role === role)?.title ?? role;
      return verdict.verdict === 'needs-work' ? [unsettled(title, landed.change, verdict)] : [];
    });
  });
}

function missing(s: RunState): string[] {
  return [
    ...s.leftOut.map((l) => `${l.role}: ${l.why}`),
    ...s.missing.map((m) => `${m.role}: ${m.why}`),
    ...s.failedChanges.map((f) => `${f.change}: ${f.why}`),
    ...Object.values(s.changes).flatMap((c) =>
      c.landed.notDone.map((n) => `${n.item}, not done by ${c.landed.role}: ${n.why}`),
    ),
  ];
}

function remembered(s: RunState): string[] {
  return s.knowledge.map(
    (k) => `${k.name}: ${k.kept ? "kept in the project's memories" : 'proposed, not kept'}. ${k.why}`,
  );
}

function cost(s: RunState): string[] {
  const { spent, budget } = s;
  const about = spent.estimated ? ' (partly estimated)' : '';
  return [
    `${spent.calls} of ${budget.calls} calls, ${spent.tokens} tokens${about}, $${spent.usd.toFixed(2)}${about}, ${Math.round(s.activeMs / 6000) / 10} of ${budget.minutes} minutes`,
  ];
}

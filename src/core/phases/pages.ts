import { boardName, nowName, protocolName } from '../bus/names.ts';
import { boardPage, nowPage, protocolPage, type RunPage } from '../bus/pages.ts';
import { openQuestions } from './questions.ts';
import type { Run } from '../run/engine.ts';
import type { RunState } from '../run/state.ts';

/** Brings the bus's pages up to date with the journal. They are derived: a crash in between costs nothing. */
export async function writePages(run: Run): Promise<void> {
  for (const { name, text } of pagesOf(run.input.run, run.state())) await run.ports.bus.write(name, text);
}

/** The pages as the journal has them: protocol, now, board. */
export function pagesOf(run: string, state: RunState): { name: string; text: string }[] {
  const page = pageOf(run, state);
  return [
    { name: protocolName, text: protocolPage() },
    { name: nowName, text: nowPage(page) },
    { name: boardName(run), text: boardPage(page, state.messages) },
  ];
}

function pageOf(run: string, s: RunState): RunPage {
  return {
    run,
    task: s.task,
    title: s.title,
    phase: s.outcome ?? s.phase ?? 'triage',
    at: s.lastAt,
    scripted: s.scripted,
    roles: s.cast.map((c) => ({ role: c.role, title: c.title, doing: doing(s, c.role) })),
    findings: s.findings.map(({ id, role, severity, claim, check }) => {
      const memory = s.messages.find((m) => m.from === role && m.kind === 'result')?.memory;
      return { id, role, severity, claim, check, ...(memory !== undefined && { memory }) };
    }),
    items: (s.plan?.items ?? []).map(({ id, title, owners, paths }) => ({
      id,
      title,
      owners,
      paths,
      state: itemState(s, id),
    })),
    decisions: [
      ...(s.plan?.decisions ?? []).map((d) => `${d.what}: ${d.why}`),
      // What the orchestrator decided on the way; its plan stands above.
      ...s.messages.filter((m) => m.kind === 'decision' && m.call !== undefined).map((m) => `#${m.seq} ${m.subject}`),
    ],
    questions: openQuestions(run, s).map((m) => `#${m.seq} ${m.from} to ${m.to.join(', ')}: ${m.subject}`),
  };
}

function doing(s: RunState, role: string): string {
  const calls = Object.values(s.calls).filter((c) => c.role === role);
  const working = calls.filter((c) => c.state === 'working').map((c) => c.title);
  if (working.length > 0) return working.join(', ');
  return calls.length === 0 ? 'waiting' : calls.every((c) => c.state === 'failed') ? 'failed' : 'done';
}

function itemState(s: RunState, item: string): string {
  if (s.applied && !s.undone) return 'applied';
  const landed = Object.values(s.changes).filter((c) => c.landed.items.includes(item));
  if (s.ledger?.balanced) return 'merged';
  if (landed.some((c) => s.checks[`change:${c.landed.change}`]?.green)) return 'checked';
  return landed.length > 0 ? 'done' : 'waiting';
}

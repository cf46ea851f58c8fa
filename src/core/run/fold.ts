import { interrupted, patchOfCall } from './callState.ts';
import { withWord } from './control.ts';
import type { EventOf, JournalRecord, RunEvent } from './events.ts';
import { noReview, patchOfReview, unfinished } from './reviewState.ts';
import type { RunState } from './state.ts';

const empty: RunState = {
  task: '',
  title: '',
  engine: '',
  team: '',
  scripted: false,
  budget: { calls: 0, minutes: 0 },
  budgetFrom: 'default',
  createdAt: '',
  epoch: 0,
  seq: 0,
  lastAt: '',
  activeMs: 0,
  phases: {},
  cast: [],
  leftOut: [],
  offers: [],
  calls: {},
  spent: { calls: 0, tokens: 0, usd: 0, estimated: false },
  findings: [],
  summaries: {},
  missing: [],
  changes: {},
  marked: {},
  failedChanges: [],
  checks: {},
  candidates: [],
  merges: [],
  resolutions: [],
  reviews: 0,
  approvals: [],
  review: noReview,
  applies: 0,
  undone: false,
  messages: [],
  questionsTaken: [],
  knowledge: [],
  said: [],
  routeWords: [],
  taken: [],
  asked: [],
  permissions: [],
  allowed: [],
  notes: [],
};

/** Folds records, in order, onto a state; `fold(all)` is `fold(rest, fold(prefix))`. */
export function fold(records: Iterable<JournalRecord>, from: RunState = empty): RunState {
  let state = from;
  for (const record of records) state = step(state, record);
  return state;
}

function step(before: RunState, record: JournalRecord): RunState {
  const waits =
    before.stop !== undefined ||
    before.permissions.length > 0 ||
    before.outcome !== undefined ||
    record.epoch !== before.epoch;
  const passed = before.lastAt === '' || waits ? 0 : Date.parse(record.at) - Date.parse(before.lastAt);
  const state: RunState = {
    ...before,
    seq: record.seq,
    epoch: record.epoch,
    lastAt: record.at,
    // A clock that went back costs nothing.
    activeMs: before.activeMs + Math.max(0, passed),
  };
  return reduce(state, record.event, record.at);
}

type Patch = Partial<RunState>;

function reduce(s: RunState, e: RunEvent, at: string): RunState {
  return { ...s, ...(patchOfRun(s, e, at) ?? patchOfCall(s, e, at) ?? patchOfReview(s, e) ?? patchOfWork(s, e)) };
}

function patchOfRun(s: RunState, e: RunEvent, at: string): Patch | undefined {
  switch (e.type) {
    case 'run.created':
      return {
        task: e.task,
        title: firstLine(e.task),
        engine: e.engine,
        team: e.team,
        scripted: e.scripted,
        budget: e.budget,
        budgetFrom: e.budgetFrom,
        createdAt: at,
      };
    case 'run.resumed':
      // Nothing that the last owner left working is working now; what it asked is asked again.
      return {
        outcome: undefined,
        reason: undefined,
        hint: undefined,
        asked: [],
        stop: undefined,
        permissions: [],
        ...interrupted(s, at),
        ...(e.budget && { budget: e.budget, budgetFrom: 'person' as const }),
      };
    case 'run.ended':
      return {
        outcome: e.outcome,
        reason: e.reason,
        hint: e.hint,
        asked: [],
        stop: undefined,
        permissions: [],
        ...interrupted(s, at),
      };
    case 'phase.started':
      return {
        phase: e.phase,
        phases: { ...s.phases, [e.phase]: { state: 'working', startedAt: s.phases[e.phase]?.startedAt ?? at } },
      };
    case 'phase.ended':
      return {
        phases: { ...s.phases, [e.phase]: { ...s.phases[e.phase], state: 'done', endedAt: at, summary: e.summary } },
      };
    case 'note':
      return { notes: [...s.notes, e] };
    case 'stop.asked':
      return { asked: [...s.asked, e], stop: e };
    case 'stop.answered': {
      const asked = s.asked.filter((a) => a.stop !== e.stop);
      return { asked, stop: asked.at(-1), ...(e.answer === 'amended' && amended(s, e)) };
    }
    case 'inbox.received':
      if (s.said.some((m) => m.id === e.id)) return {};
      return { said: [...s.said, e], ...(e.control && { routeWords: withWord(s.routeWords, e.control, e.from) }) };
    case 'inbox.taken':
      return { taken: [...s.taken, e] };
    case 'message.posted':
      return { messages: [...s.messages, e] };
    case 'knowledge.proposed':
      return { knowledge: e.memories.map((memory) => ({ ...memory, kept: false })) };
    case 'knowledge.kept':
      return { knowledge: s.knowledge.map((memory) => (memory.name === e.name ? { ...memory, kept: true } : memory)) };
    case 'questions.taken':
      return { questionsTaken: [...s.questionsTaken, e] };
    case 'report.made':
      return { report: e.text };
    default:
      return undefined;
  }
}

/** What the person changed at a stop takes the place of what stood there. */
function amended(s: RunState, { team, plan, budget }: EventOf<'stop.answered'>): Patch {
  const { size, specialists, writer } = team?.picked ?? {};
  return {
    ...(team && {
      team: team.picked.team,
      size,
      cast: team.cast,
      leftOut: team.leftOut,
      offers: team.offers,
      forecast: team.forecast,
      picked: team.picked,
      ...(s.triage && { triage: { ...s.triage, size: size ?? s.triage.size, specialists: specialists ?? [], writer } }),
    }),
    ...(plan && { plan }),
    ...(budget && { budget, budgetFrom: 'person' as const }),
  };
}

function patchOfWork(s: RunState, e: RunEvent): Patch | undefined {
  switch (e.type) {
    case 'base.taken':
      return { base: e };
    case 'triage.made':
      return { triage: e.triage, title: e.triage.title };
    case 'team.chosen':
      return {
        title: e.title,
        size: e.size,
        cast: e.cast,
        leftOut: e.leftOut,
        offers: e.offers,
        forecast: e.forecast,
      };
    case 'checkout.changed':
      return { marked: { ...s.marked, ...Object.fromEntries(e.roles.map((role) => [role, e.paths])) } };
    case 'findings.held':
      return {
        findings: [...s.findings.filter((f) => f.role !== e.role), ...e.findings],
        summaries: { ...s.summaries, [e.role]: e.summary },
      };
    case 'plan.made':
      return { plan: e.plan, missing: e.missing };
    case 'change.landed':
      return {
        changes: { ...s.changes, [e.change]: { landed: e, verdicts: s.changes[e.change]?.verdicts ?? [] } },
        failedChanges: s.failedChanges.filter((f) => f.change !== e.change),
      };
    case 'change.judged': {
      const change = s.changes[e.change];
      if (!change) return {};
      const verdicts = [...change.verdicts, { role: e.role, round: e.round, verdict: e.verdict }];
      return { changes: { ...s.changes, [e.change]: { ...change, verdicts } } };
    }
    case 'change.failed': {
      // A writer that took back all it did leaves nothing to merge.
      const { [e.change]: _, ...changes } = s.changes;
      return { changes, failedChanges: [...s.failedChanges.filter((f) => f.change !== e.change), e] };
    }
    case 'checks.ended':
      return { checks: { ...s.checks, [e.on]: e } };
    case 'candidates.judged':
      return { candidates: [...s.candidates, e] };
    case 'merge.made':
      return { merges: [...s.merges.filter((m) => m.change !== e.change), e] };
    case 'conflict.resolved':
      return { resolutions: [...s.resolutions.filter((r) => r.path !== e.path || r.change !== e.change), e] };
    case 'integration.ended':
      return { integration: e };
    case 'ledger.made':
      return { ledger: e };
    case 'gate.judged':
      return { gate: e.files, reviews: s.reviews + 1 };
    case 'gate.approved':
      return { approvals: [...s.approvals, { path: e.path, content: e.content }] };
    case 'apply.done':
      return { applied: e, applies: s.applies + 1, undone: false, review: unfinished(s.review) };
    case 'apply.undone':
      return { undone: true, review: unfinished(s.review) };
    default:
      return undefined;
  }
}

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > 80 ? `${line.slice(0, 79)}…` : line;
}

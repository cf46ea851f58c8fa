import { routeName } from '../../core/run/control.ts';
import type { EventOf, JournalRecord, RunEvent } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';
import { ledgerWords } from './ledger.ts';
import { dots, type Look } from './look.ts';
import { oneLine } from '../../core/words/plain.ts';
import { planWords } from './plan.ts';
import { teamWords } from './team.ts';
import { budgetFrom, budgetWords, modelName, moveWords, spentWords } from './words.ts';
import { between, count, elapsed, failureName, money, plural, refusedWords } from '../../core/words/words.ts';
import { reviewWords } from '../../core/words/review.ts';
import { checkedWhat, statWords } from './work.ts';

/** One event as one plain line, for pipes and logs: when, what, who and the numbers. `after` has the record in it. */
export function eventLine(record: JournalRecord, after: RunState, run: string, look: Look): string {
  const at = elapsed(between(after.createdAt, record.at));
  return `[${at.padStart(5)}] ${oneLine(words(record.event, after, run, look))}`;
}

function words(event: RunEvent, state: RunState, run: string, look: Look): string {
  switch (event.type) {
    case 'run.created':
      return `run ${run}${event.scripted ? ' (scripted)' : ''}: ${state.title} (budget ${budgetWords(look, event.budget)}, ${budgetFrom[event.budgetFrom]})`;
    case 'run.resumed':
      return `run ${run}: resumed by ${event.by}`;
    case 'run.ended':
      return ended(event, state, run, look);
    case 'phase.started':
      return `${event.phase}: started`;
    case 'phase.ended':
      return `${event.phase}: done in ${elapsed(between(state.phases[event.phase]?.startedAt, state.phases[event.phase]?.endedAt))}: ${event.summary}`;
    case 'note':
      return `${event.level === 'warning' ? 'warning' : 'note'}: ${event.role === undefined ? '' : `${event.role}: `}${event.text}`;
    case 'base.taken':
      return `base: ${plural(event.files, 'file')}${event.notes.length > 0 ? `. ${event.notes.join(' ')}` : ''}`;
    case 'triage.made':
      return `triage: ${event.triage.size}: ${event.triage.why}`;
    case 'team.chosen':
      return chosen(event, state, look);
    case 'stop.asked':
      return `wants you: ${event.question}`;
    case 'stop.answered':
      return event.answer === 'amended' ? amended(event, state) : `${event.stop}: ${event.answer} (${event.by})`;
    case 'call.waiting':
    case 'call.started':
    case 'call.failed':
    case 'call.sent-back':
    case 'call.ended':
      return callWords(event, state, look);
    case 'permission.asked':
      return `wants you: ${event.role} asks: ${event.title}: ${event.detail}`;
    case 'permission.answered':
      return `${event.role}: permission ${event.answer} (${event.by})`;
    case 'checkout.changed':
      return `warning: the read-only checkout was changed by ${event.roles.join(' or ')}: ${event.paths.join(', ')}`;
    case 'message.posted':
      return `bus: ${event.from}${event.verified ? '' : ' (unproved)'} to ${event.to.join(', ') || 'all'}: ${event.kind}: ${event.subject}`;
    case 'knowledge.proposed':
      return `to remember: ${event.memories.map((m) => m.name).join(', ') || 'nothing is proposed'}`;
    case 'knowledge.kept':
      return `remembered: ${event.name} (${event.by})`;
    case 'questions.taken':
      return `bus: ${event.role} is asked ${event.questions.map((seq) => `#${seq}`).join(', ')}`;
    case 'inbox.received':
      return `${event.from}${event.to === undefined ? '' : ` to ${event.to}`}: ${event.kind === 'stop' ? 'stop' : event.text}`;
    case 'inbox.taken':
      return `inbox: ${plural(event.ids.length, 'message')} taken`;
    case 'report.made':
      return `report: ${plural(event.text.trim().split('\n').length, 'line')}; orchestra show ${run}`;
    default:
      return workWords(event, state, look);
  }
}

type CallEvent = EventOf<'call.waiting' | 'call.started' | 'call.failed' | 'call.sent-back' | 'call.ended'>;

function callWords(event: CallEvent, state: RunState, look: Look): string {
  const who = `${event.phase} ${event.role}`;
  switch (event.type) {
    case 'call.waiting':
      return `${who}: waiting: ${event.why}`;
    case 'call.started': {
      const again = event.attempt > 1 ? ` (attempt ${event.attempt})` : '';
      return `${who}: working${again}: ${event.title}; ${modelName(look, event.model, event.effort)} over ${routeName(event)}`;
    }
    case 'call.failed': {
      const move = state.calls[event.call]?.moves.at(-1);
      return `${who}: ${move ? moveWords(look, move) : failureName(event.failure)}`;
    }
    case 'call.sent-back':
      return `${who}: sent back once: ${event.problem}`;
    case 'call.ended': {
      const tokens = (event.usage.inputTokens ?? 0) + (event.usage.outputTokens ?? 0);
      const about = event.estimated ? '~' : '';
      if (!event.ok)
        return `${who}: failed: ${event.failure ? `${failureName(event.failure)}. ${event.failure.message}` : 'no answer'}`;
      const successor = event.successorOf === undefined ? '' : `${event.id} answered for ${event.successorOf}`;
      const cost = event.usd === undefined ? '' : about + money(event.usd);
      const refused = event.refused === undefined ? '' : `; ${refusedWords(event.refused)}`;
      return `${who}: done in ${elapsed(event.ms)}: ${dots(look, `${about}${count(tokens)} tokens`, cost, successor)}${refused}`;
    }
  }
}

type WorkEvent = Exclude<
  RunEvent,
  | CallEvent
  | EventOf<
      | 'run.created'
      | 'run.resumed'
      | 'run.ended'
      | 'phase.started'
      | 'phase.ended'
      | 'note'
      | 'base.taken'
      | 'triage.made'
      | 'team.chosen'
      | 'stop.asked'
      | 'stop.answered'
      | 'permission.asked'
      | 'permission.answered'
      | 'checkout.changed'
      | 'message.posted'
      | 'questions.taken'
      | 'knowledge.proposed'
      | 'knowledge.kept'
      | 'inbox.received'
      | 'inbox.taken'
      | 'report.made'
    >
>;

function workWords(event: WorkEvent, state: RunState, look: Look): string {
  switch (event.type) {
    case 'findings.held': {
      const refuted = event.findings.filter((finding) => finding.check === 'refuted');
      const false_ = refuted.map((finding) => `; refuted ${finding.id}: ${finding.problem ?? ''}`).join('');
      return `${event.role}: ${event.findings.length} found${false_}`;
    }
    case 'plan.made':
      return `plan: ${planWords(state)}: ${event.plan.goal}`;
    case 'workspace.opened':
      return `${event.role}: workspace ${event.name}`;
    case 'change.landed': {
      const outside = event.outside.length > 0 ? `; outside its paths: ${event.outside.join(', ')}` : '';
      return `${event.role}: change ${event.change} landed, round ${event.round}: ${statWords(look, event.files)}${outside}`;
    }
    case 'change.judged':
      return `${event.role}: ${event.change} ${event.verdict.verdict === 'fine' ? 'is fine' : 'needs work'}: ${event.verdict.summary}`;
    case 'change.failed':
      return `${event.role}: change ${event.change} failed: ${event.why}`;
    case 'checks.ended':
      return `checks of ${checkedWhat(event.on)}: ${event.results.map((check) => `${check.name} ${check.result}${event.excused.includes(check.name) ? ' (red before)' : ''}`).join(', ') || 'there are none'}`;
    case 'candidates.judged':
      return `${event.item}: ${event.winner} won (${event.by}): ${event.why}`;
    case 'merge.made':
      return `merge: ${event.change}: ${event.conflicts.length === 0 ? 'no conflict' : `conflict in ${event.conflicts.map((conflict) => conflict.path).join(', ')}`}`;
    case 'conflict.resolved':
      return `resolved ${event.path}: ${event.summary}`;
    case 'integration.ended':
      return `integration: ${event.summary}`;
    case 'ledger.made':
      return `ledger: ${ledgerWords(event.entries, look)}; ${event.balanced ? 'balanced' : 'does not balance'}`;
    case 'gate.judged':
      return `gate: ${event.files.map((file) => `${file.path} ${file.verdict}${file.reason === undefined ? '' : ` (${file.reason})`}`).join(', ')}`;
    case 'review.decided':
    case 'review.reverted':
    case 'review.dismissed':
    case 'review.joined':
    case 'review.finished':
      return `review: ${reviewWords(event)}`;
    case 'review.part':
      return `review: ${plural(event.hunks.length, 'hunk')} as a tree`;
    case 'gate.approved':
      return `gate: ${event.path} approved by ${event.by}`;
    case 'apply.done':
      return `applied: ${event.files.join(', ')}${event.heldBack.length > 0 ? `; held back: ${event.heldBack.join(', ')}` : ''}`;
    case 'apply.undone':
      return `undone: ${event.files.join(', ')}`;
  }
}

function chosen(event: EventOf<'team.chosen'>, state: RunState, look: Look): string {
  const cast = event.cast.map(({ role, models: [first] }) => {
    const standsIn = first?.standsFor === undefined ? '' : ` (stands in for ${modelName(look, first.standsFor)})`;
    return `${role} ${modelName(look, first?.model ?? '', first?.effort)}${standsIn}`;
  });
  const [low, high] = event.forecast.calls;
  const left = event.leftOut.length > 0 ? `; left out: ${event.leftOut.map((out) => out.role).join(', ')}` : '';
  return `team: ${teamWords(state)}: ${cast.join(', ')}; forecast ${low} to ${high} calls${left}`;
}

function amended({ stop, by, plan, budget }: EventOf<'stop.answered'>, state: RunState): string {
  const now = plan ? planWords(state) : teamWords(state);
  return `${stop}: changed (${by}): ${now}${budget ? '; another budget' : ''}`;
}

function ended(event: EventOf<'run.ended'>, state: RunState, run: string, look: Look): string {
  const outcome = event.outcome === 'spent' ? 'stopped, the budget is spent' : event.outcome;
  const why = event.reason === undefined ? '' : `: ${event.reason}`;
  const hint = event.hint === undefined ? '' : ` ${event.hint}`;
  return `run ${run}: ${outcome}${why} (${spentWords(look, state, state.activeMs)})${hint}`;
}

import type { EventOf, JournalRecord, Phase } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';
import { endLines, gateLines, reportLines } from './ending.ts';
import { ledgerLines } from './ledger.ts';
import { clip, glyph, indented, paint, spread, wrap, type Look } from './look.ts';
import { findingLines, planLines } from './plan.ts';
import { oneLine, plain } from '../../core/words/plain.ts';
import { columnsOf, phaseLine, roleRows, type Live } from './rows.ts';
import { prose, teamLines } from './team.ts';
import { budgetFrom, budgetWords } from './words.ts';
import { between, clock } from '../../core/words/words.ts';
import { reviewWords } from '../../core/words/review.ts';
import { candidateLines, changeLines, checkLines, mergeLines, resolvedLines } from './work.ts';

/**
 * What a record adds to the scroll-back for good: nothing for most, a block where a phase ends or something was
 * decided. `after` is the state with the record in it.
 */
export function blockOf(record: JournalRecord, after: RunState, run: string, live: Live, look: Look): string[] {
  const { event } = record;
  switch (event.type) {
    case 'run.created':
      return headerLines(after, run, look);
    case 'run.resumed':
      return ['', paint(look, 'dim', clip(look, `resumed by ${oneLine(event.by)} at ${clock(Date.parse(record.at))}`))];
    case 'run.ended':
      return ['', ...endLines(after, run, look)];
    case 'phase.ended':
      // How the review ended is the run's end.
      return event.phase === 'review' ? [] : phaseBlock(event.phase, after, live, look);
    case 'note':
      return noteLines(event, look);
    case 'base.taken':
      return event.notes.flatMap((note) => wrap(prose(look), oneLine(note), '  '));
    case 'team.chosen':
      return after.size === 'one'
        ? oneModel(after, look)
        : ['', ...teamLines(after, look), ...notes(event.notes, look)];
    case 'stop.answered':
      if (event.answer === 'amended') return amendedLines(event, after, look);
      return [paint(look, 'dim', clip(look, `  ${oneLine(event.stop)}: ${event.answer} ${byWords(event.by)}`))];
    case 'permission.answered':
      return [paint(look, 'dim', clip(look, `  ${permissionWords[event.answer]} ${byWords(event.by)}`))];
    case 'permission.asked':
      return wrap(
        prose(look),
        `${oneLine(event.role)} asks: ${oneLine(event.title)}: ${oneLine(event.detail)}`,
        '  ',
        '    ',
      );
    case 'checkout.changed':
      return wrap(
        prose(look),
        `The read-only checkout was changed by ${event.roles.map(oneLine).join(' or ')}: ${event.paths.map(oneLine).join(', ')}. Their answers are marked.`,
        '  ',
      );
    case 'inbox.received':
      return wrap(
        prose(look),
        `${oneLine(event.from)}${event.to === undefined ? '' : ` to ${oneLine(event.to)}`}: ${event.kind === 'stop' ? 'stop' : plain(event.text).trim()}`,
        '  ',
        '    ',
      );
    case 'knowledge.kept':
      return [paint(look, 'dim', clip(look, `  remembered ${oneLine(event.name)} ${byWords(event.by)}`))];
    case 'message.posted':
      return busLines(event, look);
    case 'plan.made':
      return ['', ...planLines(after, look), ...notes(event.notes, look)];
    case 'checks.ended':
      return event.on.startsWith('change:') ? [] : indented(look, (inner) => checkLines(event, inner));
    case 'candidates.judged':
      return candidateLines(event, look);
    case 'merge.made':
      return indented(look, (inner) => mergeLines(event, inner));
    case 'conflict.resolved':
      return resolvedLines(event, look);
    case 'ledger.made':
      return ['', ...ledgerLines(after, look)];
    case 'gate.judged':
      return ['', ...gateLines(event.files, look)];
    case 'gate.approved':
      return [paint(look, 'dim', clip(look, `  approved ${oneLine(event.path)} ${byWords(event.by)}`))];
    case 'review.decided':
    case 'review.reverted':
    case 'review.dismissed':
    case 'review.joined':
    case 'review.finished':
      return [paint(look, 'dim', clip(look, `  ${oneLine(reviewWords(event))}`))];
    case 'apply.undone':
      return [clip(look, `${glyph(look, 'done')} undone: ${event.files.length} files are as they were`)];
    case 'report.made':
      // Findings and ledger stand above, in full.
      return ['', ...reportLines(event.text, look, ['Findings', 'The ledger'])];
    case 'phase.started':
    case 'triage.made':
    case 'stop.asked':
    case 'call.waiting':
    case 'call.started':
    case 'call.failed':
    case 'call.sent-back':
    case 'call.ended':
    case 'inbox.taken':
    case 'questions.taken':
    case 'knowledge.proposed':
    case 'findings.held':
    case 'workspace.opened':
    case 'change.landed':
    case 'change.judged':
    case 'change.failed':
    case 'integration.ended':
    case 'review.part':
    case 'apply.done':
      return [];
  }
}

/** What is in force after the person changed it. */
function amendedLines(event: EventOf<'stop.answered'>, after: RunState, look: Look): string[] {
  const head = paint(look, 'dim', clip(look, `  ${oneLine(event.stop)}: changed ${byWords(event.by)}`));
  if (event.plan) return [head, '', ...planLines(after, look)];
  return [head, '', ...teamLines(after, look), ...notes(event.team?.notes ?? [], look)];
}

/** What the roles say to each other; what the engine posts of their answers stands in the blocks of its own. */
function busLines(event: EventOf<'message.posted'>, look: Look): string[] {
  const asked = event.kind === 'answer' || event.kind === 'error';
  if (event.from === 'person' || (event.call === undefined && event.verified && !asked)) return [];
  const who = `${oneLine(event.from)}${event.verified ? '' : ' (unproved)'} ${glyph(look, 'arrow')} ${event.to.map(oneLine).join(', ')}`;
  return [clip(look, `  bus  ${who}  ${paint(look, 'dim', `${oneLine(event.kind)}:`)} ${oneLine(event.subject)}`)];
}

/** Title, run and the scripted mark; the rest of a longer task; the budget that holds. */
export function headerLines(state: RunState, run: string, look: Look): string[] {
  const right = `run ${oneLine(run)}${state.scripted ? '   scripted' : ''}`;
  const lines = spread(look, paint(look, 'bold', oneLine(state.title)), paint(look, 'dim', right), prose(look).width);
  const task = plain(state.task).trim();
  if (task !== plain(state.title).trim()) {
    const whole = wrap(prose(look), task, '  ');
    lines.push(...whole.slice(0, 6).map((line) => paint(look, 'dim', line)));
    if (whole.length > 6) lines.push(paint(look, 'dim', `  ${glyph(look, 'more')} ${whole.length - 6} more lines`));
  }
  lines.push(
    paint(look, 'dim', clip(look, `  budget ${budgetWords(look, state.budget)} (${budgetFrom[state.budgetFrom]})`)),
  );
  return lines;
}

/** A phase that is over: one line, and what its roles did. */
function phaseBlock(phase: Phase, state: RunState, live: Live, look: Look): string[] {
  const ended = state.phases[phase];
  const sign = paint(look, 'green', glyph(look, 'done'));
  const ms = between(ended?.startedAt, ended?.endedAt);
  // Where rows follow they say it better.
  const summary = phase === 'analysis' || phase === 'implementation' ? '' : oneLine(ended?.summary ?? '');
  const line = phaseLine(look, columnsOf(state, look), sign, phase, ms, summary);
  const rows = phase === 'triage' || phase === 'synthesis' ? [] : roleRows(state, phase, live, look, true);
  const more =
    phase === 'analysis'
      ? ['', ...findingLines(state, look)]
      : phase === 'implementation'
        ? changeLines(state, look)
        : [];
  return ['', ...line, ...rows, ...more];
}

function oneModel(state: RunState, look: Look): string[] {
  const [cast] = state.cast;
  if (!cast) return [];
  const why = oneLine(state.triage?.why ?? '');
  return wrap(prose(look), `One model is enough: ${oneLine(cast.title)}.${why === '' ? '' : ` ${why}`}`, '  ');
}

function noteLines(event: EventOf<'note'>, look: Look): string[] {
  const who = event.role === undefined ? '' : `${oneLine(event.role)}: `;
  return wrap(prose(look), who + oneLine(event.text), '  ', '    ').map((line) =>
    event.level === 'warning' ? line : paint(look, 'dim', line),
  );
}

const notes = (texts: readonly string[], look: Look): string[] =>
  texts.flatMap((text) => wrap(prose(look), oneLine(text), '  note: ', '    '));

const byWords = (by: string) => (by.includes(' ') ? `(${oneLine(by)})` : `(by ${oneLine(by)})`);

const permissionWords = { once: 'allowed once', run: 'allowed for this run', no: 'not allowed' } as const;

import { isAbort, reasonOf } from '../../core/errors.ts';
import type { JournalRecord } from '../../core/run/events.ts';
import { fold } from '../../core/run/fold.ts';
import type { RunState } from '../../core/run/state.ts';
import type { Screen } from '../screen.ts';
import { blockOf, headerLines } from '../view/blocks.ts';
import { diffLines, diffSize } from '../view/diff.ts';
import { endLines, gateLines } from '../view/ending.ts';
import { ledgerLines } from '../view/ledger.ts';
import { glyph, paint, type Look } from '../view/look.ts';
import { planLines } from '../view/plan.ts';
import { oneLine } from '../../core/words/plain.ts';
import { columnsOf, phaseLine } from '../view/rows.ts';
import { between, plural } from '../../core/words/words.ts';
import { workingLines } from '../view/working.ts';
import type { Presenter } from './presenter.ts';

/** At most ten pictures a second; the clock in it moves once a second. */
const frameMs = 100;
const tickMs = 1000;
/** Characters of a call's text that are kept for its tail. */
const tailLength = 2000;
/** Lines of the diff that are shown unasked. */
const diffRoom = 120;

export interface TtyOptions {
  readonly screen: Screen;
  /** How to draw, for the columns that the terminal has now. */
  readonly look: () => Look;
  readonly now: () => number;
  /** The merged change of a run as a unified diff. */
  readonly diff: (run: string) => Promise<string>;
  /** The person is asked in this terminal. */
  readonly asks?: boolean;
  /** The run is gone when this process ends: nothing points to what could be done with it later. */
  readonly passing?: boolean;
  /** Said after what wants the person, where it cannot be answered here. */
  readonly where?: string;
}

/** The run in a terminal: what is over is printed for good, what goes on is redrawn. */
export function ttyPresenter(options: TtyOptions): Presenter & { readonly redraw: () => void } {
  const { screen, look, now } = options;
  const tails = new Map<string, string>();
  let run = '';
  let state: RunState | undefined;
  let pending: Promise<void> = Promise.resolve();
  let frame: NodeJS.Timeout | undefined;
  let drawnAt = Number.NEGATIVE_INFINITY;

  const draw = (): void => {
    clearTimeout(frame);
    frame = undefined;
    drawnAt = now();
    if (!state) return;
    const lines = workingLines(state, { tails, now: drawnAt }, look(), {
      where: options.where ?? '',
      height: screen.room - 1,
    });
    screen.draw(lines.length > 0 ? ['', ...lines] : []);
  };
  const changed = (): void => {
    frame ??= setTimeout(draw, Math.max(0, drawnAt + frameMs - now()));
  };
  const ticking = setInterval(changed, tickMs);

  const showDiff = async (): Promise<void> => {
    try {
      const diff = await options.diff(run);
      const room = options.passing
        ? { lines: diffRoom, pointer: 'orchestra demo --keep FOLDER leaves all of it' }
        : { lines: diffRoom, pointer: `orchestra show ${run} --diff` };
      const lines = diffLines(diff, look(), room);
      screen.print(['', diffTitle(diff, look()), ...lines]);
    } catch (error) {
      if (!isAbort(error)) screen.print([`The diff cannot be shown: ${oneLine(reasonOf(error))}`]);
    }
  };

  return {
    redraw: draw,
    begin(id, before) {
      run = id;
      state = before;
      if (!before) return;
      screen.print(soFarLines(before, id, look()));
      // It goes on at the last stop: what is to be decided there was shown to another process.
      if (before.gate && !before.applied) {
        screen.print(['', ...ledgerLines(before, look()), '', ...gateLines(before.gate, look())]);
        pending = pending.then(showDiff);
      }
    },
    record(record: JournalRecord) {
      state = fold([record], state);
      const { event } = record;
      if (event.type === 'call.started') tails.delete(event.call);
      if (event.type === 'call.ended') tails.delete(event.call);
      // What is asked here is shown whole where it is asked.
      if (event.type === 'permission.asked' && options.asks) return changed();
      if (event.type === 'run.ended' && options.passing)
        screen.print(['', ...endLines(state, run, look(), { hint: false })]);
      else screen.print(blockOf(record, state, run, { tails, now: now() }, look()));
      if (event.type === 'gate.judged') pending = pending.then(showDiff);
      if (event.type === 'run.ended') draw();
      else changed();
    },
    progress(call, text) {
      const before = tails.get(call) ?? '';
      // A fence that begins the typed answer stays known, however long the answer is.
      const fence = before.indexOf('```json');
      tails.set(call, fence >= 0 ? before : (before + text).slice(-tailLength));
      changed();
    },
    say(lines) {
      screen.print(lines);
    },
    settled: () => pending,
    close() {
      clearInterval(ticking);
      clearTimeout(frame);
      screen.close();
    },
  };
}

function diffTitle(diff: string, look: Look): string {
  const { files, added, removed } = diffSize(diff);
  return `${paint(look, 'bold', 'Diff')}  ${plural(files, 'file')} +${added} ${glyph(look, 'minus')}${removed}`;
}

/** A run that goes on after a break: its title, the phases that are over, and the plan if there is one. */
function soFarLines(state: RunState, run: string, look: Look): string[] {
  const lines = headerLines(state, run, look);
  for (const [phase, { state: at, startedAt, endedAt, summary }] of Object.entries(state.phases)) {
    if (at !== 'done' || phase === 'review') continue;
    const sign = paint(look, 'green', glyph(look, 'done'));
    lines.push(
      ...phaseLine(look, columnsOf(state, look), sign, phase, between(startedAt, endedAt), oneLine(summary ?? '')),
    );
  }
  if (state.plan && state.phases.implementation === undefined) lines.push('', ...planLines(state, look));
  return lines;
}

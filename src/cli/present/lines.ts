import { fold } from '../../core/run/fold.ts';
import type { RunState } from '../../core/run/state.ts';
import { eventLine } from '../view/eventLine.ts';
import type { Look } from '../view/look.ts';
import type { Presenter } from './presenter.ts';

/** The run as one plain line an event, for pipes and logs. `note` takes what is of this process and not of the run. */
export function linesPresenter(write: (line: string) => void, note: (line: string) => void, look: Look): Presenter {
  let run = '';
  let state: RunState | undefined;
  return {
    begin(id, before) {
      run = id;
      state = before;
    },
    record(record) {
      state = fold([record], state);
      write(eventLine(record, state, run, look));
    },
    progress() {},
    say(lines) {
      for (const line of lines) note(line);
    },
    async settled() {},
    close() {},
  };
}

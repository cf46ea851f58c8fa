import { jsonLine } from '../jsonEvents.ts';
import type { Presenter } from './presenter.ts';

/** The run as one JSON event a line; what is not an event goes to `note`. */
export function jsonPresenter(write: (line: string) => void, note: (line: string) => void): Presenter {
  let run = '';
  return {
    begin(id) {
      run = id;
    },
    record(record) {
      write(jsonLine(record, run));
    },
    progress() {},
    say(lines) {
      for (const line of lines) note(line);
    },
    async settled() {},
    close() {},
  };
}

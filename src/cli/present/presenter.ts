import type { JournalRecord } from '../../core/run/events.ts';
import type { RunState } from '../../core/run/state.ts';

/** Shows one run while it goes on: in a terminal, as lines, or as JSON. */
export interface Presenter {
  /** The run as it stood before this process took it up or looked at it. */
  begin(run: string, state: RunState | undefined): void;
  /** One record of its journal, in order. */
  record(record: JournalRecord): void;
  /** Live text of a call. */
  progress(call: string, text: string): void;
  /** Says something of this process, not of the run. */
  say(lines: readonly string[]): void;
  /** Resolves when all that was given is printed. */
  settled(): Promise<void>;
  /** Gives the output back; nothing is shown afterwards. */
  close(): void;
}

import type { Failure } from '../ask.ts';
import type { CallControl } from './control.ts';

/** A call under way, as its own loop sees it. */
export interface Held {
  /** Fires when the person has said what is to become of the call; a new one after `take`. */
  readonly signal: AbortSignal;
  /** What the attempt in flight failed of, by the person's word. */
  failure(): Failure;
  /** What was said. From here on the call waits for another word. */
  take(): CallControl['kind'] | undefined;
  /** The call is over: no word reaches it any more. */
  end(): void;
}

/** The calls under way, and how the person's word reaches them. Nothing of it outlives the process: what was said is in the journal. */
export interface Controls {
  /** `canMove` says whether there is another way to go. */
  hold(call: string, canMove: () => boolean): Held;
  /** Says it to the call. Gives a sentence for the person when nothing came of it. */
  say(control: CallControl, by: string): string | undefined;
}

const words: Record<CallControl['kind'], string> = {
  stop: 'stopped it',
  retry: 'had it tried again',
  move: 'moved it on',
};

/** Opens the controls of a run, with no call under way. */
export function openControls(): Controls {
  const open = new Map<string, { canMove: () => boolean; tell: (kind: CallControl['kind'], by: string) => void }>();
  return {
    hold(call, canMove) {
      let control = new AbortController();
      let said: { kind: CallControl['kind']; by: string } | undefined;
      const entry = {
        canMove,
        tell(kind: CallControl['kind'], by: string): void {
          // The last word counts.
          said = { kind, by };
          control.abort();
        },
      };
      open.set(call, entry);
      return {
        get signal() {
          return control.signal;
        },
        failure: () => ({ kind: 'person', message: said ? `${said.by} ${words[said.kind]}.` : 'The person ended it.' }),
        take() {
          const kind = said?.kind;
          said = undefined;
          control = new AbortController();
          return kind;
        },
        end() {
          if (open.get(call) === entry) open.delete(call);
        },
      };
    },
    say({ kind, call }, by) {
      const entry = open.get(call);
      if (!entry) return `${call} is not under way, so nothing became of the word to ${kind} it.`;
      if (kind === 'move' && !entry.canMove()) return `There is no other route for ${call}, so it goes on where it is.`;
      entry.tell(kind, by);
      return undefined;
    },
  };
}

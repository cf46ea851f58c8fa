import type { FromPanel, PanelCompletion, PanelNotice } from '../../protocol.ts';
import type { SessionView, ShownRun } from '../session.ts';

/** What a host can do with a call under way or over. */
export type CallAbility = 'stop-call' | 'retry-call' | 'next-route' | 'prompt';

export interface PanelInputRun extends Pick<ShownRun, 'run' | 'state' | 'driven'> {
  /** The last of the live text of a call; a few hundred lines suffice. */
  tail(call: string): { readonly text: string } | undefined;
  readonly abilities?: readonly CallAbility[];
}

/** All that the panel is drawn from. The projection of it is pure; nothing here needs to be cleaned or cut before. */
export interface PanelInput extends Omit<SessionView, 'shown' | 'waiting' | 'problem'> {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly shown?: PanelInputRun;
  /** How many starts out of the box are dealt with: begun, refused, or thought better of. */
  readonly starts: number;
  readonly notices: readonly PanelNotice[];
  readonly completions?: { readonly query: string; readonly items: readonly PanelCompletion[] } | undefined;
  /** A text for the task box that a command brought; the same serial is taken once. */
  readonly draft?: { readonly serial: number; readonly text: string } | undefined;
}

/** Where the panel takes what it shows from, and to whom it hands what the person wants. */
export interface PanelSource {
  current(): PanelInput;
  /** Called after anything changed, live text included. Must be cheap; the panel keeps its own pace. */
  onChange(listener: () => void): { dispose(): void };
  /** Must not throw. `ready` and `look` never come here. */
  on(intent: FromPanel): void;
}

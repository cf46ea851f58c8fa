import type { AskPermission } from '../../core/ask.ts';
import type { GateVerdict } from '../../core/change/change.ts';
import type { StopQuestion } from '../../core/ports.ts';
import type { RunState } from '../../core/run/state.ts';
import type { Budget } from '../../core/team/file.ts';
import type { RunInfo } from '../../node/run/runs.ts';
import type { FromPanel, PanelCompletion, PanelNotice, PanelReview } from '../../protocol.ts';

/** A question that waits in this window for the person, in the order in which they came. */
export type PanelQuestion = { readonly id: string; readonly run: string } & (
  | { readonly kind: 'stop'; readonly stop: StopQuestion }
  | { readonly kind: 'permission'; readonly request: AskPermission & { role: string; call: string } }
  | { readonly kind: 'held'; readonly file: GateVerdict; readonly diff: string }
);

/** What a host can do with a call under way or over. */
export type CallAbility = 'stop-call' | 'retry-call' | 'next-route' | 'prompt';

export interface PanelInputRun {
  readonly run: string;
  readonly state: RunState;
  /** `here`: this window drives it. `elsewhere`: another living process does. `nobody`: it has ended, or was interrupted. */
  readonly driven: 'here' | 'elsewhere' | 'nobody';
  /** The last of the live text of a call; a few hundred lines suffice. */
  tail(call: string): { readonly text: string } | undefined;
  readonly abilities?: readonly CallAbility[];
  readonly review?: PanelReview;
}

/** All that the panel is drawn from. The projection of it is pure; nothing here needs to be cleaned or cut before. */
export interface PanelInput {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly condition: 'ready' | 'no-folder' | 'untrusted' | 'virtual';
  readonly root?: string | undefined;
  readonly folders: readonly { readonly name: string; readonly root: string }[];
  readonly shown?: PanelInputRun | undefined;
  readonly runs: readonly RunInfo[];
  readonly questions: readonly PanelQuestion[];
  /** Names of models by id. */
  readonly titles: Readonly<Record<string, string>>;
  /** Names of teams, the usual one first; empty when the team file cannot be read. */
  readonly teams: readonly string[];
  readonly budget: Budget | undefined;
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

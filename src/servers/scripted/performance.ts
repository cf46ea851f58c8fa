import type { AskInput, AskOutput, AskPermission, AskProgress, Edit, Failure, Usage } from '../../core/ask.ts';
import type { Pace } from './script.ts';
import type { Values } from './template.ts';

/** Where a call is played: what the protocol offers while it runs. */
export interface Stage {
  /** Fires when the client cancels the call or goes away. */
  readonly signal: AbortSignal;
  progress(progress: AskProgress): Promise<void>;
  /** No, too, when there is nobody to ask. */
  permit(permission: AskPermission): Promise<'once' | 'run' | 'no'>;
  /** Writes past the protocol, straight to the client's ear. Throws over HTTP, where there is no such way. */
  raw(text: string): Promise<void>;
}

/** How a call ends. `rpc-error` is a JSON-RPC error instead of a result. */
export type Ending =
  | { readonly type: 'answer'; readonly output: AskOutput }
  | { readonly type: 'failure'; readonly failure: Failure }
  | { readonly type: 'rpc-error'; readonly message: string };

/** What a call has said and done so far. */
export interface Performance {
  readonly input: AskInput;
  readonly stage: Stage;
  readonly values: Values;
  readonly nth: number;
  pace: Required<Pace>;
  text: string;
  usage: Usage | undefined;
  readonly edits: Edit[];
  readonly refused: string[];
  model: string;
  /** Every later answer breaks its schema. */
  spoiled: boolean;
}

/** The answer so far. */
export function outputOf(performance: Performance, session?: string): AskOutput {
  const { text, model, usage, edits, refused } = performance;
  return {
    text,
    stopReason: 'end',
    model,
    scripted: true,
    ...(session === undefined ? {} : { session }),
    ...(usage === undefined ? {} : { usage }),
    ...(edits.length === 0 ? {} : { edits }),
    ...(refused.length === 0 ? {} : { refused }),
  };
}

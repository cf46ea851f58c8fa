import type { AskInput, AskOutput, Edit, Usage } from '../../core/ask.ts';
import type { AskStage } from '../../node/askServer.ts';
import type { Pace } from './script.ts';
import type { Values } from './template.ts';

/** Where a call is played: what the protocol offers while it runs. */
export interface Stage extends AskStage {
  /** Writes past the protocol, straight to the client's ear. Throws over HTTP, where there is no such way. */
  raw(text: string): Promise<void>;
}

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

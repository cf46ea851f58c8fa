import type { AskOutput, AskPermission, AskProgress, HandedServer } from '../../src/core/ask.ts';
import type { Agent } from './install.ts';

/** What the tests of a real agent say of it, ask and hear. */

/** What is special about an agent, as far as a test must know it. */
export interface Special {
  readonly agent: Agent;
  /** A model that it offers. */
  readonly model: string;
  /** What the wire says for `low`; undefined for an agent that has no efforts. */
  readonly low: string | undefined;
  /** It goes on with a session in a new process of its own. */
  readonly resumes: boolean;
}

/** One question to it. */
export interface Asking {
  readonly prompt: string;
  readonly cwd: string;
  readonly access?: 'read' | 'write';
  readonly effort?: 'low' | 'high';
  readonly model?: string;
  /** Default: the session that this folder and access had last, for a new one costs seconds; null: a new one. */
  readonly session?: string | null;
  readonly servers?: readonly HandedServer[];
  /** The answer to commands and all else; edits have a yes (`edits`), as the policy gives it in a workspace. */
  readonly permit?: 'once' | 'run' | 'no';
  readonly edits?: 'once' | 'no';
  readonly signal?: AbortSignal;
}

/** What came of it. */
export interface Heard {
  readonly output: AskOutput;
  readonly progress: readonly AskProgress[];
  readonly permits: readonly AskPermission[];
}

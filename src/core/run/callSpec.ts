import type { Access, AskOutput } from '../ask.ts';
import type { Cast } from '../team/file.ts';
import type { Answer, AnswerKind } from './answers.ts';
import type { Emit } from './engine.ts';
import type { Phase } from './events.ts';
import type { Section } from './prompts.ts';
import type { Session } from './ways.ts';

/** What code says of an answer. */
export interface Checked {
  readonly problem?: string | undefined;
  readonly work?: { commit: string; tree: string };
}

export interface CallSpec<K extends AnswerKind> {
  /** The step's key. */
  readonly key: string;
  readonly cast: Cast;
  readonly phase: Phase;
  readonly kind: K;
  /** What the role is doing, for people. */
  readonly title: string;
  /** Hashed; must not hold anything that depends on timing. */
  readonly inputs: unknown;
  /** Made when the call is really made; may read what has come in meanwhile. */
  /** `before`: the conversation so far, for a model that did not hold it. */
  readonly prompt: (emit: Emit, before?: Section) => Promise<string>;
  readonly access: Access;
  readonly paths?: readonly string[];
  /** Where the attempt works. Called once an attempt; a second attempt without session starts on a clean checkout. `alone`: nobody else may work there. */
  readonly cwd: (attempt: { fresh: boolean; alone?: boolean }) => Promise<string>;
  /** A session of an earlier call to go on in, if the same route is taken again. */
  readonly session?: Session | undefined;
  /** Without one: whether it goes on in the session in which the role was heard last in the same folder. Default: who only reads does. */
  readonly goesOn?: boolean;
  /** What the schema cannot say. A problem is sent back once, like a schema's. `work`: a writer's commit. */
  readonly check?: (answer: Answer<K>, output: AskOutput) => Promise<Checked>;
  /** Without its answer the run cannot go on. */
  readonly required?: boolean;
}

import type { Path, Whose } from './join.ts';

/** One file of the team, as it was read. */
export interface Layer {
  /** What people call it: the file's path as it is shown, or "the built-in team". */
  readonly from: string;
  readonly whose: Whose;
  /** What stands in it, not checked yet: a `TeamLayer`, or whatever the YAML held. */
  readonly layer: unknown;
}

/** One thing wrong with a layer; `path` leads to it in that layer, or to the nearest that is there. */
export interface Problem {
  readonly from: string;
  readonly path: Path;
  /** One sentence for a person. */
  readonly message: string;
  /** Set when the name that the path ends with is what is wrong, not what stands there. */
  readonly name?: true;
}

import type { GateVerdict } from './change.ts';

/** The person's yes to one held file, for exactly this content. */
export interface Approval {
  readonly path: string;
  /** `GateVerdict.content` as the person saw it. */
  readonly content: string;
}

export interface Applicable {
  /** Paths that may be applied, in the order of the verdicts. */
  readonly pass: readonly string[];
  /** Held, and not approved for the content that they have now. */
  readonly heldBack: readonly GateVerdict[];
  /** Never applied, whatever was approved. */
  readonly refused: readonly GateVerdict[];
}

const weight = { pass: 0, held: 1, refused: 2 } as const;

/**
 * Which files of a judged change may be applied. An approval holds for the path and the content that the person saw, byte for byte; one
 * for other content, or of a refused file, counts for nothing. Of several verdicts on one path the strictest holds.
 */
export function applicable(verdicts: readonly GateVerdict[], approvals: readonly Approval[]): Applicable {
  const strictest = new Map<string, GateVerdict>();
  for (const verdict of verdicts) {
    const known = strictest.get(verdict.path);
    if (!known || weight[verdict.verdict] > weight[known.verdict]) strictest.set(verdict.path, verdict);
  }
  const pass: string[] = [];
  const heldBack: GateVerdict[] = [];
  const refused: GateVerdict[] = [];
  for (const verdict of strictest.values()) {
    const approved = approvals.some(({ path, content }) => path === verdict.path && content === verdict.content);
    if (verdict.verdict === 'refused') refused.push(verdict);
    else if (verdict.verdict === 'pass' || approved) pass.push(verdict.path);
    else heldBack.push(verdict);
  }
  return { pass, heldBack, refused };
}

import type { Evidence, Finding } from '../run/answers.ts';

export interface Claim {
  readonly check: 'confirmed' | 'refuted' | 'unchecked';
  /** What was found instead, with `refuted`. */
  readonly problem?: string;
}

/**
 * Looks up what a finding says about the base: files, lines, symbols, quotes. One false piece of evidence refutes it.
 * `read` gives the text of a file, undefined when there is none; `exists` is true for any path of the tree.
 */
export async function checkClaim(
  finding: Finding,
  exists: (path: string) => boolean,
  read: (path: string) => Promise<string | undefined>,
): Promise<Claim> {
  let looked = 0;
  for (const evidence of finding.evidence) {
    const problem = await problemOf(evidence, exists, read);
    if (problem !== undefined) return { check: 'refuted', problem };
    if (evidence.kind === 'file') looked += 1;
  }
  return { check: looked > 0 ? 'confirmed' : 'unchecked' };
}

async function problemOf(
  evidence: Evidence,
  exists: (path: string) => boolean,
  read: (path: string) => Promise<string | undefined>,
): Promise<string | undefined> {
  if (evidence.kind !== 'file') return undefined;
  const path = evidence.path.replace(/^\.\//, '');
  if (!exists(path)) return `There is no file ${path}.`;
  const text = await read(path);
  if (text === undefined) return undefined;
  const lines = text.split('\n');
  if (evidence.line !== undefined && evidence.line > lines.length)
    return `${path} has ${lines.length} lines, not ${evidence.line}.`;
  if (evidence.symbol !== undefined && !text.includes(evidence.symbol)) return `${path} holds no "${evidence.symbol}".`;
  if (evidence.quote !== undefined && !folded(text).includes(folded(evidence.quote)))
    return `${path} does not say "${evidence.quote.slice(0, 60)}".`;
  return undefined;
}

function folded(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

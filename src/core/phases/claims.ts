import { oneLine } from '../bus/text.ts';
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
    const { problem, seen } = await lookAt(evidence, exists, read);
    if (problem !== undefined) return { check: 'refuted', problem };
    if (seen) looked += 1;
  }
  return { check: looked > 0 ? 'confirmed' : 'unchecked' };
}

interface Looked {
  readonly problem?: string;
  /** True when all that it says was found. */
  readonly seen?: boolean;
}

/** Problems are read by other models, outside of any frame: what they take from the claim is short and on one line. */
async function lookAt(
  evidence: Evidence,
  exists: (path: string) => boolean,
  read: (path: string) => Promise<string | undefined>,
): Promise<Looked> {
  if (evidence.kind !== 'file') return {};
  const path = evidence.path.replace(/^\.\//, '');
  const name = oneLine(path, 120);
  if (!exists(path)) return { problem: `There is no file ${name}.` };
  const { line, symbol, quote } = evidence;
  if (line === undefined && symbol === undefined && quote === undefined) return { seen: true };
  const text = await read(path);
  // A folder, or no text: nobody looked.
  if (text === undefined) return {};
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  if (line !== undefined && line > lines) return { problem: `${name} has ${lines} lines, not ${line}.` };
  if (symbol !== undefined && !text.includes(symbol)) return { problem: `${name} holds no "${oneLine(symbol, 60)}".` };
  if (quote !== undefined && !folded(text).includes(folded(quote)))
    return { problem: `${name} does not say "${oneLine(quote, 60)}".` };
  return { seen: true };
}

function folded(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

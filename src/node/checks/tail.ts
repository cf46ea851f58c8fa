import { stripVTControlCharacters } from 'node:util';

/** The end of a command's output, bounded however much it writes, and safe to show and to put into a prompt. */

const tailCharacters = 4000;
/** Enough for the tail even where most of the output is colour. */
const keptBytes = 64 * 1024;

export interface Tail {
  /** Memory stays below twice what is kept. */
  add(chunk: Buffer): void;
  /** At most 4,000 UTF-16 units: well-formed, without escapes and control characters but newline and tab. */
  text(): string;
}

/** Collects output from one or several streams in the order of its arrival. */
export function collectTail(): Tail {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const pack = (): Buffer => {
    const all = Buffer.concat(chunks);
    const kept = all.subarray(Math.max(0, all.length - keptBytes));
    // A copy: a slice would keep the whole chunk alive.
    chunks = [Buffer.from(kept)];
    bytes = kept.length;
    return kept;
  };
  return {
    add(chunk) {
      chunks.push(chunk.length > keptBytes ? Buffer.from(chunk.subarray(chunk.length - keptBytes)) : chunk);
      bytes += Math.min(chunk.length, keptBytes);
      if (bytes > keptBytes * 2) pack();
    },
    text: () => plainTail(pack().toString('utf8')),
  };
}

/** The end of a text as `Tail.text` gives it. */
export function plainTail(text: string): string {
  const plain = stripVTControlCharacters(text)
    .split('\n')
    .map(lastWritten)
    .join('\n')
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
    .toWellFormed()
    .trimEnd();
  if (plain.length <= tailCharacters) return plain;
  const cut = plain.slice(plain.length - tailCharacters);
  // Not in the middle of a surrogate pair.
  return /^[\udc00-\udfff]/.test(cut) ? cut.slice(1) : cut;
}

/** A progress line is written over and over: what stood last is what a terminal shows. No pattern, which could take quadratic time. */
function lastWritten(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}

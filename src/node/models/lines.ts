/** A line that was longer than allowed: what is left of it. */
export interface LongLine {
  readonly head: string;
  readonly tail: string;
  readonly bytes: number;
}

export interface LineReaderOptions {
  /** The longest line that is kept; asked anew for every line. */
  readonly maxBytes: () => number;
  /** Without its line break. */
  readonly onLine: (line: string) => void;
  /** A line that was thrown away, once its end is reached. */
  readonly onLong: (line: LongLine) => void;
}

export interface LineReader {
  push(chunk: Buffer): void;
  /** Bytes of the line that is not at its end yet, those thrown away included. */
  readonly open: number;
}

/** How much of the head and of the tail of a long line is kept. */
const kept = 256;

/** Cuts a stream of bytes into lines and never holds more than one allowed line. */
export function readLines(options: LineReaderOptions): LineReader {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let dropping = false;
  let head = Buffer.alloc(0);
  let tail = Buffer.alloc(0);

  const take = (part: Buffer): void => {
    bytes += part.length;
    if (!dropping) {
      chunks.push(part);
      if (bytes <= options.maxBytes()) return;
      dropping = true;
      const all = Buffer.concat(chunks);
      chunks = [];
      // Copies: a view would keep the whole line alive.
      head = Buffer.from(all.subarray(0, kept));
      tail = Buffer.from(all.subarray(-kept));
      return;
    }
    tail = Buffer.concat([tail, part.subarray(-kept)]);
    tail = Buffer.from(tail.subarray(-kept));
  };

  const finish = (): void => {
    const [wasDropping, all, size] = [dropping, chunks, bytes];
    chunks = [];
    bytes = 0;
    dropping = false;
    if (wasDropping) {
      options.onLong({ head: head.toString('utf8'), tail: trimEnd(tail.toString('utf8')), bytes: size });
    } else {
      options.onLine(
        trimEnd(all.length === 1 ? (all[0] as Buffer).toString('utf8') : Buffer.concat(all).toString('utf8')),
      );
    }
  };

  return {
    push(chunk) {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        take(chunk.subarray(start, end));
        finish();
        start = end + 1;
      }
      if (start < chunk.length) take(chunk.subarray(start));
    },
    get open() {
      return bytes;
    },
  };
}

function trimEnd(line: string): string {
  return line.endsWith('\r') ? line.slice(0, -1) : line;
}

/** The last of the live text of one attempt of a call. */
export interface Tail {
  readonly attempt: number;
  readonly text: string;
}

/** Bytes are bounded, whatever a model says: two hundred lines are shown, and a line may be long. */
const most = 48 * 1024;

/** The last of each call's live text; a new attempt begins anew. Appending is cheap: the text is joined when it is read. */
export interface Tails {
  append(call: string, attempt: number, text: string): void;
  of(call: string): Tail | undefined;
}

export function openTails(): Tails {
  const tails = new Map<string, { attempt: number; chunks: string[]; length: number }>();
  return {
    append(call, attempt, text) {
      let tail = tails.get(call);
      if (!tail || tail.attempt !== attempt) tails.set(call, (tail = { attempt, chunks: [], length: 0 }));
      const kept = text.length > most ? text.slice(-most) : text;
      tail.chunks.push(kept);
      tail.length += kept.length;
      // Twice as much is held, so that not every chunk makes a new string.
      if (tail.length > 2 * most) {
        const joined = tail.chunks.join('').slice(-most);
        tail.chunks = [joined];
        tail.length = joined.length;
      }
    },
    of(call) {
      const tail = tails.get(call);
      if (!tail) return undefined;
      const text = tail.chunks.length === 1 ? (tail.chunks[0] ?? '') : tail.chunks.join('');
      tail.chunks = [text];
      return { attempt: tail.attempt, text: text.slice(-most) };
    },
  };
}

/**
 * Takes a key out of a text that comes in pieces: a provider that echoes it must not bring it into a transcript. What may
 * be its beginning is held back until more comes.
 */
export function hideStream(key: string): { push(text: string): string; end(): string } {
  let held = '';
  return {
    push(text) {
      held = hide(held + text, key);
      let keep = Math.min(key.length - 1, held.length);
      while (keep > 0 && !key.startsWith(held.slice(held.length - keep))) keep--;
      const out = held.slice(0, held.length - Math.max(0, keep));
      held = held.slice(held.length - Math.max(0, keep));
      return out;
    },
    end() {
      const out = held;
      held = '';
      return out;
    },
  };
}

/** The text without the key. */
export function hide(text: string, key: string): string {
  return key === '' ? text : text.replaceAll(key, '[redacted]');
}

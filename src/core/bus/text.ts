/** Small matters of text that every page and message shares. */

const encoder = new TextEncoder();

/** Length in UTF-8. */
export function utf8Bytes(text: string): number {
  return encoder.encode(text).length;
}

/** The beginning of `text` that has at most `bytes` bytes in UTF-8; no character is cut in two. */
export function clipBytes(text: string, bytes: number): string {
  const { read } = encoder.encodeInto(text, new Uint8Array(Math.max(0, bytes)));
  return text.slice(0, read);
}

/** `text` on one line, white space folded, of at most `characters`; a longer one ends with an ellipsis. Invisible marks of direction are left out. */
export function oneLine(text: string, characters: number): string {
  // Far more than is shown, so that a text of megabytes costs no more than one of kilobytes.
  const near = text.slice(0, characters * 20);
  const line = near
    .toWellFormed()
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/[\s\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
    .trim();
  const letters = Array.from(line);
  if (letters.length <= characters && near.length === text.length) return line;
  return `${letters.slice(0, characters - 1).join('')}…`;
}

/** As it can be stored and read back the same by anybody: valid Unicode, LF, no byte order mark, no NUL, one line end at the end (none in an empty text). */
export function normalBody(text: string): string {
  const lines = text
    .toWellFormed()
    .replace(/^\ufeff+/, '')
    .replaceAll('\0', '')
    .replace(/\r\n?/g, '\n');
  const body = lines.trimEnd();
  return body === '' ? '' : `${body}\n`;
}

/**
 * A page of at most `bytes`: the head whole (clipped only if it alone is too long), then as many lines of each section as there is room for;
 * a section that had to be cut says how many lines are missing. Earlier sections go first.
 */
export function cappedPage(
  head: string,
  sections: readonly { title: string; lines: readonly string[] }[],
  bytes: number,
): string {
  let page = clipBytes(head.trimEnd(), bytes - 1);
  for (const { title, lines } of sections) {
    if (lines.length === 0) continue;
    const opening = `\n\n## ${title}`;
    // Room for the note is kept from the start, so that it always fits.
    const note = (missing: number): string => `\n- … and ${missing} more`;
    const room = bytes - 1 - utf8Bytes(page);
    let section = opening;
    let taken = 0;
    for (const line of lines) {
      const next = `${section}\n- ${line}`;
      const rest = lines.length - taken - 1;
      if (utf8Bytes(next) + (rest > 0 ? utf8Bytes(note(rest)) : 0) > room) break;
      section = next;
      taken++;
    }
    if (taken < lines.length) section += note(lines.length - taken);
    if (utf8Bytes(section) <= room) page += section;
  }
  return `${page}\n`;
}

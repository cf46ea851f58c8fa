/** Words of others, made fit to be shown in one line. */

const escapes = /\u001B\[[0-?]*[ -/]*[@-~]|\u001B\][^\u0007\u001B]*(?:\u0007|\u001B\\)?|\u001B./g;
/** Control, format (bidi, zero width) and lone surrogate characters. */
const unseen = /[\p{Cc}\p{Cf}\p{Cs}]+/gu;

/** The text in one line of at most `max` characters: without escapes, controls and invisible characters, cut with an ellipsis. */
export function oneLine(text: string, max: number): string {
  // What is cut off anyway need not be cleaned.
  const clean = text
    .slice(0, max * 8 + 1000)
    .replaceAll(escapes, '')
    .replaceAll(unseen, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  const characters = Array.from(clean);
  return characters.length <= max ? clean : `${characters.slice(0, max - 1).join('')}…`;
}

/** The end of what a program said before it died: its last lines that say anything, in one. */
export function lastWords(text: string, max: number): string {
  const clean = text
    .slice(-max * 8)
    .split('\n')
    .map((line) => oneLine(line, max))
    .filter((line) => line !== '' && !/^(?:at |node:|Node\.js v)/.test(line));
  let words = '';
  for (const line of clean.reverse()) {
    const longer = words === '' ? line : `${line} / ${words}`;
    if (longer.length > max) break;
    words = longer;
  }
  return words;
}

/** The text without these secrets. Short ones are left: `1` as a "secret" would blacken every number. */
export function redact(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 6) clean = clean.replaceAll(secret, '***');
  return clean;
}

/**
 * Model text, file names and anything else that a repository or a model made is hostile to a terminal. Nothing of
 * it is printed but through one of these: `plain` and `oneLine` take out what a terminal would obey or hide,
 * `visible` shows it, for what the person decides on.
 */

// Source of the grammar: ECMA-48 (CSI 5.4, OSC/DCS/SOS/PM/APC 5.6). A string that is not closed ends with its line,
// so that nothing more than that line can be swallowed.
const sequences =
  /(?:\u001b[PX\]^_]|[\u0090\u0098\u009d-\u009f])[^\n\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]?|\u001b[ -/]*[0-~]?/gu;

/** What is obeyed or not seen: controls, and what Unicode lets a renderer ignore (bidi marks, zero widths, tags, …). */
const unseen = /[[\p{Cc}\p{Default_Ignorable_Code_Point}\u2028\u2029\ufff9-\ufffb]--[\n\t]]/gv;

/** Joiners and variation selectors: scripts and emoji need them. */
const joiners = /^(?:\u200c|\u200d|[\ufe00-\ufe0f])$/;

/** Marks piled on one letter reach into the lines around it. */
const piles = /(\p{M}{3})\p{M}+/gu;

/** The text with nothing in it that a terminal would obey; lines stay lines, a tab becomes two spaces. */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replaceAll(sequences, '')
    .replaceAll('\t', '  ')
    .replaceAll(unseen, (char) => (joiners.test(char) ? char : ''))
    .replaceAll(piles, '$1');
}

/** The same as one line: runs of white space become one space. */
export function oneLine(text: string): string {
  return plain(text).replaceAll(/\s+/g, ' ').trim();
}

/** The text as it is, with what would be obeyed or not be seen written out (`\x1b`, `\u202e`); lines stay lines. */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(unseen, (char) => {
      const code = char.codePointAt(0) ?? 0;
      if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
      return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
    })
    .replaceAll(piles, (pile) =>
      Array.from(pile, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
    );
}

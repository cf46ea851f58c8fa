import { clip, glyph, paint, type Look } from './look.ts';
import { plain, visible } from './plain.ts';

/**
 * A unified diff in colour. At most `lines` lines are shown; then one says how many more there are and `pointer` where.
 * `exact` writes out what could not be seen, for a diff that the person decides on, and cuts nothing.
 */
export function diffLines(
  diff: string,
  look: Look,
  options: { lines?: number; pointer?: string; exact?: boolean } = {},
): string[] {
  const all = (options.exact ? visible(diff) : plain(diff)).replace(/\n$/, '').split('\n');
  if (all.length === 1 && all[0] === '') return [];
  const limit = options.lines ?? Number.POSITIVE_INFINITY;
  let header = true;
  const shown = all.slice(0, limit).map((line) => {
    if (line.startsWith('diff --git ')) header = true;
    if (line.startsWith('@@ ')) header = false;
    const cut = options.exact ? line : clip(look, line);
    if (header) return paint(look, isName(line) ? 'bold' : 'dim', cut);
    if (line.startsWith('@@ ')) return paint(look, 'dim', cut);
    if (line.startsWith('+')) return paint(look, 'green', cut);
    if (line.startsWith('-')) return paint(look, 'red', cut);
    return cut;
  });
  if (all.length > limit) {
    const rest = `${glyph(look, 'more')} ${all.length - limit} more lines${options.pointer === undefined ? '' : `: ${options.pointer}`}`;
    shown.push(paint(look, 'dim', clip(look, rest)));
  }
  return shown;
}

const isName = (line: string) => line.startsWith('diff --git ');

/** Files of a unified diff and the lines it adds and takes out. */
export function diffSize(diff: string): { files: number; added: number; removed: number } {
  const size = { files: 0, added: 0, removed: 0 };
  let header = true;
  for (const line of diff.split('\n')) {
    if (line.startsWith('diff --git ')) {
      size.files += 1;
      header = true;
    } else if (line.startsWith('@@ ')) header = false;
    else if (header) continue;
    else if (line.startsWith('+')) size.added += 1;
    else if (line.startsWith('-')) size.removed += 1;
  }
  return size;
}

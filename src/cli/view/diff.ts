import { clip, glyph, paint, type Look } from './look.ts';
import { plain, visible } from '../../core/words/plain.ts';

/**
 * A unified diff for reading: a line with the name of each file, then its hunks in colour. At most `lines` lines are
 * shown; then one says how many more there are, and `pointer` where.
 */
export function diffLines(diff: string, look: Look, options: { lines?: number; pointer?: string } = {}): string[] {
  const shown: string[] = [];
  let header: string[] | undefined;
  // Line by line: what would begin a line of its own inside one (a carriage return) must not look like a header.
  const all = diff
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => plain(line.replace(/\r$/, '')).replaceAll('\n', ' '));
  const close = (): void => {
    if (header) shown.push(...(shown.length > 0 ? [''] : []), fileLine(header, look));
    header = undefined;
  };
  for (const line of all) {
    if (line.startsWith('diff --git ')) {
      close();
      header = [line];
    } else if (header && !line.startsWith('@@ ')) header.push(line);
    else {
      close();
      shown.push(hunkLine(line, look));
    }
  }
  close();
  if (all.length === 1 && all[0] === '') return [];
  const limit = options.lines ?? Number.POSITIVE_INFINITY;
  if (shown.length <= limit) return shown;
  const rest = `${glyph(look, 'more')} ${shown.length - limit} more lines${options.pointer === undefined ? '' : `: ${options.pointer}`}`;
  return [...shown.slice(0, limit), paint(look, 'dim', clip(look, rest))];
}

/** The name of a file, and what happened to it as a whole. */
function fileLine(header: readonly string[], look: Look): string {
  const named = (start: string): string | undefined =>
    header.find((line) => line.startsWith(start) && !line.endsWith('/dev/null'))?.slice(start.length);
  const name = named('+++ b/') ?? named('--- a/') ?? header[0]?.slice('diff --git '.length) ?? '';
  const what = header.some((line) => line.startsWith('new file'))
    ? 'new'
    : header.some((line) => line.startsWith('deleted file'))
      ? 'deleted'
      : header.some((line) => line.startsWith('new mode'))
        ? `mode ${named('new mode ')}`
        : '';
  const binary = header.some((line) => line.startsWith('Binary files') || line.startsWith('GIT binary'));
  return clip(look, [paint(look, 'bold', name), what, binary ? 'binary' : ''].filter(Boolean).join('  '));
}

function hunkLine(line: string, look: Look, cut = true): string {
  const text = cut ? clip(look, line) : line;
  if (line.startsWith('@@ ')) return paint(look, 'dim', text);
  if (line.startsWith('+')) return paint(look, 'green', text);
  if (line.startsWith('-')) return paint(look, 'red', text);
  return text;
}

/** A diff that the person decides on: every line of it, whole, with what could not be seen written out. */
export function exactDiff(diff: string, look: Look): string[] {
  if (diff === '') return [];
  return visible(diff)
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => (line.startsWith('diff --git ') ? paint(look, 'bold', line) : hunkLine(line, look, false)));
}

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

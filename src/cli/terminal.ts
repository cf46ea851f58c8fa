import { styleText } from 'node:util';
import type { Look } from './view/look.ts';

/** What of a stream matters for drawing; `process.stdout` is one. */
export interface Out {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

/** How things are drawn on a stream: its width, and colour as NO_COLOR, FORCE_COLOR and the terminal have it. */
export function lookOf(stream: NodeJS.WriteStream, titles?: Look['titles']): Look {
  return {
    width: widthOf(stream),
    color: styleText('red', 'x', { stream }) !== 'x',
    unicode: hasUnicode(process.env, process.platform),
    ...(titles && { titles }),
  };
}

/** Columns of a terminal; of anything else what COLUMNS says, or 100. */
export function widthOf(stream: Out): number {
  const given = stream.isTTY ? stream.columns : Number(process.env['COLUMNS']);
  return given !== undefined && Number.isInteger(given) && given > 0
    ? Math.max(20, Math.min(given, 400))
    : stream.isTTY
      ? 80
      : 100;
}

/** False where the locale or the console is known to have no more than ASCII. */
export function hasUnicode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform): boolean {
  if (platform === 'win32') return env['TERM'] !== 'linux';
  if (env['TERM'] === 'linux') return false;
  const locale = env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'];
  return locale === undefined || locale === '' || /utf-?8/i.test(locale);
}

import { globOf, matches } from './globs.ts';

/** Which paths a writer may write, and which no change may hold at all. */

/** True when a plan's paths (globs, see `globOf`) allow this path. What leads up and out is never allowed. */
export function allowed(globs: readonly string[], path: string): boolean {
  if (path.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) return false;
  return globs.some((glob) => matches(globOf(glob), path));
}

/** Why a path is refused: a stable code, and a sentence. */
export interface PathProblem {
  readonly code: string;
  readonly reason: string;
}

const maxSegment = 255;
const maxPath = 1024;
const maxSegments = 100;

/** Letters that look like those of `.git` and are not unified by NFKC: Latin extensions, Cyrillic, Greek, Armenian; dots. */
const lookAlikes = [
  [/[\u0261\u0262\u050d\u0581]/g, 'g'],
  [/[\u0131\u0269\u026a\u03b9\u0456\u04cf]/g, 'i'],
  [/[\u03c4\u0442\u1d1b]/g, 't'],
  [/[\u00b7\u0660\u0701\u2024\u3002\ua4f8]/g, '.'],
] as const;

/**
 * A name as the most forgiving of file systems compares it: without what cannot be seen, compatibility forms unified,
 * case folded, trailing dots and spaces and an NTFS stream cut off. For comparing only.
 */
export function foldName(name: string): string {
  return name
    .normalize('NFKC')
    .replaceAll(/[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cc}]/gu, '')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFC')
    .replace(/:.*$/s, '')
    .replace(/(?<=.)[. ]+$/, '');
}

/** `foldName` for each segment of a path. */
export function foldPath(path: string): string {
  return path.split('/').map(foldName).join('/');
}

/** True for `.git` in any spelling that some file system takes for it, or some eye. */
function isGit(segment: string): boolean {
  const folded = foldName(segment);
  if (folded === '.git' || /^\.?git~\d+$/.test(folded)) return true;
  const bare = folded.normalize('NFD').replaceAll(/\p{M}/gu, '');
  return lookAlikes.reduce((seen, [letters, letter]) => seen.replaceAll(letters, letter), bare) === '.git';
}

const reserved = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$) *(?:\.|$)/i;
const shortName = /^(?=[^.]{3,8}(?:\.|$))[^.~]{1,6}~\d{1,6}(?:\.[^.]{0,3})?$/;

/**
 * Why no change may hold this path, on any platform, whatever the one that it is on now allows; undefined when it may.
 * Paths are relative to the project, with `/`. A name without a problem is not yet harmless: see `judgeChange`.
 */
export function checkPath(path: string): PathProblem | undefined {
  if (path === '') return { code: 'path-empty', reason: 'The path is empty.' };
  if (!path.isWellFormed() || path.includes('\ufffd')) {
    return { code: 'path-encoding', reason: 'The path is not valid Unicode.' };
  }
  if (/[\p{Cc}\u2028\u2029]/u.test(path)) {
    return { code: 'path-control', reason: 'The path holds control characters.' };
  }
  if (path.includes('\\'))
    return { code: 'path-backslash', reason: 'The path holds a backslash, which Windows takes for a separator.' };
  if (path.startsWith('/')) return { code: 'path-absolute', reason: 'The path is absolute.' };
  if (/^[a-z]:/i.test(path)) return { code: 'path-absolute', reason: 'The path begins with a drive.' };
  const segments = path.split('/');
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  if (
    bytes(path) > maxPath ||
    segments.length > maxSegments ||
    segments.some((segment) => bytes(segment) > maxSegment)
  ) {
    return {
      code: 'path-long',
      reason: `The path or a name in it is longer than file systems allow (${bytes(path)} bytes, ${segments.length} deep).`,
    };
  }
  for (const segment of segments) {
    const problem = checkSegment(segment);
    if (problem) return problem;
  }
  return undefined;
}

function checkSegment(segment: string): PathProblem | undefined {
  const shown = JSON.stringify(segment);
  if (segment === '' || segment === '.') return { code: 'path-empty', reason: 'The path holds an empty name.' };
  if (segment === '..') return { code: 'path-outside', reason: 'The path leads up and out.' };
  if (isGit(segment))
    return { code: 'path-git', reason: `${shown} is git's own folder, or would be on some file system.` };
  if (segment.includes(':'))
    return { code: 'path-stream', reason: `${shown} names a drive or a hidden stream of a file on Windows.` };
  if (/[. ]$/.test(segment))
    return { code: 'path-trailing', reason: `${shown} ends in a dot or a space, which Windows cuts off.` };
  if (reserved.test(segment)) return { code: 'path-device', reason: `${shown} is a device on Windows.` };
  if (shortName.test(segment))
    return {
      code: 'path-short',
      reason: `${shown} has the form of a short name, and could be another file on Windows.`,
    };
  return undefined;
}
